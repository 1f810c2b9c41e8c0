import type { Timer, Timers } from '../../env/timers.ts';

/** Something that waits for other requests, or for time to pass. Completes once. */
export interface DelayedOperation {
  /** Completes the operation when what it waits for has come; true when it is (now or already) complete. */
  tryComplete(): boolean;
  /** Completes it because its time is up. */
  expire(): void;
}

interface Watched {
  readonly operation: DelayedOperation;
  readonly keys: readonly string[];
  timer: Timer | undefined;
}

/**
 * Operations that wait, watched by key: whoever changes what a key stands for calls {@link Purgatory.check}, and
 * the operations waiting there look again.
 *
 * States of an operation: new -> complete at once | watched -> complete by a check | complete by its timer.
 */
export class Purgatory {
  private readonly timers: Timers;
  private readonly watchers = new Map<string, Set<Watched>>();
  private count = 0;

  constructor(timers: Timers) {
    this.timers = timers;
  }

  /** Operations that wait now. */
  get size(): number {
    return this.count;
  }

  /** Completes the operation at once if it can be; else it waits for its keys, but no longer than `timeoutMs`. */
  add(operation: DelayedOperation, keys: readonly string[], timeoutMs: number): void {
    if (operation.tryComplete()) return;
    const watched: Watched = { operation, keys, timer: undefined };
    for (const key of keys) {
      const there = this.watchers.get(key);
      if (there === undefined) this.watchers.set(key, new Set([watched]));
      else there.add(watched);
    }
    this.count++;
    watched.timer = this.timers.after(Math.max(0, timeoutMs), () => {
      this.remove(watched);
      operation.expire();
    });
  }

  /** Looks again at every operation that waits for the key. */
  check(key: string): void {
    const there = this.watchers.get(key);
    if (there === undefined) return;
    for (const watched of [...there]) {
      if (watched.operation.tryComplete()) this.remove(watched);
    }
  }

  /** Looks again at every operation. */
  checkAll(): void {
    for (const key of [...this.watchers.keys()]) this.check(key);
  }

  /** Lets everything that waits expire now. */
  expireAll(): void {
    const all = new Set<Watched>();
    for (const there of this.watchers.values()) for (const watched of there) all.add(watched);
    for (const watched of all) {
      this.remove(watched);
      watched.operation.expire();
    }
  }

  private remove(watched: Watched): void {
    if (watched.timer === undefined) return;
    watched.timer.cancel();
    watched.timer = undefined;
    this.count--;
    for (const key of watched.keys) {
      const there = this.watchers.get(key);
      there?.delete(watched);
      if (there?.size === 0) this.watchers.delete(key);
    }
  }
}
