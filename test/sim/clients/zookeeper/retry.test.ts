import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createProtected, withRetries, ZooKeeperError } from '../../../../src/clients/zookeeper/index.ts';
import { Cluster } from './cluster.ts';

describe('operations with a signal', () => {
  it('reject with its reason, before they are sent or while they wait', async () => {
    const cluster = new Cluster(1);
    await cluster.sim.run(async () => {
      await cluster.startServer();
      const { client, events } = await cluster.connect('client');
      const abort = new AbortController();
      const view = client.withSignal(abort.signal);
      assert.equal(await view.create('/a'), '/a');
      cluster.serverHost.kill();
      await cluster.sim.runUntil(() => events.includes('disconnected'));
      const [waiting, connecting] = [view.exists('/a'), view.connected()];
      abort.abort(new Error('no longer needed'));
      await assert.rejects(waiting, { message: 'no longer needed' });
      await assert.rejects(connecting, { message: 'no longer needed' });
      await assert.rejects(view.create('/b'), { message: 'no longer needed' });
      cluster.serverHost.restart();
      await cluster.startServer();
      assert.deepEqual(await withRetries(client, () => client.getChildren('/')), ['zookeeper', 'a']);
    });
  });
});

describe('retries', () => {
  it('go on over lost connections, and end with the session or the signal', async () => {
    const cluster = new Cluster(2);
    await cluster.sim.run(async () => {
      await cluster.startServer();
      const { client } = await cluster.connect('client');
      cluster.serverHost.kill();
      const stat = withRetries(client, () => client.exists('/'));
      const abort = new AbortController();
      const impatient = withRetries(client, () => client.exists('/'), abort.signal);
      await cluster.sim.advance(100);
      abort.abort(new Error('enough'));
      await assert.rejects(impatient, { message: 'enough' });
      cluster.serverHost.restart();
      await cluster.startServer();
      assert.equal((await stat)?.czxid, 0);
      await client.close();
      await assert.rejects(
        withRetries(client, () => client.exists('/')),
        { code: 'SESSIONEXPIRED', retriable: false },
      );
      assert.equal(new ZooKeeperError('CONNECTIONLOSS', '/').retriable, true);
    });
  });

  it('recognise a node whose create was not answered, at whatever moment the connection breaks', async () => {
    let lostReplies = 0;
    for (let afterMs = 0; afterMs < 8; afterMs += 0.25) {
      const cluster = new Cluster(3);
      await cluster.sim.run(async () => {
        await cluster.startServer();
        const { client } = await cluster.connect('client');
        await client.create('/queue');
        const create = client.create2.bind(client);
        let attempts = 0;
        client.create2 = (...args) => {
          attempts++;
          return create(...args);
        };
        const creating = createProtected(client, '/queue/item-', null, { mode: 'persistentSequential' });
        await cluster.sim.advance(afterMs);
        cluster.sim.network.isolate('client');
        await cluster.sim.advance(5000);
        cluster.sim.network.heal();
        const { path, stat } = await creating;
        assert.match(path, /^\/queue\/_c_[0-9a-f]{32}-item-000000000[01]$/);
        assert.deepEqual(await client.getChildren('/queue'), [path.slice('/queue/'.length)]);
        assert.equal((await client.exists(path))?.czxid, stat.czxid);
        if (cluster.sim.nowMs > 5100 && attempts === 1) lostReplies++;
      });
    }
    assert.ok(lostReplies > 0, 'no answer was lost');
  });
});
