import type { SimRandom } from '../../../src/env/sim/sim-random.ts';
import { ErrorCode } from '../../../src/wire/kafka/errors.ts';
import {
  OffsetCommitRequest,
  OffsetCommitResponse,
} from '../../../src/wire/kafka/messages/08-offset-commit.ts';
import {
  FindCoordinatorRequest,
  FindCoordinatorResponse,
} from '../../../src/wire/kafka/messages/10-find-coordinator.ts';
import { JoinGroupRequest, JoinGroupResponse } from '../../../src/wire/kafka/messages/11-join-group.ts';
import { HeartbeatRequest, HeartbeatResponse } from '../../../src/wire/kafka/messages/12-heartbeat.ts';
import { LeaveGroupRequest, LeaveGroupResponse } from '../../../src/wire/kafka/messages/13-leave-group.ts';
import { SyncGroupRequest, SyncGroupResponse } from '../../../src/wire/kafka/messages/14-sync-group.ts';
import type { BrokerConnection } from './connection.ts';
import type { KafkaHistory } from './observation.ts';
import type { TopicReader } from './reader.ts';

const FindCoordinator = { request: FindCoordinatorRequest, response: FindCoordinatorResponse };
const JoinGroup = { request: JoinGroupRequest, response: JoinGroupResponse };
const SyncGroup = { request: SyncGroupRequest, response: SyncGroupResponse };
const Heartbeat = { request: HeartbeatRequest, response: HeartbeatResponse };
const LeaveGroup = { request: LeaveGroupRequest, response: LeaveGroupResponse };
const OffsetCommit = { request: OffsetCommitRequest, response: OffsetCommitResponse };

const RETRY_AFTER_MS = 100;
const PROTOCOL = 'swarm';

export interface MemberOptions {
  name: string;
  groupId: string;
  topic: string;
  partitions: number;
  sessionTimeoutMs: number;
  fetchBytes: number;
  maxWaitMs: number;
  /** Chance per round to leave the group for a while, in good order or without a word. */
  departureProbability: number;
  connection: BrokerConnection;
  reader: TopicReader;
  random: SimRandom;
  history: KafkaHistory;
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
  private positions = new Map<number, number>();
  private committed = new Map<number, number>();

  constructor(options: MemberOptions) {
    this.options = options;
  }

  async run(): Promise<void> {
    const { connection } = this.options;
    while (!this.isOver) {
      if (await this.join()) await this.read();
      else await connection.pause(RETRY_AFTER_MS);
    }
    await this.leave();
  }

  private async join(): Promise<boolean> {
    const { connection, groupId, sessionTimeoutMs } = this.options;
    const found = await connection.call(FindCoordinator, 2, { key: groupId, keyType: 0 });
    if (found?.errorCode !== ErrorCode.NONE) return false;
    const joined = await connection.call(JoinGroup, 5, {
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
    const { connection, groupId, partitions, reader } = this.options;
    const assignments = members.map((memberId, index) => {
      const own = Array.from({ length: partitions }, (_, partition) => partition);
      const dealt = own.filter((partition) => partition % members.length === index);
      return { memberId, assignment: Buffer.from(dealt.join(',')) };
    });
    const { generationId, memberId } = this;
    const synced = await connection.call(SyncGroup, 3, { groupId, generationId, memberId, assignments });
    if (synced?.errorCode !== ErrorCode.NONE) return false;
    const text = synced.assignment.toString();
    this.positions = new Map();
    this.committed = new Map();
    for (const partition of text === '' ? [] : text.split(',').map(Number)) {
      const offset = await reader.committed(groupId, partition);
      if (offset === undefined) return false;
      this.positions.set(partition, Math.max(0, offset));
      this.committed.set(partition, offset);
    }
    return true;
  }

  /** Until the group says that it is time to join again. */
  private async read(): Promise<void> {
    const { random, departureProbability, connection, sessionTimeoutMs } = this.options;
    while (!this.isOver) {
      if (random.chance(departureProbability)) {
        if (random.chance(0.5)) await this.leave();
        await connection.pause(random.between(0, 2 * sessionTimeoutMs));
        return;
      }
      await this.readEach();
      if (!(await this.commit()) || !(await this.heartbeat())) return;
    }
  }

  private async readEach(): Promise<void> {
    const { reader, fetchBytes, maxWaitMs } = this.options;
    for (const [partition, offset] of this.positions) {
      const fetched = await reader.fetch(partition, offset, { maxWaitMs, maxBytes: fetchBytes });
      // Only a power loss that took unflushed records makes a log end before a committed offset.
      if (fetched === 'outOfRange') this.positions.set(partition, 0);
      else if (fetched !== undefined) this.positions.set(partition, offset + fetched.records.length);
    }
  }

  private async commit(): Promise<boolean> {
    const { connection, groupId, topic, history, name } = this.options;
    const due = [...this.positions].filter(([partition, offset]) => offset !== this.committed.get(partition));
    if (due.length === 0) return true;
    const { era } = history;
    const response = await connection.call(OffsetCommit, 7, {
      groupId,
      generationIdOrMemberEpoch: this.generationId,
      memberId: this.memberId,
      topics: [
        {
          name: topic,
          partitions: due.map(([partitionIndex, committedOffset]) => ({
            partitionIndex,
            committedOffset,
            committedMetadata: null,
          })),
        },
      ],
    });
    const answers = response?.topics[0]?.partitions ?? [];
    for (const { partitionIndex, errorCode } of answers) {
      if (errorCode === ErrorCode.UNKNOWN_MEMBER_ID) this.memberId = '';
      if (errorCode !== ErrorCode.NONE) return false;
      const offset = this.positions.get(partitionIndex) ?? 0;
      this.committed.set(partitionIndex, offset);
      if (era === history.era)
        history.record({ kind: 'committed', member: name, partition: partitionIndex, offset });
    }
    return answers.length > 0;
  }

  private async heartbeat(): Promise<boolean> {
    const { connection, groupId } = this.options;
    const { generationId, memberId } = this;
    const response = await connection.call(Heartbeat, 3, { groupId, generationId, memberId });
    if (response?.errorCode === ErrorCode.UNKNOWN_MEMBER_ID) this.memberId = '';
    return response?.errorCode === ErrorCode.NONE;
  }

  private async leave(): Promise<void> {
    const { connection, groupId } = this.options;
    if (this.memberId === '') return;
    await connection.call(LeaveGroup, 3, { groupId, members: [{ memberId: this.memberId }] });
    this.memberId = '';
  }
}
