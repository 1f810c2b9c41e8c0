import type { Clock } from '../../../env/clock.ts';
import type { Log } from '../../../env/log.ts';
import { ErrorCode } from '../../../wire/kafka/errors.ts';
import type { CoordinatorShard, RecordPosition, ShardContext } from '../shard.ts';
import type { TimerTable } from '../timer-table.ts';
import type { ClassicGroup } from './classic-group.ts';
import type { GroupConfig } from './group-config.ts';
import { NO_BYTES } from './group-member.ts';
import { GroupStore } from './group-store.ts';
import { GroupTable } from './group-table.ts';
import { Membership } from './membership.ts';
import { Offsets } from './offsets.ts';
import { type GroupResult, type GroupTimer, Rebalancer } from './rebalancer.ts';
import type { GroupRecord } from './records.ts';
import {
  type DescribedGroup,
  type HeartbeatRequest,
  type JoinRequest,
  type JoinResult,
  joinError,
  type LeaveResult,
  type LeavingMember,
  type ListedGroup,
  type SyncRequest,
  type SyncResult,
  syncError,
  UNKNOWN_MEMBER_ID,
} from './results.ts';

const EXPIRY_TIMER = 'expire-offsets';
/** What KIP-848 calls the groups of this protocol. */
export const CLASSIC_GROUP_TYPE = 'classic';

export interface GroupShardOptions {
  readonly config: GroupConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly newMemberId: (prefix: string) => string;
}

/** The groups of one partition of `__consumer_offsets`: what the log says of them, and how they live. */
export class GroupShard implements CoordinatorShard<GroupRecord, GroupTimer> {
  readonly store = new GroupStore();
  readonly offsets: Offsets;
  private readonly groups: GroupTable;
  private readonly membership: Membership;
  private readonly rebalancer: Rebalancer;
  private readonly config: GroupConfig;
  private readonly clock: Clock;
  private readonly timers: TimerTable<GroupTimer>;

  constructor(options: GroupShardOptions, { timers }: ShardContext<GroupTimer>) {
    const { config, clock, log, newMemberId } = options;
    this.config = config;
    this.clock = clock;
    this.timers = timers;
    this.groups = new GroupTable(this.store);
    this.rebalancer = new Rebalancer({ config, clock, timers, log });
    this.membership = new Membership({ config, clock, rebalancer: this.rebalancer, newMemberId, log });
    this.offsets = new Offsets({
      config,
      clock,
      store: this.store,
      groups: this.groups,
      membership: this.membership,
      rebalancer: this.rebalancer,
    });
  }

  replay(record: GroupRecord, position: RecordPosition): void {
    this.store.replay(record, position);
  }

  replayEndTransaction(producerId: bigint, committed: boolean): void {
    this.store.replayEndTransaction(producerId, committed);
  }

  loaded(): void {
    this.groups.load(this.clock.nowMs());
    for (const group of this.groups.all) {
      if (group.size > this.config.maxSize) {
        // The maximum has been lowered. A rebalance lets members commit before some are turned away. It waits for
        // members, none of which has joined yet, so that nothing is to be written.
        this.rebalancer.prepare(group, `${group.size} members are over the maximum`);
      }
      for (const member of group.members) this.rebalancer.touch(group, member);
    }
    this.setExpiry();
  }

  unloaded(): void {
    for (const group of this.groups.all) {
      const { members } = group;
      group.transitionTo('Dead', this.clock.nowMs());
      for (const member of members) {
        group.answerJoin(member, joinError(member.memberId, ErrorCode.NOT_COORDINATOR));
        group.answerSync(member, syncError(ErrorCode.NOT_COORDINATOR));
      }
    }
  }

  timer(event: GroupTimer): GroupResult {
    if (event.type === 'expire-offsets') {
      this.setExpiry();
      return this.offsets.expire();
    }
    const group = this.groups.find(event.groupId);
    if (group === undefined || group.is('Dead')) return undefined;
    const result = this.groupTimer(group, event);
    this.groups.dropIfUnused(group);
    return result;
  }

  private groupTimer(
    group: ClassicGroup,
    event: Exclude<GroupTimer, { type: 'expire-offsets' }>,
  ): GroupResult {
    switch (event.type) {
      case 'session':
        return this.rebalancer.onSessionTimeout(group, event.memberId);
      case 'join':
        return this.rebalancer.completeJoin(group);
      case 'initial-join':
        return this.rebalancer.onInitialJoin(group, event.delayMs, event.remainingMs);
      case 'sync':
        return this.rebalancer.onSyncTimeout(group, event.generation);
    }
  }

  private setExpiry(): void {
    const deadlineMs = this.clock.monotonicMs() + this.config.offsetsRetentionCheckIntervalMs;
    this.timers.set(EXPIRY_TIMER, deadlineMs, { type: 'expire-offsets' });
  }

  join(request: JoinRequest, respond: (result: JoinResult) => void): GroupResult {
    const known = this.groups.find(request.groupId);
    if (known === undefined && request.memberId !== UNKNOWN_MEMBER_ID) {
      respond(joinError(request.memberId, ErrorCode.UNKNOWN_MEMBER_ID));
      return undefined;
    }
    const group = known ?? this.groups.obtain(request.groupId, this.clock.nowMs());
    const result = this.membership.join(group, request, respond);
    this.groups.dropIfUnused(group);
    return result;
  }

  sync(request: SyncRequest, respond: (result: SyncResult) => void): GroupResult {
    const group = this.groups.find(request.groupId);
    if (group !== undefined) return this.membership.sync(group, request, respond);
    respond(syncError(ErrorCode.UNKNOWN_MEMBER_ID));
    return undefined;
  }

  heartbeat(request: HeartbeatRequest): number {
    const group = this.groups.find(request.groupId);
    return group === undefined ? ErrorCode.UNKNOWN_MEMBER_ID : this.membership.heartbeat(group, request);
  }

  leave(
    groupId: string,
    leaving: readonly LeavingMember[],
    respond: (result: LeaveResult) => void,
  ): GroupResult {
    const group = this.groups.find(groupId);
    if (group === undefined) {
      const members = leaving.map(({ memberId, groupInstanceId }) => ({
        memberId,
        groupInstanceId,
        error: ErrorCode.UNKNOWN_MEMBER_ID,
      }));
      respond({ error: ErrorCode.NONE, members });
      return undefined;
    }
    const result = this.membership.leave(group, leaving, respond);
    this.groups.dropIfUnused(group);
    return result;
  }

  describe(groupId: string): DescribedGroup {
    const group = this.groups.find(groupId);
    const head = { error: ErrorCode.NONE, groupId };
    if (group === undefined) return { ...head, state: 'Dead', protocolType: '', protocol: '', members: [] };
    const { protocolName } = group;
    // Metadata and assignments are told of stable groups only; before, they belong to no generation.
    const stable = group.is('Stable') && protocolName !== null;
    return {
      ...head,
      state: group.state,
      protocolType: group.protocolType ?? '',
      protocol: stable ? protocolName : '',
      members: group.members.map((member) => ({
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        metadata: stable ? member.metadataFor(protocolName) : NO_BYTES,
        assignment: stable ? member.assignment : NO_BYTES,
      })),
    };
  }

  list(): ListedGroup[] {
    return this.groups.all.map((group) => ({
      groupId: group.groupId,
      protocolType: group.protocolType ?? '',
      state: group.state,
      groupType: CLASSIC_GROUP_TYPE,
    }));
  }

  /** For checks from outside: a group as it lives, undefined when there is none. */
  find(groupId: string): ClassicGroup | undefined {
    return this.groups.find(groupId);
  }
}
