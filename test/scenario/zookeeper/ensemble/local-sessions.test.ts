import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ErrorCode } from '../../../../src/wire/zookeeper/errors.ts';
import { OpCode } from '../../../../src/wire/zookeeper/op-codes.ts';
import { makeZxid } from '../../../../src/zookeeper/pipeline/zxid.ts';
import { write, ZkEnsemble } from '../../../support/zk-ensemble.ts';
import { create } from '../../../support/zk-simulation.ts';

async function withLocalSessions(
  localSessions: 'enabled' | 'upgrading',
  story: (zk: ZkEnsemble) => Promise<void>,
): Promise<void> {
  const zk = new ZkEnsemble({ ensemble: { localSessions } });
  await zk.sim.run(
    async () => {
      await zk.startAll();
      assert.equal(await zk.serving(), 3);
      await story(zk);
    },
    { withinMs: 600_000 },
  );
  zk.assertNoFailures();
}

describe('A local session', () => {
  for (const id of [1, 3]) {
    it(`opens, reads, writes and closes without a transaction of its own, at ${id === 3 ? 'the leader' : 'a follower'}`, async () => {
      await withLocalSessions('enabled', async (zk) => {
        const before = zk.tree(id).lastProcessedZxid;
        const client = await zk.client(id);
        assert.equal(
          (await client.call(OpCode.exists, { path: '/a', watch: false })).header.err,
          ErrorCode.NONODE,
        );
        assert.equal(zk.tree(id).lastProcessedZxid, before, 'nothing has been agreed on');
        await write(client, '/a');
        await client.call(OpCode.sync, { path: '/' });
        assert.equal(
          (await client.call(OpCode.exists, { path: '/a', watch: false })).header.err,
          ErrorCode.OK,
        );
        assert.equal((await client.call(OpCode.closeSession)).header.err, ErrorCode.OK);
        await client.closed();
        await zk.settled();
        assert.equal(zk.tree(id).lastProcessedZxid, makeZxid(1, 1), 'one transaction: the write');
        assert.equal(await zk.reattach(id, client.session), undefined, 'it is closed');
      });
    });

    it(`may own no ephemeral nodes (server ${id})`, async () => {
      await withLocalSessions('enabled', async (zk) => {
        const client = await zk.client(id);
        const refused = await client.call(OpCode.create, create('/e', '', 1));
        assert.equal(refused.header.err, ErrorCode.EPHEMERALONLOCALSESSION);
        await write(client, '/a');
      });
    });

    it(`becomes one of the ensemble with its first ephemeral node, where that is allowed (server ${id})`, async () => {
      await withLocalSessions('upgrading', async (zk) => {
        const client = await zk.client(id);
        await write(client, '/a');
        assert.equal((await client.call(OpCode.create, create('/e', '', 1))).header.err, ErrorCode.OK);
        const other = id === 1 ? 2 : 1;
        const moved = await zk.reattach(other, client.session);
        assert.ok(moved, 'the session is known everywhere');
        assert.equal(
          (await moved.call(OpCode.exists, { path: '/e', watch: false })).header.err,
          ErrorCode.OK,
        );
        await moved.call(OpCode.closeSession);
        await zk.settled();
        for (const each of zk.ids) assert.equal(zk.tree(each).get('/e'), undefined);
        zk.assertSameTrees();
      });
    });
  }

  it('comes back to its own server, and is unknown to the others', async () => {
    await withLocalSessions('enabled', async (zk) => {
      const client = await zk.client(1);
      client.destroy();
      assert.equal(await zk.reattach(2, client.session), undefined);
      assert.ok(await zk.reattach(1, client.session));
    });
  });

  it('ends when its client has been silent for its timeout', async () => {
    await withLocalSessions('enabled', async (zk) => {
      const client = await zk.client(2, 4000);
      await client.closed();
      assert.equal(await zk.reattach(2, client.session), undefined);
    });
  });
});
