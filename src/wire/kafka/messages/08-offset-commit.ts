/**
 * OffsetCommit: a group's committed offsets.
 *
 * Version 0 is kept in ZooKeeper instead of the group coordinator; version 1 alone has a timestamp per partition;
 * 2 to 4 a retention time for all. From version 10 topics go by id.
 */
import { array, int16, int32, int64, message, string, uuid } from '../schema/index.ts';

export const OffsetCommitRequest = message(
  'OffsetCommitRequest',
  { key: 8, kind: 'request', versions: '0-10', flexible: '8+' },
  {
    groupId: string('0+'),
    generationIdOrMemberEpoch: int32('1+', { default: -1, ignorable: true }),
    memberId: string('1+', { ignorable: true }),
    groupInstanceId: string('7+', { nullable: '7+', default: null }),
    retentionTimeMs: int64('2-4', { default: -1, ignorable: true }),
    topics: array('0+', {
      name: string('0-9', { ignorable: true }),
      topicId: uuid('10+', { ignorable: true }),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        committedOffset: int64('0+'),
        committedLeaderEpoch: int32('6+', { default: -1, ignorable: true }),
        commitTimestamp: int64('1', { default: -1 }),
        committedMetadata: string('0+', { nullable: '0+' }),
      }),
    }),
  },
);

export const OffsetCommitResponse = message(
  'OffsetCommitResponse',
  { key: 8, kind: 'response', versions: '0-10', flexible: '8+' },
  {
    throttleTimeMs: int32('3+', { ignorable: true }),
    topics: array('0+', {
      name: string('0-9', { ignorable: true }),
      topicId: uuid('10+', { ignorable: true }),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
      }),
    }),
  },
);
