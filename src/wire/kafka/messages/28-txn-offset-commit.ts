/** TxnOffsetCommit: offsets that become visible when the transaction commits (KIP-98). */
import { array, bigint64, int16, int32, int64, message, string } from '../schema/index.ts';

export const TxnOffsetCommitRequest = message(
  'TxnOffsetCommitRequest',
  { key: 28, kind: 'request', versions: '0-5', flexible: '3+' },
  {
    transactionalId: string('0+'),
    groupId: string('0+'),
    producerId: bigint64('0+'),
    producerEpoch: int16('0+'),
    generationId: int32('3+', { default: -1 }),
    memberId: string('3+', { default: '' }),
    groupInstanceId: string('3+', { nullable: '3+', default: null }),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        committedOffset: int64('0+'),
        committedLeaderEpoch: int32('2+', { default: -1, ignorable: true }),
        committedMetadata: string('0+', { nullable: '0+' }),
      }),
    }),
  },
);

export const TxnOffsetCommitResponse = message(
  'TxnOffsetCommitResponse',
  { key: 28, kind: 'response', versions: '0-5', flexible: '3+' },
  {
    throttleTimeMs: int32('0+'),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
      }),
    }),
  },
);
