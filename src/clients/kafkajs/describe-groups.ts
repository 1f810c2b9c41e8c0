import { getOrPut } from '../../base/get-or-put.ts';
import {
  DescribeGroupsRequest,
  DescribeGroupsResponse,
} from '../../wire/kafka/messages/15-describe-groups.ts';
import type { CompatCluster } from './compat-cluster.ts';
import { throwIfCode } from './error-types.ts';
import type { ConsumerGroupState, GroupDescription } from './types/groups.ts';

const VERSIONS = { min: 0, max: 4 };

/** Asks the coordinators of groups for their state. Rejects with the error of the first that has one. */
export async function describeGroups(
  cluster: CompatCluster,
  groupIds: readonly string[],
): Promise<GroupDescription[]> {
  const byCoordinator = new Map<number, string[]>();
  for (const groupId of groupIds) {
    getOrPut(byCoordinator, await cluster.coordinatorOf(groupId), () => []).push(groupId);
  }
  const answers = await Promise.all(
    [...byCoordinator].map(([nodeId, groups]) =>
      cluster.request(
        nodeId,
        { request: DescribeGroupsRequest, response: DescribeGroupsResponse },
        { groups },
        { versions: VERSIONS, channel: 'coordinator' },
      ),
    ),
  );
  return answers.flatMap(({ groups }) =>
    groups.map((group) => {
      cluster.coordinatorMoved(group.groupId, group.errorCode);
      throwIfCode(group.errorCode);
      return {
        errorCode: group.errorCode,
        groupId: group.groupId,
        state: group.groupState as ConsumerGroupState,
        protocolType: group.protocolType,
        protocol: group.protocolData,
        members: group.members.map((member) => ({
          memberId: member.memberId,
          clientId: member.clientId,
          clientHost: member.clientHost,
          memberMetadata: Buffer.from(member.memberMetadata),
          memberAssignment: Buffer.from(member.memberAssignment),
        })),
      };
    }),
  );
}
