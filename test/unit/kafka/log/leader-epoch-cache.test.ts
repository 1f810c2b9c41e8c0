import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type EpochEntry, LeaderEpochCache } from '../../../../src/kafka/log/leader-epoch-cache.ts';

function cacheOf(...entries: [number, number][]) {
  const written: (readonly EpochEntry[])[] = [];
  const store = {
    write: (each: readonly EpochEntry[]) => written.push(each),
    written: () => Promise.resolve(),
    moveTo: () => undefined,
    close: () => undefined,
  };
  const cache = new LeaderEpochCache(
    store,
    entries.map(([epoch, startOffset]) => ({ epoch, startOffset })),
  );
  const plain = () => cache.all.map(({ epoch, startOffset }) => [epoch, startOffset]);
  return { cache, written, plain };
}

describe('leader epoch cache', () => {
  it('writes a new epoch at once, and a known one not again', () => {
    const { cache, written, plain } = cacheOf();
    cache.assign(2, 10);
    cache.assign(2, 15);
    cache.assign(3, 20);
    assert.deepEqual(plain(), [
      [2, 10],
      [3, 20],
    ]);
    assert.equal(written.length, 2);
  });

  const conflicts: [string, [number, number], number[][]][] = [
    [
      'the same start drops the epoch that wrote nothing',
      [5, 20],
      [
        [1, 0],
        [2, 10],
        [5, 20],
      ],
    ],
    [
      'an earlier start drops what was never committed',
      [5, 10],
      [
        [1, 0],
        [5, 10],
      ],
    ],
    [
      'an earlier epoch drops later ones',
      [2, 30],
      [
        [1, 0],
        [2, 30],
      ],
    ],
  ];
  for (const [name, [epoch, startOffset], expected] of conflicts) {
    it(`keeps epochs and offsets ascending: ${name}`, () => {
      const { cache, plain } = cacheOf([1, 0], [2, 10], [4, 20]);
      cache.assign(epoch, startOffset);
      assert.deepEqual(plain(), expected);
    });
  }

  const ends: [number, number, number][] = [
    [-1, -1, -1],
    [0, 0, 5],
    [1, 1, 10],
    [3, 2, 20],
    [4, 4, 100],
    [5, -1, -1],
  ];
  for (const [asked, leaderEpoch, endOffset] of ends) {
    it(`says where epoch ${asked} ends`, () => {
      const { cache } = cacheOf([1, 5], [2, 10], [4, 20]);
      assert.deepEqual(cache.endOffsetFor(asked, 100), { leaderEpoch, endOffset });
    });
  }

  it('tells the epoch of an offset', () => {
    const { cache } = cacheOf([1, 5], [2, 10]);
    assert.deepEqual(
      [4, 5, 9, 10, 99].map((offset) => cache.epochFor(offset)),
      [undefined, 1, 1, 2, 2],
    );
  });

  it('forgets the epochs behind a truncation', () => {
    const { cache, plain, written } = cacheOf([1, 5], [2, 10], [4, 20]);
    cache.truncateFromEnd(21);
    assert.equal(written.length, 0);
    cache.truncateFromEnd(10);
    assert.deepEqual(plain(), [[1, 5]]);
    assert.equal(written.length, 1);
  });

  it('moves the epoch of the first record to the log start', () => {
    const { cache, plain } = cacheOf([1, 5], [2, 10], [4, 20]);
    cache.truncateFromStart(15);
    assert.deepEqual(plain(), [
      [2, 15],
      [4, 20],
    ]);
    cache.truncateFromStart(20);
    assert.deepEqual(plain(), [[4, 20]]);
  });
});
