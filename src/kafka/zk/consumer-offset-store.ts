import { createRecursive } from './paths.ts';
import { isZooKeeperError } from './port.ts';
import type { ZkConnection } from './zk-connection.ts';
import { consumerOffsetPath, decodeConsumerOffset, encodeConsumerOffset } from './znodes/consumer-offset.ts';

/** Offsets of groups that commit with OffsetCommit version 0, which go to ZooKeeper. */
export class ConsumerOffsetStore {
  readonly #zk: ZkConnection;

  constructor(zk: ZkConnection) {
    this.#zk = zk;
  }

  /** Null when the group has none for the partition. */
  async get(group: string, topic: string, partition: number): Promise<number | null> {
    const path = consumerOffsetPath(group, topic, partition);
    try {
      return decodeConsumerOffset(path, (await this.#zk.run((session) => session.getData(path))).data);
    } catch (error) {
      if (isZooKeeperError(error, 'NONODE')) return null;
      throw error;
    }
  }

  async set(group: string, topic: string, partition: number, offset: number): Promise<void> {
    const path = consumerOffsetPath(group, topic, partition);
    const data = encodeConsumerOffset(offset);
    const replace = () => this.#zk.run((session) => session.setData(path, data, -1));
    try {
      await replace();
    } catch (error) {
      if (!isZooKeeperError(error, 'NONODE')) throw error;
      try {
        await createRecursive(this.#zk, path, data);
      } catch (raced) {
        if (!isZooKeeperError(raced, 'NODEEXISTS')) throw raced;
        await replace();
      }
    }
  }
}
