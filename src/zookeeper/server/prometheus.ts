import type { Env } from '../../env/env.ts';
import type { ProcessFacts } from '../../env/process-facts.ts';
import type { ZooKeeperServerConfig } from './config.ts';
import { HttpServer } from './http-server.ts';
import { javaDouble, type Metric, type Monitored, metricsOf } from './monitor.ts';

const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
const QUANTILES = [0.5, 0.9, 0.99] as const;

/** Metrics as Apache's PrometheusMetricsProvider exposes them: all values are doubles, names carry no prefix. */
export function prometheusText(metrics: readonly Metric[]): string {
  const families = new Map<string, string[]>();
  for (const metric of metrics) {
    if (metric.kind === 'text') continue;
    const lines = families.get(metric.name) ?? header(metric.name, metric.kind);
    lines.push(...samples(metric));
    families.set(metric.name, lines);
  }
  return [...families.values()]
    .flat()
    .map((line) => `${line}\n`)
    .join('');
}

function header(name: string, kind: string, help = name): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`];
}

function samples(metric: Exclude<Metric, { kind: 'text' }>): string[] {
  if (metric.kind !== 'summary') {
    const label = metric.key === undefined ? '' : `{key="${escaped(metric.key)}",}`;
    return [`${metric.name}${label} ${javaDouble(metric.value)}`];
  }
  const { name, summary, key } = metric;
  const own = key === undefined ? '' : `key="${escaped(key)}",`;
  const label = key === undefined ? '' : `{${own}}`;
  const quantiles = summary.isDetailed ? QUANTILES : [0.5];
  return [
    ...quantiles.map((fraction) => {
      const value = summary.quantile(fraction);
      return `${name}{${own}quantile="${fraction}",} ${value === undefined ? 'NaN' : javaDouble(value)}`;
    }),
    `${name}_count${label} ${javaDouble(summary.count)}`,
    `${name}_sum${label} ${javaDouble(summary.sum)}`,
  ];
}

function escaped(label: string): string {
  return label.replace(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`));
}

/** What Prometheus' own client tells of a process, under its names. */
export function processText(process: ProcessFacts): string {
  const usage = process.usage();
  const values: [name: string, kind: string, help: string, value: number | undefined][] = [
    [
      'process_cpu_seconds_total',
      'counter',
      'Total user and system CPU time spent in seconds.',
      usage.cpuSeconds,
    ],
    [
      'process_start_time_seconds',
      'gauge',
      'Start time of the process since unix epoch in seconds.',
      usage.startedAtMs / 1000,
    ],
    ['process_open_fds', 'gauge', 'Number of open file descriptors.', usage.openFiles],
    ['process_max_fds', 'gauge', 'Maximum number of open file descriptors.', usage.maxFiles],
    ['process_resident_memory_bytes', 'gauge', 'Resident memory size in bytes.', usage.residentBytes],
    ['nodejs_heap_size_used_bytes', 'gauge', 'Process heap size used in bytes.', usage.heapUsedBytes],
    ['nodejs_heap_size_total_bytes', 'gauge', 'Process heap size in bytes.', usage.heapTotalBytes],
  ];
  return values
    .flatMap(([name, kind, help, value]) =>
      value === undefined ? [] : [...header(name, kind, help), `${name} ${javaDouble(value)}`],
    )
    .map((line) => `${line}\n`)
    .join('');
}

const IDLE_TIMEOUT_MS = 30_000;

/** The HTTP server that Prometheus scrapes. */
export function createMetricsServer(
  env: Env,
  config: ZooKeeperServerConfig,
  monitored: Monitored,
): HttpServer {
  const { process } = monitored;
  return new HttpServer({
    env,
    host: config.metricsHost,
    port: config.metricsPort,
    idleTimeoutMs: IDLE_TIMEOUT_MS,
    answer: async ({ method, path }) => {
      if (path !== '/metrics') return { status: 404, contentType: 'text/plain', body: 'Not Found\n' };
      if (method !== 'GET' && method !== 'HEAD') {
        return { status: 405, contentType: 'text/plain', body: 'Method Not Allowed\n' };
      }
      const own = prometheusText(metricsOf(monitored));
      const ofProcess = process !== undefined && config.metricsExportProcess ? processText(process) : '';
      return { status: 200, contentType: CONTENT_TYPE, body: own + ofProcess };
    },
  });
}
