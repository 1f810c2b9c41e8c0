import { getOrPut } from '../../../../../base/get-or-put.ts';
import type { TopicPartition } from '../../../cluster/cluster-metadata.ts';
import type { AssignablePartition, GroupSubscription, MemberSubscription } from './assignor.ts';
import { JavaHashMap } from './java-hash-map.ts';

export const NO_GENERATION = -1;

/** A partition; one object for each within an assignment. */
export interface Unit extends TopicPartition {
  /** `topic-partition`. */
  readonly key: string;
}

/** What a member had before, as its assignor has told. */
export interface Previous {
  readonly partitions: readonly TopicPartition[];
  /** Undefined where it does not say. */
  readonly generation: number | undefined;
}

/** What both ways of the sticky assignors begin with. */
export interface StickyInput {
  readonly units: Units;
  readonly racks: RackRules;
  /** In Java's order. */
  readonly members: JavaHashMap<{ readonly topics: readonly string[]; readonly previous: Previous }>;
  /** What each member may keep, of topics that exist. */
  readonly owned: JavaHashMap<Unit[]>;
  /** Claimed by several members of the same generation. */
  readonly contested: ReadonlySet<Unit>;
  readonly allWantTheSame: boolean;
  readonly maxGeneration: number;
}

export class Units {
  readonly topics: ReadonlyMap<string, readonly AssignablePartition[]>;
  readonly count: number;
  private readonly known = new Map<string, Unit>();

  constructor(topics: ReadonlyMap<string, readonly AssignablePartition[]>) {
    this.topics = topics;
    this.count = [...topics.values()].reduce((sum, { length }) => sum + length, 0);
  }

  of(topic: string, partition: number): Unit {
    const key = `${topic}-${partition}`;
    return getOrPut(this.known, key, () => ({ topic, partition, key }));
  }

  /** Of these topics, in this order. */
  all(topics: readonly string[]): Unit[] {
    return topics.flatMap((topic) =>
      (this.topics.get(topic) ?? []).map(({ partition }) => this.of(topic, partition)),
    );
  }
}

/** Which members are near which partitions (KIP-881). */
export class RackRules {
  /** Whether racks make a difference. */
  readonly isAware: boolean;
  private readonly memberRacks = new Map<string, string>();
  private readonly replicaRacks = new Map<string, ReadonlySet<string>>();
  private readonly membersPerRack = new Map<string, number>();

  constructor(topics: GroupSubscription['topics'], members: readonly MemberSubscription[]) {
    for (const { memberId, rackId } of members) {
      if (!rackId) continue;
      this.memberRacks.set(memberId, rackId);
      this.membersPerRack.set(rackId, (this.membersPerRack.get(rackId) ?? 0) + 1);
    }
    const all = new Set<string>();
    if (this.memberRacks.size > 0) {
      for (const [topic, partitions] of topics) {
        for (const { partition, replicaRacks } of partitions) {
          this.replicaRacks.set(`${topic}-${partition}`, new Set(replicaRacks));
          for (const rack of replicaRacks) all.add(rack);
        }
      }
    }
    this.isAware =
      [...this.membersPerRack.keys()].some((rack) => all.has(rack)) &&
      [...this.replicaRacks.values()].some((racks) => racks.size !== all.size);
  }

  /** Undefined where racks make no difference. */
  rackOf(memberId: string): string | undefined {
    return this.isAware ? this.memberRacks.get(memberId) : undefined;
  }

  hasReplicaIn(unit: Unit, rack: string): boolean {
    return this.isAware && this.replicaRacks.get(unit.key)?.has(rack) === true;
  }

  mismatch(memberId: string, unit: Unit): boolean {
    const rack = this.rackOf(memberId);
    return rack !== undefined && !this.hasReplicaIn(unit, rack);
  }

  /** Those first that fewer members are near to. */
  sortByMembers(units: readonly Unit[]): Unit[] {
    const near = (unit: Unit): number =>
      [...(this.replicaRacks.get(unit.key) ?? [])].reduce(
        (sum, rack) => sum + (this.membersPerRack.get(rack) ?? 0),
        0,
      );
    return units
      .map((unit) => ({ unit, members: near(unit) }))
      .sort((a, b) => a.members - b.members)
      .map(({ unit }) => unit);
  }

  /** Index of the next member in the rack of a replica, from one on, around the list; -1 for none. */
  nextNear(unit: Unit, memberIds: readonly string[], from: number): number {
    for (let step = 0; step < memberIds.length; step++) {
      const index = (from + step) % memberIds.length;
      const rack = this.rackOf(memberIds[index] ?? '');
      if (rack !== undefined && this.hasReplicaIn(unit, rack)) return index;
    }
    return -1;
  }
}

/** Reads what the members own; of a partition that several claim, the one of the higher generation keeps it. */
export function stickyInput(
  { topics, members }: GroupSubscription,
  previousOf: (member: MemberSubscription) => Previous,
): StickyInput {
  const units = new Units(topics);
  const byId = new JavaHashMap<MemberSubscription>();
  for (const member of members) byId.set(member.memberId, member);
  const entries: StickyInput['members'] = new JavaHashMap();
  const owned = new JavaHashMap<Unit[]>();
  const contested = new Set<Unit>();
  const ownerOf = new Map<Unit, MemberSubscription>();
  const wanted = new Set<string>();
  let allWantTheSame = true;
  let maxGeneration = NO_GENERATION;
  for (const memberId of byId.keys()) {
    const member = byId.get(memberId);
    if (member === undefined) continue;
    if (wanted.size === 0) for (const topic of member.topics) wanted.add(topic);
    else if (member.topics.length !== wanted.size || !member.topics.every((topic) => wanted.has(topic))) {
      allWantTheSame = false;
    }
    const previous = previousOf(member);
    const generation = previous.generation ?? NO_GENERATION;
    maxGeneration = Math.max(maxGeneration, generation);
    const mine: Unit[] = [];
    owned.set(memberId, mine);
    entries.set(memberId, { topics: member.topics, previous });
    for (const { topic, partition } of previous.partitions) {
      if (!topics.has(topic)) continue;
      const unit = units.of(topic, partition);
      const other = ownerOf.get(unit);
      if (other === undefined) {
        mine.push(unit);
        ownerOf.set(unit, member);
        continue;
      }
      // As Apache has it, by the generation in the other's subscription, whatever its user data says.
      if (generation < other.generationId) continue;
      if (generation === other.generationId) contested.add(unit);
      else mine.push(unit);
      remove(owned.get(other.memberId) ?? [], unit);
      ownerOf.set(unit, member);
    }
  }
  return {
    units,
    racks: new RackRules(topics, members),
    members: entries,
    owned,
    contested,
    allWantTheSame,
    maxGeneration,
  };
}

export function remove<T>(list: T[], item: T): void {
  const index = list.indexOf(item);
  if (index >= 0) list.splice(index, 1);
}
