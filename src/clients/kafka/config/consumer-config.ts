import type { ConfigValues } from '../../../base/config-keys/config-def.ts';
import { ConfigError, invalidValue } from '../../../base/config-keys/config-error.ts';
import type { ConsumerOptions, IsolationLevel, OffsetReset } from '../consumer/consumer-options.ts';
import type { AssignorName } from '../consumer/group/assignors/assignor.ts';
import {
  type ClientConfig,
  type ClientProperties,
  clusterOptionsOf,
  parseClientConfig,
} from './client-config.ts';
import { consumerDefs } from './consumer-defs.ts';

type ConsumerDefs = typeof consumerDefs;

/** A consumer's settings, and the options that they are; deserializers come on top. */
export type ConsumerConfig = ClientConfig<ConsumerDefs> & { readonly options: ConsumerOptions };

/** What brokers decide in groups of the new protocol. */
const CLASSIC_ALONE = ['partition.assignment.strategy', 'heartbeat.interval.ms', 'session.timeout.ms'];

/** The settings of a consumer, with the rules of Apache's `ConsumerConfig`. Throws ConfigError. */
export function parseConsumerConfig(properties: ClientProperties): ConsumerConfig {
  const config = parseClientConfig(consumerDefs, properties);
  const { values, given } = config;
  const { groupId, enableAutoCommit, groupProtocol, groupRemoteAssignor } = values;
  if (groupId === null && given.has('enable.auto.commit') && enableAutoCommit) {
    throw new ConfigError('enable.auto.commit cannot be set to true when default group id (null) is used.');
  }
  const isClassic = groupProtocol.toUpperCase() === 'CLASSIC';
  if (isClassic && (groupRemoteAssignor ?? '') !== '') {
    throw new ConfigError('group.remote.assignor cannot be set when group.protocol=CLASSIC');
  }
  const foreign = isClassic ? undefined : CLASSIC_ALONE.find((key) => given.has(key));
  if (foreign !== undefined) throw new ConfigError(`${foreign} cannot be set when group.protocol=CONSUMER`);
  return { ...config, options: optionsOf(config) };
}

function optionsOf({ values, given }: ClientConfig<ConsumerDefs>): ConsumerOptions {
  const { groupId, groupInstanceId } = values;
  const isClassic = values.groupProtocol.toUpperCase() === 'CLASSIC';
  const assignors = isClassic ? assignorsOf(values, given) : undefined;
  const remote = values.groupRemoteAssignor ?? '';
  return {
    ...clusterOptionsOf(values, given),
    apiTimeoutMs: values.defaultApiTimeoutMs,
    ...(groupId === null ? {} : { groupId }),
    ...(groupInstanceId === null ? {} : { groupInstanceId }),
    // Texts out of the lists that the definitions check against.
    autoOffsetReset: values.autoOffsetReset as OffsetReset,
    isolationLevel: values.isolationLevel as IsolationLevel,
    enableAutoCommit: groupId !== null && values.enableAutoCommit,
    autoCommitIntervalMs: values.autoCommitIntervalMs,
    ...(assignors === undefined ? {} : { partitionAssignors: assignors }),
    fetchMinBytes: values.fetchMinBytes,
    fetchMaxWaitMs: values.fetchMaxWaitMs,
    fetchMaxBytes: Math.max(1, values.fetchMaxBytes),
    maxPartitionFetchBytes: Math.max(1, values.maxPartitionFetchBytes),
    maxPollRecords: values.maxPollRecords,
    maxPollIntervalMs: values.maxPollIntervalMs,
    ...(isClassic
      ? { sessionTimeoutMs: values.sessionTimeoutMs, heartbeatIntervalMs: values.heartbeatIntervalMs }
      : { groupProtocol: 'consumer', ...(remote === '' ? {} : { groupRemoteAssignor: remote }) }),
    clientRack: values.clientRack,
    checkCrcs: values.checkCrcs,
    allowAutoCreateTopics: values.allowAutoCreateTopics,
    excludeInternalTopics: values.excludeInternalTopics,
  };
}

const ASSIGNORS: Readonly<Record<string, AssignorName>> = {
  'org.apache.kafka.clients.consumer.RangeAssignor': 'range',
  'org.apache.kafka.clients.consumer.RoundRobinAssignor': 'roundrobin',
  'org.apache.kafka.clients.consumer.StickyAssignor': 'sticky',
  'org.apache.kafka.clients.consumer.CooperativeStickyAssignor': 'cooperative-sticky',
};

/** Undefined where nobody has said: the consumer's own default, which goes with Apache's. */
function assignorsOf(
  { partitionAssignmentStrategy }: ConfigValues<ConsumerDefs>,
  given: ReadonlyMap<string, string>,
): AssignorName[] | undefined {
  if (!given.has('partition.assignment.strategy')) return undefined;
  return partitionAssignmentStrategy.map((className) => {
    const known = Object.hasOwn(ASSIGNORS, className) ? ASSIGNORS[className] : undefined;
    if (known !== undefined) return known;
    const reason = `Class ${className} could not be found.`;
    throw invalidValue('partition.assignment.strategy', className, reason);
  });
}
