import { assert } from '../../../base/assert.ts';
import { getOrPut } from '../../../base/get-or-put.ts';
import { ErrorCode } from '../../../wire/kafka/errors.ts';
import { GroupMember, type MemberProtocol } from './group-member.ts';
import type { StoredGroup } from './records.ts';
import { type JoinedMember, type JoinResult, joinError, type SyncResult, syncError } from './results.ts';
import { subscribedTopics } from './subscription.ts';

/**
 * States of a group and where each can come from:
 *
 * - Empty: no members, only offsets. From PreparingRebalance, when all members have gone.
 * - PreparingRebalance: waits for members to join. From Empty, CompletingRebalance, Stable.
 * - CompletingRebalance: waits for the leader's assignment. From PreparingRebalance.
 * - Stable: every member has, or can fetch, its assignment. From CompletingRebalance.
 * - Dead: being deleted, or unloaded. From any state; back to Empty only when the deletion could not be written.
 */
export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead';

const PREVIOUS_STATES: Readonly<Record<GroupState, readonly GroupState[]>> = {
  Empty: ['PreparingRebalance', 'Dead'],
  PreparingRebalance: ['Empty', 'CompletingRebalance', 'Stable'],
  CompletingRebalance: ['PreparingRebalance'],
  Stable: ['CompletingRebalance'],
  Dead: ['Empty', 'PreparingRebalance', 'CompletingRebalance', 'Stable', 'Dead'],
};

/** Protocol type of groups of consumers, whose subscriptions the coordinator can read. */
export const CONSUMER_PROTOCOL_TYPE = 'consumer';

/**
 * A group as it lives on its coordinator: members, generation, leader, and who waits for what. It makes no decisions
 * and sets no timers; {@link Membership} drives it. Offsets are kept apart, in {@link GroupStore}.
 */
export class ClassicGroup {
  readonly groupId: string;
  private currentState: GroupState = 'Empty';
  /** Wall clock time of the last transition; undefined for a group from a record that did not tell. */
  stateTimestampMs: number | undefined;
  protocolType: string | null = null;
  protocolName: string | null = null;
  generation = 0;
  leaderId: string | null = null;
  /** A member has come while the first rebalance was held back for more to come. */
  newMemberAdded = false;
  /** The rebalance is held back for its initial delay, whoever has joined. */
  inInitialDelay = false;
  private readonly memberTable = new Map<string, GroupMember>();
  /** Member ids by `group.instance.id`. */
  private readonly staticMembers = new Map<string, string>();
  /** Ids given out and not yet used for joining (KIP-394). */
  readonly pendingMembers = new Set<string>();
  /** Members that have not sent SyncGroup in this generation. */
  readonly pendingSync = new Set<string>();
  /** How many members can do each protocol. */
  private readonly protocolCounts = new Map<string, number>();
  private awaitingJoinCount = 0;
  /** Topics of a consumer group's members; undefined when unknown. */
  private topics: ReadonlySet<string> | undefined;
  /** Offset commits that have been appended and are not yet committed, by topic and partition. */
  private readonly inFlight = new Map<string, Map<number, number>>();

  constructor(groupId: string, stateTimestampMs: number | undefined) {
    this.groupId = groupId;
    this.stateTimestampMs = stateTimestampMs;
  }

  /** The group that a generation in the log describes: Stable with its members, or Empty. */
  static fromStored(groupId: string, stored: StoredGroup): ClassicGroup {
    const timestamp = stored.currentStateTimestampMs;
    const group = new ClassicGroup(groupId, timestamp === -1 ? undefined : timestamp);
    group.generation = stored.generation;
    group.protocolType = stored.protocolType === '' ? null : stored.protocolType;
    group.protocolName = stored.protocol;
    for (const member of stored.members) {
      const loaded = new GroupMember({
        ...member,
        protocolType: stored.protocolType,
        protocols: [{ name: stored.protocol ?? '', metadata: member.subscription }],
      });
      loaded.assignment = member.assignment;
      group.add(loaded, undefined);
    }
    if (stored.leader !== null && group.has(stored.leader)) group.leaderId = stored.leader;
    if (stored.members.length > 0) group.currentState = 'Stable';
    group.topics = group.computeTopics();
    return group;
  }

  /** What the log should say of this generation, with the assignments given. */
  toStored(assignments: ReadonlyMap<string, Buffer>): StoredGroup {
    return {
      protocolType: this.protocolType ?? '',
      generation: this.generation,
      protocol: this.protocolName,
      leader: this.leaderId,
      currentStateTimestampMs: this.stateTimestampMs ?? -1,
      members: this.members.map((member) => {
        const assignment = assignments.get(member.memberId);
        assert(assignment !== undefined, `member ${member.memberId} of ${this.groupId} has an assignment`);
        assert(this.protocolName !== null, `group ${this.groupId} with members has a protocol`);
        return {
          memberId: member.memberId,
          groupInstanceId: member.groupInstanceId,
          clientId: member.clientId,
          clientHost: member.clientHost,
          rebalanceTimeoutMs: member.rebalanceTimeoutMs,
          sessionTimeoutMs: member.sessionTimeoutMs,
          subscription: member.metadataFor(this.protocolName),
          assignment,
        };
      }),
    };
  }

  get state(): GroupState {
    return this.currentState;
  }

  is(...states: readonly GroupState[]): boolean {
    return states.includes(this.currentState);
  }

  transitionTo(state: GroupState, nowMs: number): void {
    assert(
      PREVIOUS_STATES[state].includes(this.currentState),
      `group ${this.groupId} cannot go from ${this.currentState} to ${state}`,
    );
    this.currentState = state;
    this.stateTimestampMs = nowMs;
  }

  /** Takes back a transition to Dead, when the deletion could not be written. */
  reviveEmpty(stateTimestampMs: number | undefined): void {
    assert(this.currentState === 'Dead' && this.size === 0, `group ${this.groupId} was being deleted`);
    this.currentState = 'Empty';
    this.stateTimestampMs = stateTimestampMs;
  }

  get canRebalance(): boolean {
    return PREVIOUS_STATES.PreparingRebalance.includes(this.currentState);
  }

  get members(): GroupMember[] {
    return [...this.memberTable.values()];
  }

  get size(): number {
    return this.memberTable.size;
  }

  get staticMemberCount(): number {
    return this.staticMembers.size;
  }

  get awaitingJoin(): number {
    return this.awaitingJoinCount;
  }

  has(memberId: string): boolean {
    return this.memberTable.has(memberId);
  }

  find(memberId: string): GroupMember | undefined {
    return this.memberTable.get(memberId);
  }

  get(memberId: string): GroupMember {
    const member = this.memberTable.get(memberId);
    assert(member !== undefined, `${memberId} is a member of group ${this.groupId}`);
    return member;
  }

  isLeader(memberId: string): boolean {
    return this.leaderId === memberId;
  }

  staticMemberId(groupInstanceId: string): string | undefined {
    return this.staticMembers.get(groupInstanceId);
  }

  /** Every known member has asked to join and no id that was given out is still to be used. */
  get allJoined(): boolean {
    return this.size === this.awaitingJoinCount && this.pendingMembers.size === 0;
  }

  /** The longest rebalance timeout of the members: how long a rebalance may take. */
  get rebalanceTimeoutMs(): number {
    return this.members.reduce((longest, member) => Math.max(longest, member.rebalanceTimeoutMs), 0);
  }

  add(member: GroupMember, respond: ((result: JoinResult) => void) | undefined): void {
    const { groupInstanceId } = member;
    if (groupInstanceId !== null) {
      assert(
        !this.staticMembers.has(groupInstanceId),
        `instance ${groupInstanceId} is new to ${this.groupId}`,
      );
      this.staticMembers.set(groupInstanceId, member.memberId);
    }
    if (this.size === 0) this.protocolType = member.protocolType;
    assert(
      this.protocolType === member.protocolType,
      `members of ${this.groupId} agree on the protocol type`,
    );
    this.leaderId ??= member.memberId;
    this.memberTable.set(member.memberId, member);
    this.countProtocols(member, 1);
    member.awaitingJoin = respond;
    if (respond !== undefined) this.awaitingJoinCount++;
    this.pendingMembers.delete(member.memberId);
  }

  /** Takes a member (or an id given out) away; another member becomes leader in its place. */
  remove(memberId: string): void {
    const member = this.memberTable.get(memberId);
    if (member !== undefined) {
      this.memberTable.delete(memberId);
      this.countProtocols(member, -1);
      if (member.isAwaitingJoin) this.awaitingJoinCount--;
      if (member.groupInstanceId !== null) this.staticMembers.delete(member.groupInstanceId);
    }
    if (this.isLeader(memberId)) this.leaderId = this.memberTable.keys().next().value ?? null;
    this.pendingMembers.delete(memberId);
    this.pendingSync.delete(memberId);
  }

  /** Takes up what a member says when it joins again. */
  update(
    member: GroupMember,
    news: { protocols: readonly MemberProtocol[]; rebalanceTimeoutMs: number; sessionTimeoutMs: number },
    respond: ((result: JoinResult) => void) | undefined,
  ): void {
    this.countProtocols(member, -1);
    member.protocols = news.protocols;
    this.countProtocols(member, 1);
    member.rebalanceTimeoutMs = news.rebalanceTimeoutMs;
    member.sessionTimeoutMs = news.sessionTimeoutMs;
    if (respond !== undefined && !member.isAwaitingJoin) this.awaitingJoinCount++;
    if (respond === undefined && member.isAwaitingJoin) this.awaitingJoinCount--;
    member.awaitingJoin = respond;
  }

  /**
   * Gives a static member a new id and fences its former self: whoever waits under the old id is sent away with
   * FENCED_INSTANCE_ID. The member keeps its place in the order of members.
   */
  replaceStaticMember(groupInstanceId: string, oldMemberId: string, newMemberId: string): GroupMember {
    const member = this.get(oldMemberId);
    this.answerJoin(member, joinError(oldMemberId, ErrorCode.FENCED_INSTANCE_ID));
    this.answerSync(member, syncError(ErrorCode.FENCED_INSTANCE_ID));
    const members = [...this.memberTable.values()];
    member.memberId = newMemberId;
    this.memberTable.clear();
    for (const each of members) this.memberTable.set(each.memberId, each);
    if (this.isLeader(oldMemberId)) this.leaderId = newMemberId;
    if (this.pendingSync.delete(oldMemberId)) this.pendingSync.add(newMemberId);
    this.staticMembers.set(groupInstanceId, newMemberId);
    return member;
  }

  /**
   * Makes sure that a member that has joined leads. False when there is no leader at all, or when none of the
   * members has joined.
   */
  electJoinedLeader(): boolean {
    if (this.leaderId === null) return false;
    if (this.get(this.leaderId).isAwaitingJoin) return true;
    const joined = this.members.find((member) => member.isAwaitingJoin);
    if (joined === undefined) return false;
    this.leaderId = joined.memberId;
    return true;
  }

  /** Whether a member with these protocols can join. */
  supportsProtocols(protocolType: string, protocols: readonly MemberProtocol[]): boolean {
    if (this.currentState === 'Empty') return protocolType !== '' && protocols.length > 0;
    return (
      this.protocolType === protocolType &&
      protocols.some((protocol) => (this.protocolCounts.get(protocol.name) ?? 0) === this.size)
    );
  }

  /** The protocol with the most votes among those that all members can do; the first to be voted for wins a tie. */
  selectProtocol(): string {
    const candidates = new Set<string>();
    for (const [name, count] of this.protocolCounts) if (count === this.size) candidates.add(name);
    const votes = new Map<string, number>();
    for (const member of this.members) {
      const choice = member.vote(candidates);
      votes.set(choice, (votes.get(choice) ?? 0) + 1);
    }
    let winner: string | undefined;
    for (const [name, count] of votes) {
      if (winner === undefined || count > (votes.get(winner) ?? 0)) winner = name;
    }
    assert(winner !== undefined, `group ${this.groupId} has members that vote`);
    return winner;
  }

  /** Starts the next generation with the members that are there: CompletingRebalance, or Empty without any. */
  nextGeneration(nowMs: number): void {
    this.generation++;
    this.protocolName = this.size > 0 ? this.selectProtocol() : null;
    this.topics = this.computeTopics();
    this.pendingSync.clear();
    this.inInitialDelay = false;
    this.transitionTo(this.size > 0 ? 'CompletingRebalance' : 'Empty', nowMs);
  }

  /** All members with their metadata, as the leader gets them. */
  joinedMembers(): JoinedMember[] {
    const { protocolName } = this;
    assert(protocolName !== null, `group ${this.groupId} has chosen a protocol`);
    return this.members.map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      metadata: member.metadataFor(protocolName),
    }));
  }

  answerJoin(member: GroupMember, result: JoinResult): void {
    const respond = member.awaitingJoin;
    if (respond === undefined) return;
    member.awaitingJoin = undefined;
    // A member that has left the table is no longer counted.
    if (this.memberTable.get(member.memberId) === member) this.awaitingJoinCount--;
    respond(result);
  }

  /** Answers a waiting SyncGroup; false when none waits. */
  answerSync(member: GroupMember, result: SyncResult): boolean {
    const respond = member.awaitingSync;
    if (respond === undefined) return false;
    member.awaitingSync = undefined;
    respond(result);
    return true;
  }

  /** Whether members read the topic; true when the coordinator cannot know. */
  isSubscribedTo(topic: string): boolean {
    return this.topics === undefined || this.topics.has(topic);
  }

  get knowsSubscriptions(): boolean {
    return this.topics !== undefined;
  }

  offsetInFlight(topic: string, partition: number): boolean {
    return this.inFlight.get(topic)?.has(partition) ?? false;
  }

  get hasOffsetsInFlight(): boolean {
    return this.inFlight.size > 0;
  }

  *offsetsInFlight(): IterableIterator<{ topic: string; partition: number }> {
    for (const [topic, partitions] of this.inFlight) {
      for (const partition of partitions.keys()) yield { topic, partition };
    }
  }

  /** Counts a commit of the partition's offset that has been handed to the log (+1) or is out of the way (-1). */
  countInFlight(topic: string, partition: number, change: 1 | -1): void {
    const partitions = getOrPut(this.inFlight, topic, () => new Map<number, number>());
    const count = (partitions.get(partition) ?? 0) + change;
    assert(count >= 0, `commits in flight of ${topic}-${partition} are counted`);
    if (count > 0) partitions.set(partition, count);
    else partitions.delete(partition);
    if (partitions.size === 0) this.inFlight.delete(topic);
  }

  private countProtocols(member: GroupMember, change: 1 | -1): void {
    for (const { name } of member.protocols) {
      const count = (this.protocolCounts.get(name) ?? 0) + change;
      if (count === 0) this.protocolCounts.delete(name);
      else this.protocolCounts.set(name, count);
    }
  }

  private computeTopics(): ReadonlySet<string> | undefined {
    if (this.protocolType !== CONSUMER_PROTOCOL_TYPE) return undefined;
    if (this.size === 0) return new Set();
    if (this.protocolName === null) return undefined;
    const all = new Set<string>();
    for (const member of this.members) {
      const topics = subscribedTopics(member.metadataFor(this.protocolName));
      if (topics === undefined) return undefined;
      for (const topic of topics) all.add(topic);
    }
    return all;
  }
}
