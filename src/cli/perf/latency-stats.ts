const REPORTING_INTERVAL_MS = 5000;
const MAX_SAMPLES = 500_000;
const MEGABYTE = 1024 * 1024;

/** Latencies of records that were sent, and the lines that `ProducerPerformance` prints of them. */
export class LatencyStats {
  private readonly startMs: number;
  private readonly print: (line: string) => void;
  private readonly sampling: number;
  private readonly samples: Int32Array;
  private sampled = 0;
  private readonly total = new Totals();
  private window = new Totals();
  private windowStartMs: number;

  constructor(numRecords: number, nowMs: number, print: (line: string) => void) {
    this.startMs = nowMs;
    this.windowStartMs = nowMs;
    this.print = print;
    this.sampling = Math.max(1, Math.floor(numRecords / Math.min(numRecords, MAX_SAMPLES)));
    this.samples = new Int32Array(Math.floor(numRecords / this.sampling) + 1);
  }

  record(latencyMs: number, bytes: number, nowMs: number): void {
    if (this.total.count % this.sampling === 0 && this.sampled < this.samples.length) {
      this.samples[this.sampled++] = latencyMs;
    }
    this.total.add(latencyMs, bytes);
    this.window.add(latencyMs, bytes);
    if (nowMs - this.windowStartMs < REPORTING_INTERVAL_MS) return;
    this.printWindow(nowMs);
    this.window = new Totals();
    this.windowStartMs = nowMs;
  }

  printTotal(nowMs: number): void {
    const { count, latencyMs, maxLatencyMs } = this.total;
    const [recordsPerSecond, megabytesPerSecond] = rates(this.total, nowMs - this.startMs);
    const sorted = this.samples.subarray(0, this.sampled).sort();
    const percentile = (share: number) => sorted[Math.floor(share * sorted.length)] ?? 0;
    const [p50, p95, p99, p999] = [0.5, 0.95, 0.99, 0.999].map(percentile);
    const latencies = `${fixed(latencyMs / count, 2)} ms avg latency, ${fixed(maxLatencyMs, 2)} ms max latency`;
    const percentiles = `${p50} ms 50th, ${p95} ms 95th, ${p99} ms 99th, ${p999} ms 99.9th.`;
    const rate = `${fixed(recordsPerSecond, 6)} records/sec (${fixed(megabytesPerSecond, 2)} MB/sec)`;
    this.print(`${count} records sent, ${rate}, ${latencies}, ${percentiles}`);
  }

  private printWindow(nowMs: number): void {
    const { count, latencyMs, maxLatencyMs } = this.window;
    const [recordsPerSecond, megabytesPerSecond] = rates(this.window, nowMs - this.windowStartMs);
    const rate = `${fixed(recordsPerSecond, 1)} records/sec (${fixed(megabytesPerSecond, 2)} MB/sec)`;
    const latencies = `${fixed(latencyMs / count, 1)} ms avg latency, ${fixed(maxLatencyMs, 1)} ms max latency.`;
    this.print(`${count} records sent, ${rate}, ${latencies}`);
  }
}

class Totals {
  count = 0;
  bytes = 0;
  latencyMs = 0;
  maxLatencyMs = 0;

  add(latencyMs: number, bytes: number): void {
    this.count++;
    this.bytes += bytes;
    this.latencyMs += latencyMs;
    if (latencyMs > this.maxLatencyMs) this.maxLatencyMs = latencyMs;
  }
}

function rates({ count, bytes }: Totals, elapsedMs: number): [records: number, megabytes: number] {
  return [(1000 * count) / elapsedMs, (1000 * bytes) / elapsedMs / MEGABYTE];
}

/** Java's `%.Nf`. */
export function fixed(value: number, digits: number): string {
  return value.toFixed(digits);
}
