import { ErrorCode } from '../../../../wire/kafka/errors.ts';
import { JoinGroupRequest, JoinGroupResponse } from '../../../../wire/kafka/messages/11-join-group.ts';
import { HeartbeatRequest, HeartbeatResponse } from '../../../../wire/kafka/messages/12-heartbeat.ts';
import { LeaveGroupRequest, LeaveGroupResponse } from '../../../../wire/kafka/messages/13-leave-group.ts';
import { SyncGroupRequest, SyncGroupResponse } from '../../../../wire/kafka/messages/14-sync-group.ts';
import type { Infer } from '../../../../wire/kafka/schema/index.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import { BrokerError } from '../../kafka-error.ts';
import type { GroupMetadata } from '../consumer-offsets.ts';

const PROTOCOL_TYPE = 'consumer';
/** A join takes as long as the slowest member, and then some (`JOIN_GROUP_TIMEOUT_LAPSE`). */
const JOIN_LAPSE_MS = 5000;
const FIRST_STATIC = { join: 5, heartbeat: 3, sync: 3 };
const FIRST_LEAVE_OF_MEMBERS = 3;

export type Joined = Infer<typeof JoinGroupResponse>;

export interface JoinOptions {
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly protocols: readonly { readonly name: string; readonly metadata: Buffer }[];
  readonly reason: string;
}

/** The requests of a member of a classic group to its coordinator. Each rejects with the {@link BrokerError} of its answer. */
export class ClassicRequests {
  private readonly cluster: Cluster;
  private readonly target: { readonly coordinator: 'group'; readonly key: string };

  constructor(cluster: Cluster, groupId: string) {
    this.cluster = cluster;
    this.target = { coordinator: 'group', key: groupId };
  }

  /** Resolves with the answer also for MEMBER_ID_REQUIRED, which carries the id to come back with (KIP-394). */
  async join(identity: GroupMetadata, options: JoinOptions): Promise<Joined> {
    const { memberId, groupInstanceId } = identity;
    const { rebalanceTimeoutMs } = options;
    const answer = await this.cluster.request(
      this.target,
      { request: JoinGroupRequest, response: JoinGroupResponse },
      {
        groupId: this.target.key,
        sessionTimeoutMs: options.sessionTimeoutMs,
        rebalanceTimeoutMs,
        memberId,
        groupInstanceId,
        protocolType: PROTOCOL_TYPE,
        protocols: options.protocols.map(({ name, metadata }) => ({ name, metadata })),
        reason: options.reason,
      },
      {
        timeoutMs: Math.max(rebalanceTimeoutMs + JOIN_LAPSE_MS, this.cluster.settings.requestTimeoutMs),
        versions: {
          min: groupInstanceId === null ? 0 : FIRST_STATIC.join,
          max: JoinGroupRequest.versions.max,
        },
      },
    );
    if (answer.errorCode !== ErrorCode.MEMBER_ID_REQUIRED) this.check(answer.errorCode, 'join of');
    return answer;
  }

  /** Gives this member's assignment, encoded. */
  async sync(
    { memberId, generationId, groupInstanceId }: GroupMetadata,
    protocolName: string | null,
    assignments: readonly { readonly memberId: string; readonly assignment: Buffer }[],
  ): Promise<Buffer> {
    const answer = await this.cluster.request(
      this.target,
      { request: SyncGroupRequest, response: SyncGroupResponse },
      {
        groupId: this.target.key,
        generationId,
        memberId,
        groupInstanceId,
        protocolType: PROTOCOL_TYPE,
        protocolName,
        assignments: assignments.map((one) => ({ ...one })),
      },
      {
        versions: {
          min: groupInstanceId === null ? 0 : FIRST_STATIC.sync,
          max: SyncGroupRequest.versions.max,
        },
      },
    );
    this.check(answer.errorCode, 'sync of');
    return answer.assignment;
  }

  async heartbeat(identity: GroupMetadata, timeoutMs: number): Promise<void> {
    const { memberId, generationId, groupInstanceId } = identity;
    const answer = await this.cluster.request(
      this.target,
      { request: HeartbeatRequest, response: HeartbeatResponse },
      { groupId: this.target.key, generationId, memberId, groupInstanceId },
      {
        timeoutMs,
        versions: {
          min: groupInstanceId === null ? 0 : FIRST_STATIC.heartbeat,
          max: HeartbeatRequest.versions.max,
        },
      },
    );
    this.check(answer.errorCode, 'heartbeat to');
  }

  async leave(
    { memberId, groupInstanceId }: GroupMetadata,
    reason: string,
    timeoutMs: number,
  ): Promise<void> {
    const answer = await this.cluster.request(
      this.target,
      { request: LeaveGroupRequest, response: LeaveGroupResponse },
      (version) =>
        version < FIRST_LEAVE_OF_MEMBERS
          ? { groupId: this.target.key, memberId }
          : { groupId: this.target.key, members: [{ memberId, groupInstanceId, reason }] },
      { timeoutMs },
    );
    this.check(answer.errorCode, 'leave of');
    this.check(answer.members[0]?.errorCode ?? ErrorCode.NONE, 'leave of');
  }

  private check(errorCode: number, what: string): void {
    if (errorCode === ErrorCode.NONE) return;
    const { key } = this.target;
    this.cluster.coordinatorMoved('group', key, errorCode);
    throw new BrokerError(errorCode, `${what} group ${key}`);
  }
}
