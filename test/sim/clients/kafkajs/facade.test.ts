import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CompatKafka } from '../../../../src/clients/kafkajs/kafka.ts';
import type { Consumer, ConsumerRunConfig } from '../../../../src/clients/kafkajs/types/consumer.ts';
import type { Producer } from '../../../../src/clients/kafkajs/types/producer.ts';
import { SimRandom } from '../../../../src/env/sim/sim-random.ts';
import { ClusterSimulation } from '../../../support/kafka/cluster-simulation.ts';

const SETTINGS = {
  'offsets.topic.replication.factor': '2',
  'offsets.topic.num.partitions': '2',
  'group.initial.rebalance.delay.ms': '0',
  'group.min.session.timeout.ms': '1000',
};
const ON_TWO = [
  [1, 2],
  [2, 1],
  [1, 2],
];
const SEEDS = 8;

/** Two brokers, one producer, and consumers of one group, written for kafkajs, each on a host of its own. */
class Application {
  readonly cluster: ClusterSimulation;
  readonly seen = new Map<string, number>();
  private readonly consumers = new Map<string, Consumer>();
  private producer: Producer | undefined;
  private sent = 0;

  constructor(seed: number) {
    this.cluster = new ClusterSimulation(seed, SETTINGS);
  }

  kafka(host: string): CompatKafka {
    const { env } = this.cluster.sim.host(host);
    const brokers = ['broker-1:9092', 'broker-2:9092'];
    return new CompatKafka(env, { brokers, clientId: host, requestTimeout: 3000 }, () => () => undefined);
  }

  async join(name: string, run: ConsumerRunConfig = {}): Promise<Consumer> {
    const consumer = this.kafka(name).consumer({
      groupId: 'readers',
      sessionTimeout: 6000,
      heartbeatInterval: 1000,
      rebalanceTimeout: 10_000,
      maxWaitTimeInMs: 500,
      retry: { retries: 3 },
    });
    this.consumers.set(name, consumer);
    await consumer.connect();
    await consumer.subscribe({ topics: ['orders'], fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message }) => {
        const value = String(message.value);
        this.seen.set(value, (this.seen.get(value) ?? 0) + 1);
      },
      ...run,
    });
    return consumer;
  }

  async leave(name: string): Promise<void> {
    await this.consumers.get(name)?.disconnect();
    this.consumers.delete(name);
  }

  /** Sends until it is acknowledged, as a program does that does not want to lose anything. */
  async send(count: number): Promise<string[]> {
    this.producer ??= this.kafka('producer').producer({ idempotent: true, retry: { maxRetryTime: 1000 } });
    await this.producer.connect();
    const values = Array.from({ length: count }, () => `value ${this.sent++}`);
    await this.producer.send({ topic: 'orders', messages: values.map((value) => ({ key: value, value })) });
    return values;
  }

  async untilSeen(values: readonly string[]): Promise<void> {
    await this.cluster.until(
      'all messages',
      async () => values.every((value) => this.seen.has(value)),
      300_000,
    );
  }

  async untilReplicated(): Promise<void> {
    for (const topic of ['orders', '__consumer_offsets']) {
      await this.cluster.until(`all replicas of ${topic} in sync`, async () => {
        const partitions = await this.cluster.partitions(topic);
        return partitions.every(({ isr }) => isr.length === 2);
      });
    }
  }

  async end(): Promise<void> {
    for (const name of [...this.consumers.keys()]) await this.leave(name);
    await this.producer?.disconnect();
    this.cluster.end();
  }
}

async function tell(seed: number, story: (application: Application) => Promise<void>): Promise<void> {
  const application = new Application(seed);
  const { sim } = application.cluster;
  await sim.run(
    async () => {
      await application.cluster.start(2);
      await application.cluster.createTopic('orders', ON_TWO);
      await story(application);
      await application.end();
    },
    { withinMs: 3_600_000 },
  );
}

describe('a program for kafkajs', { timeout: 180_000 }, () => {
  it('goes on when its broker is killed, and another leads and coordinates', async () => {
    await tell(3, async (application) => {
      await application.join('one');
      await application.untilSeen(await application.send(30));
      await application.untilReplicated();
      application.cluster.kill(1);
      await application.untilSeen(await application.send(30));
      await application.cluster.startBroker(1);
      await application.untilReplicated();
      application.cluster.kill(2);
      await application.untilSeen(await application.send(30));
    });
  });

  it('gets what was not committed again, and nothing else, after it has stopped', async () => {
    await tell(4, async (application) => {
      const values = await application.send(30);
      await application.join('one');
      await application.untilSeen(values);
      await application.leave('one');
      await application.join('one');
      await application.untilSeen(await application.send(10));
      assert.deepEqual(
        [...application.seen.values()].filter((times) => times > 1),
        [],
      );
    });
  });

  it(`reads every message that was acknowledged, at least once: ${SEEDS} seeds of faults`, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      await tell(seed, async (application) => {
        const random = new SimRandom(seed);
        const { cluster } = application;
        const names = ['one', 'two', 'three'];
        const values = await application.send(10);
        for (const name of names) {
          const byBatch: ConsumerRunConfig = { partitionsConsumedConcurrently: 3, autoCommitThreshold: 5 };
          await application.join(name, name === 'two' ? byBatch : {});
        }
        for (let round = 0; round < 5; round++) {
          values.push(...(await application.send(1 + random.below(30))));
          const name = names[random.below(names.length)] ?? 'one';
          const fault = random.below(3);
          if (fault === 0) {
            cluster.sim.network.partition([name], ['broker-1', 'broker-2']);
            await cluster.sim.advance(random.below(15_000));
            cluster.sim.network.heal();
          } else if (fault === 1) {
            await application.leave(name);
            await cluster.sim.advance(random.below(3000));
            await application.join(name);
          } else {
            await application.untilReplicated();
            const broker = 1 + random.below(2);
            cluster.kill(broker);
            values.push(...(await application.send(1 + random.below(30))));
            await cluster.startBroker(broker);
            await application.untilReplicated();
          }
        }
        await application.untilSeen(values);
      });
    }
  });
});
