import assert from 'node:assert/strict';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { ZooKeeperClient } from '../../../src/clients/zookeeper/zookeeper-client.ts';
import type { Env } from '../../../src/env/env.ts';
import { startZooKeeperServer } from '../../../src/zookeeper/server/start.ts';
import { memoryEnv } from '../../support/memory-env.ts';

const SESSION_TIMEOUT_MS = 4000;

function startServer(env: Env, clientPort = 0) {
  return startZooKeeperServer(env, {
    dataDir: '/zookeeper',
    clientPort,
    clientPortAddress: '127.0.0.1',
    tickTimeMs: 200,
  });
}

/** Events of a session, and a way to wait for the next of a kind. */
function events() {
  const seen: string[] = [];
  const waiting = new Map<string, () => void>();
  return {
    seen,
    onEvent(event: string) {
      seen.push(event);
      waiting.get(event)?.();
      waiting.delete(event);
    },
    next: (event: string) => new Promise<void>((resolve) => waiting.set(event, resolve)),
  };
}

describe('a ZooKeeper client over real sockets', () => {
  it('takes its session, its ephemeral nodes and its watches to the server that comes back', async () => {
    const env = memoryEnv();
    const server = await startServer(env);
    const [, port = ''] = server.address.split(':');
    const { seen, onEvent, next } = events();
    const client = await ZooKeeperClient.connect(env, {
      connectString: server.address,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      onEvent,
    });
    const { sessionId } = client;
    await client.create('/mine', null, { mode: 'ephemeral' });
    const changed = new Promise<string>((resolve) => {
      client.exists('/awaited', ({ type }) => resolve(type)).catch(resolve);
    });
    await client.sync();
    const lost = next('disconnected');
    await server.close();
    await lost;
    await assert.rejects(client.getData('/mine'), { code: 'CONNECTIONLOSS' });
    const back = next('connected');
    const again = await startServer(env, Number(port));
    await back;
    assert.equal(client.sessionId, sessionId);
    assert.equal((await client.getData('/mine')).stat.ephemeralOwner, sessionId);
    const other = await ZooKeeperClient.connect(env, { connectString: again.address });
    await other.create('/awaited');
    assert.equal(await changed, 'nodeCreated');
    await other.close();
    await client.close();
    assert.deepEqual(seen, ['connected', 'disconnected', 'connected', 'closed']);
    await again.close();
  });

  it('learns that its session has ended while it was away', async () => {
    const env = memoryEnv();
    const server = await startServer(env);
    const { onEvent, next } = events();
    const client = await ZooKeeperClient.connect(env, { connectString: server.address, onEvent });
    await client.create('/mine', null, { mode: 'ephemeral' });
    // Whoever has id and password may take the session, and end it.
    const session = { id: client.sessionId, password: client.sessionPassword };
    const expired = next('expired');
    const thief = await ZooKeeperClient.connect(env, { connectString: server.address, session });
    await thief.close();
    await expired;
    await assert.rejects(client.exists('/mine'), { code: 'SESSIONEXPIRED' });
    const other = await ZooKeeperClient.connect(env, { connectString: server.address });
    assert.equal(await other.exists('/mine'), null);
    await other.close();
    await server.close();
  });

  it('gives up in time when nobody listens, and when somebody does who never answers', async () => {
    const env = memoryEnv();
    const sockets: Socket[] = [];
    const mute = createServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const { port } = mute.address() as AddressInfo;
    const closedServer = await startServer(env);
    await closedServer.close();
    for (const connectString of [closedServer.address, `127.0.0.1:${port}`]) {
      const began = performance.now();
      await assert.rejects(
        ZooKeeperClient.connect(env, {
          connectString,
          sessionTimeoutMs: SESSION_TIMEOUT_MS,
          connectTimeoutMs: 300,
        }),
        { code: 'CONNECTIONLOSS' },
      );
      const tookMs = performance.now() - began;
      assert.ok(tookMs < SESSION_TIMEOUT_MS, `it took ${tookMs} ms`);
    }
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => mute.close(resolve));
  });

  it('finds a server that comes only later', async () => {
    const env = memoryEnv();
    const probe = await startServer(env);
    const { address } = probe;
    await probe.close();
    const client = ZooKeeperClient.open(env, {
      connectString: address,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
    });
    const server = await startServer(env, Number(address.split(':')[1]));
    await client.connected();
    await client.create('/here');
    await client.close();
    await server.close();
  });
});
