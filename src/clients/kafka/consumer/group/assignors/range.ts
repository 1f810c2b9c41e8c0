import { getOrPut } from '../../../../../base/get-or-put.ts';
import type { TopicPartition } from '../../../cluster/cluster-metadata.ts';
import type { AssignablePartition, Assignor, MemberSubscription } from './assignor.ts';
import { compareMembers, comparePartitions, plainAssignments } from './members.ts';

/**
 * Of each topic a range of partitions to each of its members, in the order of their ids, as `RangeAssignor`. Where
 * members tell racks, they get partitions that have a replica there as far as balance allows (KIP-881), the same
 * numbers of topics that have equal counts and members.
 */
export const rangeAssignor: Assignor = {
  name: 'range',
  assign({ topics, members }) {
    const assignment = new Map<string, TopicPartition[]>(members.map(({ memberId }) => [memberId, []]));
    const shares = [...topics]
      .filter(([, partitions]) => partitions.length > 0)
      .map(([topic, partitions]) => {
        const subscribers = members.filter(({ topics: wanted }) => wanted.includes(topic));
        return new TopicShares(topic, partitions, subscribers, assignment);
      });
    const rackAware = shares.some(({ needsRacks }) => needsRacks);
    if (rackAware) matchRacks(shares);
    for (const share of shares) share.assignRanges(() => true);
    if (rackAware) for (const partitions of assignment.values()) partitions.sort(comparePartitions);
    return plainAssignments(assignment);
  },
};

/** One topic's partitions on their way to its members. */
class TopicShares {
  readonly topic: string;
  readonly partitionCount: number;
  /** In the order in which they are served. */
  readonly memberIds: readonly string[];
  /** Whether racks of members and replicas are known, and make a difference. */
  readonly needsRacks: boolean;
  private readonly racks: ReadonlyMap<string, string>;
  private readonly replicaRacks: ReadonlyMap<number, ReadonlySet<string>>;
  private readonly assignment: Map<string, TopicPartition[]>;
  private readonly unassigned: Set<number>;
  private readonly counts = new Map<string, number>();
  private readonly each: number;
  private extras: number;

  constructor(
    topic: string,
    partitions: readonly AssignablePartition[],
    members: readonly MemberSubscription[],
    assignment: Map<string, TopicPartition[]>,
  ) {
    const sorted = [...members].sort(compareMembers);
    this.topic = topic;
    this.partitionCount = partitions.length;
    this.memberIds = sorted.map(({ memberId }) => memberId);
    this.assignment = assignment;
    this.unassigned = new Set(partitions.map(({ partition }) => partition));
    this.each = sorted.length === 0 ? 0 : Math.floor(partitions.length / sorted.length);
    this.extras = sorted.length === 0 ? 0 : partitions.length % sorted.length;
    this.racks = new Map(
      sorted.flatMap(({ memberId, rackId }) => (rackId ? [[memberId, rackId] as const] : [])),
    );
    this.replicaRacks = new Map(
      partitions.map(({ partition, replicaRacks }) => [partition, new Set(replicaRacks)]),
    );
    const all = new Set(partitions.flatMap(({ replicaRacks }) => replicaRacks));
    this.needsRacks =
      [...this.racks.values()].some((rack) => all.has(rack)) &&
      [...this.replicaRacks.values()].some((racks) => racks.size !== all.size);
  }

  racksMatch(memberId: string, partition: number): boolean {
    const rack = this.racks.get(memberId);
    return rack === undefined || this.replicaRacks.get(partition)?.has(rack) === true;
  }

  /** How many more partitions a member may get. */
  room(memberId: string): number {
    return Math.max(0, this.each + (this.extras > 0 ? 1 : 0) - (this.counts.get(memberId) ?? 0));
  }

  assignRanges(may: (memberId: string, partition: number) => boolean): void {
    for (const memberId of this.memberIds) {
      const partitions = [...this.unassigned].filter((partition) => may(memberId, partition));
      this.assign(memberId, partitions.slice(0, this.room(memberId)));
    }
  }

  assign(memberId: string, partitions: readonly number[]): void {
    if (partitions.length === 0) return;
    const count = (this.counts.get(memberId) ?? 0) + partitions.length;
    this.counts.set(memberId, count);
    if (count > this.each) this.extras--;
    for (const partition of partitions) {
      this.assignment.get(memberId)?.push({ topic: this.topic, partition });
      this.unassigned.delete(partition);
    }
  }
}

function matchRacks(shares: readonly TopicShares[]): void {
  const alike = new Map<string, TopicShares[]>();
  for (const share of shares) {
    getOrPut(alike, JSON.stringify([share.memberIds, share.partitionCount]), () => []).push(share);
  }
  for (const group of alike.values()) {
    const [only] = group;
    if (only === undefined) continue;
    if (group.length > 1) matchRacksTogether(group, only);
    else if (only.needsRacks)
      only.assignRanges((memberId, partition) => only.racksMatch(memberId, partition));
  }
}

/** Topics with the same members and counts: the same partition numbers of all go to one member. */
function matchRacksTogether(shares: readonly TopicShares[], first: TopicShares): void {
  const remaining = new Set(first.memberIds);
  for (let partition = 0; partition < first.partitionCount; partition++) {
    const match = [...remaining].find((memberId) =>
      shares.every((share) => share.racksMatch(memberId, partition) && share.room(memberId) > 0),
    );
    if (match === undefined) continue;
    for (const share of shares) share.assign(match, [partition]);
    if (shares.every((share) => share.room(match) === 0)) remaining.delete(match);
  }
}
