import { assert } from '../../base/assert.ts';

/** A timer that is due: its name and what its setter wants to be told. */
export interface DueTimer<T> {
  readonly key: string;
  readonly event: T;
}

interface Timer<T> {
  deadlineMs: number;
  event: T;
  /** Which slot of the heap stands for this timer; slots with another number are stale. */
  slot: number;
}

interface Slot {
  readonly key: string;
  readonly deadlineMs: number;
  readonly number: number;
}

/** Stale slots that are tolerated before the heap is swept. */
const SLACK = 64;

/**
 * Timers as named data: set, replaced and cancelled by key, asked for what is due. Nothing fires by itself; the
 * owner asks for the next deadline and comes back with the time.
 *
 * Heartbeats push a member's deadline out again and again. The heap keeps the earlier slot then and moves it only
 * when it has reached the top, so that such a reset costs one map look-up.
 */
export class TimerTable<T> {
  private readonly timers = new Map<string, Timer<T>>();
  private heap: Slot[] = [];
  private nextNumber = 0;

  get size(): number {
    return this.timers.size;
  }

  /** The deadline of `key` in monotonic milliseconds; undefined when it is not set. */
  deadlineOf(key: string): number | undefined {
    return this.timers.get(key)?.deadlineMs;
  }

  /** Sets the timer `key`, replacing the one of that name. */
  set(key: string, deadlineMs: number, event: T): void {
    const timer = this.timers.get(key);
    if (timer === undefined) {
      this.timers.set(key, { deadlineMs, event, slot: this.push(key, deadlineMs) });
      return;
    }
    if (deadlineMs < timer.deadlineMs) timer.slot = this.push(key, deadlineMs);
    timer.deadlineMs = deadlineMs;
    timer.event = event;
  }

  cancel(key: string): void {
    this.timers.delete(key);
  }

  /** The earliest deadline; undefined when nothing is set. */
  nextDeadlineMs(): number | undefined {
    return this.top()?.deadlineMs;
  }

  /** Takes out the first timer whose deadline is not after `nowMs`. Timers may be set and cancelled in between. */
  takeDue(nowMs: number): DueTimer<T> | undefined {
    const slot = this.top();
    if (slot === undefined || slot.deadlineMs > nowMs) return undefined;
    const timer = this.timers.get(slot.key);
    assert(timer !== undefined, 'the top slot stands for a timer');
    this.pop();
    this.timers.delete(slot.key);
    return { key: slot.key, event: timer.event };
  }

  /** The slot of the earliest timer: stale slots above it are dropped, moved timers put where they belong. */
  private top(): Slot | undefined {
    for (;;) {
      const slot = this.heap[0];
      if (slot === undefined) return undefined;
      const timer = this.timers.get(slot.key);
      if (timer === undefined || timer.slot !== slot.number) {
        this.pop();
      } else if (timer.deadlineMs > slot.deadlineMs) {
        this.pop();
        timer.slot = this.push(slot.key, timer.deadlineMs);
      } else {
        return slot;
      }
    }
  }

  private push(key: string, deadlineMs: number): number {
    if (this.heap.length > 2 * this.timers.size + SLACK) this.sweep();
    const slot = { key, deadlineMs, number: this.nextNumber++ };
    this.heap.push(slot);
    this.siftUp(this.heap.length - 1);
    return slot.number;
  }

  private pop(): void {
    const last = this.heap.pop();
    if (last === undefined || this.heap.length === 0) return;
    this.heap[0] = last;
    this.siftDown(0);
  }

  private sweep(): void {
    this.heap = this.heap.filter((slot) => this.timers.get(slot.key)?.slot === slot.number);
    for (let at = (this.heap.length >> 1) - 1; at >= 0; at--) this.siftDown(at);
  }

  private siftUp(at: number): void {
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.swapIfEarlier(at, parent)) return;
      at = parent;
    }
  }

  private siftDown(at: number): void {
    for (;;) {
      const left = 2 * at + 1;
      const child = this.isEarlier(left + 1, left) ? left + 1 : left;
      if (!this.swapIfEarlier(child, at)) return;
      at = child;
    }
  }

  private isEarlier(a: number, b: number): boolean {
    const first = this.heap[a];
    const second = this.heap[b];
    if (first === undefined || second === undefined) return false;
    return (
      first.deadlineMs < second.deadlineMs ||
      (first.deadlineMs === second.deadlineMs && first.number < second.number)
    );
  }

  /** Exchanges the two slots when the one at `lower` is the earlier; false when they stay. */
  private swapIfEarlier(lower: number, upper: number): boolean {
    const below = this.heap[lower];
    const above = this.heap[upper];
    if (below === undefined || above === undefined || !this.isEarlier(lower, upper)) return false;
    this.heap[lower] = above;
    this.heap[upper] = below;
    return true;
  }
}
