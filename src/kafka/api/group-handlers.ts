import { type OffsetCommitApi, offsetCommitHandler } from './08-offset-commit.ts';
import { type OffsetFetchApi, offsetFetchHandler } from './09-offset-fetch.ts';
import { type FindCoordinatorApi, findCoordinatorHandler } from './10-find-coordinator.ts';
import { joinGroupHandler } from './11-join-group.ts';
import { heartbeatHandler } from './12-heartbeat.ts';
import { leaveGroupHandler } from './13-leave-group.ts';
import { syncGroupHandler } from './14-sync-group.ts';
import { describeGroupsHandler } from './15-describe-groups.ts';
import { listGroupsHandler } from './16-list-groups.ts';
import { deleteGroupsHandler } from './42-delete-groups.ts';
import { offsetDeleteHandler } from './47-offset-delete.ts';
import type { Handler } from './handler.ts';

export type GroupHandlersApi = OffsetCommitApi & OffsetFetchApi & Omit<FindCoordinatorApi, 'groupPartition'>;

/** The handlers of all that has to do with groups, for the broker's table. */
export function groupHandlers(api: GroupHandlersApi): Handler[] {
  const groupPartition = (groupId: string): number => api.coordinator.partitionFor(groupId);
  return [
    offsetCommitHandler(api),
    offsetFetchHandler(api),
    findCoordinatorHandler({ ...api, groupPartition }),
    joinGroupHandler(api),
    heartbeatHandler(api),
    leaveGroupHandler(api),
    syncGroupHandler(api),
    describeGroupsHandler(api),
    listGroupsHandler(api),
    deleteGroupsHandler(api),
    offsetDeleteHandler(api),
  ];
}
