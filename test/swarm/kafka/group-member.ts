import type { SimRandom } from '../../../src/env/sim/sim-random.ts';
import { type TopicPartition, topicPartitionKey } from '../../../src/kafka/log/topic-partition.ts';
import { ErrorCode } from '../../../src/wire/kafka/errors.ts';
import {
  FindCoordinator,
  Heartbeat,
  JoinGroup,
  LeaveGroup,
  OffsetCommit,
  SyncGroup,
} from '../../support/kafka/pairs.ts';
import type { ClientHistory } from './observation.ts';
import { nextOffset, type SwarmReader } from './reader.ts';
import type { Route } from './route.ts';

const RETRY_AFTER_MS = 100;
const PROTOCOL = 'swarm';

export interface MemberOptions {
  name: string;
  groupId: string;
  /** The partition of __consumer_offsets that keeps the group. */
  home: string;
  targets: readonly TopicPartition[];
  sessionTimeoutMs: number;
  fetchBytes: number;
  maxWaitMs: number;
  /** Chance per round to leave the group for a while, in good order or without a word. */
  departureProbability: number;
  route: Route;
  reader: SwarmReader;
  random: SimRandom;
  history: ClientHistory;
}

/**
 * A member of a classic group: joins, reads what it is assigned from the committed offsets on, commits what it has
 * read, and joins again when it is told to or has been dropped.
 */
export class GroupMember {
  isOver = false;
  private readonly options: MemberOptions;
  private memberId = '';
  private generationId = -1;
  private coordinator = 0;
  /** By the position of the partition in the targets. */
  private positions = new Map<number, number>();
  private committed = new Map<number, number>();

  constructor(options: MemberOptions) {
    this.options = options;
  }

  async run(): Promise<void> {
    const { route } = this.options;
    while (!this.isOver) {
      if (await this.join()) await this.read();
      else await route.pause(RETRY_AFTER_MS);
    }
    await this.leave();
  }

  private async join(): Promise<boolean> {
    const { route, groupId, sessionTimeoutMs } = this.options;
    const found = await route.call(route.anyBroker(), FindCoordinator, 2, { key: groupId, keyType: 0 });
    if (found?.errorCode !== ErrorCode.NONE) return false;
    this.coordinator = found.nodeId;
    const joined = await route.call(this.coordinator, JoinGroup, 5, {
      groupId,
      sessionTimeoutMs,
      rebalanceTimeoutMs: sessionTimeoutMs,
      memberId: this.memberId,
      protocolType: PROTOCOL,
      protocols: [{ name: PROTOCOL, metadata: Buffer.alloc(0) }],
    });
    if (joined?.errorCode === ErrorCode.MEMBER_ID_REQUIRED) {
      this.memberId = joined.memberId;
      return this.join();
    }
    if (joined?.errorCode === ErrorCode.UNKNOWN_MEMBER_ID) this.memberId = '';
    if (joined?.errorCode !== ErrorCode.NONE) return false;
    this.memberId = joined.memberId;
    this.generationId = joined.generationId;
    const members = joined.leader === joined.memberId ? joined.members.map(({ memberId }) => memberId) : [];
    return this.sync(members);
  }

  /** The leader deals the partitions out, one after the other. */
  private async sync(members: readonly string[]): Promise<boolean> {
    const { route, groupId, home, targets, reader } = this.options;
    const { coordinator } = this;
    const assignments = members.map((memberId, index) => {
      const dealt = [...targets.keys()].filter((position) => position % members.length === index);
      return { memberId, assignment: Buffer.from(dealt.join(',')) };
    });
    const { generationId, memberId } = this;
    const synced = await route.call(coordinator, SyncGroup, 3, {
      groupId,
      generationId,
      memberId,
      assignments,
    });
    if (synced?.errorCode !== ErrorCode.NONE) return false;
    const text = synced.assignment.toString();
    this.positions = new Map();
    this.committed = new Map();
    for (const position of text === '' ? [] : text.split(',').map(Number)) {
      const target = targets[position];
      if (target === undefined) continue;
      const offset = await reader.committed({ groupId, home, coordinator }, target);
      if (offset === undefined) return false;
      this.positions.set(position, Math.max(0, offset));
      this.committed.set(position, offset);
    }
    return true;
  }

  /** Until the group says that it is time to join again. */
  private async read(): Promise<void> {
    const { random, departureProbability, route, sessionTimeoutMs } = this.options;
    while (!this.isOver) {
      if (random.chance(departureProbability)) {
        if (random.chance(0.5)) await this.leave();
        await route.pause(random.between(0, 2 * sessionTimeoutMs));
        return;
      }
      await this.readEach();
      if (!(await this.commit()) || !(await this.heartbeat())) return;
    }
  }

  private async readEach(): Promise<void> {
    const { reader, targets, fetchBytes, maxWaitMs, history, name: member } = this.options;
    for (const [position, offset] of this.positions) {
      const target = targets[position];
      if (target === undefined) continue;
      const fetched = await reader.fetch(target, offset, { maxWaitMs, maxBytes: fetchBytes });
      if (fetched === 'outOfRange') {
        history.record({ kind: 'out of range', member, partition: topicPartitionKey(target), offset });
        this.positions.set(position, 0);
      } else if (fetched !== undefined) this.positions.set(position, nextOffset(fetched.records, offset));
    }
  }

  private async commit(): Promise<boolean> {
    const { route, groupId, home, targets, history } = this.options;
    const due = [...this.positions].filter(([position, offset]) => offset !== this.committed.get(position));
    if (due.length === 0) return true;
    const standing = history.standing(home, this.coordinator);
    const partitionsOf = (topic: string) =>
      due.flatMap(([position, committedOffset]) => {
        const target = targets[position];
        if (target?.topic !== topic) return [];
        return [{ partitionIndex: target.partition, committedOffset, committedMetadata: null }];
      });
    const topics = new Set(due.flatMap(([position]) => targets[position]?.topic ?? []));
    const response = await route.call(this.coordinator, OffsetCommit, 7, {
      groupId,
      generationIdOrMemberEpoch: this.generationId,
      memberId: this.memberId,
      topics: [...topics].map((name) => ({ name, partitions: partitionsOf(name) })),
    });
    const counts = standing !== undefined && standing === history.standing(home, this.coordinator);
    return this.takeCommits(response?.topics ?? [], counts);
  }

  private takeCommits(
    topics: readonly { name: string; partitions: readonly { partitionIndex: number; errorCode: number }[] }[],
    counts: boolean,
  ): boolean {
    const { targets, history, name: member } = this.options;
    for (const { name: topic, partitions } of topics) {
      for (const { partitionIndex: partition, errorCode } of partitions) {
        if (errorCode === ErrorCode.UNKNOWN_MEMBER_ID) this.memberId = '';
        if (errorCode !== ErrorCode.NONE) return false;
        const position = targets.findIndex((each) => each.topic === topic && each.partition === partition);
        const offset = this.positions.get(position) ?? 0;
        this.committed.set(position, offset);
        const key = topicPartitionKey({ topic, partition });
        if (counts) history.record({ kind: 'committed', member, partition: key, offset });
      }
    }
    return topics.length > 0;
  }

  private async heartbeat(): Promise<boolean> {
    const { route, groupId } = this.options;
    const { generationId, memberId } = this;
    const response = await route.call(this.coordinator, Heartbeat, 3, { groupId, generationId, memberId });
    if (response?.errorCode === ErrorCode.UNKNOWN_MEMBER_ID) this.memberId = '';
    return response?.errorCode === ErrorCode.NONE;
  }

  private async leave(): Promise<void> {
    const { route, groupId } = this.options;
    if (this.memberId === '') return;
    await route.call(this.coordinator, LeaveGroup, 3, { groupId, members: [{ memberId: this.memberId }] });
    this.memberId = '';
  }
}
