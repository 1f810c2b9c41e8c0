import { LeaveGroupRequest, LeaveGroupResponse } from '../../../wire/kafka/messages/13-leave-group.ts';
import { ListGroupsRequest, ListGroupsResponse } from '../../../wire/kafka/messages/16-list-groups.ts';
import { DeleteGroupsRequest, DeleteGroupsResponse } from '../../../wire/kafka/messages/42-delete-groups.ts';
import { throwIfError } from '../kafka-error.ts';
import { type AdminCall, keyed, type Outcomes, outcomeOf } from './admin-call.ts';
import type { CallOptions } from './call-options.ts';
import { describeConsumerGroups } from './describe-groups.ts';
import type { GroupListing } from './group-description.ts';
import { type ItemResults, itemResults } from './item-results.ts';

export interface ListGroupsOptions extends CallOptions {
  /** `Stable`, `Empty`, `Dead`, `PreparingRebalance`, ... Default: all. Brokers before 2.6 cannot choose. */
  readonly states?: readonly string[];
  /** `Classic`, `Consumer`, `Share`, `Streams`. Default: all. Brokers before 3.8 have classic groups alone. */
  readonly types?: readonly string[];
  /** `consumer`, `share`, ..., empty for groups that only keep offsets. Default: all. */
  readonly protocolTypes?: readonly string[];
}

/** A member, by the id that it was given or, a static one, by that of its configuration. */
export type MemberToRemove = { readonly memberId: string } | { readonly groupInstanceId: string };

export interface RemoveMembersOptions extends CallOptions {
  /** Default: all that the group has. */
  readonly members?: readonly MemberToRemove[];
  /** What the broker logs. */
  readonly reason?: string;
}

const DEFAULT_REASON = 'member was removed by an admin';
const MAX_REASON_LENGTH = 255;

/** @internal */
export function listGroups(
  call: AdminCall,
  options: ListGroupsOptions,
): ItemResults<number, readonly GroupListing[], readonly GroupListing[]> {
  const { states = [], types = [], protocolTypes } = options;
  const onlyClassic = types.length > 0 && types.every((type) => type.toLowerCase() === 'classic');
  return call.toAllBrokers(
    async (brokerId): Promise<readonly GroupListing[]> => {
      const { response, version } = await call.ask(
        brokerId,
        { request: ListGroupsRequest, response: ListGroupsResponse },
        (version) => ({
          ...(states.length > 0 ? { statesFilter: [...states] } : {}),
          // What cannot choose has nothing but classic groups.
          ...(types.length > 0 && !(onlyClassic && version < 5) ? { typesFilter: [...types] } : {}),
        }),
      );
      throwIfError(response.errorCode, `groups of broker ${brokerId}`);
      return response.groups
        .filter(({ protocolType }) => protocolTypes?.includes(protocolType) ?? true)
        .map(({ groupId, protocolType, groupState, groupType }) => ({
          groupId,
          protocolType,
          state: version >= 4 ? groupState : undefined,
          type: version >= 5 ? capitalised(groupType) : undefined,
        }));
    },
    (byBroker) => {
      // A group that is just moving may be listed by its old and its new coordinator.
      const groups = keyed([...byBroker.values()].flat(), ({ groupId }) => groupId);
      return [...groups.values()];
    },
  );
}

/** Brokers write `classic`, Java's client and people `Classic`. */
const capitalised = (name: string): string =>
  `${name.slice(0, 1).toUpperCase()}${name.slice(1).toLowerCase()}`;

/** @internal */
export function deleteGroups(call: AdminCall, groupIds: readonly string[]): ItemResults<string, undefined> {
  return call.toCoordinators(
    'group',
    keyed(groupIds, (id) => id),
    async (target, open) => {
      const { results } = await call.request(
        target,
        { request: DeleteGroupsRequest, response: DeleteGroupsResponse },
        { groupsNames: [...open.keys()] },
      );
      return new Map(
        results.map(({ groupId, errorCode }) => [
          groupId,
          outcomeOf(errorCode, `group ${groupId}`, null, () => undefined),
        ]),
      );
    },
  );
}

/** @internal */
export function removeMembers(
  call: AdminCall,
  groupId: string,
  options: RemoveMembersOptions,
): ItemResults<string, undefined> {
  const reason = (options.reason ?? DEFAULT_REASON).slice(0, MAX_REASON_LENGTH);
  const remove = async (): Promise<Outcomes<string, undefined>> => {
    const members = keyed(options.members ?? (await allMembers(call, groupId)), memberKey);
    const group = { coordinator: 'group', key: groupId } as const;
    return call
      .toCoordinatorOf(group, members, async (target, open) => {
        const response = await call.request(
          target,
          { request: LeaveGroupRequest, response: LeaveGroupResponse },
          { groupId, members: [...open.values()].map((member) => ({ ...wireMember(member), reason })) },
          { min: 3 },
        );
        throwIfError(response.errorCode, `group ${groupId}`);
        return new Map(
          response.members.map(({ memberId, groupInstanceId, errorCode }) => {
            const key = groupInstanceId ?? memberId;
            return [key, outcomeOf(errorCode, `member ${key} of group ${groupId}`, null, () => undefined)];
          }),
        );
      })
      .settled();
  };
  return itemResults(remove());
}

async function allMembers(call: AdminCall, groupId: string): Promise<MemberToRemove[]> {
  const group = (await describeConsumerGroups(call, [groupId], {})).get(groupId);
  return (group?.members ?? []).map(({ memberId, groupInstanceId }) =>
    groupInstanceId === null ? { memberId } : { groupInstanceId },
  );
}

const memberKey = (member: MemberToRemove): string =>
  'memberId' in member ? member.memberId : member.groupInstanceId;

function wireMember(member: MemberToRemove): { memberId: string; groupInstanceId: string | null } {
  if ('memberId' in member) return { memberId: member.memberId, groupInstanceId: null };
  return { memberId: '', groupInstanceId: member.groupInstanceId };
}
