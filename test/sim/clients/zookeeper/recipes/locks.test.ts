import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Holding,
  LeaderElection,
  Lock,
  ReadWriteLock,
  Semaphore,
} from '../../../../../src/clients/zookeeper/index.ts';
import { Cluster } from '../cluster.ts';
import { noted } from './noted.ts';

const PATH = '/recipes/one';

describe('lock', () => {
  it('goes from holder to holder in the order of asking, with growing fencing numbers', async () => {
    const cluster = new Cluster(1);
    await cluster.sim.run(async () => {
      await cluster.startServer();
      const order: string[] = [];
      let lastFence = 0;
      const waiting: Promise<void>[] = [];
      for (const name of ['a', 'b', 'c']) {
        const { client } = await cluster.connect(name);
        const use = async (): Promise<void> => {
          await using held = await new Lock(client, PATH).acquire();
          order.push(name);
          assert.ok(held.fencingNumber > lastFence);
          lastFence = held.fencingNumber;
          await cluster.sim.advance(100);
        };
        waiting.push(use());
        await cluster.sim.advance(20);
      }
      await Promise.all(waiting);
      assert.deepEqual(order, ['a', 'b', 'c']);
    });
  });

  it('tells its holder of a deleted node, an expired session and a silent network', async () => {
    for (const way of ['deleted', 'expired', 'isolated'] as const) {
      const cluster = new Cluster(2);
      await cluster.sim.run(async () => {
        await cluster.startServer();
        const [{ client }, other] = [await cluster.connect('client'), await cluster.connect('other')];
        const held = await new Lock(client, PATH).acquire();
        const next = noted(new Lock(other.client, PATH).acquire());
        await cluster.sim.advance(100);
        assert.equal(held.lost.aborted, false);
        assert.deepEqual([next.value], [undefined]);
        if (way === 'deleted') await other.client.delete(held.path);
        if (way === 'isolated') cluster.sim.network.isolate('client');
        if (way === 'expired') {
          const session = { id: client.sessionId, password: client.sessionPassword };
          const thief = await cluster.connect('thief', { session });
          await thief.client.close();
        }
        await cluster.sim.runUntil(() => held.lost.aborted, { withinMs: 8000 });
        assert.match(String(held.lost.reason), /^RecipeError: LOST: /);
        await cluster.sim.runUntil(() => next.value !== undefined, { withinMs: 8000 });
        assert.ok((next.value?.fencingNumber ?? 0) > held.fencingNumber);
        cluster.sim.network.heal();
        await held.release();
        assert.equal(next.value?.lost.aborted, false);
      });
    }
  });

  it('leaves nothing behind when the wait for it is ended', async () => {
    const cluster = new Cluster(3);
    await cluster.sim.run(async () => {
      await cluster.startServer();
      const { client } = await cluster.connect('client');
      const held = await new Lock(client, PATH).acquire();
      for (const afterMs of [0, 0.5, 2, 50]) {
        const abort = new AbortController();
        const waiting = new Lock(client, PATH).acquire({ signal: abort.signal });
        const rejected = assert.rejects(waiting, { message: 'enough' });
        await cluster.sim.advance(afterMs);
        abort.abort(new Error('enough'));
        await rejected;
      }
      await cluster.sim.advance(100);
      assert.equal((await client.getChildren(PATH)).length, 1);
      await held.release();
      assert.deepEqual(await client.getChildren(PATH), []);
    });
  });
});

describe('read/write lock', () => {
  it('is shared by readers, and a writer waits for them and they for it', async () => {
    const cluster = new Cluster(4);
    await cluster.sim.run(async () => {
      await cluster.startServer();
      const { client } = await cluster.connect('client');
      const lock = new ReadWriteLock(client, PATH);
      const readers = [await lock.acquireRead(), await lock.acquireRead()];
      const writer = noted(lock.acquireWrite());
      await cluster.sim.advance(50);
      const late = noted(lock.acquireRead());
      await readers[0]?.release();
      await cluster.sim.advance(50);
      assert.deepEqual([writer.value, late.value], [undefined, undefined]);
      await readers[1]?.release();
      await cluster.sim.runUntil(() => writer.value !== undefined, { withinMs: 1000 });
      assert.equal(late.value, undefined);
      await writer.value?.release();
      await cluster.sim.runUntil(() => late.value !== undefined, { withinMs: 1000 });
    });
  });
});

describe('semaphore', () => {
  it('has no more holders than permits, and refuses to have none', async () => {
    const cluster = new Cluster(5);
    await cluster.sim.run(async () => {
      await cluster.startServer();
      const { client } = await cluster.connect('client');
      assert.throws(() => new Semaphore(client, PATH, 0), { code: 'BADARGUMENTS' });
      const semaphore = new Semaphore(client, PATH, 2);
      const held: Holding[] = [await semaphore.acquire(), await semaphore.acquire()];
      const third = noted(semaphore.acquire());
      await cluster.sim.advance(50);
      assert.equal(third.value, undefined);
      // The first, which is not the one right in front of the third.
      await held[0]?.release();
      await cluster.sim.runUntil(() => third.value !== undefined, { withinMs: 1000 });
    });
  });
});

describe('leader election', () => {
  it('names the leader, and elects the next when it resigns', async () => {
    const cluster = new Cluster(6);
    await cluster.sim.run(async () => {
      await cluster.startServer();
      const [{ client }, other] = [await cluster.connect('client'), await cluster.connect('other')];
      const election = new LeaderElection(client, PATH);
      assert.equal(await election.leader(), null);
      const first = await election.lead({ data: Buffer.from('first') });
      const second = noted(new LeaderElection(other.client, PATH).lead({ data: Buffer.from('second') }));
      assert.equal(String((await election.leader())?.data), 'first');
      await first.release();
      await cluster.sim.runUntil(() => second.value !== undefined, { withinMs: 1000 });
      const leader = await election.leader();
      assert.deepEqual(
        [String(leader?.data), leader?.fencingNumber],
        ['second', second.value?.fencingNumber],
      );
    });
  });
});
