import type { Admin } from '../../clients/kafka/admin/admin.ts';
import type { ConfigChange } from '../../clients/kafka/admin/configs.ts';
import type { TopicDescription } from '../../clients/kafka/admin/topic-description.ts';
import { isKafkaError, KafkaError } from '../../clients/kafka/kafka-error.ts';
import { type ConnectionFlags, connectAdmin } from './connection.ts';
import { itemError, reportItems } from './items.ts';
import { minIsrOf, type PartitionTrouble, troubleOf } from './partition-trouble.ts';
import { EXIT, UsageError, type VerbContext } from './verb.ts';

interface TopicFlags extends ConnectionFlags {
  readonly internal?: boolean;
  readonly partitions?: number;
  readonly replicationFactor?: number;
  readonly config?: Readonly<Record<string, string>>;
  readonly deleteConfig?: readonly string[];
  readonly ifNotExists?: boolean;
  readonly ifExists?: boolean;
  readonly dryRun?: boolean;
  readonly only?: PartitionTrouble;
  readonly partition?: number;
  readonly before?: number;
}

type Context = VerbContext<TopicFlags>;

const byName = (a: TopicDescription, b: TopicDescription) => (a.name < b.name ? -1 : 1);

export async function listTopics(context: Context): Promise<number> {
  const { output, flags, signal } = context;
  await using admin = connectAdmin(context);
  const topics = await admin.listTopics({ includeInternal: flags.internal === true, signal });
  const listed = [...topics.values()].sort(byName);
  const sizes = listed.map(({ name, partitions, isInternal }) => ({
    name,
    partitions: partitions.length,
    replicationFactor: Math.max(0, ...partitions.map(({ replicas }) => replicas.length)),
    internal: isInternal,
  }));
  output.result({ topics: sizes }, () => {
    output.table(
      ['TOPIC', 'PARTITIONS', 'REPLICAS'],
      sizes.map(({ name, partitions, replicationFactor }) => [name, partitions, replicationFactor]),
    );
  });
  return EXIT.ok;
}

export async function createTopics(context: Context): Promise<number> {
  const { output, flags, args, signal } = context;
  await using admin = connectAdmin(context);
  const topics = args.map((name) => ({
    name,
    ...(flags.partitions === undefined ? {} : { partitions: flags.partitions }),
    ...(flags.replicationFactor === undefined ? {} : { replicationFactor: flags.replicationFactor }),
    ...(flags.config === undefined ? {} : { configs: flags.config }),
  }));
  const validateOnly = flags.dryRun === true;
  const outcomes = await admin.createTopics(topics, { validateOnly, signal }).settled();
  return reportItems(
    output,
    'topics',
    forgiving(outcomes, flags.ifNotExists === true ? 'TOPIC_ALREADY_EXISTS' : undefined),
    (name, created) => {
      if (created === undefined) return `topic ${name} is there already`;
      return validateOnly ? `topic ${name} could be created` : `created topic ${name}`;
    },
  );
}

export async function deleteTopics(context: Context): Promise<number> {
  const { output, flags, args, signal } = context;
  await using admin = connectAdmin(context);
  const outcomes = await admin.deleteTopics(args, { signal }).settled();
  const forgiven = flags.ifExists === true ? 'UNKNOWN_TOPIC_OR_PARTITION' : undefined;
  const deleted = new Map([...outcomes].map(([name, outcome]) => [name, outcome ?? true]));
  return reportItems(output, 'topics', forgiving(deleted, forgiven), (name, isDeleted) =>
    isDeleted === undefined ? `there is no topic ${name}` : `deleted topic ${name}`,
  );
}

/** Outcomes with one error made into `undefined`. */
function forgiving<V>(
  outcomes: ReadonlyMap<string, V | KafkaError>,
  code: 'TOPIC_ALREADY_EXISTS' | 'UNKNOWN_TOPIC_OR_PARTITION' | undefined,
): Map<string, V | KafkaError | undefined> {
  return new Map(
    [...outcomes].map(([name, outcome]) => [
      name,
      code !== undefined && isKafkaError(outcome, code) ? undefined : outcome,
    ]),
  );
}

export async function alterTopics(context: Context): Promise<number> {
  const { output, flags, args, signal } = context;
  const changes: ConfigChange[] = [
    ...Object.entries(flags.config ?? {}).map(
      ([name, value]): ConfigChange => ({ name, operation: 'SET', value }),
    ),
    ...(flags.deleteConfig ?? []).map((name): ConfigChange => ({ name, operation: 'DELETE' })),
  ];
  if (changes.length === 0 && flags.partitions === undefined) {
    throw new UsageError('nothing to change: give --partitions, --config or --delete-config');
  }
  await using admin = connectAdmin(context);
  const validateOnly = flags.dryRun === true;
  const outcomes = new Map<string, undefined | KafkaError>();
  if (flags.partitions !== undefined) {
    const totalCount = flags.partitions;
    const grown = admin.createPartitions(
      args.map((topic) => ({ topic, totalCount })),
      { validateOnly, signal },
    );
    for (const [topic, outcome] of await grown.settled()) outcomes.set(topic, outcome);
  }
  // What could not be made larger is left as it is.
  const open = args.filter((topic) => !(outcomes.get(topic) instanceof KafkaError));
  if (changes.length > 0 && open.length > 0) {
    const altered = admin.incrementalAlterConfigs(
      open.map((name) => ({ type: 'TOPIC' as const, name, changes })),
      { validateOnly, signal },
    );
    for (const [key, outcome] of await altered.settled()) outcomes.set(key.slice('TOPIC:'.length), outcome);
  }
  return reportItems(output, 'topics', outcomes, (name) =>
    validateOnly ? `topic ${name} could be changed` : `changed topic ${name}`,
  );
}

export async function describeTopics(context: Context): Promise<number> {
  const { output, flags, signal } = context;
  await using admin = connectAdmin(context);
  const outcomes = await described(admin, context);
  const topics = [...outcomes.values()]
    .filter((outcome): outcome is TopicDescription => !(outcome instanceof KafkaError))
    .sort(byName);
  const configs = await admin
    .describeConfigs(
      topics.map(({ name }) => ({ type: 'TOPIC' as const, name })),
      { signal },
    )
    .settled();
  const shown = topics.map((topic) => {
    const found = configs.get(`TOPIC:${topic.name}`);
    const entries = found === undefined || found instanceof KafkaError ? [] : found.entries;
    const minIsr = minIsrOf(entries);
    const own = entries.filter(({ source }) => source === 'DYNAMIC_TOPIC_CONFIG');
    return {
      name: topic.name,
      topicId: topic.topicId,
      internal: topic.isInternal,
      configs: Object.fromEntries(own.map(({ name, value }) => [name, value])),
      partitions: topic.partitions
        .map(({ partition, leader, replicas, isr, offlineReplicas }) => ({
          partition,
          leader: leader < 0 ? null : leader,
          replicas,
          isr,
          offlineReplicas,
          trouble: troubleOf({ leader, replicas, isr }, minIsr),
        }))
        .filter(({ trouble }) => flags.only === undefined || trouble.includes(flags.only)),
    };
  });
  const errors = [...outcomes].flatMap(([name, outcome]) => {
    const error = itemError(outcome);
    return error === null ? [] : [{ name, error }];
  });
  output.result({ topics: shown, errors }, () => {
    const wanted = shown.filter(({ partitions }) => flags.only === undefined || partitions.length > 0);
    for (const [index, topic] of wanted.entries()) {
      if (index > 0) output.line();
      const settings = Object.entries(topic.configs).map(([key, value]) => `${key}=${value}`);
      output.line(`${output.style('bold', topic.name)}  ${topic.topicId}  ${settings.join(' ')}`.trimEnd());
      output.table(
        ['PARTITION', 'LEADER', 'REPLICAS', 'ISR', 'STATE'],
        topic.partitions.map(({ partition, leader, replicas, isr, trouble }) => [
          partition,
          leader,
          replicas.join(','),
          isr.join(','),
          trouble.length === 0 ? 'ok' : trouble.join(', '),
        ]),
      );
    }
    for (const { error } of errors) output.error(error.code, error.message);
  });
  return errors.length > 0 ? EXIT.failed : EXIT.ok;
}

async function described(
  admin: Admin,
  { args, flags, signal }: Context,
): Promise<ReadonlyMap<string, TopicDescription | KafkaError>> {
  if (args.length > 0) return admin.describeTopics(args, { signal }).settled();
  return admin.listTopics({ includeInternal: flags.internal === true, signal });
}

export async function trimTopic(context: Context): Promise<number> {
  const { output, flags, args, signal } = context;
  const [topic = ''] = args;
  const { partition, before: beforeOffset = -1 } = flags;
  await using admin = connectAdmin(context);
  const description = (await admin.describeTopics([topic], { signal })).get(topic);
  const partitions = (description?.partitions ?? []).map((info) => info.partition);
  const chosen = partitions.filter((number) => partition === undefined || number === partition);
  if (chosen.length === 0) throw new UsageError(`topic ${topic} has no partition ${partition}`);
  const outcomes = await admin
    .deleteRecords(
      chosen.map((number) => ({ topic, partition: number, beforeOffset })),
      { signal },
    )
    .settled();
  return reportItems(
    output,
    'partitions',
    outcomes,
    (key, { lowWatermark }) => `${key} begins at offset ${lowWatermark}`,
  );
}
