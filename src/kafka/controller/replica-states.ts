import { noLeader, type PartitionLeadership } from '../metadata/model.ts';
import { CommandBatch } from './command-batch.ts';
import {
  mayMoveReplica,
  type PartitionContext,
  partitionName,
  type Replica,
  type ReplicaPhase,
  replicaPhase,
  replicasOfPartition,
} from './controller-context.ts';
import { withoutReplica } from './leader-election.ts';
import type { MachineParts } from './partition-states.ts';

/** Moves replicas through their states (see `ReplicaPhase`), telling their brokers. */
export class ReplicaStates {
  readonly #parts: MachineParts;

  constructor(parts: MachineParts) {
    this.#parts = parts;
  }

  /** Gives every replica the state that its broker's life implies, and tells the live ones what they are. */
  async startup(): Promise<void> {
    const { context } = this.#parts;
    const online: Replica[] = [];
    const offline: Replica[] = [];
    for (const partition of context.partitions()) {
      for (const replica of replicasOfPartition(partition)) {
        const isOnline = context.isOnline(replica.brokerId, partition);
        partition.replicaPhases.set(replica.brokerId, isOnline ? 'online' : 'deletionIneligible');
        (isOnline ? online : offline).push(replica);
      }
    }
    await this.move(online, 'online');
    await this.move(offline, 'offline');
  }

  async move(replicas: Iterable<Replica>, phase: ReplicaPhase): Promise<void> {
    const able = [...replicas].filter((replica) => this.#mayMove(replica, phase));
    if (able.length === 0) return;
    const batch = new CommandBatch(this.#parts.context, this.#parts.controllerId);
    if (phase === 'offline') await this.#moveOffline(able, batch);
    else for (const replica of able) this.#moveOne(replica, phase, batch);
    this.#parts.send(batch);
  }

  #moveOne(replica: Replica, phase: Exclude<ReplicaPhase, 'offline'>, batch: CommandBatch): void {
    const { partition, brokerId } = replica;
    const before = replicaPhase(replica);
    if (phase === 'nonExistent') {
      partition.assignment = withoutBroker(partition, brokerId);
      partition.replicaPhases.delete(brokerId);
      return;
    }
    if (phase === 'new' && partition.leadership?.leader === brokerId) {
      this.#logFailure(replica, 'a new replica cannot be the leader');
      return;
    }
    if (phase === 'new') batch.leaderAndIsr([brokerId], partition, true);
    if (phase === 'online' && before !== 'new') batch.leaderAndIsr([brokerId], partition, false);
    if (phase === 'deletionStarted') batch.stopReplica(brokerId, partition, true);
    partition.replicaPhases.set(brokerId, phase);
  }

  /** Stops replicas and takes them out of their ISRs; the last one in sync stays in, without a leader. */
  async #moveOffline(replicas: readonly Replica[], batch: CommandBatch): Promise<void> {
    const { context } = this.#parts;
    for (const { brokerId, partition } of replicas) batch.stopReplica(brokerId, partition, false);
    for (const replica of replicas.filter(({ partition }) => partition.leadership === null)) {
      batch.updateMetadata(context.brokers.keys(), [replica.partition]);
      replica.partition.replicaPhases.set(replica.brokerId, 'offline');
    }
    let remaining = replicas.filter(({ partition }) => partition.leadership !== null);
    // Several replicas of one partition change the same node, so they go one after the other.
    while (remaining.length > 0) {
      const seen = new Set<PartitionContext>();
      const now = remaining.filter(({ partition }) => !seen.has(partition) && seen.add(partition));
      const retry = await this.#leaveIsr(now, batch);
      const postponed = new Set(remaining);
      for (const replica of now) if (!retry.has(replica)) postponed.delete(replica);
      remaining = [...postponed];
    }
  }

  /** Returns the replicas whose partition was changed by someone else meanwhile. */
  async #leaveIsr(replicas: readonly Replica[], batch: CommandBatch): Promise<Set<Replica>> {
    const { context, topics } = this.#parts;
    const states = await Promise.all(
      replicas.map(({ partition }) => topics.partitionState(partition.topic.name, partition.partition)),
    );
    const leaving: { replica: Replica; next: PartitionLeadership }[] = [];
    replicas.forEach((replica, index) => {
      const current = states[index];
      if (current === null || current === undefined) {
        if (replica.partition.topic.deletion === 'none')
          this.#logFailure(replica, 'it has no state in ZooKeeper');
      } else if (current.controllerEpoch > context.epoch) {
        this.#logFailure(replica, `a controller of epoch ${current.controllerEpoch} wrote the state`);
      } else if (!current.isr.includes(replica.brokerId)) this.#gone(replica, current, batch);
      else {
        const next = withoutReplica(current, replica.brokerId, noLeader);
        leaving.push({ replica, next: { ...next, controllerEpoch: context.epoch } });
      }
    });
    const results = await topics.updatePartitionStates(
      leaving.map(({ replica, next }) => ({
        topic: replica.partition.topic.name,
        partition: replica.partition.partition,
        state: next,
        partitionEpoch: next.partitionEpoch,
      })),
      context.epochZkVersion,
    );
    const retry = new Set<Replica>();
    leaving.forEach(({ replica, next }, index) => {
      const result = results[index];
      if (result?.kind === 'conflict') retry.add(replica);
      else if (result?.kind === 'written') {
        this.#gone(replica, { ...next, partitionEpoch: result.partitionEpoch }, batch);
      } else this.#logFailure(replica, result?.reason ?? 'no result');
    });
    return retry;
  }

  #gone(replica: Replica, leadership: PartitionLeadership, batch: CommandBatch): void {
    const { partition, brokerId } = replica;
    partition.leadership = { ...leadership, controllerEpoch: this.#parts.context.epoch };
    partition.replicaPhases.set(brokerId, 'offline');
    if (partition.topic.deletion !== 'none') return;
    const others = partition.assignment.replicas.filter((other) => other !== brokerId);
    batch.leaderAndIsr(others, partition, false);
  }

  #mayMove(replica: Replica, phase: ReplicaPhase): boolean {
    if (mayMoveReplica(replicaPhase(replica), phase)) return true;
    this.#logFailure(replica, `it cannot go from ${replicaPhase(replica)} to ${phase}`);
    return false;
  }

  #logFailure(replica: Replica, reason: string): void {
    this.#parts.log.error('a replica did not change its state', {
      partition: partitionName(replica.partition),
      broker: replica.brokerId,
      phase: replicaPhase(replica),
      reason,
    });
  }
}

function withoutBroker(partition: PartitionContext, brokerId: number): PartitionContext['assignment'] {
  const others = (replicas: readonly number[]) => replicas.filter((replica) => replica !== brokerId);
  const { replicas, addingReplicas, removingReplicas } = partition.assignment;
  return {
    replicas: others(replicas),
    addingReplicas: others(addingReplicas),
    removingReplicas: others(removingReplicas),
  };
}
