import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { MalformedError } from '../../src/base/malformed-error.ts';
import { batchesIn, COMPRESSION_NAMES } from '../../src/wire/kafka/records/batch.ts';
import { decompress } from '../../src/wire/kafka/records/compression.ts';
import { downConvert } from '../../src/wire/kafka/records/convert.ts';
import { readBatch } from '../../src/wire/kafka/records/records.ts';

const SEED = 20_240_611;
const ROUNDS = 6;
const LIMIT_BYTES = 4 * 1024 * 1024;

/** A small seeded generator (mulberry32), so that a failure comes back. */
function seeded(seed: number): (bound: number) => number {
  return (bound) => {
    seed = (seed + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

const golden = new URL('../../../test/golden/kafka/records/batches.jsonl.gz', import.meta.url);
const samples = gunzipSync(readFileSync(golden))
  .toString('utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as { name: string; hex: string });

function damage(bytes: Buffer, below: (bound: number) => number): Buffer {
  const copy = Buffer.from(bytes);
  const flips = 1 + below(4);
  for (let index = 0; index < flips && copy.length > 0; index++) {
    copy[below(copy.length)] = below(3) === 0 ? 0xff : below(256);
  }
  return below(4) === 0 ? copy.subarray(0, below(copy.length + 1)) : copy;
}

/** Runs `action`, which may refuse its input with a typed error and nothing else. */
function mayRefuse(what: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof MalformedError, `${what}: ${error instanceof Error ? error.stack : error}`);
  }
}

test('damaged batches are read or refused, never worse', () => {
  const below = seeded(SEED);
  for (const { name, hex } of samples) {
    if (hex.length > 20_000) continue;
    for (let round = 0; round < ROUNDS; round++) {
      const bytes = damage(Buffer.from(hex, 'hex'), below);
      mayRefuse(`${name} round ${round}`, () => {
        for (const batch of batchesIn(bytes)) {
          mayRefuse(name, () => batch.ensureValid());
          mayRefuse(name, () => [...readBatch(batch, LIMIT_BYTES)]);
          mayRefuse(name, () => downConvert([batch], 0, 0));
        }
      });
    }
  }
});

test('arbitrary bytes through every codec are unpacked or refused within the limit', () => {
  const below = seeded(SEED + 1);
  for (const codec of COMPRESSION_NAMES) {
    for (let round = 0; round < 300; round++) {
      const bytes = Buffer.from(Array.from({ length: below(80) }, () => below(256)));
      mayRefuse(codec, () => assert.ok(decompress(codec, bytes, 2, LIMIT_BYTES).length <= LIMIT_BYTES));
    }
  }
});
