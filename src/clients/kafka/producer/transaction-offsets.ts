import type { TopicPartition } from '../cluster/cluster-metadata.ts';

/** An offset to be committed with a transaction. */
export interface TransactionOffset extends TopicPartition {
  /** Of the next record to be read. */
  readonly offset: number;
  readonly leaderEpoch?: number | undefined;
  readonly metadata?: string | null | undefined;
}

/** As what member of its group a consumer read what the transaction is about. */
export interface GroupMembership {
  readonly groupId: string;
  readonly generationId?: number | undefined;
  readonly memberId?: string | undefined;
  readonly groupInstanceId?: string | null | undefined;
}
