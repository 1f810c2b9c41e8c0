/**
 * LeaderAndIsr: the controller tells a broker what it leads and follows (ZooKeeper mode).
 *
 * Versions 0 and 1 list partitions ungrouped, 2 and later by topic.
 */
import { array, bool, int8, int16, int32, int64, message, string, uuid } from '../schema/index.ts';

const LeaderAndIsrPartitionState = {
  topicName: string('0-1', { ignorable: true }),
  partitionIndex: int32('0+'),
  controllerEpoch: int32('0+'),
  leader: int32('0+'),
  leaderEpoch: int32('0+'),
  isr: array('0+', 'int32'),
  partitionEpoch: int32('0+'),
  replicas: array('0+', 'int32'),
  addingReplicas: array('3+', 'int32', { ignorable: true }),
  removingReplicas: array('3+', 'int32', { ignorable: true }),
  isNew: bool('1+', { default: false, ignorable: true }),
  leaderRecoveryState: int8('6+', { default: 0 }),
};

export const LeaderAndIsrRequest = message(
  'LeaderAndIsrRequest',
  { key: 4, kind: 'request', versions: '0-7', flexible: '4+' },
  {
    controllerId: int32('0+'),
    isKRaftController: bool('7+', { default: false }),
    controllerEpoch: int32('0+'),
    brokerEpoch: int64('2+', { default: -1, ignorable: true }),
    type: int8('5+'),
    ungroupedPartitionStates: array('0-1', LeaderAndIsrPartitionState),
    topicStates: array('2+', {
      topicName: string('2+'),
      topicId: uuid('5+', { ignorable: true }),
      partitionStates: array('2+', LeaderAndIsrPartitionState),
    }),
    liveLeaders: array('0+', {
      brokerId: int32('0+'),
      hostName: string('0+'),
      port: int32('0+'),
    }),
  },
);

const LeaderAndIsrPartitionError = {
  topicName: string('0-4', { ignorable: true }),
  partitionIndex: int32('0+'),
  errorCode: int16('0+'),
};

export const LeaderAndIsrResponse = message(
  'LeaderAndIsrResponse',
  { key: 4, kind: 'response', versions: '0-7', flexible: '4+' },
  {
    errorCode: int16('0+'),
    partitionErrors: array('0-4', LeaderAndIsrPartitionError),
    topics: array('5+', {
      topicId: uuid('5+'),
      partitionErrors: array('5+', LeaderAndIsrPartitionError),
    }),
  },
);
