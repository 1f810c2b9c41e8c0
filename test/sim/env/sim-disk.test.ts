import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SimHost } from '../../../src/env/sim/sim-host.ts';
import { Simulation } from '../../../src/env/sim/simulation.ts';

const SEEDS = Array.from({ length: 200 }, (_, index) => index);

/** Writes and syncs 'synced', then writes '-unsynced' behind it, then the host ends as `end` says. */
async function writeThenEnd(seed: number, end: (host: SimHost) => void): Promise<string> {
  const sim = new Simulation({ seed });
  const host = sim.host('a');
  await sim.run(async () => {
    const file = host.env.disk.open('/log', 'create');
    host.env.disk.syncDirectory('/');
    file.write([Buffer.from('syn'), Buffer.from('ced')], 0);
    await file.sync();
    file.write([Buffer.from('-un')], 6);
    file.write([Buffer.from('synced')], 9);
  });
  end(host);
  return host.restart().disk.readFile('/log').toString('latin1');
}

describe('simulated disk', () => {
  it('keeps what was synced through every crash, and any part of the rest', async () => {
    const contents = new Set<string>();
    for (const seed of SEEDS) {
      const content = await writeThenEnd(seed, (host) => host.crash());
      assert.ok(content.startsWith('synced'), `seed ${seed}: ${content}`);
      contents.add(content);
    }
    for (const possible of ['synced', 'synced-', 'synced-un', 'synced-unsyn', 'synced-unsynced']) {
      assert.ok(contents.has(possible), `no crash left ${possible}`);
    }
    // Later pages may be written back before earlier ones.
    assert.ok(contents.has('synced\0\0\0synced'));
  });

  it('keeps everything when only the process is killed', async () => {
    for (const seed of SEEDS.slice(0, 20)) {
      assert.equal(await writeThenEnd(seed, (host) => host.kill()), 'synced-unsynced');
    }
  });

  it('covers by a sync the writes before it, not the ones made while it runs', async () => {
    const kept = new Set<string>();
    for (const seed of SEEDS) {
      const sim = new Simulation({ seed });
      const host = sim.host('a');
      await sim.run(async () => {
        const file = host.env.disk.open('/log', 'create');
        host.env.disk.syncDirectory('/');
        file.write([Buffer.from('before')], 0);
        const syncing = file.sync();
        file.write([Buffer.from('during')], 6);
        await syncing;
      });
      host.crash();
      kept.add(host.restart().disk.readFile('/log').toString('latin1'));
    }
    assert.ok(kept.has('before'));
    assert.ok(kept.has('beforeduring'));
    for (const content of kept) assert.ok(content.startsWith('before'), content);
  });

  it('forgets unsynced names in the order they were made', async () => {
    const outcomes = new Set<string>();
    for (const seed of SEEDS) {
      const host = new Simulation({ seed }).host('a');
      const { disk } = host.env;
      disk.makeDirectory('/data');
      disk.open('/data/old', 'create').close();
      disk.syncDirectory('/data');
      disk.open('/data/first', 'create').close();
      disk.rename('/data/old', '/data/new');
      disk.remove('/data/first');
      host.crash();
      outcomes.add(host.restart().disk.list('/data').join(' '));
    }
    assert.deepEqual([...outcomes].sort(), ['first new', 'first old', 'new', 'old']);
  });

  it('keeps a replaced file whole: the old or the new content, never a mixture', async () => {
    const outcomes = new Set<string>();
    for (const seed of SEEDS) {
      const host = new Simulation({ seed }).host('a');
      const { disk } = host.env;
      for (const content of ['old content', 'new']) {
        const draft = disk.open('/draft', 'create');
        draft.write([Buffer.from(content)], 0);
        draft.syncNow();
        draft.close();
        disk.rename('/draft', '/file');
        if (content === 'old content') disk.syncDirectory('/');
      }
      host.crash();
      outcomes.add(host.restart().disk.readFile('/file').toString('latin1'));
    }
    assert.deepEqual([...outcomes].sort(), ['new', 'old content']);
  });

  it('fails below a directory that is broken, and nowhere else', async () => {
    const sim = new Simulation({ seed: 1 });
    const host = sim.host('server');
    await sim.run(async () => {
      const { disk } = host.env;
      for (const directory of ['/a', '/ab']) disk.makeDirectory(directory);
      const [inside, outside] = ['/a/file', '/ab/file'].map((path) => disk.open(path, 'write'));
      host.disk.faults.brokenDirectories.add('/a');

      assert.throws(() => inside?.write([Buffer.from('x')], 0), { code: 'EIO' });
      await assert.rejects(async () => inside?.sync(), { code: 'EIO' });
      outside?.write([Buffer.from('x')], 0);
      await outside?.sync();

      host.disk.faults.brokenDirectories.clear();
      inside?.write([Buffer.from('x')], 0);
    });
  });

  it('takes its time to sync and fails when it is full or broken', async () => {
    const sim = new Simulation({ seed: 1 });
    const host = sim.host('a');
    const { faults } = host.disk;
    await sim.run(async () => {
      const { disk } = host.env;
      const file = disk.open('/log', 'create');
      faults.minSyncMs = 300;
      faults.maxSyncMs = 300;
      await file.sync();
      assert.equal(sim.nowMs, 300);
      faults.capacityBytes = 10;
      assert.deepEqual(disk.volume('/'), { totalBytes: 10, usableBytes: 10 });
      assert.throws(() => file.write([Buffer.from('12345678'), Buffer.from('abcd')], 0), { code: 'ENOSPC' });
      assert.equal(disk.readFile('/log').toString('latin1'), '12345678ab');
      file.write([Buffer.from('overwrite!')], 0);
      file.truncate(4);
      file.write([Buffer.from('again')], 4);
      faults.broken = true;
      assert.throws(() => file.write([Buffer.from('x')], 0), { code: 'EIO' });
      await assert.rejects(file.sync(), { code: 'EIO' });
      assert.throws(() => file.syncNow(), { code: 'EIO' });
      faults.broken = false;
      await file.sync();
      assert.equal(disk.readFile('/log').toString('latin1'), 'overagain');
    });
  });
});
