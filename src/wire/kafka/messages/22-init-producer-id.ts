/**
 * InitProducerId: a producer id and epoch for an idempotent or transactional producer (KIP-98).
 *
 * Version 3 lets a producer bump its own epoch (KIP-360), 6 keeps a prepared transaction (KIP-939).
 */
import { bigint64, bool, int16, int32, message, string } from '../schema/index.ts';

export const InitProducerIdRequest = message(
  'InitProducerIdRequest',
  { key: 22, kind: 'request', versions: '0-6', flexible: '2+' },
  {
    transactionalId: string('0+', { nullable: '0+' }),
    transactionTimeoutMs: int32('0+'),
    producerId: bigint64('3+', { default: -1n }),
    producerEpoch: int16('3+', { default: -1 }),
    enable2Pc: bool('6+', { default: false }),
    keepPreparedTxn: bool('6+', { default: false }),
  },
);

export const InitProducerIdResponse = message(
  'InitProducerIdResponse',
  { key: 22, kind: 'response', versions: '0-6', flexible: '2+' },
  {
    throttleTimeMs: int32('0+', { ignorable: true }),
    errorCode: int16('0+'),
    producerId: bigint64('0+', { default: -1n }),
    producerEpoch: int16('0+'),
    ongoingTxnProducerId: bigint64('6+', { default: -1n }),
    ongoingTxnProducerEpoch: int16('6+', { default: -1 }),
  },
);
