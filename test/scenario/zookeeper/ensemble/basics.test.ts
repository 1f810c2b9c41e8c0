import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ErrorCode } from '../../../../src/wire/zookeeper/errors.ts';
import { EventType, OpCode } from '../../../../src/wire/zookeeper/op-codes.ts';
import { write, ZkEnsemble, type ZkEnsembleOptions } from '../../../support/zk-ensemble.ts';
import { create } from '../../../support/zk-simulation.ts';

async function withEnsemble(
  options: ZkEnsembleOptions,
  story: (zk: ZkEnsemble) => Promise<void>,
): Promise<void> {
  const zk = new ZkEnsemble(options);
  await zk.sim.run(() => story(zk), { withinMs: 3_600_000 });
  zk.assertNoFailures();
}

describe('An ensemble', () => {
  it('elects a leader and serves writes at every server', async () => {
    await withEnsemble({ participants: 3 }, async (zk) => {
      await zk.startAll();
      assert.equal(await zk.serving(1, 2, 3), 3);
      for (const id of zk.ids) {
        const client = await zk.client(id);
        await write(client, `/from-${id}`, `data of ${id}`);
        const read = await client.call(OpCode.getData, { path: `/from-${id}`, watch: false });
        assert.equal(read.header.err, 0);
      }
      await zk.settled();
      zk.assertSameTrees();
    });
  });

  it('goes on after its leader has died, with every acknowledged write, and takes it back as a follower', async () => {
    await withEnsemble({ participants: 3 }, async (zk) => {
      await zk.startAll();
      const first = await zk.serving();
      const client = await zk.client(first);
      for (let i = 0; i < 20; i++) await write(client, `/before-${i}`);
      zk.crash(first);
      const second = await zk.serving();
      assert.notEqual(second, first);
      const other = await zk.client(second);
      for (let i = 0; i < 20; i++) {
        assert.equal((await other.call(OpCode.exists, { path: `/before-${i}`, watch: false })).header.err, 0);
      }
      await write(other, '/after');
      await zk.restart(first);
      assert.equal(await zk.serving(), second);
      await zk.settled();
      assert.ok(zk.tree(first).get('/after'));
      zk.assertSameTrees();
    });
  });

  it('serves nobody without a majority, and again with one', async () => {
    await withEnsemble({ participants: 5 }, async (zk) => {
      await zk.startAll();
      await zk.serving();
      zk.kill(1, 2);
      await zk.serving(3, 4, 5);
      const client = await zk.client(3);
      await write(client, '/three-of-five');
      zk.kill(5);
      await zk.sim.runUntil(() => zk.server(3).mode === undefined && zk.server(4).mode === undefined);
      await client.closed();
      await zk.restart(1);
      await zk.serving(1, 3, 4);
      await write(await zk.client(1), '/again');
      await zk.settled();
      zk.assertSameTrees();
    });
  });

  it('has the leader of a minority step down, and the writes it could not commit taken back', async () => {
    await withEnsemble({ participants: 3 }, async (zk) => {
      await zk.startAll();
      const old = await zk.serving();
      const client = await zk.client(old);
      await write(client, '/kept');
      zk.isolate(old);
      client.request(OpCode.create, create('/lost'));
      const rest = zk.ids.filter((id) => id !== old);
      const leader = await zk.serving(...rest);
      await zk.sim.runUntil(() => zk.server(old).mode === undefined);
      await write(await zk.client(leader), '/new');
      assert.ok(
        zk.tree(old).get('/lost'),
        'what was logged is part of the history until a leader says otherwise',
      );
      zk.isolate(old, false);
      await zk.serving();
      await zk.settled();
      zk.assertSameTrees();
      assert.equal(zk.tree(old).get('/lost'), undefined);
      assert.ok(zk.tree(old).get('/new'));
    });
  });

  it('brings servers up to date: behind by few, emptied, and both after a leader has changed', async () => {
    await withEnsemble({ participants: 3 }, async (zk) => {
      await zk.startAll();
      const leader = await zk.serving();
      const follower = leader === 1 ? 2 : 1;
      const client = await zk.client(leader);
      await write(client, '/a');
      zk.crash(follower);
      for (let i = 0; i < 50; i++) await write(client, `/few-${i}`);
      await zk.restart(follower);
      await zk.serving();
      await zk.settled();
      zk.assertSameTrees();
      zk.crash(follower);
      await write(client, '/b');
      await zk.restartEmpty(follower);
      await zk.serving();
      await zk.settled();
      zk.assertSameTrees();
      for (let i = 0; i < 700; i++) client.request(OpCode.create, create(`/many-${i}`));
      for (let i = 0; i < 700; i++) await client.next();
      zk.crash(follower);
      await zk.restart(follower);
      await zk.serving();
      await zk.settled();
      zk.assertSameTrees();
    });
  });

  it('has observers that see everything, forward writes, and do not count', async () => {
    await withEnsemble({ participants: 3, observers: 2 }, async (zk) => {
      await zk.startAll();
      const leader = await zk.serving();
      assert.equal(zk.server(4).mode, 'observer');
      const client = await zk.client(4);
      await write(client, '/by-observer');
      const other = await zk.client(5);
      await other.call(OpCode.sync, { path: '/' });
      assert.equal((await other.call(OpCode.exists, { path: '/by-observer', watch: false })).header.err, 0);
      await zk.settled();
      zk.assertSameTrees();
      // Two of three voters gone: the observers do not help.
      const voters = [1, 2, 3].filter((id) => id !== leader);
      zk.kill(...voters);
      await zk.sim.runUntil(() => [...zk.servers.values()].every(({ mode }) => mode === undefined));
      await zk.restart(...voters);
      await zk.serving();
      zk.crash(4);
      await write(await zk.client(1), '/while-away');
      await zk.restart(4);
      await zk.serving();
      await zk.settled();
      zk.assertSameTrees();
    });
  });
});

describe('A session of an ensemble', () => {
  it('moves to another server with its ephemerals, and is lost to the old one', async () => {
    await withEnsemble({ participants: 3 }, async (zk) => {
      await zk.startAll();
      await zk.serving();
      const client = await zk.client(1);
      await client.call(OpCode.create, create('/e', '', 1));
      const moved = await zk.reattach(2, client.session);
      assert.ok(moved, 'the session is known at every server');
      await moved.call(OpCode.create, create('/e2', '', 1));
      // The connection at the first server has lost the session: its write is refused and it is closed.
      const refused = await client.call(OpCode.create, create('/from-the-old-one'));
      assert.equal(refused.header.err, ErrorCode.SESSIONMOVED);
      await client.closed();
      await moved.call(OpCode.closeSession);
      const other = await zk.client(3);
      await other.call(OpCode.sync, { path: '/' });
      assert.equal(
        (await other.call(OpCode.exists, { path: '/e', watch: false })).header.err,
        ErrorCode.NONODE,
      );
      assert.equal(
        (await other.call(OpCode.exists, { path: '/e2', watch: false })).header.err,
        ErrorCode.NONODE,
      );
      assert.equal(await zk.reattach(3, client.session), undefined, 'a closed session does not live on');
    });
  });

  it('outlives its server and the leader, and ends when its time is up, once and everywhere', async () => {
    await withEnsemble({ participants: 3 }, async (zk) => {
      await zk.startAll();
      const leader = await zk.serving();
      const follower = leader === 1 ? 2 : 1;
      const watcher = await zk.client(follower, 20_000);
      const client = await zk.client(leader, 8000);
      await client.call(OpCode.create, create('/mine', '', 1));
      await watcher.call(OpCode.sync, { path: '/' });
      await watcher.call(OpCode.exists, { path: '/mine', watch: true });
      zk.kill(leader);
      await zk.serving();
      const again = await zk.reattach(follower, client.session, 8000);
      assert.ok(again, 'the session has been taken over');
      assert.equal((await again.call(OpCode.exists, { path: '/mine', watch: false })).header.err, 0);
      const back = await zk.reattach(follower, watcher.session, 20_000);
      assert.ok(back);
      await back.call(OpCode.exists, { path: '/mine', watch: true });
      again.destroy();
      const event = await back.event();
      assert.deepEqual([event.type, event.path], [EventType.nodeDeleted, '/mine']);
      await zk.settled();
      zk.assertSameTrees();
    });
  });

  it('is kept alive by pings at a follower', async () => {
    await withEnsemble({ participants: 3 }, async (zk) => {
      await zk.startAll();
      const leader = await zk.serving();
      const client = await zk.client(leader === 1 ? 2 : 1, 4000);
      await client.call(OpCode.create, create('/alive', '', 1));
      for (let i = 0; i < 15; i++) {
        await zk.sim.advance(1000);
        await client.call(OpCode.ping).catch(() => undefined);
      }
      assert.ok(zk.tree(leader).get('/alive'), 'fifteen seconds with a timeout of four');
    });
  });
});

describe('A watch in an ensemble', () => {
  it('fires at every server, before the change is seen there', async () => {
    await withEnsemble({ participants: 3, observers: 1 }, async (zk) => {
      await zk.startAll();
      await zk.serving();
      const watchers = await Promise.all(zk.ids.map((id) => zk.client(id)));
      for (const watcher of watchers) await watcher.call(OpCode.exists, { path: '/w', watch: true });
      const writer = await zk.client(2);
      await write(writer, '/w');
      for (const watcher of watchers) {
        const event = await watcher.event();
        assert.deepEqual([event.type, event.path], [EventType.nodeCreated, '/w']);
        assert.equal((await watcher.call(OpCode.exists, { path: '/w', watch: false })).header.err, 0);
      }
    });
  });
});
