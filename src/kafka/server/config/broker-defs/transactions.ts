import { bool, int, short } from '../../../../base/config-keys/config-def.ts';
import { atLeast } from '../../../../base/config-keys/validators.ts';

/** Transactions and producer ids. */
export const transactionsDefs = {
  'producer.id.expiration.check.interval.ms': int(600_000, {
    valid: atLeast(1),
    importance: 'LOW',
    internal: true,
  }),
  'producer.id.expiration.ms': int(86_400_000, {
    valid: atLeast(1),
    importance: 'LOW',
    update: 'cluster-wide',
  }),
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': int(10000, {
    valid: atLeast(1),
    importance: 'LOW',
    inert: true,
  }),
  'transaction.max.timeout.ms': int(900_000, { valid: atLeast(1), importance: 'HIGH', inert: true }),
  'transaction.partition.verification.enable': bool(true, {
    importance: 'LOW',
    update: 'cluster-wide',
    inert: true,
  }),
  'transaction.remove.expired.transaction.cleanup.interval.ms': int(3_600_000, {
    valid: atLeast(1),
    importance: 'LOW',
    inert: true,
  }),
  'transaction.state.log.load.buffer.size': int(5_242_880, {
    valid: atLeast(1),
    importance: 'HIGH',
    inert: true,
  }),
  'transaction.state.log.min.isr': int(2, { valid: atLeast(1), importance: 'HIGH' }),
  'transaction.state.log.num.partitions': int(50, { valid: atLeast(1), importance: 'HIGH' }),
  'transaction.state.log.replication.factor': short(3, { valid: atLeast(1), importance: 'HIGH' }),
  'transaction.state.log.segment.bytes': int(104_857_600, { valid: atLeast(1), importance: 'HIGH' }),
  'transactional.id.expiration.ms': int(604_800_000, { valid: atLeast(1), importance: 'HIGH', inert: true }),
};
