/** ListGroups: the groups that a broker coordinates; filters by state (version 4) and type (version 5). */
import { array, int16, int32, message, string } from '../schema/index.ts';

export const ListGroupsRequest = message(
  'ListGroupsRequest',
  { key: 16, kind: 'request', versions: '0-5', flexible: '3+' },
  {
    statesFilter: array('4+', 'string'),
    typesFilter: array('5+', 'string'),
  },
);

export const ListGroupsResponse = message(
  'ListGroupsResponse',
  { key: 16, kind: 'response', versions: '0-5', flexible: '3+' },
  {
    throttleTimeMs: int32('1+', { ignorable: true }),
    errorCode: int16('0+'),
    groups: array('0+', {
      groupId: string('0+'),
      protocolType: string('0+'),
      groupState: string('4+', { ignorable: true }),
      groupType: string('5+', { ignorable: true }),
    }),
  },
);
