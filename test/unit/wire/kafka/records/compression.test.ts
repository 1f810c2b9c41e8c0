import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import * as snappy from 'snappy';
import { COMPRESSION_NAMES } from '../../../../../src/wire/kafka/records/batch.ts';
import { compress, decompress } from '../../../../../src/wire/kafka/records/compression.ts';
import { DecompressionError, DecompressionLimitError } from '../../../../../src/wire/kafka/records/errors.ts';

const text = Buffer.from('streams of records, '.repeat(12_000));

for (const codec of COMPRESSION_NAMES.slice(1)) {
  test(`${codec}: what is packed comes out again, whatever its size`, () => {
    for (const size of [0, 1, 31, 32 * 1024, 65 * 1024, text.length]) {
      const bytes = text.subarray(0, size);
      const packed = compress(codec, bytes, 2);
      assert.ok(size < 1024 || packed.length < size / 5);
      assert.ok(decompress(codec, packed, 2).equals(bytes));
    }
  });

  test(`${codec}: a limit one byte below the size is a typed error, the size itself is not`, () => {
    const bytes = text.subarray(0, 100_000);
    const packed = compress(codec, bytes, 2);
    assert.throws(() => decompress(codec, packed, 2, bytes.length - 1), DecompressionLimitError);
    // LZ4 counts whole blocks before it unpacks them.
    assert.equal(decompress(codec, packed, 2, bytes.length * 100).length, bytes.length);
  });

  test(`${codec}: cut short at any place is a typed error`, () => {
    const packed = compress(codec, text.subarray(0, 5000), 2);
    for (let length = 0; length < packed.length; length++) {
      try {
        assert.ok(decompress(codec, packed.subarray(0, length), 2).length <= 5000);
      } catch (error) {
        assert.ok(error instanceof DecompressionError, String(error));
      }
    }
  });
}

test('snappy: one raw block without framing is read, as old clients write it', () => {
  assert.ok(decompress('snappy', snappy.compressSync(text), 2).equals(text));
});

test('snappy: two framed streams after each other are one', () => {
  const packed = compress('snappy', text, 2);
  assert.ok(decompress('snappy', Buffer.concat([packed, packed]), 2).equals(Buffer.concat([text, text])));
});

test('snappy: an announced gigabyte takes no memory', () => {
  const lie = Buffer.from(`8080808004${'00'.repeat(40)}`, 'hex');
  assert.throws(() => decompress('snappy', lie, 2, 2 ** 31), DecompressionError);
});

test('gzip: several members after each other are one', () => {
  const packed = Buffer.concat([gzipSync('one '), gzipSync('two')]);
  assert.equal(decompress('gzip', packed, 2).toString(), 'one two');
});

test('lz4: blocks that refer to the block before them are read', () => {
  // Header: version 1, linked blocks, 64 KiB; the checksum byte is the right one for it.
  const first = Buffer.from('0123456789abcdefghijklmnop');
  const block1 = Buffer.concat([Buffer.from([26, 0, 0, 0x80]), first]);
  // No literals, a match of 8 bytes that lie 26 back, then 12 literals (a block must end with some).
  const sequence = Buffer.concat([Buffer.from([0x04, 26, 0, 0xc0]), Buffer.from('QRSTUVWXYZ!!')]);
  const block2 = Buffer.concat([Buffer.from([sequence.length, 0, 0, 0]), sequence]);
  const frames: Buffer[] = [];
  for (let checksum = 0; checksum < 256; checksum++) {
    frames.push(
      Buffer.concat([
        Buffer.from([4, 0x22, 0x4d, 0x18, 0x40, 0x40, checksum]),
        block1,
        block2,
        Buffer.alloc(4),
      ]),
    );
  }
  const read = frames.flatMap((frame) => {
    try {
      return [decompress('lz4', frame, 2).toString()];
    } catch {
      return [];
    }
  });
  assert.deepEqual(read, ['0123456789abcdefghijklmnop01234567QRSTUVWXYZ!!']);
  const legacy = frames.map((frame) => decompress('lz4', frame, 0).toString());
  assert.deepEqual(new Set(legacy), new Set(read));
});

test('zstd: a frame of repeated bytes is refused before it is unpacked', () => {
  const blocks = Array.from({ length: 4000 }, (_, index) => {
    const header = Buffer.alloc(4);
    header.writeUIntLE(((128 * 1024) << 3) | (1 << 1) | (index === 3999 ? 1 : 0), 0, 3);
    return header;
  });
  const bomb = Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0x58]), ...blocks]);
  assert.throws(() => decompress('zstd', bomb, 2), DecompressionLimitError);
});

test('zstd: frames after each other and skippable ones are read', () => {
  const skippable = Buffer.concat([Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0]), Buffer.from('abc')]);
  const packed = Buffer.concat([compress('zstd', text, 2), skippable, compress('zstd', Buffer.from('x'), 2)]);
  assert.ok(decompress('zstd', packed, 2).equals(Buffer.concat([text, Buffer.from('x')])));
});
