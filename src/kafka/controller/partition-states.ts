import type { Log } from '../../env/log.ts';
import type { LeaderAndIsr } from '../metadata/model.ts';
import { CommandBatch } from './command-batch.ts';
import {
  type ControllerContext,
  mayMovePartition,
  type PartitionContext,
  type PartitionPhase,
  partitionName,
} from './controller-context.ts';
import { type ElectionStrategy, electLeader, firstLeadership } from './leader-election.ts';
import type { ConfigsPort, StateWrite, TopicsPort } from './ports.ts';

/** What the machines of one controller epoch share. */
export interface MachineParts {
  controllerId: number;
  context: ControllerContext;
  topics: TopicsPort;
  configs: ConfigsPort;
  /** `unclean.leader.election.enable` of topics that do not set it. */
  uncleanElectionDefault: () => boolean;
  /** Whether states say that a leader elected out of sync has not recovered yet (KIP-704). */
  leaderRecovery: boolean;
  /** Sends the commands of a finished step. */
  send(batch: CommandBatch): void;
  log: Log;
}

/** A partition that is being given a leader, and what ZooKeeper has of it. */
interface Candidate {
  partition: PartitionContext;
  elected: LeaderAndIsr;
  recipients: readonly number[];
}

/** Why partitions did not change their states. */
type Failures = Map<PartitionContext, string>;

/** Moves partitions through their states (see `PartitionPhase`), writing leaders down and telling brokers. */
export class PartitionStates {
  readonly #parts: MachineParts;

  constructor(parts: MachineParts) {
    this.#parts = parts;
  }

  /** Gives every partition the state that its leadership and its leader's life imply. */
  async startup(): Promise<void> {
    const { context } = this.#parts;
    for (const partition of context.partitions()) {
      const leader = partition.leadership?.leader;
      if (leader === undefined) partition.phase = 'new';
      else partition.phase = context.isOnline(leader, partition) ? 'online' : 'offline';
    }
    await this.electForOffline();
  }

  /** Has leaders elected under a new epoch for partitions that are thought to have one. */
  electAnew(partitions: readonly PartitionContext[]): Promise<PartitionContext[]> {
    for (const partition of partitions) partition.phase = 'offline';
    return this.moveOnline(partitions, { kind: 'offline', allowUnclean: false });
  }

  /** Tries to give a leader to every partition without one, of all topics or of one. Returns those that have one now. */
  electForOffline(topic: string | null = null): Promise<PartitionContext[]> {
    const { context } = this.#parts;
    const all = topic === null ? context.partitions() : context.topics.get(topic)?.partitions.values();
    const partitions = [...(all ?? [])].filter(
      (partition) =>
        partition.topic.deletion === 'none' && (partition.phase === 'offline' || partition.phase === 'new'),
    );
    return this.moveOnline(partitions, { kind: 'offline', allowUnclean: false });
  }

  /** To new, offline or nonExistent: nothing is written and no one is told. */
  move(partitions: Iterable<PartitionContext>, phase: Exclude<PartitionPhase, 'online'>): void {
    for (const partition of partitions) if (this.#mayMove(partition, phase)) partition.phase = phase;
  }

  /** To online, by a first leader or by an election. Returns the partitions that got there. */
  async moveOnline(
    partitions: readonly PartitionContext[],
    strategy: ElectionStrategy,
  ): Promise<PartitionContext[]> {
    const failures = await this.tryOnline(partitions, strategy);
    for (const [partition, reason] of failures) this.#logFailure(partition, reason);
    return partitions.filter((partition) => !failures.has(partition));
  }

  /** As {@link moveOnline}; returns why partitions did not get there, and logs nothing. */
  async tryOnline(
    partitions: readonly PartitionContext[],
    strategy: ElectionStrategy,
  ): Promise<ReadonlyMap<PartitionContext, string>> {
    const failures: Failures = new Map();
    const able = partitions.filter((partition) => {
      const reason = moveError(partition, 'online');
      if (reason !== null) failures.set(partition, reason);
      return reason === null;
    });
    if (able.length === 0) return failures;
    const batch = new CommandBatch(this.#parts.context, this.#parts.controllerId);
    const first = await this.#initialize(
      able.filter((partition) => partition.phase === 'new'),
      batch,
      failures,
    );
    const elected = await this.#elect(
      able.filter((partition) => partition.phase !== 'new'),
      strategy,
      batch,
      failures,
    );
    for (const partition of [...first, ...elected]) partition.phase = 'online';
    this.#parts.send(batch);
    return failures;
  }

  async #initialize(
    partitions: readonly PartitionContext[],
    batch: CommandBatch,
    failures: Failures,
  ): Promise<PartitionContext[]> {
    const { context, topics } = this.#parts;
    const candidates: Candidate[] = [];
    for (const partition of partitions) {
      const elected = firstLeadership(context.onlineReplicas(partition));
      if (elected === null) {
        const replicas = partition.assignment.replicas.join(', ');
        failures.set(partition, `no replica of the new partition is alive, of ${replicas}`);
      } else candidates.push({ partition, elected, recipients: elected.isr });
    }
    const results = await topics.createPartitionStates(candidates.map(this.#toWrite), context.epochZkVersion);
    return candidates
      .filter((candidate, index) => {
        const result = results[index];
        if (result?.kind === 'written') return this.#lead(candidate, 0, batch, true);
        failures.set(candidate.partition, result?.kind === 'failed' ? result.reason : 'conflict');
        return false;
      })
      .map((candidate) => candidate.partition);
  }

  async #elect(
    partitions: readonly PartitionContext[],
    strategy: ElectionStrategy,
    batch: CommandBatch,
    failures: Failures,
  ): Promise<PartitionContext[]> {
    const { context, topics, log } = this.#parts;
    const elected: PartitionContext[] = [];
    let remaining = partitions;
    while (remaining.length > 0) {
      const candidates = await this.#candidates(remaining, strategy, failures);
      const results = await topics.updatePartitionStates(
        candidates.map(this.#toWrite),
        context.epochZkVersion,
      );
      const conflicts: PartitionContext[] = [];
      candidates.forEach((candidate, index) => {
        const result = results[index];
        if (result?.kind === 'written') {
          this.#lead(candidate, result.partitionEpoch, batch, false);
          elected.push(candidate.partition);
        } else if (result?.kind === 'conflict') conflicts.push(candidate.partition);
        else failures.set(candidate.partition, result?.reason ?? 'no result');
      });
      if (conflicts.length > 0)
        log.info('electing again: states changed meanwhile', { count: conflicts.length });
      remaining = conflicts;
    }
    return elected;
  }

  /** Elects on what ZooKeeper says now, for a leader may have changed its ISR unseen. */
  async #candidates(
    partitions: readonly PartitionContext[],
    strategy: ElectionStrategy,
    failures: Failures,
  ): Promise<Candidate[]> {
    const { context, topics } = this.#parts;
    const states = await Promise.all(
      partitions.map(({ topic, partition }) => topics.partitionState(topic.name, partition)),
    );
    const candidates: Candidate[] = [];
    for (const [index, partition] of partitions.entries()) {
      const current = states[index];
      if (current === null || current === undefined) {
        failures.set(partition, 'it has no state in ZooKeeper');
      } else if (current.controllerEpoch > context.epoch) {
        failures.set(partition, `its state was written by a controller of epoch ${current.controllerEpoch}`);
      } else {
        const result = await this.#electOne(partition, current, strategy);
        if (result === null) failures.set(partition, noLeaderReason(partition, strategy));
        else candidates.push(result);
      }
    }
    return candidates;
  }

  async #electOne(
    partition: PartitionContext,
    current: LeaderAndIsr,
    strategy: ElectionStrategy,
  ): Promise<Candidate | null> {
    const { context } = this.#parts;
    const { replicas, removingReplicas } = partition.assignment;
    const online = new Set(context.onlineReplicas(partition));
    const assignment =
      strategy.kind === 'reassign' ? replicas.filter((id) => !removingReplicas.includes(id)) : replicas;
    const unclean =
      strategy.kind === 'offline' &&
      !current.isr.some((replica) => online.has(replica)) &&
      (strategy.allowUnclean || (await this.#uncleanAllowed(partition.topic.name)));
    const { elected, recipients } = electLeader(strategy.kind, {
      current,
      assignment,
      online,
      shuttingDown: context.shuttingDown,
      unclean,
    });
    if (elected === null) return null;
    const leaderRecovering = elected.leaderRecovering && this.#parts.leaderRecovery;
    return { partition, elected: { ...elected, leaderRecovering }, recipients };
  }

  async #uncleanAllowed(topic: string): Promise<boolean> {
    const set = (await this.#parts.configs.get('topics', topic)).get('unclean.leader.election.enable');
    return set === undefined ? this.#parts.uncleanElectionDefault() : set.trim().toLowerCase() === 'true';
  }

  #lead(candidate: Candidate, partitionEpoch: number, batch: CommandBatch, isNew: boolean): true {
    const { partition, elected, recipients } = candidate;
    partition.leadership = { ...elected, partitionEpoch, controllerEpoch: this.#parts.context.epoch };
    batch.leaderAndIsr(recipients, partition, isNew);
    return true;
  }

  readonly #toWrite = ({ partition, elected }: Candidate): StateWrite => ({
    topic: partition.topic.name,
    partition: partition.partition,
    state: { ...elected, controllerEpoch: this.#parts.context.epoch },
    partitionEpoch: elected.partitionEpoch,
  });

  #mayMove(partition: PartitionContext, phase: PartitionPhase): boolean {
    const reason = moveError(partition, phase);
    if (reason !== null) this.#logFailure(partition, reason);
    return reason === null;
  }

  #logFailure(partition: PartitionContext, reason: string): void {
    this.#parts.log.error('a partition did not change its state', {
      partition: partitionName(partition),
      phase: partition.phase,
      reason,
    });
  }
}

function moveError(partition: PartitionContext, phase: PartitionPhase): string | null {
  if (mayMovePartition(partition.phase, phase)) return null;
  return `it cannot go from ${partition.phase} to ${phase}`;
}

/** Names of the strategies as clients see them in the answer to ElectLeaders. */
const strategyNames: Readonly<Record<ElectionStrategy['kind'], string>> = {
  offline: 'OfflinePartitionLeaderElectionStrategy',
  reassign: 'ReassignPartitionLeaderElectionStrategy',
  preferred: 'PreferredReplicaPartitionLeaderElectionStrategy',
  controlledShutdown: 'ControlledShutdownPartitionLeaderElectionStrategy',
};

function noLeaderReason(partition: PartitionContext, strategy: ElectionStrategy): string {
  const name = strategyNames[strategy.kind];
  const text = strategy.kind === 'offline' ? `${name}(${strategy.allowUnclean})` : name;
  return `Failed to elect leader for partition ${partitionName(partition)} under strategy ${text}`;
}
