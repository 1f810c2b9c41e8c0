import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type CacheChange,
  ChildrenCache,
  NodeCache,
  ServiceDiscovery,
  SetPartitioner,
  TreeCache,
} from '../../../../../src/clients/zookeeper/index.ts';
import { Cluster } from '../cluster.ts';

async function story(seed: number, tell: (cluster: Cluster) => Promise<void>): Promise<void> {
  const cluster = new Cluster(seed);
  await cluster.sim.run(async () => {
    await cluster.startServer();
    await tell(cluster);
  });
}

describe('caches', () => {
  it('tell of the changes of a node, of children, of a tree', () =>
    story(1, async (cluster) => {
      const { client } = await cluster.connect('client');
      const told: Record<string, string[]> = { node: [], children: [], tree: [] };
      const onChange =
        (which: string) =>
        ({ type, node: { path, data } }: CacheChange) =>
          told[which]?.push(`${type} ${path}=${data ?? ''}`);
      await client.create('/a');
      await client.create('/a/b', Buffer.from('1'));
      await using node = await NodeCache.open(client, '/a/b', { onChange: onChange('node') });
      await using children = await ChildrenCache.open(client, '/a', { onChange: onChange('children') });
      await using tree = await TreeCache.open(client, '/a', { onChange: onChange('tree') });
      assert.equal(String(node.get()?.data), '1');
      await client.setData('/a/b', Buffer.from('2'));
      await client.create('/a/b/c', Buffer.from('3'));
      await cluster.sim.advance(100);
      assert.equal(String(children.get('b')?.data), '2');
      assert.deepEqual(
        tree.all().map(({ path }) => path),
        ['/a', '/a/b', '/a/b/c'],
      );
      await client.multi([
        { op: 'delete', path: '/a/b/c' },
        { op: 'delete', path: '/a/b' },
      ]);
      await cluster.sim.advance(100);
      assert.equal(node.get(), undefined);
      assert.deepEqual(told.node, ['added /a/b=1', 'changed /a/b=2', 'removed /a/b=2']);
      assert.deepEqual(told.children, ['added /a=', 'added /a/b=1', 'changed /a/b=2', 'removed /a/b=2']);
      assert.deepEqual(told.tree?.slice(-2), ['removed /a/b/c=3', 'removed /a/b=2']);
      await tree.close();
      await client.setData('/a', Buffer.from('late'));
      await cluster.sim.advance(100);
      assert.equal(String(tree.get('/a')?.data ?? ''), '');
      assert.equal(tree.lost.aborted, true);
    }));

  it('learn after a reconnect what they had missed', () =>
    story(2, async (cluster) => {
      const [{ client, events }, other] = [await cluster.connect('client'), await cluster.connect('other')];
      await client.create('/a');
      for (const name of ['gone', 'kept']) await client.create(`/a/${name}`, Buffer.from('old'));
      await using tree = await TreeCache.open(client, '/a');
      cluster.sim.network.isolate('client');
      await cluster.sim.runUntil(() => events.includes('disconnected'), { withinMs: 5000 });
      await other.client.delete('/a/gone');
      await other.client.setData('/a/kept', Buffer.from('new'));
      await other.client.create('/a/born');
      cluster.sim.network.heal();
      await client.connected();
      await cluster.sim.advance(100);
      assert.deepEqual(
        tree.all().map(({ path, data }) => `${path}=${data ?? ''}`),
        ['/a=', '/a/born=', '/a/kept=new'],
      );
    }));
});

describe('set partitioner', () => {
  it('divides anew when a member comes, goes or loses its session', () =>
    story(3, async (cluster) => {
      const items = ['a', 'b', 'c', 'd'];
      const owned: Record<string, Set<string>> = { m1: new Set(), m2: new Set() };
      const take = async (member: string, signal: AbortSignal): Promise<void> => {
        const { client } = await cluster.connect(member);
        const mine = owned[member] ?? new Set();
        const partitioner = new SetPartitioner(client, '/set', {
          items,
          member,
          assigned: (item) => void mine.add(item),
          revoked: (item) => void mine.delete(item),
        });
        await partitioner.run(signal);
      };
      const sizes = () => [owned.m1?.size, owned.m2?.size].join(' ');
      const becomes = (wanted: string) =>
        cluster.sim.runUntil(() => sizes() === wanted, { withinMs: 20_000 });
      const [first, second] = [new AbortController(), new AbortController()];
      const running = take('m1', first.signal);
      await becomes('4 0');
      const lost = assert.rejects(take('m2', second.signal), /SESSIONEXPIRED|LOST/);
      await becomes('2 2');
      assert.equal(new Set([...(owned.m1 ?? []), ...(owned.m2 ?? [])]).size, 4);
      cluster.sim.network.isolate('m2');
      await cluster.sim.runUntil(() => owned.m1?.size === 4, { withinMs: 20_000 });
      cluster.sim.network.heal();
      await lost;
      assert.equal(sizes(), '4 0');
      first.abort();
      await running;
      assert.equal(sizes(), '0 0');
    }));
});

describe('service discovery', () => {
  it('knows the instances that are up, and picks among them', () =>
    story(4, async (cluster) => {
      const [{ client }, other] = [await cluster.connect('client'), await cluster.connect('other')];
      const discovery = new ServiceDiscovery(client, '/services');
      await using provider = await discovery.discover('mail');
      assert.equal(provider.pick(), undefined);
      const one = { id: '1', address: 'host1', port: 25 };
      const two = { id: '2', address: 'host2', port: 25, payload: { zone: 'b' } };
      const held = await discovery.register('mail', one);
      await new ServiceDiscovery(other.client, '/services').register('mail', two);
      await client.create('/services/mail/stray', Buffer.from('not an instance'));
      await cluster.sim.advance(100);
      assert.deepEqual(provider.instances(), [one, two]);
      assert.deepEqual([provider.pick(), provider.pick(), provider.pick()], [one, two, one]);
      await held.release();
      await cluster.sim.advance(100);
      assert.deepEqual([provider.pick(), provider.pick('random')], [two, two]);
      await assert.rejects(discovery.register('mail', two), { code: 'TAKEN' });
    }));
});
