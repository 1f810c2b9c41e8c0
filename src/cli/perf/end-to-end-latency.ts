import { javaDoubleText } from '../../base/java-double.ts';
import { Admin } from '../../clients/kafka/admin/admin.ts';
import { Consumer } from '../../clients/kafka/consumer/consumer.ts';
import { Producer } from '../../clients/kafka/producer/producer.ts';
import type { Sendable } from '../../clients/kafka/producer/producer-options.ts';
import type { Env } from '../../env/env.ts';
import { createNodeEnv } from '../../env/node/create-node-env.ts';
import {
  adminOptionsFor,
  consumerOptionsFor,
  loadProperties,
  producerOptionsFor,
} from '../client-settings.ts';
import { illegalArgument, JavaError } from '../java-error.ts';
import { fixed } from './latency-stats.ts';

const POLL_TIMEOUT_MS = 60_000;

/** `EndToEndLatency`: sends records one at a time and waits for each. */
export async function measureLatency(args: readonly string[]): Promise<number> {
  const [bootstrapServers = '', topic = '', countText = '', acks = '', sizeText = '', file = ''] = args;
  const count = javaInteger(countText);
  const sizeBytes = javaInteger(sizeText);
  if (acks !== '1' && acks !== 'all') {
    throw illegalArgument('Latency testing requires synchronous acknowledgement. Please use 1 or all');
  }
  const env = createNodeEnv({ logLevel: 'silent' });
  const commandConfig = file.trim() === '' ? undefined : file;
  const given = commandConfig === undefined ? new Map<string, string>() : loadProperties(env, commandConfig);
  const withServers = (more: Readonly<Record<string, string>>) =>
    new Map([...given, ['bootstrap.servers', bootstrapServers], ...Object.entries(more)]);
  const consumer = new Consumer(
    env,
    await consumerOptionsFor(
      withServers({
        'group.id': `test-group-${env.clock.nowMs()}`,
        'enable.auto.commit': 'false',
        'auto.offset.reset': 'latest',
        // No waiting for more than the one record.
        'fetch.max.wait.ms': '0',
      }),
    ),
  );
  const producer = new Producer<Sendable, Sendable>(
    env,
    await producerOptionsFor(withServers({ 'linger.ms': '0', acks })),
  );
  try {
    await assignAll(env, consumer, topic, { bootstrapServers, commandConfig });
    const latencies = await roundTrips(env, consumer, producer, { topic, count, sizeBytes });
    printResults(latencies);
    await consumer.commit();
  } finally {
    await producer.close();
    await consumer.close();
  }
  return 0;
}

function javaInteger(text: string): number {
  if (/^[+-]?\d+$/.test(text) && Math.abs(Number(text)) < 2 ** 31) return Number(text);
  throw new JavaError('java.lang.NumberFormatException', `For input string: "${text}"`);
}

/** Goes to the end of all partitions of the topic, which is created when it is not there. */
async function assignAll(
  env: Env,
  consumer: Consumer,
  topic: string,
  from: Parameters<typeof adminOptionsFor>[1],
): Promise<void> {
  await using admin = new Admin(env, await adminOptionsFor(env, from));
  if (!(await admin.listTopics({ includeInternal: true })).has(topic)) {
    console.log(
      `Topic "${topic}" does not exist. Will create topic with 1 partition(s) and replication factor = 1`,
    );
    await admin.createTopics([{ name: topic, partitions: 1, replicationFactor: 1 }]);
  }
  const described = (await admin.describeTopics([topic])).get(topic);
  const partitions = (described?.partitions ?? []).map(({ partition }) => ({ topic, partition }));
  consumer.assign(partitions);
  consumer.seekToEnd(partitions);
  for (const partition of partitions) await consumer.position(partition);
}

/** Nanoseconds are beyond the clock: milliseconds with a fraction. */
async function roundTrips(
  env: Env,
  consumer: Consumer,
  producer: Producer<Sendable, Sendable>,
  { topic, count, sizeBytes }: { topic: string; count: number; sizeBytes: number },
): Promise<number[]> {
  const latencies: number[] = [];
  for (let index = 0; index < count; index++) {
    const message = Buffer.alloc(sizeBytes, 65 + env.random.below(26));
    const beginMs = env.clock.monotonicMs();
    await producer.send({ topic, value: message });
    const records = await consumer.poll({ timeoutMs: POLL_TIMEOUT_MS });
    const elapsedMs = env.clock.monotonicMs() - beginMs;
    checkAnswer(message, records);
    if (index % 1000 === 0) console.log(`${index}\t${javaDoubleText(elapsedMs)}`);
    latencies.push(elapsedMs);
  }
  return latencies;
}

function checkAnswer(message: Buffer, records: readonly { readonly value: Buffer | null }[]): void {
  const failure = (text: string) => new JavaError('java.lang.RuntimeException', text);
  const [first] = records;
  if (first === undefined) {
    throw failure(`poll() timed out before finding a result (timeout:[${POLL_TIMEOUT_MS}])`);
  }
  if (first.value === null || !first.value.equals(message)) {
    throw failure(`The message read [${first.value}] did not match the message sent [${message}]`);
  }
  if (records.length > 1) {
    throw failure(`Only one result was expected during this test. We found [${records.length}]`);
  }
}

function printResults(latencies: readonly number[]): void {
  const total = latencies.reduce((sum, latencyMs) => sum + latencyMs, 0);
  console.log(`Avg latency: ${fixed(total / latencies.length, 4)} ms`);
  const sorted = latencies.map(Math.floor).sort((a, b) => a - b);
  const percentile = (share: number) => sorted[Math.floor(sorted.length * share)] ?? 0;
  const [p50, p99, p999] = [0.5, 0.99, 0.999].map(percentile);
  console.log(`Percentiles: 50th = ${p50}, 99th = ${p99}, 99.9th = ${p999}`);
}
