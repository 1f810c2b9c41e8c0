/** AlterPartitionReassignments: moves partitions to other replicas, null cancels (KIP-455). */
import { array, bool, int16, int32, message, string } from '../schema/index.ts';

export const AlterPartitionReassignmentsRequest = message(
  'AlterPartitionReassignmentsRequest',
  { key: 45, kind: 'request', versions: '0-1', flexible: '0+' },
  {
    timeoutMs: int32('0+', { default: 60_000 }),
    allowReplicationFactorChange: bool('1+', { default: true }),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        replicas: array('0+', 'int32', { nullable: '0+', default: null }),
      }),
    }),
  },
);

export const AlterPartitionReassignmentsResponse = message(
  'AlterPartitionReassignmentsResponse',
  { key: 45, kind: 'response', versions: '0-1', flexible: '0+' },
  {
    throttleTimeMs: int32('0+'),
    allowReplicationFactorChange: bool('1+', { default: true, ignorable: true }),
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+' }),
    responses: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
        errorMessage: string('0+', { nullable: '0+' }),
      }),
    }),
  },
);
