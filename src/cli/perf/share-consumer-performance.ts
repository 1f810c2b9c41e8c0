import { ShareConsumer } from '../../clients/kafka/share/share-consumer.ts';
import type { Env } from '../../env/env.ts';
import { createNodeEnv } from '../../env/node/create-node-env.ts';
import { loadProperties } from '../client-settings.ts';
import { shareConsumerOptionsFor } from '../console/share-consumer-options.ts';
import { illegalArgument } from '../java-error.ts';
import type { ShareConsumerPerfOptions } from '../kafka-share-consumer-perf-test.ts';
import { keyValueArgs } from '../key-value-args.ts';
import { fixed } from './latency-stats.ts';
import { formatDate } from './simple-date-format.ts';

const MEGABYTE = 1024 * 1024;
const POLL_MS = 100;

interface Amount {
  records: number;
  bytes: number;
}

/** One of the consumers that share the load. */
interface Reader {
  readonly consumer: ShareConsumer;
  readonly clientId: string;
  readonly amount: Amount;
}

interface Limits {
  readonly numRecords: number;
  readonly timeoutMs: number;
}

/** `ShareConsumerPerformance` of 4.3: reads records by several share consumers and prints how fast that went. */
export async function measureShareConsumers(options: ShareConsumerPerfOptions): Promise<number> {
  const env = createNodeEnv({ logLevel: 'silent' });
  const format = (timeMs: number) => formatDate(options.required('date-format'), timeMs);
  if (!options.has('hide-header')) {
    console.log(
      'start.time, end.time, data.consumed.in.MB, MB.sec, nMsg.sec, data.consumed.in.nMsg, fetch.time.ms',
    );
  }
  const readers = await createReaders(env, options);
  const limits: Limits = {
    numRecords: Number(options.bigint(options.has('messages') ? 'messages' : 'num-records') ?? 0n),
    timeoutMs: Number(options.bigint('timeout') ?? 0n),
  };
  const total: Amount = { records: 0, bytes: 0 };
  const startMs = env.clock.nowMs();
  for (const { consumer } of readers) consumer.subscribe(options.required('topic'));
  const reports = new Reports(env, options, format);
  await Promise.all(
    readers.map((reader, index) => read(env, reader, total, limits, reports.of(index + 1, reader))),
  );
  const endMs = env.clock.nowMs();
  const stats = (amount: Amount) =>
    statsText(amount, endMs - startMs, `${format(startMs)}, ${format(endMs)}`);
  if (options.has('show-consumer-stats')) {
    for (const [index, { clientId, amount }] of readers.entries()) {
      const who = `Share consumer ${index + 1} having client id ${clientId}`;
      console.log(`${who} consumption metrics- ${stats(amount)}`);
    }
  }
  if (total.records < limits.numRecords) {
    console.log(
      `WARNING: Exiting before consuming the expected number of records: timeout (${limits.timeoutMs} ms) exceeded. You can use the --timeout option to increase the timeout.`,
    );
  }
  for (const { consumer } of readers) await consumer.commit();
  console.log(stats(total));
  for (const { consumer } of readers) await consumer.close({ timeoutMs: 500 });
  return 0;
}

function statsText({ records, bytes }: Amount, elapsedMs: number, dates: string): string {
  const megabytes = bytes / MEGABYTE;
  const perSecond = (amount: number) => fixed(amount / (elapsedMs / 1000), 4);
  const rates = `${perSecond(megabytes)}, ${perSecond(records)}`;
  return `${dates}, ${fixed(megabytes, 4)}, ${rates}, ${records}, ${elapsedMs}`;
}

async function read(
  env: Env,
  { consumer, amount }: Reader,
  total: Amount,
  { numRecords, timeoutMs }: Limits,
  report: (nowMs: number) => void,
): Promise<void> {
  let nowMs = env.clock.nowMs();
  let lastConsumedMs = nowMs;
  while (total.records < numRecords && nowMs - lastConsumedMs <= timeoutMs) {
    const records = await consumer.poll({ timeoutMs: POLL_MS });
    nowMs = env.clock.nowMs();
    if (records.length === 0) continue;
    lastConsumedMs = nowMs;
    for (const { key, value } of records) {
      const bytes = (key?.length ?? 0) + (value?.length ?? 0);
      for (const counted of [amount, total]) {
        counted.records++;
        counted.bytes += bytes;
      }
    }
    report(nowMs);
  }
}

/** Lines for each interval and consumer, with `--show-detailed-stats`. */
class Reports {
  private readonly env: Env;
  private readonly isWanted: boolean;
  private readonly intervalMs: number;
  private readonly format: (timeMs: number) => string;

  constructor(env: Env, options: ShareConsumerPerfOptions, format: (timeMs: number) => string) {
    this.env = env;
    this.format = format;
    this.isWanted = options.has('show-detailed-stats');
    this.intervalMs = Number(options.bigint('reporting-interval') ?? 0n);
    if (this.intervalMs <= 0) throw illegalArgument('Reporting interval must be greater than 0.');
  }

  of(number: number, { amount }: Reader): (nowMs: number) => void {
    let lastMs = this.env.clock.nowMs();
    let last = { ...amount };
    return (nowMs) => {
      const elapsedMs = nowMs - lastMs;
      if (elapsedMs < this.intervalMs) return;
      if (this.isWanted) {
        const megabytes = ((amount.bytes - last.bytes) / MEGABYTE / elapsedMs) * 1000;
        const records = ((amount.records - last.records) / elapsedMs) * 1000;
        const rates = `${fixed(amount.bytes / MEGABYTE, 4)}, ${fixed(megabytes, 4)}, ${fixed(records, 4)}`;
        const dates = `${this.format(lastMs)}, ${this.format(nowMs)}`;
        console.log(`${dates}, ${rates}, ${amount.records}, ${elapsedMs} for share consumer ${number}`);
      }
      lastMs = nowMs;
      last = { ...amount };
    };
  }
}

async function createReaders(env: Env, options: ShareConsumerPerfOptions): Promise<Reader[]> {
  const properties = consumerProperties(env, options);
  const threads = options.number('threads') ?? 1;
  const base = properties.get('client.id') ?? '';
  const readers: Reader[] = [];
  for (let number = 1; number <= threads; number++) {
    const clientId = threads === 1 ? base : `${base}-${number}`;
    const settings = await shareConsumerOptionsFor(new Map([...properties, ['client.id', clientId]]));
    readers.push({ consumer: new ShareConsumer(env, settings), clientId, amount: { records: 0, bytes: 0 } });
  }
  return readers;
}

function consumerProperties(env: Env, options: ShareConsumerPerfOptions): Map<string, string> {
  const file = options.text('consumer.config') ?? options.text('command-config');
  const properties = file === undefined ? new Map<string, string>() : loadProperties(env, file);
  for (const [key, value] of keyValueArgs(options.all('command-property'))) properties.set(key, value);
  properties.set('bootstrap.servers', options.required('bootstrap-server'));
  properties.set('group.id', options.required('group'));
  properties.set('receive.buffer.bytes', String(options.bigint('socket-buffer-size')));
  properties.set('fetch.max.bytes', String(options.bigint('fetch-size')));
  properties.set('check.crcs', 'false');
  if (!properties.has('client.id')) properties.set('client.id', 'perf-share-consumer-client');
  return properties;
}
