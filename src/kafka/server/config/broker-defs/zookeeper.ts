import { bool, int, list, password, string } from '../../../../base/config-keys/config-def.ts';
import { atLeast } from '../../../../base/config-keys/validators.ts';

/** The connection to ZooKeeper. */
export const zookeeperDefs = {
  'zookeeper.clientCnxnSocket': string(null, { inert: true }),
  'zookeeper.connect': string(null, {
    importance: 'HIGH',
    doc: 'Addresses of ZooKeeper, host:port comma-separated, with an optional chroot path behind the last.',
  }),
  'zookeeper.connection.timeout.ms': int(null, {
    importance: 'HIGH',
    doc: 'How long to wait for the first connection; the session timeout when not set.',
  }),
  'zookeeper.max.in.flight.requests': int(10, { valid: atLeast(1), importance: 'HIGH', inert: true }),
  'zookeeper.session.timeout.ms': int(18000, {
    importance: 'HIGH',
    doc: 'Session timeout towards ZooKeeper.',
  }),
  'zookeeper.set.acl': bool(false, { importance: 'HIGH', inert: true }),
  'zookeeper.ssl.cipher.suites': list(null, { importance: 'LOW', inert: true }),
  'zookeeper.ssl.client.enable': bool(false, { inert: true }),
  'zookeeper.ssl.crl.enable': bool(false, { importance: 'LOW', inert: true }),
  'zookeeper.ssl.enabled.protocols': list(null, { importance: 'LOW', inert: true }),
  'zookeeper.ssl.endpoint.identification.algorithm': string('HTTPS', { importance: 'LOW', inert: true }),
  'zookeeper.ssl.keystore.location': string(null, { inert: true }),
  'zookeeper.ssl.keystore.password': password({ inert: true }),
  'zookeeper.ssl.keystore.type': string(null, { inert: true }),
  'zookeeper.ssl.ocsp.enable': bool(false, { importance: 'LOW', inert: true }),
  'zookeeper.ssl.protocol': string('TLSv1.2', { importance: 'LOW', inert: true }),
  'zookeeper.ssl.truststore.location': string(null, { inert: true }),
  'zookeeper.ssl.truststore.password': password({ inert: true }),
  'zookeeper.ssl.truststore.type': string(null, { inert: true }),
};
