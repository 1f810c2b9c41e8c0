import { guardedWrite } from './guarded.ts';
import { isZooKeeperError, type Watch } from './port.ts';
import type { ZkConnection } from './zk-connection.ts';
import type { TopicPartition } from './znodes/admin.ts';
import {
  decodeIsrChange,
  encodeIsrChange,
  isrChangePath,
  isrChangePrefix,
  isrChangesPath,
} from './znodes/isr-change.ts';
import {
  decodeLogDirEvent,
  encodeLogDirEvent,
  logDirEventPath,
  logDirEventPrefix,
  logDirEventsPath,
} from './znodes/log-dir-event.ts';

/** One notification: the name of its node, and what it says. */
export interface Notification<T> {
  node: string;
  value: T;
}

/** What brokers tell the controller by sequential nodes: changed ISRs and failed log directories. */
export class NotificationStore {
  readonly #zk: ZkConnection;

  constructor(zk: ZkConnection) {
    this.#zk = zk;
  }

  async logDirFailed(brokerId: number): Promise<void> {
    const data = encodeLogDirEvent(brokerId);
    await this.#zk.run((session) => session.create(logDirEventPath(), data, 'persistentSequential'));
  }

  async isrChanged(partitions: readonly TopicPartition[]): Promise<void> {
    const data = encodeIsrChange(partitions);
    await this.#zk.run((session) => session.create(isrChangePath(), data, 'persistentSequential'));
  }

  /** Brokers of which a log directory has failed. */
  logDirEvents(watch?: Watch): Promise<Notification<number>[]> {
    return this.#read(logDirEventsPath, logDirEventPrefix, decodeLogDirEvent, watch);
  }

  isrChanges(watch?: Watch): Promise<Notification<TopicPartition[]>[]> {
    return this.#read(isrChangesPath, isrChangePrefix, decodeIsrChange, watch);
  }

  removeLogDirEvents(nodes: readonly string[], epochZkVersion: number): Promise<void> {
    return this.#remove(nodes.map(logDirEventPath), epochZkVersion);
  }

  removeIsrChanges(nodes: readonly string[], epochZkVersion: number): Promise<void> {
    return this.#remove(nodes.map(isrChangePath), epochZkVersion);
  }

  async #read<T>(
    parent: string,
    prefix: string,
    decode: (path: string, data: Buffer | null) => T,
    watch?: Watch,
  ): Promise<Notification<T>[]> {
    const nodes = await this.#zk.run((session) => session.getChildren(parent, watch));
    const found: Notification<T>[] = [];
    for (const node of nodes.filter((name) => name.startsWith(prefix)).sort()) {
      const path = `${parent}/${node}`;
      try {
        const { data } = await this.#zk.run((session) => session.getData(path));
        found.push({ node, value: decode(path, data) });
      } catch (error) {
        if (!isZooKeeperError(error, 'NONODE')) throw error;
      }
    }
    return found;
  }

  async #remove(paths: readonly string[], epochZkVersion: number): Promise<void> {
    for (const path of paths) {
      try {
        await guardedWrite(this.#zk, epochZkVersion, { op: 'delete', path, version: -1 });
      } catch (error) {
        if (!isZooKeeperError(error, 'NONODE')) throw error;
      }
    }
  }
}
