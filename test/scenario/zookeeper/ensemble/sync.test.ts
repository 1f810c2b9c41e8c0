import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OpCode } from '../../../../src/wire/zookeeper/op-codes.ts';
import type { GetDataResponse } from '../../../../src/wire/zookeeper/protocol.ts';
import { mustCall, write, ZkEnsemble } from '../../../support/zk-ensemble.ts';
import { setData } from '../../../support/zk-simulation.ts';

const SEEDS = 10;

/** Cuts the leader and one follower off from the other three servers. */
function cutOff(zk: ZkEnsemble, minority: readonly number[]): void {
  const names = (ids: readonly number[]) => ids.map((id) => `zk${id}`);
  const majority = zk.ids.filter((id) => !minority.includes(id));
  zk.sim.network.partition(names(minority), names(majority));
}

describe('syncs and writes that a session sends together', () => {
  it('are answered in order at every server, though the write is acknowledged before the second sync is', async () => {
    const zk = new ZkEnsemble({ participants: 3, observers: 1 });
    await zk.sim.run(async () => {
      await zk.startAll();
      await zk.serving();
      await write(await zk.client(1), '/x', 'before');
      for (const id of zk.ids) {
        const client = await zk.client(id);
        const sync = () => client.call(OpCode.sync, { path: '/x' });
        const replies = await Promise.all([
          sync(),
          sync(),
          client.call(OpCode.setData, setData('/x', `by ${id}`)),
          client.call(OpCode.getData, { path: '/x', watch: false }),
        ]);
        assert.deepEqual(
          replies.map(({ header }) => header.err),
          [0, 0, 0, 0],
          `server ${id}`,
        );
        assert.equal((replies[3].record as GetDataResponse).data?.toString(), `by ${id}`);
      }
    });
    zk.assertNoFailures();
  });
});

describe('a read behind a sync', { timeout: 120_000 }, () => {
  it('never misses an acknowledged write, though the old leader takes its time to notice that it is cut off', async () => {
    let overlaps = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const zk = new ZkEnsemble({ seed, participants: 5, server: { tickTimeMs: 500 } });
      await zk.sim.run(async () => {
        await zk.startAll();
        const old = await zk.serving();
        const other = zk.ids.find((id) => id !== old) ?? 0;
        const majority = zk.ids.filter((id) => id !== old && id !== other);
        const reader = await zk.client(old, 20_000);
        await write(reader, '/x', 'before');
        await zk.sim.advance(3000 + zk.sim.random.below(2000));
        cutOff(zk, [old, other]);
        await zk.sim.runUntil(() => majority.some((id) => zk.server(id).mode === 'leader'), {
          withinMs: 60_000,
        });
        const leader = majority.find((id) => zk.server(id).mode === 'leader') ?? 0;
        const writer = await zk.client(leader);
        await mustCall(writer, OpCode.setData, setData('/x', 'after'));
        if (zk.server(old).mode === 'leader') overlaps++;

        reader.request(OpCode.sync, { path: '/x' });
        reader.request(OpCode.getData, { path: '/x', watch: false });
        await zk.sim.advance(2000);
        // No answer is a right answer: the old leader knows by then that it leads nobody.
        assert.deepEqual(reader.frames, [], `seed ${seed}`);

        const after = await zk.client(leader);
        await after.call(OpCode.sync, { path: '/x' });
        const { record } = await after.call(OpCode.getData, { path: '/x', watch: false });
        assert.equal((record as GetDataResponse).data?.toString(), 'after');
        zk.kill(...zk.ids);
      });
    }
    assert.ok(overlaps > 0, 'the old leader was always gone in time: the story is about nothing');
  });
});
