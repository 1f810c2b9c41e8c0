import { atLeast, type ClusterOptions } from '../cluster/cluster-options.ts';
import type { UnparsablePolicy } from '../consumer/consumer-record.ts';
import { KafkaError } from '../kafka-error.ts';
import { bytesSerde, type Deserializer } from '../serde.ts';

/** What became of acknowledgements of records of one partition, which succeed or fail together. */
export interface AcknowledgementResult {
  readonly topic: string;
  readonly partition: number;
  /** Ascending. */
  readonly offsets: readonly number[];
  /** Undefined when the broker has taken them. Otherwise the records are delivered again once their locks run out. */
  readonly error: KafkaError | undefined;
}

/** Names in brackets are those of Apache's share consumer. */
export interface ShareConsumerOptions<K = Buffer, V = Buffer> extends ClusterOptions {
  /** The share group whose members are each given some of the records of the topics that they subscribe to. (`group.id`) */
  groupId: string;
  /** What the bytes of keys become. Default: they stay bytes. (`key.deserializer`) */
  keyDeserializer?: Deserializer<K>;
  /** What the bytes of values become. Default: they stay bytes. (`value.deserializer`) */
  valueDeserializer?: Deserializer<V>;
  /**
   * What becomes of a record whose key or value a deserializer refuses. `fail` (default): it is released, and asking for
   * records rejects once; `skip`: it is rejected, nobody gets it again; `raw`: it is handed over with `unparsed` set.
   */
  onUnparsable?: UnparsablePolicy;
  /**
   * `implicit` (default): asking for more accepts what was handed out before. `explicit`: each record must be acknowledged
   * before more are asked for. (`share.acknowledgement.mode`)
   */
  acknowledgementMode?: 'implicit' | 'explicit';
  /**
   * `batch_optimized` (default): records come in the batches in which they were written, so that a fetch may bring more
   * than `maxPollRecords`, which wait here. `record_limit`: no more than `maxPollRecords` are acquired at a time.
   * (`share.acquire.mode`, KIP-1206; brokers before 4.2 know the first alone)
   */
  acquireMode?: 'batch_optimized' | 'record_limit';
  /** The most records that one `poll` gives. Default 500. (`max.poll.records`) */
  maxPollRecords?: number;
  /** A member that does not ask for records for so long leaves its group. Default 5 min. (`max.poll.interval.ms`) */
  maxPollIntervalMs?: number;
  /** A broker answers a fetch when it has so many bytes, or when `fetchMaxWaitMs` are over. Default 1. (`fetch.min.bytes`) */
  fetchMinBytes?: number;
  /** The most that one fetch brings; a larger batch comes alone. Default 50 MiB. (`fetch.max.bytes`) */
  fetchMaxBytes?: number;
  /** Default 500 ms. (`fetch.max.wait.ms`) */
  fetchMaxWaitMs?: number;
  /** The rack of this consumer. (`client.rack`) */
  clientRack?: string;
  /** Whether checksums of batches are checked. Default true. (`check.crcs`) */
  checkCrcs?: boolean;
  /** Told what became of acknowledgements, those included that no `commit` waits for. (`AcknowledgementCommitCallback`) */
  onAcknowledged?: (result: AcknowledgementResult) => void;
}

/** {@link ShareConsumerOptions} with the defaults filled in, but for what the cluster needs. */
export interface ShareConsumerSettings<K, V>
  extends Required<Omit<ShareConsumerOptions<K, V>, keyof ClusterOptions | 'onAcknowledged'>> {
  readonly onAcknowledged: ((result: AcknowledgementResult) => void) | undefined;
}

/** Throws a {@link KafkaError} of code INVALID_ARGUMENT. */
export function shareConsumerSettings<K, V>(
  options: ShareConsumerOptions<K, V>,
): ShareConsumerSettings<K, V> {
  if (options.groupId === '')
    throw new KafkaError('INVALID_ARGUMENT', 'groupId is empty: name the share group');
  return {
    groupId: options.groupId,
    // Without deserializers K and V are Buffer, unless the caller says otherwise against better knowledge.
    keyDeserializer: options.keyDeserializer ?? (bytesSerde as Deserializer<unknown> as Deserializer<K>),
    valueDeserializer: options.valueDeserializer ?? (bytesSerde as Deserializer<unknown> as Deserializer<V>),
    onUnparsable: options.onUnparsable ?? 'fail',
    acknowledgementMode: oneOf('acknowledgementMode', ['implicit', 'explicit'], options.acknowledgementMode),
    acquireMode: oneOf('acquireMode', ['batch_optimized', 'record_limit'], options.acquireMode),
    maxPollRecords: atLeast('maxPollRecords', 1, options.maxPollRecords ?? 500),
    maxPollIntervalMs: atLeast('maxPollIntervalMs', 1, options.maxPollIntervalMs ?? 300_000),
    fetchMinBytes: atLeast('fetchMinBytes', 0, options.fetchMinBytes ?? 1),
    fetchMaxBytes: atLeast('fetchMaxBytes', 1, options.fetchMaxBytes ?? 50 * 1024 * 1024),
    fetchMaxWaitMs: atLeast('fetchMaxWaitMs', 0, options.fetchMaxWaitMs ?? 500),
    clientRack: options.clientRack ?? '',
    checkCrcs: options.checkCrcs ?? true,
    onAcknowledged: options.onAcknowledged,
  };
}

/** The first is the default. */
function oneOf<const T extends string>(name: string, values: readonly [T, ...T[]], value: T | undefined): T {
  if (value === undefined) return values[0];
  if (values.includes(value)) return value;
  throw new KafkaError('INVALID_ARGUMENT', `${name} is ${value}: give ${values.join(' or ')}`);
}
