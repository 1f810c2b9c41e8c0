/** DeleteRecords: moves the log start offset forward (KIP-107); offset -1 is the high watermark. */
import { array, int16, int32, int64, message, string } from '../schema/index.ts';

export const DeleteRecordsRequest = message(
  'DeleteRecordsRequest',
  { key: 21, kind: 'request', versions: '0-2', flexible: '2+' },
  {
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        // No log reaches 2^53: larger offsets are as much out of range.
        offset: int64('0+', { saturate: true }),
      }),
    }),
    timeoutMs: int32('0+'),
  },
);

export const DeleteRecordsResponse = message(
  'DeleteRecordsResponse',
  { key: 21, kind: 'response', versions: '0-2', flexible: '2+' },
  {
    throttleTimeMs: int32('0+'),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        lowWatermark: int64('0+'),
        errorCode: int16('0+'),
      }),
    }),
  },
);
