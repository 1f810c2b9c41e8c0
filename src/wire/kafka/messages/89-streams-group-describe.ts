/** StreamsGroupDescribe: topology, members and assignments of streams groups (KIP-1071). */
import { array, bool, int16, int32, int64, message, string, struct, uint16 } from '../schema/index.ts';

export const StreamsGroupDescribeRequest = message(
  'StreamsGroupDescribeRequest',
  { key: 89, kind: 'request', versions: '0', flexible: '0+' },
  {
    groupIds: array('0+', 'string'),
    includeAuthorizedOperations: bool('0+'),
  },
);

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

const Endpoint = {
  host: string('0+'),
  port: uint16('0+'),
};

const TaskOffset = {
  subtopologyId: string('0+'),
  partition: int32('0+'),
  offset: int64('0+'),
};

const TaskIds = {
  subtopologyId: string('0+'),
  partitions: array('0+', 'int32'),
};

const Assignment = {
  activeTasks: array('0+', TaskIds),
  standbyTasks: array('0+', TaskIds),
  warmupTasks: array('0+', TaskIds),
};

export const StreamsGroupDescribeResponse = message(
  'StreamsGroupDescribeResponse',
  { key: 89, kind: 'response', versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32('0+'),
    groups: array('0+', {
      errorCode: int16('0+'),
      errorMessage: string('0+', { nullable: '0+', default: null }),
      groupId: string('0+'),
      groupState: string('0+'),
      groupEpoch: int32('0+'),
      assignmentEpoch: int32('0+'),
      topology: struct(
        '0+',
        {
          epoch: int32('0+'),
          subtopologies: array(
            '0+',
            {
              subtopologyId: string('0+'),
              sourceTopics: array('0+', 'string'),
              repartitionSinkTopics: array('0+', 'string'),
              stateChangelogTopics: array('0+', TopicInfo),
              repartitionSourceTopics: array('0+', TopicInfo),
            },
            { nullable: '0+', default: null },
          ),
        },
        { nullable: '0+', default: null },
      ),
      members: array('0+', {
        memberId: string('0+'),
        memberEpoch: int32('0+'),
        instanceId: string('0+', { nullable: '0+', default: null }),
        rackId: string('0+', { nullable: '0+', default: null }),
        clientId: string('0+'),
        clientHost: string('0+'),
        topologyEpoch: int32('0+'),
        processId: string('0+'),
        userEndpoint: struct('0+', Endpoint, { nullable: '0+', default: null }),
        clientTags: array('0+', KeyValue),
        taskOffsets: array('0+', TaskOffset),
        taskEndOffsets: array('0+', TaskOffset),
        assignment: struct('0+', Assignment),
        targetAssignment: struct('0+', Assignment),
        isClassic: bool('0+'),
      }),
      authorizedOperations: int32('0+', { default: -0x8000_0000 }),
    }),
  },
);
