import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HotTail, HotTailBudget } from '../../../../src/kafka/log/hot-tail.ts';

const MEGABYTE = 1024 * 1024;

/** Appends chunks of one record and a megabyte each; returns the offset after the last. */
function fill(tail: HotTail, from: number, count: number): number {
  for (let offset = from; offset < from + count; offset += 1) {
    tail.add({
      buffer: Buffer.alloc(MEGABYTE),
      baseOffset: offset,
      lastOffset: offset,
      segmentBaseOffset: 0,
      position: offset * MEGABYTE,
    });
  }
  return from + count;
}

describe('hot tail', () => {
  it('keeps what fits into the budget, the newest of it', () => {
    const tail = new HotTail(new HotTailBudget(4.5 * MEGABYTE));
    fill(tail, 0, 6);
    assert.equal(tail.startOffset, 2);
  });

  it('keeps nothing of a log that nobody reads, until somebody does', () => {
    const budget = new HotTailBudget(100 * MEGABYTE);
    const tail = new HotTail(budget);
    const end = fill(tail, 0, 8);
    assert.equal(tail.startOffset, 0, '8 MB wait for a first reader');
    const later = fill(tail, end, 5);
    assert.equal(tail.startOffset, undefined);
    assert.equal(budget.bytes, 0);
    tail.noteReader();
    fill(tail, later, 3);
    assert.equal(tail.startOffset, later, 'without a hole from the first chunk after the read');
  });

  it('goes on keeping while somebody reads', () => {
    const tail = new HotTail(new HotTailBudget(100 * MEGABYTE));
    let end = 0;
    for (let round = 0; round < 5; round += 1) {
      end = fill(tail, end, 5);
      tail.noteReader();
    }
    assert.equal(tail.startOffset, 0);
  });

  it('charges the tails of a budget fairly after one of them was emptied', () => {
    const budget = new HotTailBudget(10.5 * MEGABYTE);
    const [emptied, other] = [new HotTail(budget), new HotTail(budget)];
    fill(emptied, 0, 4);
    emptied.clear();
    emptied.noteReader();
    fill(other, 0, 6);
    const end = fill(emptied, 4, 4);
    assert.equal(other.startOffset, 0, 'ten megabytes are within the budget');
    emptied.noteReader();
    fill(emptied, end, 2);
    assert.equal(other.startOffset, 2, 'the oldest chunks went');
    assert.equal(emptied.startOffset, 4);
    assert.ok(budget.bytes <= 10.5 * MEGABYTE);
  });
});
