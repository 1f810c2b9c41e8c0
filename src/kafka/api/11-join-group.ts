import { JoinGroupRequest, JoinGroupResponse } from '../../wire/kafka/messages/11-join-group.ts';
import { type GroupApi, javaHostText } from './group-request.ts';
import { type Handler, handler } from './handler.ts';

/** JoinGroup: answered when the rebalance has all its members, or at once with an error. */
export function joinGroupHandler({ coordinator }: Pick<GroupApi, 'coordinator'>): Handler {
  return handler({
    request: JoinGroupRequest,
    response: JoinGroupResponse,
    versions: [0, 9],
    async handle(request, { apiVersion, clientId, connection }) {
      const result = await coordinator.join({
        groupId: request.groupId,
        memberId: request.memberId,
        groupInstanceId: request.groupInstanceId,
        requireKnownMemberId: apiVersion >= 4 && request.groupInstanceId === null,
        supportsSkippingAssignment: apiVersion >= 9,
        clientId: clientId ?? '',
        clientHost: javaHostText(connection.clientHost),
        // Version 0 knows one timeout for both.
        rebalanceTimeoutMs: apiVersion === 0 ? request.sessionTimeoutMs : request.rebalanceTimeoutMs,
        sessionTimeoutMs: request.sessionTimeoutMs,
        protocolType: request.protocolType,
        // Copied, as the group keeps them: slices would keep the whole receive buffer.
        protocols: request.protocols.map(({ name, metadata }) => ({ name, metadata: Buffer.from(metadata) })),
        reason: request.reason,
      });
      return {
        errorCode: result.error,
        generationId: result.generation,
        protocolType: result.protocolType,
        // Nullable from version 7 on.
        protocolName: apiVersion >= 7 ? result.protocolName : (result.protocolName ?? ''),
        leader: result.leader,
        skipAssignment: result.skipAssignment,
        memberId: result.memberId,
        members: result.members,
      };
    },
  });
}
