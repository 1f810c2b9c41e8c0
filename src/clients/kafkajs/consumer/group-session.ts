import { ErrorCode } from '../../../wire/kafka/errors.ts';
import { OffsetCommitRequest, OffsetCommitResponse } from '../../../wire/kafka/messages/08-offset-commit.ts';
import { OffsetFetchRequest, OffsetFetchResponse } from '../../../wire/kafka/messages/09-offset-fetch.ts';
import { JoinGroupRequest, JoinGroupResponse } from '../../../wire/kafka/messages/11-join-group.ts';
import { HeartbeatRequest, HeartbeatResponse } from '../../../wire/kafka/messages/12-heartbeat.ts';
import { LeaveGroupRequest, LeaveGroupResponse } from '../../../wire/kafka/messages/13-leave-group.ts';
import { SyncGroupRequest, SyncGroupResponse } from '../../../wire/kafka/messages/14-sync-group.ts';
import type { Infer } from '../../../wire/kafka/schema/index.ts';
import type { CompatCluster } from '../compat-cluster.ts';
import { protocolError } from '../error-types.ts';
import type { Assigner, GroupMember, GroupMemberAssignment } from '../types/consumer.ts';

/** The versions that have what is said here, and no more. */
const JOIN_VERSIONS = { min: 2, max: 5 };
const SYNC_VERSIONS = { min: 1, max: 4 };
const HEARTBEAT_VERSIONS = { min: 1, max: 4 };
const LEAVE_VERSIONS = { min: 1, max: 2 };
const COMMIT_VERSIONS = { min: 2, max: 7 };
const OFFSET_FETCH_VERSIONS = { min: 2, max: 7 };
/** What an answer to a join may take beyond the time that the members have. */
const JOIN_GRACE_MS = 5000;

/** An offset to commit, as users give it. */
export interface OffsetsToCommit {
  readonly topic: string;
  readonly partitions: readonly {
    readonly partition: number;
    readonly offset: string;
    readonly metadata?: string | null;
  }[];
}

/** The requests of a group's member. Errors of the protocol reject as KafkaJSProtocolErrors. */
export class GroupSession {
  readonly groupId: string;
  memberId = '';
  generationId = -1;
  leaderId = '';
  groupProtocol = '';
  /** Of all members, when this one leads them. */
  members: GroupMember[] = [];
  private readonly cluster: CompatCluster;

  constructor(cluster: CompatCluster, groupId: string) {
    this.cluster = cluster;
    this.groupId = groupId;
  }

  get isLeader(): boolean {
    return this.memberId !== '' && this.leaderId === this.memberId;
  }

  async join(options: {
    readonly sessionTimeoutMs: number;
    readonly rebalanceTimeoutMs: number;
    readonly assigners: readonly Assigner[];
    readonly topics: string[];
  }): Promise<void> {
    const protocols = options.assigners.map((assigner) => assigner.protocol({ topics: options.topics }));
    for (;;) {
      const answer = await this.askToJoin(options, protocols);
      if (answer.errorCode === ErrorCode.MEMBER_ID_REQUIRED) {
        this.memberId = answer.memberId;
        continue;
      }
      this.check(answer.errorCode);
      this.memberId = answer.memberId;
      this.generationId = answer.generationId;
      this.leaderId = answer.leader;
      this.groupProtocol = answer.protocolName ?? '';
      this.members = answer.members.map(({ memberId, metadata }) => ({
        memberId,
        memberMetadata: Buffer.from(metadata),
      }));
      return;
    }
  }

  /** The bytes of this member's assignment. */
  async sync(assignments: readonly GroupMemberAssignment[]): Promise<Buffer> {
    const { groupId, generationId, memberId } = this;
    const answer = await this.cluster.request(
      this.coordinator,
      { request: SyncGroupRequest, response: SyncGroupResponse },
      {
        groupId,
        generationId,
        memberId,
        assignments: assignments.map(({ memberId: id, memberAssignment }) => ({
          memberId: id,
          assignment: memberAssignment,
        })),
      },
      { versions: SYNC_VERSIONS },
    );
    this.check(answer.errorCode);
    return Buffer.from(answer.assignment);
  }

  async heartbeat(): Promise<void> {
    const { groupId, generationId, memberId } = this;
    const answer = await this.cluster.request(
      this.coordinator,
      { request: HeartbeatRequest, response: HeartbeatResponse },
      { groupId, generationId, memberId },
      { versions: HEARTBEAT_VERSIONS },
    );
    this.check(answer.errorCode);
  }

  async leave(): Promise<void> {
    const { groupId, memberId } = this;
    if (memberId === '') return;
    this.memberId = '';
    const answer = await this.cluster.request(
      this.coordinator,
      { request: LeaveGroupRequest, response: LeaveGroupResponse },
      { groupId, memberId },
      { versions: LEAVE_VERSIONS },
    );
    this.check(answer.errorCode);
  }

  /** Commits as the member; as nobody in particular while there is none, which an empty group allows. */
  async commit(topics: readonly OffsetsToCommit[]): Promise<void> {
    const { groupId, generationId, memberId } = this;
    const answer = await this.cluster.request(
      this.coordinator,
      { request: OffsetCommitRequest, response: OffsetCommitResponse },
      {
        groupId,
        generationIdOrMemberEpoch: generationId,
        memberId,
        topics: topics.map(({ topic, partitions }) => ({
          name: topic,
          partitions: partitions.map(({ partition, offset, metadata = null }) => ({
            partitionIndex: Number(partition),
            committedOffset: Number(offset),
            committedMetadata: metadata,
          })),
        })),
      },
      { versions: COMMIT_VERSIONS },
    );
    for (const { partitions } of answer.topics) {
      for (const { errorCode } of partitions) this.check(errorCode);
    }
  }

  /** What the group has committed; -1 for nothing. Without topics, all that it has. */
  async fetchOffsets(
    topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[] | null,
  ): Promise<
    { topic: string; partitions: { partition: number; offset: string; metadata: string | null }[] }[]
  > {
    const answer = await this.cluster.request(
      this.coordinator,
      { request: OffsetFetchRequest, response: OffsetFetchResponse },
      {
        groupId: this.groupId,
        topics:
          topics?.map(({ topic, partitions }) => ({ name: topic, partitionIndexes: [...partitions] })) ??
          null,
      },
      { versions: OFFSET_FETCH_VERSIONS },
    );
    this.check(answer.errorCode);
    return answer.topics.map(({ name, partitions }) => ({
      topic: name,
      partitions: partitions.map(({ partitionIndex, committedOffset, metadata, errorCode }) => {
        this.check(errorCode);
        return { partition: partitionIndex, offset: String(committedOffset), metadata };
      }),
    }));
  }

  private get coordinator(): { readonly coordinator: 'group'; readonly key: string } {
    return { coordinator: 'group', key: this.groupId };
  }

  private askToJoin(
    options: { readonly sessionTimeoutMs: number; readonly rebalanceTimeoutMs: number },
    protocols: readonly { name: string; metadata: Buffer }[],
  ): Promise<Infer<typeof JoinGroupResponse>> {
    const { groupId, memberId } = this;
    const { sessionTimeoutMs, rebalanceTimeoutMs } = options;
    return this.cluster.request(
      this.coordinator,
      { request: JoinGroupRequest, response: JoinGroupResponse },
      {
        groupId,
        sessionTimeoutMs,
        rebalanceTimeoutMs,
        memberId,
        protocolType: 'consumer',
        protocols: [...protocols],
      },
      // The answer may come as late as the slowest of the members.
      { versions: JOIN_VERSIONS, timeoutMs: rebalanceTimeoutMs + JOIN_GRACE_MS },
    );
  }

  private check(errorCode: number): void {
    if (errorCode === ErrorCode.NONE) return;
    this.cluster.coordinatorMoved(this.groupId, errorCode);
    throw protocolError(errorCode);
  }
}
