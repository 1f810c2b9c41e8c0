import { ErrorCode } from '../../wire/kafka/errors.ts';
import { LeaveGroupRequest, LeaveGroupResponse } from '../../wire/kafka/messages/13-leave-group.ts';
import type { GroupApi } from './group-request.ts';
import { type Handler, handler } from './handler.ts';

/** LeaveGroup: one member before version 3, several since, static ones by their instance id too. */
export function leaveGroupHandler({ coordinator }: Pick<GroupApi, 'coordinator'>): Handler {
  return handler({
    request: LeaveGroupRequest,
    response: LeaveGroupResponse,
    versions: [0, 5],
    async handle(request, { apiVersion }) {
      const batched = apiVersion >= 3;
      const leaving = batched
        ? request.members
        : [{ memberId: request.memberId, groupInstanceId: null, reason: null }];
      const { error, members } = await coordinator.leave(request.groupId, leaving);
      if (!batched) return { errorCode: error === ErrorCode.NONE ? (members[0]?.error ?? error) : error };
      return {
        errorCode: error,
        members: members.map((member) => ({
          memberId: member.memberId,
          groupInstanceId: member.groupInstanceId,
          errorCode: member.error,
        })),
      };
    },
  });
}
