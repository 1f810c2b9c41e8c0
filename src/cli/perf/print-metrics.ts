import type { ConsumerMetrics } from '../../clients/kafka/consumer/consumer-metrics.ts';
import type { ProducerMetricsSnapshot } from '../../clients/kafka/producer/producer-metrics.ts';

type Metrics = Readonly<Record<string, number>>;

/** A table of metrics in the layout of `ToolsUtils.printMetrics`. */
function printMetrics(group: string, clientId: string, metrics: Metrics): void {
  const rows = Object.entries(metrics)
    .map(([name, value]): [string, number] => [`${group}:${name}:{client-id=${clientId}}`, value])
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `${name.padEnd(width)} : ${value.toFixed(3)}`);
  console.log([`\n${'Metric Name'.padEnd(width)}   Value`, ...lines].join('\n'));
}

/** What our producer counts, under the names of Apache's. */
export function printProducerMetrics(clientId: string, metrics: ProducerMetricsSnapshot): void {
  printMetrics('producer-metrics', clientId, {
    'record-send-total': metrics.recordsSent,
    'record-error-total': metrics.recordsFailed,
    'record-retry-total': metrics.recordsRetried,
    'batch-split-total': metrics.batchesSplit,
    'batch-size-avg': metrics.batchesSent === 0 ? Number.NaN : metrics.bytesSent / metrics.batchesSent,
    'compression-rate-avg':
      metrics.uncompressedBytesSent === 0 ? Number.NaN : metrics.bytesSent / metrics.uncompressedBytesSent,
    'request-total': metrics.requests,
    'request-latency-avg': metrics.requestLatencyMs.average,
    'request-latency-max': metrics.requestLatencyMs.max,
  });
}

/** What our consumer counts, under the names of Apache's. */
export function printConsumerMetrics(clientId: string, metrics: ConsumerMetrics): void {
  printMetrics('consumer-fetch-manager-metrics', clientId, {
    'records-consumed-total': metrics.records,
    'bytes-consumed-total': metrics.bytes,
    'fetch-total': metrics.fetches,
    'fetch-latency-avg': metrics.fetchLatencyMs.average,
    'fetch-latency-max': metrics.fetchLatencyMs.max,
  });
}
