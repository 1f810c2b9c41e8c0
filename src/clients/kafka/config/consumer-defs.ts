import { bool, className, int, list, long, string } from '../../../base/config-keys/config-def.ts';
import {
  atLeast,
  nonEmptyString,
  nonNull,
  oneOf,
  oneOfAnyCase,
} from '../../../base/config-keys/validators.ts';
import { commonDefs } from './common-defs.ts';
import { securityDefs } from './security-defs.ts';

/** Keys of `org.apache.kafka.clients.consumer.ConsumerConfig` 3.9. */
export const consumerDefs = {
  ...commonDefs,
  ...securityDefs,
  'allow.auto.create.topics': bool(true),
  'auto.commit.interval.ms': int(5000, { valid: atLeast(0), importance: 'LOW' }),
  'auto.offset.reset': string('latest', { valid: oneOf('latest', 'earliest', 'none') }),
  'bootstrap.servers': list('', { valid: nonNull, importance: 'HIGH' }),
  'check.crcs': bool(true, { importance: 'LOW' }),
  'client.id': string('', { importance: 'LOW' }),
  'client.rack': string('', { importance: 'LOW' }),
  'connections.max.idle.ms': long(540_000),
  'default.api.timeout.ms': int(60_000, { valid: atLeast(0) }),
  'enable.auto.commit': bool(true),
  'exclude.internal.topics': bool(true),
  'fetch.max.bytes': int(52_428_800, { valid: atLeast(0) }),
  'fetch.max.wait.ms': int(500, { valid: atLeast(0), importance: 'LOW' }),
  'fetch.min.bytes': int(1, { valid: atLeast(0), importance: 'HIGH' }),
  'group.id': string(null, { importance: 'HIGH' }),
  'group.instance.id': string(null, { valid: nonEmptyString }),
  'group.protocol': string('classic', { valid: oneOfAnyCase('CONSUMER', 'CLASSIC'), importance: 'HIGH' }),
  'group.remote.assignor': string(null),
  'heartbeat.interval.ms': int(3000, { importance: 'HIGH' }),
  'interceptor.classes': list('', { valid: nonNull, importance: 'LOW' }),
  'internal.leave.group.on.close': bool(true, { importance: 'LOW', internal: true, inert: true }),
  'internal.throw.on.fetch.stable.offset.unsupported': bool(false, {
    importance: 'LOW',
    internal: true,
    inert: true,
  }),
  'isolation.level': string('read_uncommitted', { valid: oneOf('read_committed', 'read_uncommitted') }),
  'key.deserializer': className(null, { importance: 'HIGH', inert: true }),
  'max.partition.fetch.bytes': int(1_048_576, { valid: atLeast(0), importance: 'HIGH' }),
  'max.poll.interval.ms': int(300_000, { valid: atLeast(1) }),
  'max.poll.records': int(500, { valid: atLeast(1) }),
  'metric.reporters': list('', { valid: nonNull, importance: 'LOW', inert: true }),
  'partition.assignment.strategy': list(
    'org.apache.kafka.clients.consumer.RangeAssignor,org.apache.kafka.clients.consumer.CooperativeStickyAssignor',
    { valid: nonNull },
  ),
  'receive.buffer.bytes': int(65_536, { valid: atLeast(-1), inert: true }),
  'session.timeout.ms': int(45_000, { importance: 'HIGH' }),
  'value.deserializer': className(null, { importance: 'HIGH', inert: true }),
};
