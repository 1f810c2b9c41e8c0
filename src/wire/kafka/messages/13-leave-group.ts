/** LeaveGroup: members leave a classic group; one member up to version 2, a list from version 3 on. */
import { array, int16, int32, message, string } from '../schema/index.ts';

export const LeaveGroupRequest = message(
  'LeaveGroupRequest',
  { key: 13, kind: 'request', versions: '0-5', flexible: '4+' },
  {
    groupId: string('0+'),
    memberId: string('0-2'),
    members: array('3+', {
      memberId: string('3+'),
      groupInstanceId: string('3+', { nullable: '3+', default: null }),
      reason: string('5+', { nullable: '5+', default: null, ignorable: true }),
    }),
  },
);

export const LeaveGroupResponse = message(
  'LeaveGroupResponse',
  { key: 13, kind: 'response', versions: '0-5', flexible: '4+' },
  {
    throttleTimeMs: int32('1+', { ignorable: true }),
    errorCode: int16('0+'),
    members: array('3+', {
      memberId: string('3+'),
      groupInstanceId: string('3+', { nullable: '3+' }),
      errorCode: int16('3+'),
    }),
  },
);
