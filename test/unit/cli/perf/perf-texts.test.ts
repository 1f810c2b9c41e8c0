import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LatencyStats } from '../../../../src/cli/perf/latency-stats.ts';
import { formatDate } from '../../../../src/cli/perf/simple-date-format.ts';

describe('what the load tools print', () => {
  it('latencies of records, in windows of five seconds and in total', () => {
    const lines: string[] = [];
    const stats = new LatencyStats(4, 0, (line) => lines.push(line));
    stats.record(10, 1024 * 1024, 1000);
    stats.record(20, 1024 * 1024, 5000);
    stats.record(5, 1024 * 1024, 6000);
    stats.record(85, 1024 * 1024, 8000);
    stats.printTotal(8000);
    assert.deepEqual(lines, [
      '2 records sent, 0.4 records/sec (0.40 MB/sec), 15.0 ms avg latency, 20.0 ms max latency.',
      '4 records sent, 0.500000 records/sec (0.50 MB/sec), 30.00 ms avg latency, 85.00 ms max latency, 20 ms 50th, 85 ms 95th, 85 ms 99th, 85 ms 99.9th.',
    ]);
  });

  it("dates by patterns of Java's SimpleDateFormat", () => {
    const timeMs = new Date(2026, 10, 8, 15, 4, 5, 67).getTime();
    for (const [pattern, expected] of [
      ['yyyy-MM-dd HH:mm:ss:SSS', '2026-11-08 15:04:05:067'],
      ['d.M.yy h:mm a', '8.11.26 3:04 PM'],
      ["EEE, dd MMM yyyy 'at' HH 'o''clock'", "Sun, 08 Nov 2026 at 15 o'clock"],
    ] as const) {
      assert.equal(formatDate(pattern, timeMs), expected);
    }
  });
});
