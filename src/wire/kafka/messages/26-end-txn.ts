/** EndTxn: commits or aborts; version 5 answers with the bumped epoch (KIP-890). */
import { bigint64, bool, int16, int32, message, string } from '../schema/index.ts';

export const EndTxnRequest = message(
  'EndTxnRequest',
  { key: 26, kind: 'request', versions: '0-5', flexible: '3+' },
  {
    transactionalId: string('0+'),
    producerId: bigint64('0+'),
    producerEpoch: int16('0+'),
    committed: bool('0+'),
  },
);

export const EndTxnResponse = message(
  'EndTxnResponse',
  { key: 26, kind: 'response', versions: '0-5', flexible: '3+' },
  {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    producerId: bigint64('5+', { default: -1n, ignorable: true }),
    producerEpoch: int16('5+', { default: -1, ignorable: true }),
  },
);
