import assert from 'node:assert/strict';
import type { SimHost } from '../../../src/env/sim/sim-host.ts';
import { Simulation } from '../../../src/env/sim/simulation.ts';
import { type Broker, startBroker } from '../../../src/kafka/server/broker.ts';
import { loadBrokerConfig } from '../../../src/kafka/server/config/broker-config.ts';
import { ErrorCode } from '../../../src/wire/kafka/errors.ts';
import type { MetadataResponse } from '../../../src/wire/kafka/messages/03-metadata.ts';
import type { Draft, Infer, Message } from '../../../src/wire/kafka/schema/index.ts';
import { startZooKeeperServer } from '../../../src/zookeeper/server/start.ts';
import { CreateTopics, Metadata } from './pairs.ts';
import { ConnectionLostError, RawKafkaClient } from './raw-kafka-client.ts';

const PORT = 9092;

export interface SimulatedPartition {
  leader: number;
  leaderEpoch: number;
  replicas: number[];
  isr: number[];
  offline: number[];
}

/** ZooKeeper, several brokers and clients, each on a host of its own: `zk`, `broker-1`, `broker-2` ... */
export class ClusterSimulation {
  readonly sim: Simulation;
  readonly brokers = new Map<number, Broker>();
  private readonly settings: Readonly<Record<string, string>>;
  private readonly hosts = new Map<number, SimHost>();

  constructor(seed: number, settings: Readonly<Record<string, string>> = {}) {
    this.sim = new Simulation({ seed });
    this.settings = settings;
  }

  /** ZooKeeper and brokers 1 to `count`, the first one the controller. */
  async start(count: number, settings: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.startZooKeeper();
    for (let id = 1; id <= count; id++) await this.startBroker(id, settings);
  }

  async startZooKeeper(): Promise<void> {
    const { env } = this.sim.host('zk');
    await startZooKeeperServer(env, { dataDir: '/zookeeper', clientPort: 2181, tickTimeMs: 500 });
  }

  host(id: number): SimHost {
    const known = this.hosts.get(id) ?? this.sim.host(`broker-${id}`);
    this.hosts.set(id, known);
    return known;
  }

  /** Starts a broker, again when it was there before. */
  async startBroker(id: number, settings: Readonly<Record<string, string>> = {}): Promise<Broker> {
    const host = this.host(id);
    if (!host.isUp) host.restart();
    const properties = {
      'broker.id': String(id),
      listeners: `PLAINTEXT://broker-${id}:${PORT}`,
      'log.dirs': '/kafka',
      'zookeeper.connect': 'zk:2181',
      'zookeeper.session.timeout.ms': '4000',
      'controlled.shutdown.retry.backoff.ms': '500',
      ...this.settings,
      ...settings,
    };
    const given = Object.entries(properties).map(([key, value]) => ({ key, value, where: 'the test' }));
    const broker = await startBroker(host.env, loadBrokerConfig(given).config);
    this.brokers.set(id, broker);
    return broker;
  }

  /** Ends a broker's process as `kill -9` does; its session at ZooKeeper lives on for a while. */
  kill(id: number): void {
    this.host(id).kill();
    this.brokers.delete(id);
  }

  /** Stops a broker in good order, and its process with it. */
  async stop(id: number): Promise<void> {
    await this.brokers.get(id)?.close();
    this.kill(id);
  }

  /** Ends everything at once, so that a simulation comes to its end. */
  end(): void {
    for (const host of this.hosts.values()) if (host.isUp) host.kill();
    this.sim.host('zk').kill();
  }

  connect(id: number): Promise<RawKafkaClient> {
    return RawKafkaClient.connect(this.sim.host('client').env.net, { host: `broker-${id}`, port: PORT });
  }

  /** One request to one broker, over a connection of its own. */
  async ask<Q extends Message, R extends Message>(
    id: number,
    messages: { request: Q; response: R },
    version: number,
    request: Draft<Q>,
  ): Promise<Infer<R>> {
    const client = await this.connect(id);
    try {
      return await client.call(messages, version, request);
    } finally {
      client.destroy();
    }
  }

  /** What a broker says about the cluster and some topics, or all. */
  metadata(id: number, topics: readonly string[] | null = null): Promise<Infer<typeof MetadataResponse>> {
    return this.ask(id, Metadata, 9, {
      topics: topics?.map((name) => ({ name })) ?? null,
      allowAutoTopicCreation: false,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    });
  }

  /** The controller as a broker knows it. */
  async controllerId(id = this.anyBroker()): Promise<number> {
    return (await this.metadata(id, [])).controllerId;
  }

  /** One request to the controller, which is looked for until it is there. */
  async askController<Q extends Message, R extends Message>(
    messages: { request: Q; response: R },
    version: number,
    request: Draft<Q>,
  ): Promise<Infer<R>> {
    for (;;) {
      const id = await this.controllerId();
      if (this.brokers.has(id)) return this.ask(id, messages, version, request);
      await this.sim.advance(100);
    }
  }

  /** Creates a topic with these replicas of partition 0 and so on. */
  async createTopic(
    name: string,
    replicas: readonly (readonly number[])[],
    configs: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const { topics } = await this.askController(CreateTopics, 5, {
      topics: [
        {
          name,
          numPartitions: -1,
          replicationFactor: -1,
          assignments: replicas.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds })),
          configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
        },
      ],
      timeoutMs: 10_000,
    });
    assert.deepEqual(
      topics.map(({ errorCode, errorMessage }) => ({ errorCode, errorMessage })),
      [{ errorCode: ErrorCode.NONE, errorMessage: null }],
    );
  }

  /** A topic's partitions as a broker knows them; empty for a topic that it does not know. */
  async partitions(topic: string, id = this.anyBroker()): Promise<SimulatedPartition[]> {
    const { topics } = await this.metadata(id, [topic]);
    return (topics[0]?.partitions ?? [])
      .toSorted((left, right) => left.partitionIndex - right.partitionIndex)
      .map(({ leaderId, leaderEpoch, replicaNodes, isrNodes, offlineReplicas }) => ({
        leader: leaderId,
        leaderEpoch,
        replicas: replicaNodes,
        isr: isrNodes,
        offline: offlineReplicas,
      }));
  }

  /** Advances time until a condition holds; fails after `withinMs`. */
  async until(what: string, condition: () => Promise<boolean>, withinMs = 30_000): Promise<void> {
    const deadlineMs = this.sim.nowMs + withinMs;
    for (;;) {
      try {
        if (await condition()) return;
      } catch (error) {
        // A broker that is just going says nothing.
        if (!(error instanceof ConnectionLostError) && !isRefused(error)) throw error;
      }
      assert.ok(this.sim.nowMs < deadlineMs, `not within ${withinMs} ms: ${what}`);
      await this.sim.advance(50);
    }
  }

  private anyBroker(): number {
    const [first] = this.brokers.keys();
    assert.ok(first !== undefined, 'no broker is up');
    return first;
  }
}

function isRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}
