import assert from 'node:assert/strict';
import type { ClassicMessage, MessageStream } from '../../../../src/clients/kafka/classic/message-stream.ts';
import {
  ZooKeeperConsumer,
  type ZooKeeperConsumerOptions,
} from '../../../../src/clients/kafka/classic/zookeeper-consumer.ts';
import { ZooKeeperProducer } from '../../../../src/clients/kafka/classic/zookeeper-producer.ts';
import { ZooKeeperClient } from '../../../../src/clients/zookeeper/zookeeper-client.ts';
import { isZooKeeperError } from '../../../../src/clients/zookeeper/zookeeper-error.ts';
import { ClusterSimulation } from '../../../support/kafka/cluster-simulation.ts';

const GROUP = 'readers';

/** A cluster, a group of consumers from before there were coordinators, and somebody who watches their nodes. */
export class ClassicGroup {
  readonly cluster: ClusterSimulation;
  /** `topic/partition/offset` of everything that a stream handed out, with how often. */
  readonly seen = new Map<string, number>();
  private readonly members = new Map<string, ZooKeeperConsumer>();
  private readonly offsets = new Map<string, number>();
  private observer: ZooKeeperClient | undefined;
  private producer: ZooKeeperProducer | undefined;
  private sent = 0;

  constructor(seed: number) {
    this.cluster = new ClusterSimulation(seed, { 'offsets.topic.replication.factor': '1' });
  }

  get zookeeper(): ZooKeeperClient {
    assert.ok(this.observer !== undefined, 'started');
    return this.observer;
  }

  async start(brokers: number): Promise<void> {
    await this.cluster.start(brokers);
    this.observer = await ZooKeeperClient.connect(this.cluster.sim.host('observer').env, {
      connectString: 'zk:2181',
    });
    await this.watchOffsets(this.observer);
  }

  /** A member on a host of that name, one stream to a topic, which is read from at once. */
  async join(name: string, options: Partial<ZooKeeperConsumerOptions> = {}): Promise<ZooKeeperConsumer> {
    const consumer = await this.connect(name, options);
    const streams = await consumer.createMessageStreams({ orders: 1 });
    for (const stream of [...streams.values()].flat()) void this.read(stream);
    return consumer;
  }

  async connect(name: string, options: Partial<ZooKeeperConsumerOptions> = {}): Promise<ZooKeeperConsumer> {
    const consumer = await ZooKeeperConsumer.connect(this.cluster.sim.host(name).env, {
      zookeeperConnect: 'zk:2181',
      groupId: GROUP,
      consumerId: `${name}:1`,
      autoOffsetReset: 'smallest',
      autoCommitIntervalMs: 1000,
      rebalanceBackoffMs: 500,
      requestTimeoutMs: 3000,
      ...options,
    });
    this.members.set(name, consumer);
    return consumer;
  }

  async leave(name: string): Promise<void> {
    await this.members.get(name)?.close();
    this.members.delete(name);
  }

  /** Sends so many records with acks of all replicas; gives where they went. */
  async send(count: number): Promise<string[]> {
    this.producer ??= await ZooKeeperProducer.connect(this.cluster.sim.host('producer').env, {
      zookeeperConnect: 'zk:2181',
      acks: -1,
      messageSendMaxRetries: 100,
      requestTimeoutMs: 2000,
    });
    const records = Array.from({ length: count }, () => ({
      key: `key ${this.sent}`,
      value: `${this.sent++}`,
    }));
    const reports = await this.producer.send('orders', records);
    return reports.map(({ topic, partition, offset }) => `${topic}/${partition}/${offset}`);
  }

  async read(stream: MessageStream): Promise<void> {
    for await (const { topic, partition, offset } of stream as AsyncIterable<ClassicMessage>) {
      const key = `${topic}/${partition}/${offset}`;
      this.seen.set(key, (this.seen.get(key) ?? 0) + 1);
    }
  }

  /** Waits until all of these were handed out. */
  async untilSeen(records: readonly string[], withinMs = 60_000): Promise<void> {
    await this.cluster.until(
      'all records seen',
      async () => records.every((each) => this.seen.has(each)),
      withinMs,
    );
  }

  /** Owners of the partitions of `orders`, as the nodes say. */
  async owners(): Promise<Record<string, string>> {
    const path = `/consumers/${GROUP}/owners/orders`;
    const owners: [string, string][] = [];
    for (const partition of (await this.childrenOf(path)).sort()) {
      try {
        owners.push([partition, String((await this.zookeeper.getData(`${path}/${partition}`)).data)]);
      } catch (error) {
        if (!isZooKeeperError(error, 'NONODE')) throw error;
      }
    }
    return Object.fromEntries(owners);
  }

  async untilOwners(expected: Record<string, string>): Promise<void> {
    const wanted = JSON.stringify(expected);
    await this.cluster.until(
      `owners are ${wanted}`,
      async () => JSON.stringify(await this.owners()) === wanted,
      60_000,
    );
  }

  /** Waits until both brokers are in sync for all partitions. */
  async untilReplicated(): Promise<void> {
    await this.cluster.until('all replicas in sync', async () => {
      const partitions = await this.cluster.partitions('orders');
      return partitions.length > 0 && partitions.every(({ isr }) => isr.length === 2);
    });
  }

  async end(): Promise<void> {
    for (const member of this.members.values()) await member.close();
    await this.producer?.close();
    await this.observer?.close();
    this.cluster.end();
  }

  private async childrenOf(path: string): Promise<string[]> {
    try {
      return await this.zookeeper.getChildren(path);
    } catch (error) {
      if (isZooKeeperError(error, 'NONODE')) return [];
      throw error;
    }
  }

  /** No offset may ever be lower than it was. */
  private async watchOffsets(client: ZooKeeperClient): Promise<void> {
    await client.create('/consumers').catch((error: unknown) => {
      if (!isZooKeeperError(error, 'NODEEXISTS')) throw error;
    });
    await client.addWatch('/consumers', 'persistentRecursive', ({ path }) => {
      if (!/\/offsets\/.+\/\d+$/.test(path)) return;
      void client.getData(path).then(({ data }) => {
        const offset = Number(String(data));
        const before = this.offsets.get(path) ?? 0;
        if (offset < before) this.wentBack.push(`${path}: ${before} -> ${offset}`);
        this.offsets.set(path, offset);
      });
    });
  }

  /** What {@link watchOffsets} has found wrong. */
  readonly wentBack: string[] = [];
}
