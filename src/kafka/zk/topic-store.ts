import { ControllerMovedError, guardedWrite } from './guarded.ts';
import { createRecursive } from './paths.ts';
import { isZooKeeperError, type Watch, ZooKeeperError, type ZooKeeperOp } from './port.ts';
import type { ZkConnection } from './zk-connection.ts';
import { deleteTopicPath, deleteTopicsPath, type TopicPartition } from './znodes/admin.ts';
import {
  decodePartitionState,
  encodePartitionState,
  type PartitionState,
  partitionPath,
  partitionStatePath,
  partitionsPath,
} from './znodes/partition-state.ts';
import { decodeTopic, encodeTopic, type TopicAssignment, topicPath, topicsPath } from './znodes/topic.ts';

/** The state of a partition and the version of its node. */
export interface VersionedPartitionState extends PartitionState {
  partitionEpoch: number;
  /** Zxid of the last write; a broker whose epoch is greater has registered since. */
  writtenZxid: number;
}

export interface PartitionStateWrite extends TopicPartition {
  state: PartitionState;
  /** Version that the node must have; not looked at when creating. */
  partitionEpoch: number;
}

/**
 * What became of one guarded write: the new version of the node, `conflict` when the node had another version,
 * or any other refusal.
 */
export type PartitionWriteResult =
  | { kind: 'written'; partitionEpoch: number }
  | { kind: 'conflict' }
  | { kind: 'failed'; reason: string };

/** Topics, their partitions' states and their deletion: `/brokers/topics` and `/admin/delete_topics`. */
export class TopicStore {
  readonly #zk: ZkConnection;

  constructor(zk: ZkConnection) {
    this.#zk = zk;
  }

  /** Names of all topics. The watch waits for topics to come or go. */
  topics(watch?: Watch): Promise<string[]> {
    return this.#children(topicsPath, watch);
  }

  async exists(topic: string): Promise<boolean> {
    return (await this.#zk.run((session) => session.exists(topicPath(topic)))) !== null;
  }

  /** Null when the topic does not exist. The watch waits for a change of its assignment. */
  async assignment(topic: string, watch?: Watch): Promise<TopicAssignment | null> {
    const data = await this.#data(topicPath(topic), watch);
    return data === undefined ? null : decodeTopic(topic, data);
  }

  /** Creates a topic; fails with NODEEXISTS. */
  create(topic: string, assignment: TopicAssignment): Promise<void> {
    return createRecursive(this.#zk, topicPath(topic), encodeTopic(assignment));
  }

  /** Rewrites a topic for the controller of an epoch, or for anyone with `epochZkVersion` null. */
  async setAssignment(
    topic: string,
    assignment: TopicAssignment,
    epochZkVersion: number | null,
  ): Promise<void> {
    const path = topicPath(topic);
    const data = encodeTopic(assignment);
    if (epochZkVersion === null) await this.#zk.run((session) => session.setData(path, data, -1));
    else await guardedWrite(this.#zk, epochZkVersion, { op: 'setData', path, data, version: -1 });
  }

  /** Null for a partition that has no state yet. */
  async partitionState(topic: string, partition: number): Promise<VersionedPartitionState | null> {
    const path = partitionStatePath(topic, partition);
    try {
      const node = await this.#zk.run((session) => session.getData(path));
      const { version: partitionEpoch, mzxid: writtenZxid } = node.stat;
      return { ...decodePartitionState(path, node.data), partitionEpoch, writtenZxid };
    } catch (error) {
      if (isZooKeeperError(error, 'NONODE')) return null;
      throw error;
    }
  }

  /** Partitions that have a node, whether or not they have a state. */
  async partitionsWithNode(topic: string): Promise<Set<number>> {
    return new Set((await this.#children(partitionsPath(topic))).map(Number));
  }

  /** Writes the first states of new partitions, parents first; results are in the order of `writes`. */
  async createPartitionStates(
    writes: readonly PartitionStateWrite[],
    epochZkVersion: number,
  ): Promise<PartitionWriteResult[]> {
    const parents = (paths: Iterable<string>) =>
      Promise.all([...new Set(paths)].map((path) => this.#createEmpty(path, epochZkVersion)));
    await parents(writes.map((write) => partitionsPath(write.topic)));
    await parents(writes.map((write) => partitionPath(write.topic, write.partition)));
    return this.#writeStates(writes, epochZkVersion, (write) => ({
      op: 'create',
      path: partitionStatePath(write.topic, write.partition),
      data: encodePartitionState(write.state),
      mode: 'persistent',
    }));
  }

  /** Replaces states that still have the given versions; results are in the order of `writes`. */
  updatePartitionStates(
    writes: readonly PartitionStateWrite[],
    epochZkVersion: number,
  ): Promise<PartitionWriteResult[]> {
    return this.#writeStates(writes, epochZkVersion, (write) => ({
      op: 'setData',
      path: partitionStatePath(write.topic, write.partition),
      data: encodePartitionState(write.state),
      version: write.partitionEpoch,
    }));
  }

  /**
   * Replaces the ISR of a partition as its leader, if the state still has the version that the leader knows; what
   * stands then, or null when it has another. A write whose answer was lost is recognised by what it left
   * (`ReplicationUtils.updateLeaderAndIsr`).
   */
  async changeIsr(
    { topic, partition }: TopicPartition,
    change: { isr: readonly number[]; leaderEpoch: number; controllerEpoch: number; partitionEpoch: number },
  ): Promise<VersionedPartitionState | null> {
    const path = partitionStatePath(topic, partition);
    const before = await this.partitionState(topic, partition);
    if (before === null || before.leaderEpoch !== change.leaderEpoch) return null;
    const isDone =
      before.isr.length === change.isr.length && before.isr.every((id) => change.isr.includes(id));
    if (isDone) return before;
    if (before.partitionEpoch !== change.partitionEpoch) return null;
    const { isr, controllerEpoch } = change;
    const state = { ...before, isr, controllerEpoch };
    try {
      const data = encodePartitionState(state);
      const { version } = await this.#zk.run((session) => session.setData(path, data, change.partitionEpoch));
      return { ...state, partitionEpoch: version };
    } catch (error) {
      if (isZooKeeperError(error, 'BADVERSION') || isZooKeeperError(error, 'NONODE')) return null;
      throw error;
    }
  }

  /** Topics that are to be deleted. The watch waits for more. */
  deletions(watch?: Watch): Promise<string[]> {
    return this.#children(deleteTopicsPath, watch);
  }

  /** Asks the controller to delete a topic; fails with NODEEXISTS when that is under way. */
  requestDeletion(topic: string): Promise<void> {
    return createRecursive(this.#zk, deleteTopicPath(topic), null);
  }

  async removeDeletion(topic: string, epochZkVersion: number): Promise<void> {
    await this.#deleteNode(deleteTopicPath(topic), epochZkVersion);
  }

  /** Removes a topic with all that is below it, leaves first, every step guarded. */
  async deleteTopic(topic: string, epochZkVersion: number): Promise<void> {
    await this.#deleteTree(topicPath(topic), epochZkVersion);
  }

  async #writeStates(
    writes: readonly PartitionStateWrite[],
    epochZkVersion: number,
    toOp: (write: PartitionStateWrite) => ZooKeeperOp,
  ): Promise<PartitionWriteResult[]> {
    const outcomes = await Promise.allSettled(
      writes.map((write) => guardedWrite(this.#zk, epochZkVersion, toOp(write))),
    );
    return outcomes.map((outcome): PartitionWriteResult => {
      if (outcome.status === 'fulfilled') {
        return { kind: 'written', partitionEpoch: outcome.value.stat?.version ?? 0 };
      }
      const error: unknown = outcome.reason;
      if (error instanceof ControllerMovedError || !(error instanceof ZooKeeperError)) throw error;
      return error.code === 'BADVERSION' ? { kind: 'conflict' } : { kind: 'failed', reason: error.message };
    });
  }

  async #createEmpty(path: string, epochZkVersion: number): Promise<void> {
    try {
      await guardedWrite(this.#zk, epochZkVersion, { op: 'create', path, data: null, mode: 'persistent' });
    } catch (error) {
      if (!isZooKeeperError(error, 'NODEEXISTS')) throw error;
    }
  }

  async #deleteTree(path: string, epochZkVersion: number): Promise<void> {
    const children = await this.#children(path);
    await Promise.all(children.map((child) => this.#deleteTree(`${path}/${child}`, epochZkVersion)));
    await this.#deleteNode(path, epochZkVersion);
  }

  async #deleteNode(path: string, epochZkVersion: number): Promise<void> {
    try {
      await guardedWrite(this.#zk, epochZkVersion, { op: 'delete', path, version: -1 });
    } catch (error) {
      if (!isZooKeeperError(error, 'NONODE')) throw error;
    }
  }

  async #children(path: string, watch?: Watch): Promise<string[]> {
    try {
      return await this.#zk.run((session) => session.getChildren(path, watch));
    } catch (error) {
      if (isZooKeeperError(error, 'NONODE')) return [];
      throw error;
    }
  }

  /** Undefined when there is no node. */
  async #data(path: string, watch?: Watch): Promise<Buffer | null | undefined> {
    try {
      return (await this.#zk.run((session) => session.getData(path, watch))).data;
    } catch (error) {
      if (isZooKeeperError(error, 'NONODE')) return undefined;
      throw error;
    }
  }
}
