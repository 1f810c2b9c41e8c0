import type { Env } from '../../env/env.ts';

/** Shorter pauses are saved up. */
const LEAST_PAUSE_MS = 2;

/** Holds a loop back to about so many things a second (`ThroughputThrottler`); a negative target does not. */
export class ThroughputThrottler {
  private readonly env: Env;
  private readonly target: number;
  private readonly startMs: number;
  private deficitMs = 0;

  constructor(env: Env, target: number) {
    this.env = env;
    this.target = target;
    this.startMs = env.clock.nowMs();
  }

  shouldThrottle(amountSoFar: number, nowMs: number): boolean {
    if (this.target < 0) return false;
    const elapsedSeconds = (nowMs - this.startMs) / 1000;
    return elapsedSeconds > 0 && amountSoFar / elapsedSeconds > this.target;
  }

  /** Waits the share of one thing; with a target of 0 until `signal` is aborted. */
  async throttle(signal: AbortSignal): Promise<void> {
    if (this.target > 0) this.deficitMs += 1000 / this.target;
    const pauseMs = this.target === 0 ? 2 ** 31 - 1 : this.deficitMs;
    if (pauseMs < LEAST_PAUSE_MS) return;
    const startedMs = this.env.clock.monotonicMs();
    await new Promise<void>((resolve) => {
      const end = () => {
        timer.cancel();
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = this.env.timers.after(pauseMs, end);
      signal.addEventListener('abort', end);
    });
    // Timers are late more often than not: what was waited too long is not waited again.
    this.deficitMs = Math.min(0, this.deficitMs - (this.env.clock.monotonicMs() - startedMs));
  }
}
