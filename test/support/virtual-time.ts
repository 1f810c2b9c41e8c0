import type { Clock } from '../../src/env/clock.ts';
import type { Timer, Timers } from '../../src/env/timers.ts';

interface Waiting {
  readonly atMs: number;
  readonly sequence: number;
  readonly action: () => void;
}

/** A clock that stands still until a test moves it, and timers that go off while it moves. All synchronous. */
export class VirtualTime implements Clock, Timers {
  /** Wall clock ahead of the monotonic one. */
  readonly epochMs: number;
  private elapsedMs = 0;
  private sequence = 0;
  private readonly waiting = new Set<Waiting>();

  constructor(epochMs = Date.UTC(2024, 0, 1)) {
    this.epochMs = epochMs;
  }

  nowMs(): number {
    return this.epochMs + this.elapsedMs;
  }

  monotonicMs(): number {
    return this.elapsedMs;
  }

  after(delayMs: number, action: () => void): Timer {
    const entry = { atMs: this.elapsedMs + delayMs, sequence: this.sequence++, action };
    this.waiting.add(entry);
    return { cancel: () => this.waiting.delete(entry) };
  }

  every(intervalMs: number, action: () => void): Timer {
    let timer: Timer;
    const set = (): void => {
      timer = this.after(intervalMs, () => {
        set();
        action();
      });
    };
    set();
    return { cancel: () => timer.cancel() };
  }

  soon(action: () => void): void {
    this.after(0, action);
  }

  get timersSet(): number {
    return this.waiting.size;
  }

  /** What a process that dies leaves behind: nothing. */
  dropTimers(): void {
    this.waiting.clear();
  }

  /** Lets time pass; timers go off in order, each at its own time. */
  advance(ms: number): void {
    const endMs = this.elapsedMs + ms;
    for (;;) {
      let next: Waiting | undefined;
      for (const entry of this.waiting) {
        if (entry.atMs > endMs) continue;
        const sooner =
          next === undefined ||
          entry.atMs < next.atMs ||
          (entry.atMs === next.atMs && entry.sequence < next.sequence);
        if (sooner) next = entry;
      }
      if (next === undefined) break;
      this.waiting.delete(next);
      this.elapsedMs = Math.max(this.elapsedMs, next.atMs);
      next.action();
    }
    this.elapsedMs = endMs;
  }
}
