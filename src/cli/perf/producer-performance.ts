import { resolve } from 'node:path';
import { Producer } from '../../clients/kafka/producer/producer.ts';
import type { Sendable } from '../../clients/kafka/producer/producer-options.ts';
import type { Env } from '../../env/env.ts';
import { createNodeEnv } from '../../env/node/create-node-env.ts';
import type { ArgValues } from '../argparse/parse-args.ts';
import { loadProperties, producerOptionsFor } from '../client-settings.ts';
import { illegalArgument, JavaError } from '../java-error.ts';
import { asJavaError } from '../kafka-failure.ts';
import { LatencyStats } from './latency-stats.ts';
import { printProducerMetrics } from './print-metrics.ts';
import { ThroughputThrottler } from './throughput-throttler.ts';

/** After so many records in one go, answers get their turn. */
const RECORDS_PER_TURN = 100;
const NEVER = new AbortController().signal;

/** `ProducerPerformance`: sends records and prints how fast that went. */
export async function measureProducer(values: ArgValues): Promise<number> {
  const env = createNodeEnv({ logLevel: 'silent' });
  const payloadOf = payloads(env, values);
  const properties = producerProperties(env, values);
  const durationMs = values.number('transaction-duration-ms') ?? 0;
  const producer = new Producer<Sendable, Sendable>(env, await producerOptionsFor(properties));
  const numRecords = values.number('num-records') ?? 0;
  if (durationMs > 0) await producer.initTransactions();
  const stats = new LatencyStats(numRecords, env.clock.nowMs(), (line) => console.log(line));
  await sendAll(env, producer, stats, {
    topic: values.required('topic'),
    numRecords,
    throughput: values.number('throughput') ?? -1,
    transactionDurationMs: durationMs,
    payloadOf,
  });
  if (values.has('print-metrics')) {
    await producer.flush();
    stats.printTotal(env.clock.nowMs());
    printProducerMetrics(properties.get('client.id') ?? '', producer.metrics());
    await producer.close();
  } else {
    await producer.close();
    stats.printTotal(env.clock.nowMs());
  }
  return 0;
}

interface Load {
  readonly topic: string;
  readonly numRecords: number;
  readonly throughput: number;
  /** 0 for no transactions. */
  readonly transactionDurationMs: number;
  readonly payloadOf: (index: number) => Sendable;
}

async function sendAll(
  env: Env,
  producer: Producer<Sendable, Sendable>,
  stats: LatencyStats,
  load: Load,
): Promise<void> {
  const { topic, numRecords, transactionDurationMs } = load;
  const { clock } = env;
  const throttler = new ThroughputThrottler(env, load.throughput);
  let inTransaction = false;
  let begunMs = 0;
  for (let index = 0; index < numRecords; index++) {
    const value = load.payloadOf(index);
    if (transactionDurationMs > 0 && !inTransaction) {
      producer.beginTransaction();
      inTransaction = true;
      begunMs = clock.nowMs();
    }
    const sentMs = clock.nowMs();
    producer.send({ topic, value }).then(
      () => {
        const nowMs = clock.nowMs();
        stats.record(nowMs - sentMs, value.length, nowMs);
      },
      (error: unknown) => {
        const known = asJavaError(error);
        console.error(known instanceof JavaError ? known.toTrace() : known);
      },
    );
    if (inTransaction && transactionDurationMs <= sentMs - begunMs) {
      await producer.commitTransaction();
      inTransaction = false;
    }
    if (throttler.shouldThrottle(index, sentMs)) await throttler.throttle(NEVER);
    else if (index % RECORDS_PER_TURN === 0) await new Promise<void>((resolve) => env.timers.soon(resolve));
    if (!producer.hasRoom) await producer.room();
  }
  if (inTransaction) await producer.commitTransaction();
}

/** What the records are made of, as the options say. */
function payloads(env: Env, values: ArgValues): (index: number) => Sendable {
  const file = values.text('payload-file');
  if (file !== undefined) {
    const list = readPayloads(env, file, values.required('payload-delimiter'));
    return () => list[env.random.below(list.length)] ?? '';
  }
  const size = values.number('record-size');
  if (size === undefined) return (index) => String(index);
  // Letters at random, of which each record takes another piece.
  const letters = Buffer.from(env.random.bytes(size + 65_536).map((byte) => 65 + (byte % 26)));
  return () => {
    const at = env.random.below(65_536);
    return letters.subarray(at, at + size);
  };
}

function readPayloads(env: Env, path: string, delimiter: string): string[] {
  console.log(`Reading payloads from: ${resolve(path)}`);
  const stat = env.disk.stat(path);
  if (stat === undefined || stat.size === 0) {
    throw illegalArgument('File does not exist or empty file provided.');
  }
  const list = env.disk
    .readFile(path)
    .toString('utf8')
    .split(delimiter === '\\n' ? '\n' : delimiter);
  while (list.length > 1 && list.at(-1) === '') list.pop();
  console.log(`Number of messages read: ${list.length}`);
  return list;
}

function producerProperties(env: Env, values: ArgValues): Map<string, string> {
  const file = values.text('producer.config');
  const properties = file === undefined ? new Map<string, string>() : loadProperties(env, file);
  for (const text of values.all('producer-props')) {
    const [key = '', value, ...more] = text.split('=');
    if (value === undefined || value === '' || more.length > 0) {
      throw illegalArgument(`Invalid property: ${text}`);
    }
    properties.set(key, value);
  }
  if ((values.number('transaction-duration-ms') ?? 0) > 0) {
    properties.set('transactional.id', values.required('transactional-id'));
  }
  if (!properties.has('client.id')) properties.set('client.id', 'perf-producer-client');
  return properties;
}
