import { checkValue } from '../../base/config-keys/config-def.ts';
import type { Admin } from '../../clients/kafka/admin/admin.ts';
import { isKafkaError } from '../../clients/kafka/kafka-error.ts';
import { topicDefs } from '../../kafka/server/config/topic-defs.ts';
import { illegalArgument, JavaError } from '../java-error.ts';
import { asJavaError } from '../kafka-failure.ts';
import type { TopicsOptions } from '../kafka-topics.ts';
import { logLine } from '../log-line.ts';
import { describeTopics } from './describe-topics.ts';
import { isInternalTopic, topicPattern } from './topic-filter.ts';
import { bootstrapServersOf, firstCall, withAdmin } from './with-admin.ts';

const LOGGER = 'org.apache.kafka.tools.TopicCommand';
const MAX_SHORT = 32_767;

/** The action of a `kafka-topics` whose options are right. Resolves to the exit code. */
export async function runTopics(options: TopicsOptions): Promise<number> {
  const from = {
    bootstrapServers: await bootstrapServersOf(options),
    commandConfig: options.text('command-config'),
  };
  return withAdmin(from, async (admin) => {
    try {
      if (options.has('create')) await createTopic(admin, options);
      else if (options.has('alter')) await alterTopics(admin, options);
      else if (options.has('list')) console.log((await selectedTopics(admin, options)).join('\n'));
      else if (options.has('describe')) await describe(admin, options);
      else await deleteTopics(admin, options);
      return 0;
    } catch (error) {
      const known = asJavaError(error);
      if (!(known instanceof JavaError)) throw error;
      console.log(`Error while executing topic command : ${known.message}`);
      logLine('ERROR', `${known.toTrace()}\n`, LOGGER);
      return 1;
    }
  });
}

/** Names of the topics that `--topic` means, sorted; of all without it. */
async function selectedTopics(admin: Admin, options: TopicsOptions): Promise<string[]> {
  const pattern = options.text('topic');
  const excludeInternal = options.has('exclude-internal');
  const all = await firstCall('listTopics', () => admin.listTopics({ includeInternal: !excludeInternal }));
  const matches = pattern === undefined ? undefined : topicPattern(pattern);
  return [...all.keys()]
    .filter((name) => matches?.test(name) ?? true)
    .filter((name) => !(excludeInternal && isInternalTopic(name)))
    .sort();
}

/** The topics of an action upon topics that must be there, unless `--if-exists` says otherwise. */
async function existingTopics(admin: Admin, options: TopicsOptions): Promise<string[]> {
  const topics = await selectedTopics(admin, options);
  const wanted = options.text('topic') ?? '';
  if (topics.length === 0 && wanted !== '' && !options.has('if-exists')) {
    // The name stands in Java's Optional.
    throw illegalArgument(`Topic 'Optional[${wanted}]' does not exist as expected`);
  }
  return topics;
}

/** Replicas by partition. Throws {@link JavaError}. */
function parseReplicaAssignment(text: string): number[][] {
  const partitions = text.split(',').map((list, partition) => {
    const brokers = list.split(':').map((id) => {
      if (!/^[+-]?\d+$/.test(id.trim())) {
        throw new JavaError('java.lang.NumberFormatException', `For input string: "${id.trim()}"`);
      }
      return Number(id);
    });
    const twice = [...new Set(brokers.filter((id, index) => brokers.indexOf(id) !== index))];
    if (twice.length > 0) {
      throw new JavaError(
        'org.apache.kafka.server.common.AdminCommandFailedException',
        `Partition replica lists may not contain duplicate entries: ${twice.join(',')}`,
      );
    }
    return { partition, brokers };
  });
  for (const { partition, brokers } of partitions) {
    if (brokers.length === partitions[0]?.brokers.length) continue;
    throw new JavaError(
      'org.apache.kafka.server.common.AdminOperationException',
      `Partition ${partition} has different replication factor: [${brokers.join(', ')}]`,
    );
  }
  return partitions.map(({ brokers }) => brokers);
}

/** `--config` of a topic, checked as far as that is possible without a broker (`LogConfig.validate`). */
function parseTopicConfigs(given: readonly string[]): Record<string, string> {
  const pairs = given.map((config) => config.split(/\s*=\s*/).filter((part, at) => at < 2 || part !== ''));
  if (pairs.some((pair) => pair.length !== 2 || pair[1] === '')) {
    throw illegalArgument(
      'requirement failed: Invalid topic config: all configs to be added must be in the format "key=val".',
    );
  }
  const configs = Object.fromEntries(pairs.map(([key = '', value = '']) => [key.trim(), value.trim()]));
  for (const name of Object.keys(configs)) {
    if (Object.hasOwn(topicDefs, name)) continue;
    throw new JavaError(
      'org.apache.kafka.common.errors.InvalidConfigurationException',
      `Unknown topic config name: ${name}`,
    );
  }
  for (const [name, definition] of Object.entries(topicDefs)) {
    const value = configs[name];
    if (value !== undefined) checkValue(name, definition, value);
  }
  const format = configs['message.format.version'];
  if (format !== undefined) {
    console.log(
      `WARNING: The configuration message.format.version=${format} is specified. This configuration will be ignored if the version is newer than the inter.broker.protocol.version specified in the broker or if the inter.broker.protocol.version is 3.0 or newer. This configuration is deprecated and it will be removed in Apache Kafka 4.0.`,
    );
  }
  return configs;
}

async function createTopic(admin: Admin, options: TopicsOptions): Promise<void> {
  const name = options.text('topic') ?? '';
  const partitions = options.number('partitions');
  const replicationFactor = options.number('replication-factor');
  const assignment = options.text('replica-assignment') ?? '';
  const assignments = assignment === '' ? undefined : parseReplicaAssignment(assignment);
  const configs = parseTopicConfigs(options.all('config'));
  if (/[._]/.test(name)) {
    console.log(
      "WARNING: Due to limitations in metric names, topics with a period ('.') or underscore ('_') could collide. To avoid issues it is best to use either, but not both.",
    );
  }
  if (replicationFactor !== undefined && (replicationFactor < 1 || replicationFactor > MAX_SHORT)) {
    throw illegalArgument(`The replication factor must be between 1 and ${MAX_SHORT} inclusive`);
  }
  if (partitions !== undefined && partitions < 1) {
    throw illegalArgument('The partitions must be greater than 0');
  }
  try {
    const topic = {
      name,
      configs,
      ...(partitions === undefined ? {} : { partitions }),
      ...(replicationFactor === undefined ? {} : { replicationFactor }),
      ...(assignments === undefined ? {} : { assignments }),
    };
    await firstCall('createTopics', () => admin.createTopics([topic], { retryOnQuotaViolation: false }));
    console.log(`Created topic ${name}.`);
  } catch (error) {
    if (!isKafkaError(error, 'TOPIC_ALREADY_EXISTS') || !options.has('if-not-exists')) throw error;
  }
}

async function alterTopics(admin: Admin, options: TopicsOptions): Promise<void> {
  const assignment = options.text('replica-assignment') ?? '';
  const replicas = assignment === '' ? undefined : parseReplicaAssignment(assignment);
  const configs = parseTopicConfigs(options.all('config'));
  const topics = await existingTopics(admin, options);
  if (topics.length === 0) return;
  if (options.has('zookeeper'))
    await alterConfigs(admin, topics, { configs, removed: options.all('delete-config') });
  const totalCount = options.number('partitions');
  if (totalCount === undefined) return;
  const described = replicas === undefined ? undefined : await admin.describeTopics(topics);
  const newPartitions = topics.map((topic) => {
    const present = described?.get(topic)?.partitions.length ?? 0;
    return {
      topic,
      totalCount,
      ...(replicas === undefined ? {} : { assignments: replicas.slice(present) }),
    };
  });
  await admin.createPartitions(newPartitions, { retryOnQuotaViolation: false });
}

/** `--alter --config` and `--delete-config` with `--zookeeper`, which kafka-topics had until 3.0. */
async function alterConfigs(
  admin: Admin,
  topics: readonly string[],
  { configs, removed }: { configs: Readonly<Record<string, string>>; removed: readonly string[] },
): Promise<void> {
  const changes = [
    ...Object.entries(configs).map(([name, value]) => ({ name, operation: 'SET', value }) as const),
    ...removed.map((name) => ({ name, operation: 'DELETE' }) as const),
  ];
  if (changes.length === 0) return;
  await admin.incrementalAlterConfigs(topics.map((name) => ({ type: 'TOPIC', name, changes })));
  for (const topic of topics) console.log(`Updated config for topic ${topic}.`);
}

async function describe(admin: Admin, options: TopicsOptions): Promise<void> {
  const topicId = options.text('topic-id');
  if (topicId === undefined || topicId === 'AAAAAAAAAAAAAAAAAAAAAA') {
    const topics = await existingTopics(admin, options);
    await describeTopics(admin, options, topics);
    return;
  }
  const all = await firstCall('listTopics', () =>
    admin.listTopics({ includeInternal: !options.has('exclude-internal') }),
  );
  const isThere = [...all.values()].some((topic) => topic.topicId === topicId);
  if (!isThere && !options.has('if-exists')) {
    throw illegalArgument(`TopicId '${topicId}' does not exist as expected`);
  }
  await describeTopics(admin, options, { topicIds: isThere ? [topicId] : [] });
}

async function deleteTopics(admin: Admin, options: TopicsOptions): Promise<void> {
  const topics = await existingTopics(admin, options);
  await admin.deleteTopics(topics, { retryOnQuotaViolation: false });
  if (!options.has('zookeeper')) return;
  for (const topic of topics) {
    console.log(`Topic ${topic} is marked for deletion.`);
    console.log('Note: This will have no impact if delete.topic.enable is not set to true.');
  }
}
