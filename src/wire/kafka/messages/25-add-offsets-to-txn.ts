/** AddOffsetsToTxn: adds a group's offsets partition to a transaction (KIP-98). */
import { bigint64, int16, int32, message, string } from '../schema/index.ts';

export const AddOffsetsToTxnRequest = message(
  'AddOffsetsToTxnRequest',
  { key: 25, kind: 'request', versions: '0-4', flexible: '3+' },
  {
    transactionalId: string('0+'),
    producerId: bigint64('0+'),
    producerEpoch: int16('0+'),
    groupId: string('0+'),
  },
);

export const AddOffsetsToTxnResponse = message(
  'AddOffsetsToTxnResponse',
  { key: 25, kind: 'response', versions: '0-4', flexible: '3+' },
  {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
  },
);
