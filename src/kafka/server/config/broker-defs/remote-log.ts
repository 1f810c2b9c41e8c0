import { bool, double, int, long, MAX_LONG, string } from '../../../../base/config-keys/config-def.ts';
import { atLeast, between, nonEmptyString } from '../../../../base/config-keys/validators.ts';
import { poolSizeOrInherited } from '../validators.ts';

/** Tiered storage. */
export const remoteLogDefs = {
  'log.local.retention.bytes': long(-2, { valid: atLeast(-2), update: 'cluster-wide', inert: true }),
  'log.local.retention.ms': long(-2, { valid: atLeast(-2), update: 'cluster-wide', inert: true }),
  'remote.fetch.max.wait.ms': int(500, { valid: atLeast(1), update: 'cluster-wide', inert: true }),
  'remote.log.index.file.cache.total.size.bytes': long(1_073_741_824, {
    valid: atLeast(1),
    importance: 'LOW',
    update: 'cluster-wide',
    inert: true,
  }),
  'remote.log.manager.copier.thread.pool.size': int(-1, { valid: poolSizeOrInherited, inert: true }),
  'remote.log.manager.copy.max.bytes.per.second': long(MAX_LONG, {
    valid: atLeast(1),
    update: 'cluster-wide',
    inert: true,
  }),
  'remote.log.manager.copy.quota.window.num': int(11, { valid: atLeast(1), inert: true }),
  'remote.log.manager.copy.quota.window.size.seconds': int(1, { valid: atLeast(1), inert: true }),
  'remote.log.manager.expiration.thread.pool.size': int(-1, { valid: poolSizeOrInherited, inert: true }),
  'remote.log.manager.fetch.max.bytes.per.second': long(MAX_LONG, {
    valid: atLeast(1),
    update: 'cluster-wide',
    inert: true,
  }),
  'remote.log.manager.fetch.quota.window.num': int(11, { valid: atLeast(1), inert: true }),
  'remote.log.manager.fetch.quota.window.size.seconds': int(1, { valid: atLeast(1), inert: true }),
  'remote.log.manager.task.interval.ms': long(30000, { valid: atLeast(1), importance: 'LOW', inert: true }),
  'remote.log.manager.task.retry.backoff.max.ms': long(30000, {
    valid: atLeast(1),
    importance: 'LOW',
    internal: true,
    inert: true,
  }),
  'remote.log.manager.task.retry.backoff.ms': long(500, {
    valid: atLeast(1),
    importance: 'LOW',
    internal: true,
    inert: true,
  }),
  'remote.log.manager.task.retry.jitter': double(0.2, {
    valid: between(0, 0.5),
    importance: 'LOW',
    internal: true,
    inert: true,
  }),
  'remote.log.manager.thread.pool.size': int(10, { valid: atLeast(1), inert: true }),
  'remote.log.metadata.custom.metadata.max.bytes': int(128, {
    valid: atLeast(0),
    importance: 'LOW',
    inert: true,
  }),
  'remote.log.metadata.manager.class.name': string(
    'org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager',
    { valid: nonEmptyString, inert: true },
  ),
  'remote.log.metadata.manager.class.path': string(null, { inert: true }),
  'remote.log.metadata.manager.impl.prefix': string('rlmm.config.', { valid: nonEmptyString, inert: true }),
  'remote.log.metadata.manager.listener.name': string(null, { valid: nonEmptyString, inert: true }),
  'remote.log.reader.max.pending.tasks': int(100, { valid: atLeast(1), inert: true }),
  'remote.log.reader.threads': int(10, { valid: atLeast(1), inert: true }),
  'remote.log.storage.manager.class.name': string(null, { valid: nonEmptyString, inert: true }),
  'remote.log.storage.manager.class.path': string(null, { inert: true }),
  'remote.log.storage.manager.impl.prefix': string('rsm.config.', { valid: nonEmptyString, inert: true }),
  'remote.log.storage.system.enable': bool(false, { inert: true }),
};
