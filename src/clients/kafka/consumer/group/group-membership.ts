import type { TopicPartition } from '../../cluster/cluster-metadata.ts';
import type { GroupMetadata } from '../consumer-offsets.ts';
import type { Subscription } from '../subscription.ts';

/**
 * Being a member of a group, whatever its protocol: the seam at which the consumer meets `ClassicMembership` and those of
 * later protocols.
 *
 * The consumer owns the partitions and hands out records; the membership knows which partitions it should own. It does
 * its network work (joining, heartbeats) in the background, and changes the assignment only in {@link turn}, which is
 * called while somebody waits for records: so no partition is taken away while one of its records is being dealt with.
 * Whatever needs such a turn is announced by {@link needsTurn} and `host.wake()`.
 */
export interface GroupMembership {
  /** Whether something waits for a turn. Asked before every record: cheap. */
  readonly needsTurn: boolean;
  /**
   * Somebody waits for records: does what is due, calling the host to change the assignment. Does not wait for the
   * network longer than those calls do. Rejects with what ends the membership, or with what a listener has thrown.
   */
  turn(): Promise<void>;
  /** Somebody has just asked for records: the user is alive (`max.poll.interval.ms`). Called for every record: cheap. */
  polled(): void;
  /** The wanted topics have changed, or what is known of them. */
  subscriptionChanged(): void;
  /** Joins anew with the next turn, so that partitions are divided again. */
  enforceRebalance(reason: string): void;
  /** Who commits offsets. */
  readonly identity: GroupMetadata;
  /** Resolves when offsets can be committed: not in the middle of joining. Rejects when this is no member any more. */
  settled(): Promise<void>;
  /** A commit was refused with this error code, for the identity that it had. */
  commitRefused(errorCode: number, identity: GroupMetadata): void;
  /** Is no member from now on, and says so as it is wanted. Never rejects for what the network does. */
  leave(reason: string, goodbye: Goodbye): Promise<void>;
}

/** Whether the coordinator is told of a leave: `if-dynamic` lets a static member come back to its place (KIP-1092). */
export type Goodbye = 'if-dynamic' | 'always' | 'never';

/** What a membership tells the consumer, changes of the assignment within {@link GroupMembership.turn} only. */
export interface MembershipHost {
  readonly subscription: Subscription;
  /** These are all partitions now; the listener is told of those that are new. */
  assign(partitions: readonly TopicPartition[]): Promise<void>;
  /** These go away: commits their offsets where that is automatic, tells the listener, then drops them. */
  revoke(partitions: readonly TopicPartition[]): Promise<void>;
  /** These have gone already: tells the listener and drops them, committing nothing. */
  lose(partitions: readonly TopicPartition[]): Promise<void>;
  /** Whether somebody waits for records now. */
  readonly isWaiting: boolean;
  /** A turn is needed. */
  wake(): void;
}
