import type { TopicPartition } from '../cluster/cluster-metadata.ts';

/** An offset to commit: of the next record to read. */
export interface OffsetToCommit {
  readonly offset: number;
  /** Of the record before it; -1 where it is not known. */
  readonly leaderEpoch?: number;
  /** Kept with it, as it is. */
  readonly metadata?: string | null;
}

/** A committed offset. */
export interface CommittedPosition {
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly metadata: string | null;
}

export interface FoundOffset extends TopicPartition {
  /** -1 when no record is that young. */
  readonly offset: number;
  /** Of the record; -1 where the question was not for one. */
  readonly timestamp: number;
  readonly leaderEpoch: number;
}

/** As requests name a member: a generation or, in newer protocols, its epoch. */
export interface GroupMetadata {
  readonly groupId: string;
  /** Empty for who is no member. */
  readonly memberId: string;
  /** -1 for who is no member. */
  readonly generationId: number;
  readonly groupInstanceId: string | null;
}
