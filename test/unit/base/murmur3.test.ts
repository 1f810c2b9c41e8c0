import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { murmur3 } from '../../../src/base/murmur3.ts';

function hash(bytes: Buffer, seed: number): Buffer {
  const words = new Int32Array(4);
  murmur3(bytes, { start: 0, end: bytes.length }, seed, words);
  const result = Buffer.alloc(16);
  for (const [index, word] of words.entries()) result.writeInt32LE(word, index * 4);
  return result;
}

describe('murmur3', () => {
  it('has the verification value that SMHasher publishes for MurmurHash3_x86_128', () => {
    const hashes: Buffer[] = [];
    const key = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    for (let length = 0; length < 256; length++) hashes.push(hash(key.subarray(0, length), 256 - length));
    assert.equal(hash(Buffer.concat(hashes), 0).readUInt32LE(0), 0xb3ec_e62a);
  });

  it('sees only its range', () => {
    const words = new Int32Array(4);
    murmur3(Buffer.from('..key..'), { start: 2, end: 5 }, 7, words);
    assert.equal(words[0], hash(Buffer.from('key'), 7).readInt32LE(0));
  });
});
