import type { GroupListing } from '../../clients/kafka/admin/group-description.ts';
import { partitionKey } from '../../clients/kafka/admin/item-results.ts';
import type { TopicPartition } from '../../clients/kafka/cluster/cluster-metadata.ts';
import { KafkaError } from '../../clients/kafka/kafka-error.ts';
import { executionException, illegalArgument, JavaError, runtimeException } from '../java-error.ts';
import { stringHashOrder } from '../java-hash-order.ts';
import type { OptionSpecs } from '../jopt/option-spec.ts';
import type { ConsumerGroupsOptions } from '../kafka-consumer-groups.ts';
import { asJavaError } from '../kafka-failure.ts';
import { usageExit } from '../tool.ts';
import { describeGroups } from './describe-groups.ts';
import {
  cell,
  chosenGroups,
  type GroupCommand,
  inFuture,
  listGroupIds,
  printError,
} from './group-command.ts';
import { resetOffsets } from './reset-offsets.ts';
import { parsePartitionList } from './topic-partition-list.ts';
import { withAdmin } from './with-admin.ts';

const STATES = [
  'PreparingRebalance',
  'CompletingRebalance',
  'Stable',
  'Dead',
  'Empty',
  'Assigning',
  'Reconciling',
];
const TYPES = ['Consumer', 'Classic'];

/** The action of a `kafka-consumer-groups` whose options are right; what fails is printed and no failure of the command. */
export async function runConsumerGroups(specs: OptionSpecs, options: ConsumerGroupsOptions): Promise<void> {
  try {
    const from = {
      bootstrapServers: options.required('bootstrap-server'),
      commandConfig: options.text('command-config'),
    };
    const timeoutMs = options.number('timeout') ?? 5000;
    await withAdmin(from, async (admin) => {
      const command = { options, admin, timeoutMs };
      if (options.has('list')) await listGroups(command);
      else if (options.has('describe')) await describeGroups(command);
      else if (options.has('delete')) await deleteGroups(command);
      else if (options.has('reset-offsets')) await resetOffsets(command, specs);
      else await deleteOffsets(command);
    });
  } catch (error) {
    const known = asJavaError(error);
    if (!(known instanceof JavaError)) throw error;
    if (known.javaClass === 'java.lang.IllegalArgumentException') throw usageExit(specs, known.message);
    // A file that cannot be read is met where Java cannot say so.
    const isFile = known.javaClass === 'java.nio.file.NoSuchFileException';
    const shown = isFile ? runtimeException(known) : known;
    printError(`Executing consumer group command failed due to ${shown.message}`);
    console.error(shown.toTrace());
  }
}

/** The values of a list with commas, as their choices are written. */
function choicesOf(what: string, text: string | undefined, choices: readonly string[]): string[] {
  if (text === undefined || text === '') return [];
  return text.split(',').map((given) => {
    const found = choices.find((choice) => choice.toLowerCase() === given.trim().toLowerCase());
    if (found !== undefined) return found;
    const [name, plural] = what === 'state' ? ['state', 'states'] : ['types', 'types'];
    throw illegalArgument(`Invalid ${name} list '${text}'. Valid ${plural} are: ${choices.join(', ')}`);
  });
}

async function listGroups(command: GroupCommand): Promise<void> {
  const { options, admin, timeoutMs } = command;
  if (!options.has('state') && !options.has('type')) {
    for (const id of await listGroupIds(command)) console.log(id);
    return;
  }
  const types = choicesOf('type', options.text('type'), TYPES);
  const states = choicesOf('state', options.text('state'), STATES);
  const listing = admin.listGroups({ protocolTypes: ['consumer', ''], types, states, timeoutMs });
  const groups = new Map((await inFuture(listing)).map((group) => [group.groupId, group]));
  const width = Math.max(15, ...[...groups.keys()].map((id) => id.length)) + 10;
  const line = (id: string, type: string, state: string) => {
    const cells = [cell(id, width)];
    if (options.has('type')) cells.push(cell(type, 20));
    if (options.has('state')) cells.push(cell(state, 20));
    console.log(cells.join(' '));
  };
  line('GROUP', 'TYPE', 'STATE');
  for (const id of stringHashOrder([...groups.keys()])) {
    const group: GroupListing | undefined = groups.get(id);
    line(id, group?.type ?? 'Unknown', group?.state ?? 'Unknown');
  }
}

async function deleteGroups(command: GroupCommand): Promise<void> {
  const groups = await chosenGroups(command);
  const outcomes = await command.admin.deleteGroups(groups, { timeoutMs: command.timeoutMs }).settled();
  const ordered = stringHashOrder(stringHashOrder([...groups], groups.length));
  const deleted = ordered.filter((id) => !(outcomes.get(id) instanceof KafkaError));
  const failed = ordered.filter((id) => outcomes.get(id) instanceof KafkaError);
  if (failed.length === 0) {
    console.log(`Deletion of requested consumer groups ('${deleted.join(', ')}') was successful.`);
    return;
  }
  printError('Deletion of some consumer groups failed:');
  for (const id of failed) {
    const error = asJavaError(outcomes.get(id));
    const text = error instanceof JavaError ? executionException(error).toJavaString() : String(error);
    console.log(`* Group '${id}' could not be deleted due to: ${text}`);
  }
  if (deleted.length > 0) {
    console.log(`\nThese consumer groups were deleted successfully: '${deleted.join("'")}', '`);
  }
}

/** A partition, -1 for a topic of which none are known, and why its offset could not be deleted. */
interface DeletedOffset extends TopicPartition {
  readonly error: KafkaError | undefined;
}

async function deleteOffsets(command: GroupCommand): Promise<void> {
  const { options, admin, timeoutMs } = command;
  const groupId = options.text('group') ?? '';
  const topics = options.all('topic');
  const whole = [...new Set(topics.filter((topic) => !topic.includes(':')))];
  const partitions = topics.filter((topic) => topic.includes(':')).flatMap(parsePartitionList);
  const rows: DeletedOffset[] = [];
  const described = await admin.describeTopics(whole, { timeoutMs }).settled();
  for (const [topic, outcome] of described) {
    if (outcome instanceof KafkaError) rows.push({ topic, partition: -1, error: outcome });
    else partitions.push(...outcome.partitions.map(({ partition }) => ({ topic, partition })));
  }
  const outcomes = await admin.deleteConsumerGroupOffsets(groupId, partitions, { timeoutMs }).settled();
  const distinct = new Map(partitions.map((partition) => [partitionKey(partition), partition]));
  for (const [key, partition] of distinct) {
    const outcome = outcomes.get(key);
    rows.push({ ...partition, error: outcome instanceof KafkaError ? outcome : undefined });
  }
  const first = rows.find(({ partition, error }) => partition >= 0 && error !== undefined)?.error;
  if (first === undefined) {
    console.log(`Request succeed for deleting offsets with topic ${topics.join(', ')} group ${groupId}`);
  } else {
    printError(deletionProblem(groupId, first));
  }
  printDeletedOffsets(rows);
}

function deletionProblem(groupId: string, { code }: KafkaError): string {
  switch (code) {
    case 'INVALID_GROUP_ID':
      return `'${groupId}' is not valid.`;
    case 'GROUP_ID_NOT_FOUND':
      return `'${groupId}' does not exist.`;
    case 'GROUP_AUTHORIZATION_FAILED':
      return `Access to '${groupId}' is not authorized.`;
    case 'NON_EMPTY_GROUP':
      return `Deleting offsets of a consumer group '${groupId}' is forbidden if the group is not empty.`;
    case 'GROUP_SUBSCRIBED_TO_TOPIC':
    case 'TOPIC_AUTHORIZATION_FAILED':
    case 'UNKNOWN_TOPIC_OR_PARTITION':
      return 'Encounter some partition level error, see the follow-up details:';
    default:
      return `Encounter some unknown error: ${code}`;
  }
}

/** Apache's 3.9 ends no line of this table. */
function printDeletedOffsets(rows: readonly DeletedOffset[]): void {
  const format = (topic: string, partition: string | number, status: string) =>
    `${cell(topic, 30)} ${cell(partition, 15)} ${cell(status, 15)}`;
  const sorted = rows.map((row) => ({ row, order: row.topic + row.partition }));
  sorted.sort((a, b) => (a.order < b.order ? -1 : 1));
  const lines = sorted.map(({ row: { topic, partition, error } }) =>
    format(
      topic,
      partition >= 0 ? partition : 'Not Provided',
      error === undefined ? 'Successful' : reasonOf(error),
    ),
  );
  process.stdout.write(`\n${format('TOPIC', 'PARTITION', 'STATUS')}${lines.join('')}`);
}

function reasonOf(error: KafkaError): string {
  const known = asJavaError(error);
  const text = known instanceof JavaError ? known.toJavaString() : error.message;
  return `Error: :${text}`;
}
