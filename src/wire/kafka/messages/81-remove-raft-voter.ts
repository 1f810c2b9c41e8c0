/** RemoveRaftVoter: removes a voter from a KRaft quorum (KIP-853). */
import { int16, int32, message, string, uuid } from '../schema/index.ts';

export const RemoveRaftVoterRequest = message(
  'RemoveRaftVoterRequest',
  { key: 81, kind: 'request', versions: '0', flexible: '0+' },
  {
    clusterId: string('0+', { nullable: '0+' }),
    voterId: int32('0+'),
    voterDirectoryId: uuid('0+'),
  },
);

export const RemoveRaftVoterResponse = message(
  'RemoveRaftVoterResponse',
  { key: 81, kind: 'response', versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+', ignorable: true }),
  },
);
