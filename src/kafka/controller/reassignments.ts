import { MalformedError } from '../../base/malformed-error.ts';
import { ErrorCode } from '../../wire/kafka/errors.ts';
import type { PartitionLeadership, ReplicaAssignment } from '../metadata/model.ts';
import {
  isBeingReassigned,
  isSameAssignment,
  isSameList,
  originReplicas,
  reassignTo,
  targetReplicas,
} from '../metadata/reassignment.ts';
import { CommandBatch } from './command-batch.ts';
import { type PartitionContext, partitionName, replicaPhase } from './controller-context.ts';
import { type Machines, tellMetadata } from './machines.ts';
import type { AdminPort, Watch } from './ports.ts';

/** Where one partition's replicas are to go; null cancels what is under way. */
export interface ReassignmentRequest {
  readonly topic: string;
  readonly partition: number;
  readonly replicas: readonly number[] | null;
}

export interface ReassignmentOutcome {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

export interface OngoingReassignment {
  readonly topic: string;
  readonly partition: number;
  readonly assignment: ReplicaAssignment;
}

/** A step cannot be taken; the reassignment stays as it is. */
class ReassignmentError extends Error {
  override name = 'ReassignmentError';
}

const none: ReplicaAssignment = { replicas: [], addingReplicas: [], removingReplicas: [] };

/**
 * Moves replicas between brokers (KIP-455), as `KafkaController.onPartitionReassignment` (3.9).
 *
 * States of a partition: at rest -> adding (the targets are added to the assignment and catch up) -> at rest at the
 * targets, once all of them are in sync: another leader if need be, then the replicas left behind go. adding -> adding
 * when other targets are asked for, or the old ones, which cancels. All of it stands in the topic's node, so that the next
 * controller goes on where this one ends.
 */
export class Reassignments {
  readonly #machines: Machines;
  readonly #admin: AdminPort;
  readonly #ongoing = new Set<PartitionContext>();
  /** The request of `/admin/reassign_partitions` that was taken up last. */
  #takenUp = -1;

  constructor(machines: Machines, admin: AdminPort) {
    this.#machines = machines;
    this.#admin = admin;
  }

  /** Takes up what an earlier controller left, and what was asked for in between. */
  async start(watch: Watch | undefined): Promise<void> {
    for (const partition of this.#machines.context.partitions()) {
      if (isBeingReassigned(partition.assignment)) this.#ongoing.add(partition);
    }
    const resumed = await this.requested(watch);
    for (const partition of [...this.#ongoing]) {
      if (!resumed.has(partition)) await this.#resume(partition);
    }
  }

  /** These brokers have come up: replicas that they are to have may be added now. */
  async brokersStarted(brokerIds: ReadonlySet<number>): Promise<void> {
    for (const partition of [...this.#ongoing]) {
      if (targetReplicas(partition.assignment).some((id) => brokerIds.has(id))) await this.#resume(partition);
    }
  }

  /** Partitions whose ISR has changed may have come to their targets. */
  async isrsChanged(partitions: readonly PartitionContext[]): Promise<void> {
    for (const partition of partitions) {
      if (!this.#isOngoing(partition)) continue;
      if (await this.#isComplete(partition, partition.assignment)) await this.#resume(partition);
    }
  }

  /** Reads `/admin/reassign_partitions`; returns the partitions whose move was taken up. */
  async requested(watch: Watch | undefined): Promise<ReadonlySet<PartitionContext>> {
    const { log } = this.#machines;
    const request = await this.#request(watch);
    if (request === null || request.created === this.#takenUp) return new Set();
    this.#takenUp = request.created;
    const outcomes = await this.#takeUp(request.partitions);
    const failed = outcomes.filter(({ errorCode }) => errorCode !== ErrorCode.NONE);
    if (failed.length > 0) {
      log.warn('replicas cannot be moved as asked for in ZooKeeper', { failed });
      await this.#removeRequest((item) =>
        failed.some(({ topic, partition }) => topic === item.topic && partition === item.partition),
      );
    }
    return new Set(
      outcomes.flatMap(({ topic, partition, errorCode }) =>
        errorCode === ErrorCode.NONE ? (this.#machines.context.partition(topic, partition) ?? []) : [],
      ),
    );
  }

  /** AlterPartitionReassignments. Takes precedence over what is asked for in ZooKeeper for the same partitions. */
  async alter(requests: readonly ReassignmentRequest[]): Promise<ReassignmentOutcome[]> {
    const refused = new Map<ReassignmentRequest, ReassignmentOutcome>();
    for (const request of requests) {
      const reason = request.replicas === null ? null : this.#replicasError(request, request.replicas);
      if (reason !== null)
        refused.set(request, outcome(request, ErrorCode.INVALID_REPLICA_ASSIGNMENT, reason));
    }
    const valid = requests.filter((request) => !refused.has(request));
    await this.#removeRequest((item) =>
      valid.some(
        (request) =>
          request.topic === item.topic &&
          request.partition === item.partition &&
          this.#next(request) !== null,
      ),
    );
    return [...refused.values(), ...(await this.#takeUp(valid))];
  }

  /** What is under way, of all partitions or of these. */
  list(
    partitions: readonly { readonly topic: string; readonly partition: number }[] | null,
  ): OngoingReassignment[] {
    const { context } = this.#machines;
    const asked =
      partitions === null
        ? [...this.#ongoing].filter((partition) => this.#isOngoing(partition))
        : partitions.flatMap(({ topic, partition }) => context.partition(topic, partition) ?? []);
    return asked
      .filter(({ assignment }) => isBeingReassigned(assignment))
      .map(({ topic, partition, assignment }) => ({ topic: topic.name, partition, assignment }));
  }

  /** A topic that is on its way out, or is gone, takes its reassignments with it. */
  #isOngoing(partition: PartitionContext): boolean {
    if (!this.#ongoing.has(partition)) return false;
    const { topic } = partition;
    if (topic.deletion === 'none' && this.#machines.context.topics.get(topic.name) === topic) return true;
    this.#ongoing.delete(partition);
    return false;
  }

  async #takeUp(requests: readonly ReassignmentRequest[]): Promise<ReassignmentOutcome[]> {
    const outcomes: ReassignmentOutcome[] = [];
    for (const request of requests) {
      const next = this.#next(request);
      const partition = this.#machines.context.partition(request.topic, request.partition);
      if (next === null) outcomes.push(outcome(request, ErrorCode.NO_REASSIGNMENT_IN_PROGRESS));
      else if (partition === undefined || partition.topic.deletion !== 'none') {
        outcomes.push(
          outcome(request, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'The partition does not exist.'),
        );
      } else {
        const done = await this.#tryAdvance(partition, next);
        outcomes.push(outcome(request, done ? ErrorCode.NONE : ErrorCode.UNKNOWN_SERVER_ERROR));
      }
    }
    return outcomes;
  }

  /** The assignment that a request leads to; null when there is nothing to cancel. */
  #next({ topic, partition, replicas }: ReassignmentRequest): ReplicaAssignment | null {
    const current = this.#machines.context.partition(topic, partition)?.assignment ?? none;
    if (replicas !== null) return reassignTo(current, replicas);
    return isBeingReassigned(current) ? reassignTo(current, originReplicas(current)) : null;
  }

  /** Null for replicas that a partition can have. */
  #replicasError({ topic, partition }: ReassignmentRequest, replicas: readonly number[]): string | null {
    const { context } = this.#machines;
    if (replicas.length === 0) return 'Empty replica list specified in partition reassignment.';
    const list = `[${replicas.join(', ')}]`;
    if (new Set(replicas).size !== replicas.length) {
      return `Duplicate replica ids in partition reassignment replica list: ${list}`;
    }
    if (replicas.some((id) => id < 0)) return `Invalid broker id in replica list: ${list}`;
    const current = context.partition(topic, partition)?.assignment ?? none;
    const { addingReplicas } = reassignTo(current, replicas);
    if (addingReplicas.every((id) => context.isLive(id))) return null;
    const live = [...context.brokers.keys()].filter((id) => context.isLive(id));
    return (
      'Replica assignment has brokers that are not alive. Replica list: ' +
      `[${addingReplicas.join(', ')}], live broker list: [${live.join(', ')}]`
    );
  }

  async #resume(partition: PartitionContext): Promise<void> {
    if (this.#isOngoing(partition)) await this.#tryAdvance(partition, partition.assignment);
  }

  async #tryAdvance(partition: PartitionContext, next: ReplicaAssignment): Promise<boolean> {
    try {
      await this.#advance(partition, next);
      return true;
    } catch (error) {
      if (!(error instanceof ReassignmentError)) throw error;
      this.#machines.log.error('a reassignment came to a stop', {
        partition: partitionName(partition),
        reason: error.message,
      });
      return false;
    }
  }

  /** Takes a partition as far towards its targets as it can go now. */
  async #advance(partition: PartitionContext, next: ReplicaAssignment): Promise<void> {
    await this.#replaceAssignment(partition, next);
    if (await this.#isComplete(partition, next)) await this.#complete(partition, next);
    else {
      await this.#raiseLeaderEpoch(partition);
      // Those that an earlier controller has added are there already.
      const added = replicasOf(partition, next.addingReplicas).filter(
        (replica) => replicaPhase(replica) === 'nonExistent',
      );
      await this.#machines.replicas.move(added, 'new');
    }
  }

  /** Writes another assignment down; replicas that were being added, and are not wanted any more, go at once. */
  async #replaceAssignment(partition: PartitionContext, next: ReplicaAssignment): Promise<void> {
    const current = partition.assignment;
    if (!isSameAssignment(current, next)) {
      await this.#write(partition, next);
      partition.assignment = next;
      this.#machines.log.info('moving replicas', {
        partition: partitionName(partition),
        from: current,
        to: next,
      });
      const unneeded = current.replicas.filter((id) => !next.replicas.includes(id));
      if (unneeded.length > 0) await this.#remove(partition, unneeded);
    }
    this.#ongoing.add(partition);
  }

  /** All targets are in sync: they are the replicas from now on. */
  async #complete(partition: PartitionContext, reached: ReplicaAssignment): Promise<void> {
    const { context, replicas, log } = this.#machines;
    await replicas.move(replicasOf(partition, reached.addingReplicas), 'online');
    const final: ReplicaAssignment = {
      replicas: targetReplicas(reached),
      addingReplicas: [],
      removingReplicas: [],
    };
    partition.assignment = final;
    await this.#moveLeader(partition);
    await this.#remove(partition, reached.removingReplicas);
    // Last of all, since nothing else says which replicas are left behind.
    await this.#write(partition, final);
    this.#ongoing.delete(partition);
    await this.#removeRequest(
      (item) =>
        item.topic === partition.topic.name &&
        item.partition === partition.partition &&
        isSameList(item.replicas, final.replicas),
    );
    tellMetadata(this.#machines, context.brokers.keys(), [partition]);
    log.info('moved replicas', { partition: partitionName(partition), replicas: final.replicas });
  }

  /** Elects a leader among the targets, or tells the one that stays of its new fellow replicas. */
  async #moveLeader(partition: PartitionContext): Promise<void> {
    const { context, partitions } = this.#machines;
    const leader = partition.leadership?.leader ?? -1;
    if (partition.assignment.replicas.includes(leader) && context.isOnline(leader, partition)) {
      await this.#raiseLeaderEpoch(partition);
    } else await partitions.moveOnline([partition], { kind: 'reassign' });
  }

  async #remove(partition: PartitionContext, brokerIds: readonly number[]): Promise<void> {
    const { replicas } = this.#machines;
    const removed = replicasOf(partition, brokerIds);
    await replicas.move(removed, 'offline');
    await replicas.move(removed, 'deletionStarted');
    await replicas.move(removed, 'deletionSuccessful');
    await replicas.move(removed, 'nonExistent');
  }

  /** Leaves the leader and raises its epoch, so that it takes note of the other assignment. */
  async #raiseLeaderEpoch(partition: PartitionContext): Promise<void> {
    const { context, controllerId } = this.#machines;
    partition.leadership = await this.#writeLeaderEpoch(partition);
    const batch = new CommandBatch(context, controllerId);
    batch.leaderAndIsr(originReplicas(partition.assignment), partition, false);
    // A replica that comes to a broker may be made on any of its directories.
    batch.leaderAndIsr(partition.assignment.addingReplicas, partition, true);
    this.#machines.send(batch);
  }

  async #writeLeaderEpoch(partition: PartitionContext): Promise<PartitionLeadership> {
    const { context, topics } = this.#machines;
    const { topic } = partition;
    for (;;) {
      const current = await topics.partitionState(topic.name, partition.partition);
      if (current === null) throw new ReassignmentError('the partition has no state in ZooKeeper');
      if (current.controllerEpoch > context.epoch) {
        throw new ReassignmentError(`a controller of epoch ${current.controllerEpoch} wrote its state`);
      }
      const next = { ...current, leaderEpoch: current.leaderEpoch + 1, controllerEpoch: context.epoch };
      const { partitionEpoch, ...state } = next;
      const [result] = await topics.updatePartitionStates(
        [{ topic: topic.name, partition: partition.partition, state, partitionEpoch }],
        context.epochZkVersion,
      );
      if (result?.kind === 'written') return { ...next, partitionEpoch: result.partitionEpoch };
      if (result?.kind !== 'conflict') throw new ReassignmentError(result?.reason ?? 'nothing was written');
    }
  }

  async #isComplete(partition: PartitionContext, assignment: ReplicaAssignment): Promise<boolean> {
    if (!isBeingReassigned(assignment)) return true;
    const state = await this.#machines.topics.partitionState(partition.topic.name, partition.partition);
    return state !== null && targetReplicas(assignment).every((id) => state.isr.includes(id));
  }

  async #write(partition: PartitionContext, assignment: ReplicaAssignment): Promise<void> {
    const { context, topics } = this.#machines;
    const { topic } = partition;
    const partitions = new Map(
      [...topic.partitions.values()].map((other) => [
        other.partition,
        other === partition ? assignment : other.assignment,
      ]),
    );
    await topics.setAssignment(topic.name, { topicId: topic.id, partitions }, context.epochZkVersion);
  }

  /** Takes partitions out of `/admin/reassign_partitions`; the node goes with the last of them. */
  async #removeRequest(
    isRemoved: (item: { topic: string; partition: number; replicas: readonly number[] }) => boolean,
  ): Promise<void> {
    const { epochZkVersion } = this.#machines.context;
    const request = await this.#request();
    if (request === null) return;
    const left = request.partitions.filter((item) => !isRemoved(item));
    if (left.length === 0) await this.#admin.removeReassignment(epochZkVersion);
    else if (left.length < request.partitions.length) await this.#admin.setReassignment(left, epochZkVersion);
  }

  async #request(watch?: Watch): ReturnType<AdminPort['reassignment']> {
    try {
      return await this.#admin.reassignment(watch);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      this.#machines.log.error('dropping a request to move replicas that cannot be read', { error });
      await this.#admin.removeReassignment(this.#machines.context.epochZkVersion);
      return null;
    }
  }
}

function replicasOf(partition: PartitionContext, brokerIds: readonly number[]) {
  return brokerIds.map((brokerId) => ({ partition, brokerId }));
}

function outcome(
  { topic, partition }: ReassignmentRequest,
  errorCode: ErrorCode,
  errorMessage: string | null = null,
): ReassignmentOutcome {
  return { topic, partition, errorCode, errorMessage };
}
