const WINDOW = 1024;

/** Values of something that happens again and again: count, sum, extremes, and quantiles of the latest values. */
export class Summary {
  /** Whether its quantiles are published in full, as Apache does for latencies. */
  readonly isDetailed: boolean;
  count = 0;
  sum = 0;
  min = 0;
  max = 0;
  private readonly latest: number[] = [];

  constructor(options: { detailed?: boolean } = {}) {
    this.isDetailed = options.detailed ?? false;
  }

  add(value: number): void {
    this.min = this.count === 0 ? value : Math.min(this.min, value);
    this.max = this.count === 0 ? value : Math.max(this.max, value);
    this.latest[this.count % WINDOW] = value;
    this.count++;
    this.sum += value;
  }

  get average(): number {
    return this.count === 0 ? 0 : this.sum / this.count;
  }

  /** Of the latest values; undefined before the first. */
  quantile(fraction: number): number | undefined {
    const sorted = [...this.latest].sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(fraction * sorted.length))];
  }

  reset(): void {
    this.count = 0;
    this.sum = 0;
    this.min = 0;
    this.max = 0;
    this.latest.length = 0;
  }
}
