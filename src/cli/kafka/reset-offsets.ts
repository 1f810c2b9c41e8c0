import { partitionKey } from '../../clients/kafka/admin/item-results.ts';
import type { OffsetSpec } from '../../clients/kafka/admin/list-offsets.ts';
import type { TopicPartition } from '../../clients/kafka/cluster/cluster-metadata.ts';
import { createNodeEnv } from '../../env/node/create-node-env.ts';
import { nodeClock } from '../../env/node/node-clock.ts';
import { readTextOrThrow } from '../client-settings.ts';
import { illegalArgument, JavaError, runtimeException } from '../java-error.ts';
import { hashOrder, partitionHash, stringHashOrder } from '../java-hash-order.ts';
import { parseDateTimeMs, parseDurationMs } from '../java-time.ts';
import type { OptionSpecs } from '../jopt/option-spec.ts';
import { logLine } from '../log-line.ts';
import { usageExit } from '../tool.ts';
import {
  cell,
  chosenGroups,
  committedOffsets,
  type GroupCommand,
  inRuntime,
  printError,
} from './group-command.ts';
import { parsePartitionList } from './topic-partition-list.ts';

const LOGGER = 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand';

interface NewOffset extends TopicPartition {
  readonly offset: number;
}

type Plan = ReadonlyMap<string, readonly NewOffset[]>;

/** Works out the offsets of groups without members, with `--execute` commits them, and prints or exports them. */
export async function resetOffsets(command: GroupCommand, specs: OptionSpecs): Promise<void> {
  const { options, admin, timeoutMs } = command;
  const groupIds = await chosenGroups(command);
  const described = await inRuntime(admin.describeConsumerGroups(groupIds, { timeoutMs }));
  const results = new Map<string, readonly NewOffset[]>();
  for (const groupId of stringHashOrder(groupIds, groupIds.length)) {
    const state = described.get(groupId)?.state ?? 'Unknown';
    if (state !== 'Empty' && state !== 'Dead') {
      printError(
        `Assignments can only be reset if the group '${groupId}' is inactive, but the current state is ${state}.`,
      );
      results.set(groupId, []);
      continue;
    }
    const partitions = await partitionsToReset(command, specs, groupId);
    const offsets = hashOrder(await newOffsets(command, specs, { groupId, partitions }), partitionHash);
    if (options.has('execute') && !options.has('dry-run')) {
      await inRuntime(admin.alterConsumerGroupOffsets(groupId, offsets, { timeoutMs }));
    }
    results.set(groupId, offsets);
  }
  const ordered: Plan = new Map(
    stringHashOrder([...results.keys()]).map((id) => [id, results.get(id) ?? []]),
  );
  if (options.has('export')) console.log(toCsv(ordered, options.all('group').length === 1));
  else printPlan(ordered);
}

/** Apache's 3.9 ends no line of this table. */
function printPlan(plan: Plan): void {
  const format = (group: string, topic: string, partition: string | number, offset: string | number) =>
    `${cell(group, 30)} ${cell(topic, 30)} ${cell(partition, 10)} ${cell(offset, 15)}`;
  if (plan.size > 0) process.stdout.write(`\n${format('GROUP', 'TOPIC', 'PARTITION', 'NEW-OFFSET')}`);
  for (const [groupId, offsets] of plan) {
    for (const { topic, partition, offset } of offsets) {
      process.stdout.write(format(groupId, topic, partition, offset));
    }
  }
}

/** `topic,partition,offset`, with the group in front unless there is one. */
function toCsv(plan: Plan, isSingleGroup: boolean): string {
  // The writer of Apache's tool puts quotes around what is long, without a look at what it is.
  const text = (value: string) =>
    value.length > 24 || /[^-.\w]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  const lines = [...plan].flatMap(([groupId, offsets]) =>
    offsets.map(({ topic, partition, offset }) => {
      const fields = [text(topic), partition, offset];
      return `${(isSingleGroup ? fields : [text(groupId), ...fields]).join(',')}\n`;
    }),
  );
  return lines.join('');
}

/** What the scope says: `--all-topics` (those with offsets), `--topic`, or nothing where a file says it. */
async function partitionsToReset(
  command: GroupCommand,
  specs: OptionSpecs,
  groupId: string,
): Promise<readonly TopicPartition[]> {
  const { options, admin, timeoutMs } = command;
  if (options.has('all-topics')) return committedOffsets(command, groupId);
  if (!options.has('topic')) {
    if (options.has('from-file')) return [];
    throw usageExit(specs, 'One of the reset scopes should be defined: --all-topics, --topic.');
  }
  const topics = options.all('topic');
  const partitions = topics.filter((topic) => topic.includes(':')).flatMap(parsePartitionList);
  const whole = topics.filter((topic) => !topic.includes(':'));
  if (whole.length === 0) return partitions;
  const described = await inRuntime(admin.describeTopics(whole, { timeoutMs }));
  for (const topic of stringHashOrder([...described.keys()], described.size)) {
    const found = described.get(topic)?.partitions ?? [];
    partitions.push(...found.map(({ partition }) => ({ topic, partition })));
  }
  return partitions;
}

interface ToReset {
  readonly groupId: string;
  readonly partitions: readonly TopicPartition[];
}

/** The offsets of the scenario that was chosen. */
async function newOffsets(
  command: GroupCommand,
  specs: OptionSpecs,
  { groupId, partitions }: ToReset,
): Promise<readonly NewOffset[]> {
  const { options } = command;
  if (options.has('to-offset')) {
    const offset = options.number('to-offset') ?? 0;
    return withinRange(
      command,
      partitions.map(({ topic, partition }) => ({ topic, partition, offset })),
    );
  }
  if (options.has('to-earliest')) return offsetsAt(command, partitions, 'earliest');
  if (options.has('to-latest')) return offsetsAt(command, partitions, 'latest');
  if (options.has('shift-by')) {
    return withinRange(command, await shifted(command, groupId, partitions));
  }
  if (options.has('to-datetime')) {
    return offsetsSince(
      command,
      partitions,
      timeOf(() => parseDateTimeMs(options.required('to-datetime'))),
    );
  }
  if (options.has('by-duration')) {
    const durationMs = parseDurationMs(options.required('by-duration'));
    return offsetsSince(command, partitions, Math.floor(nodeClock.nowMs() - durationMs));
  }
  if (options.has('from-file')) {
    const planned = readPlan(command).get(groupId);
    if (planned === undefined) {
      printError(`No reset plan for group ${groupId} found`);
      return [];
    }
    return withinRange(command, planned);
  }
  if (options.has('to-current')) return current(command, groupId, partitions);
  const scenarios =
    '[[to-offset], [to-current], [to-datetime], [from-file], [by-duration], [to-earliest], [to-latest], [shift-by]]';
  throw usageExit(specs, `Option '[reset-offsets]' requires one of the following scenarios: ${scenarios}`);
}

function timeOf(parse: () => number): number {
  try {
    return parse();
  } catch (error) {
    throw error instanceof JavaError ? runtimeException(error) : error;
  }
}

async function offsetsAt(
  { admin, timeoutMs }: GroupCommand,
  partitions: readonly TopicPartition[],
  at: OffsetSpec,
): Promise<readonly NewOffset[]> {
  const queries = partitions.map(({ topic, partition }) => ({ topic, partition, at }));
  const listed = await inRuntime(admin.listOffsets(queries, { timeoutMs }));
  return partitions.map(({ topic, partition }) => {
    const offset = listed.get(partitionKey({ topic, partition }))?.offset ?? -1;
    return { topic, partition, offset };
  });
}

/** The first records that are not before a time; the end of partitions that have none. */
async function offsetsSince(
  command: GroupCommand,
  partitions: readonly TopicPartition[],
  timestampMs: number,
): Promise<readonly NewOffset[]> {
  const found = hashOrder(await offsetsAt(command, partitions, { timestampMs }), partitionHash);
  const missing = found.filter(({ offset }) => offset === -1);
  for (const { topic, partition } of missing) {
    console.log(
      `\nWarn: Partition ${partition} from topic ${topic} is empty. Falling back to latest known offset.`,
    );
  }
  const ends = await offsetsAt(command, missing, 'latest');
  const byKey = new Map([...found, ...ends].map((entry) => [partitionKey(entry), entry]));
  return partitions.flatMap((partition) => byKey.get(partitionKey(partition)) ?? []);
}

async function shifted(
  command: GroupCommand,
  groupId: string,
  partitions: readonly TopicPartition[],
): Promise<NewOffset[]> {
  const committed = await committedOffsets(command, groupId);
  const offsets = new Map(committed.map((entry) => [partitionKey(entry), entry.offset]));
  return partitions.map(({ topic, partition }) => {
    const shiftBy = command.options.number('shift-by') ?? 0;
    const offset = offsets.get(partitionKey({ topic, partition }));
    if (offset === undefined) {
      throw illegalArgument(
        `Cannot shift offset for partition ${topic}-${partition} since there is no current committed offset`,
      );
    }
    return { topic, partition, offset: offset + shiftBy };
  });
}

async function current(
  command: GroupCommand,
  groupId: string,
  partitions: readonly TopicPartition[],
): Promise<readonly NewOffset[]> {
  const committed = new Map(
    (await committedOffsets(command, groupId)).map((entry) => [partitionKey(entry), entry.offset]),
  );
  const known = partitions.flatMap(({ topic, partition }) => {
    const offset = committed.get(partitionKey({ topic, partition }));
    return offset === undefined ? [] : [{ topic, partition, offset }];
  });
  const unknown = partitions.filter((partition) => !committed.has(partitionKey(partition)));
  return [...hashOrder(known, partitionHash), ...(await offsetsAt(command, unknown, 'latest'))];
}

/** Offsets moved into what the partitions hold, with a warning. */
async function withinRange(
  command: GroupCommand,
  wanted: readonly NewOffset[],
): Promise<readonly NewOffset[]> {
  const starts = await offsetsAt(command, wanted, 'earliest');
  const ends = await offsetsAt(command, wanted, 'latest');
  const startOf = new Map(starts.map((entry) => [partitionKey(entry), entry.offset]));
  const endOf = new Map(ends.map((entry) => [partitionKey(entry), entry.offset]));
  return hashOrder(wanted, partitionHash).map((entry) => {
    const key = partitionKey(entry);
    const { topic, partition } = entry;
    const start = startOf.get(key) ?? entry.offset;
    const end = endOf.get(key) ?? entry.offset;
    const offset = entry.offset > end ? end : Math.max(entry.offset, start);
    if (offset !== entry.offset) {
      const why = entry.offset > end ? 'higher than latest' : 'lower than earliest';
      const text = `New offset (${entry.offset}) is ${why} offset for topic partition ${key}. Value will be set to ${offset}`;
      logLine('WARN', text, LOGGER);
    }
    return { topic, partition, offset };
  });
}

/** The CSV of `--from-file`, as {@link toCsv} writes it. Throws {@link JavaError}. */
function readPlan({ options }: GroupCommand): Plan {
  const path = options.required('from-file');
  const lines = readFile(path)
    .split('\n')
    .filter((line) => line.trim() !== '');
  const rows = lines.map((line) => line.split(',').map((field) => field.trim().replace(/^"(.*)"$/, '$1')));
  const groups = options.all('group');
  const isOld = groups.length === 1 && rows[0]?.length === 3;
  const plan = new Map<string, NewOffset[]>();
  for (const row of rows) {
    const [group = '', topic = '', partition = '', offset = ''] = isOld ? [groups[0], ...row] : row;
    if (!/^\d+$/.test(partition) || !/^-?\d+$/.test(offset)) {
      const format = isOld ? 'topic,partition,offset' : 'group,topic,partition,offset';
      throw new JavaError(
        'java.lang.RuntimeException',
        `${path} has the line ${row.join(',')}: write ${format}`,
      );
    }
    plan.set(group, [
      ...(plan.get(group) ?? []),
      { topic, partition: Number(partition), offset: Number(offset) },
    ]);
  }
  return plan;
}

function readFile(path: string): string {
  try {
    return readTextOrThrow(createNodeEnv({ logLevel: 'silent' }), path);
  } catch (error) {
    throw error instanceof JavaError ? runtimeException(error) : error;
  }
}
