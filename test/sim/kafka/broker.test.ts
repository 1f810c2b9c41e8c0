import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SimHost } from '../../../src/env/sim/sim-host.ts';
import { ErrorCode } from '../../../src/wire/kafka/errors.ts';
import { buildBatch } from '../../../src/wire/kafka/records/builder.ts';
import {
  append,
  BrokerSimulation,
  countNumbers,
  createTopic,
  NumberWriter,
} from '../../support/kafka/broker-simulation.ts';
import { InitProducerId } from '../../support/kafka/pairs.ts';

const LIVES = 4;
const SEEDS = [1, 2, 3, 4, 5];

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
