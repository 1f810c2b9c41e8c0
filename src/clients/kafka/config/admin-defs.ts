import { int, list, long, string } from '../../../base/config-keys/config-def.ts';
import { atLeast, between } from '../../../base/config-keys/validators.ts';
import { commonDefs } from './common-defs.ts';
import { securityDefs } from './security-defs.ts';

/** Keys of `org.apache.kafka.clients.admin.AdminClientConfig` 3.9. */
export const adminDefs = {
  ...commonDefs,
  ...securityDefs,
  'bootstrap.controllers': list('', { importance: 'HIGH' }),
  'bootstrap.servers': list('', { importance: 'HIGH' }),
  'client.id': string(''),
  'connections.max.idle.ms': long(300_000),
  'default.api.timeout.ms': int(60_000, { valid: atLeast(0) }),
  'metric.reporters': list('', { importance: 'LOW', inert: true }),
  'receive.buffer.bytes': int(65_536, { valid: atLeast(-1), inert: true }),
  retries: int(2_147_483_647, { valid: between(0, 2_147_483_647), importance: 'LOW' }),
};
