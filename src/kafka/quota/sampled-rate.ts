/** How a rate is sampled: over `samples` windows of `windowMs` each. */
export interface SampleWindows {
  readonly samples: number;
  readonly windowMs: number;
}

interface Sample {
  startMs: number;
  lastMs: number;
  sum: number;
}

/**
 * What is recorded per second, over a sliding window of samples (`SimpleRate` of Apache's metrics): a sample takes what
 * comes within its window, and counts until nothing was added to it for the time of all windows. The time that the sum
 * is divided by runs from the start of the oldest sample and is at least one window, so that a first record is no burst.
 */
export class SampledRate {
  readonly #windows: SampleWindows;
  /** Oldest first; never more than one beyond the number of windows, for the one that reaches into the oldest. */
  #samples: Sample[] = [];

  constructor(windows: SampleWindows) {
    this.#windows = windows;
  }

  record(amount: number, nowMs: number): void {
    const newest = this.#samples.at(-1);
    if (newest !== undefined && nowMs - newest.startMs < this.#windows.windowMs) {
      newest.sum += amount;
      newest.lastMs = nowMs;
      return;
    }
    if (this.#samples.length > this.#windows.samples) this.#samples.shift();
    this.#samples.push({ startMs: nowMs, lastMs: nowMs, sum: amount });
  }

  perSecond(nowMs: number): number {
    const { samples, windowMs } = this.#windows;
    this.#samples = this.#samples.filter(({ lastMs }) => nowMs - lastMs < samples * windowMs);
    const [oldest] = this.#samples;
    if (oldest === undefined) return 0;
    const sum = this.#samples.reduce((total, sample) => total + sample.sum, 0);
    return sum / (Math.max(nowMs - oldest.startMs, windowMs) / 1000);
  }
}
