import { partitionKey } from '../../clients/kafka/admin/item-results.ts';
import type { OffsetSpec } from '../../clients/kafka/admin/list-offsets.ts';
import type { TopicPartition } from '../../clients/kafka/cluster/cluster-metadata.ts';
import { KafkaError } from '../../clients/kafka/kafka-error.ts';
import { JavaError, terse } from '../java-error.ts';
import { asJavaError } from '../kafka-failure.ts';
import type { GetOffsetsOptions } from '../kafka-get-offsets.ts';
import { topicPattern } from './topic-filter.ts';
import { firstCall, withAdmin } from './with-admin.ts';

type Filter = (partition: TopicPartition) => boolean;

/** `--time`: a word, its number, or a timestamp. Throws {@link JavaError}. */
function offsetSpecOf(text: string): OffsetSpec {
  if (text === 'latest' || text === '-1') return 'latest';
  if (text === 'earliest' || text === '-2') return 'earliest';
  if (text === 'max-timestamp' || text === '-3') return 'maxTimestamp';
  if (text === 'earliest-local' || text === '-4') return 'earliestLocal';
  if (text === 'latest-tiered' || text === '-5') return 'latestTiered';
  if (/^[+-]?\d+$/.test(text)) return { timestampMs: Number(text) };
  throw terse(
    `Malformed time argument ${text}. Please use -1 or latest / -2 or earliest / -3 or max-timestamp / -4 or earliest-local / -5 or latest-tiered, or a specified long format timestamp`,
  );
}

/** `--topic-partitions`: patterns of topics, each with a partition, a range of them, or all. */
function ruleFilter(text: string): Filter {
  const rules = text.split(',').map((rule): Filter => {
    const match = /^([^:,]*)(?::(?:([0-9]*)|(?:([0-9]*)-([0-9]*))))?$/.exec(rule);
    if (match === null) {
      const cause = terse(`Invalid rule specification: ${rule}`);
      throw new JavaError('java.lang.RuntimeException', cause.toJavaString(), { cause });
    }
    const [, topic = '', only = '', from = '', to = ''] = match;
    const pattern = topicPattern(topic === '' ? '.*' : topic);
    const [first, end] =
      only === '' ? [Number(from), to === '' ? Infinity : Number(to)] : [Number(only), Number(only) + 1];
    return (partition) =>
      pattern.test(partition.topic) && partition.partition >= first && partition.partition < end;
  });
  return (partition) => rules.some((rule) => rule(partition));
}

/** `--topic` and `--partitions`. */
function simpleFilter(topic: string | undefined, partitions: string | undefined): Filter {
  const pattern = topicPattern(topic ?? '.*');
  const ids = partitions === undefined || partitions === '' ? [] : partitions.split(',');
  if (ids.some((id) => !/^[+-]?\d+$/.test(id))) {
    throw terse(
      `--partitions expects a comma separated list of numeric partition ids, but received: ${partitions}`,
    );
  }
  const wanted = new Set(ids.map(Number));
  return ({ topic: name, partition }) => pattern.test(name) && (wanted.size === 0 || wanted.has(partition));
}

function filterOf(options: GetOffsetsOptions): Filter {
  const rules = options.text('topic-partitions');
  return rules === undefined
    ? simpleFilter(options.text('topic'), options.text('partitions'))
    : ruleFilter(rules);
}

/** Prints `topic:partition:offset` for each partition that the options choose, sorted. */
export async function printOffsets(options: GetOffsetsOptions, bootstrapServers: string): Promise<void> {
  if (options.has('topic-partitions') && (options.has('topic') || options.has('partitions'))) {
    throw terse('--topic-partitions cannot be used with --topic or --partitions');
  }
  const at = offsetSpecOf(options.required('time'));
  const filter = filterOf(options);
  const from = { bootstrapServers, commandConfig: options.text('command-config') };
  await withAdmin(
    from,
    async (admin) => {
      const includeInternal = !options.has('exclude-internal-topics');
      const topics = await firstCall('listTopics', () => admin.listTopics({ includeInternal }));
      const partitions = [...topics.values()]
        .flatMap(({ name, partitions }) => partitions.map(({ partition }) => ({ topic: name, partition })))
        .filter(filter);
      if (partitions.length === 0) {
        throw terse('Could not match any topic-partitions with the specified filters');
      }
      const queries = partitions.map((partition) => ({ ...partition, at }));
      const offsets = await admin.listOffsets(queries).settled();
      const sorted = partitions.map((partition) => ({ partition, key: partitionKey(partition) }));
      const lines: string[] = [];
      for (const { partition, key } of sorted.sort((a, b) => (a.key < b.key ? -1 : 1))) {
        const outcome = offsets.get(key);
        if (outcome instanceof KafkaError) {
          const error = asJavaError(outcome);
          const reason = error instanceof JavaError ? error.toJavaString() : String(error);
          console.error(`Skip getting offsets for topic-partition ${key} due to error: ${reason}`);
        } else if (outcome !== undefined && outcome.offset !== -1) {
          lines.push(`${partition.topic}:${partition.partition}:${outcome.offset}`);
        }
      }
      for (const line of lines) console.log(line);
    },
    { 'client.id': 'GetOffsetShell' },
  );
}
