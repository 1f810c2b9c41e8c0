import type { Clock } from '../../../env/clock.ts';
import type { Log } from '../../../env/log.ts';
import { ErrorCode } from '../../../wire/kafka/errors.ts';
import type { CoordinatorResult } from '../shard.ts';
import type { TimerTable } from '../timer-table.ts';
import { groupWriteError } from './append-errors.ts';
import type { ClassicGroup } from './classic-group.ts';
import type { GroupConfig } from './group-config.ts';
import { type GroupMember, NO_BYTES } from './group-member.ts';
import type { GroupMetadataRecord, GroupRecord } from './records.ts';
import { type JoinResult, joinError, syncError, UNKNOWN_MEMBER_ID } from './results.ts';

/** What a group's timers say when they are due. */
export type GroupTimer =
  | { readonly type: 'session'; readonly groupId: string; readonly memberId: string }
  | { readonly type: 'join'; readonly groupId: string }
  | {
      readonly type: 'initial-join';
      readonly groupId: string;
      readonly delayMs: number;
      /** How much longer the delay may be drawn out for members that come late. */
      readonly remainingMs: number;
    }
  | { readonly type: 'sync'; readonly groupId: string; readonly generation: number }
  | { readonly type: 'expire-offsets' };

/** Clients choose their rebalance timeout: one of 0 must not make a drawn-out rebalance spin. */
const REDO_MIN_MS = 1000;

export type GroupResult = CoordinatorResult<GroupRecord> | undefined;

export function joinTimerKey(groupId: string): string {
  return `join/${groupId}`;
}

export function syncTimerKey(groupId: string): string {
  return `sync/${groupId}`;
}

/** The length keeps apart what the slash alone would not: both parts are free text. */
export function sessionTimerKey(groupId: string, memberId: string): string {
  return `session/${groupId.length}/${groupId}/${memberId}`;
}

/** The record that makes the group's generation durable. */
export function groupRecord(
  group: ClassicGroup,
  assignments: ReadonlyMap<string, Buffer>,
): GroupMetadataRecord {
  return { type: 'group', group: group.groupId, value: group.toStored(assignments) };
}

/** What a member is told when the group has a generation. */
export function joinedResult(group: ClassicGroup, memberId: string): JoinResult {
  return {
    error: ErrorCode.NONE,
    memberId,
    generation: group.generation,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    leader: group.leaderId ?? '',
    skipAssignment: false,
    members: group.isLeader(memberId) ? group.joinedMembers() : [],
  };
}

/**
 * Takes groups through their rebalances and keeps their timers. The steps:
 *
 * 1. `prepare`: waiting SyncGroups are sent back, the join timer is set. A group that was Empty waits for its
 *    initial delay, drawn out while members keep coming, whoever has joined; any other completes as soon as all
 *    members have joined.
 * 2. `completeJoin`: dynamic members that have not joined are dropped, the generation goes up, JoinGroups are
 *    answered, the sync timer is set. Without members the group is Empty, which is written to the log.
 * 3. The leader's SyncGroup brings the assignment ({@link Membership}). Members that have not sent SyncGroup when
 *    the sync timer is due are dropped, and the group rebalances again.
 */
export class Rebalancer {
  private readonly config: GroupConfig;
  private readonly clock: Clock;
  private readonly timers: TimerTable<GroupTimer>;
  private readonly log: Log;

  constructor(options: { config: GroupConfig; clock: Clock; timers: TimerTable<GroupTimer>; log: Log }) {
    this.config = options.config;
    this.clock = options.clock;
    this.timers = options.timers;
    this.log = options.log;
  }

  /** The member has shown that it lives: its session starts anew. */
  touch(group: ClassicGroup, member: GroupMember): void {
    this.setSession(group.groupId, member.memberId, member.sessionTimeoutMs);
  }

  setSession(groupId: string, memberId: string, timeoutMs: number): void {
    const deadlineMs = this.clock.monotonicMs() + timeoutMs;
    this.timers.set(sessionTimerKey(groupId, memberId), deadlineMs, { type: 'session', groupId, memberId });
  }

  cancelSession(groupId: string, memberId: string): void {
    this.timers.cancel(sessionTimerKey(groupId, memberId));
  }

  /** Takes back the ids that have been given out and not been used. */
  forgetPending(group: ClassicGroup): void {
    for (const memberId of [...group.pendingMembers]) {
      group.remove(memberId);
      this.cancelSession(group.groupId, memberId);
    }
  }

  /** Starts a rebalance, unless one is waiting for members already; then completes it when nobody is missing. */
  prepareOrCheck(group: ClassicGroup, reason: string): GroupResult {
    return group.canRebalance ? this.prepare(group, reason) : this.checkJoin(group);
  }

  prepare(group: ClassicGroup, reason: string): GroupResult {
    if (group.is('CompletingRebalance')) this.resetAssignments(group, ErrorCode.REBALANCE_IN_PROGRESS);
    this.clearPendingSync(group);
    const initial = group.is('Empty');
    group.transitionTo('PreparingRebalance', this.clock.nowMs());
    this.log.info('preparing to rebalance group', {
      group: group.groupId,
      generation: group.generation,
      reason,
    });
    if (initial) {
      const delayMs = this.config.initialRebalanceDelayMs;
      group.inInitialDelay = true;
      this.setInitialJoin(group.groupId, delayMs, Math.max(group.rebalanceTimeoutMs - delayMs, 0));
      return undefined;
    }
    this.setJoin(group);
    return this.checkJoin(group);
  }

  /** Ends the waiting for members when all have joined. The initial delay runs its full length nevertheless. */
  checkJoin(group: ClassicGroup): GroupResult {
    if (!group.is('PreparingRebalance') || group.inInitialDelay || !group.allJoined) return undefined;
    return this.completeJoin(group);
  }

  /** The initial delay is over: once more when members have come meanwhile and there is time left. */
  onInitialJoin(group: ClassicGroup, delayMs: number, remainingMs: number): GroupResult {
    if (group.newMemberAdded && remainingMs !== 0) {
      group.newMemberAdded = false;
      const nextDelayMs = Math.min(this.config.initialRebalanceDelayMs, remainingMs);
      this.setInitialJoin(group.groupId, nextDelayMs, Math.max(remainingMs - delayMs, 0));
      return undefined;
    }
    return this.completeJoin(group);
  }

  /** Ends the waiting for members with those that have joined. */
  completeJoin(group: ClassicGroup): GroupResult {
    this.timers.cancel(joinTimerKey(group.groupId));
    for (const member of group.members) {
      if (!member.isAwaitingJoin && !member.isStatic)
        this.drop(group, member.memberId, 'did not rejoin in time');
    }
    if (!group.electJoinedLeader() && group.size > 0) {
      // Only static members are left, none of which has come back. Their sessions will end, or they will join.
      this.log.warn('no member rejoined, the rebalance is drawn out', { group: group.groupId });
      group.inInitialDelay = false;
      this.setJoin(group, REDO_MIN_MS);
      return undefined;
    }
    group.newMemberAdded = false;
    group.nextGeneration(this.clock.nowMs());
    if (group.is('Empty')) return this.storeEmpty(group);
    this.log.info('group has a new generation', {
      group: group.groupId,
      generation: group.generation,
      members: group.size,
    });
    for (const member of group.members) {
      group.answerJoin(member, joinedResult(group, member.memberId));
      this.touch(group, member);
      member.isNew = false;
      group.pendingSync.add(member.memberId);
    }
    this.timers.set(syncTimerKey(group.groupId), this.clock.monotonicMs() + group.rebalanceTimeoutMs, {
      type: 'sync',
      groupId: group.groupId,
      generation: group.generation,
    });
    return undefined;
  }

  private storeEmpty(group: ClassicGroup): GroupResult {
    this.log.info('group is now empty', { group: group.groupId, generation: group.generation });
    return {
      records: [groupRecord(group, new Map())],
      committed: (error) => {
        // Should the broker fail now, the generation before this one comes back to life and its sessions time out.
        if (error !== ErrorCode.NONE) {
          this.log.warn('could not write that the group is empty', {
            group: group.groupId,
            error: groupWriteError(error),
          });
        }
        return undefined;
      },
    };
  }

  /** Notes that a member has sent SyncGroup. */
  synced(group: ClassicGroup, memberId: string): void {
    group.pendingSync.delete(memberId);
    if (group.pendingSync.size === 0) this.timers.cancel(syncTimerKey(group.groupId));
  }

  /** The time for SyncGroup is over: whoever has not sent it is dropped. */
  onSyncTimeout(group: ClassicGroup, generation: number): GroupResult {
    if (generation !== group.generation || !group.is('CompletingRebalance', 'Stable')) return undefined;
    if (group.pendingSync.size === 0) return undefined;
    const late = [...group.pendingSync];
    for (const memberId of late) this.drop(group, memberId, 'sent no SyncGroup in time');
    return this.prepare(group, `${late.length} members sent no SyncGroup in time`);
  }

  /** A member's session has ended, or the time of an id given out. */
  onSessionTimeout(group: ClassicGroup, memberId: string): GroupResult {
    if (group.is('Dead')) return undefined;
    if (group.pendingMembers.has(memberId)) {
      this.log.info('an id given out was not used for joining', { group: group.groupId, memberId });
      group.remove(memberId);
      return this.checkJoin(group);
    }
    const member = group.find(memberId);
    if (member === undefined) return undefined;
    // Members that wait for the coordinator need not prove that they live, but a new member may have gone for good:
    // its client has no id yet to send heartbeats with.
    if (!member.isNew && (member.isAwaitingJoin || member.isAwaitingSync)) return undefined;
    return this.removeMember(group, member, 'session timed out');
  }

  /** Takes a member out of the group, and rebalances without it. */
  removeMember(group: ClassicGroup, member: GroupMember, reason: string): GroupResult {
    this.drop(group, member.memberId, reason);
    if (group.is('Empty', 'Dead')) return undefined;
    return this.prepareOrCheck(group, `member ${member.memberId}: ${reason}`);
  }

  /** Forgets a member. Its client, should it still wait, starts over with a new id. */
  private drop(group: ClassicGroup, memberId: string, reason: string): void {
    this.log.info('removing member', { group: group.groupId, memberId, reason });
    const member = group.find(memberId);
    if (member !== undefined) {
      group.answerJoin(member, joinError(UNKNOWN_MEMBER_ID, ErrorCode.UNKNOWN_MEMBER_ID));
      group.answerSync(member, syncError(ErrorCode.UNKNOWN_MEMBER_ID));
    }
    group.remove(memberId);
    this.cancelSession(group.groupId, memberId);
  }

  assign(group: ClassicGroup, assignments: ReadonlyMap<string, Buffer>): void {
    for (const member of group.members) member.assignment = assignments.get(member.memberId) ?? NO_BYTES;
    for (const member of group.members) {
      const answered = group.answerSync(member, {
        error: ErrorCode.NONE,
        protocolType: group.protocolType,
        protocolName: group.protocolName,
        assignment: member.assignment,
      });
      // While it waited its session may have ended without effect: it starts anew now.
      if (answered) this.touch(group, member);
    }
  }

  /** Sends every waiting SyncGroup back with an error. */
  resetAssignments(group: ClassicGroup, error: number): void {
    for (const member of group.members) {
      member.assignment = NO_BYTES;
      if (group.answerSync(member, syncError(error))) this.touch(group, member);
    }
  }

  private clearPendingSync(group: ClassicGroup): void {
    group.pendingSync.clear();
    this.timers.cancel(syncTimerKey(group.groupId));
  }

  private setJoin(group: ClassicGroup, minimumMs = 0): void {
    const delayMs = Math.max(group.rebalanceTimeoutMs, minimumMs);
    this.timers.set(joinTimerKey(group.groupId), this.clock.monotonicMs() + delayMs, {
      type: 'join',
      groupId: group.groupId,
    });
  }

  private setInitialJoin(groupId: string, delayMs: number, remainingMs: number): void {
    this.timers.set(joinTimerKey(groupId), this.clock.monotonicMs() + delayMs, {
      type: 'initial-join',
      groupId,
      delayMs,
      remainingMs,
    });
  }
}
