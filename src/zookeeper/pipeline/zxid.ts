import { assert } from '../../base/assert.ts';

const COUNTER_SIZE = 0x1_0000_0000;

/** The upper half of a zxid: the leader's epoch. */
export function epochOf(zxid: number): number {
  return Math.floor(zxid / COUNTER_SIZE);
}

/** The lower half of a zxid: its number within the epoch. */
export function counterOf(zxid: number): number {
  return zxid % COUNTER_SIZE;
}

export function makeZxid(epoch: number, counter: number): number {
  return epoch * COUNTER_SIZE + counter;
}

/** Gives out zxids in order. A leader sets its epoch first; a standalone server goes on where its log ends. */
export class ZxidSource {
  private latest: number;

  constructor(last: number) {
    this.latest = last;
  }

  /** The last zxid given out. */
  get last(): number {
    return this.latest;
  }

  next(): number {
    this.latest++;
    return this.latest;
  }

  /** Begins a leader's term: its first zxid is the one after (epoch, 0). */
  beginEpoch(epoch: number): void {
    assert(epoch > epochOf(this.latest), `epoch ${epoch} does not follow zxid 0x${this.latest.toString(16)}`);
    this.latest = makeZxid(epoch, 0);
  }
}
