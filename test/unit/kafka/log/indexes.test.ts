import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { OffsetIndex } from '../../../../src/kafka/log/offset-index.ts';
import { OffsetOrderError } from '../../../../src/kafka/log/segment-errors.ts';
import { TimeIndex } from '../../../../src/kafka/log/time-index.ts';
import {
  type AbortedTransactionEntry,
  TransactionIndex,
} from '../../../../src/kafka/log/transaction-index.ts';
import { logEnv } from '../../../support/log-env.ts';

const BASE = 1000;

function offsetIndex(entries: readonly (readonly [number, number])[], maxBytes = 1_000_000) {
  const { disk } = logEnv();
  const index = new OffsetIndex(disk, '/index', BASE, maxBytes);
  for (const [offset, position] of entries) index.append(offset, position);
  return { disk, index };
}

/** Gaps between entries, from which ascending offsets and positions are made. */
const gaps = fc.array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 5000 })), {
  maxLength: 1500,
});

function ascending(steps: readonly (readonly [number, number])[]): [number, number][] {
  let [offset, position] = [BASE, 0];
  return steps.map(([a, b]) => {
    offset += a;
    position += b;
    return [offset, position];
  });
}

describe('offset index', () => {
  it('finds the last entry at or below an offset, in memory, on file, and after truncation', () => {
    fc.assert(
      fc.property(
        gaps,
        fc.array(fc.nat(80_000), { maxLength: 20 }),
        fc.nat(80_000),
        (steps, targets, cut) => {
          const entries = ascending(steps);
          const { disk, index } = offsetIndex(entries);
          const check = (found: OffsetIndex, model: readonly (readonly [number, number])[]) => {
            for (const target of targets.map((each) => BASE + each)) {
              const [offset, position] = model.findLast((entry) => entry[0] <= target) ?? [BASE, 0];
              assert.deepEqual(found.lookup(target), { offset, position });
            }
            assert.equal(found.lastOffset, model.at(-1)?.[0] ?? BASE);
          };
          check(index, entries);
          index.file.close();
          check(new OffsetIndex(disk, '/index', BASE, 1_000_000), entries);
          const kept = entries.filter(([offset]) => offset < BASE + cut);
          index.truncateTo(BASE + cut);
          check(index, kept);
          index.append(BASE + 100_000, 9_000_000);
          check(index, [...kept, [BASE + 100_000, 9_000_000]]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('writes int32 relative offset and int32 position', () => {
    const { disk, index } = offsetIndex([
      [1005, 4100],
      [1009, 8300],
    ]);
    index.file.close();
    assert.equal(disk.readFile('/index').toString('hex'), '0000000500001004000000090000206c');
  });

  it('finds the first entry from a position on', () => {
    const { index } = offsetIndex([
      [1005, 100],
      [1009, 200],
    ]);
    assert.equal(index.firstFrom(100)?.offset, 1005);
    assert.equal(index.firstFrom(101)?.offset, 1009);
    assert.equal(index.firstFrom(201), undefined);
  });

  it('refuses offsets that do not ascend, and is full at its limit', () => {
    const { index } = offsetIndex([[1005, 100]], 20);
    assert.throws(() => index.append(1005, 200), OffsetOrderError);
    assert.equal(index.isFull, false);
    index.append(1006, 200);
    assert.equal(index.isFull, true);
  });

  it('fits offsets up to 2^31 - 1 above its base', () => {
    const { index } = offsetIndex([]);
    assert.deepEqual(
      [BASE - 1, BASE, BASE + 0x7fff_ffff, BASE + 0x8000_0000].map((offset) => index.fits(offset)),
      [false, true, true, false],
    );
  });

  it('reports a length that is no multiple of its entries', () => {
    const { disk } = logEnv();
    const file = disk.open('/index', 'create');
    file.write([Buffer.alloc(12)], 0);
    assert.match(new OffsetIndex(disk, '/index', BASE, 100).damage() ?? '', /multiple/);
  });
});

describe('time index', () => {
  it('keeps later timestamps only, and one entry free for closing', () => {
    const { disk } = logEnv();
    const index = new TimeIndex(disk, '/time', BASE, 36);
    index.maybeAppend(500, 1001);
    index.maybeAppend(500, 1004);
    assert.equal(index.entries, 1);
    assert.equal(index.isFull, false);
    index.maybeAppend(700, 1008);
    assert.equal(index.isFull, true);
    index.maybeAppend(900, 1009, true);
    assert.deepEqual(index.lastEntry, { timestamp: 900, offset: 1009 });
    assert.deepEqual(index.lookup(899), { timestamp: 700, offset: 1008 });
    assert.deepEqual(index.lookup(499), { timestamp: -1, offset: BASE });
    index.truncateTo(1008);
    assert.deepEqual(index.lastEntry, { timestamp: 500, offset: 1001 });
  });

  it('tells damage from its first and last entry', () => {
    const { disk } = logEnv();
    const file = disk.open('/time', 'create');
    const bytes = Buffer.alloc(24);
    bytes.writeBigInt64BE(5000n, 0);
    file.write([bytes], 0);
    assert.match(new TimeIndex(disk, '/time', BASE, 100).damage() ?? '', /before its first/);
  });
});

describe('transaction index', () => {
  const entry = (firstOffset: number, lastOffset: number, lastStableOffset: number) => ({
    producerId: BigInt(firstOffset),
    firstOffset,
    lastOffset,
    lastStableOffset,
  });

  it('has no file until a transaction is aborted', () => {
    const { disk } = logEnv();
    const index = new TransactionIndex(disk, '/txn', 0);
    assert.equal(disk.stat('/txn'), undefined);
    index.append(entry(0, 9, 10));
    index.file?.close();
    assert.equal(disk.readFile('/txn').length, 34);
  });

  it('gives the transactions that touch a fetch, and says when later segments have none', () => {
    const { disk } = logEnv();
    const index = new TransactionIndex(disk, '/txn', 0);
    for (const each of [entry(0, 9, 5), entry(5, 20, 15), entry(22, 30, 31)]) index.append(each);
    const collect = (from: number, to: number) => {
      const found: AbortedTransactionEntry[] = [];
      const complete = index.collect(from, to, found);
      return { complete, first: found.map(({ firstOffset }) => firstOffset) };
    };
    assert.deepEqual(collect(0, 4), { complete: true, first: [0] });
    assert.deepEqual(collect(10, 22), { complete: true, first: [5] });
    assert.deepEqual(collect(15, 40), { complete: false, first: [5, 22] });
    index.truncateTo(20);
    assert.deepEqual(collect(0, 40), { complete: false, first: [0] });
  });

  it('reports an unknown version', () => {
    const { disk } = logEnv();
    const bytes = Buffer.alloc(34);
    bytes.writeInt16BE(9, 0);
    disk.open('/txn', 'create').write([bytes], 0);
    assert.match(new TransactionIndex(disk, '/txn', 0).damage() ?? '', /version 9/);
  });
});
