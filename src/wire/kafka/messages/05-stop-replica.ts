/**
 * StopReplica: the controller tells a broker to stop, and maybe delete, replicas (ZooKeeper mode).
 *
 * Version 0 lists partitions ungrouped, 1 and 2 by topic, 3 and later with leader epochs.
 */
import { array, bool, int16, int32, int64, message, string } from '../schema/index.ts';

export const StopReplicaRequest = message(
  'StopReplicaRequest',
  { key: 5, kind: 'request', versions: '0-4', flexible: '2+' },
  {
    controllerId: int32('0+'),
    isKRaftController: bool('4+', { default: false }),
    controllerEpoch: int32('0+'),
    brokerEpoch: int64('1+', { default: -1, ignorable: true }),
    deletePartitions: bool('0-2'),
    ungroupedPartitions: array('0', {
      topicName: string('0'),
      partitionIndex: int32('0'),
    }),
    topics: array('1-2', {
      name: string('1-2'),
      partitionIndexes: array('1-2', 'int32'),
    }),
    topicStates: array('3+', {
      topicName: string('3+'),
      partitionStates: array('3+', {
        partitionIndex: int32('3+'),
        leaderEpoch: int32('3+', { default: -1 }),
        deletePartition: bool('3+'),
      }),
    }),
  },
);

export const StopReplicaResponse = message(
  'StopReplicaResponse',
  { key: 5, kind: 'response', versions: '0-4', flexible: '2+' },
  {
    errorCode: int16('0+'),
    partitionErrors: array('0+', {
      topicName: string('0+'),
      partitionIndex: int32('0+'),
      errorCode: int16('0+'),
    }),
  },
);
