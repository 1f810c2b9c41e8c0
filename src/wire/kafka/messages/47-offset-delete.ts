/** OffsetDelete: deletes a group's offsets of partitions it is not subscribed to (KIP-496). */
import { array, int16, int32, message, string } from '../schema/index.ts';

export const OffsetDeleteRequest = message(
  'OffsetDeleteRequest',
  { key: 47, kind: 'request', versions: '0', flexible: 'none' },
  {
    groupId: string('0+'),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
      }),
    }),
  },
);

export const OffsetDeleteResponse = message(
  'OffsetDeleteResponse',
  { key: 47, kind: 'response', versions: '0', flexible: 'none' },
  {
    errorCode: int16('0+'),
    throttleTimeMs: int32('0+', { ignorable: true }),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
      }),
    }),
  },
);
