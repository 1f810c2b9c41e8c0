import type { Clock } from '../../../env/clock.ts';
import type { Log } from '../../../env/log.ts';
import { ErrorCode } from '../../../wire/kafka/errors.ts';
import { groupWriteError } from './append-errors.ts';
import type { ClassicGroup } from './classic-group.ts';
import { type GroupConfig, NEW_MEMBER_JOIN_TIMEOUT_MS } from './group-config.ts';
import { GroupMember, type MemberProtocol, NO_BYTES } from './group-member.ts';
import { type GroupResult, groupRecord, joinedResult, type Rebalancer } from './rebalancer.ts';
import {
  type HeartbeatRequest,
  type JoinRequest,
  type JoinResult,
  joinError,
  type LeaveResult,
  type LeavingMember,
  type SyncRequest,
  type SyncResult,
  syncError,
  UNKNOWN_MEMBER_ID,
} from './results.ts';

type Respond<T> = (result: T) => void;

/** Protocols by name, the first of each name: a client that repeats one must not count twice in the vote. */
function distinct(protocols: readonly MemberProtocol[]): MemberProtocol[] {
  const names = new Set<string>();
  return protocols.filter(({ name }) => !names.has(name) && names.add(name));
}

/**
 * The requests of members to their group: JoinGroup, SyncGroup, Heartbeat, LeaveGroup, as Kafka 3.9's
 * `kafka.coordinator.group.GroupCoordinator` answers them. Every `respond` is called exactly once, now or later; it
 * must not call back into the coordinator.
 *
 * Departures: a request that is overtaken by a newer one of the same member is answered REBALANCE_IN_PROGRESS, where
 * Kafka forgets it; a member that leaves while its SyncGroup waits is answered too.
 */
export class Membership {
  private readonly config: GroupConfig;
  private readonly clock: Clock;
  private readonly rebalancer: Rebalancer;
  private readonly newMemberId: (prefix: string) => string;
  private readonly log: Log;

  constructor(options: {
    config: GroupConfig;
    clock: Clock;
    rebalancer: Rebalancer;
    /** An unguessable, unique id that begins with the prefix. */
    newMemberId: (prefix: string) => string;
    log: Log;
  }) {
    this.config = options.config;
    this.clock = options.clock;
    this.rebalancer = options.rebalancer;
    this.newMemberId = options.newMemberId;
    this.log = options.log;
  }

  join(group: ClassicGroup, request: JoinRequest, respond: Respond<JoinResult>): GroupResult {
    const { memberId } = request;
    if (!this.hasRoomFor(group, memberId)) {
      group.remove(memberId);
      this.rebalancer.cancelSession(group.groupId, memberId);
      respond(joinError(UNKNOWN_MEMBER_ID, ErrorCode.GROUP_MAX_SIZE_REACHED));
      return this.rebalancer.checkJoin(group);
    }
    if (group.is('Dead')) {
      // The group is just being deleted, or has moved: the client looks for the coordinator again and retries.
      respond(joinError(memberId, ErrorCode.COORDINATOR_NOT_AVAILABLE));
      return undefined;
    }
    const protocols = distinct(request.protocols);
    if (!group.supportsProtocols(request.protocolType, protocols)) {
      respond(joinError(memberId, ErrorCode.INCONSISTENT_GROUP_PROTOCOL));
      return undefined;
    }
    const join = { ...request, protocols };
    return memberId === UNKNOWN_MEMBER_ID
      ? this.joinAsNew(group, join, respond)
      : this.joinAsKnown(group, join, respond);
  }

  /**
   * New members are let in up to `group.max.size`. While members are waited for, those that wait are counted, not the
   * members: the group may have been larger than a maximum that was lowered, and then its last ones stay outside.
   */
  private hasRoomFor(group: ClassicGroup, memberId: string): boolean {
    switch (group.state) {
      case 'Empty':
      case 'Dead':
        return true;
      case 'PreparingRebalance':
        return (group.find(memberId)?.isAwaitingJoin ?? false) || group.awaitingJoin < this.config.maxSize;
      default:
        return group.has(memberId) || group.size < this.config.maxSize;
    }
  }

  private joinAsNew(group: ClassicGroup, request: JoinRequest, respond: Respond<JoinResult>): GroupResult {
    const { groupInstanceId } = request;
    const memberId = this.newMemberId(groupInstanceId ?? request.clientId);
    if (groupInstanceId !== null) {
      const oldMemberId = group.staticMemberId(groupInstanceId);
      if (oldMemberId !== undefined) {
        return this.returnStatic(group, { ...request, groupInstanceId }, oldMemberId, memberId, respond);
      }
    } else if (request.requireKnownMemberId) {
      group.pendingMembers.add(memberId);
      this.rebalancer.setSession(group.groupId, memberId, request.sessionTimeoutMs);
      respond(joinError(memberId, ErrorCode.MEMBER_ID_REQUIRED));
      return undefined;
    }
    return this.addMember(group, request, memberId, respond);
  }

  private addMember(
    group: ClassicGroup,
    request: JoinRequest,
    memberId: string,
    respond: Respond<JoinResult>,
  ): GroupResult {
    const member = new GroupMember({ ...request, memberId });
    member.isNew = true;
    if (group.is('PreparingRebalance') && group.generation === 0) group.newMemberAdded = true;
    group.add(member, respond);
    // The client cannot send heartbeats before it knows its id. Should it be gone, and try again under another id, the
    // group would fill up with members that are not there: so the waiting itself has a limit.
    this.rebalancer.setSession(group.groupId, memberId, NEW_MEMBER_JOIN_TIMEOUT_MS);
    return this.rebalancer.prepareOrCheck(
      group,
      `member ${memberId} joins (${request.reason ?? 'no reason given'})`,
    );
  }

  private joinAsKnown(group: ClassicGroup, request: JoinRequest, respond: Respond<JoinResult>): GroupResult {
    const { memberId } = request;
    if (group.pendingMembers.has(memberId)) {
      if (request.groupInstanceId !== null) {
        // Ids are only given out ahead of time to members without an instance id.
        respond(joinError(memberId, ErrorCode.UNKNOWN_SERVER_ERROR));
        return undefined;
      }
      return this.addMember(group, request, memberId, respond);
    }
    const error = this.checkMember(group, memberId, request.groupInstanceId);
    if (error !== ErrorCode.NONE) {
      respond(joinError(memberId, error));
      return undefined;
    }
    const member = group.get(memberId);
    switch (group.state) {
      case 'PreparingRebalance':
        return this.rejoin(group, member, request, respond);
      case 'CompletingRebalance':
      case 'Stable':
        // A leader that joins a stable group again asks for a rebalance: what it assigns from may have changed. Anyone
        // else with unchanged metadata has only missed the answer and gets it again.
        if ((group.is('Stable') && group.isLeader(memberId)) || !member.offersSame(request.protocols)) {
          return this.rejoin(group, member, request, respond);
        }
        respond(joinedResult(group, memberId));
        return undefined;
      default:
        respond(joinError(memberId, ErrorCode.UNKNOWN_MEMBER_ID));
        return undefined;
    }
  }

  private rejoin(
    group: ClassicGroup,
    member: GroupMember,
    request: JoinRequest,
    respond: Respond<JoinResult>,
  ): GroupResult {
    group.answerJoin(member, joinError(member.memberId, ErrorCode.REBALANCE_IN_PROGRESS));
    group.update(member, request, respond);
    return this.rebalancer.prepareOrCheck(
      group,
      `member ${member.memberId} joins again (${request.reason ?? 'no reason given'})`,
    );
  }

  /** A static member is back under its instance id, after a restart: it takes its former self's place. */
  private returnStatic(
    group: ClassicGroup,
    request: JoinRequest & { groupInstanceId: string },
    oldMemberId: string,
    newMemberId: string,
    respond: Respond<JoinResult>,
  ): GroupResult {
    const { groupInstanceId } = request;
    const formerLeader = group.leaderId ?? '';
    const member = group.replaceStaticMember(groupInstanceId, oldMemberId, newMemberId);
    this.log.info('static member is back', {
      group: group.groupId,
      groupInstanceId,
      oldMemberId,
      newMemberId,
    });
    this.rebalancer.cancelSession(group.groupId, oldMemberId);
    this.rebalancer.touch(group, member);
    const former = {
      protocols: member.protocols,
      rebalanceTimeoutMs: member.rebalanceTimeoutMs,
      sessionTimeoutMs: member.sessionTimeoutMs,
    };
    group.update(member, request, respond);
    if (group.is('CompletingRebalance')) {
      // The leader may be assigning to the old id at this moment.
      return this.rebalancer.prepare(group, `static member ${groupInstanceId} is back`);
    }
    if (!group.is('Stable')) return this.rebalancer.checkJoin(group);
    if (group.selectProtocol() !== group.protocolName) {
      return this.rebalancer.prepare(group, `static member ${groupInstanceId} is back with other protocols`);
    }
    const { generation } = group;
    const assignments = new Map(group.members.map((each) => [each.memberId, each.assignment]));
    return {
      records: [groupRecord(group, assignments)],
      committed: (error) => {
        // Fenced again, or swept into a rebalance meanwhile: the answer comes, or came, from there.
        const unchanged = group.is('Stable') && group.generation === generation;
        if (!unchanged || member.awaitingJoin !== respond) return undefined;
        if (error !== ErrorCode.NONE) {
          group.update(member, former, undefined);
          group.replaceStaticMember(groupInstanceId, newMemberId, oldMemberId);
          this.rebalancer.cancelSession(group.groupId, newMemberId);
          this.rebalancer.touch(group, member);
          const result = joinedResult(group, UNKNOWN_MEMBER_ID);
          respond({ ...result, leader: formerLeader, error: groupWriteError(error) });
          return undefined;
        }
        group.answerJoin(member, this.returnedResult(group, request, newMemberId, formerLeader));
        this.rebalancer.touch(group, member);
        return undefined;
      },
    };
  }

  /**
   * Clients that know `skipAssignment` are told when they lead; older ones would assign once more, to no effect, and
   * get the id of the former leader instead, whom they do not recognise.
   */
  private returnedResult(
    group: ClassicGroup,
    request: JoinRequest,
    memberId: string,
    formerLeader: string,
  ): JoinResult {
    const result = joinedResult(group, memberId);
    if (request.supportsSkippingAssignment) return { ...result, skipAssignment: group.isLeader(memberId) };
    return { ...result, leader: formerLeader, members: [] };
  }

  sync(group: ClassicGroup, request: SyncRequest, respond: Respond<SyncResult>): GroupResult {
    const error = this.checkSync(group, request);
    if (error !== ErrorCode.NONE) {
      respond(syncError(error));
      return undefined;
    }
    const member = group.get(request.memberId);
    this.rebalancer.synced(group, member.memberId);
    if (group.is('Stable')) {
      respond({
        error: ErrorCode.NONE,
        protocolType: group.protocolType,
        protocolName: group.protocolName,
        assignment: member.assignment,
      });
      this.rebalancer.touch(group, member);
      return undefined;
    }
    group.answerSync(member, syncError(ErrorCode.REBALANCE_IN_PROGRESS));
    member.awaitingSync = respond;
    return group.isLeader(member.memberId) ? this.storeAssignment(group, request) : undefined;
  }

  private checkSync(group: ClassicGroup, request: SyncRequest): number {
    if (group.is('Dead')) return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    const error = this.checkMember(group, request.memberId, request.groupInstanceId);
    if (error !== ErrorCode.NONE) return error;
    if (request.generation !== group.generation) return ErrorCode.ILLEGAL_GENERATION;
    if (request.protocolType !== null && request.protocolType !== group.protocolType) {
      return ErrorCode.INCONSISTENT_GROUP_PROTOCOL;
    }
    if (request.protocolName !== null && request.protocolName !== group.protocolName) {
      return ErrorCode.INCONSISTENT_GROUP_PROTOCOL;
    }
    return group.is('PreparingRebalance') ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
  }

  /** The leader's assignment goes to the log; once it is committed the group is stable and everyone is answered. */
  private storeAssignment(group: ClassicGroup, request: SyncRequest): GroupResult {
    const { generation } = group;
    const given = new Map(request.assignments.map(({ memberId, assignment }) => [memberId, assignment]));
    const assignments = new Map(
      group.members.map(({ memberId }) => [memberId, given.get(memberId) ?? NO_BYTES]),
    );
    return {
      records: [groupRecord(group, assignments)],
      committed: (error) => {
        // A rebalance may have begun while the record was under way; those who waited have been sent back then.
        if (!group.is('CompletingRebalance') || group.generation !== generation) return undefined;
        if (error !== ErrorCode.NONE) {
          this.rebalancer.resetAssignments(group, groupWriteError(error));
          return this.rebalancer.prepare(group, `the assignment could not be written (error ${error})`);
        }
        group.transitionTo('Stable', this.clock.nowMs());
        this.rebalancer.assign(group, assignments);
        return undefined;
      },
    };
  }

  /** An error code; 0 when the member is alive and the group needs nothing from it. */
  heartbeat(group: ClassicGroup, request: HeartbeatRequest): number {
    if (group.is('Dead')) return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    const error = this.checkMember(group, request.memberId, request.groupInstanceId);
    if (error !== ErrorCode.NONE) return error;
    if (request.generation !== group.generation) return ErrorCode.ILLEGAL_GENERATION;
    this.rebalancer.touch(group, group.get(request.memberId));
    return group.is('PreparingRebalance') ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
  }

  /** The members leave one after the other; static ones may be named by their instance id alone. */
  leave(group: ClassicGroup, leaving: readonly LeavingMember[], respond: Respond<LeaveResult>): GroupResult {
    if (group.is('Dead')) {
      respond({ error: ErrorCode.COORDINATOR_NOT_AVAILABLE, members: [] });
      return undefined;
    }
    let result: GroupResult;
    const members = leaving.map((member) => {
      const left = this.leaveOne(group, member);
      // At most one of them empties the group, and only that is written.
      result = left.result ?? result;
      return { memberId: member.memberId, groupInstanceId: member.groupInstanceId, error: left.error };
    });
    respond({ error: ErrorCode.NONE, members });
    return result;
  }

  private leaveOne(group: ClassicGroup, leaving: LeavingMember): { error: number; result?: GroupResult } {
    const { groupInstanceId } = leaving;
    let { memberId } = leaving;
    if (memberId === UNKNOWN_MEMBER_ID) {
      const current = groupInstanceId === null ? undefined : group.staticMemberId(groupInstanceId);
      if (current === undefined) return { error: ErrorCode.UNKNOWN_MEMBER_ID };
      memberId = current;
    } else if (group.pendingMembers.has(memberId)) {
      group.remove(memberId);
      this.rebalancer.cancelSession(group.groupId, memberId);
      return { error: ErrorCode.NONE, result: this.rebalancer.checkJoin(group) };
    } else {
      const error = this.checkMember(group, memberId, groupInstanceId);
      if (error !== ErrorCode.NONE) return { error };
    }
    const reason = `left (${leaving.reason ?? 'no reason given'})`;
    return {
      error: ErrorCode.NONE,
      result: this.rebalancer.removeMember(group, group.get(memberId), reason),
    };
  }

  /** A static member must be the one that holds its instance id; any member must be in the group. */
  checkMember(group: ClassicGroup, memberId: string, groupInstanceId: string | null): number {
    if (groupInstanceId !== null) {
      const current = group.staticMemberId(groupInstanceId);
      if (current === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
      if (current !== memberId) return ErrorCode.FENCED_INSTANCE_ID;
    }
    return group.has(memberId) ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID;
  }
}
