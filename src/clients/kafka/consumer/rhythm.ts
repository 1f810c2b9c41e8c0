import type { Env } from '../../../env/env.ts';
import type { Timer } from '../../../env/timers.ts';

/** Those who wait for something to change, on the way of every record: cheaper than a `Bell`. */
export class Sleepers {
  private readonly env: Env;
  private readonly all = new Set<() => void>();

  constructor(env: Env) {
    this.env = env;
  }

  /** Resolves with the next {@link wake}, or when the monotonic clock shows `endMs`; rejects with the signal's reason. */
  sleep(endMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason);
        return;
      }
      const { timers, clock } = this.env;
      const leftMs = endMs - clock.monotonicMs();
      const done = (): void => {
        this.all.delete(done);
        timer?.cancel();
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      const onAbort = (): void => {
        reject(signal?.reason);
        done();
      };
      const isForEver = leftMs === Number.POSITIVE_INFINITY;
      const timer = isForEver ? undefined : timers.after(Math.max(0, Math.ceil(leftMs)), done);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.all.add(done);
    });
  }

  wake(): void {
    for (const sleeper of [...this.all]) sleeper();
  }
}

/** Has work looked for soon, once for all who want it. */
export class Driver {
  private readonly env: Env;
  private readonly look: () => void;
  private isDue = false;
  private stopped = false;
  private timer: Timer | undefined;
  private atMs = Number.POSITIVE_INFINITY;

  /** `look` does what is to be done, and asks for another look where it is too early. */
  constructor(env: Env, look: () => void) {
    this.env = env;
    this.look = look;
  }

  /** At the end of what runs now. */
  drive(): void {
    if (this.isDue) return;
    this.isDue = true;
    void Promise.resolve().then(() => {
      this.isDue = false;
      if (!this.stopped) this.look();
    });
  }

  driveIn(delayMs: number): void {
    const { clock, timers } = this.env;
    const atMs = clock.monotonicMs() + delayMs;
    if (atMs >= this.atMs || this.stopped) return;
    this.timer?.cancel();
    this.atMs = atMs;
    this.timer = timers.after(Math.max(1, Math.ceil(delayMs)), () => {
      this.atMs = Number.POSITIVE_INFINITY;
      this.drive();
    });
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
  }
}
