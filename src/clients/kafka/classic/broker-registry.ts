import { withRetries } from '../../zookeeper/retry.ts';
import type { Watch } from '../../zookeeper/watches.ts';
import type { ZooKeeperClient } from '../../zookeeper/zookeeper-client.ts';
import { isZooKeeperError } from '../../zookeeper/zookeeper-error.ts';
import type { BrokerNode } from '../cluster/cluster-metadata.ts';
import {
  brokerIdsPath,
  brokerPath,
  decodeBroker,
  decodeLeader,
  decodePartitions,
  leaderPath,
  topicPath,
  topicsPath,
} from './znodes.ts';

/** The brokers and topics of a cluster as ZooKeeper has them. A watch is called once, with the next change. */
export class BrokerRegistry {
  private readonly client: ZooKeeperClient;

  constructor(client: ZooKeeperClient) {
    this.client = client;
  }

  /** Those that are alive, by id. Watches who comes and goes. */
  async brokers(watch?: Watch): Promise<ReadonlyMap<number, BrokerNode>> {
    const brokers = new Map<number, BrokerNode>();
    for (const name of await this.children(brokerIdsPath, watch)) {
      const id = Number(name);
      const data = await this.data(brokerPath(id));
      const node = data === undefined ? undefined : decodeBroker(id, data);
      if (node !== undefined) brokers.set(id, node);
    }
    return brokers;
  }

  /** Names of all topics, sorted. Watches topics coming and going. */
  async topics(watch?: Watch): Promise<string[]> {
    return (await this.children(topicsPath, watch)).sort();
  }

  /** Numbers of a topic's partitions, ascending; none of a topic that is not there. Watches them. */
  async partitions(topic: string, watch?: Watch): Promise<number[]> {
    const data = await this.data(topicPath(topic), watch);
    return data === undefined ? [] : decodePartitions(topic, data);
  }

  /** The broker that leads a partition, -1 when none does. */
  async leader(topic: string, partition: number): Promise<number> {
    const path = leaderPath(topic, partition);
    const data = await this.data(path);
    return data === undefined ? -1 : decodeLeader(path, data);
  }

  private async children(path: string, watch?: Watch): Promise<string[]> {
    const { client } = this;
    try {
      return await withRetries(client, () => client.getChildren(path, watch));
    } catch (error) {
      if (!isZooKeeperError(error, 'NONODE')) throw error;
      return (await this.isThere(path, watch)) ? this.children(path, watch) : [];
    }
  }

  /** Undefined when there is no such node; the watch waits for its creation then. */
  private async data(path: string, watch?: Watch): Promise<Buffer | null | undefined> {
    const { client } = this;
    try {
      return (await withRetries(client, () => client.getData(path, watch))).data;
    } catch (error) {
      if (!isZooKeeperError(error, 'NONODE')) throw error;
      if (watch === undefined) return undefined;
      return (await this.isThere(path, watch)) ? this.data(path, watch) : undefined;
    }
  }

  private async isThere(path: string, watch?: Watch): Promise<boolean> {
    const { client } = this;
    return (await withRetries(client, () => client.exists(path, watch))) !== null;
  }
}
