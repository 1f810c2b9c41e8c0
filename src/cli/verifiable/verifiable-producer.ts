import { javaDoubleText } from '../../base/java-double.ts';
import { Producer } from '../../clients/kafka/producer/producer.ts';
import type { Sendable } from '../../clients/kafka/producer/producer-options.ts';
import type { Env } from '../../env/env.ts';
import { createNodeEnv } from '../../env/node/create-node-env.ts';
import type { ArgValues } from '../argparse/parse-args.ts';
import { loadProperties, producerOptionsFor } from '../client-settings.ts';
import { interruption } from '../console/interruption.ts';
import { JavaError } from '../java-error.ts';
import { asJavaError } from '../kafka-failure.ts';
import { ThroughputThrottler } from '../perf/throughput-throttler.ts';
import { createEvents } from './events.ts';

/** After so many records in one go, answers get their turn. */
const RECORDS_PER_TURN = 100;

/** `VerifiableProducer`: sends numbers, and prints an event for each outcome. */
export async function runVerifiableProducer(values: ArgValues): Promise<number> {
  const env = createNodeEnv({ logLevel: 'silent' });
  const throughput = values.number('throughput') ?? -1;
  const producer = new Producer<Sendable, Sendable>(env, await producerOptionsFor(properties(env, values)));
  const events = createEvents(env);
  const interrupted = interruption();
  const throttler = new ThroughputThrottler(env, throughput);
  const startMs = env.clock.nowMs();
  const counts = { sent: 0, acked: 0 };
  const maxMessages = values.number('max-messages') ?? -1;
  const makeRecord = records(env, values);
  events.print('startup_complete', {});
  for (let index = 0; maxMessages < 0 || index < maxMessages; index++) {
    if (interrupted.signal.aborted) break;
    const sentMs = env.clock.nowMs();
    const record = makeRecord(index);
    const { topic, key, value } = record;
    counts.sent++;
    producer.send(record).then(
      ({ offset, partition }) => {
        counts.acked++;
        events.print('producer_send_success', { key, value, offset, topic, partition });
      },
      (error: unknown) => {
        const known = asJavaError(error);
        const javaClass = known instanceof JavaError ? known.javaClass : 'java.lang.RuntimeException';
        const message = known instanceof Error ? known.message : String(known);
        events.print('producer_send_error', { topic, key, value, exception: `class ${javaClass}`, message });
      },
    );
    if (throttler.shouldThrottle(index, sentMs)) await throttler.throttle(interrupted.signal);
    else if (index % RECORDS_PER_TURN === 0) await new Promise<void>((resolve) => env.timers.soon(resolve));
    if (!producer.hasRoom) await producer.room();
  }
  await producer.close();
  events.print('shutdown_complete', {});
  const average = (1000 * counts.acked) / (env.clock.nowMs() - startMs);
  events.printText(
    'tool_data',
    `"sent":${counts.sent},"acked":${counts.acked},"target_throughput":${throughput},"avg_throughput":${javaDoubleText(average)}`,
  );
  return interrupted.exitCode ?? 0;
}

function records(env: Env, values: ArgValues) {
  const topic = values.required('topic');
  const prefix = values.text('value-prefix');
  const keys = values.number('repeating-keys');
  const startMs = env.clock.nowMs();
  const given = values.number('message-create-time') ?? -1;
  let createTime = given === -1 ? undefined : given;
  return (index: number) => {
    const key = keys === undefined ? null : String(index % keys);
    const value = prefix === undefined ? String(index) : `${Number(prefix)}.${index}`;
    const timestamp = createTime;
    if (createTime !== undefined) createTime += env.clock.nowMs() - startMs;
    return { topic, key, value, timestamp };
  };
}

function properties(env: Env, values: ArgValues): Map<string, string> {
  const servers = values.text('bootstrap-server') ?? values.required('broker-list');
  const given = new Map([
    ['bootstrap.servers', servers],
    ['acks', values.required('acks')],
    ['retries', '0'],
  ]);
  const file = values.text('producer.config');
  if (file !== undefined) for (const [key, value] of loadProperties(env, file)) given.set(key, value);
  return given;
}
