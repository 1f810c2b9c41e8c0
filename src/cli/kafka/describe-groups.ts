import type {
  ConsumerGroupDescription,
  ConsumerGroupMember,
} from '../../clients/kafka/admin/group-description.ts';
import { partitionKey } from '../../clients/kafka/admin/item-results.ts';
import type { TopicPartition } from '../../clients/kafka/cluster/cluster-metadata.ts';
import { hashOrder, partitionHash } from '../java-hash-order.ts';
import {
  cell,
  chosenGroups,
  committedOffsets,
  type GroupCommand,
  inFuture,
  inRuntime,
  printError,
} from './group-command.ts';

const REBALANCING = ['PreparingRebalance', 'CompletingRebalance', 'Assigning', 'Reconciling'];

/** Prints groups by their offsets, by `--members` or by `--state`. */
export async function describeGroups(command: GroupCommand): Promise<void> {
  const { options, admin, timeoutMs } = command;
  const groupIds = await chosenGroups(command);
  const described = await inFuture(admin.describeConsumerGroups(groupIds, { timeoutMs }));
  const groups = [...described.values()].sort((a, b) => (a.groupId < b.groupId ? -1 : 1));
  if (options.has('members')) {
    for (const group of groups) printMembers(group, options.has('verbose'));
  } else if (options.has('state')) {
    for (const group of groups) printState(group);
  } else {
    const tables = [];
    for (const group of groups) tables.push({ group, rows: await offsetRows(command, group) });
    for (const { group, rows } of tables) printOffsets(group, rows);
  }
}

/** Says what is to be said about the state of a group; whether there is anything to show of it. */
function isShown({ groupId, state }: ConsumerGroupDescription, rows: number): boolean {
  if (state === 'Dead') printError(`Consumer group '${groupId}' does not exist.`);
  else if (state === 'Empty') console.error(`\nConsumer group '${groupId}' has no active members.`);
  else if (REBALANCING.includes(state)) {
    console.error(`\nWarning: Consumer group '${groupId}' is rebalancing.`);
  }
  return state !== 'Dead' && rows > 0;
}

interface OffsetRow {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number | undefined;
  readonly end: number | undefined;
  readonly member: ConsumerGroupMember | undefined;
}

/** Partitions of each member, those with the most first, then those that have an offset and nobody reads. */
async function offsetRows(command: GroupCommand, group: ConsumerGroupDescription): Promise<OffsetRow[]> {
  const committed = await committedOffsets(command, group.groupId);
  const offsets = new Map(committed.map((entry) => [partitionKey(entry), entry.offset]));
  const members = group.members
    .filter(({ assignment }) => assignment.length > 0)
    .sort((a, b) => b.assignment.length - a.assignment.length);
  const assigned = new Set(members.flatMap(({ assignment }) => assignment.map(partitionKey)));
  const idle = committed.filter((entry) => !assigned.has(partitionKey(entry)));
  const parts = [
    ...members.map((member) => ({ member, partitions: asHashSet(member.assignment) })),
    ...(idle.length > 0 ? [{ member: undefined, partitions: idle }] : []),
  ];
  const rows: OffsetRow[] = [];
  for (const { member, partitions } of parts) {
    const sorted = [...partitions].sort((a, b) => a.partition - b.partition);
    const ends = await endOffsets(command, sorted);
    for (const { topic, partition } of hashOrder(sorted, partitionHash)) {
      const key = partitionKey({ topic, partition });
      rows.push({ topic, partition, offset: offsets.get(key), end: ends.get(key), member });
    }
  }
  return rows;
}

/** As a HashSet that is made of a list. */
function asHashSet(partitions: readonly TopicPartition[]): TopicPartition[] {
  return hashOrder(partitions, partitionHash, Math.max(Math.floor(partitions.length / 0.75) + 1, 16));
}

async function endOffsets(
  { admin, timeoutMs }: GroupCommand,
  partitions: readonly TopicPartition[],
): Promise<ReadonlyMap<string, number>> {
  const queries = partitions.map(({ topic, partition }) => ({ topic, partition, at: 'latest' as const }));
  const listed = await inRuntime(admin.listOffsets(queries, { timeoutMs }));
  return new Map([...listed].map(([key, { offset }]) => [key, offset]));
}

function printOffsets(group: ConsumerGroupDescription, rows: readonly OffsetRow[]): void {
  if (!isShown(group, rows.length)) return;
  const widest = (texts: readonly string[]) => Math.max(15, ...texts.map((text) => text.length));
  const widths = {
    group: widest([group.groupId]),
    topic: widest(rows.map(({ topic }) => topic)),
    member: widest(rows.map(({ member }) => member?.memberId ?? '-')),
    host: widest(rows.map(({ member }) => member?.clientHost ?? '-')),
  };
  const line = (
    ...[name, topic, partition, offset, end, lag, member, host, client]: readonly (
      | string
      | number
      | undefined
    )[]
  ) => {
    const numbers = `${cell(partition, 10)} ${cell(offset, 15)} ${cell(end, 15)} ${cell(lag, 15)}`;
    const who = `${cell(member, widths.member)} ${cell(host, widths.host)} ${client ?? '-'}`;
    return `\n${cell(name, widths.group)} ${cell(topic, widths.topic)} ${numbers} ${who}`;
  };
  const header = line(
    'GROUP',
    'TOPIC',
    'PARTITION',
    'CURRENT-OFFSET',
    'LOG-END-OFFSET',
    'LAG',
    'CONSUMER-ID',
    'HOST',
    'CLIENT-ID',
  );
  const lines = rows.map(({ topic, partition, offset, end, member }) => {
    const lag = offset === undefined || end === undefined ? undefined : end - offset;
    const who = [member?.memberId, member?.clientHost, member?.clientId];
    return line(group.groupId, topic, partition, offset, end, lag, ...who);
  });
  process.stdout.write(header + lines.join(''));
}

/** `(0,1), (2)`: the partitions of each topic, sorted as texts. */
function assignmentText(assignment: readonly TopicPartition[]): string {
  if (assignment.length === 0) return '-';
  const topics = [...new Set(assignment.map(({ topic }) => topic))];
  const lists = topics.map((name) => {
    const partitions = assignment.filter(({ topic }) => topic === name);
    const numbers = partitions.map(({ partition }) => String(partition)).sort();
    return `(${numbers.join(',')})`;
  });
  return lists.sort().join(', ');
}

function printMembers(group: ConsumerGroupDescription, verbose: boolean): void {
  const { groupId, members } = group;
  const isSeen = isShown(group, members.length);
  const widest = (least: number, texts: readonly string[]) =>
    isSeen ? Math.max(least, ...texts.map((text) => text.length)) : least;
  const hasInstances = isSeen && members.some(({ groupInstanceId }) => (groupInstanceId ?? '') !== '');
  const widths = {
    group: widest(15, [groupId]),
    member: widest(
      15,
      members.map(({ memberId }) => memberId),
    ),
    instance: widest(
      17,
      members.map(({ groupInstanceId }) => groupInstanceId ?? ''),
    ),
    host: widest(
      15,
      members.map(({ clientHost }) => clientHost),
    ),
    client: widest(
      15,
      members.map(({ clientId }) => clientId),
    ),
  };
  const line = (name: string, ...[member, instance, host, client, count]: readonly (string | number)[]) => {
    const middle = hasInstances ? `${cell(instance, widths.instance)} ` : '';
    const who = `${cell(member, widths.member)} ${middle}${cell(host, widths.host)} ${cell(client, widths.client)}`;
    return `${cell(name, widths.group)} ${who} ${cell(count, 15)} `;
  };
  const header = line('GROUP', 'CONSUMER-ID', 'GROUP-INSTANCE-ID', 'HOST', 'CLIENT-ID', '#PARTITIONS');
  console.log(`\n${header}${verbose ? 'ASSIGNMENT' : ''}`);
  for (const { memberId, groupInstanceId, clientHost, clientId, assignment } of members) {
    const row = line(groupId, memberId, groupInstanceId ?? '', clientHost, clientId, assignment.length);
    console.log(row + (verbose ? assignmentText(assignment) : ''));
  }
}

function printState(group: ConsumerGroupDescription): void {
  if (!isShown(group, 1)) return;
  const { host = '', port = -1, id = -1 } = group.coordinator ?? {};
  const coordinator = `${host}:${port}  (${id})`;
  const width = Math.max(25, coordinator.length);
  const line = (name: string, where: string, assignor: string, state: string, members: string | number) =>
    `\n${cell(name, width)} ${cell(where, 25)} ${cell(assignor, 20)} ${cell(state, 15)} ${members}`;
  const header = line('GROUP', 'COORDINATOR (ID)', 'ASSIGNMENT-STRATEGY', 'STATE', '#MEMBERS');
  const row = line(group.groupId, coordinator, group.assignor, group.state, group.members.length);
  console.log(header + row);
}
