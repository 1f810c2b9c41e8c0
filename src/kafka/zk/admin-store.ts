import { guardedWrite } from './guarded.ts';
import { isZooKeeperError, type Watch } from './port.ts';
import type { ZkConnection } from './zk-connection.ts';
import {
  decodePreferredReplicaElection,
  decodeReassignPartitions,
  encodeReassignPartitions,
  type PartitionReplicas,
  preferredReplicaElectionPath,
  reassignPartitionsPath,
  type TopicPartition,
} from './znodes/admin.ts';

/** A request that stands in a node of its own. */
export interface AdminRequest<T> {
  /** The zxid that created the node: tells one request from the next. */
  created: number;
  partitions: T[];
}

/** What old tools ask of the controller by writing a node: to move replicas, to elect preferred leaders. */
export class AdminStore {
  readonly #zk: ZkConnection;

  constructor(zk: ZkConnection) {
    this.#zk = zk;
  }

  /** Null without a request. The watch also waits for one to come. Throws MalformedError. */
  reassignment(watch?: Watch): Promise<AdminRequest<PartitionReplicas> | null> {
    return this.#read(reassignPartitionsPath, decodeReassignPartitions, watch);
  }

  /** Replaces the request, for the controller of an epoch. */
  async setReassignment(partitions: readonly PartitionReplicas[], epochZkVersion: number): Promise<void> {
    const path = reassignPartitionsPath;
    const data = encodeReassignPartitions(partitions);
    await guardedWrite(this.#zk, epochZkVersion, { op: 'setData', path, data, version: -1 });
  }

  removeReassignment(epochZkVersion: number): Promise<void> {
    return this.#remove(reassignPartitionsPath, epochZkVersion);
  }

  /** Null without a request. The watch also waits for one to come. Throws MalformedError. */
  preferredElection(watch?: Watch): Promise<AdminRequest<TopicPartition> | null> {
    return this.#read(preferredReplicaElectionPath, decodePreferredReplicaElection, watch);
  }

  removePreferredElection(epochZkVersion: number): Promise<void> {
    return this.#remove(preferredReplicaElectionPath, epochZkVersion);
  }

  async #read<T>(
    path: string,
    decode: (data: Buffer | null) => T[],
    watch?: Watch,
  ): Promise<AdminRequest<T> | null> {
    const stat = await this.#zk.run((session) => session.exists(path, watch));
    if (stat === null) return null;
    try {
      const node = await this.#zk.run((session) => session.getData(path));
      return { created: node.stat.czxid, partitions: decode(node.data) };
    } catch (error) {
      if (isZooKeeperError(error, 'NONODE')) return null;
      throw error;
    }
  }

  async #remove(path: string, epochZkVersion: number): Promise<void> {
    try {
      await guardedWrite(this.#zk, epochZkVersion, { op: 'delete', path, version: -1 });
    } catch (error) {
      if (!isZooKeeperError(error, 'NONODE')) throw error;
    }
  }
}
