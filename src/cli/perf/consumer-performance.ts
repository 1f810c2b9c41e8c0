import { Consumer } from '../../clients/kafka/consumer/consumer.ts';
import type { Env } from '../../env/env.ts';
import { createNodeEnv } from '../../env/node/create-node-env.ts';
import { consumerOptionsFor, loadProperties } from '../client-settings.ts';
import { illegalArgument } from '../java-error.ts';
import type { ConsumerPerfOptions } from '../kafka-consumer-perf-test.ts';
import { fixed } from './latency-stats.ts';
import { printConsumerMetrics } from './print-metrics.ts';
import { formatDate } from './simple-date-format.ts';

const MEGABYTE = 1024 * 1024;
const POLL_MS = 100;
const REBALANCE_COLUMNS = 'rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec';

/** Time that goes into rebalances: from the begin, or from when partitions are given up, until new ones are there. */
class RebalanceClock {
  totalMs = 0;
  private sinceMs: number;
  private readonly env: Env;

  constructor(env: Env) {
    this.env = env;
    this.sinceMs = env.clock.nowMs();
  }

  revoked(): void {
    this.sinceMs = this.env.clock.nowMs();
  }

  assigned(): void {
    this.totalMs += this.env.clock.nowMs() - this.sinceMs;
  }
}

interface Amount {
  records: number;
  bytes: number;
}

/** `ConsumerPerformance`: reads records and prints how fast that went. */
export async function measureConsumer(options: ConsumerPerfOptions): Promise<number> {
  const env = createNodeEnv({ logLevel: 'silent' });
  const dateFormat = options.required('date-format');
  const isDetailed = options.has('show-detailed-stats');
  if (!options.has('hide-header')) {
    const first = isDetailed ? 'time, threadId' : 'start.time, end.time';
    console.log(
      `${first}, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, ${REBALANCE_COLUMNS}`,
    );
  }
  const properties = consumerProperties(env, options);
  const rebalances = new RebalanceClock(env);
  const settings = await consumerOptionsFor(properties);
  const consumer = new Consumer(env, {
    ...settings,
    rebalanceListener: { onAssigned: () => rebalances.assigned(), onRevoked: () => rebalances.revoked() },
  });
  const startMs = env.clock.nowMs();
  const total = await consumeAll(env, consumer, options, rebalances);
  const endMs = env.clock.nowMs();
  const metrics = consumer.metrics();
  await consumer.close();
  if (!isDetailed) {
    const elapsedMs = endMs - startMs;
    const fetchMs = elapsedMs - rebalances.totalMs;
    const dates = [startMs, endMs].map((timeMs) => formatDate(dateFormat, timeMs)).join(', ');
    const megabytes = total.bytes / MEGABYTE;
    const overall = `${fixed(megabytes, 4)}, ${perSecond(megabytes, elapsedMs)}, ${total.records}, ${perSecond(total.records, elapsedMs)}`;
    const fetching = `${perSecond(megabytes, fetchMs)}, ${perSecond(total.records, fetchMs)}`;
    console.log(`${dates}, ${overall}, ${rebalances.totalMs}, ${fetchMs}, ${fetching}`);
  }
  if (options.has('print-metrics')) printConsumerMetrics(properties.get('client.id') ?? '', metrics);
  return 0;
}

const perSecond = (amount: number, elapsedMs: number) => fixed(amount / (elapsedMs / 1000), 4);

async function consumeAll(
  env: Env,
  consumer: Consumer,
  options: ConsumerPerfOptions,
  rebalances: RebalanceClock,
): Promise<Amount> {
  const wanted = Number(options.bigint('messages') ?? 0n);
  const timeoutMs = Number(options.bigint('timeout') ?? 0n);
  const reports = new Reports(options, rebalances, env.clock.nowMs());
  consumer.subscribe(options.required('topic'));
  const total: Amount = { records: 0, bytes: 0 };
  let nowMs = env.clock.nowMs();
  let lastConsumedMs = nowMs;
  while (total.records < wanted && nowMs - lastConsumedMs <= timeoutMs) {
    const records = await consumer.poll({ timeoutMs: POLL_MS });
    nowMs = env.clock.nowMs();
    if (records.length > 0) lastConsumedMs = nowMs;
    for (const { key, value } of records) {
      total.records++;
      total.bytes += (key?.length ?? 0) + (value?.length ?? 0);
    }
    if (records.length > 0) reports.maybePrint(total, nowMs);
  }
  if (total.records < wanted) {
    console.log(
      `WARNING: Exiting before consuming the expected number of messages: timeout (${timeoutMs} ms) exceeded. You can use the --timeout option to increase the timeout.`,
    );
  }
  return total;
}

/** A line for each interval, with `--show-detailed-stats`. */
class Reports {
  private readonly isWanted: boolean;
  private readonly dateFormat: string;
  private readonly intervalMs: number;
  private readonly rebalances: RebalanceClock;
  private lastMs: number;
  private last: Amount = { records: 0, bytes: 0 };
  private lastRebalanceMs = 0;

  constructor(options: ConsumerPerfOptions, rebalances: RebalanceClock, nowMs: number) {
    this.isWanted = options.has('show-detailed-stats');
    this.dateFormat = options.required('date-format');
    this.intervalMs = Number(options.bigint('reporting-interval') ?? 0n);
    if (this.intervalMs <= 0) throw illegalArgument('Reporting interval must be greater than 0.');
    this.rebalances = rebalances;
    this.lastMs = nowMs;
  }

  maybePrint(total: Amount, nowMs: number): void {
    if (nowMs - this.lastMs < this.intervalMs) return;
    if (this.isWanted) this.print(total, nowMs);
    this.lastMs = nowMs;
    this.last = { ...total };
    this.lastRebalanceMs = this.rebalances.totalMs;
  }

  private print(total: Amount, nowMs: number): void {
    const elapsedMs = nowMs - this.lastMs;
    const rebalanceMs = this.rebalances.totalMs - this.lastRebalanceMs;
    const fetchMs = elapsedMs - rebalanceMs;
    const megabytes = (total.bytes - this.last.bytes) / MEGABYTE;
    const records = total.records - this.last.records;
    const fetching = (amount: number) => (fetchMs <= 0 ? '0.0000' : perSecond(amount, fetchMs));
    const overall = `${fixed(total.bytes / MEGABYTE, 4)}, ${perSecond(megabytes, elapsedMs)}, ${total.records}, ${perSecond(records, elapsedMs)}`;
    const date = formatDate(this.dateFormat, nowMs);
    console.log(
      `${date}, 0, ${overall}, ${rebalanceMs}, ${fetchMs}, ${fetching(megabytes)}, ${fetching(records)}`,
    );
  }
}

function consumerProperties(env: Env, options: ConsumerPerfOptions): Map<string, string> {
  const file = options.text('consumer.config');
  const properties = file === undefined ? new Map<string, string>() : loadProperties(env, file);
  const servers = options.text('bootstrap-server') ?? options.required('broker-list');
  properties.set('bootstrap.servers', servers);
  properties.set('group.id', options.has('group') ? options.required('group') : randomGroup(env));
  properties.set('receive.buffer.bytes', String(options.bigint('socket-buffer-size')));
  properties.set('max.partition.fetch.bytes', String(options.bigint('fetch-size')));
  properties.set('auto.offset.reset', options.has('from-latest') ? 'latest' : 'earliest');
  properties.set('check.crcs', 'false');
  if (!properties.has('client.id')) properties.set('client.id', 'perf-consumer-client');
  return properties;
}

function randomGroup(env: Env): string {
  return `perf-consumer-${env.random.below(100_000)}`;
}
