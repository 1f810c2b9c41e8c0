import type { Clock } from '../../../env/clock.ts';

/** Shares out bytes per second among all who ask: each is told how long to wait for its own. */
export class IoThrottle {
  private readonly clock: Clock;
  private readonly bytesPerSecond: number;
  /** Until then the bytes that were asked for so far take. */
  private busyUntilMs = 0;

  constructor(clock: Clock, bytesPerSecond: number) {
    this.clock = clock;
    this.bytesPerSecond = bytesPerSecond;
  }

  /** How long to wait after reading or writing so many bytes; 0 below a millisecond, which is not forgotten. */
  delayMs(bytes: number): number {
    const nowMs = this.clock.monotonicMs();
    this.busyUntilMs = Math.max(this.busyUntilMs, nowMs) + (bytes / this.bytesPerSecond) * 1000;
    const delayMs = this.busyUntilMs - nowMs;
    return delayMs < 1 ? 0 : delayMs;
  }
}
