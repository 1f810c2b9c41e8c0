/** WriteTxnMarkers: the transaction coordinator has leaders write commit or abort markers (KIP-98). */
import { array, bigint64, bool, int16, int32, message, string } from '../schema/index.ts';

export const WriteTxnMarkersRequest = message(
  'WriteTxnMarkersRequest',
  { key: 27, kind: 'request', versions: '0-1', flexible: '1+' },
  {
    markers: array('0+', {
      producerId: bigint64('0+'),
      producerEpoch: int16('0+'),
      transactionResult: bool('0+'),
      topics: array('0+', {
        name: string('0+'),
        partitionIndexes: array('0+', 'int32'),
      }),
      coordinatorEpoch: int32('0+'),
    }),
  },
);

export const WriteTxnMarkersResponse = message(
  'WriteTxnMarkersResponse',
  { key: 27, kind: 'response', versions: '0-1', flexible: '1+' },
  {
    markers: array('0+', {
      producerId: bigint64('0+'),
      topics: array('0+', {
        name: string('0+'),
        partitions: array('0+', {
          partitionIndex: int32('0+'),
          errorCode: int16('0+'),
        }),
      }),
    }),
  },
);
