/** AssignReplicasToDirs: a broker tells the KRaft controller in which directories its replicas are (KIP-858). */
import { array, int16, int32, int64, message, uuid } from '../schema/index.ts';

export const AssignReplicasToDirsRequest = message(
  'AssignReplicasToDirsRequest',
  { key: 73, kind: 'request', versions: '0', flexible: '0+' },
  {
    brokerId: int32('0+'),
    brokerEpoch: int64('0+', { default: -1 }),
    directories: array('0+', {
      id: uuid('0+'),
      topics: array('0+', {
        topicId: uuid('0+'),
        partitions: array('0+', {
          partitionIndex: int32('0+'),
        }),
      }),
    }),
  },
);

export const AssignReplicasToDirsResponse = message(
  'AssignReplicasToDirsResponse',
  { key: 73, kind: 'response', versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    directories: array('0+', {
      id: uuid('0+'),
      topics: array('0+', {
        topicId: uuid('0+'),
        partitions: array('0+', {
          partitionIndex: int32('0+'),
          errorCode: int16('0+'),
        }),
      }),
    }),
  },
);
