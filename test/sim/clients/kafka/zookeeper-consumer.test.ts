import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SimRandom } from '../../../../src/env/sim/sim-random.ts';
import { ClassicGroup } from './classic-group.ts';

/** Replicas of four partitions on two brokers. */
const ON_TWO = [
  [1, 2],
  [2, 1],
  [1, 2],
  [2, 1],
];
const SEEDS = 12;

async function tell(story: (group: ClassicGroup) => Promise<void>, seed = 5): Promise<void> {
  const group = new ClassicGroup(seed);
  await group.cluster.sim.run(
    async () => {
      await group.start(2);
      await group.cluster.createTopic('orders', ON_TWO);
      await story(group);
      assert.deepEqual(group.wentBack, []);
      await group.end();
    },
    { withinMs: 3_600_000 },
  );
}

describe('a consumer that registers in ZooKeeper', { timeout: 120_000 }, () => {
  it('keeps registration, owners and offsets where those of 0.8 do, in their form', async () => {
    await tell(async (group) => {
      const { zookeeper } = group;
      const records = await group.send(20);
      const consumer = await group.connect('alpha', { consumerId: undefined as never });
      const streams = await consumer.createMessageStreams({ orders: 2 });
      for (const stream of streams.get('orders') ?? []) void group.read(stream);
      await group.untilSeen(records);
      await consumer.commitOffsets();

      const id = consumer.consumerId;
      assert.match(id, /^alpha:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      const { data, stat } = await zookeeper.getData(`/consumers/readers/ids/${id}`);
      assert.match(
        String(data),
        /^\{"version":1,"subscription":\{"orders":2\},"pattern":"static","timestamp":"\d{13}"\}$/,
      );
      assert.notEqual(stat.ephemeralOwner, 0n);
      assert.deepEqual(await group.owners(), { 0: `${id}-0`, 1: `${id}-0`, 2: `${id}-1`, 3: `${id}-1` });
      const owner = await zookeeper.exists('/consumers/readers/owners/orders/0');
      assert.equal(owner?.ephemeralOwner, stat.ephemeralOwner);
      let total = 0;
      for (const partition of [0, 1, 2, 3]) {
        const offset = await zookeeper.getData(`/consumers/readers/offsets/orders/${partition}`);
        assert.equal(offset.stat.ephemeralOwner, 0n);
        assert.match(String(offset.data), /^\d+$/);
        total += Number(String(offset.data));
      }
      // What was handed out last counts with the next that is asked for: all streams have asked.
      assert.equal(total, 20);
      await group.leave('alpha');
      assert.deepEqual(await group.owners(), {});
      assert.deepEqual(await zookeeper.getChildren('/consumers/readers/ids'), []);
    });
  });

  it('shares partitions with those who come, and takes over from those who go', async () => {
    await tell(async (group) => {
      await group.join('alpha');
      await group.untilOwners({ 0: 'alpha:1-0', 1: 'alpha:1-0', 2: 'alpha:1-0', 3: 'alpha:1-0' });
      await group.join('beta');
      await group.untilOwners({ 0: 'alpha:1-0', 1: 'alpha:1-0', 2: 'beta:1-0', 3: 'beta:1-0' });
      await group.join('gamma');
      await group.untilOwners({ 0: 'alpha:1-0', 1: 'alpha:1-0', 2: 'beta:1-0', 3: 'gamma:1-0' });
      const records = await group.send(40);
      await group.untilSeen(records);
      await group.leave('alpha');
      await group.untilOwners({ 0: 'beta:1-0', 1: 'beta:1-0', 2: 'gamma:1-0', 3: 'gamma:1-0' });
      await group.untilSeen(await group.send(40));
    });
  });

  it('registers again after its session has expired, and goes on where it was', async () => {
    await tell(async (group) => {
      const { sim } = group.cluster;
      await group.join('alpha');
      await group.join('beta');
      await group.untilOwners({ 0: 'alpha:1-0', 1: 'alpha:1-0', 2: 'beta:1-0', 3: 'beta:1-0' });
      await group.untilSeen(await group.send(20));
      sim.network.partition(['alpha'], ['zk']);
      await group.untilOwners({ 0: 'beta:1-0', 1: 'beta:1-0', 2: 'beta:1-0', 3: 'beta:1-0' });
      await group.untilSeen(await group.send(20));
      sim.network.heal();
      await group.untilOwners({ 0: 'alpha:1-0', 1: 'alpha:1-0', 2: 'beta:1-0', 3: 'beta:1-0' });
      await group.untilSeen(await group.send(20));
    });
  });

  it('follows partitions to the brokers that lead them now', async () => {
    await tell(async (group) => {
      await group.join('alpha');
      await group.untilSeen(await group.send(20));
      group.cluster.kill(2);
      await group.untilSeen(await group.send(20));
      await group.cluster.startBroker(2);
      await group.untilReplicated();
      group.cluster.kill(1);
      await group.untilSeen(await group.send(20));
    });
  });

  it('consumes a topic that comes later, and partitions that are added, by a pattern', async () => {
    await tell(async (group) => {
      const consumer = await group.connect('alpha');
      const streams = await consumer.createMessageStreamsByFilter({ include: 'ord.*,nothing' });
      const { data } = await group.zookeeper.getData('/consumers/readers/ids/alpha:1');
      assert.match(String(data), /"subscription":\{"ord\.\*,nothing":1\},"pattern":"white_list"/);
      for (const stream of streams) void group.read(stream);
      await group.untilSeen(await group.send(20));
    });
  });

  it('begins at the end when it is told to', async () => {
    await tell(async (group) => {
      const early = await group.send(20);
      await group.join('alpha', { autoOffsetReset: 'largest' });
      await group.cluster.sim.advance(2000);
      const late = await group.send(20);
      await group.untilSeen(late);
      assert.deepEqual(
        early.filter((record) => group.seen.has(record)),
        [],
      );
    });
  });

  it('says that its partitions could not be had, when somebody keeps them', async () => {
    await tell(async (group) => {
      const { zookeeper } = group;
      for (const path of [
        '/consumers/readers',
        '/consumers/readers/owners',
        '/consumers/readers/owners/orders',
      ]) {
        await zookeeper.create(path);
      }
      await zookeeper.create('/consumers/readers/owners/orders/3', Buffer.from('other'), {
        mode: 'ephemeral',
      });
      const consumer = await group.connect('alpha', { rebalanceMaxRetries: 3 });
      await assert.rejects(
        consumer.createMessageStreams({ orders: 1 }),
        /could not take its partitions in 3 attempts/,
      );
      assert.deepEqual(await group.owners(), { 3: 'other' });
    });
  });

  it(`hands out each record at least once, and never takes an offset back: ${SEEDS} seeds of faults`, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      await tell(async (group) => {
        const random = new SimRandom(seed);
        const { cluster } = group;
        const names = ['alpha', 'beta', 'gamma'];
        for (const name of names) await group.join(name);
        const records: string[] = [];
        for (let round = 0; round < 6; round++) {
          records.push(...(await group.send(1 + random.below(30))));
          const name = names[random.below(names.length)] ?? 'alpha';
          const fault = random.below(3);
          if (fault === 0) {
            cluster.sim.network.partition([name], ['zk']);
            await cluster.sim.advance(random.below(12_000));
            cluster.sim.network.heal();
          } else if (fault === 1) {
            await group.leave(name);
            await cluster.sim.advance(random.below(3000));
            await group.join(name);
          } else {
            const broker = 1 + random.below(2);
            cluster.kill(broker);
            records.push(...(await group.send(1 + random.below(30))));
            await cluster.startBroker(broker);
            await group.untilReplicated();
          }
        }
        await group.untilSeen(records, 300_000);
        await group.untilOwners({ 0: 'alpha:1-0', 1: 'alpha:1-0', 2: 'beta:1-0', 3: 'gamma:1-0' });
      }, seed);
    }
  });
});
