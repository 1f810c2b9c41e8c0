import type { Admin } from '../../clients/kafka/admin/admin.ts';
import type { ConsumerGroupDescription } from '../../clients/kafka/admin/group-description.ts';
import { partitionKey } from '../../clients/kafka/admin/item-results.ts';
import type { OffsetSpec } from '../../clients/kafka/admin/list-offsets.ts';
import type { TopicPartition } from '../../clients/kafka/cluster/cluster-metadata.ts';
import { KafkaError } from '../../clients/kafka/kafka-error.ts';
import { type ConnectionFlags, connectAdmin } from './connection.ts';
import { itemError, reportItems } from './items.ts';
import { parseTime } from './record-range.ts';
import { EXIT, UsageError, type VerbContext } from './verb.ts';

interface GroupFlags extends ConnectionFlags {
  readonly state?: readonly string[];
  readonly topic?: readonly string[];
  readonly to?: string;
  readonly dryRun?: boolean;
}

type Context = VerbContext<GroupFlags>;

export async function listGroups(context: Context): Promise<number> {
  const { output, flags, signal } = context;
  await using admin = connectAdmin(context);
  const { state: states = [] } = flags;
  const listed = [...(await admin.listGroups({ signal, ...(states.length > 0 ? { states } : {}) }))];
  const groups = listed
    .sort((a, b) => (a.groupId < b.groupId ? -1 : 1))
    .map(({ groupId, protocolType, state, type }) => ({
      group: groupId,
      type: type ?? null,
      protocol: protocolType,
      state: state ?? null,
    }));
  output.result({ groups }, () => {
    output.table(
      ['GROUP', 'TYPE', 'PROTOCOL', 'STATE'],
      groups.map(({ group, type, protocol, state }) => [
        group,
        type,
        protocol === '' ? null : protocol,
        state,
      ]),
    );
  });
  return EXIT.ok;
}

export async function describeGroups(context: Context): Promise<number> {
  const { output, args, signal } = context;
  await using admin = connectAdmin(context);
  const outcomes = await admin.describeConsumerGroups(args, { signal }).settled();
  const errors = [...outcomes].flatMap(([name, outcome]) => {
    const error = itemError(outcome);
    return error === null ? [] : [{ name, error }];
  });
  const groups: Awaited<ReturnType<typeof describedGroup>>[] = [];
  for (const outcome of outcomes.values()) {
    if (!(outcome instanceof KafkaError)) groups.push(await describedGroup(admin, outcome, signal));
  }
  output.result({ groups, errors }, () => {
    for (const [index, { group, state, assignor, coordinator, partitions }] of groups.entries()) {
      if (index > 0) output.line();
      const facts = `${state}  ${assignor}  coordinator ${coordinator ?? '-'}`;
      output.line(`${output.style('bold', group)}  ${facts}`);
      output.table(
        ['TOPIC', 'PARTITION', 'COMMITTED', 'END', 'LAG', 'MEMBER', 'HOST'],
        partitions.map((one) => [
          one.topic,
          one.partition,
          one.committed,
          one.end,
          one.lag,
          one.member,
          one.host,
        ]),
      );
    }
    for (const { error } of errors) output.error(error.code, error.message);
  });
  return errors.length > 0 ? EXIT.failed : EXIT.ok;
}

async function describedGroup(admin: Admin, group: ConsumerGroupDescription, signal: AbortSignal) {
  const { groupId, state, assignor, coordinator, members } = group;
  const committed = (await admin.listConsumerGroupOffsets([groupId], { signal })).get(groupId) ?? new Map();
  const owners = new Map(
    members.flatMap((member) =>
      member.assignment.map((partition) => [partitionKey(partition), { partition, member }] as const),
    ),
  );
  const all = new Map<string, TopicPartition>([
    ...[...committed].map(([key, offset]): [string, TopicPartition] => [key, offset]),
    ...[...owners].map(([key, { partition }]): [string, TopicPartition] => [key, partition]),
  ]);
  const queries = [...all.values()].map(({ topic, partition }) => ({
    topic,
    partition,
    at: 'latest' as const,
  }));
  const ends = await admin.listOffsets(queries, { signal }).settled();
  const partitions = [...all]
    .map(([key, { topic, partition }]) => {
      const found = ends.get(key);
      const end = found === undefined || found instanceof KafkaError ? null : found.offset;
      const offset: number | null = committed.get(key)?.offset ?? null;
      const owner = owners.get(key)?.member;
      return {
        topic,
        partition,
        committed: offset,
        end,
        lag: end === null || offset === null ? null : Math.max(0, end - offset),
        member: owner?.memberId ?? null,
        host: owner?.clientHost ?? null,
      };
    })
    .sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1));
  return {
    group: groupId,
    state,
    assignor,
    coordinator: coordinator?.id ?? null,
    members: members.length,
    partitions,
  };
}

export async function deleteGroups(context: Context): Promise<number> {
  const { output, args, signal } = context;
  await using admin = connectAdmin(context);
  const outcomes = await admin.deleteGroups(args, { signal }).settled();
  return reportItems(output, 'groups', outcomes, (name) => `deleted group ${name}`);
}

/** `group reset`: sets what a group without members has committed. */
export async function resetGroup(context: Context): Promise<number> {
  const { output, flags, args, signal } = context;
  const [groupId = ''] = args;
  const target = targetOf(flags.to ?? '');
  await using admin = connectAdmin(context);
  const partitions = await partitionsToReset(admin, groupId, flags.topic ?? [], signal);
  if (partitions.length === 0) {
    throw new UsageError(`group ${groupId} has committed nothing: name topics with --topic`);
  }
  const offsets = await offsetsAt(admin, partitions, target, signal);
  const committed = [...offsets.values()];
  if (flags.dryRun !== true) {
    const outcomes = await admin.alterConsumerGroupOffsets(groupId, committed, { signal }).settled();
    return reportItems(
      output,
      'partitions',
      outcomes,
      (key) => `${key} begins at offset ${offsets.get(key)?.offset} for ${groupId}`,
    );
  }
  output.result({ group: groupId, partitions: committed }, () => {
    output.table(
      ['TOPIC', 'PARTITION', 'OFFSET'],
      committed.map(({ topic, partition, offset }) => [topic, partition, offset]),
    );
  });
  return EXIT.ok;
}

function targetOf(text: string): OffsetSpec | number {
  if (text === 'earliest' || text === 'latest') return text;
  if (/^\d+$/.test(text)) return Number(text);
  const timestampMs = text.startsWith('@') ? parseTime(text.slice(1)) : undefined;
  if (timestampMs !== undefined) return { timestampMs };
  throw new UsageError(
    `--to ${text}: give earliest, latest, an offset, or a time such as @2026-01-31T12:00:00Z or @1700000000000`,
  );
}

/** Those of the topics named (`topic`, or `topic:0,1`), else those that the group has offsets of. */
async function partitionsToReset(
  admin: Admin,
  groupId: string,
  topics: readonly string[],
  signal: AbortSignal,
): Promise<TopicPartition[]> {
  if (topics.length === 0) {
    const committed = (await admin.listConsumerGroupOffsets([groupId], { signal })).get(groupId);
    return [...(committed ?? new Map<string, TopicPartition>()).values()];
  }
  const described = await admin.describeTopics([...new Set(topics.map((text) => text.split(':')[0] ?? ''))], {
    signal,
  });
  return topics.flatMap((text) => {
    const [topic = '', list] = text.split(':');
    const all = (described.get(topic)?.partitions ?? []).map(({ partition }) => partition);
    const chosen = list === undefined ? all : list.split(',').map(Number);
    return chosen.map((partition) => ({ topic, partition }));
  });
}

async function offsetsAt(
  admin: Admin,
  partitions: readonly TopicPartition[],
  target: OffsetSpec | number,
  signal: AbortSignal,
): Promise<Map<string, TopicPartition & { readonly offset: number }>> {
  const query = (at: OffsetSpec) =>
    admin.listOffsets(
      partitions.map(({ topic, partition }) => ({ topic, partition, at })),
      { signal },
    );
  const ends = await query('latest');
  const begins = typeof target === 'number' ? await query('earliest') : undefined;
  const found = typeof target === 'number' ? undefined : await query(target);
  return new Map(
    partitions.map(({ topic, partition }) => {
      const key = partitionKey({ topic, partition });
      const end = ends.get(key)?.offset ?? 0;
      // Beyond the log there is nothing to begin at; after the last record of a time the end is meant.
      const wanted =
        typeof target === 'number'
          ? Math.max(target, begins?.get(key)?.offset ?? 0)
          : found?.get(key)?.offset;
      const offset = wanted === undefined || wanted < 0 ? end : Math.min(wanted, end);
      return [key, { topic, partition, offset }];
    }),
  );
}
