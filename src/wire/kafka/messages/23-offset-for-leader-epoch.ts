/** OffsetForLeaderEpoch: where a leader epoch ends, for truncation after a change of leader (KIP-101, KIP-320). */
import { array, int16, int32, int64, message, string } from '../schema/index.ts';

export const OffsetForLeaderEpochRequest = message(
  'OffsetForLeaderEpochRequest',
  { key: 23, kind: 'request', versions: '0-4', flexible: '4+' },
  {
    replicaId: int32('3+', { default: -2, ignorable: true }),
    topics: array('0+', {
      topic: string('0+'),
      partitions: array('0+', {
        partition: int32('0+'),
        currentLeaderEpoch: int32('2+', { default: -1, ignorable: true }),
        leaderEpoch: int32('0+'),
      }),
    }),
  },
);

export const OffsetForLeaderEpochResponse = message(
  'OffsetForLeaderEpochResponse',
  { key: 23, kind: 'response', versions: '0-4', flexible: '4+' },
  {
    throttleTimeMs: int32('2+', { ignorable: true }),
    topics: array('0+', {
      topic: string('0+'),
      partitions: array('0+', {
        errorCode: int16('0+'),
        partition: int32('0+'),
        leaderEpoch: int32('1+', { default: -1, ignorable: true }),
        endOffset: int64('0+', { default: -1 }),
      }),
    }),
  },
);
