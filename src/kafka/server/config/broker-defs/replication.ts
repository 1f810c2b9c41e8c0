import { bool, int, long, string } from '../../../../base/config-keys/config-def.ts';
import { atLeast } from '../../../../base/config-keys/validators.ts';
import { protocolVersion } from '../validators.ts';

/** Replication, leadership and delayed operations. */
export const replicationDefs = {
  'auto.leader.rebalance.enable': bool(true, { importance: 'HIGH' }),
  'controlled.shutdown.enable': bool(true),
  'controlled.shutdown.max.retries': int(3),
  'controlled.shutdown.retry.backoff.ms': long(5000),
  'controller.socket.timeout.ms': int(30000),
  'default.replication.factor': int(1, { doc: 'Replicas of topics that are created without a number.' }),
  'delete.records.purgatory.purge.interval.requests': int(1, { inert: true }),
  'fetch.max.bytes': int(57_671_680, { valid: atLeast(1024) }),
  'fetch.purgatory.purge.interval.requests': int(1000, { inert: true }),
  'inter.broker.protocol.version': string('3.9-IV0', {
    valid: protocolVersion,
    doc: 'Version that brokers speak among each other; raise it after all brokers are upgraded.',
  }),
  'leader.imbalance.check.interval.seconds': long(300, { valid: atLeast(1), importance: 'HIGH' }),
  'leader.imbalance.per.broker.percentage': int(10, { importance: 'HIGH' }),
  'min.insync.replicas': int(1, {
    valid: atLeast(1),
    importance: 'HIGH',
    update: 'cluster-wide',
    doc: 'How many replicas must have a write before acks=all is answered.',
  }),
  'num.replica.alter.log.dirs.threads': int(null, { importance: 'HIGH', inert: true }),
  'num.replica.fetchers': int(1, { importance: 'HIGH', update: 'cluster-wide' }),
  'producer.purgatory.purge.interval.requests': int(1000, { inert: true }),
  'replica.fetch.backoff.ms': int(1000, { valid: atLeast(0) }),
  'replica.fetch.max.bytes': int(1_048_576, { valid: atLeast(0) }),
  'replica.fetch.min.bytes': int(1, { importance: 'HIGH' }),
  'replica.fetch.response.max.bytes': int(10_485_760, { valid: atLeast(0) }),
  'replica.fetch.wait.max.ms': int(500, { importance: 'HIGH' }),
  'replica.high.watermark.checkpoint.interval.ms': long(5000, { importance: 'HIGH' }),
  'replica.lag.time.max.ms': long(30000, {
    importance: 'HIGH',
    doc: 'How long a follower may lag before it leaves the in-sync replicas.',
  }),
  'replica.selector.class': string(null, {
    doc: 'Where consumers are sent to read: org.apache.kafka.common.replica.RackAwareReplicaSelector, or nothing for the leader.',
  }),
  'replica.socket.receive.buffer.bytes': int(65536, { importance: 'HIGH', inert: true }),
  'replica.socket.timeout.ms': int(30000, { importance: 'HIGH' }),
  'replication.quota.window.num': int(11, { valid: atLeast(1), importance: 'LOW' }),
  'replication.quota.window.size.seconds': int(1, { valid: atLeast(1), importance: 'LOW' }),
  'unclean.leader.election.enable': bool(false, {
    importance: 'HIGH',
    update: 'cluster-wide',
    doc: 'Whether a replica that is not in sync may become leader as a last resort.',
  }),
};
