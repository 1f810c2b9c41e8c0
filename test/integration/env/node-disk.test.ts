import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { NodeDisk } from '../../../src/env/node/node-disk.ts';
import { until } from '../../../tools/until.ts';
import { Workspace } from '../../../tools/workspace.ts';

describe('the real disk', () => {
  const disk = new NodeDisk();
  let workspace: Workspace;
  let directory = '';

  beforeEach(() => {
    workspace = new Workspace('disk');
    directory = workspace.path;
  });
  afterEach(() => workspace.remove());

  it('writes chunks at a position and reads them back as far as the file goes', async () => {
    const file = disk.open(join(directory, 'a'), 'create');
    file.write([Buffer.from('hello '), Buffer.alloc(0), Buffer.from('world')], 3);
    assert.equal(file.size(), 14);
    const target = Buffer.alloc(20, 0x2e);
    assert.equal(file.read(target, 0), 14);
    assert.equal(target.toString('latin1'), '\0\0\0hello world......');
    assert.equal(await file.readAsync(target, 9), 5);
    assert.equal(target.toString('latin1', 0, 5), 'world');
    file.truncate(8);
    assert.equal(file.size(), 8);
    await file.sync();
    file.syncNow();
    file.close();
    assert.equal(disk.stat(join(directory, 'a'))?.size, 8);
  });

  it('writes more chunks in one call than the system takes at once', () => {
    const file = disk.open(join(directory, 'many'), 'create');
    const chunks = Array.from({ length: 5000 }, (_, index) => Buffer.from(String(index % 10)));
    file.write(chunks, 0);
    file.close();
    assert.equal(
      disk.readFile(join(directory, 'many')).toString('latin1'),
      Buffer.concat(chunks).toString('latin1'),
    );
  });

  it('opens by mode and fails with the code of the system', () => {
    const path = join(directory, 'b');
    assert.throws(() => disk.open(path, 'read'), { code: 'ENOENT' });
    disk.open(path, 'create').close();
    assert.throws(() => disk.open(path, 'create'), { code: 'EEXIST' });
    disk.open(path, 'write').close();
    assert.throws(() => disk.list(join(directory, 'none')), { code: 'ENOENT' });
  });

  it('lets calls under way finish when the file is closed', async () => {
    const file = disk.open(join(directory, 'c'), 'create');
    file.write([Buffer.from('abc')], 0);
    const target = Buffer.alloc(3);
    const reading = file.readAsync(target, 0);
    const syncing = file.sync();
    file.close();
    await Promise.all([reading, syncing]);
    assert.equal(target.toString('latin1'), 'abc');
    assert.throws(() => file.read(target, 0), /is closed/);
  });

  it('renames, lists in order, removes twice', () => {
    for (const name of ['2', '10', '1']) disk.open(join(directory, name), 'create').close();
    disk.rename(join(directory, '2'), join(directory, '1'));
    assert.deepEqual(disk.list(directory), ['1', '10']);
    disk.remove(join(directory, '1'));
    disk.remove(join(directory, '1'));
    disk.makeDirectory(join(directory, 'x/y'));
    disk.syncDirectory(directory);
    disk.removeDirectory(join(directory, 'x'));
    disk.removeDirectory(join(directory, 'x'));
    assert.deepEqual(disk.list(directory), ['10']);
    disk.setModified(join(directory, '10'), 1_700_000_000_000);
    assert.equal(disk.stat(join(directory, '10'))?.modifiedMs, 1_700_000_000_000);
    assert.equal(disk.stat(directory)?.kind, 'directory');
    assert.ok(disk.volume(directory).usableBytes > 0);
  });

  describe('directory lock', () => {
    it('is refused while this process has it, and free after release', () => {
      const lock = disk.lock(directory);
      assert.ok(lock);
      assert.equal(disk.lock(directory), undefined);
      assert.equal(new NodeDisk().lock(directory), undefined);
      assert.match(fs.readFileSync(join(directory, '.lock'), 'latin1'), new RegExp(`^${process.pid}\n`));
      lock.release();
      const again = disk.lock(directory);
      assert.ok(again);
      again.release();
      assert.deepEqual(disk.list(directory), []);
    });

    it('is refused while another living process has it', () => {
      fs.writeFileSync(join(directory, '.lock'), `${process.ppid}\n`);
      assert.equal(disk.lock(directory), undefined);
    });

    it('is taken over from a process whose end its parent has not heard of', {
      skip: process.platform === 'linux' ? false : 'needs /proc',
    }, async () => {
      // The shell becomes a program that waits for nobody.
      const parent = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 60']);
      try {
        const [output] = (await once(parent.stdout, 'data')) as [Buffer];
        const pid = Number(output.toString());
        await until('the child ends', () => / Z /.test(fs.readFileSync(`/proc/${pid}/stat`, 'latin1')));
        fs.writeFileSync(join(directory, '.lock'), `${pid}\n`);
        const lock = disk.lock(directory);
        assert.ok(lock);
        lock.release();
      } finally {
        parent.kill('SIGKILL');
        await once(parent, 'exit');
      }
    });

    const deadPid = spawnSync(process.execPath, ['-e', '']).pid;
    for (const [what, content] of [
      ['a process that has ended', `${deadPid}\n`],
      ['an earlier process with the id of this one', `${process.pid}\nanother-boot/1\n`],
      ['a server that left no process id', ''],
    ] as const) {
      it(`is taken over from ${what}`, {
        skip: what.startsWith('an earlier') && process.platform !== 'linux',
      }, () => {
        fs.writeFileSync(join(directory, '.lock'), content);
        const lock = disk.lock(directory);
        assert.ok(lock);
        lock.release();
        assert.deepEqual(disk.list(directory), []);
      });
    }
  });
});
