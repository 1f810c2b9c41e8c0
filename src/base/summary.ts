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

/** A summary for each of several things, by name: there have to be few of them. */
export class SummarySet {
  private readonly byKey = new Map<string, Summary>();

  of(key: string): Summary {
    let summary = this.byKey.get(key);
    if (summary === undefined) {
      summary = new Summary({ detailed: true });
      this.byKey.set(key, summary);
    }
    return summary;
  }

  entries(): Iterable<[key: string, summary: Summary]> {
    return this.byKey;
  }

  reset(): void {
    this.byKey.clear();
  }
}
