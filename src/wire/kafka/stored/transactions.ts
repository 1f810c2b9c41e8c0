/** Records of __transaction_state. Prefixes as in offsets.ts. */
import { array, bigint64, int8, int16, int32, int64, message, string } from '../schema/index.ts';

export const TransactionLogKey = message(
  'TransactionLogKey',
  { key: 0, kind: 'coordinator-key', versions: '0', flexible: 'none' },
  {
    transactionalId: string('0+'),
  },
);

export const TransactionLogValue = message(
  'TransactionLogValue',
  { key: 0, kind: 'coordinator-value', versions: '0-1', flexible: '1+' },
  {
    producerId: bigint64('0+'),
    previousProducerId: bigint64('1+', { tag: 0, default: -1n }),
    nextProducerId: bigint64('1+', { tag: 1, default: -1n }),
    producerEpoch: int16('0+'),
    nextProducerEpoch: int16('1+', { tag: 3, default: -1 }),
    transactionTimeoutMs: int32('0+'),
    transactionStatus: int8('0+'),
    transactionPartitions: array(
      '0+',
      {
        topic: string('0+'),
        partitionIds: array('0+', 'int32'),
      },
      { nullable: '0+' },
    ),
    transactionLastUpdateTimestampMs: int64('0+'),
    transactionStartTimestampMs: int64('0+'),
    clientTransactionVersion: int16('1+', { tag: 2, default: 0 }),
  },
);
