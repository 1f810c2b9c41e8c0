import assert from 'node:assert/strict';
import type { SimHost } from '../../../src/env/sim/sim-host.ts';
import { Simulation } from '../../../src/env/sim/simulation.ts';
import { type Broker, startBroker } from '../../../src/kafka/server/broker.ts';
import { loadBrokerConfig } from '../../../src/kafka/server/config/broker-config.ts';
import { ErrorCode } from '../../../src/wire/kafka/errors.ts';
import { buildBatch } from '../../../src/wire/kafka/records/builder.ts';
import { readAll } from '../../../src/wire/kafka/records/records.ts';
import { startZooKeeperServer } from '../../../src/zookeeper/server/start.ts';
import { CreateTopics, Fetch, Metadata, Produce } from './pairs.ts';
import { ConnectionLostError, RawKafkaClient } from './raw-kafka-client.ts';

const TOPIC = 'numbers';
const PORT = 9092;
const SESSION_TIMEOUT_MS = 6000;
const WINDOW = 3;

/** ZooKeeper, one broker and a client, each on a host of its own. */
export class BrokerSimulation {
  readonly sim: Simulation;
  readonly host: SimHost;
  private readonly settings: Readonly<Record<string, string>>;

  constructor(seed: number, settings: Readonly<Record<string, string>> = {}) {
    this.sim = new Simulation({ seed });
    this.host = this.sim.host('broker');
    this.settings = settings;
  }

  async startZooKeeper(): Promise<void> {
    const { env } = this.sim.host('zk');
    await startZooKeeperServer(env, { dataDir: '/zookeeper', clientPort: 2181, tickTimeMs: 1000 });
  }

  startBroker(): Promise<Broker> {
    const properties = {
      'broker.id': '7',
      listeners: `PLAINTEXT://broker:${PORT}`,
      'log.dirs': '/kafka',
      'zookeeper.connect': 'zk:2181',
      'zookeeper.session.timeout.ms': String(SESSION_TIMEOUT_MS),
      ...this.settings,
    };
    const given = Object.entries(properties).map(([key, value]) => ({ key, value, where: 'the test' }));
    return startBroker(this.host.env, loadBrokerConfig(given).config);
  }

  connect(): Promise<RawKafkaClient> {
    return RawKafkaClient.connect(this.sim.host('client').env.net, { host: 'broker', port: PORT });
  }

  /** Waits until the broker leads the only partition; gives the leader epoch. */
  async leaderEpoch(client: RawKafkaClient): Promise<number> {
    for (;;) {
      const { topics, brokers } = await client.call(Metadata, 9, {
        topics: [{ name: TOPIC }],
        allowAutoTopicCreation: false,
        includeClusterAuthorizedOperations: false,
        includeTopicAuthorizedOperations: false,
      });
      const partition = topics[0]?.partitions[0];
      if (partition?.errorCode === ErrorCode.NONE && partition.leaderId === 7) {
        assert.deepEqual(
          brokers.map(({ nodeId, host, port }) => ({ nodeId, host, port })),
          [{ nodeId: 7, host: 'broker', port: PORT }],
        );
        return partition.leaderEpoch;
      }
      await this.sim.advance(50);
    }
  }
}

export async function createTopic(client: RawKafkaClient): Promise<void> {
  const topic = { name: TOPIC, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
  const { topics } = await client.call(CreateTopics, 5, { topics: [topic], timeoutMs: 10_000 });
  assert.deepEqual(
    topics.map(({ name, errorCode }) => ({ name, errorCode })),
    [{ name: TOPIC, errorCode: ErrorCode.NONE }],
  );
}

/** Produces one batch with acks=-1. */
export async function append(client: RawKafkaClient, records: Buffer) {
  const { responses } = await client.call(Produce, 9, {
    acks: -1,
    timeoutMs: 5000,
    topicData: [{ name: TOPIC, partitionData: [{ index: 0, records }] }],
  });
  const answer = responses[0]?.partitionResponses[0];
  return { errorCode: answer?.errorCode, baseOffset: answer?.baseOffset };
}

/** Appends the numbers from `first` on with acks=-1, several requests under way, until the connection ends. */
export class NumberWriter {
  /** All below have been acknowledged. */
  acknowledged: number;
  /** All below have been sent. */
  sent: number;
  private readonly client: RawKafkaClient;
  private readonly sim: Simulation;

  constructor(client: RawKafkaClient, sim: Simulation, first: number) {
    this.client = client;
    this.sim = sim;
    this.acknowledged = first;
    this.sent = first;
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: WINDOW }, () => this.lane()));
  }

  private async lane(): Promise<void> {
    try {
      for (;;) await this.append(1 + this.sim.random.below(5));
    } catch (error) {
      if (!(error instanceof ConnectionLostError)) throw error;
    }
  }

  private async append(count: number): Promise<void> {
    const first = this.sent;
    this.sent += count;
    const numbers = Array.from({ length: count }, (_, index) => first + index);
    const records = buildBatch(
      numbers.map((number) => ({ timestamp: number, key: null, value: Buffer.from(String(number)) })),
    );
    assert.deepEqual(await append(this.client, records), { errorCode: ErrorCode.NONE, baseOffset: first });
    this.acknowledged = Math.max(this.acknowledged, first + count);
  }
}

/** How many numbers the topic holds: 0, 1, 2, ... at these very offsets, in leader epochs that do not fall. */
export async function countNumbers(client: RawKafkaClient, leaderEpoch: number): Promise<number> {
  let offset = 0;
  for (;;) {
    const { errorCode, responses } = await client.call(Fetch, 11, {
      maxWaitMs: 0,
      minBytes: 0,
      topics: [
        {
          topic: TOPIC,
          partitions: [
            { partition: 0, currentLeaderEpoch: leaderEpoch, fetchOffset: offset, partitionMaxBytes: 4096 },
          ],
        },
      ],
      forgottenTopicsData: [],
    });
    assert.equal(errorCode, ErrorCode.NONE);
    const partition = responses[0]?.partitions[0];
    assert.equal(partition?.errorCode, ErrorCode.NONE);
    assert.equal(partition.logStartOffset, 0);
    if (offset === partition.highWatermark) return offset;
    const before = offset;
    for (const record of readAll(partition.records ?? Buffer.alloc(0))) {
      if (record.offset < offset) continue;
      assert.deepEqual([record.offset, String(record.value)], [offset, String(offset)]);
      offset++;
    }
    assert.ok(offset > before, `nothing at ${offset}, below the high watermark ${partition.highWatermark}`);
  }
}
