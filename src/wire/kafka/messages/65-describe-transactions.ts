/** DescribeTransactions: states and partitions of transactional ids (KIP-664). */
import { array, bigint64, int16, int32, int64, message, string } from '../schema/index.ts';

export const DescribeTransactionsRequest = message(
  'DescribeTransactionsRequest',
  { key: 65, kind: 'request', versions: '0', flexible: '0+' },
  {
    transactionalIds: array('0+', 'string'),
  },
);

export const DescribeTransactionsResponse = message(
  'DescribeTransactionsResponse',
  { key: 65, kind: 'response', versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32('0+'),
    transactionStates: array('0+', {
      errorCode: int16('0+'),
      transactionalId: string('0+'),
      transactionState: string('0+'),
      transactionTimeoutMs: int32('0+'),
      transactionStartTimeMs: int64('0+'),
      producerId: bigint64('0+'),
      producerEpoch: int16('0+'),
      topics: array('0+', {
        topic: string('0+'),
        partitions: array('0+', 'int32'),
      }),
    }),
  },
);
