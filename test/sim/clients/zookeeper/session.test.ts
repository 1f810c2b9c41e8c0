import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ZooKeeperClient } from '../../../../src/clients/index.ts';
import { Cluster, recorder } from './cluster.ts';

describe('ZooKeeper session', () => {
  it('agrees on a timeout and lives on pings', async () => {
    const cluster = new Cluster(1);
    await cluster.sim.run(async () => {
      await cluster.startServer();
      const { client, events } = await cluster.connect('client', { sessionTimeoutMs: 100_000 });
      assert.equal(client.sessionTimeoutMs, 20_000);
      await client.create('/e', null, { mode: 'ephemeral' });
      await cluster.sim.advance(200_000);
      assert.deepEqual(events, ['connected']);
      assert.ok(await client.exists('/e'));
    });
  });

  it('survives a restart of the server: same session, ephemeral nodes and watches', async () => {
    for (const seed of [1, 2, 3]) {
      const cluster = new Cluster(seed);
      await cluster.sim.run(async () => {
        await cluster.startServer();
        const [{ client, events }, other] = [await cluster.connect('client'), await cluster.connect('other')];
        const { calls, watch } = recorder();
        await client.create('/e', null, { mode: 'ephemeral' });
        await client.create('/data');
        await client.getData('/data', watch);
        await client.exists('/new', watch);
        await client.getChildren('/', watch);
        await client.addWatch('/data', 'persistent', watch);
        const { sessionId } = client;
        cluster.serverHost.crash();
        await cluster.sim.runUntil(() => events.includes('disconnected'));
        cluster.serverHost.restart();
        await cluster.startServer();
        await client.connected();
        assert.deepEqual(events, ['connected', 'disconnected', 'connected']);
        assert.equal(client.sessionId, sessionId);
        assert.equal((await client.exists('/e'))?.ephemeralOwner, sessionId);
        await other.client.connected();
        await other.client.setData('/data', null);
        await other.client.create('/new');
        await cluster.sim.advance(100);
        // One callback, called once for each change, though two watches of it wait for the first one.
        assert.deepEqual(calls, ['nodeDataChanged /data', 'nodeCreated /new', 'nodeChildrenChanged /']);
      });
    }
  });

  it('learns on its return what it had missed', async () => {
    const cluster = new Cluster(4);
    const { network } = cluster.sim;
    await cluster.sim.run(async () => {
      await cluster.startServer();
      const [{ client, events }, other] = [await cluster.connect('client'), await cluster.connect('other')];
      const { calls, watch } = recorder();
      await client.create('/data');
      await client.create('/gone');
      await client.getData('/data', watch);
      await client.exists('/gone', watch);
      await client.exists('/new', watch);
      network.isolate('client');
      await cluster.sim.runUntil(() => events.includes('disconnected'), { withinMs: 5000 });
      await other.client.setData('/data', null);
      await other.client.delete('/gone');
      await other.client.create('/new');
      network.heal();
      await client.connected();
      await cluster.sim.advance(100);
      assert.deepEqual(calls.sort(), ['nodeCreated /new', 'nodeDataChanged /data', 'nodeDeleted /gone']);
      assert.deepEqual(events, ['connected', 'disconnected', 'connected']);
    });
  });

  it('expires when it was away for too long, and tells owner, requests and watches', async () => {
    const cluster = new Cluster(5);
    const { network } = cluster.sim;
    await cluster.sim.run(async () => {
      await cluster.startServer();
      const [{ client, events }, other] = [await cluster.connect('client'), await cluster.connect('other')];
      await client.create('/e', null, { mode: 'ephemeral' });
      const mine = recorder();
      const others = recorder();
      await client.exists('/x', mine.watch);
      await other.client.exists('/e', others.watch);
      network.isolate('client');
      const lost = client.setData('/e', null);
      await assert.rejects(lost, { code: 'CONNECTIONLOSS', path: '/e' });
      await cluster.sim.runUntil(() => others.calls.length > 0, { withinMs: 20_000 });
      assert.deepEqual(others.calls, ['nodeDeleted /e']);
      assert.equal(client.state, 'connecting');
      network.heal();
      await assert.rejects(client.connected(), { code: 'SESSIONEXPIRED' });
      assert.deepEqual(events, ['connected', 'disconnected', 'expired']);
      assert.deepEqual(mine.calls, ['sessionEnded /x']);
      await assert.rejects(client.getData('/'), { code: 'SESSIONEXPIRED' });
      await client.close();
      assert.equal(client.state, 'closed');
    });
  });

  it('ends by close, with its ephemeral nodes and whatever was asked before', async () => {
    const cluster = new Cluster(6);
    await cluster.sim.run(async () => {
      await cluster.startServer();
      const [{ client, events }, other] = [await cluster.connect('client'), await cluster.connect('other')];
      const created = client.create('/e', null, { mode: 'ephemeral' });
      const closing = client.close();
      assert.equal(await created, '/e');
      await closing;
      assert.equal(await other.client.exists('/e'), null);
      assert.deepEqual(events, ['connected', 'closed']);
      await assert.rejects(client.getData('/'), { code: 'SESSIONEXPIRED' });
      await assert.rejects(client.connected(), { code: 'SESSIONEXPIRED' });
      await client.close();
    });
  });

  it('is taken over by another client that has its id and password', async () => {
    const cluster = new Cluster(7);
    await cluster.sim.run(async () => {
      await cluster.startServer();
      const { client } = await cluster.connect('client');
      await client.create('/e', null, { mode: 'ephemeral' });
      const session = { id: client.sessionId, password: client.sessionPassword };
      cluster.sim.host('client').kill();
      const heir = await cluster.connect('heir', { session });
      assert.equal(heir.client.sessionId, session.id);
      assert.equal((await heir.client.exists('/e'))?.ephemeralOwner, session.id);
      const wrong = { id: session.id, password: Buffer.alloc(16, 1) };
      await assert.rejects(cluster.connect('thief', { session: wrong }), { code: 'SESSIONEXPIRED' });
    });
  });

  it('finds the server that serves among several', async () => {
    for (const seed of [1, 2, 3, 4]) {
      const cluster = new Cluster(seed);
      cluster.sim.host('down').kill();
      cluster.sim.host('closed');
      await cluster.sim.run(async () => {
        await cluster.startServer();
        const { client } = await cluster.connect('client', { connectString: 'down:1,closed:2,zk:2181' });
        assert.equal(client.state, 'connected');
        await client.create('/a');
      });
    }
  });

  it('gives up to connect after a while, and stays quiet then', async () => {
    const sim = new Cluster(1).sim;
    await sim.run(async () => {
      const { env } = sim.host('client');
      const connecting = ZooKeeperClient.connect(env, { connectString: 'zk:2181', connectTimeoutMs: 5000 });
      await assert.rejects(connecting, {
        code: 'CONNECTIONLOSS',
        message: 'CONNECTIONLOSS: no server of zk:2181 accepted a session within 5000 ms',
      });
      assert.equal(sim.nowMs, 5000);
      await assert.rejects(ZooKeeperClient.connect(env, { connectString: 'zk:x' }), {
        name: 'ConnectStringError',
      });
    });
  });

  it('gives its identities to every server anew, and fails when one is refused', async () => {
    const cluster = new Cluster(8);
    await cluster.sim.run(async () => {
      await cluster.startServer();
      const auth = [{ scheme: 'digest', auth: Buffer.from('me:secret') }];
      const { client, events } = await cluster.connect('client', { auth });
      await client.create('/mine', null, { acl: [{ perms: 31, id: { scheme: 'auth', id: '' } }] });
      cluster.serverHost.kill();
      await cluster.sim.runUntil(() => events.includes('disconnected'));
      const late = client.addAuth('digest', 'also:me');
      cluster.serverHost.restart();
      await cluster.startServer();
      await late;
      await client.setData('/mine', null);
      assert.ok((await client.whoAmI()).some((each) => each.user === 'also'));
      await assert.rejects(client.addAuth('no-such-scheme', 'x'), { code: 'AUTHFAILED' });
      assert.equal(client.state, 'authFailed');
      await assert.rejects(client.getData('/'), { code: 'AUTHFAILED' });
      assert.equal(events.at(-1), 'authFailed');
    });
  });
});

describe('ZooKeeper watches', () => {
  it('come before the answer that shows the change, and after the answer that set them', async () => {
    const cluster = new Cluster(9);
    await cluster.sim.run(async () => {
      await cluster.startServer();
      const { client } = await cluster.connect('client');
      const order: string[] = [];
      await client.create('/a');
      await Promise.all([
        client.getData('/a', () => order.push('watch')).then(() => order.push('set the watch')),
        client.setData('/a', null).then(() => order.push('changed')),
      ]);
      assert.deepEqual(order, ['set the watch', 'watch', 'changed']);
    });
  });

  it('fire once, or stay when they are persistent, recursive or not', async () => {
    const cluster = new Cluster(10);
    await cluster.sim.run(async () => {
      await cluster.startServer();
      const { client } = await cluster.connect('client');
      await client.create('/a');
      const [once, persistent, recursive] = [recorder(), recorder(), recorder()];
      await client.getData('/a', once.watch);
      await client.getChildren('/a', once.watch);
      await client.addWatch('/a', 'persistent', persistent.watch);
      await client.addWatch('/a', 'persistentRecursive', recursive.watch);
      for (const data of ['1', '2']) await client.setData('/a', Buffer.from(data));
      await client.create('/a/b');
      await client.setData('/a/b', null);
      await client.delete('/a/b');
      await client.delete('/a');
      assert.deepEqual(once.calls, ['nodeDataChanged /a', 'nodeChildrenChanged /a']);
      assert.deepEqual(persistent.calls, [
        'nodeDataChanged /a',
        'nodeDataChanged /a',
        'nodeChildrenChanged /a',
        'nodeChildrenChanged /a',
        'nodeDeleted /a',
      ]);
      assert.deepEqual(recursive.calls, [
        'nodeDataChanged /a',
        'nodeDataChanged /a',
        'nodeCreated /a/b',
        'nodeDataChanged /a/b',
        'nodeDeleted /a/b',
        'nodeDeleted /a',
      ]);
    });
  });

  it('are removed one by one or all together', async () => {
    const cluster = new Cluster(11);
    await cluster.sim.run(async () => {
      await cluster.startServer();
      const { client } = await cluster.connect('client');
      await client.create('/a');
      const [first, second] = [recorder(), recorder()];
      await client.getData('/a', first.watch);
      await client.getData('/a', second.watch);
      await client.removeWatches('/a', 'data', first.watch);
      assert.deepEqual(first.calls, ['dataWatchRemoved /a']);
      await assert.rejects(client.removeWatches('/a', 'data', first.watch), { code: 'NOWATCHER' });
      await assert.rejects(client.removeWatches('/a', 'children'), { code: 'NOWATCHER' });
      await client.setData('/a', null);
      assert.deepEqual(second.calls, ['nodeDataChanged /a']);
      await client.addWatch('/a', 'persistentRecursive', second.watch);
      await client.getChildren('/a', first.watch);
      await client.removeWatches('/a', 'any');
      await client.create('/a/b');
      assert.deepEqual(first.calls, ['dataWatchRemoved /a', 'childWatchRemoved /a']);
      assert.deepEqual(second.calls, ['nodeDataChanged /a', 'persistentWatchRemoved /a']);
    });
  });
});
