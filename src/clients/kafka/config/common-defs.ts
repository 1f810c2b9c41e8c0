import { bool, int, long, string } from '../../../base/config-keys/config-def.ts';
import { atLeast, oneOf, oneOfAnyCase } from '../../../base/config-keys/validators.ts';

/** Keys that all clients have, with the same default. */
export const commonDefs = {
  'auto.include.jmx.reporter': bool(true, { importance: 'LOW', inert: true }),
  'client.dns.lookup': string('use_all_dns_ips', {
    valid: oneOf('use_all_dns_ips', 'resolve_canonical_bootstrap_servers_only'),
    inert: true,
  }),
  'enable.metrics.push': bool(true, { importance: 'LOW', inert: true }),
  'metadata.max.age.ms': long(300_000, { valid: atLeast(0), importance: 'LOW' }),
  'metadata.recovery.strategy': string('none', {
    valid: oneOfAnyCase('REBOOTSTRAP', 'NONE'),
    importance: 'LOW',
    inert: true,
  }),
  'metrics.num.samples': int(2, { valid: atLeast(1), importance: 'LOW', inert: true }),
  'metrics.recording.level': string('INFO', {
    valid: oneOf('INFO', 'DEBUG', 'TRACE'),
    importance: 'LOW',
    inert: true,
  }),
  'metrics.sample.window.ms': long(30_000, { valid: atLeast(0), importance: 'LOW', inert: true }),
  'reconnect.backoff.max.ms': long(1000, { valid: atLeast(0), importance: 'LOW' }),
  'reconnect.backoff.ms': long(50, { valid: atLeast(0), importance: 'LOW' }),
  'request.timeout.ms': int(30_000, { valid: atLeast(0) }),
  'retry.backoff.max.ms': long(1000, { valid: atLeast(0), importance: 'LOW' }),
  'retry.backoff.ms': long(100, { valid: atLeast(0), importance: 'LOW' }),
  'send.buffer.bytes': int(131_072, { valid: atLeast(-1), inert: true }),
  'socket.connection.setup.timeout.max.ms': long(30_000, { inert: true }),
  'socket.connection.setup.timeout.ms': long(10_000),
};
