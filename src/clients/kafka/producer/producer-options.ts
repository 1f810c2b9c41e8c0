import type { CompressionName } from '../../../wire/kafka/records/batch.ts';
import { atLeast, type ClusterOptions } from '../cluster/cluster-options.ts';
import { KafkaError } from '../kafka-error.ts';
import type { Serializer } from '../serde.ts';
import type { ProducerInterceptor } from './interceptors.ts';
import type { Partitioner, PartitionerName } from './partitioners.ts';

/** What is sent where no serializer is given: bytes as they are, text as UTF-8. */
export type Sendable = Uint8Array | string;

/** Options of a producer. Names in brackets are those of Apache's, whose defaults hold unless another is named. */
export interface ProducerOptions<K = Sendable, V = Sendable> extends ClusterOptions {
  /** Default: strings and bytes are taken. (`key.serializer`) */
  keySerializer?: Serializer<K>;
  /** Default: strings and bytes are taken. (`value.serializer`) */
  valueSerializer?: Serializer<V>;
  /**
   * Who must have a record before it counts as sent: 'all' replicas in sync (or -1), 1 for the leader, 0 for nobody.
   * Default 'all'. (`acks`)
   */
  acks?: 0 | 1 | -1 | 'all';
  /**
   * Every record is written once and in order, whatever is sent again. Default true, unless `acks`, `retries` or
   * `maxInFlightRequests` rule it out. (`enable.idempotence`)
   */
  idempotence?: boolean;
  /** Makes transactions possible; no two producers that run at the same time may share it. (`transactional.id`) */
  transactionalId?: string;
  /** The coordinator aborts a transaction that takes longer. Default 60 s. (`transaction.timeout.ms`) */
  transactionTimeoutMs?: number;
  /** A batch takes no more records than this, unless one alone is larger. Default 16 KiB. (`batch.size`) */
  batchBytes?: number;
  /**
   * How long a batch that is not full waits for more records. Left out: no longer than 5 ms, and only while the broker
   * has a request to answer, so that a lone record does not wait. (`linger.ms`)
   */
  lingerMs?: number;
  /** Default 'none'. (`compression.type`) */
  compression?: CompressionName;
  /** 1 to 9 for gzip, -131072 to 22 for zstd. Default: the codec's own. (`compression.gzip.level`, ...) */
  compressionLevel?: number;
  /** The largest request, and the largest record. Default 1 MiB. (`max.request.size`) */
  maxRequestBytes?: number;
  /** Memory for records that are not acknowledged yet. Default 32 MiB. (`buffer.memory`) */
  bufferBytes?: number;
  /** How long `send` waits for memory or for metadata of the topic. Default 60 s. (`max.block.ms`) */
  maxBlockMs?: number;
  /** Requests under way to one broker. Default 5. (`max.in.flight.requests.per.connection`) */
  maxInFlightRequests?: number;
  /** How long a record may take from its batch's begin to its acknowledgement. Default 120 s. (`delivery.timeout.ms`) */
  deliveryTimeoutMs?: number;
  /** How often a batch may be sent again; `deliveryTimeoutMs` is the better limit. Default: without limit. (`retries`) */
  retries?: number;
  /** Default 'default'. (`partitioner.class`, `partitioner.ignore.keys`) */
  partitioner?: PartitionerName | Partitioner;
  /** Whether brokers may create a topic that is not there. Default true. (`allow.auto.create.topics` of consumers) */
  allowAutoTopicCreation?: boolean;
  /** See every record before it is sent and every outcome, in this order. (`interceptor.classes`) */
  interceptors?: readonly ProducerInterceptor<K, V>[];
}

/** {@link ProducerOptions} with the defaults filled in, but for what concerns single records. */
export interface ProducerSettings {
  /** As the protocol says it. */
  readonly acks: 0 | 1 | -1;
  readonly idempotence: boolean;
  readonly transactionalId: string | undefined;
  readonly transactionTimeoutMs: number;
  readonly batchBytes: number;
  readonly lingerMs: number;
  /** A batch waits only while the broker has requests to answer. */
  readonly lingersOnlyWhileBusy: boolean;
  readonly compression: CompressionName;
  readonly compressionLevel: number | undefined;
  readonly maxRequestBytes: number;
  readonly bufferBytes: number;
  readonly maxBlockMs: number;
  readonly maxInFlightRequests: number;
  readonly deliveryTimeoutMs: number;
  readonly retries: number;
  readonly partitioner: PartitionerName | Partitioner;
  readonly allowAutoTopicCreation: boolean;
}

const DEFAULT_LINGER_MS = 5;
const DEFAULT_REQUEST_TIMEOUT_MS = 30_000;
/** What the broker remembers of a producer's batches (`ProducerStateEntry`). */
const MAX_IDEMPOTENT_IN_FLIGHT = 5;
const CODECS: readonly string[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const PARTITIONERS: readonly string[] = ['default', 'uniformSticky', 'roundRobin'];
const NO_LIMIT = 0x7fff_ffff;

/** Throws a {@link KafkaError} of code INVALID_ARGUMENT. */
export function producerSettings<K, V>(options: ProducerOptions<K, V>): ProducerSettings {
  const acks = acksOf(options.acks ?? 'all');
  const retries = atLeast('retries', 0, options.retries ?? NO_LIMIT);
  const maxInFlightRequests = atLeast('maxInFlightRequests', 1, options.maxInFlightRequests ?? 5);
  const lingerMs = atLeast('lingerMs', 0, options.lingerMs ?? DEFAULT_LINGER_MS);
  const deliveryTimeoutMs = atLeast('deliveryTimeoutMs', 1, options.deliveryTimeoutMs ?? 120_000);
  const requestTimeoutMs = options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS;
  if (options.deliveryTimeoutMs !== undefined && deliveryTimeoutMs < lingerMs + requestTimeoutMs) {
    throw invalid(
      `deliveryTimeoutMs is ${deliveryTimeoutMs}, less than lingerMs and requestTimeoutMs together (${lingerMs + requestTimeoutMs})`,
    );
  }
  const { compression = 'none', partitioner = 'default', transactionalId } = options;
  if (!CODECS.includes(compression)) {
    throw invalid(`compression is ${compression}: choose one of ${CODECS.join(', ')}`);
  }
  if (typeof partitioner !== 'function' && !PARTITIONERS.includes(partitioner)) {
    throw invalid(
      `partitioner is ${partitioner}: choose one of ${PARTITIONERS.join(', ')}, or give a function`,
    );
  }
  if (transactionalId === '') throw invalid('transactionalId is empty: give a name, or leave it out');
  return {
    acks,
    idempotence: idempotenceOf(options, { acks, retries, maxInFlightRequests }),
    transactionalId,
    transactionTimeoutMs: atLeast('transactionTimeoutMs', 1, options.transactionTimeoutMs ?? 60_000),
    batchBytes: atLeast('batchBytes', 0, options.batchBytes ?? 16_384),
    lingerMs,
    lingersOnlyWhileBusy: options.lingerMs === undefined,
    compression,
    compressionLevel: options.compressionLevel,
    maxRequestBytes: atLeast('maxRequestBytes', 1, options.maxRequestBytes ?? 1_048_576),
    bufferBytes: atLeast('bufferBytes', 1, options.bufferBytes ?? 33_554_432),
    maxBlockMs: atLeast('maxBlockMs', 0, options.maxBlockMs ?? 60_000),
    maxInFlightRequests,
    deliveryTimeoutMs,
    retries,
    partitioner,
    allowAutoTopicCreation: options.allowAutoTopicCreation ?? true,
  };
}

function acksOf(acks: 0 | 1 | -1 | 'all'): 0 | 1 | -1 {
  if (acks === 'all' || acks === -1) return -1;
  if (acks === 0 || acks === 1) return acks;
  throw invalid(`acks is ${String(acks)}: give 0, 1 or 'all'`);
}

/** Asked for, or whatever the other options allow (`ProducerConfig.postProcessAndValidateIdempotenceConfigs`). */
function idempotenceOf<K, V>(
  { idempotence, transactionalId }: ProducerOptions<K, V>,
  given: { readonly acks: number; readonly retries: number; readonly maxInFlightRequests: number },
): boolean {
  if (idempotence === false) {
    if (transactionalId === undefined) return false;
    throw invalid('transactionalId needs idempotence: leave idempotence out');
  }
  const obstacle = [
    { is: given.acks !== -1, says: "acks 'all'" },
    { is: given.retries === 0, says: 'retries' },
    {
      is: given.maxInFlightRequests > MAX_IDEMPOTENT_IN_FLIGHT,
      says: `maxInFlightRequests of at most ${MAX_IDEMPOTENT_IN_FLIGHT}`,
    },
  ].find(({ is }) => is);
  if (obstacle === undefined) return true;
  if (idempotence === undefined && transactionalId === undefined) return false;
  const who = idempotence === true ? 'idempotence' : 'transactionalId';
  throw invalid(`${who} needs ${obstacle.says}`);
}

function invalid(message: string): KafkaError {
  return new KafkaError('INVALID_ARGUMENT', message);
}
