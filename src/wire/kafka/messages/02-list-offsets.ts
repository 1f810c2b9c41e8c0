/**
 * ListOffsets: the offset at a point of time, or at one of the special points.
 *
 * Timestamps: -1 latest, -2 earliest, -3 largest timestamp, -4 earliest local, -5 latest tiered. Version 0 asks
 * for several offsets per partition and is answered in `oldStyleOffsets`.
 */
import { array, int8, int16, int32, int64, message, string } from '../schema/index.ts';

export const ListOffsetsRequest = message(
  'ListOffsetsRequest',
  { key: 2, kind: 'request', versions: '0-10', flexible: '6+' },
  {
    replicaId: int32('0+'),
    isolationLevel: int8('2+'),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        currentLeaderEpoch: int32('4+', { default: -1, ignorable: true }),
        // No record is later than 2^53, so a larger value asks for the same as 2^53.
        timestamp: int64('0+', { saturate: true }),
        maxNumOffsets: int32('0', { default: 1 }),
      }),
    }),
    timeoutMs: int32('10+', { ignorable: true }),
  },
);

export const ListOffsetsResponse = message(
  'ListOffsetsResponse',
  { key: 2, kind: 'response', versions: '0-10', flexible: '6+' },
  {
    throttleTimeMs: int32('2+', { ignorable: true }),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
        oldStyleOffsets: array('0', 'int64'),
        timestamp: int64('1+', { default: -1 }),
        offset: int64('1+', { default: -1 }),
        leaderEpoch: int32('4+', { default: -1 }),
      }),
    }),
  },
);
