import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OpCode } from '../../../../src/wire/zookeeper/op-codes.ts';
import { listLogs, listSnapshots } from '../../../../src/zookeeper/persistence/file-names.ts';
import { STORE_DEFAULTS, Store } from '../../../../src/zookeeper/persistence/store.ts';
import { DataTree } from '../../../../src/zookeeper/tree/data-tree.ts';
import { write, ZkEnsemble } from '../../../support/zk-ensemble.ts';
import { create } from '../../../support/zk-simulation.ts';

const DATA = '/data/version-2';

/** Leaves nothing on a server's disk but a snapshot of all that it has, as after a purge. */
async function keepOnlyTheLatestSnapshot(zk: ZkEnsemble, id: number): Promise<void> {
  const { env } = zk.host(id);
  const store = Store.open(env, { ...STORE_DEFAULTS, dataDir: '/data', preAllocSizeBytes: 16 * 1024 });
  const tree = new DataTree();
  const { sessions } = await store.recover(tree);
  await store.takeSnapshot(tree, sessions);
  await store.close();
  for (const { path } of listLogs(env.disk, DATA)) env.disk.remove(path);
  for (const { path } of listSnapshots(env.disk, DATA).slice(1)) env.disk.remove(path);
}

describe('a server that has logged what was never committed', { timeout: 60_000 }, () => {
  for (const others of ['two', 'one']) {
    it(`gets the leader's tree when nothing on its disk goes back behind that, from ${others} that it has left`, async () => {
      const zk = new ZkEnsemble({ participants: 3 });
      await zk.sim.run(async () => {
        await zk.startAll();
        const old = await zk.serving();
        const [second = 0, third = 0] = zk.ids.filter((id) => id !== old);
        const client = await zk.client(old);
        await write(client, '/kept');
        zk.sim.network.partition([`zk${old}`], [`zk${second}`, `zk${third}`]);
        client.request(OpCode.create, create('/never-committed'));
        await zk.sim.advance(500);
        zk.kill(old);
        await zk.serving(second, third);
        zk.sim.network.heal();
        zk.host(old).restart();
        await keepOnlyTheLatestSnapshot(zk, old);
        if (others === 'one') zk.kill(second);
        await zk.start(old);
        await zk.serving(old, third);
        assert.ok(zk.tree(old).get('/kept'));
        assert.equal(zk.tree(old).get('/never-committed'), undefined);
        await write(await zk.client(old), '/after');
        await zk.settled();
        zk.assertSameTrees();
        const asked = zk.sim.logLines.filter(({ text }) => text === 'asking the leader for its whole tree');
        assert.equal(asked.length, 1);
      });
      zk.assertNoFailures();
    });
  }
});
