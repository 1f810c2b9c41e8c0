/**
 * Vote: a candidate of a KRaft quorum asks for votes (KIP-595); pre-votes from version 2 on (KIP-996).
 *
 * Up to 3.9 the replica fields were called candidateEpoch, candidateId and candidateDirectoryId.
 */
import { array, bool, int16, int32, int64, message, string, uint16, uuid } from '../schema/index.ts';

export const VoteRequest = message(
  'VoteRequest',
  { key: 52, kind: 'request', versions: '0-2', flexible: '0+' },
  {
    clusterId: string('0+', { nullable: '0+', default: null }),
    voterId: int32('1+', { default: -1, ignorable: true }),
    topics: array('0+', {
      topicName: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        replicaEpoch: int32('0+'),
        replicaId: int32('0+'),
        replicaDirectoryId: uuid('1+', { ignorable: true }),
        voterDirectoryId: uuid('1+', { ignorable: true }),
        lastOffsetEpoch: int32('0+'),
        lastOffset: int64('0+'),
        preVote: bool('2+'),
      }),
    }),
  },
);

export const VoteResponse = message(
  'VoteResponse',
  { key: 52, kind: 'response', versions: '0-2', flexible: '0+' },
  {
    errorCode: int16('0+'),
    topics: array('0+', {
      topicName: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
        leaderId: int32('0+'),
        leaderEpoch: int32('0+'),
        voteGranted: bool('0+'),
      }),
    }),
    nodeEndpoints: array(
      '1+',
      {
        nodeId: int32('1+'),
        host: string('1+'),
        port: uint16('1+'),
      },
      { tag: 0 },
    ),
  },
);
