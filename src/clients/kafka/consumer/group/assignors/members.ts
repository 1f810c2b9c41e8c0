import type { TopicPartition } from '../../../cluster/cluster-metadata.ts';
import type { MemberAssignment, MemberSubscription } from './assignor.ts';

/** Static members first, by their instance ids; then the others by member ids. Compares as Java compares strings. */
export function compareMembers(a: MemberSubscription, b: MemberSubscription): number {
  if (a.groupInstanceId !== null && b.groupInstanceId !== null) {
    return compareStrings(a.groupInstanceId, b.groupInstanceId);
  }
  if (a.groupInstanceId !== null) return -1;
  if (b.groupInstanceId !== null) return 1;
  return compareStrings(a.memberId, b.memberId);
}

export function compareStrings(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function comparePartitions(a: TopicPartition, b: TopicPartition): number {
  return compareStrings(a.topic, b.topic) || a.partition - b.partition;
}

/** Assignments without user data. */
export function plainAssignments(
  partitions: ReadonlyMap<string, readonly TopicPartition[]>,
): ReadonlyMap<string, MemberAssignment> {
  return new Map([...partitions].map(([memberId, list]) => [memberId, { partitions: list, userData: null }]));
}
