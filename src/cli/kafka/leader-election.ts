import { partitionKey } from '../../clients/kafka/admin/item-results.ts';
import type { ElectionType } from '../../clients/kafka/admin/reassignments.ts';
import type { TopicPartition } from '../../clients/kafka/cluster/cluster-metadata.ts';
import { isKafkaError, KafkaError } from '../../clients/kafka/kafka-error.ts';
import { createNodeEnv } from '../../env/node/create-node-env.ts';
import { readTextOrThrow } from '../client-settings.ts';
import { JavaError } from '../java-error.ts';
import { hashOrder, partitionHash } from '../java-hash-order.ts';
import { OptionError } from '../jopt/option-error.ts';
import { asArray, asObject, integerField, parseJson, textField } from '../json.ts';
import { asJavaError } from '../kafka-failure.ts';
import type { LeaderElectionOptions } from '../kafka-leader-election.ts';
import { withAdmin } from './with-admin.ts';

const OPERATION = 'org.apache.kafka.server.common.AdminOperationException';
const FAILED = 'org.apache.kafka.server.common.AdminCommandFailedException';

function electionTypeOf(text: string): ElectionType {
  const type = text.toUpperCase();
  if (type === 'PREFERRED' || type === 'UNCLEAN') return type;
  throw OptionError.notOneOf('election-type', text, '[PREFERRED,UNCLEAN]');
}

/** `{"partitions": [{"topic": "foo", "partition": 1}]}`. Throws {@link JavaError}. */
function parsePartitions(text: string): TopicPartition[] {
  const json = parseJson(text);
  if (json === undefined) throw new JavaError(OPERATION, 'Replica election data is empty');
  const object = asObject(json);
  if (!Object.hasOwn(object, 'partitions')) {
    throw new JavaError(OPERATION, 'Replica election data is missing "partitions" field');
  }
  const partitions = asArray(object['partitions']).map((entry) => ({
    topic: textField(asObject(entry), 'topic'),
    partition: integerField(asObject(entry), 'partition'),
  }));
  const keys = partitions.map(partitionKey);
  const twice = [...new Set(keys.filter((key, index) => keys.indexOf(key) !== index))];
  if (twice.length > 0) {
    const list = `[${twice.join(', ')}]`;
    throw new JavaError(OPERATION, `Replica election data contains duplicate partitions: ${list}`);
  }
  return partitions;
}

function readElection(path: string): string {
  try {
    return readTextOrThrow(createNodeEnv(), path);
  } catch (error) {
    if (!(error instanceof JavaError)) throw error;
    throw new JavaError('java.lang.RuntimeException', error.toJavaString(), { cause: error });
  }
}

function partitionsOf(options: LeaderElectionOptions): TopicPartition[] | undefined {
  const file = options.text('path-to-json-file');
  if (file !== undefined) return parsePartitions(readElection(file));
  const [topic, partition] = [options.text('topic'), options.number('partition')];
  return topic === undefined || partition === undefined ? undefined : [{ topic, partition }];
}

/** Holds the elections and prints what came of them. Throws {@link JavaError} where one failed. */
export async function electLeaders(options: LeaderElectionOptions): Promise<void> {
  const type = electionTypeOf(options.required('election-type'));
  const partitions = partitionsOf(options);
  const from = {
    bootstrapServers: options.required('bootstrap-server'),
    commandConfig: options.text('admin.config'),
  };
  await withAdmin(
    from,
    async (admin) => {
      const outcomes = await elected(() =>
        admin.electLeaders(type, partitions === undefined ? {} : { partitions }).settled(),
      );
      report(type, outcomes);
    },
    { 'default.api.timeout.ms': '30000', 'request.timeout.ms': '15000' },
  );
}

async function elected<T>(elect: () => Promise<T>): Promise<T> {
  try {
    return await elect();
  } catch (error) {
    const why = isKafkaError(error, 'CLUSTER_AUTHORIZATION_FAILED')
      ? 'Not authorized to perform leader election'
      : isKafkaError(error, 'TIMED_OUT') || isKafkaError(error, 'UNREACHABLE')
        ? 'Timeout waiting for election results'
        : undefined;
    if (why === undefined) throw error;
    console.log(why);
    throw new JavaError(FAILED, why);
  }
}

/** Keys of results name partitions: in the order of Java's HashMap of them. */
function inOrder(keys: readonly string[]): string[] {
  const partitions = keys.map((key) => {
    const dash = key.lastIndexOf('-');
    return { key, topic: key.slice(0, dash), partition: Number(key.slice(dash + 1)) };
  });
  return hashOrder(hashOrder(partitions, partitionHash), partitionHash).map(({ key }) => key);
}

function report(type: ElectionType, outcomes: ReadonlyMap<string, undefined | KafkaError>): void {
  const keys = inOrder([...outcomes.keys()]);
  const needless = keys.filter((key) => isKafkaError(outcomes.get(key), 'ELECTION_NOT_NEEDED'));
  const succeeded = keys.filter((key) => outcomes.get(key) === undefined);
  if (succeeded.length > 0) {
    const list = succeeded.join(', ');
    console.log(`Successfully completed leader election (${type}) for partitions ${list}`);
  }
  if (needless.length > 0) {
    console.log(`Valid replica already elected for partitions ${needless.join(', ')}`);
  }
  const errors = keys.flatMap((key) => {
    const outcome = outcomes.get(key);
    if (!(outcome instanceof KafkaError) || needless.includes(key)) return [];
    const error = asJavaError(outcome);
    return error instanceof JavaError ? [{ key, error }] : [];
  });
  if (errors.length === 0) return;
  for (const { key, error } of errors) {
    const text = error.toJavaString();
    console.log(`Error completing leader election (${type}) for partition: ${key}: ${text}`);
  }
  throw new JavaError(FAILED, `${errors.length} replica(s) could not be elected`, {
    suppressed: errors.map(({ error }) => error),
  });
}
