import { bool, int, list, long, string } from '../../../../base/config-keys/config-def.ts';
import { atLeast } from '../../../../base/config-keys/validators.ts';

/** Metrics, telemetry and the windows of quotas. */
export const metricsAndQuotasDefs = {
  'alter.log.dirs.replication.quota.window.num': int(11, { valid: atLeast(1), importance: 'LOW' }),
  'alter.log.dirs.replication.quota.window.size.seconds': int(1, { valid: atLeast(1), importance: 'LOW' }),
  'auto.include.jmx.reporter': bool(true, { importance: 'LOW', inert: true }),
  'controller.quota.window.num': int(11, { valid: atLeast(1), importance: 'LOW', inert: true }),
  'controller.quota.window.size.seconds': int(1, { valid: atLeast(1), importance: 'LOW', inert: true }),
  'kafka.metrics.polling.interval.secs': int(10, { valid: atLeast(1), importance: 'LOW', inert: true }),
  'kafka.metrics.reporters': list('', { importance: 'LOW', inert: true }),
  'metric.reporters': list('', { importance: 'LOW', update: 'cluster-wide', inert: true }),
  'metrics.num.samples': int(2, { valid: atLeast(1), importance: 'LOW', inert: true }),
  'metrics.recording.level': string('INFO', { importance: 'LOW', inert: true }),
  'metrics.sample.window.ms': long(30000, { valid: atLeast(1), importance: 'LOW', inert: true }),
  'quota.window.num': int(11, { valid: atLeast(1), importance: 'LOW', inert: true }),
  'quota.window.size.seconds': int(1, { valid: atLeast(1), importance: 'LOW', inert: true }),
  'telemetry.max.bytes': int(1_048_576, { valid: atLeast(1), importance: 'LOW', inert: true }),
};
