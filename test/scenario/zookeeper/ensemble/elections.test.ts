import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { replaceFile } from '../../../../src/storage/replace-file.ts';
import { write, ZkEnsemble, type ZkEnsembleOptions } from '../../../support/zk-ensemble.ts';

async function withEnsemble(
  options: ZkEnsembleOptions,
  story: (zk: ZkEnsemble) => Promise<void>,
): Promise<void> {
  const zk = new ZkEnsemble(options);
  await zk.sim.run(() => story(zk), { withinMs: 3_600_000 });
  zk.assertNoFailures();
}

const modes = (zk: ZkEnsemble): string =>
  [...zk.servers]
    .sort(([a], [b]) => a - b)
    .map(([id, { mode }]) => `${id} ${mode ?? 'looking'}`)
    .join(', ');

describe('Whole servers', () => {
  it('started one by one elect the third of five, and later ones follow', async () => {
    await withEnsemble({ participants: 5 }, async (zk) => {
      await zk.start(1);
      await zk.sim.advance(30_000);
      await zk.start(2);
      await zk.sim.advance(30_000);
      assert.equal(modes(zk), '1 looking, 2 looking');
      await zk.start(3);
      assert.equal(await zk.serving(1, 2, 3), 3);
      for (const id of [4, 5]) {
        await zk.start(id);
        assert.equal(await zk.serving(), 3);
      }
      assert.equal(modes(zk), '1 follower, 2 follower, 3 leader, 4 follower, 5 follower');
    });
  });

  it('follow who has worked in the latest epoch, though another one has the larger id', async () => {
    await withEnsemble({ participants: 3 }, async (zk) => {
      await zk.startAll();
      assert.equal(await zk.serving(), 3);
      zk.kill(3);
      assert.equal(await zk.serving(1, 2), 2);
      zk.kill(1, 2);
      await zk.restart(1, 3);
      assert.equal(await zk.serving(1, 3), 1);
    });
  });

  it('follow who has logged more in the same epoch, though another one has the larger id', async () => {
    await withEnsemble({ participants: 3 }, async (zk) => {
      await zk.startAll();
      assert.equal(await zk.serving(), 3);
      zk.kill(2);
      const client = await zk.client(1);
      await write(client, '/known-to-1-and-3');
      zk.kill(1, 3);
      await zk.restart(1, 2);
      assert.equal(await zk.serving(1, 2), 1);
      assert.ok(zk.tree(2).get('/known-to-1-and-3'));
    });
  });

  it('follow the larger id when they know the same, and a former leader that comes back follows as well', async () => {
    await withEnsemble({ participants: 5 }, async (zk) => {
      await zk.startAll();
      const first = await zk.serving();
      assert.equal(first, 5);
      await write(await zk.client(1), '/known-to-all');
      await zk.settled();
      zk.crash(5);
      assert.equal(await zk.serving(1, 2, 3, 4), 4);
      await zk.restart(5);
      assert.equal(await zk.serving(), 4);
      assert.equal(zk.server(5).mode, 'follower');
    });
  });

  it('do not count observers, however many there are', async () => {
    await withEnsemble({ participants: 3, observers: 3 }, async (zk) => {
      await zk.start(3, 4, 5, 6);
      await zk.sim.advance(120_000);
      assert.equal(modes(zk), '3 looking, 4 looking, 5 looking, 6 looking');
      await zk.start(1);
      assert.equal(await zk.serving(), 3);
      assert.equal(modes(zk), '1 follower, 3 leader, 4 observer, 5 observer, 6 observer');
    });
  });

  it('in groups serve with a majority in a majority of the groups, and not with fewer', async () => {
    const groups = new Map([
      [1, [1, 2, 3]],
      [2, [4, 5, 6]],
      [3, [7, 8, 9]],
    ]);
    await withEnsemble({ participants: 9, groups }, async (zk) => {
      await zk.start(1, 2, 4, 5);
      assert.equal(await zk.serving(), 5);
      await write(await zk.client(1), '/four-of-nine');
      zk.kill(4);
      await zk.sim.runUntil(() => [1, 2, 5].every((id) => zk.server(id).mode === undefined));
      // Five of nine are a majority of the servers, but win one group alone.
      await zk.start(3, 7);
      await zk.sim.advance(60_000);
      assert.equal(modes(zk), '1 looking, 2 looking, 3 looking, 5 looking, 7 looking');
      await zk.start(8);
      await zk.serving(1, 2, 3, 5, 7, 8);
      await write(await zk.client(8), '/two-groups');
      await zk.settled();
      zk.assertSameTrees();
    });
  });

  it('take back a server that has accepted a later epoch than the one they work in', async () => {
    for (const role of ['participant', 'observer']) {
      await withEnsemble({ participants: 3, observers: 1 }, async (zk) => {
        await zk.startAll();
        const leader = await zk.serving();
        const victim = role === 'observer' ? 4 : zk.ids.find((id) => id !== leader);
        assert.ok(victim !== undefined);
        const client = await zk.client(leader);
        await write(client, '/before');
        // As if it had led for a moment, and nobody had heard of the epoch that it chose.
        zk.kill(victim);
        const { disk } = zk.host(victim).restart();
        replaceFile(disk, '/data/version-2/acceptedEpoch', Buffer.from('9'));
        await zk.start(victim);
        await zk.serving(victim, leader);
        await zk.serving();
        await write(await zk.client(victim), '/after');
        await zk.settled();
        zk.assertSameTrees();
        assert.equal(Math.floor(zk.tree(victim).lastProcessedZxid / 2 ** 32), 10, role);
      });
    }
  });

  it('have a new leader that serves within a second of the death of the old one, as a rule', async () => {
    const times: number[] = [];
    for (let seed = 1; seed <= 9; seed++) {
      await withEnsemble({ seed, participants: 3 }, async (zk) => {
        await zk.startAll();
        const leader = await zk.serving();
        await zk.sim.advance(2000);
        const killedMs = zk.sim.nowMs;
        zk.kill(leader);
        await zk.serving();
        times.push(zk.sim.nowMs - killedMs);
      });
    }
    const median = times.sort((a, b) => a - b)[4] ?? Number.POSITIVE_INFINITY;
    assert.ok(median < 1000, `${times.map(Math.round).join(', ')} ms`);
  });
});
