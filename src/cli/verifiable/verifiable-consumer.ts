import type { TopicPartition } from '../../clients/kafka/cluster/cluster-metadata.ts';
import { Consumer } from '../../clients/kafka/consumer/consumer.ts';
import type { ConsumerRecord } from '../../clients/kafka/consumer/consumer-record.ts';
import type { Env } from '../../env/env.ts';
import { createNodeEnv } from '../../env/node/create-node-env.ts';
import type { ArgValues } from '../argparse/parse-args.ts';
import { consumerOptionsFor, loadProperties } from '../client-settings.ts';
import { interruption } from '../console/interruption.ts';
import { JavaError } from '../java-error.ts';
import { asJavaError } from '../kafka-failure.ts';
import { logLine } from '../log-line.ts';
import { createEvents, type Events } from './events.ts';

const LOGGER = 'org.apache.kafka.tools.VerifiableConsumer';

type CommitData = TopicPartition & { readonly offset: number };

/** `VerifiableConsumer`: reads a topic as a member of a group, and prints an event for all that happens. */
export async function runVerifiableConsumer(values: ArgValues): Promise<number> {
  const env = createNodeEnv({ logLevel: 'silent' });
  const events = createEvents(env);
  const interrupted = interruption();
  const { signal } = interrupted;
  const plain = (partitions: readonly TopicPartition[]) =>
    partitions.map(({ topic, partition }) => ({ topic, partition }));
  const consumer = new Consumer(env, {
    ...(await consumerOptionsFor(properties(env, values))),
    rebalanceListener: {
      onAssigned: (partitions) => events.print('partitions_assigned', { partitions: plain(partitions) }),
      onRevoked: (partitions) => events.print('partitions_revoked', { partitions: plain(partitions) }),
    },
  });
  const reading = new Reading(events, values.number('max-messages') ?? -1, values.has('verbose'));
  const commits = !values.has('enable-autocommit');
  try {
    events.print('startup_complete', {});
    consumer.subscribe(values.required('topic'));
    while (!reading.isFinished) {
      const offsets = reading.received(await consumer.poll({ signal }));
      if (commits) await commit(consumer, events, offsets);
    }
  } catch (error) {
    if (!signal.aborted) {
      logLine('ERROR', 'Error during processing, terminating consumer process: ', LOGGER);
      const known = asJavaError(error);
      console.error(known instanceof JavaError ? known.toTrace() : known);
    }
  } finally {
    await consumer.close();
    events.print('shutdown_complete', {});
  }
  return interrupted.exitCode ?? 0;
}

/** What was read so far; tells of it. */
class Reading {
  private readonly events: Events;
  private readonly limit: number;
  private readonly verbose: boolean;
  private consumed = 0;

  constructor(events: Events, maxMessages: number, verbose: boolean) {
    this.events = events;
    this.limit = maxMessages < 0 ? Number.POSITIVE_INFINITY : maxMessages;
    this.verbose = verbose;
  }

  get isFinished(): boolean {
    return this.consumed >= this.limit;
  }

  /** The offsets to commit then. */
  received(records: readonly ConsumerRecord[]): CommitData[] {
    const offsets: CommitData[] = [];
    const partitions: Readonly<Record<string, unknown>>[] = [];
    for (const group of byPartition(records)) {
      const taken = group.slice(0, this.limit - this.consumed);
      const [first] = taken;
      const last = taken.at(-1);
      if (first === undefined || last === undefined) continue;
      const { topic, partition } = first;
      offsets.push({ topic, partition, offset: last.offset + 1 });
      const [minOffset, maxOffset] = [first.offset, last.offset];
      partitions.push({ topic, partition, count: taken.length, minOffset, maxOffset });
      if (this.verbose) for (const record of taken) this.printRecord(record);
      this.consumed += taken.length;
      if (this.isFinished) break;
    }
    this.events.print('records_consumed', { count: records.length, partitions });
    return offsets;
  }

  private printRecord({ key, value, topic, partition, offset }: ConsumerRecord): void {
    const text = (bytes: Buffer | null) => bytes?.toString('utf8') ?? null;
    this.events.print('record_data', { key: text(key), value: text(value), topic, partition, offset });
  }
}

function byPartition(records: readonly ConsumerRecord[]): Iterable<ConsumerRecord[]> {
  const groups = new Map<string, ConsumerRecord[]>();
  for (const record of records) {
    const key = `${record.topic}-${record.partition}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [record]);
    else group.push(record);
  }
  return groups.values();
}

async function commit(consumer: Consumer, events: Events, offsets: readonly CommitData[]): Promise<void> {
  try {
    await consumer.commit(offsets);
    events.print('offsets_committed', { offsets, success: true });
  } catch (error) {
    const known = asJavaError(error);
    if (!(known instanceof JavaError)) throw error;
    events.print('offsets_committed', { offsets, error: known.message, success: false });
  }
}

function properties(env: Env, values: ArgValues): Map<string, string> {
  const file = values.text('consumer.config');
  const given = file === undefined ? new Map<string, string>() : loadProperties(env, file);
  if (values.required('group-protocol').toUpperCase() === 'CONSUMER') {
    given.set('group.protocol', values.required('group-protocol'));
    const assignor = values.text('group-remote-assignor');
    if (assignor !== undefined) given.set('group.remote.assignor', assignor);
  } else {
    given.set('partition.assignment.strategy', values.required('assignment-strategy'));
    // In new groups the brokers say how long members may be silent.
    given.set('session.timeout.ms', values.required('session-timeout'));
  }
  given.set('group.id', values.required('group-id'));
  const instance = values.text('group-instance-id');
  if (instance !== undefined) given.set('group.instance.id', instance);
  given.set('bootstrap.servers', values.text('bootstrap-server') ?? values.required('broker-list'));
  given.set('enable.auto.commit', String(values.has('enable-autocommit')));
  given.set('auto.offset.reset', values.required('reset-policy'));
  return given;
}
