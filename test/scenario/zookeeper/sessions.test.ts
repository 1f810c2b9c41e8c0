import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ErrorCode } from '../../../src/wire/zookeeper/errors.ts';
import { EventType, OpCode } from '../../../src/wire/zookeeper/op-codes.ts';
import { create, withServer } from '../../support/zk-simulation.ts';

const EPHEMERAL = 1;
const TICK_MS = 1000;

describe('ZooKeeper sessions', () => {
  it('expire with their ephemerals between timeout and timeout plus two ticks, and watchers hear of it', async () => {
    await withServer({ tickTimeMs: TICK_MS }, async (zk) => {
      const watcher = await zk.client(20_000);
      const owner = await zk.client(4000);
      await owner.call(OpCode.create, create('/e', '', EPHEMERAL));
      const lastSignMs = zk.sim.nowMs;
      await watcher.call(OpCode.exists, { path: '/e', watch: true });
      const event = await watcher.event();
      const afterMs = zk.sim.nowMs - lastSignMs;
      assert.deepEqual([event.type, event.path], [EventType.nodeDeleted, '/e']);
      assert.ok(afterMs > 4000 - 100 && afterMs < 4000 + 2 * TICK_MS, `expired after ${afterMs} ms`);
      assert.ok(owner.isClosed || (await owner.next()) === undefined, 'the expired connection is closed');
    });
  });

  it('live on as long as the client pings', async () => {
    await withServer({ tickTimeMs: TICK_MS }, async (zk) => {
      const owner = await zk.client(4000);
      await owner.call(OpCode.create, create('/e', '', EPHEMERAL));
      zk.keepAlive(owner, 1300);
      await zk.sim.advance(60_000);
      assert.equal(owner.isClosed, false);
      const other = await zk.client();
      assert.equal((await other.call(OpCode.exists, { path: '/e', watch: false })).header.err, ErrorCode.OK);
    });
  });

  it('are closed by their client: ephemerals go at once, the id is worthless', async () => {
    await withServer({}, async (zk) => {
      const owner = await zk.client();
      await owner.call(OpCode.create, create('/e', '', EPHEMERAL));
      assert.equal((await owner.call(OpCode.closeSession)).header.err, ErrorCode.OK);
      await owner.closed();
      const other = await zk.client();
      assert.equal(
        (await other.call(OpCode.exists, { path: '/e', watch: false })).header.err,
        ErrorCode.NONODE,
      );
      const again = await zk.open();
      assert.equal((await again.connect(owner.session)).sessionId, 0n);
    });
  });

  it('move to a new connection of the same client; the old one is closed and the watches stay behind', async () => {
    await withServer({}, async (zk) => {
      const first = await zk.client();
      await first.call(OpCode.create, create('/e', '', EPHEMERAL));
      await first.call(OpCode.exists, { path: '/w', watch: true });
      const second = await zk.open();
      assert.equal((await second.connect(first.session)).sessionId, first.session.sessionId);
      await first.closed();
      await second.call(OpCode.create, create('/w'));
      const ephemerals = await second.call(OpCode.getEphemerals, { prefixPath: '/' });
      assert.deepEqual(ephemerals.record, { ephemerals: ['/e'] });
    });
  });

  it('are not taken over, nor disturbed, by someone with a wrong password', async () => {
    await withServer({}, async (zk) => {
      const owner = await zk.client();
      const thief = await zk.open();
      const refused = await thief.connect({ sessionId: owner.session.sessionId, passwd: Buffer.alloc(16) });
      assert.deepEqual([refused.sessionId, refused.timeOut], [0n, 0]);
      await thief.closed();
      assert.equal((await owner.call(OpCode.exists, { path: '/', watch: false })).header.err, ErrorCode.OK);
    });
  });

  it('survive a restart of the server, and expire after it when nobody comes back', async () => {
    await withServer({ tickTimeMs: TICK_MS }, async (zk, server) => {
      const stays = await zk.client(20_000);
      const goes = await zk.client(4000);
      await stays.call(OpCode.create, create('/stays', '', EPHEMERAL));
      await goes.call(OpCode.create, create('/goes', '', EPHEMERAL));
      await server.close();
      const restarted = await zk.start();
      const back = await zk.open();
      assert.equal(
        (await back.connect({ ...stays.session, timeOut: 20_000 })).sessionId,
        stays.session.sessionId,
      );
      assert.equal((await back.call(OpCode.exists, { path: '/goes', watch: true })).header.err, ErrorCode.OK);
      assert.equal((await back.event()).path, '/goes');
      assert.equal(
        (await back.call(OpCode.exists, { path: '/stays', watch: false })).header.err,
        ErrorCode.OK,
      );
      await restarted.close();
    });
  });

  it('get a timeout between two and twenty ticks', async () => {
    await withServer({ tickTimeMs: 1000 }, async (zk) => {
      for (const [asked, given] of [
        [-5, 2000],
        [1, 2000],
        [3500, 3500],
        [100_000, 20_000],
      ] as const) {
        const client = await zk.open();
        assert.equal((await client.connect({ timeOut: asked })).timeOut, given);
      }
    });
  });

  it('do not exist without a connect request: such connections are closed in time', async () => {
    await withServer({ sessionlessTimeoutMs: 10_000, tickTimeMs: TICK_MS }, async (zk) => {
      const silent = await zk.open();
      const openedMs = zk.sim.nowMs;
      await silent.closed();
      const afterMs = zk.sim.nowMs - openedMs;
      assert.ok(afterMs >= 9_900 && afterMs < 12_500, `closed after ${afterMs} ms`);
    });
  });
});
