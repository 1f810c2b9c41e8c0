import type { Env } from '../../env/env.ts';
import type { Timer } from '../../env/timers.ts';
import type { HotTailBudget } from './hot-tail.ts';
import { describeDiskError, isDiskError, isOutOfDescriptors, storageError } from './log-error.ts';

/** Which log directories have failed. A failed one stays so until a restart. */
export class LogDirFailures {
  private readonly failed = new Map<string, Error>();
  private readonly onFailure: (logDir: string, what: string, error: Error) => void;

  /** `onFailure` hears of each directory once, in the middle of what failed: it must put off its work. */
  constructor(onFailure: (logDir: string, what: string, error: Error) => void) {
    this.onFailure = onFailure;
  }

  isOffline(logDir: string): boolean {
    return this.failed.has(logDir);
  }

  fail(logDir: string, what: string, error: Error): void {
    if (this.failed.has(logDir)) return;
    this.failed.set(logDir, error);
    this.onFailure(logDir, what, error);
  }

  /** Runs disk work; an error of the disk takes the directory offline and becomes KAFKA_STORAGE_ERROR. */
  guard<T>(logDir: string, what: string, action: () => T): T {
    this.check(logDir);
    try {
      return action();
    } catch (error) {
      throw this.translate(logDir, what, error);
    }
  }

  async guardAsync<T>(logDir: string, what: string, action: () => Promise<T>): Promise<T> {
    this.check(logDir);
    try {
      return await action();
    } catch (error) {
      throw this.translate(logDir, what, error);
    }
  }

  /**
   * As {@link LogDirFailures.guard}, for work that can be done anew when the opening of a file fails on the way: want
   * of descriptors becomes KAFKA_STORAGE_ERROR and leaves the directory online. Apache's brokers give it up.
   */
  guardRepeatable<T>(logDir: string, what: string, action: () => T): T {
    return this.guard(logDir, what, () => {
      try {
        return action();
      } catch (error) {
        throw spared(logDir, what, error);
      }
    });
  }

  /** As {@link LogDirFailures.guardRepeatable}. */
  guardRepeatableAsync<T>(logDir: string, what: string, action: () => Promise<T>): Promise<T> {
    return this.guardAsync(logDir, what, async () => {
      try {
        return await action();
      } catch (error) {
        throw spared(logDir, what, error);
      }
    });
  }

  private check(logDir: string): void {
    const earlier = this.failed.get(logDir);
    if (earlier !== undefined) {
      throw storageError(`log directory ${logDir} is offline since an earlier error: ${earlier.message}`);
    }
  }

  private translate(logDir: string, what: string, error: unknown): unknown {
    if (!isDiskError(error)) return error;
    this.fail(logDir, what, error);
    return failed(logDir, what, error);
  }
}

function failed(logDir: string, what: string, error: Error): Error {
  return storageError(`cannot ${what} in log directory ${logDir}: ${describeDiskError(error)}`, error);
}

/** What is no failure of the directory. */
function spared(logDir: string, what: string, error: unknown): unknown {
  return error instanceof Error && isOutOfDescriptors(error) ? failed(logDir, what, error) : error;
}

/** Files that are renamed away and go for good after a delay. */
export class DelayedRemovals {
  private readonly env: Env;
  private readonly waiting = new Map<() => void, Timer>();

  constructor(env: Env) {
    this.env = env;
  }

  schedule(delayMs: number, remove: () => void): void {
    const timer = this.env.timers.after(delayMs, () => {
      this.waiting.delete(remove);
      remove();
    });
    this.waiting.set(remove, timer);
  }

  /** Does now what waits: at shutdown. */
  runAll(): void {
    for (const [remove, timer] of [...this.waiting]) {
      timer.cancel();
      this.waiting.delete(remove);
      remove();
    }
  }
}

/** What all logs of a broker share. */
export interface LogContext {
  readonly env: Env;
  readonly failures: LogDirFailures;
  readonly hotTails: HotTailBudget;
  readonly removals: DelayedRemovals;
  /** As it is now. */
  readonly producerIdExpirationMs: () => number;
}
