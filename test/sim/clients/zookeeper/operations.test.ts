import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OPEN_ACL, type ZooKeeperClient } from '../../../../src/clients/index.ts';
import { Cluster } from './cluster.ts';

const text = (data: Buffer | null): string | undefined => data?.toString();

/** Runs a story against a server of its own. */
async function story(tell: (client: ZooKeeperClient, cluster: Cluster) => Promise<void>) {
  const cluster = new Cluster(1, { extendedTypesEnabled: true });
  await cluster.sim.run(async () => {
    const server = await cluster.startServer();
    const { client } = await cluster.connect('client');
    await tell(client, cluster);
    await client.close();
    await server.close();
  });
}

describe('ZooKeeper client', () => {
  it('creates, reads, changes and deletes nodes', () =>
    story(async (client) => {
      assert.equal(await client.create('/a', Buffer.from('one')), '/a');
      const { path, stat } = await client.create2('/a/b', null);
      assert.equal(path, '/a/b');
      assert.equal(stat.version, 0);
      const { data, stat: read } = await client.getData('/a');
      assert.equal(text(data), 'one');
      assert.equal(read.numChildren, 1);
      assert.equal((await client.setData('/a', Buffer.from('two'), 0)).version, 1);
      await assert.rejects(client.setData('/a', null, 0), {
        name: 'ZooKeeperError',
        code: 'BADVERSION',
        errorCode: -103,
        path: '/a',
      });
      assert.deepEqual(await client.getChildren('/a'), ['b']);
      const children = await client.getChildren2('/a');
      assert.deepEqual(children.children, ['b']);
      assert.equal(children.stat.version, 1);
      await assert.rejects(client.delete('/a'), { code: 'NOTEMPTY' });
      await client.delete('/a/b', 0);
      assert.equal(await client.exists('/a/b'), null);
      await assert.rejects(client.getData('/a/b'), { code: 'NONODE', path: '/a/b' });
      assert.equal((await client.exists('/a'))?.version, 1);
      await client.sync('/a');
      assert.ok(client.lastZxid > 0);
    }));

  it('creates nodes in every mode', () =>
    story(async (client) => {
      await client.create('/d');
      assert.equal(await client.create('/d/s-', null, { mode: 'persistentSequential' }), '/d/s-0000000000');
      assert.equal(await client.create('/d/', null, { mode: 'ephemeralSequential' }), '/d/0000000001');
      assert.equal(await client.create('/d/e', null, { mode: 'ephemeral' }), '/d/e');
      assert.equal((await client.exists('/d/e'))?.ephemeralOwner, client.sessionId);
      assert.equal(await client.create('/d/c', null, { mode: 'container' }), '/d/c');
      const ttl = { mode: 'persistentWithTTL', ttlMs: 5000 } as const;
      await client.create2('/d/t', null, ttl);
      const sequential = await client.create2('/d/t-', null, { ...ttl, mode: 'persistentSequentialWithTTL' });
      assert.match(sequential.path, /^\/d\/t-\d{10}$/);
      assert.deepEqual((await client.getEphemerals()).sort(), ['/d/0000000001', '/d/e']);
      assert.deepEqual(await client.getEphemerals('/d/e'), ['/d/e']);
      assert.equal(await client.getAllChildrenNumber('/d'), 6);
      await assert.rejects(client.create('/d/x', null, { mode: 'persistentWithTTL' }), /needs ttlMs/);
      await assert.rejects(client.create('/d/x', null, { ttlMs: 1 }), /takes no ttlMs/);
      await assert.rejects(client.create('/d/e/x'), { code: 'NOCHILDRENFOREPHEMERALS' });
    }));

  it('refuses bad paths before they are sent', () =>
    story(async (client) => {
      for (const path of ['', 'a', '/a/', '//', '/a//b', '/a/./b', '/..', '/a\u0000', '/\u001f', '/😀']) {
        await assert.rejects(client.create(path), { code: 'BADARGUMENTS' }, path);
        await assert.rejects(client.getData(path), { code: 'BADARGUMENTS' }, path);
      }
    }));

  it('keeps ACLs and identities', () =>
    story(async (client, cluster) => {
      await client.addAuth('digest', 'me:secret');
      const identities = (await client.whoAmI()).map((each) => each.authScheme);
      assert.ok(identities.includes('digest'));
      await client.create('/mine', Buffer.from('x'), {
        acl: [{ perms: 31, id: { scheme: 'auth', id: '' } }],
      });
      const { acl } = await client.getACL('/mine');
      assert.equal(acl[0]?.id.scheme, 'digest');
      const { client: stranger } = await cluster.connect('stranger');
      await assert.rejects(stranger.getData('/mine'), { code: 'NOAUTH' });
      const stat = await client.setACL('/mine', OPEN_ACL, 0);
      assert.equal(stat.aversion, 1);
      assert.equal(text((await stranger.getData('/mine')).data), 'x');
      await stranger.close();
    }));

  it('does several writes as one, or none of them', () =>
    story(async (client) => {
      const results = await client.multi([
        { op: 'create', path: '/m', data: Buffer.from('1') },
        { op: 'create', path: '/m/s-', mode: 'persistentSequential' },
        { op: 'setData', path: '/m', data: Buffer.from('2'), version: 0 },
        { op: 'check', path: '/m', version: 1 },
        { op: 'delete', path: '/m/s-0000000000' },
      ]);
      assert.deepEqual(
        results.map((result) => ('path' in result ? result.path : result.op)),
        ['/m', '/m/s-0000000000', 'setData', 'check', 'delete'],
      );
      await assert.rejects(
        client.multi([
          { op: 'create', path: '/n' },
          { op: 'check', path: '/m', version: 7 },
          { op: 'delete', path: '/m' },
        ]),
        { code: 'BADVERSION', path: '/m', opIndex: 1 },
      );
      assert.equal(await client.exists('/n'), null);
      assert.deepEqual(await client.multi([]), []);
      const reads = await client.multiRead([
        { op: 'getData', path: '/m' },
        { op: 'getChildren', path: '/' },
        { op: 'getData', path: '/none' },
      ]);
      assert.equal(reads[0]?.op === 'getData' && text(reads[0].data), '2');
      assert.deepEqual(reads[1]?.op === 'getChildren' && reads[1].children.sort(), ['m', 'zookeeper']);
      assert.equal(reads[2]?.op === 'error' && reads[2].error.code, 'NONODE');
      assert.equal(reads[2]?.op === 'error' && reads[2].error.path, '/none');
    }));

  it('answers requests in the order they were made', () =>
    story(async (client) => {
      const order: string[] = [];
      const note = (what: string) => () => void order.push(what);
      await Promise.all([
        client.create('/p').then(note('create')),
        client.getChildren('/').then(note('children')),
        client.delete('/none').catch(note('refused')),
        client.setData('/p', null).then(note('set')),
        client.exists('/p').then(note('exists')),
      ]);
      assert.deepEqual(order, ['create', 'children', 'refused', 'set', 'exists']);
    }));

  it('keeps a client with a chroot below it', async () => {
    await story(async (root, cluster) => {
      await root.create('/base');
      await root.create('/base/kafka');
      const { client } = await cluster.connect('inside', { connectString: 'zk:2181/base/kafka' });
      const seen: string[] = [];
      assert.equal(await client.exists('/x', ({ type, path }) => seen.push(`${type} ${path}`)), null);
      await client.getChildren('/', ({ type, path }) => seen.push(`${type} ${path}`));
      assert.equal(await client.create('/x', null, { mode: 'ephemeral' }), '/x');
      assert.deepEqual(seen, ['nodeCreated /x', 'nodeChildrenChanged /']);
      assert.deepEqual(await client.getEphemerals(), ['/x']);
      assert.deepEqual(await root.getChildren('/base/kafka'), ['x']);
      const [created] = await client.multi([{ op: 'create', path: '/y' }]);
      assert.equal(created?.op === 'create' && created.path, '/y');
      assert.ok((await client.getConfig()).stat);
      await assert.rejects(client.getData('/z'), { path: '/z' });
      await client.close();
    });
  });
});
