import { ListGroupsRequest, ListGroupsResponse } from '../../wire/kafka/messages/16-list-groups.ts';
import type { GroupApi } from './group-request.ts';
import { type Handler, handler } from './handler.ts';

/** ListGroups: the groups that this broker coordinates, by state (version 4) and type (version 5). */
export function listGroupsHandler({ coordinator }: Pick<GroupApi, 'coordinator'>): Handler {
  return handler({
    request: ListGroupsRequest,
    response: ListGroupsResponse,
    versions: [0, 5],
    handle({ statesFilter, typesFilter }) {
      const { error, groups } = coordinator.list(statesFilter, typesFilter);
      return {
        errorCode: error,
        groups: groups.map(({ groupId, protocolType, state, groupType }) => ({
          groupId,
          protocolType,
          groupState: state,
          groupType,
        })),
      };
    },
  });
}
