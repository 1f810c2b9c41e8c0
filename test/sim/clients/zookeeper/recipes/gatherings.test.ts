import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  Barrier,
  Counter,
  DoubleBarrier,
  Lease,
  Membership,
  PriorityQueue,
  Queue,
  ZooKeeperClient,
} from '../../../../../src/clients/zookeeper/index.ts';
import { ZkEnsemble } from '../../../../support/zk-ensemble.ts';
import { Cluster } from '../cluster.ts';
import { noted } from './noted.ts';

const PATH = '/recipes/one';

async function story(seed: number, tell: (cluster: Cluster) => Promise<void>): Promise<void> {
  const cluster = new Cluster(seed);
  await cluster.sim.run(async () => {
    await cluster.startServer();
    await tell(cluster);
  });
}

describe('queue', () => {
  it('gives out items in the order of their putting, each to one taker', () =>
    story(1, async (cluster) => {
      const { client } = await cluster.connect('client');
      const queue = new Queue(client, PATH);
      for (const item of ['a', 'b']) await queue.put(Buffer.from(item));
      const [first, second] = [await queue.take(), await queue.take()];
      const third = noted(queue.take());
      assert.deepEqual([String(first.data), String(second.data)], ['a', 'b']);
      await first.complete();
      await cluster.sim.advance(100);
      assert.deepEqual([third.value, await queue.count()], [undefined, 1]);
      await queue.put(Buffer.from('c'));
      await cluster.sim.runUntil(() => third.value !== undefined, { withinMs: 1000 });
      assert.equal(String(third.value?.data), 'c');
    }));

  it('gives an item anew that was given back, or whose taker lost its session', () =>
    story(2, async (cluster) => {
      const [{ client }, other] = [await cluster.connect('client'), await cluster.connect('other')];
      const [mine, others] = [new Queue(client, PATH), new Queue(other.client, PATH)];
      await mine.put(Buffer.from('a'));
      const returned = await mine.take();
      await returned[Symbol.asyncDispose]();
      const lost = await mine.take();
      cluster.sim.network.isolate('client');
      const again = await others.take();
      assert.equal(String(again.data), 'a');
      assert.ok(again.fencingNumber > lost.fencingNumber);
      await again.complete();
      cluster.sim.network.heal();
      await assert.rejects(lost.complete(), { code: 'LOST' });
      assert.equal(await others.count(), 0);
    }));

  it('puts an item once whose answer was lost, also when it is taken and completed before that is found out', () =>
    story(20, async (cluster) => {
      const [{ client, events }, other] = [await cluster.connect('client'), await cluster.connect('other')];
      const [mine, others] = [new Queue(client, PATH), new Queue(other.client, PATH)];
      await mine.put(Buffer.from('a'));
      await (await others.take()).complete();
      cluster.sim.network.blockOneWay(['zk'], ['client']);
      const putting = mine.put(Buffer.from('b'));
      await (await others.take()).complete();
      await cluster.sim.runUntil(() => events.includes('disconnected'), { withinMs: 6000 });
      cluster.sim.network.heal();
      await putting;
      assert.equal(await others.count(), 0);
      assert.ok(!events.includes('expired'));
    }));

  it('gives up a claim that was taken for lost, though its session lives on', () =>
    story(21, async (cluster) => {
      const [{ client, events }, other] = [await cluster.connect('client'), await cluster.connect('other')];
      const [mine, others] = [new Queue(client, PATH), new Queue(other.client, PATH)];
      await mine.put(Buffer.from('a'));
      const taken = await mine.take();
      cluster.serverHost.kill();
      await cluster.sim.runUntil(() => taken.lost.aborted, { withinMs: 6000 });
      cluster.serverHost.restart();
      await cluster.startServer();
      await Promise.all([client.connected(), other.client.connected()]);
      const again = noted(others.take());
      await cluster.sim.advance(1000);
      // Nobody has it before the one who lost it has said so: its node is still there.
      assert.deepEqual([again.value, await others.count()], [undefined, 1]);
      await assert.rejects(taken.complete(), { code: 'LOST' });
      await cluster.sim.runUntil(() => again.value !== undefined, { withinMs: 1000 });
      assert.equal(String(again.value?.data), 'a');
      assert.ok(!events.includes('expired'));
    }));

  it('gives back its own claim alone, when the answer was lost and somebody else has claimed the item', () =>
    story(22, async (cluster) => {
      const [{ client, events }, other] = [await cluster.connect('client'), await cluster.connect('other')];
      const [mine, others] = [new Queue(client, PATH), new Queue(other.client, PATH)];
      await mine.put(Buffer.from('a'));
      const returned = await mine.take();
      const { delete: send } = client;
      client.delete = (path, version) => {
        if (!events.includes('disconnected')) cluster.sim.network.blockOneWay(['zk'], ['client']);
        return send.call(client, path, version);
      };
      const returning = returned[Symbol.asyncDispose]();
      const again = await others.take();
      await cluster.sim.runUntil(() => events.includes('disconnected'), { withinMs: 6000 });
      cluster.sim.network.heal();
      await returning;
      await cluster.sim.advance(1000);
      assert.ok(!again.lost.aborted);
      await again.complete();
    }));

  it('with priorities gives out the most urgent one first, and refuses what is no priority', () =>
    story(3, async (cluster) => {
      const { client } = await cluster.connect('client');
      const queue = new PriorityQueue(client, PATH);
      for (const priority of [10, 9, 10, 0]) await queue.put(Buffer.from(String(priority)), priority);
      const order: string[] = [];
      for (let count = await queue.count(); count > 0; count--) order.push(String((await queue.take()).data));
      assert.deepEqual(order, ['0', '9', '10', '10']);
      await assert.rejects(queue.put(null, 0.5), { code: 'BADARGUMENTS' });
    }));
});

describe('barrier', () => {
  it('holds up until it is removed', () =>
    story(4, async (cluster) => {
      const { client } = await cluster.connect('client');
      const barrier = new Barrier(client, PATH);
      await barrier.wait();
      await barrier.set();
      await barrier.set();
      const waiting = noted(barrier.wait().then(() => 'passed'));
      await cluster.sim.advance(100);
      assert.deepEqual([waiting.value], [undefined]);
      await barrier.remove();
      await cluster.sim.runUntil(() => waiting.value === 'passed', { withinMs: 1000 });
    }));

  it('holds up who is connected to a server that has not heard of it yet', async () => {
    const ensemble = new ZkEnsemble();
    await ensemble.sim.run(async () => {
      await ensemble.startAll();
      const leader = await ensemble.serving();
      const follower = ensemble.ids.find((id) => id !== leader) ?? 0;
      const connect = (id: number) =>
        ZooKeeperClient.connect(ensemble.clientHost.env, { connectString: `zk${id}:2181` });
      const [early, late] = [await connect(leader), await connect(follower)];
      await new Barrier(late, PATH).wait();
      const deafen = (blocked: boolean) =>
        ensemble.sim.network.setLink(`zk${leader}`, `zk${follower}`, { blocked });
      deafen(true);
      await new Barrier(early, PATH).set();
      const waiting = noted(new Barrier(late, PATH).wait().then(() => 'passed'));
      await ensemble.sim.advance(500);
      deafen(false);
      await ensemble.sim.advance(500);
      assert.deepEqual([waiting.value], [undefined]);
      await new Barrier(early, PATH).remove();
      await ensemble.sim.runUntil(() => waiting.value === 'passed', { withinMs: 1000 });
    });
  });

  it('for two lets both in, lets both out, and begins anew', () =>
    story(5, async (cluster) => {
      const { client } = await cluster.connect('client');
      const barrier = new DoubleBarrier(client, PATH, 2);
      let last = -1;
      for (let round = 0; round < 3; round++) {
        const early = noted(barrier.enter());
        await cluster.sim.advance(100);
        assert.deepEqual([early.value], [undefined]);
        const late = await barrier.enter();
        await cluster.sim.runUntil(() => early.value !== undefined, { withinMs: 1000 });
        assert.equal(early.value?.number, late.number);
        assert.ok(late.number > last);
        last = late.number;
        const left = noted(late.leave().then(() => 'left'));
        await cluster.sim.advance(100);
        assert.deepEqual([left.value], [undefined]);
        await early.value?.leave();
        await cluster.sim.runUntil(() => left.value === 'left', { withinMs: 1000 });
      }
      assert.throws(() => new DoubleBarrier(client, PATH, 0), { code: 'BADARGUMENTS' });
    }));
});

describe('counter', () => {
  it('adds what many add at the same time, and refuses what is no number', () =>
    story(6, async (cluster) => {
      const [{ client }, other] = [await cluster.connect('client'), await cluster.connect('other')];
      const counters = [new Counter(client, PATH), new Counter(other.client, PATH)];
      assert.equal(await counters[0]?.get(), 0);
      await Promise.all(counters.flatMap((counter) => [counter.add(1), counter.add(-3), counter.add(10)]));
      assert.equal(await counters[1]?.get(), 16);
      await assert.rejects(counters[0]?.add(Number.MAX_SAFE_INTEGER) ?? Promise.resolve(), {
        code: 'BADARGUMENTS',
      });
      await client.setData(PATH, Buffer.from('many'));
      await assert.rejects(new Counter(client, PATH).get(), { code: 'FOREIGN_DATA', retriable: false });
    }));
});

describe('membership', () => {
  it('shows who comes and goes', () =>
    story(7, async (cluster) => {
      const [{ client }, other] = [await cluster.connect('client'), await cluster.connect('other')];
      const group = new Membership(client, PATH);
      const seen: string[] = [];
      const watching = (async () => {
        for await (const members of group.changes()) {
          seen.push(members.join(' '));
          if (seen.length === 4) break;
        }
      })();
      await cluster.sim.advance(100);
      const held = await group.join('a', Buffer.from('here'));
      await cluster.sim.advance(100);
      await assert.rejects(new Membership(other.client, PATH).join('a'), { code: 'TAKEN', retriable: true });
      await new Membership(other.client, PATH).join('b');
      await cluster.sim.advance(100);
      assert.deepEqual(await group.members(), ['a', 'b']);
      await held.release();
      await watching;
      assert.deepEqual(seen, ['', 'a', 'a b', 'b']);
    }));
});

describe('lease', () => {
  it('outlives the session of its owner, who gets it anew, and goes to others when it has run out', () =>
    story(8, async (cluster) => {
      const [{ client }, other] = [await cluster.connect('client'), await cluster.connect('other')];
      const lease = (of: typeof client, owner: string) => new Lease(of, PATH, { owner, durationMs: 10_000 });
      const first = await lease(client, 'a').acquire();
      const waiting = noted(lease(other.client, 'b').acquire());
      await cluster.sim.advance(60_000);
      assert.deepEqual([first.lost.aborted, waiting.value], [false, undefined]);
      await client.close();
      const { client: heir } = await cluster.connect('heir');
      const second = await lease(heir, 'a').acquire();
      assert.ok(second.fencingNumber > first.fencingNumber);
      cluster.sim.network.isolate('heir');
      await cluster.sim.runUntil(() => waiting.value !== undefined, { withinMs: 25_000 });
      assert.equal(second.lost.aborted, true);
      assert.ok((waiting.value?.fencingNumber ?? 0) > second.fencingNumber);
      cluster.sim.network.heal();
      await waiting.value?.release();
      const third = await lease(other.client, 'c').acquire();
      await third.release();
    }));
});
