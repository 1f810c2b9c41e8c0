import { bool, className, int, list, long, string } from '../../../base/config-keys/config-def.ts';
import {
  atLeast,
  between,
  levelOrDefault,
  nonEmptyString,
  nonNull,
  oneOf,
} from '../../../base/config-keys/validators.ts';
import { commonDefs } from './common-defs.ts';
import { securityDefs } from './security-defs.ts';

/** Keys of `org.apache.kafka.clients.producer.ProducerConfig` 3.9. */
export const producerDefs = {
  ...commonDefs,
  ...securityDefs,
  acks: string('all', { valid: oneOf('all', '-1', '0', '1'), importance: 'LOW' }),
  'batch.size': int(16_384, { valid: atLeast(0) }),
  'bootstrap.servers': list('', { valid: nonNull, importance: 'HIGH' }),
  'buffer.memory': long(33_554_432, { valid: atLeast(0), importance: 'HIGH' }),
  'client.id': string(''),
  'compression.gzip.level': int(-1, { valid: levelOrDefault(1, 9) }),
  'compression.lz4.level': int(9, { valid: between(1, 17), inert: true }),
  'compression.type': string('none', {
    valid: oneOf('none', 'gzip', 'snappy', 'lz4', 'zstd'),
    importance: 'HIGH',
  }),
  'compression.zstd.level': int(3, { valid: between(-131_072, 22) }),
  'connections.max.idle.ms': long(540_000),
  'delivery.timeout.ms': int(120_000, { valid: atLeast(0) }),
  'enable.idempotence': bool(true, { importance: 'LOW' }),
  'interceptor.classes': list('', { valid: nonNull, importance: 'LOW' }),
  'key.serializer': className(null, { importance: 'HIGH', inert: true }),
  'linger.ms': long(0, { valid: atLeast(0) }),
  'max.block.ms': long(60_000, { valid: atLeast(0) }),
  'max.in.flight.requests.per.connection': int(5, { valid: atLeast(1), importance: 'LOW' }),
  'max.request.size': int(1_048_576, { valid: atLeast(0) }),
  'metadata.max.idle.ms': long(300_000, { valid: atLeast(5000), importance: 'LOW', inert: true }),
  'metric.reporters': list('', { valid: nonNull, importance: 'LOW', inert: true }),
  'partitioner.adaptive.partitioning.enable': bool(true, { importance: 'LOW', inert: true }),
  'partitioner.availability.timeout.ms': long(0, { valid: atLeast(0), importance: 'LOW', inert: true }),
  'partitioner.class': className(null),
  'partitioner.ignore.keys': bool(false),
  'receive.buffer.bytes': int(32_768, { valid: atLeast(-1), inert: true }),
  retries: int(2_147_483_647, { valid: between(0, 2_147_483_647), importance: 'HIGH' }),
  'transaction.timeout.ms': int(60_000, { importance: 'LOW' }),
  'transactional.id': string(null, { valid: nonEmptyString, importance: 'LOW' }),
  'value.serializer': className(null, { importance: 'HIGH', inert: true }),
};
