/** AddRaftVoter: adds a voter to a KRaft quorum (KIP-853). */
import { array, int16, int32, message, string, uint16, uuid } from '../schema/index.ts';

export const AddRaftVoterRequest = message(
  'AddRaftVoterRequest',
  { key: 80, kind: 'request', versions: '0', flexible: '0+' },
  {
    clusterId: string('0+', { nullable: '0+' }),
    timeoutMs: int32('0+'),
    voterId: int32('0+'),
    voterDirectoryId: uuid('0+'),
    listeners: array('0+', {
      name: string('0+'),
      host: string('0+'),
      port: uint16('0+'),
    }),
  },
);

export const AddRaftVoterResponse = message(
  'AddRaftVoterResponse',
  { key: 80, kind: 'response', versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+', ignorable: true }),
  },
);
