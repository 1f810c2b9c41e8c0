import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Simulation } from '../../../src/env/sim/simulation.ts';
import { replaceFile, replaceFileAsync } from '../../../src/storage/replace-file.ts';

describe('replaced file', () => {
  it('is there for good once the call has come back', async () => {
    for (let seed = 0; seed < 50; seed += 1) {
      const sim = new Simulation({ seed });
      const host = sim.host('a');
      host.env.disk.makeDirectory('/data');
      replaceFile(host.env.disk, '/data/file', Buffer.from('first'));
      await sim.run(() => replaceFileAsync(host.env.disk, '/data/file', Buffer.from('second')));
      host.crash();
      assert.equal(host.restart().disk.readFile('/data/file').toString(), 'second');
    }
  });

  it('is old or new, and whole, after a crash at any time', async () => {
    const outcomes = new Set<string>();
    for (let seed = 0; seed < 300; seed += 1) {
      const sim = new Simulation({ seed });
      const host = sim.host('a');
      host.env.disk.makeDirectory('/data');
      replaceFile(host.env.disk, '/data/file', Buffer.from('the old content'));
      void replaceFileAsync(host.env.disk, '/data/file', Buffer.from('new'));
      await sim.advance(sim.random.between(0, 3));
      host.crash();
      const { disk } = host.restart();
      outcomes.add(disk.readFile('/data/file').toString());
      // A draft left behind is in nobody's way.
      replaceFile(disk, '/data/file', Buffer.from('newest'));
      assert.deepEqual(disk.list('/data'), ['file']);
    }
    assert.deepEqual([...outcomes].sort(), ['new', 'the old content']);
  });

  it('stays as it was when the disk is full', () => {
    const host = new Simulation({ seed: 1 }).host('a');
    const { disk } = host.env;
    replaceFile(disk, '/file', Buffer.from('old'));
    host.disk.faults.capacityBytes = 10;
    assert.throws(() => replaceFile(disk, '/file', Buffer.alloc(100)), { code: 'ENOSPC' });
    assert.equal(disk.readFile('/file').toString(), 'old');
    assert.deepEqual(disk.list('/'), ['file']);
  });
});
