import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Cluster } from '../../../../src/clients/kafka/cluster/cluster.ts';
import { Producer } from '../../../../src/clients/kafka/producer/producer.ts';
import type { ProducerOptions } from '../../../../src/clients/kafka/producer/producer-options.ts';
import { ClusterSimulation } from '../../../support/kafka/cluster-simulation.ts';
import { readPartition } from '../../../support/kafka/read-partition.ts';

const TOPIC = 'numbers';
const SERVERS = { bootstrapServers: 'broker-1:9092,broker-2:9092,broker-3:9092' };
const REPLICAS = [
  [1, 2, 3],
  [2, 3, 1],
  [3, 1, 2],
];
const SEEDS = [1, 2];

interface Trouble {
  readonly name: string;
  /** Runs beside the load; comes to an end by itself, with the cluster whole again. */
  readonly make: (servers: ClusterSimulation) => Promise<void>;
  readonly options?: Omit<ProducerOptions, 'bootstrapServers'>;
}

const troubles: readonly Trouble[] = [
  {
    name: 'connections that break',
    async make({ sim }) {
      for (const id of [1, 2, 3]) {
        for (const [from, to] of [
          ['client', `broker-${id}`],
          [`broker-${id}`, 'client'],
        ] as const) {
          sim.network.setLink(from, to, { resetProbability: 0.05 });
        }
      }
      await sim.advance(8000);
      for (const id of [1, 2, 3]) {
        sim.network.setLink('client', `broker-${id}`, { resetProbability: 0 });
        sim.network.setLink(`broker-${id}`, 'client', { resetProbability: 0 });
      }
    },
  },
  {
    name: 'a broker that is killed and comes back, and another',
    async make(servers) {
      for (const id of [2, 3]) {
        await servers.sim.advance(500 + servers.sim.random.below(1000));
        servers.kill(id);
        await servers.sim.advance(6000);
        await servers.startBroker(id);
        await servers.sim.advance(3000);
      }
    },
  },
  {
    name: 'leaders that move as brokers stop in good order',
    async make(servers) {
      for (const id of [1, 2]) {
        await servers.sim.advance(500 + servers.sim.random.below(1000));
        await servers.stop(id);
        await servers.sim.advance(3000);
        await servers.startBroker(id);
        await servers.sim.advance(3000);
      }
    },
  },
  {
    name: 'answers that do not come in time',
    async make({ sim }) {
      for (let round = 0; round < 4; round++) {
        await sim.advance(500 + sim.random.below(500));
        sim.network.blockOneWay([`broker-${1 + sim.random.below(3)}`], ['client']);
        await sim.advance(2500);
        sim.network.heal();
      }
    },
    options: { requestTimeoutMs: 1000 },
  },
  {
    name: 'records that are given up while the broker is away',
    async make({ sim }) {
      for (let round = 0; round < 3; round++) {
        await sim.advance(500 + sim.random.below(500));
        sim.network.partition(['client'], [`broker-${1 + sim.random.below(3)}`]);
        await sim.advance(5000);
        sim.network.heal();
      }
    },
    options: { requestTimeoutMs: 1000, deliveryTimeoutMs: 2500, lingerMs: 5 },
  },
];

type Outcome = 'acknowledged' | 'failed';

/** Sends numbers to three partitions until the trouble is over; what became of each number, by partition. */
async function sendNumbers(producer: Producer, servers: ClusterSimulation, trouble: Trouble) {
  const outcomes = REPLICAS.map(() => new Map<number, Outcome>());
  let isOver = false;
  const over = trouble.make(servers).finally(() => {
    isOver = true;
  });
  const sends: Promise<void>[] = [];
  for (let number = 0; !isOver; number++) {
    for (const [partition, outcome] of outcomes.entries()) {
      const sent = producer.send({ topic: TOPIC, partition, value: `${number}` }).then(
        () => void outcome.set(number, 'acknowledged'),
        () => void outcome.set(number, 'failed'),
      );
      sends.push(sent);
    }
    if (number % 7 === 0) await servers.sim.advance(1 + servers.sim.random.below(20));
  }
  await over;
  await Promise.all(sends);
  return outcomes;
}

describe('an idempotent producer', () => {
  for (const trouble of troubles) {
    for (const seed of SEEDS) {
      it(`writes every record once and in order in spite of ${trouble.name} (seed ${seed})`, async () => {
        const servers = new ClusterSimulation(seed, {
          'min.insync.replicas': '2',
          'offsets.topic.replication.factor': '1',
        });
        const { sim } = servers;
        await sim.run(async () => {
          await servers.start(3);
          await servers.createTopic(TOPIC, REPLICAS);
          const { env } = sim.host('client');
          const producer = new Producer(env, { ...SERVERS, batchBytes: 200, ...trouble.options });
          const outcomes = await sendNumbers(producer, servers, trouble);
          // It serves again once the trouble is over.
          for (const partition of REPLICAS.keys())
            await producer.send({ topic: TOPIC, partition, value: 'end' });
          await producer.close();
          const cluster = new Cluster(env, SERVERS);
          for (const [partition, outcome] of outcomes.entries()) {
            const records = await readPartition({ cluster, topic: TOPIC, partition });
            const numbers = records.map(({ value }) => String(value));
            assert.equal(numbers.pop(), 'end');
            check(numbers.map(Number), outcome, trouble.options?.deliveryTimeoutMs !== undefined);
          }
          cluster.close();
          servers.end();
        });
      });
    }
  }
});

/** Each number once, in order; all that were acknowledged; where none may fail, all of them. */
function check(written: readonly number[], outcomes: ReadonlyMap<number, Outcome>, mayFail: boolean): void {
  assert.ok(outcomes.size > 100, `only ${outcomes.size} numbers`);
  for (const [index, number] of written.entries()) {
    const before = written[index - 1] ?? -1;
    assert.ok(number > before, `${number} comes after ${before}`);
  }
  const present = new Set(written);
  for (const [number, outcome] of outcomes) {
    if (!mayFail) assert.equal(outcome, 'acknowledged', `number ${number}`);
    if (outcome === 'acknowledged') assert.ok(present.has(number), `${number} was acknowledged and is lost`);
  }
}
