/** ShareGroupDescribe: state, members and assignments of share groups (KIP-932). */
import { array, bool, int16, int32, message, string, struct, uuid } from '../schema/index.ts';

export const ShareGroupDescribeRequest = message(
  'ShareGroupDescribeRequest',
  { key: 77, kind: 'request', versions: '0-1', flexible: '0+' },
  {
    groupIds: array('0+', 'string'),
    includeAuthorizedOperations: bool('0+'),
  },
);

const TopicPartitions = {
  topicId: uuid('0+'),
  topicName: string('0+'),
  partitions: array('0+', 'int32'),
};

const Assignment = {
  topicPartitions: array('0+', TopicPartitions),
};

export const ShareGroupDescribeResponse = message(
  'ShareGroupDescribeResponse',
  { key: 77, kind: 'response', versions: '0-1', flexible: '0+' },
  {
    throttleTimeMs: int32('0+'),
    groups: array('0+', {
      errorCode: int16('0+'),
      errorMessage: string('0+', { nullable: '0+', default: null }),
      groupId: string('0+'),
      groupState: string('0+'),
      groupEpoch: int32('0+'),
      assignmentEpoch: int32('0+'),
      assignorName: string('0+'),
      members: array('0+', {
        memberId: string('0+'),
        rackId: string('0+', { nullable: '0+', default: null }),
        memberEpoch: int32('0+'),
        clientId: string('0+'),
        clientHost: string('0+'),
        subscribedTopicNames: array('0+', 'string'),
        assignment: struct('0+', Assignment),
      }),
      authorizedOperations: int32('0+', { default: -0x8000_0000 }),
    }),
  },
);
