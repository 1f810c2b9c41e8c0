import { DeleteGroupsRequest, DeleteGroupsResponse } from '../../wire/kafka/messages/42-delete-groups.ts';
import type { GroupApi } from './group-request.ts';
import { type Handler, handler } from './handler.ts';

export function deleteGroupsHandler({ coordinator }: Pick<GroupApi, 'coordinator'>): Handler {
  return handler({
    request: DeleteGroupsRequest,
    response: DeleteGroupsResponse,
    versions: [0, 2],
    async handle({ groupsNames }) {
      const errors = await coordinator.deleteGroups(groupsNames);
      return {
        throttleTimeMs: 0,
        results: [...errors].map(([groupId, errorCode]) => ({ groupId, errorCode })),
      };
    },
  });
}
