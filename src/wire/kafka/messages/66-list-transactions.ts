/** ListTransactions: the transactional ids that a broker coordinates (KIP-664). */
import { array, bigint64, int16, int32, int64, message, string } from '../schema/index.ts';

export const ListTransactionsRequest = message(
  'ListTransactionsRequest',
  { key: 66, kind: 'request', versions: '0-2', flexible: '0+' },
  {
    stateFilters: array('0+', 'string'),
    producerIdFilters: array('0+', 'bigint64'),
    durationFilter: int64('1+', { default: -1 }),
    transactionalIdPattern: string('2+', { nullable: '2+', default: null }),
  },
);

export const ListTransactionsResponse = message(
  'ListTransactionsResponse',
  { key: 66, kind: 'response', versions: '0-2', flexible: '0+' },
  {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    unknownStateFilters: array('0+', 'string'),
    transactionStates: array('0+', {
      transactionalId: string('0+'),
      producerId: bigint64('0+'),
      transactionState: string('0+'),
    }),
  },
);
