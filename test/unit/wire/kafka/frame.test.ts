import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { MalformedError } from '../../../../src/base/malformed-error.ts';
import { FrameSplitter, frame } from '../../../../src/wire/kafka/frame.ts';

const LIMIT = 1000;
const LENGTH_BYTES = 4;

function framed(...bodies: readonly string[]): Buffer {
  return Buffer.concat(bodies.flatMap((body) => frame([Buffer.from(body)])));
}

function texts(frames: readonly Buffer[]): string[] {
  return frames.map(String);
}

describe('frame splitter', () => {
  const bodies = ['first', '', 'the third frame', 'x'.repeat(LIMIT)];
  const stream = framed(...bodies);

  for (const chunkBytes of [1, 2, 3, 5, 7, 64, stream.length]) {
    test(`finds the frames in chunks of ${chunkBytes}`, () => {
      const splitter = new FrameSplitter(LIMIT);
      const found: string[] = [];
      for (let at = 0; at < stream.length; at += chunkBytes) {
        found.push(...texts(splitter.push(stream.subarray(at, at + chunkBytes))));
      }
      assert.deepEqual(found, bodies);
      assert.equal(splitter.pendingBytes, 0);
    });
  }

  test('gives frames that outlive the memory of the stream', () => {
    const chunk = framed('first', 'second');
    const cut = chunk.length - 3;
    const splitter = new FrameSplitter(LIMIT);
    const begin = Buffer.from(chunk.subarray(0, cut));
    const frames = splitter.push(begin);
    begin.fill(0);
    frames.push(...splitter.push(chunk.subarray(cut)));
    chunk.fill(0);
    assert.deepEqual(texts(frames), ['first', 'second']);
  });

  test('allocates no more than twice what has come', () => {
    const announced = 100 * 1024 * 1024;
    const prefix = Buffer.alloc(LENGTH_BYTES);
    prefix.writeInt32BE(announced);
    const splitter = new FrameSplitter(announced);
    const before = process.memoryUsage().arrayBuffers;
    splitter.push(Buffer.concat([prefix, Buffer.alloc(1024 * 1024)]));
    assert.ok(process.memoryUsage().arrayBuffers - before < 8 * 1024 * 1024);
    assert.equal(splitter.pendingBytes, 1024 * 1024);
  });

  test('gives whole frames and keeps the rest', () => {
    const splitter = new FrameSplitter(LIMIT);
    const both = framed('one', 'two');
    assert.deepEqual(texts(splitter.push(both.subarray(0, both.length - 1))), ['one']);
    assert.equal(splitter.pendingBytes, 2);
    assert.deepEqual(texts(splitter.push(both.subarray(both.length - 1))), ['two']);
  });

  for (const [what, length] of [
    ['above the limit', LIMIT + 1],
    ['negative', -1],
    ['the largest', 0x7fff_ffff],
  ] as const) {
    test(`refuses a length that is ${what} before its bytes come`, () => {
      const prefix = Buffer.alloc(LENGTH_BYTES);
      prefix.writeInt32BE(length);
      assert.throws(() => new FrameSplitter(LIMIT).push(prefix), MalformedError);
    });
  }
});
