import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MemoryDisk } from '../../../src/env/memory/memory-disk.ts';
import { PagedBytes } from '../../../src/env/memory/paged-bytes.ts';

const clock = { nowMs: () => 1234, monotonicMs: () => 0 };

describe('paged bytes', () => {
  it('hold what a plain buffer would', () => {
    const position = fc.integer({ min: 0, max: 200_000 });
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('write' as const),
        position,
        length: fc.integer({ min: 0, max: 150_000 }),
      }),
      fc.record({ kind: fc.constant('truncate' as const), position, length: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const paged = new PagedBytes();
        const plain = Buffer.alloc(400_000);
        let size = 0;
        for (const [index, { kind, position, length }] of steps.entries()) {
          if (kind === 'write') {
            const bytes = Buffer.alloc(length, index + 1);
            paged.write(bytes, position);
            bytes.copy(plain, position);
            size = Math.max(size, position + length);
          } else {
            paged.truncate(position);
            plain.fill(0, Math.min(size, position));
            size = position;
          }
        }
        for (const copy of [paged, paged.clone()]) {
          const content = Buffer.alloc(copy.size, 0xee);
          assert.equal(copy.read(content, 0), size);
          assert.ok(content.equals(plain.subarray(0, size)));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('take memory only where something was written', () => {
    const paged = new PagedBytes();
    paged.truncate(10 * 1024 * 1024);
    assert.equal(paged.allocatedBytes, 0);
    paged.write(Buffer.alloc(100), 0);
    assert.ok(paged.allocatedBytes <= 512);
    paged.truncate(0);
    paged.truncate(100);
    const content = Buffer.alloc(100, 1);
    paged.read(content, 0);
    assert.deepEqual(content, Buffer.alloc(100));
  });
});

describe('in-memory disk', () => {
  it('follows the rules of a file system', async () => {
    const disk = new MemoryDisk(clock);
    assert.throws(() => disk.open('/no/such', 'create'), { code: 'ENOENT' });
    disk.makeDirectory('/data/logs');
    disk.makeDirectory('/data/logs');
    const file = disk.open('/data/logs/a', 'create');
    assert.throws(() => disk.open('data/logs/./a', 'create'), { code: 'EEXIST' });
    file.write([Buffer.from('abc'), Buffer.from('def')], 2);
    await file.sync();
    const target = Buffer.alloc(4);
    assert.equal(await file.readAsync(target, 5), 3);
    assert.equal(disk.readFile('/data/logs/a').toString('latin1'), '\0\0abcdef');
    assert.deepEqual(disk.stat('/data/logs/a'), { kind: 'file', size: 8, modifiedMs: 1234 });
    disk.setModified('/data/logs/a', 99);
    assert.equal(disk.stat('/data/logs/a')?.modifiedMs, 99);
    disk.rename('/data/logs', '/data/moved');
    assert.deepEqual(disk.list('/data'), ['moved']);
    disk.removeDirectory('/data/moved');
    disk.removeDirectory('/data/moved');
    // As on a real one, an open file outlives its name.
    assert.equal(file.read(target, 2), 4);
    assert.equal(target.toString('latin1'), 'abcd');
    file.close();
    assert.throws(() => file.read(target, 0), /is closed/);
    assert.throws(() => disk.readFile('/data/moved/a'), { code: 'ENOENT' });
    assert.equal(disk.stat('/data/moved'), undefined);
  });

  it('refuses renames that a file system refuses', () => {
    const disk = new MemoryDisk(clock);
    disk.makeDirectory('/a/b');
    disk.makeDirectory('/c');
    disk.open('/f', 'write').close();
    const cases: [string, string, string][] = [
      ['/none', '/x', 'ENOENT'],
      ['/a', '/a/b/c', 'EINVAL'],
      ['/c', '/a', 'ENOTEMPTY'],
      ['/c', '/f', 'ENOTDIR'],
      ['/f', '/c', 'EISDIR'],
      ['/f', '/none/f', 'ENOENT'],
    ];
    for (const [from, to, code] of cases)
      assert.throws(() => disk.rename(from, to), { code }, `${from} ${to}`);
    disk.rename('/f', '/f');
    disk.rename('/a', '/a');
    assert.deepEqual(disk.list('/'), ['a', 'c', 'f']);
  });

  it('locks a directory once', () => {
    const disk = new MemoryDisk(clock);
    disk.makeDirectory('/data');
    const lock = disk.lock('/data');
    assert.ok(lock);
    assert.equal(disk.lock('/data/'), undefined);
    lock.release();
    lock.release();
    assert.ok(disk.lock('/data'));
  });

  it('opens for reading what must exist, and refuses to write there', () => {
    const disk = new MemoryDisk(clock);
    assert.throws(() => disk.open('/f', 'read'), { code: 'ENOENT' });
    disk.open('/f', 'write').close();
    const file = disk.open('/f', 'read');
    assert.throws(() => file.write([Buffer.from('x')], 0), { code: 'EBADF' });
    assert.throws(() => file.truncate(0), { code: 'EBADF' });
  });
});
