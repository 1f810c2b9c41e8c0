import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryDisk } from '../../../src/env/memory/memory-disk.ts';
import { CheckpointFile, parseCount } from '../../../src/storage/checkpoint-file.ts';
import { replaceFile } from '../../../src/storage/replace-file.ts';

interface Entry {
  topic: string;
  offset: number;
}

const FORMAT = {
  version: 0,
  format: (entry: Entry) => `${entry.topic} ${entry.offset}`,
  parse: (line: string): Entry | undefined => {
    const [topic = '', offsetText, ...rest] = line.split(' ');
    const offset = parseCount(offsetText);
    return offset === undefined || topic === '' || rest.length > 0 ? undefined : { topic, offset };
  },
};

function setUp(): { disk: MemoryDisk; file: CheckpointFile<Entry> } {
  const disk = new MemoryDisk({ nowMs: () => 0, monotonicMs: () => 0 });
  disk.makeDirectory('/logs');
  return { disk, file: new CheckpointFile(disk, '/logs/checkpoint', FORMAT) };
}

describe('checkpoint file', () => {
  it("is written in Kafka's lines and read back", async () => {
    const { disk, file } = setUp();
    assert.equal(file.read(), undefined);
    await file.write([
      { topic: 'a', offset: 5 },
      { topic: 'b', offset: 2 ** 53 - 1 },
    ]);
    assert.equal(disk.readFile('/logs/checkpoint').toString(), '0\n2\na 5\nb 9007199254740991\n');
    assert.deepEqual(file.read(), [
      { topic: 'a', offset: 5 },
      { topic: 'b', offset: 2 ** 53 - 1 },
    ]);
    file.writeNow([]);
    assert.equal(disk.readFile('/logs/checkpoint').toString(), '0\n0\n');
    assert.deepEqual(file.read(), []);
    assert.deepEqual(disk.list('/logs'), ['checkpoint']);
  });

  it('ends with the last of several writes, whichever way it was asked for', async () => {
    const { file } = setUp();
    const writes = [1, 2, 3].map((offset) => file.write([{ topic: 'a', offset }]));
    file.writeNow([{ topic: 'now', offset: 4 }]);
    await Promise.all(writes);
    assert.deepEqual(file.read(), [{ topic: 'now', offset: 4 }]);
    await Promise.all([5, 6].map((offset) => file.write([{ topic: 'a', offset }])));
    assert.deepEqual(file.read(), [{ topic: 'a', offset: 6 }]);
  });

  for (const [what, content, message] of [
    ['an empty first line', '\n', "line 1: version 0 expected, found ''"],
    ['another version', '1\n0\n', "line 1: version 0 expected, found '1'"],
    ['no count', '0\n', "line 2: number of entries expected, found ''"],
    ['a negative count', '0\n-1\n', "line 2: number of entries expected, found '-1'"],
    ['too few entries', '0\n2\na 1\n', "line 2: number of entries 1 expected, found '2'"],
    ['too many entries', '0\n1\na 1\nb 2\n', "line 2: number of entries 2 expected, found '1'"],
    ['a torn entry', '0\n1\na', "line 3: an entry expected, found 'a'"],
    ['an empty line', '0\n2\n\na 1\n', "line 3: an entry expected, found ''"],
  ] as const) {
    it(`with ${what} in it is refused by name and line`, () => {
      const { disk, file } = setUp();
      replaceFile(disk, '/logs/checkpoint', Buffer.from(content));
      assert.throws(() => file.read(), {
        name: 'CheckpointError',
        message: `/logs/checkpoint, ${message}`,
      });
    });
  }

  it('has no entries when the file is empty, as Apache leaves one that it has not written yet', () => {
    const { disk, file } = setUp();
    replaceFile(disk, '/logs/checkpoint', Buffer.alloc(0));
    assert.deepEqual(file.read(), []);
  });

  it('reads files with Windows line ends and without the last line end', () => {
    const { disk, file } = setUp();
    replaceFile(disk, '/logs/checkpoint', Buffer.from('0\r\n1\r\na 1'));
    assert.deepEqual(file.read(), [{ topic: 'a', offset: 1 }]);
  });
});
