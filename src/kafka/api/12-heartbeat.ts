import { HeartbeatRequest, HeartbeatResponse } from '../../wire/kafka/messages/12-heartbeat.ts';
import type { GroupApi } from './group-request.ts';
import { type Handler, handler } from './handler.ts';

export function heartbeatHandler({ coordinator }: Pick<GroupApi, 'coordinator'>): Handler {
  return handler({
    request: HeartbeatRequest,
    response: HeartbeatResponse,
    versions: [0, 4],
    async handle({ groupId, memberId, groupInstanceId, generationId }) {
      const generation = generationId;
      return { errorCode: await coordinator.heartbeat({ groupId, memberId, groupInstanceId, generation }) };
    },
  });
}
