import { ErrorCode } from '../../wire/kafka/errors.ts';
import { SyncGroupRequest, SyncGroupResponse } from '../../wire/kafka/messages/14-sync-group.ts';
import { syncError } from '../coordinator/group/results.ts';
import type { GroupApi } from './group-request.ts';
import { type Handler, handler } from './handler.ts';

/** SyncGroup: answered when the leader's assignment is committed. */
export function syncGroupHandler({ coordinator }: Pick<GroupApi, 'coordinator'>): Handler {
  return handler({
    request: SyncGroupRequest,
    response: SyncGroupResponse,
    versions: [0, 5],
    async handle(request, { apiVersion }) {
      const { protocolType, protocolName } = request;
      const incomplete = apiVersion >= 5 && (protocolType === null || protocolName === null);
      const result = incomplete
        ? syncError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
        : await coordinator.sync({
            groupId: request.groupId,
            memberId: request.memberId,
            groupInstanceId: request.groupInstanceId,
            generation: request.generationId,
            protocolType,
            protocolName,
            // Copied, as the group keeps them: slices would keep the whole receive buffer.
            assignments: request.assignments.map(({ memberId, assignment }) => ({
              memberId,
              assignment: Buffer.from(assignment),
            })),
          });
      return {
        errorCode: result.error,
        protocolType: result.protocolType,
        protocolName: result.protocolName,
        assignment: result.assignment,
      };
    },
  });
}
