import type { MemberProtocol } from './group-member.ts';

/** Member id of a client that has none yet, and generation outside of any group. */
export const UNKNOWN_MEMBER_ID = '';
export const UNKNOWN_GENERATION = -1;

export interface JoinRequest {
  readonly groupId: string;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  /** JoinGroup 4+ without instance id: the client learns its id first and joins with it (KIP-394). */
  readonly requireKnownMemberId: boolean;
  /** JoinGroup 9+: a returning static leader is told that it leads, and not to assign (KIP-814). */
  readonly supportsSkippingAssignment: boolean;
  readonly clientId: string;
  readonly clientHost: string;
  readonly rebalanceTimeoutMs: number;
  readonly sessionTimeoutMs: number;
  readonly protocolType: string;
  readonly protocols: readonly MemberProtocol[];
  readonly reason: string | null;
}

export interface JoinedMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly metadata: Buffer;
}

export interface JoinResult {
  readonly error: number;
  readonly memberId: string;
  readonly generation: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly leader: string;
  readonly skipAssignment: boolean;
  /** All members, for the leader; empty for the others. */
  readonly members: readonly JoinedMember[];
}

export function joinError(memberId: string, error: number): JoinResult {
  return {
    error,
    memberId,
    generation: UNKNOWN_GENERATION,
    protocolType: null,
    protocolName: null,
    leader: '',
    skipAssignment: false,
    members: [],
  };
}

export interface SyncRequest {
  readonly groupId: string;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly generation: number;
  /** Null when the client does not tell (SyncGroup before 5). */
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  /** The leader's assignment; empty from all others. */
  readonly assignments: readonly { readonly memberId: string; readonly assignment: Buffer }[];
}

export interface SyncResult {
  readonly error: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly assignment: Buffer;
}

export function syncError(error: number): SyncResult {
  return { error, protocolType: null, protocolName: null, assignment: Buffer.alloc(0) };
}

export interface HeartbeatRequest {
  readonly groupId: string;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly generation: number;
}

export interface LeavingMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly reason: string | null;
}

export interface LeaveResult {
  readonly error: number;
  readonly members: readonly {
    readonly memberId: string;
    readonly groupInstanceId: string | null;
    readonly error: number;
  }[];
}

export interface OffsetToCommit {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly metadata: string | null;
  /** -1: now. Only OffsetCommit 1 lets the client choose. */
  readonly commitTimestampMs: number;
}

export interface OffsetCommit {
  readonly groupId: string;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly generation: number;
  /** -1: the broker's retention. */
  readonly retentionMs: number;
  readonly offsets: readonly OffsetToCommit[];
}

/** One error per offset, in the order of the request. */
export type OffsetCommitResult = readonly number[];

export interface TopicPartitions {
  readonly topic: string;
  readonly partitions: readonly number[];
}

export interface FetchedOffset {
  readonly partition: number;
  readonly error: number;
  /** -1 when nothing is committed. */
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly metadata: string;
}

export interface OffsetFetchResult {
  readonly error: number;
  readonly topics: readonly { readonly topic: string; readonly partitions: readonly FetchedOffset[] }[];
}

export interface DescribedMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly metadata: Buffer;
  readonly assignment: Buffer;
}

export interface DescribedGroup {
  readonly error: number;
  readonly groupId: string;
  /** Empty with an error; `Dead` for a group that does not exist. */
  readonly state: string;
  readonly protocolType: string;
  readonly protocol: string;
  readonly members: readonly DescribedMember[];
}

export interface ListedGroup {
  readonly groupId: string;
  readonly protocolType: string;
  readonly state: string;
  readonly groupType: string;
}

export interface OffsetDeleteResult {
  readonly error: number;
  readonly topics: readonly {
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number; readonly error: number }[];
  }[];
}
