/** Records of __consumer_offsets for streams groups (KIP-1071). Prefixes as in offsets.ts. */
import { array, int8, int16, int32, int64, message, string, struct, uint16 } from '../schema/index.ts';

export const StreamsGroupMetadataKey = message(
  'StreamsGroupMetadataKey',
  { key: 17, kind: 'coordinator-key', versions: '0', flexible: 'none' },
  {
    groupId: string('0+'),
  },
);

export const StreamsGroupMetadataValue = message(
  'StreamsGroupMetadataValue',
  { key: 17, kind: 'coordinator-value', versions: '0', flexible: '0+' },
  {
    epoch: int32('0+'),
    metadataHash: int64('0+'),
  },
);

export const StreamsGroupMemberMetadataKey = message(
  'StreamsGroupMemberMetadataKey',
  { key: 19, kind: 'coordinator-key', versions: '0', flexible: 'none' },
  {
    groupId: string('0+'),
    memberId: string('0+'),
  },
);

const Endpoint = {
  host: string('0+'),
  port: uint16('0+'),
};

const KeyValue = {
  key: string('0+'),
  value: string('0+'),
};

export const StreamsGroupMemberMetadataValue = message(
  'StreamsGroupMemberMetadataValue',
  { key: 19, kind: 'coordinator-value', versions: '0', flexible: '0+' },
  {
    instanceId: string('0+', { nullable: '0+' }),
    rackId: string('0+', { nullable: '0+' }),
    clientId: string('0+'),
    clientHost: string('0+'),
    rebalanceTimeoutMs: int32('0+', { default: -1 }),
    topologyEpoch: int32('0+'),
    processId: string('0+'),
    userEndpoint: struct('0+', Endpoint, { nullable: '0+', default: null }),
    clientTags: array('0+', KeyValue),
  },
);

export const StreamsGroupTargetAssignmentMetadataKey = message(
  'StreamsGroupTargetAssignmentMetadataKey',
  { key: 20, kind: 'coordinator-key', versions: '0', flexible: 'none' },
  {
    groupId: string('0+'),
  },
);

export const StreamsGroupTargetAssignmentMetadataValue = message(
  'StreamsGroupTargetAssignmentMetadataValue',
  { key: 20, kind: 'coordinator-value', versions: '0', flexible: '0+' },
  {
    assignmentEpoch: int32('0+'),
  },
);

export const StreamsGroupTargetAssignmentMemberKey = message(
  'StreamsGroupTargetAssignmentMemberKey',
  { key: 21, kind: 'coordinator-key', versions: '0', flexible: 'none' },
  {
    groupId: string('0+'),
    memberId: string('0+'),
  },
);

const TaskIds = {
  subtopologyId: string('0+'),
  partitions: array('0+', 'int32'),
};

export const StreamsGroupTargetAssignmentMemberValue = message(
  'StreamsGroupTargetAssignmentMemberValue',
  { key: 21, kind: 'coordinator-value', versions: '0', flexible: '0+' },
  {
    activeTasks: array('0+', TaskIds),
    standbyTasks: array('0+', TaskIds),
    warmupTasks: array('0+', TaskIds),
  },
);

export const StreamsGroupCurrentMemberAssignmentKey = message(
  'StreamsGroupCurrentMemberAssignmentKey',
  { key: 22, kind: 'coordinator-key', versions: '0', flexible: 'none' },
  {
    groupId: string('0+'),
    memberId: string('0+'),
  },
);

export const StreamsGroupCurrentMemberAssignmentValue = message(
  'StreamsGroupCurrentMemberAssignmentValue',
  { key: 22, kind: 'coordinator-value', versions: '0', flexible: '0+' },
  {
    memberEpoch: int32('0+'),
    previousMemberEpoch: int32('0+'),
    state: int8('0+'),
    activeTasks: array('0+', TaskIds),
    standbyTasks: array('0+', TaskIds),
    warmupTasks: array('0+', TaskIds),
    activeTasksPendingRevocation: array('0+', TaskIds),
    standbyTasksPendingRevocation: array('0+', TaskIds),
    warmupTasksPendingRevocation: array('0+', TaskIds),
  },
);

export const StreamsGroupTopologyKey = message(
  'StreamsGroupTopologyKey',
  { key: 23, kind: 'coordinator-key', versions: '0', flexible: 'none' },
  {
    groupId: string('0+'),
  },
);

const TopicConfig = {
  key: string('0+'),
  value: string('0+'),
};

const TopicInfo = {
  name: string('0+'),
  partitions: int32('0+'),
  replicationFactor: int16('0+'),
  topicConfigs: array('0+', TopicConfig),
};

export const StreamsGroupTopologyValue = message(
  'StreamsGroupTopologyValue',
  { key: 23, kind: 'coordinator-value', versions: '0', flexible: '0+' },
  {
    epoch: int32('0+'),
    subtopologies: array('0+', {
      subtopologyId: string('0+'),
      sourceTopics: array('0+', 'string'),
      sourceTopicRegex: array('0+', 'string'),
      stateChangelogTopics: array('0+', TopicInfo),
      repartitionSinkTopics: array('0+', 'string'),
      repartitionSourceTopics: array('0+', TopicInfo),
      copartitionGroups: array('0+', {
        sourceTopics: array('0+', 'int16'),
        sourceTopicRegex: array('0+', 'int16'),
        repartitionSourceTopics: array('0+', 'int16'),
      }),
    }),
  },
);
