import { getOrPut } from '../../../base/get-or-put.ts';
import { ErrorCode } from '../../../wire/kafka/errors.ts';
import { ListGroupsRequest, ListGroupsResponse } from '../../../wire/kafka/messages/16-list-groups.ts';
import { DeleteGroupsRequest, DeleteGroupsResponse } from '../../../wire/kafka/messages/42-delete-groups.ts';
import { hasType } from '../error-kinds.ts';
import { protocolError, throwIfCode } from '../error-types.ts';
import { KafkaJSDeleteGroupsError } from '../errors.ts';
import { Bail } from '../retrier.ts';
import type { DeleteGroupsResult } from '../types/admin.ts';
import type { GroupOverview } from '../types/groups.ts';
import { type AdminCalls, check } from './admin-calls.ts';

/** The groups of all brokers. */
export async function listGroups(calls: AdminCalls): Promise<{ groups: GroupOverview[] }> {
  await calls.cluster.refreshMetadata();
  const answers = await Promise.all(
    calls.cluster
      .getNodeIds()
      .map((nodeId) =>
        calls.cluster.request(
          nodeId,
          { request: ListGroupsRequest, response: ListGroupsResponse },
          {},
          { versions: { min: 0, max: 3 } },
        ),
      ),
  );
  const groups = answers.flatMap((answer) => {
    throwIfCode(answer.errorCode);
    return answer.groups.map(({ groupId, protocolType }) => ({ groupId, protocolType }));
  });
  return { groups };
}

/** Rejects with a KafkaJSDeleteGroupsError of those that could not be deleted, once the others are. */
export async function deleteGroups(calls: AdminCalls, groupIds: string[]): Promise<DeleteGroupsResult[]> {
  check(Array.isArray(groupIds), `Invalid groupIds array ${groupIds}`);
  const strange = groupIds.find((groupId) => typeof groupId !== 'string');
  check(strange === undefined, `Invalid groupId name: ${JSON.stringify(strange)}`);
  let left = groupIds;
  return calls.retrier(async ({ retryCount, retryTime }) => {
    try {
      const results = await askToDelete(calls, left);
      const failed = results.filter(({ errorCode }) => errorCode !== ErrorCode.NONE);
      left = failed.map(({ groupId }) => groupId);
      if (failed.length > 0) throw new KafkaJSDeleteGroupsError('Error in DeleteGroups', failed as never);
      return results;
    } catch (error) {
      if (!hasType(error, 'NOT_CONTROLLER', 'GROUP_COORDINATOR_NOT_AVAILABLE')) throw new Bail(error);
      calls.logger.warn('Could not delete groups', { error: error.message, retryCount, retryTime });
      throw error;
    }
  });
}

async function askToDelete(calls: AdminCalls, groupIds: readonly string[]): Promise<DeleteGroupsResult[]> {
  const byCoordinator = new Map<number, string[]>();
  for (const groupId of groupIds) {
    getOrPut(byCoordinator, await calls.cluster.coordinatorOf(groupId), () => []).push(groupId);
  }
  const answers = await Promise.all(
    [...byCoordinator].map(([nodeId, groupsNames]) =>
      calls.cluster.request(
        nodeId,
        { request: DeleteGroupsRequest, response: DeleteGroupsResponse },
        { groupsNames },
      ),
    ),
  );
  return answers.flatMap(({ results }) =>
    results.map(({ groupId, errorCode }) => {
      calls.cluster.coordinatorMoved(groupId, errorCode);
      return errorCode === ErrorCode.NONE
        ? { groupId, errorCode }
        : { groupId, errorCode, error: protocolError(errorCode) };
    }),
  );
}
