/** StreamsGroupHeartbeat: the one call by which members of streams groups live (KIP-1071). */
import { array, bool, int8, int16, int32, int64, message, string, struct, uint16 } from '../schema/index.ts';

const KeyValue = {
  key: string('0+'),
  value: string('0+'),
};

const TopicInfo = {
  name: string('0+'),
  partitions: int32('0+'),
  replicationFactor: int16('0+'),
  topicConfigs: array('0+', KeyValue),
};

const TaskIds = {
  subtopologyId: string('0+'),
  partitions: array('0+', 'int32'),
};

const Endpoint = {
  host: string('0+'),
  port: uint16('0+'),
};

const TaskOffset = {
  subtopologyId: string('0+'),
  partition: int32('0+'),
  offset: int64('0+'),
};

export const StreamsGroupHeartbeatRequest = message(
  'StreamsGroupHeartbeatRequest',
  { key: 88, kind: 'request', versions: '0', flexible: '0+' },
  {
    groupId: string('0+'),
    memberId: string('0+'),
    memberEpoch: int32('0+'),
    endpointInformationEpoch: int32('0+'),
    instanceId: string('0+', { nullable: '0+', default: null }),
    rackId: string('0+', { nullable: '0+', default: null }),
    rebalanceTimeoutMs: int32('0+', { default: -1 }),
    topology: struct(
      '0+',
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
      { nullable: '0+', default: null },
    ),
    activeTasks: array('0+', TaskIds, { nullable: '0+', default: null }),
    standbyTasks: array('0+', TaskIds, { nullable: '0+', default: null }),
    warmupTasks: array('0+', TaskIds, { nullable: '0+', default: null }),
    processId: string('0+', { nullable: '0+', default: null }),
    userEndpoint: struct('0+', Endpoint, { nullable: '0+', default: null }),
    clientTags: array('0+', KeyValue, { nullable: '0+', default: null }),
    taskOffsets: array('0+', TaskOffset, { nullable: '0+', default: null }),
    taskEndOffsets: array('0+', TaskOffset, { nullable: '0+', default: null }),
    shutdownApplication: bool('0+', { default: false }),
  },
);

const Status = {
  statusCode: int8('0+'),
  statusDetail: string('0+'),
};

const TopicPartition = {
  topic: string('0+'),
  partitions: array('0+', 'int32'),
};

export const StreamsGroupHeartbeatResponse = message(
  'StreamsGroupHeartbeatResponse',
  { key: 88, kind: 'response', versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+', default: null }),
    memberId: string('0+'),
    memberEpoch: int32('0+'),
    heartbeatIntervalMs: int32('0+'),
    acceptableRecoveryLag: int32('0+'),
    taskOffsetIntervalMs: int32('0+'),
    status: array('0+', Status, { nullable: '0+', default: null }),
    activeTasks: array('0+', TaskIds, { nullable: '0+', default: null }),
    standbyTasks: array('0+', TaskIds, { nullable: '0+', default: null }),
    warmupTasks: array('0+', TaskIds, { nullable: '0+', default: null }),
    endpointInformationEpoch: int32('0+'),
    partitionsByUserEndpoint: array(
      '0+',
      {
        userEndpoint: struct('0+', Endpoint),
        activePartitions: array('0+', TopicPartition),
        standbyPartitions: array('0+', TopicPartition),
      },
      { nullable: '0+', default: null },
    ),
  },
);
