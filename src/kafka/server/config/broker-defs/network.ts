import { int, long, string } from '../../../../base/config-keys/config-def.ts';
import { atLeast } from '../../../../base/config-keys/validators.ts';

/** Listeners, connections and the request path. */
export const networkDefs = {
  'advertised.listeners': string(null, {
    importance: 'HIGH',
    update: 'per-broker',
    doc: 'Listeners as clients reach them, when that is not what listeners says.',
  }),
  'background.threads': int(10, {
    valid: atLeast(1),
    importance: 'HIGH',
    update: 'cluster-wide',
    inert: true,
  }),
  'connections.max.idle.ms': long(600_000, { doc: 'How long a connection may be idle before it is closed.' }),
  'control.plane.listener.name': string(null, { importance: 'HIGH' }),
  'inter.broker.listener.name': string(null, { doc: 'Listener that brokers use among each other.' }),
  'listener.security.protocol.map': string(
    'SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT',
    { importance: 'LOW', update: 'per-broker', doc: 'Security protocol of each listener name.' },
  ),
  listeners: string('PLAINTEXT://:9092', {
    importance: 'HIGH',
    update: 'per-broker',
    doc: 'Where the broker listens: NAME://host:port, comma-separated.',
  }),
  'max.connection.creation.rate': int(2_147_483_647, {
    valid: atLeast(0),
    update: 'cluster-wide',
    inert: true,
  }),
  'max.connections': int(2_147_483_647, { valid: atLeast(0), update: 'cluster-wide' }),
  'max.connections.per.ip': int(2_147_483_647, { valid: atLeast(0), update: 'cluster-wide' }),
  'max.connections.per.ip.overrides': string('', { update: 'cluster-wide' }),
  'max.incremental.fetch.session.cache.slots': int(1000, { valid: atLeast(0) }),
  'max.request.partition.size.limit': int(2000, { valid: atLeast(1), inert: true }),
  'num.io.threads': int(8, { valid: atLeast(1), importance: 'HIGH', update: 'cluster-wide', inert: true }),
  'num.network.threads': int(3, {
    valid: atLeast(1),
    importance: 'HIGH',
    update: 'cluster-wide',
    inert: true,
  }),
  'queued.max.request.bytes': long(-1, { inert: true }),
  'queued.max.requests': int(500, { valid: atLeast(1), importance: 'HIGH', inert: true }),
  'request.timeout.ms': int(30000, { importance: 'HIGH' }),
  'socket.connection.setup.timeout.max.ms': long(30000),
  'socket.connection.setup.timeout.ms': long(10000),
  'socket.listen.backlog.size': int(50, { valid: atLeast(1) }),
  'socket.receive.buffer.bytes': int(102_400, { importance: 'HIGH', inert: true }),
  'socket.request.max.bytes': int(104_857_600, {
    valid: atLeast(1),
    importance: 'HIGH',
    doc: 'Largest request.',
  }),
  'socket.send.buffer.bytes': int(102_400, { importance: 'HIGH', inert: true }),
};
