import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { MalformedError } from '../../../../src/base/malformed-error.ts';
import { FrameSplitter, frame } from '../../../../src/wire/kafka/frame.ts';

const LIMIT = 1000;

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

  test('gives a view when the frame came in one chunk', () => {
    const chunk = framed('shared');
    const [view] = new FrameSplitter(LIMIT).push(chunk);
    chunk[4] = 'S'.charCodeAt(0);
    assert.equal(String(view), 'Shared');
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
      const prefix = Buffer.alloc(4);
      prefix.writeInt32BE(length);
      assert.throws(() => new FrameSplitter(LIMIT).push(prefix), MalformedError);
    });
  }
});
