import { bool, double, int, list, long, MAX_LONG, string } from '../../../../base/config-keys/config-def.ts';
import { atLeast, between, levelOrDefault, oneOf } from '../../../../base/config-keys/validators.ts';
import { protocolVersion } from '../validators.ts';

/** Logs: segments, retention, compaction, timestamps; the defaults of topics. */
export const logDefs = {
  'compression.gzip.level': int(-1, { valid: levelOrDefault(1, 9), update: 'cluster-wide' }),
  'compression.lz4.level': int(9, { valid: between(1, 17), update: 'cluster-wide', inert: true }),
  'compression.type': string('producer', {
    valid: oneOf('uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'),
    importance: 'HIGH',
    update: 'cluster-wide',
  }),
  'compression.zstd.level': int(3, { valid: between(-131_072, 22), update: 'cluster-wide' }),
  'log.cleaner.backoff.ms': long(15000, { valid: atLeast(0), update: 'cluster-wide' }),
  'log.cleaner.dedupe.buffer.size': long(134_217_728, { update: 'cluster-wide' }),
  'log.cleaner.delete.retention.ms': long(86_400_000, { valid: atLeast(0), update: 'cluster-wide' }),
  'log.cleaner.enable': bool(true),
  'log.cleaner.io.buffer.load.factor': double(0.9, { update: 'cluster-wide' }),
  'log.cleaner.io.buffer.size': int(524_288, { valid: atLeast(0), update: 'cluster-wide' }),
  'log.cleaner.io.max.bytes.per.second': double(Number.MAX_VALUE, { update: 'cluster-wide' }),
  'log.cleaner.max.compaction.lag.ms': long(MAX_LONG, { valid: atLeast(1), update: 'cluster-wide' }),
  'log.cleaner.min.cleanable.ratio': double(0.5, { valid: between(0, 1), update: 'cluster-wide' }),
  'log.cleaner.min.compaction.lag.ms': long(0, { valid: atLeast(0), update: 'cluster-wide' }),
  'log.cleaner.threads': int(1, { valid: atLeast(0), update: 'cluster-wide' }),
  'log.cleanup.policy': list('delete', { valid: oneOf('compact', 'delete'), update: 'cluster-wide' }),
  'log.dir': string('/tmp/kafka-logs', {
    importance: 'HIGH',
    doc: 'Directory of the logs when log.dirs is not set.',
  }),
  'log.dirs': string(null, { importance: 'HIGH', doc: 'Directories of the logs, comma-separated.' }),
  'log.flush.interval.messages': long(MAX_LONG, {
    valid: atLeast(1),
    importance: 'HIGH',
    update: 'cluster-wide',
  }),
  'log.flush.interval.ms': long(null, { importance: 'HIGH', update: 'cluster-wide' }),
  'log.flush.offset.checkpoint.interval.ms': int(60000, { valid: atLeast(0), importance: 'HIGH' }),
  'log.flush.scheduler.interval.ms': long(MAX_LONG, { importance: 'HIGH' }),
  'log.flush.start.offset.checkpoint.interval.ms': int(60000, { valid: atLeast(0), importance: 'HIGH' }),
  'log.index.interval.bytes': int(4096, { valid: atLeast(0), update: 'cluster-wide' }),
  'log.index.size.max.bytes': int(10_485_760, { valid: atLeast(4), update: 'cluster-wide' }),
  'log.initial.task.delay.ms': long(30000, { valid: atLeast(0), importance: 'LOW', internal: true }),
  'log.message.downconversion.enable': bool(true, { importance: 'LOW', update: 'cluster-wide' }),
  'log.message.format.version': string('3.0-IV1', { valid: protocolVersion }),
  'log.message.timestamp.after.max.ms': long(MAX_LONG, { valid: atLeast(0), update: 'cluster-wide' }),
  'log.message.timestamp.before.max.ms': long(MAX_LONG, { valid: atLeast(0), update: 'cluster-wide' }),
  'log.message.timestamp.difference.max.ms': long(MAX_LONG, { valid: atLeast(0), update: 'cluster-wide' }),
  'log.message.timestamp.type': string('CreateTime', {
    valid: oneOf('CreateTime', 'LogAppendTime'),
    update: 'cluster-wide',
  }),
  'log.preallocate': bool(false, { update: 'cluster-wide' }),
  'log.retention.bytes': long(-1, {
    importance: 'HIGH',
    update: 'cluster-wide',
    doc: 'Size of a partition beyond which old segments are dropped; -1 is no limit.',
  }),
  'log.retention.check.interval.ms': long(300_000, { valid: atLeast(1) }),
  'log.retention.hours': int(168, {
    importance: 'HIGH',
    doc: 'Age beyond which segments are dropped, when neither ms nor minutes is set.',
  }),
  'log.retention.minutes': int(null, {
    importance: 'HIGH',
    doc: 'Age beyond which segments are dropped; comes before hours.',
  }),
  'log.retention.ms': long(null, {
    importance: 'HIGH',
    update: 'cluster-wide',
    doc: 'Age beyond which segments are dropped; comes before minutes and hours; -1 is no limit.',
  }),
  'log.roll.hours': int(168, { valid: atLeast(1), importance: 'HIGH' }),
  'log.roll.jitter.hours': int(0, { valid: atLeast(0), importance: 'HIGH' }),
  'log.roll.jitter.ms': long(null, { importance: 'HIGH', update: 'cluster-wide' }),
  'log.roll.ms': long(null, {
    importance: 'HIGH',
    update: 'cluster-wide',
    doc: 'Age at which a segment is rolled; comes before hours.',
  }),
  'log.segment.bytes': int(1_073_741_824, {
    valid: atLeast(14),
    importance: 'HIGH',
    update: 'cluster-wide',
    doc: 'Size of a segment file.',
  }),
  'log.segment.delete.delay.ms': long(60000, {
    valid: atLeast(0),
    importance: 'HIGH',
    update: 'cluster-wide',
  }),
  'message.max.bytes': int(1_048_588, {
    valid: atLeast(0),
    importance: 'HIGH',
    update: 'cluster-wide',
    doc: 'Largest record batch, as it is after compression.',
  }),
  'num.recovery.threads.per.data.dir': int(1, {
    valid: atLeast(1),
    importance: 'HIGH',
    update: 'cluster-wide',
  }),
};
