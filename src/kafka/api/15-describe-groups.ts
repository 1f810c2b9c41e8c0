import { ErrorCode } from '../../wire/kafka/errors.ts';
import {
  DescribeGroupsRequest,
  DescribeGroupsResponse,
} from '../../wire/kafka/messages/15-describe-groups.ts';
import type { DescribedGroup } from '../coordinator/group/results.ts';
import type { GroupApi } from './group-request.ts';
import { type Handler, handler } from './handler.ts';

/** READ, DELETE and DESCRIBE as bits of their codes: all that a group knows in 3.9. */
const GROUP_OPERATIONS = (1 << 3) | (1 << 6) | (1 << 8);

export function describeGroupsHandler({ coordinator }: Pick<GroupApi, 'coordinator'>): Handler {
  return handler({
    request: DescribeGroupsRequest,
    response: DescribeGroupsResponse,
    versions: [0, 5],
    handle(request) {
      return {
        groups: request.groups.map((groupId) =>
          draft(coordinator.describe(groupId), request.includeAuthorizedOperations),
        ),
      };
    },
  });
}

function draft(group: DescribedGroup, includeOperations: boolean) {
  const tell = includeOperations && group.error === ErrorCode.NONE;
  return {
    errorCode: group.error,
    groupId: group.groupId,
    groupState: group.state,
    protocolType: group.protocolType,
    protocolData: group.protocol,
    members: group.members.map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: member.metadata,
      memberAssignment: member.assignment,
    })),
    ...(tell ? { authorizedOperations: GROUP_OPERATIONS } : {}),
  };
}
