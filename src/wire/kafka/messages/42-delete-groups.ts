/** DeleteGroups: deletes groups without members, with their offsets (KIP-229). */
import { array, int16, int32, message, string } from '../schema/index.ts';

export const DeleteGroupsRequest = message(
  'DeleteGroupsRequest',
  { key: 42, kind: 'request', versions: '0-2', flexible: '2+' },
  {
    groupsNames: array('0+', 'string'),
  },
);

export const DeleteGroupsResponse = message(
  'DeleteGroupsResponse',
  { key: 42, kind: 'response', versions: '0-2', flexible: '2+' },
  {
    throttleTimeMs: int32('0+'),
    results: array('0+', {
      groupId: string('0+'),
      errorCode: int16('0+'),
    }),
  },
);
