import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LeaderEpochCache } from '../../../../../src/kafka/log/leader-epoch-cache.ts';
import { truncationFor } from '../../../../../src/kafka/replica/fetcher/truncation.ts';

/** A log with these starts of epochs and this end. */
function log(epochs: readonly (readonly [epoch: number, startOffset: number])[], logEndOffset: number) {
  const store = {
    write: () => undefined,
    written: () => Promise.resolve(),
    moveTo: () => undefined,
    close: () => undefined,
  };
  const cache = new LeaderEpochCache(
    store,
    epochs.map(([epoch, startOffset]) => ({ epoch, startOffset })),
  );
  return { logEndOffset, endOffsetForEpoch: (epoch: number) => cache.endOffsetFor(epoch, logEndOffset) };
}

const INITIAL = 3;

const cases: readonly [
  what: string,
  own: ReturnType<typeof log>,
  leader: readonly [epoch: number, endOffset: number],
  expected: readonly [offset: number, complete: boolean],
][] = [
  ['the leader has the epoch and more of it', log([[1, 0]], 10), [1, 20], [10, true]],
  ['the leader has less of the epoch', log([[1, 0]], 10), [1, 7], [7, true]],
  [
    'our epoch ended before the leader’s did',
    log(
      [
        [1, 0],
        [3, 5],
      ],
      10,
    ),
    [1, 8],
    [5, true],
  ],
  [
    'the leader’s epoch ended before ours did',
    log(
      [
        [1, 0],
        [3, 8],
      ],
      10,
    ),
    [1, 6],
    [6, true],
  ],
  [
    'the leader names an epoch that we do not have',
    log(
      [
        [1, 0],
        [4, 6],
      ],
      10,
    ),
    [3, 9],
    [6, false],
  ],
  ['the leader names an epoch before all of ours', log([[4, 6]], 10), [2, 4], [4, true]],
  ['the leader knows nothing', log([[1, 0]], 10), [-1, -1], [INITIAL, true]],
  ['an old leader tells an offset only', log([[1, 0]], 10), [-1, 4], [4, true]],
  ['an old leader tells an offset beyond our end', log([[1, 0]], 10), [-1, 40], [10, true]],
];

describe('a follower cuts its log', () => {
  for (const [what, own, [leaderEpoch, endOffset], [offset, complete]] of cases) {
    it(`to ${offset}${complete ? '' : ', and asks again'}, when ${what}`, () => {
      assert.deepEqual(truncationFor(own, { leaderEpoch, endOffset }, INITIAL), { offset, complete });
    });
  }
});
