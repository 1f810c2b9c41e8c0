import { bool, double, int, list, long, MAX_LONG, string } from '../../../base/config-keys/config-def.ts';
import { atLeast, between, levelOrDefault, oneOf } from '../../../base/config-keys/validators.ts';
import { protocolVersion, throttledReplicas } from './validators.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Every configuration key of a topic of 3.9, with the broker keys that give its default. */
export const topicDefs = {
  'cleanup.policy': list('delete', {
    valid: oneOf('compact', 'delete'),
    synonyms: [{ name: 'log.cleanup.policy' }],
    doc: 'What happens to old segments: delete drops them by age and size, compact keeps the latest record of every key; both may be given.',
  }),
  'compression.gzip.level': int(-1, {
    valid: levelOrDefault(1, 9),
    synonyms: [{ name: 'compression.gzip.level' }],
    doc: "Level of gzip where compression.type makes the broker compress; -1 is the library's default.",
  }),
  'compression.lz4.level': int(9, {
    valid: between(1, 17),
    synonyms: [{ name: 'compression.lz4.level' }],
    doc: 'Level of lz4 where compression.type makes the broker compress.',
  }),
  'compression.type': string('producer', {
    valid: oneOf('uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'),
    synonyms: [{ name: 'compression.type' }],
    doc: 'Final compression of the topic; producer keeps what the producer chose, uncompressed stores plain batches.',
  }),
  'compression.zstd.level': int(3, {
    valid: between(-131_072, 22),
    synonyms: [{ name: 'compression.zstd.level' }],
    doc: 'Level of zstd where compression.type makes the broker compress.',
  }),
  'delete.retention.ms': long(86_400_000, {
    valid: atLeast(0),
    synonyms: [{ name: 'log.cleaner.delete.retention.ms' }],
    doc: 'How long deletion markers and transaction markers stay in a compacted log; a reader from the start has this long to see them.',
  }),
  'file.delete.delay.ms': long(60000, {
    valid: atLeast(0),
    synonyms: [{ name: 'log.segment.delete.delay.ms' }],
    doc: 'How long a deleted file stays on disk before it is removed.',
  }),
  'flush.messages': long(MAX_LONG, {
    valid: atLeast(1),
    synonyms: [{ name: 'log.flush.interval.messages' }],
    doc: 'Force data to disk after this many records; replication makes this unnecessary for durability in most cases.',
  }),
  'flush.ms': long(MAX_LONG, {
    valid: atLeast(0),
    synonyms: [{ name: 'log.flush.interval.ms' }, { name: 'log.flush.scheduler.interval.ms' }],
    doc: 'Force data to disk after this time; replication makes this unnecessary for durability in most cases.',
  }),
  'follower.replication.throttled.replicas': list('', {
    valid: throttledReplicas,
    doc: 'Replicas whose replication is throttled on the side of the follower, as partition:broker pairs, or * for all.',
  }),
  'index.interval.bytes': int(4096, {
    valid: atLeast(0),
    synonyms: [{ name: 'log.index.interval.bytes' }],
    doc: 'How many bytes of records lie between two entries of the offset index.',
  }),
  'leader.replication.throttled.replicas': list('', {
    valid: throttledReplicas,
    doc: 'Replicas whose replication is throttled on the side of the leader, as partition:broker pairs, or * for all.',
  }),
  'local.retention.bytes': long(-2, {
    valid: atLeast(-2),
    synonyms: [{ name: 'log.local.retention.bytes' }],
    doc: 'Size of the local part of a tiered log; -2 means retention.bytes.',
  }),
  'local.retention.ms': long(-2, {
    valid: atLeast(-2),
    synonyms: [{ name: 'log.local.retention.ms' }],
    doc: 'Age of the local part of a tiered log; -2 means retention.ms.',
  }),
  'max.compaction.lag.ms': long(MAX_LONG, {
    valid: atLeast(1),
    synonyms: [{ name: 'log.cleaner.max.compaction.lag.ms' }],
    doc: 'The longest time that a record may stay out of compaction.',
  }),
  'max.message.bytes': int(1_048_588, {
    valid: atLeast(0),
    synonyms: [{ name: 'message.max.bytes' }],
    doc: 'Largest record batch, as it is after compression.',
  }),
  'message.downconversion.enable': bool(true, {
    importance: 'LOW',
    synonyms: [{ name: 'log.message.downconversion.enable' }],
    doc: 'Whether batches are converted for consumers that only know older formats; without it they get UNSUPPORTED_VERSION.',
  }),
  'message.format.version': string('3.0-IV1', {
    valid: protocolVersion,
    synonyms: [{ name: 'log.message.format.version' }],
    doc: 'Record format of the log; of no effect with an inter-broker protocol of 3.0 or later.',
  }),
  'message.timestamp.after.max.ms': long(MAX_LONG, {
    valid: atLeast(0),
    synonyms: [{ name: 'log.message.timestamp.after.max.ms' }],
    doc: "How far a record's timestamp may be ahead of the broker's clock with CreateTime.",
  }),
  'message.timestamp.before.max.ms': long(MAX_LONG, {
    valid: atLeast(0),
    synonyms: [{ name: 'log.message.timestamp.before.max.ms' }],
    doc: "How far a record's timestamp may be behind the broker's clock with CreateTime.",
  }),
  'message.timestamp.difference.max.ms': long(MAX_LONG, {
    valid: atLeast(0),
    synonyms: [{ name: 'log.message.timestamp.difference.max.ms' }],
    doc: "How far a record's timestamp may be from the broker's clock with CreateTime; replaced by the before and after limits.",
  }),
  'message.timestamp.type': string('CreateTime', {
    valid: oneOf('CreateTime', 'LogAppendTime'),
    synonyms: [{ name: 'log.message.timestamp.type' }],
    doc: 'Whose time a record carries: its creation (CreateTime) or its arrival at the broker (LogAppendTime).',
  }),
  'min.cleanable.dirty.ratio': double(0.5, {
    valid: between(0, 1),
    synonyms: [{ name: 'log.cleaner.min.cleanable.ratio' }],
    doc: 'Share of a compacted log that must be uncleaned before cleaning starts.',
  }),
  'min.compaction.lag.ms': long(0, {
    valid: atLeast(0),
    synonyms: [{ name: 'log.cleaner.min.compaction.lag.ms' }],
    doc: 'The shortest time that a record stays out of compaction.',
  }),
  'min.insync.replicas': int(1, {
    valid: atLeast(1),
    synonyms: [{ name: 'min.insync.replicas' }],
    doc: 'How many replicas must have a write before acks=all is answered; with fewer in sync the write fails.',
  }),
  preallocate: bool(false, {
    synonyms: [{ name: 'log.preallocate' }],
    doc: 'Whether a new segment file gets its full size at once.',
  }),
  'remote.log.copy.disable': bool(false, { doc: 'Makes tiered data read-only.' }),
  'remote.log.delete.on.disable': bool(false, {
    doc: 'Whether tiered data is deleted when tiered storage is disabled for the topic.',
  }),
  'remote.storage.enable': bool(false, { doc: 'Whether the topic uses tiered storage.' }),
  'retention.bytes': long(-1, {
    synonyms: [{ name: 'log.retention.bytes' }],
    doc: 'Size of a partition beyond which old segments are dropped, with cleanup policy delete; -1 is no limit.',
  }),
  'retention.ms': long(604_800_000, {
    valid: atLeast(-1),
    synonyms: [
      { name: 'log.retention.ms' },
      { name: 'log.retention.minutes', unitMs: MINUTE_MS },
      { name: 'log.retention.hours', unitMs: HOUR_MS },
    ],
    doc: 'Age beyond which segments are dropped, with cleanup policy delete; -1 is no limit.',
  }),
  'segment.bytes': int(1_073_741_824, {
    valid: atLeast(14),
    synonyms: [{ name: 'log.segment.bytes' }],
    doc: 'Size of a segment file.',
  }),
  'segment.index.bytes': int(10_485_760, {
    valid: atLeast(4),
    synonyms: [{ name: 'log.index.size.max.bytes' }],
    doc: 'Size of an index file; it is preallocated and trimmed when the segment is rolled.',
  }),
  'segment.jitter.ms': long(0, {
    valid: atLeast(0),
    synonyms: [{ name: 'log.roll.jitter.ms' }, { name: 'log.roll.jitter.hours', unitMs: HOUR_MS }],
    doc: 'Random part by which rolling by time comes earlier, so that segments do not roll all at once.',
  }),
  'segment.ms': long(604_800_000, {
    valid: atLeast(1),
    synonyms: [{ name: 'log.roll.ms' }, { name: 'log.roll.hours', unitMs: HOUR_MS }],
    doc: 'Age at which a segment is rolled although it is not full.',
  }),
  'unclean.leader.election.enable': bool(false, {
    synonyms: [{ name: 'unclean.leader.election.enable' }],
    doc: 'Whether a replica that is not in sync may become leader as a last resort, at the price of lost records.',
  }),
};
