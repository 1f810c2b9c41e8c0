/** ReadShareGroupStateSummary: start offsets of share partitions without their batches (KIP-932). */
import { array, int16, int32, int64, message, string, uuid } from '../schema/index.ts';

export const ReadShareGroupStateSummaryRequest = message(
  'ReadShareGroupStateSummaryRequest',
  { key: 87, kind: 'request', versions: '0', flexible: '0+' },
  {
    groupId: string('0+'),
    topics: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', {
        partition: int32('0+'),
        leaderEpoch: int32('0+'),
      }),
    }),
  },
);

/** As in 3.9; 4.1 added the leader epoch to the unstable version 0 without a new version. */
export const ReadShareGroupStateSummaryResponse = message(
  'ReadShareGroupStateSummaryResponse',
  { key: 87, kind: 'response', versions: '0', flexible: '0+' },
  {
    results: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', {
        partition: int32('0+'),
        errorCode: int16('0+'),
        errorMessage: string('0+', { nullable: '0+', default: null }),
        stateEpoch: int32('0+'),
        startOffset: int64('0+'),
      }),
    }),
  },
);
