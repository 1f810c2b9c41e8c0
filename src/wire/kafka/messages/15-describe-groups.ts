/** DescribeGroups: state, members and assignments of classic groups. */
import { array, bool, bytes, int16, int32, message, string } from '../schema/index.ts';

export const DescribeGroupsRequest = message(
  'DescribeGroupsRequest',
  { key: 15, kind: 'request', versions: '0-6', flexible: '5+' },
  {
    groups: array('0+', 'string'),
    includeAuthorizedOperations: bool('3+'),
  },
);

export const DescribeGroupsResponse = message(
  'DescribeGroupsResponse',
  { key: 15, kind: 'response', versions: '0-6', flexible: '5+' },
  {
    throttleTimeMs: int32('1+', { ignorable: true }),
    groups: array('0+', {
      errorCode: int16('0+'),
      errorMessage: string('6+', { nullable: '6+', default: null }),
      groupId: string('0+'),
      groupState: string('0+'),
      protocolType: string('0+'),
      protocolData: string('0+'),
      members: array('0+', {
        memberId: string('0+'),
        groupInstanceId: string('4+', { nullable: '4+', default: null, ignorable: true }),
        clientId: string('0+'),
        clientHost: string('0+'),
        memberMetadata: bytes('0+'),
        memberAssignment: bytes('0+'),
      }),
      authorizedOperations: int32('3+', { default: -0x8000_0000 }),
    }),
  },
);
