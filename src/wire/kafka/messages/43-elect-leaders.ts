/** ElectLeaders: preferred, or from version 1 on unclean, leader elections (KIP-183, KIP-460). */
import { array, int8, int16, int32, message, string } from '../schema/index.ts';

export const ElectLeadersRequest = message(
  'ElectLeadersRequest',
  { key: 43, kind: 'request', versions: '0-2', flexible: '2+' },
  {
    electionType: int8('1+'),
    topicPartitions: array(
      '0+',
      {
        topic: string('0+'),
        partitions: array('0+', 'int32'),
      },
      { nullable: '0+' },
    ),
    timeoutMs: int32('0+', { default: 60_000 }),
  },
);

export const ElectLeadersResponse = message(
  'ElectLeadersResponse',
  { key: 43, kind: 'response', versions: '0-2', flexible: '2+' },
  {
    throttleTimeMs: int32('0+'),
    errorCode: int16('1+'),
    replicaElectionResults: array('0+', {
      topic: string('0+'),
      partitionResult: array('0+', {
        partitionId: int32('0+'),
        errorCode: int16('0+'),
        errorMessage: string('0+', { nullable: '0+' }),
      }),
    }),
  },
);
