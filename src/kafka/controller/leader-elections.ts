import { MalformedError } from '../../base/malformed-error.ts';
import { ErrorCode } from '../../wire/kafka/errors.ts';
import type { PartitionContext } from './controller-context.ts';
import { electLeader } from './leader-election.ts';
import type { Machines } from './machines.ts';
import type { AdminPort, Watch } from './ports.ts';

/** Which leaders a client wants to have elected (KIP-460). */
export type ElectionType = 'preferred' | 'unclean';

export interface ElectionOutcome {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  /** Who leads now; -1 with an error. */
  readonly leader: number;
}

const noBroker = -1;

/** Elects leaders that are not missing but wanted: preferred ones by request or by balance, any one at any price. */
export class LeaderElections {
  readonly #machines: Machines;
  readonly #admin: AdminPort;
  /** The request of `/admin/preferred_replica_election` that was taken up last. */
  #takenUp = -1;

  constructor(machines: Machines, admin: AdminPort) {
    this.#machines = machines;
    this.#admin = admin;
  }

  /** ElectLeaders. */
  async elect(
    partitions: readonly { readonly topic: string; readonly partition: number }[],
    type: ElectionType,
  ): Promise<ElectionOutcome[]> {
    const { context } = this.#machines;
    const outcomes: ElectionOutcome[] = [];
    const electable: PartitionContext[] = [];
    for (const asked of partitions) {
      const partition = context.partition(asked.topic, asked.partition);
      const refused = partition === undefined ? unknown : refusal(partition, this.#isNeeded(partition, type));
      if (refused !== null) outcomes.push({ ...asked, ...refused, leader: noBroker });
      else if (partition !== undefined) electable.push(partition);
    }
    const failures = await this.#electAll(electable, type);
    for (const partition of electable) {
      const asked = { topic: partition.topic.name, partition: partition.partition };
      const errorMessage = failures.get(partition) ?? null;
      if (errorMessage === null) {
        const leader = partition.leadership?.leader ?? noBroker;
        outcomes.push({ ...asked, errorCode: ErrorCode.NONE, errorMessage, leader });
      } else outcomes.push({ ...asked, errorCode: failureCode(type), errorMessage, leader: noBroker });
    }
    return outcomes;
  }

  /** Does what `/admin/preferred_replica_election` asks for, and removes it. */
  async requested(watch: Watch | undefined): Promise<void> {
    const { context, log } = this.#machines;
    let request: Awaited<ReturnType<AdminPort['preferredElection']>>;
    try {
      request = await this.#admin.preferredElection(watch);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      log.error('dropping a request for preferred leaders that cannot be read', { error });
      await this.#admin.removePreferredElection(context.epochZkVersion);
      return;
    }
    if (request === null || request.created === this.#takenUp) return;
    this.#takenUp = request.created;
    const outcomes = await this.elect(request.partitions, 'preferred');
    const failed = outcomes.filter(
      ({ errorCode }) => errorCode !== ErrorCode.NONE && errorCode !== ErrorCode.ELECTION_NOT_NEEDED,
    );
    if (failed.length > 0)
      log.warn('preferred leaders were not elected as asked for in ZooKeeper', { failed });
    await this.#admin.removePreferredElection(context.epochZkVersion);
  }

  /**
   * Gives leaderships back to preferred replicas, broker by broker, where one lacks more than `percentage` of what it
   * should lead (`checkAndTriggerAutoLeaderRebalance`, 3.9).
   */
  async balance(percentage: number): Promise<void> {
    const { context, log, partitions: states } = this.#machines;
    const preferred = new Map<number, PartitionContext[]>();
    for (const partition of context.partitions()) {
      const [first] = partition.assignment.replicas;
      if (first === undefined || partition.topic.deletion !== 'none') continue;
      const known = preferred.get(first);
      if (known === undefined) preferred.set(first, [partition]);
      else known.push(partition);
    }
    for (const [broker, partitions] of preferred) {
      const elsewhere = partitions.filter(
        ({ leadership }) => leadership !== null && leadership.leader !== broker,
      );
      if (elsewhere.length * 100 <= partitions.length * percentage) continue;
      const able = elsewhere.filter((partition) => this.#canPreferredLead(partition));
      if (able.length === 0) continue;
      log.info('giving leaderships back to their preferred broker', { broker, partitions: able.length });
      await states.moveOnline(able, { kind: 'preferred' });
    }
  }

  /** Unclean elections have been allowed, for one topic or for all that do not say otherwise. */
  async uncleanAllowed(topic: string | null): Promise<void> {
    await this.#machines.partitions.electForOffline(topic);
  }

  #isNeeded({ assignment, leadership }: PartitionContext, type: ElectionType): boolean {
    const leader = leadership?.leader ?? noBroker;
    if (type === 'preferred') return leader !== assignment.replicas[0];
    return !this.#machines.context.isLive(leader);
  }

  /** Returns why partitions have no other leader now. */
  #electAll(partitions: readonly PartitionContext[], type: ElectionType) {
    const strategy =
      type === 'preferred'
        ? ({ kind: 'preferred' } as const)
        : ({ kind: 'offline', allowUnclean: true } as const);
    return this.#machines.partitions.tryOnline(partitions, strategy);
  }

  #canPreferredLead(partition: PartitionContext): boolean {
    const { context } = this.#machines;
    if (partition.leadership === null) return false;
    const { elected } = electLeader('preferred', {
      current: partition.leadership,
      assignment: partition.assignment.replicas,
      online: new Set(context.onlineReplicas(partition)),
      shuttingDown: context.shuttingDown,
      unclean: false,
    });
    return elected !== null;
  }
}

interface Refusal {
  readonly errorCode: ErrorCode;
  readonly errorMessage: string | null;
}

const unknown: Refusal = {
  errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  errorMessage: 'The partition does not exist.',
};

function refusal({ topic }: PartitionContext, isNeeded: boolean): Refusal | null {
  if (topic.deletion !== 'none') {
    return { errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION, errorMessage: 'The topic is being deleted' };
  }
  if (isNeeded) return null;
  return {
    errorCode: ErrorCode.ELECTION_NOT_NEEDED,
    errorMessage: 'Leader election not needed for topic partition.',
  };
}

function failureCode(type: ElectionType): ErrorCode {
  return type === 'preferred'
    ? ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE
    : ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE;
}
