/** SyncGroup: the leader of a classic group hands in the assignment, every member gets its part. */
import { array, bytes, int16, int32, message, string } from '../schema/index.ts';

export const SyncGroupRequest = message(
  'SyncGroupRequest',
  { key: 14, kind: 'request', versions: '0-5', flexible: '4+' },
  {
    groupId: string('0+'),
    generationId: int32('0+'),
    memberId: string('0+'),
    groupInstanceId: string('3+', { nullable: '3+', default: null }),
    protocolType: string('5+', { nullable: '5+', default: null, ignorable: true }),
    protocolName: string('5+', { nullable: '5+', default: null, ignorable: true }),
    assignments: array('0+', {
      memberId: string('0+'),
      assignment: bytes('0+'),
    }),
  },
);

export const SyncGroupResponse = message(
  'SyncGroupResponse',
  { key: 14, kind: 'response', versions: '0-5', flexible: '4+' },
  {
    throttleTimeMs: int32('1+', { ignorable: true }),
    errorCode: int16('0+'),
    protocolType: string('5+', { nullable: '5+', default: null, ignorable: true }),
    protocolName: string('5+', { nullable: '5+', default: null, ignorable: true }),
    assignment: bytes('0+'),
  },
);
