import type { ConfigValues } from '../../../base/config-keys/config-def.ts';
import { ConfigError, invalidValue } from '../../../base/config-keys/config-error.ts';
import type { PartitionerName } from '../producer/partitioners.ts';
import type { ProducerOptions, Sendable } from '../producer/producer-options.ts';
import {
  type ClientConfig,
  type ClientProperties,
  type ConfigNote,
  clusterOptionsOf,
  parseClientConfig,
} from './client-config.ts';
import { producerDefs } from './producer-defs.ts';

type ProducerDefs = typeof producerDefs;

/** A producer's settings, and the options that they are; serializers come on top. */
export type ProducerConfig = ClientConfig<ProducerDefs> & {
  readonly options: ProducerOptions<Sendable, Sendable>;
};

/** The settings of a producer, with the rules of Apache's `ProducerConfig`. Throws ConfigError. */
export function parseProducerConfig(properties: ClientProperties): ProducerConfig {
  const config = parseClientConfig(producerDefs, properties);
  const { values, given } = config;
  const conflict = values.enableIdempotence ? idempotenceConflict(values) : undefined;
  if (conflict !== undefined && given.has('enable.idempotence')) throw new ConfigError(conflict.error);
  const idempotence = values.enableIdempotence && conflict === undefined;
  if (!idempotence && given.has('transactional.id')) {
    throw new ConfigError('Cannot set a transactional.id without also enabling idempotence.');
  }
  const delivery = deliveryTimeout(config);
  const notes = [...config.notes, ...(conflict === undefined ? [] : [conflict.note]), ...delivery.notes];
  const options = { ...optionsOf(config), idempotence, deliveryTimeoutMs: delivery.timeoutMs };
  return { ...config, notes, options };
}

function optionsOf({ values, given }: ClientConfig<ProducerDefs>): ProducerOptions<Sendable, Sendable> {
  const level = compressionLevelOf(values, given);
  return {
    ...clusterOptionsOf(values, given),
    acks: ACKS[values.acks] ?? 'all',
    ...(values.transactionalId === null ? {} : { transactionalId: values.transactionalId }),
    transactionTimeoutMs: values.transactionTimeoutMs,
    batchBytes: values.batchSize,
    // Said by nobody: the producer's own rule, by which a lone record does not wait either.
    ...(given.has('linger.ms') ? { lingerMs: values.lingerMs } : {}),
    // One out of the list that the definition checks against.
    compression: values.compressionType as NonNullable<ProducerOptions['compression']>,
    ...(level === undefined ? {} : { compressionLevel: level }),
    maxRequestBytes: Math.max(1, values.maxRequestSize),
    bufferBytes: Math.max(1, values.bufferMemory),
    maxBlockMs: values.maxBlockMs,
    maxInFlightRequests: values.maxInFlightRequestsPerConnection,
    retries: values.retries,
    partitioner: partitionerOf(values),
  };
}

const ACKS: Readonly<Record<string, 0 | 1 | 'all'>> = { 0: 0, 1: 1 };

/** The level of the codec that is used, where it was set. */
function compressionLevelOf(
  values: ConfigValues<ProducerDefs>,
  given: ReadonlyMap<string, string>,
): number | undefined {
  const { compressionType } = values;
  if (!given.has(`compression.${compressionType}.level`)) return undefined;
  if (compressionType === 'gzip')
    return values.compressionGzipLevel < 0 ? undefined : values.compressionGzipLevel;
  return compressionType === 'zstd' ? values.compressionZstdLevel : undefined;
}

const PARTITIONERS: Readonly<Record<string, PartitionerName>> = {
  'org.apache.kafka.clients.producer.internals.DefaultPartitioner': 'default',
  'org.apache.kafka.clients.producer.RoundRobinPartitioner': 'roundRobin',
  'org.apache.kafka.clients.producer.UniformStickyPartitioner': 'uniformSticky',
};

function partitionerOf({
  partitionerClass,
  partitionerIgnoreKeys,
}: ConfigValues<ProducerDefs>): PartitionerName {
  if (partitionerClass === null) return partitionerIgnoreKeys ? 'uniformSticky' : 'default';
  const known = Object.hasOwn(PARTITIONERS, partitionerClass) ? PARTITIONERS[partitionerClass] : undefined;
  if (known !== undefined) return known;
  throw invalidValue('partitioner.class', partitionerClass, `Class ${partitionerClass} could not be found.`);
}

/** `KafkaProducer.configureDeliveryTimeout`: no shorter than a batch may wait and a request take. */
function deliveryTimeout({ values, given }: ClientConfig<ProducerDefs>): {
  timeoutMs: number;
  notes: readonly ConfigNote[];
} {
  const { deliveryTimeoutMs, lingerMs, requestTimeoutMs } = values;
  const leastMs = lingerMs + requestTimeoutMs;
  if (deliveryTimeoutMs >= leastMs) return { timeoutMs: Math.max(1, deliveryTimeoutMs), notes: [] };
  const rule = 'delivery.timeout.ms should be equal to or larger than linger.ms + request.timeout.ms';
  if (given.has('delivery.timeout.ms')) throw new ConfigError(rule, 'delivery.timeout.ms');
  return { timeoutMs: leastMs, notes: [{ level: 'warn', text: `${rule}. Setting it to ${leastMs}.` }] };
}

/** What keeps a producer from being idempotent, and how that is said when nobody asked for idempotence. */
function idempotenceConflict(
  values: ConfigValues<ProducerDefs>,
): { error: string; note: ConfigNote } | undefined {
  const { retries, acks, maxInFlightRequestsPerConnection: inFlight } = values;
  if (retries === 0) {
    return {
      error: 'Must set retries to non-zero when using the idempotent producer.',
      note: { level: 'info', text: 'Idempotence will be disabled because retries is set to 0.' },
    };
  }
  if (acks !== 'all' && acks !== '-1') {
    return {
      error:
        'Must set acks to all in order to use the idempotent producer. Otherwise we cannot guarantee idempotence.',
      note: {
        level: 'info',
        text: `Idempotence will be disabled because acks is set to ${acks}, not set to 'all'.`,
      },
    };
  }
  if (inFlight > 5) {
    return {
      error: 'Must set max.in.flight.requests.per.connection to at most 5 to use the idempotent producer.',
      note: {
        level: 'warn',
        text: `Idempotence will be disabled because max.in.flight.requests.per.connection is set to ${inFlight}, which is greater than 5. Please note that in v4.0.0 and onward, this will become an error.`,
      },
    };
  }
  return undefined;
}
