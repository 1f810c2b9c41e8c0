import type { TopicPartition } from '../cluster/cluster-metadata.ts';
import { atLeast, type ClusterOptions } from '../cluster/cluster-options.ts';
import { KafkaError } from '../kafka-error.ts';
import { bytesSerde, type Deserializer } from '../serde.ts';
import type { UnparsablePolicy } from './consumer-record.ts';
import { type Assignor, type AssignorName, assignorsOf } from './group/assignors/assignor.ts';

/**
 * Where to begin in a partition of which the group has no offset, or whose offset is gone: at the first record, after
 * the last, not at all (an error), or at the first record that is not older than a duration (KIP-1106).
 */
export type OffsetReset = 'earliest' | 'latest' | 'none' | { readonly byDurationMs: number };

/** `read_committed` hands over nothing of transactions that are open or aborted. */
export type IsolationLevel = 'read_uncommitted' | 'read_committed';

/**
 * Told of changes of the assignment, while the consumer waits for records: the next record comes after the promise
 * that it gives has been fulfilled. What it throws is thrown to who asked for records.
 */
export interface RebalanceListener {
  /** These partitions have come on top of those that are there. */
  onAssigned?(partitions: readonly TopicPartition[]): void | Promise<void>;
  /** These partitions go to other members afterwards: the last chance to commit their offsets. */
  onRevoked?(partitions: readonly TopicPartition[]): void | Promise<void>;
  /** These partitions may belong to other members already. Default: as `onRevoked`. */
  onLost?(partitions: readonly TopicPartition[]): void | Promise<void>;
}

/** Names in brackets are those of Apache's consumer. */
export interface ConsumerOptions<K = Buffer, V = Buffer> extends ClusterOptions {
  /** The group whose members share the partitions of what they subscribe to. (`group.id`) */
  groupId?: string;
  /**
   * How the group is run: by its members, one of which divides the partitions (`classic`, the default), or by its
   * coordinator (`consumer`, KIP-848, for which see `groupRemoteAssignor`; Apache's brokers from 4.0 on). (`group.protocol`)
   */
  groupProtocol?: 'classic' | 'consumer';
  /** Which assignor of the brokers' divides the partitions: `uniform`, `range`. Default: theirs. (`group.remote.assignor`) */
  groupRemoteAssignor?: string;
  /** Makes this a static member: it may restart within the session timeout without a rebalance. (`group.instance.id`) */
  groupInstanceId?: string;
  /** What the bytes of keys become. Default: they stay bytes. (`key.deserializer`) */
  keyDeserializer?: Deserializer<K>;
  /** What the bytes of values become. Default: they stay bytes. (`value.deserializer`) */
  valueDeserializer?: Deserializer<V>;
  /** What becomes of a record whose key or value a deserializer refuses. Default `fail`. */
  onUnparsable?: UnparsablePolicy;
  /** Default `latest`. (`auto.offset.reset`) */
  autoOffsetReset?: OffsetReset;
  /** Whether offsets of records that were handed out, and after which others were asked for, are committed by themselves. Default true. (`enable.auto.commit`) */
  enableAutoCommit?: boolean;
  /** Default 5 s. (`auto.commit.interval.ms`) */
  autoCommitIntervalMs?: number;
  /** Default `read_uncommitted`. (`isolation.level`) */
  isolationLevel?: IsolationLevel;
  /** Ways to divide partitions, the preferred first; all members must have one in common. Default range, cooperative-sticky. (`partition.assignment.strategy`) */
  partitionAssignors?: readonly (AssignorName | Assignor)[];
  /** Told of changes of the assignment. */
  rebalanceListener?: RebalanceListener;
  /** A broker answers a fetch when it has so many bytes, or when `fetchMaxWaitMs` are over. Default 1. (`fetch.min.bytes`) */
  fetchMinBytes?: number;
  /** Default 500 ms. (`fetch.max.wait.ms`) */
  fetchMaxWaitMs?: number;
  /** The most that one fetch brings, and about what may wait here to be handed out. Default 50 MiB. (`fetch.max.bytes`) */
  fetchMaxBytes?: number;
  /** The most that one fetch brings of one partition; a larger batch comes alone. Default 1 MiB. (`max.partition.fetch.bytes`) */
  maxPartitionFetchBytes?: number;
  /** The most records that one `poll` gives. Default 500. (`max.poll.records`) */
  maxPollRecords?: number;
  /** A member that does not ask for records for so long leaves its group. Default 5 min. (`max.poll.interval.ms`) */
  maxPollIntervalMs?: number;
  /** A member of which the coordinator does not hear for so long is out. Default 45 s. (`session.timeout.ms`) */
  sessionTimeoutMs?: number;
  /** Default 3 s. (`heartbeat.interval.ms`) */
  heartbeatIntervalMs?: number;
  /** The rack of this consumer: brokers then let it read from a replica there (KIP-392). (`client.rack`) */
  clientRack?: string;
  /** Whether checksums of batches are checked. Default true. (`check.crcs`) */
  checkCrcs?: boolean;
  /** Whether brokers may create topics that are subscribed to. Default true. (`allow.auto.create.topics`) */
  allowAutoCreateTopics?: boolean;
  /** Whether a pattern leaves internal topics out. Default true. (`exclude.internal.topics`) */
  excludeInternalTopics?: boolean;
}

/** {@link ConsumerOptions} with the defaults filled in, but for what the cluster needs. */
export interface ConsumerSettings<K, V> {
  readonly groupId: string | undefined;
  readonly groupInstanceId: string | null;
  readonly groupProtocol: 'classic' | 'consumer';
  readonly groupRemoteAssignor: string | null;
  readonly keyDeserializer: Deserializer<K>;
  readonly valueDeserializer: Deserializer<V>;
  readonly onUnparsable: UnparsablePolicy;
  readonly autoOffsetReset: OffsetReset;
  readonly enableAutoCommit: boolean;
  readonly autoCommitIntervalMs: number;
  readonly isolationLevel: IsolationLevel;
  readonly assignors: readonly Assignor[];
  readonly rebalanceListener: RebalanceListener;
  readonly fetchMinBytes: number;
  readonly fetchMaxWaitMs: number;
  readonly fetchMaxBytes: number;
  readonly maxPartitionFetchBytes: number;
  readonly maxPollRecords: number;
  readonly maxPollIntervalMs: number;
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly clientRack: string;
  readonly checkCrcs: boolean;
  readonly allowAutoCreateTopics: boolean;
  readonly excludeInternalTopics: boolean;
}

/** Throws a {@link KafkaError} of code INVALID_ARGUMENT. */
export function consumerSettings<K, V>(options: ConsumerOptions<K, V>): ConsumerSettings<K, V> {
  const groupId = options.groupId === '' ? undefined : options.groupId;
  if (groupId === undefined && (options.groupInstanceId !== undefined || options.enableAutoCommit === true)) {
    const what = options.groupInstanceId !== undefined ? 'groupInstanceId' : 'enableAutoCommit';
    throw new KafkaError('INVALID_ARGUMENT', `${what} needs a group: give a groupId`);
  }
  const settings: ConsumerSettings<K, V> = {
    groupId,
    groupInstanceId: options.groupInstanceId ?? null,
    groupProtocol: checkProtocol(options),
    groupRemoteAssignor: options.groupRemoteAssignor ?? null,
    // Without deserializers K and V are Buffer, unless the caller says otherwise against better knowledge.
    keyDeserializer: options.keyDeserializer ?? (bytesSerde as Deserializer<unknown> as Deserializer<K>),
    valueDeserializer: options.valueDeserializer ?? (bytesSerde as Deserializer<unknown> as Deserializer<V>),
    onUnparsable: options.onUnparsable ?? 'fail',
    autoOffsetReset: checkReset(options.autoOffsetReset ?? 'latest'),
    enableAutoCommit: options.enableAutoCommit ?? groupId !== undefined,
    autoCommitIntervalMs: atLeast('autoCommitIntervalMs', 0, options.autoCommitIntervalMs ?? 5000),
    isolationLevel: options.isolationLevel ?? 'read_uncommitted',
    assignors: assignorsOf(options.partitionAssignors ?? ['range', 'cooperative-sticky']),
    rebalanceListener: options.rebalanceListener ?? {},
    fetchMinBytes: atLeast('fetchMinBytes', 0, options.fetchMinBytes ?? 1),
    fetchMaxWaitMs: atLeast('fetchMaxWaitMs', 0, options.fetchMaxWaitMs ?? 500),
    fetchMaxBytes: atLeast('fetchMaxBytes', 1, options.fetchMaxBytes ?? 50 * 1024 * 1024),
    maxPartitionFetchBytes: atLeast(
      'maxPartitionFetchBytes',
      1,
      options.maxPartitionFetchBytes ?? 1024 * 1024,
    ),
    maxPollRecords: atLeast('maxPollRecords', 1, options.maxPollRecords ?? 500),
    maxPollIntervalMs: atLeast('maxPollIntervalMs', 1, options.maxPollIntervalMs ?? 300_000),
    sessionTimeoutMs: atLeast('sessionTimeoutMs', 1, options.sessionTimeoutMs ?? 45_000),
    heartbeatIntervalMs: atLeast('heartbeatIntervalMs', 1, options.heartbeatIntervalMs ?? 3000),
    clientRack: options.clientRack ?? '',
    checkCrcs: options.checkCrcs ?? true,
    allowAutoCreateTopics: options.allowAutoCreateTopics ?? true,
    excludeInternalTopics: options.excludeInternalTopics ?? true,
  };
  if (settings.heartbeatIntervalMs >= settings.sessionTimeoutMs) {
    throw new KafkaError('INVALID_ARGUMENT', 'heartbeatIntervalMs must be below sessionTimeoutMs');
  }
  return settings;
}

/** What the members of one kind of group decide is decided by the brokers in the other (`ConsumerConfig` of 4.3). */
function checkProtocol<K, V>(options: ConsumerOptions<K, V>): 'classic' | 'consumer' {
  const { groupProtocol = 'classic' } = options;
  if (groupProtocol !== 'classic' && groupProtocol !== 'consumer') {
    throw new KafkaError('INVALID_ARGUMENT', `groupProtocol is ${groupProtocol}: give classic or consumer`);
  }
  const foreign =
    groupProtocol === 'classic'
      ? (['groupRemoteAssignor'] as const)
      : (['partitionAssignors', 'sessionTimeoutMs', 'heartbeatIntervalMs'] as const);
  const given = foreign.find((name) => options[name] !== undefined);
  if (given === undefined) return groupProtocol;
  throw new KafkaError(
    'INVALID_ARGUMENT',
    `${given} means nothing where groupProtocol is ${groupProtocol}: leave it out`,
  );
}

function checkReset(reset: OffsetReset): OffsetReset {
  if (typeof reset === 'object') atLeast('autoOffsetReset.byDurationMs', 0, reset.byDurationMs);
  else if (!['earliest', 'latest', 'none'].includes(reset)) {
    throw new KafkaError(
      'INVALID_ARGUMENT',
      `autoOffsetReset is ${reset}: give earliest, latest, none or { byDurationMs }`,
    );
  }
  return reset;
}
