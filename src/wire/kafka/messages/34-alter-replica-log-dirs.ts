/** AlterReplicaLogDirs: moves replicas between the log directories of a broker (KIP-113). */
import { array, int16, int32, message, string } from '../schema/index.ts';

export const AlterReplicaLogDirsRequest = message(
  'AlterReplicaLogDirsRequest',
  { key: 34, kind: 'request', versions: '0-2', flexible: '2+' },
  {
    dirs: array('0+', {
      path: string('0+'),
      topics: array('0+', {
        name: string('0+'),
        partitions: array('0+', 'int32'),
      }),
    }),
  },
);

export const AlterReplicaLogDirsResponse = message(
  'AlterReplicaLogDirsResponse',
  { key: 34, kind: 'response', versions: '0-2', flexible: '2+' },
  {
    throttleTimeMs: int32('0+'),
    results: array('0+', {
      topicName: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
      }),
    }),
  },
);
