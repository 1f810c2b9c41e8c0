import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OpCode } from '../../../../src/wire/zookeeper/op-codes.ts';
import { write, ZkEnsemble } from '../../../support/zk-ensemble.ts';

describe('An ensemble', () => {
  it('elects a leader and serves writes at every server', async () => {
    const zk = new ZkEnsemble({ participants: 3 });
    await zk.sim.run(async () => {
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
    zk.assertNoFailures();
  });
});
