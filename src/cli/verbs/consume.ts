import type { TopicPartition } from '../../clients/kafka/cluster/cluster-metadata.ts';
import { parseConsumerConfig } from '../../clients/kafka/config/consumer-config.ts';
import { Consumer } from '../../clients/kafka/consumer/consumer.ts';
import type { ConsumerRecord } from '../../clients/kafka/consumer/consumer-record.ts';
import { OutputBuffer } from '../console/output-buffer.ts';
import { type ConnectionFlags, clientProperties, connectAdmin, tellNotes } from './connection.ts';
import { jsonText } from './output.ts';
import { recordFormat, recordJson } from './record-format.ts';
import { type Begin, parseBegin } from './record-range.ts';
import { EXIT, UsageError, type VerbContext } from './verb.ts';

interface ConsumeFlags extends ConnectionFlags {
  readonly partition?: readonly number[];
  readonly offset?: string;
  readonly count?: number;
  readonly exit?: boolean;
  readonly group?: string;
  readonly format?: string;
  readonly keyDelimiter?: string;
  readonly delimiter?: string;
  readonly isolation?: string;
}

type Context = VerbContext<ConsumeFlags>;

/** How long a poll waits before it is looked whether the end has come. */
const POLL_MS = 500;

/** `consume`: prints records of topics, all partitions or some, alone or as a member of a group. */
export async function consume(context: Context): Promise<number> {
  const { flags } = context;
  const begin = parseBegin(flags.offset ?? (flags.group === undefined ? 'beginning' : 'stored'));
  if (flags.group !== undefined && (flags.exit === true || flags.partition !== undefined)) {
    throw new UsageError('--group gets its partitions from the group: leave --partition and --exit out');
  }
  if (flags.group === undefined && begin === 'stored')
    throw new UsageError('--offset stored needs a --group');
  const print = printer(context);
  const consumer = new Consumer(context.env, consumerOptions(context, begin));
  try {
    const ends = flags.group === undefined ? await assign(context, consumer, begin) : undefined;
    if (ends === undefined) consumer.subscribe(context.args);
    await readAll(context, consumer, print, flags.exit === true ? ends : undefined);
    if (flags.group !== undefined) await consumer.commit();
  } finally {
    await consumer.close();
  }
  return EXIT.ok;
}

function consumerOptions({ env, flags, output }: Context, begin: Begin) {
  const properties = clientProperties(env, flags);
  if (flags.group !== undefined) properties.set('group.id', flags.group);
  if (flags.isolation !== undefined) properties.set('isolation.level', flags.isolation);
  if (begin === 'beginning') properties.set('auto.offset.reset', 'earliest');
  const { options, notes } = parseConsumerConfig(properties);
  tellNotes(output, notes);
  return options;
}

type Ends = ReadonlyMap<TopicPartition, number>;

/** Goes to where reading begins; gives where the partitions end at that moment. */
async function assign(context: Context, consumer: Consumer, begin: Begin): Promise<Ends> {
  const { flags, args, signal } = context;
  await using admin = connectAdmin(context);
  const topics = await admin.describeTopics(args, { signal });
  const partitions = [...topics.values()].flatMap((topic) =>
    topic.partitions
      .filter(({ partition }) => flags.partition === undefined || flags.partition.includes(partition))
      .map(({ partition }) => ({ topic: topic.name, partition })),
  );
  if (partitions.length === 0) throw new UsageError('there is no such partition');
  consumer.assign(partitions);
  const ends = await consumer.endOffsets(partitions, { signal });
  await position(consumer, partitions, ends, begin);
  return new Map(ends.map(({ topic, partition, offset }) => [{ topic, partition }, offset]));
}

async function position(
  consumer: Consumer,
  partitions: readonly TopicPartition[],
  ends: readonly (TopicPartition & { readonly offset: number })[],
  begin: Begin,
): Promise<void> {
  if (begin === 'end') consumer.seekToEnd();
  else if (typeof begin === 'string') consumer.seekToBeginning();
  else if ('timestampMs' in begin) await consumer.seekToTime(begin.timestampMs);
  else if ('offset' in begin) for (const partition of partitions) consumer.seek(partition, begin.offset);
  else {
    const begins = await consumer.beginningOffsets(partitions);
    for (const end of ends) {
      const first = begins.find(({ topic, partition }) => topic === end.topic && partition === end.partition);
      consumer.seek(end, Math.max(first?.offset ?? 0, end.offset - begin.beforeEnd));
    }
  }
}

type Print = (record: ConsumerRecord, output: OutputBuffer) => void;

function printer({ flags, output }: Context): Print {
  if (output.json) return (record, buffer) => buffer.text(`${jsonText(recordJson(record))}\n`);
  const { keyDelimiter, delimiter = '\\n' } = flags;
  const key = keyDelimiter === undefined ? '' : `%k${keyDelimiter.replaceAll('%', '%%')}`;
  return recordFormat(flags.format ?? `${key}%s${delimiter.replaceAll('%', '%%')}`);
}

/** Until there are enough, all partitions have come to their `ends`, or somebody interrupts. */
async function readAll(
  { flags, output, signal }: Context,
  consumer: Consumer,
  print: Print,
  ends: Ends | undefined,
): Promise<void> {
  const buffer = new OutputBuffer();
  let left = flags.count ?? Number.POSITIVE_INFINITY;
  while (left > 0 && !signal.aborted && !(await isAtEnd(consumer, ends))) {
    const records = await poll(consumer, signal);
    for (const [index, record] of records.entries()) {
      if (isBeyond(record, ends)) continue;
      print(record, buffer);
      if (--left > 0) continue;
      // What was fetched and not printed is not to be committed.
      giveBack(consumer, records.slice(index + 1));
      break;
    }
    output.raw(buffer.take());
  }
}

async function poll(consumer: Consumer, signal: AbortSignal): Promise<readonly ConsumerRecord[]> {
  try {
    return await consumer.poll({ timeoutMs: POLL_MS, signal });
  } catch (error) {
    if (signal.aborted) return [];
    throw error;
  }
}

async function isAtEnd(consumer: Consumer, ends: Ends | undefined): Promise<boolean> {
  if (ends === undefined) return false;
  for (const [partition, end] of ends) {
    if (end > 0 && (await consumer.position(partition)) < end) return false;
  }
  return true;
}

function isBeyond({ topic, partition, offset }: ConsumerRecord, ends: Ends | undefined): boolean {
  if (ends === undefined) return false;
  for (const [one, end] of ends) if (one.topic === topic && one.partition === partition) return offset >= end;
  return false;
}

function giveBack(consumer: Consumer, records: readonly ConsumerRecord[]): void {
  const seen = new Set<string>();
  for (const { topic, partition, offset } of records) {
    if (!seen.has(`${topic}-${partition}`)) consumer.seek({ topic, partition }, offset);
    seen.add(`${topic}-${partition}`);
  }
}
