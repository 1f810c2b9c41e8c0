import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SimHost } from '../../../src/env/sim/sim-host.ts';
import { Simulation } from '../../../src/env/sim/simulation.ts';
import { type Broker, startBroker } from '../../../src/kafka/server/broker.ts';
import { loadBrokerConfig } from '../../../src/kafka/server/config/broker-config.ts';
import { ErrorCode } from '../../../src/wire/kafka/errors.ts';
import { ProduceRequest, ProduceResponse } from '../../../src/wire/kafka/messages/00-produce.ts';
import { FetchRequest, FetchResponse } from '../../../src/wire/kafka/messages/01-fetch.ts';
import { MetadataRequest, MetadataResponse } from '../../../src/wire/kafka/messages/03-metadata.ts';
import {
  CreateTopicsRequest,
  CreateTopicsResponse,
} from '../../../src/wire/kafka/messages/19-create-topics.ts';
import {
  InitProducerIdRequest,
  InitProducerIdResponse,
} from '../../../src/wire/kafka/messages/22-init-producer-id.ts';
import { buildBatch } from '../../../src/wire/kafka/records/builder.ts';
import { readAll } from '../../../src/wire/kafka/records/records.ts';
import { startZooKeeperServer } from '../../../src/zookeeper/server/start.ts';
import { ConnectionLostError, RawKafkaClient } from '../../support/kafka/raw-kafka-client.ts';

const TOPIC = 'numbers';
const PORT = 9092;
const SESSION_TIMEOUT_MS = 6000;
const WINDOW = 3;
const LIVES = 4;
const SEEDS = [1, 2, 3, 4, 5];

const Produce = { request: ProduceRequest, response: ProduceResponse };
const Fetch = { request: FetchRequest, response: FetchResponse };
const Metadata = { request: MetadataRequest, response: MetadataResponse };
const InitProducerId = { request: InitProducerIdRequest, response: InitProducerIdResponse };
const CreateTopics = { request: CreateTopicsRequest, response: CreateTopicsResponse };

/** ZooKeeper, one broker and a client, each on a host of its own. */
class BrokerSimulation {
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

async function createTopic(client: RawKafkaClient): Promise<void> {
  const topic = { name: TOPIC, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
  const { topics } = await client.call(CreateTopics, 5, { topics: [topic], timeoutMs: 10_000 });
  assert.deepEqual(
    topics.map(({ name, errorCode }) => ({ name, errorCode })),
    [{ name: TOPIC, errorCode: ErrorCode.NONE }],
  );
}

/** Produces one batch with acks=-1. */
async function append(client: RawKafkaClient, records: Buffer) {
  const { responses } = await client.call(Produce, 9, {
    acks: -1,
    timeoutMs: 5000,
    topicData: [{ name: TOPIC, partitionData: [{ index: 0, records }] }],
  });
  const answer = responses[0]?.partitionResponses[0];
  return { errorCode: answer?.errorCode, baseOffset: answer?.baseOffset };
}

/** Appends the numbers from `first` on with acks=-1, several requests under way, until the connection ends. */
class NumberWriter {
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
async function countNumbers(client: RawKafkaClient, leaderEpoch: number): Promise<number> {
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

interface Story {
  readonly settings?: Readonly<Record<string, string>>;
  /** How the broker's host goes down. */
  readonly fall: (host: SimHost) => void;
  /** Whether what was acknowledged must be there afterwards. */
  readonly keepsAcknowledged: boolean;
}

interface Outcome {
  acknowledged: number;
  /** Acknowledged and not there afterwards. */
  lost: number;
  digest: number;
}

/** The broker falls in the middle of writes and comes back, several times. */
async function tell(seed: number, { settings, fall, keepsAcknowledged }: Story): Promise<Outcome> {
  const cluster = new BrokerSimulation(seed, settings);
  const { sim, host } = cluster;
  let acknowledged = 0;
  let lost = 0;
  await sim.run(async () => {
    await cluster.startZooKeeper();
    const { clusterId } = await cluster.startBroker();
    const setup = await cluster.connect();
    await createTopic(setup);
    let epoch = await cluster.leaderEpoch(setup);
    let first = 0;
    for (let life = 1; life < LIVES; life++) {
      const writer = new NumberWriter(await cluster.connect(), sim, first);
      const writing = writer.run();
      await sim.advance(20 + sim.random.below(300));
      fall(host);
      await writing;
      acknowledged += writer.acknowledged - first;

      host.restart();
      const broker = await cluster.startBroker();
      assert.equal(broker.clusterId, clusterId);
      const reader = await cluster.connect();
      const newEpoch = await cluster.leaderEpoch(reader);
      // Nobody else could lead in between, so the epoch may stay.
      assert.ok(newEpoch >= epoch, `seed ${seed}: leader epoch ${newEpoch} after ${epoch}`);
      epoch = newEpoch;
      const count = await countNumbers(reader, epoch);
      assert.ok(count <= writer.sent, `seed ${seed}: ${count} records, ${writer.sent} were sent`);
      if (keepsAcknowledged) {
        const least = writer.acknowledged;
        assert.ok(count >= least, `seed ${seed}: ${count} records, ${least} were acknowledged`);
      }
      lost += Math.max(0, writer.acknowledged - count);
      first = count;
      reader.destroy();
    }
    host.kill();
    sim.host('zk').kill();
  });
  return { acknowledged, lost, digest: sim.traceDigest };
}

async function tellAll(story: Story): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const seed of SEEDS) outcomes.push(await tell(seed, story));
  for (const { acknowledged } of outcomes) assert.ok(acknowledged > 0, 'nothing was acknowledged');
  return outcomes;
}

describe('a broker that falls in the middle of writes', { timeout: 120_000 }, () => {
  it('has every acknowledged record after its process was killed', async () => {
    await tellAll({ fall: (host) => host.kill(), keepsAcknowledged: true });
  });

  it('has every acknowledged record after a power loss when it flushes each one', async () => {
    await tellAll({
      settings: { 'log.flush.interval.messages': '1' },
      fall: (host) => host.crash(),
      keepsAcknowledged: true,
    });
  });

  it('has a beginning of what was written, and goes on from there, after a power loss without flushes', async () => {
    const outcomes = await tellAll({ fall: (host) => host.crash(), keepsAcknowledged: false });

    assert.ok(
      outcomes.some(({ lost }) => lost > 0),
      'no power loss took anything: the simulated disk forgets too little',
    );
  });

  it('does the same events in the same order for the same seed', async () => {
    const story: Story = { fall: (host) => host.crash(), keepsAcknowledged: false };

    assert.deepEqual(await tell(6, story), await tell(6, story));
  });

  it('knows an idempotent batch that was acknowledged before its process was killed', async () => {
    const cluster = new BrokerSimulation(7);
    await cluster.sim.run(async () => {
      await cluster.startZooKeeper();
      await cluster.startBroker();
      const before = await cluster.connect();
      await createTopic(before);
      await cluster.leaderEpoch(before);
      const { errorCode, producerId, producerEpoch } = await before.call(InitProducerId, 4, {
        transactionalId: null,
        transactionTimeoutMs: 60_000,
      });
      assert.equal(errorCode, ErrorCode.NONE);
      const batch = (first: number) =>
        buildBatch(
          [first, first + 1].map((number) => ({
            // The age of a producer is that of its last record.
            timestamp: cluster.sim.epochMs + number,
            key: null,
            value: Buffer.from(String(number)),
          })),
          { producerId, producerEpoch, baseSequence: first },
        );
      assert.deepEqual(await append(before, batch(0)), { errorCode: ErrorCode.NONE, baseOffset: 0 });
      assert.deepEqual(await append(before, batch(2)), { errorCode: ErrorCode.NONE, baseOffset: 2 });

      cluster.host.kill();
      cluster.host.restart();
      await cluster.startBroker();

      const after = await cluster.connect();
      const leaderEpoch = await cluster.leaderEpoch(after);
      assert.deepEqual(await append(after, batch(2)), { errorCode: ErrorCode.NONE, baseOffset: 2 }, 'again');
      assert.equal((await append(after, batch(6))).errorCode, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
      assert.deepEqual(await append(after, batch(4)), { errorCode: ErrorCode.NONE, baseOffset: 4 });
      assert.equal(await countNumbers(after, leaderEpoch), 6);
      cluster.host.kill();
      cluster.sim.host('zk').kill();
    });
  });
});
