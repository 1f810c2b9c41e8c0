import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ErrorCode } from '../../../src/wire/zookeeper/errors.ts';
import { EventType, OpCode } from '../../../src/wire/zookeeper/op-codes.ts';
import type { Create2Response, ExistsResponse } from '../../../src/wire/zookeeper/protocol.ts';
import type { RawZkClient } from '../../support/raw-zk-client.ts';
import { create, OPEN_ACL, setData, withServer, type ZkSimulation } from '../../support/zk-simulation.ts';

const CONTAINER = 4;
const WITH_TTL = 5;

async function exists(client: RawZkClient, path: string): Promise<boolean> {
  const { header } = await client.call(OpCode.exists, { path, watch: false });
  assert.ok(header.err === ErrorCode.OK || header.err === ErrorCode.NONODE);
  return header.err === ErrorCode.OK;
}

describe('limits of a ZooKeeper server', () => {
  it('refuse connections beyond maxClientCnxns from one address, and count closed ones no more', async () => {
    await withServer({ maxClientCnxns: 3 }, async (zk) => {
      const clients = [await zk.client(), await zk.client(), await zk.client()];
      const refused = await zk.open();
      await refused.closed();
      clients[0]?.destroy();
      await zk.sim.advance(100);
      const next = await zk.client();
      assert.equal(next.isClosed, false);
    });
  });

  it('refuse connections beyond maxCnxns, wherever they come from', async () => {
    await withServer({ maxCnxns: 2, maxClientCnxns: 0 }, async (zk) => {
      const clients = [await zk.client(), await zk.client()];
      await (await zk.open()).closed();
      clients[0]?.destroy();
      await zk.sim.advance(100);
      assert.equal((await zk.client()).isClosed, false);
    });
  });

  it('let sessions begin only as fast as connection_throttle_tokens come back', async () => {
    const throttle = { connectionThrottleTokens: 2, connectionThrottleFillTimeMs: 1000 };
    await withServer(throttle, async (zk) => {
      await zk.client();
      await zk.client();
      const refused = await zk.open();
      await assert.rejects(refused.connect(), /closed the connection on a connect request/);
      await zk.sim.advance(1500);
      assert.equal((await zk.client()).isClosed, false);
    });
  });

  it('refuse a large request while others take largeRequestMaxBytes, and no small one', async () => {
    await withServer({ largeRequestThreshold: 1000, largeRequestMaxBytes: 5000 }, async (zk) => {
      const client = await zk.client();
      await client.call(OpCode.create, create('/n'));
      const large = 'x'.repeat(3000);
      // Both are there before the first one is done with.
      client.request(OpCode.setData, setData('/n', large));
      client.request(OpCode.setData, setData('/n', 'small'));
      client.request(OpCode.setData, setData('/n', large));
      await client.closed();
      const other = await zk.client();
      for (let i = 0; i < 3; i++) {
        const { header } = await other.call(OpCode.setData, setData('/n', large));
        assert.equal(header.err, ErrorCode.OK, 'one after the other they fit');
      }
    });
  });

  it('let requests up to jute.maxbuffer pass and close the connection on longer ones', async () => {
    await withServer({ maxBufferBytes: 10_000 }, async (zk) => {
      const client = await zk.client();
      const fits = await client.call(OpCode.create, create('/n', 'x'.repeat(9_900)));
      assert.equal(fits.header.err, ErrorCode.OK);
      client.request(OpCode.setData, setData('/n', 'x'.repeat(10_001)));
      await client.closed();
    });
  });

  for (const limit of [{ globalOutstandingLimit: 10 }, { requestThrottleMaxRequests: 10 }]) {
    const [key] = Object.keys(limit);
    it(`stop the reading from clients that have requests under way (${key}), and serve all in the end`, async () => {
      await withServer(limit, async (zk) => {
        const client = await zk.client();
        await client.call(OpCode.create, create('/n'));
        for (let i = 0; i < 300; i++) client.request(OpCode.setData, setData('/n', String(i)));
        for (let i = 0; i < 300; i++) assert.ok((await client.next()) !== undefined);
        const { record } = await client.call(OpCode.exists, { path: '/n', watch: false });
        assert.equal((record as ExistsResponse).stat.version, 300);
      });
    });
  }

  it('end service when the disk is full, without acknowledging what was not stored', async () => {
    await withServer({}, async (zk, server) => {
      const client = await zk.client();
      await client.call(OpCode.create, create('/n', ''));
      zk.serverHost.disk.faults.broken = true;
      client.request(OpCode.setData, setData('/n', 'lost'));
      assert.match(String(await server.failure), /transaction log/);
      assert.equal(await client.next(), undefined, 'an answer to a write that is not on disk');
      zk.serverHost.disk.faults.broken = false;
      await server.close();
      zk.serverHost.kill();
      zk.serverHost.restart();
      await zk.start();
      const again = await zk.client();
      assert.equal(await exists(again, '/n'), true);
    });
  });
});

describe('nodes that the server removes by itself', () => {
  const fast = { containerCheckIntervalMs: 1000, extendedTypesEnabled: true } as const;

  async function client(zk: ZkSimulation): Promise<RawZkClient> {
    const opened = await zk.client(20_000);
    zk.keepAlive(opened, 5000);
    return opened;
  }

  it('are containers once their last child is gone, not before they ever had one', async () => {
    await withServer(fast, async (zk) => {
      const actor = await zk.client(20_000);
      await actor.call(OpCode.createContainer, create('/unused', '', CONTAINER));
      await actor.call(OpCode.createContainer, create('/used', '', CONTAINER));
      await actor.call(OpCode.create, create('/used/child'));
      await zk.sim.advance(5000);
      assert.equal(await exists(actor, '/used'), true);
      await actor.call(OpCode.delete, { path: '/used/child', version: -1 });
      await actor.call(OpCode.exists, { path: '/used', watch: true });
      assert.equal((await actor.event()).type, EventType.nodeDeleted);
      assert.equal(await exists(actor, '/used'), false);
      assert.equal(await exists(actor, '/unused'), true);
    });
  });

  it('are TTL nodes that were not changed for their time and have no children', async () => {
    await withServer(fast, async (zk) => {
      const actor = await zk.client(20_000);
      const ttl = { data: Buffer.alloc(0), acl: OPEN_ACL, flags: WITH_TTL, ttl: 4000 };
      for (const path of ['/plain', '/parent', '/touched']) {
        const { record } = await actor.call(OpCode.createTTL, { path, ...ttl });
        assert.equal((record as Create2Response).stat.ephemeralOwner, 0n);
      }
      await actor.call(OpCode.create, create('/parent/child'));
      await zk.sim.advance(3000);
      await actor.call(OpCode.setData, setData('/touched', 'again'));
      await zk.sim.advance(3000);
      assert.equal(await exists(actor, '/plain'), false);
      assert.equal(await exists(actor, '/parent'), true);
      assert.equal(await exists(actor, '/touched'), true);
      await zk.sim.advance(3000);
      assert.equal(await exists(actor, '/touched'), false);
    });
  });

  it('are still known as such after a restart', async () => {
    await withServer(fast, async (zk, server) => {
      const before = await client(zk);
      await before.call(OpCode.createContainer, create('/c', '', CONTAINER));
      await before.call(OpCode.create, create('/c/child'));
      await server.close();
      const restarted = await zk.start();
      const after = await client(zk);
      await after.call(OpCode.delete, { path: '/c/child', version: -1 });
      await after.call(OpCode.exists, { path: '/c', watch: true });
      const bytes = await after.next();
      assert.ok(bytes !== undefined);
      assert.equal(await exists(await zk.client(), '/c'), false);
      await restarted.close();
    });
  });

  it('are not TTL nodes where extended types are off: creating one is unimplemented', async () => {
    await withServer({}, async (zk) => {
      const actor = await zk.client();
      const ttl = { path: '/t', data: null, acl: OPEN_ACL, flags: WITH_TTL, ttl: 4000 };
      assert.equal((await actor.call(OpCode.createTTL, ttl)).header.err, ErrorCode.UNIMPLEMENTED);
    });
  });
});
