/** ReadShareGroupState: the persisted state of share partitions (KIP-932). */
import { array, int8, int16, int32, int64, message, string, uuid } from '../schema/index.ts';

export const ReadShareGroupStateRequest = message(
  'ReadShareGroupStateRequest',
  { key: 84, kind: 'request', versions: '0', flexible: '0+' },
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

export const ReadShareGroupStateResponse = message(
  'ReadShareGroupStateResponse',
  { key: 84, kind: 'response', versions: '0', flexible: '0+' },
  {
    results: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', {
        partition: int32('0+'),
        errorCode: int16('0+'),
        errorMessage: string('0+', { nullable: '0+', default: null }),
        stateEpoch: int32('0+'),
        startOffset: int64('0+'),
        stateBatches: array('0+', {
          firstOffset: int64('0+'),
          lastOffset: int64('0+'),
          deliveryState: int8('0+'),
          deliveryCount: int16('0+'),
        }),
      }),
    }),
  },
);
