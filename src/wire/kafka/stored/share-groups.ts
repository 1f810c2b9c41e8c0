/**
 * Records of __consumer_offsets for share groups (KIP-932). Prefixes as in offsets.ts.
 *
 * Type 9 was written by the early access in 3.9 only.
 */
import { array, int8, int32, message, string, uuid } from '../schema/index.ts';

export const ShareGroupPartitionMetadataKey = message(
  'ShareGroupPartitionMetadataKey',
  { kind: 'data', versions: '9', flexible: 'none' },
  {
    groupId: string('0+'),
  },
);

const TopicPartitionsInfo = {
  topicId: uuid('0+'),
  topicName: string('0+'),
  partitions: array('0+', 'int32'),
};

const TopicInfo = {
  topicId: uuid('0+'),
  topicName: string('0+'),
};

export const ShareGroupPartitionMetadataValue = message(
  'ShareGroupPartitionMetadataValue',
  { kind: 'data', versions: '0', flexible: '0+' },
  {
    initializedTopics: array('0+', TopicPartitionsInfo),
    deletingTopics: array('0+', TopicInfo),
  },
);

export const ShareGroupMemberMetadataKey = message(
  'ShareGroupMemberMetadataKey',
  { key: 10, kind: 'coordinator-key', versions: '0', flexible: 'none' },
  {
    groupId: string('0+'),
    memberId: string('0+'),
  },
);

export const ShareGroupMemberMetadataValue = message(
  'ShareGroupMemberMetadataValue',
  { key: 10, kind: 'coordinator-value', versions: '0', flexible: '0+' },
  {
    rackId: string('0+', { nullable: '0+' }),
    clientId: string('0+'),
    clientHost: string('0+'),
    subscribedTopicNames: array('0+', 'string'),
  },
);

export const ShareGroupMetadataKey = message(
  'ShareGroupMetadataKey',
  { key: 11, kind: 'coordinator-key', versions: '0', flexible: 'none' },
  {
    groupId: string('0+'),
  },
);

/** As in 3.9; 4.1 added a metadata hash without a new version. */
export const ShareGroupMetadataValue = message(
  'ShareGroupMetadataValue',
  { key: 11, kind: 'coordinator-value', versions: '0', flexible: '0+' },
  {
    epoch: int32('0+'),
  },
);

export const ShareGroupTargetAssignmentMetadataKey = message(
  'ShareGroupTargetAssignmentMetadataKey',
  { key: 12, kind: 'coordinator-key', versions: '0', flexible: 'none' },
  {
    groupId: string('0+'),
  },
);

export const ShareGroupTargetAssignmentMetadataValue = message(
  'ShareGroupTargetAssignmentMetadataValue',
  { key: 12, kind: 'coordinator-value', versions: '0', flexible: '0+' },
  {
    assignmentEpoch: int32('0+'),
  },
);

export const ShareGroupTargetAssignmentMemberKey = message(
  'ShareGroupTargetAssignmentMemberKey',
  { key: 13, kind: 'coordinator-key', versions: '0', flexible: 'none' },
  {
    groupId: string('0+'),
    memberId: string('0+'),
  },
);

export const ShareGroupTargetAssignmentMemberValue = message(
  'ShareGroupTargetAssignmentMemberValue',
  { key: 13, kind: 'coordinator-value', versions: '0', flexible: '0+' },
  {
    topicPartitions: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', 'int32'),
    }),
  },
);

export const ShareGroupCurrentMemberAssignmentKey = message(
  'ShareGroupCurrentMemberAssignmentKey',
  { key: 14, kind: 'coordinator-key', versions: '0', flexible: 'none' },
  {
    groupId: string('0+'),
    memberId: string('0+'),
  },
);

const TopicPartitions = {
  topicId: uuid('0+'),
  partitions: array('0+', 'int32'),
};

export const ShareGroupCurrentMemberAssignmentValue = message(
  'ShareGroupCurrentMemberAssignmentValue',
  { key: 14, kind: 'coordinator-value', versions: '0', flexible: '0+' },
  {
    memberEpoch: int32('0+'),
    previousMemberEpoch: int32('0+'),
    state: int8('0+'),
    assignedPartitions: array('0+', TopicPartitions),
  },
);

export const ShareGroupStatePartitionMetadataKey = message(
  'ShareGroupStatePartitionMetadataKey',
  { key: 15, kind: 'coordinator-key', versions: '0', flexible: 'none' },
  {
    groupId: string('0+'),
  },
);

export const ShareGroupStatePartitionMetadataValue = message(
  'ShareGroupStatePartitionMetadataValue',
  { key: 15, kind: 'coordinator-value', versions: '0', flexible: '0+' },
  {
    initializingTopics: array('0+', TopicPartitionsInfo),
    initializedTopics: array('0+', TopicPartitionsInfo),
    deletingTopics: array('0+', TopicInfo),
  },
);
