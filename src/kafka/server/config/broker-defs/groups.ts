import { bool, int, list, long, short, string } from '../../../../base/config-keys/config-def.ts';
import { atLeast, between, oneOf, oneOfAnyCase } from '../../../../base/config-keys/validators.ts';

/** Group coordination and committed offsets. */
export const groupsDefs = {
  'group.consumer.assignors': list(
    'org.apache.kafka.coordinator.group.assignor.UniformAssignor,org.apache.kafka.coordinator.group.assignor.RangeAssignor',
    { inert: true },
  ),
  'group.consumer.heartbeat.interval.ms': int(5000, { valid: atLeast(1), inert: true }),
  'group.consumer.max.heartbeat.interval.ms': int(15000, { valid: atLeast(1), inert: true }),
  'group.consumer.max.session.timeout.ms': int(60000, { valid: atLeast(1), inert: true }),
  'group.consumer.max.size': int(2_147_483_647, { valid: atLeast(1), inert: true }),
  'group.consumer.migration.policy': string('disabled', {
    valid: oneOfAnyCase('DISABLED', 'DOWNGRADE', 'UPGRADE', 'BIDIRECTIONAL'),
    internal: true,
    inert: true,
  }),
  'group.consumer.min.heartbeat.interval.ms': int(5000, { valid: atLeast(1), inert: true }),
  'group.consumer.min.session.timeout.ms': int(45000, { valid: atLeast(1), inert: true }),
  'group.consumer.session.timeout.ms': int(45000, { valid: atLeast(1), inert: true }),
  'group.coordinator.append.linger.ms': int(10, { valid: atLeast(0), inert: true }),
  'group.coordinator.new.enable': bool(false, { internal: true, inert: true }),
  'group.coordinator.rebalance.protocols': list('classic', {
    valid: oneOf('consumer', 'classic', 'share', 'unknown'),
    inert: true,
  }),
  'group.coordinator.threads': int(1, { valid: atLeast(1), inert: true }),
  'group.initial.rebalance.delay.ms': int(3000, {
    doc: 'How long a new group waits for more members before its first rebalance.',
  }),
  'group.max.session.timeout.ms': int(1_800_000, {
    doc: 'Longest session timeout that members may ask for.',
  }),
  'group.max.size': int(2_147_483_647, { valid: atLeast(1), doc: 'Most members of a group.' }),
  'group.min.session.timeout.ms': int(6000, { doc: 'Shortest session timeout that members may ask for.' }),
  'group.share.delivery.count.limit': int(5, { valid: between(2, 10), inert: true }),
  'group.share.enable': bool(false, { internal: true, inert: true }),
  'group.share.heartbeat.interval.ms': int(5000, { valid: atLeast(1), inert: true }),
  'group.share.max.groups': short(10, { valid: between(1, 100), inert: true }),
  'group.share.max.heartbeat.interval.ms': int(15000, { valid: atLeast(1), inert: true }),
  'group.share.max.record.lock.duration.ms': int(60000, { valid: between(30000, 3_600_000), inert: true }),
  'group.share.max.session.timeout.ms': int(60000, { valid: atLeast(1), inert: true }),
  'group.share.max.size': short(200, { valid: between(10, 1000), inert: true }),
  'group.share.min.heartbeat.interval.ms': int(5000, { valid: atLeast(1), inert: true }),
  'group.share.min.record.lock.duration.ms': int(15000, { valid: between(1000, 30000), inert: true }),
  'group.share.min.session.timeout.ms': int(45000, { valid: atLeast(1), inert: true }),
  'group.share.partition.max.record.locks': int(200, { valid: between(100, 10000), inert: true }),
  'group.share.record.lock.duration.ms': int(30000, { valid: between(1000, 60000), inert: true }),
  'group.share.session.timeout.ms': int(45000, { valid: atLeast(1), inert: true }),
  'offset.metadata.max.bytes': int(4096, { importance: 'HIGH' }),
  'offsets.commit.required.acks': short(-1, { importance: 'HIGH', inert: true }),
  'offsets.commit.timeout.ms': int(5000, { valid: atLeast(1), importance: 'HIGH' }),
  'offsets.load.buffer.size': int(5_242_880, { valid: atLeast(1), importance: 'HIGH' }),
  'offsets.retention.check.interval.ms': long(600_000, { valid: atLeast(1), importance: 'HIGH' }),
  'offsets.retention.minutes': int(10080, {
    valid: atLeast(1),
    importance: 'HIGH',
    doc: 'How long offsets of a group without members are kept.',
  }),
  'offsets.topic.compression.codec': int(0, { importance: 'HIGH' }),
  'offsets.topic.num.partitions': int(50, {
    valid: atLeast(1),
    importance: 'HIGH',
    doc: 'Partitions of __consumer_offsets; must not change later.',
  }),
  'offsets.topic.replication.factor': short(3, {
    valid: atLeast(1),
    importance: 'HIGH',
    doc: 'Replicas of __consumer_offsets; creation waits until there are as many brokers.',
  }),
  'offsets.topic.segment.bytes': int(104_857_600, { valid: atLeast(1), importance: 'HIGH' }),
};
