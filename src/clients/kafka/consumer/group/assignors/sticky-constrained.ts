import { assert } from '../../../../../base/assert.ts';
import { compareStrings } from './members.ts';
import { remove, type StickyInput, type Unit } from './sticky-input.ts';

/** What came out, and which partitions go from one member to another. */
export interface StickyResult {
  readonly assignment: ReadonlyMap<string, Unit[]>;
  readonly moving: ReadonlyMap<Unit, string>;
}

/**
 * Divides partitions among members that all want the same topics: each keeps what it had up to its share, and the rest
 * is dealt out one by one. As `AbstractStickyAssignor.ConstrainedAssignmentBuilder`.
 */
export function assignConstrained(input: StickyInput): StickyResult {
  return new Constrained(input).run();
}

class Constrained {
  private readonly input: StickyInput;
  /** The least and the most that a member gets, and how many get the most. */
  private readonly least: number;
  private readonly most: number;
  private readonly fullWanted: number;
  private full = 0;
  /** Members below the least, and members that have exactly that and may get one more. */
  private readonly below: string[] = [];
  private readonly atLeast: string[] = [];
  private readonly assignment = new Map<string, Unit[]>();
  private readonly kept = new Set<Unit>();
  /** Partitions that their owners do not keep, unless they get them again. */
  private readonly givenUp = new Map<Unit, string>();
  private readonly moving = new Map<Unit, string>();

  constructor(input: StickyInput) {
    this.input = input;
    const members = input.owned.size;
    this.least = Math.floor(input.units.count / members);
    this.most = Math.ceil(input.units.count / members);
    this.fullWanted = input.units.count % members;
  }

  run(): StickyResult {
    const { owned, racks, units } = this.input;
    for (const memberId of owned.keys()) this.keepOwned(memberId, owned.get(memberId) ?? []);
    this.below.sort(compareStrings);
    this.atLeast.sort(compareStrings);
    const all = units.all([...units.topics.keys()].sort(compareStrings));
    const free = racks.sortByMembers(all.filter((unit) => !this.kept.has(unit)));
    this.dealOut(racks.isAware ? this.dealOutNear(free) : free);
    return { assignment: this.assignment, moving: this.moving };
  }

  private keepOwned(memberId: string, all: readonly Unit[]): void {
    const { racks, contested } = this.input;
    for (const unit of all) if (racks.mismatch(memberId, unit)) this.givenUp.set(unit, memberId);
    const owned = all
      .filter((unit) => !racks.mismatch(memberId, unit) && !contested.has(unit))
      .sort((a, b) => a.partition - b.partition || compareStrings(a.topic, b.topic));
    if (owned.length < this.least) {
      this.keep(memberId, owned, owned.length);
      this.below.push(memberId);
    } else if (owned.length >= this.most && this.full < this.fullWanted) {
      this.countFull();
      this.keep(memberId, owned, this.most);
    } else {
      this.keep(memberId, owned, this.least);
      if (this.full < this.fullWanted) this.atLeast.push(memberId);
    }
  }

  private keep(memberId: string, owned: readonly Unit[], count: number): void {
    const kept = owned.slice(0, count);
    this.assignment.set(memberId, kept);
    for (const unit of kept) this.kept.add(unit);
    for (const unit of owned.slice(count)) this.givenUp.set(unit, memberId);
  }

  /** One more member has the most; when enough have, those with the least stay as they are. */
  private countFull(): void {
    this.full++;
    if (this.full === this.fullWanted) this.atLeast.length = 0;
  }

  /** Gives partitions to members in the racks of their replicas, in turn. Returns those that are left. */
  private dealOutNear(free: readonly Unit[]): Unit[] {
    const { racks } = this.input;
    let turn = 0;
    return free.filter((unit) => {
      const index = racks.nextNear(unit, this.below, turn);
      if (index >= 0) {
        const memberId = this.below[index] ?? '';
        turn = this.passTurn(memberId, index);
        this.give(unit, memberId);
        return false;
      }
      const other = racks.nextNear(unit, this.atLeast, 0);
      if (other < 0) return true;
      const memberId = this.atLeast[other] ?? '';
      if (this.countOf(memberId) + 1 === this.most) {
        this.atLeast.splice(other, 1);
        this.countFull();
      }
      this.give(unit, memberId);
      return false;
    });
  }

  /** A member below the least gets one more: gives whose turn it is next. */
  private passTurn(memberId: string, index: number): number {
    const count = this.countOf(memberId) + 1;
    let next = index + 1;
    if (count >= this.least) {
      this.below.splice(index, 1);
      if (count < this.most && this.full < this.fullWanted) this.atLeast.push(memberId);
      next = index;
    }
    return this.below.length === 0 ? 0 : next % this.below.length;
  }

  private dealOut(free: readonly Unit[]): void {
    let turn = 0;
    for (const unit of free) {
      if (turn >= this.below.length) turn = 0;
      const fromBelow = this.below.length > 0;
      const memberId = fromBelow ? this.below[turn] : this.atLeast.shift();
      assert(memberId !== undefined, 'shares that add up to all partitions');
      const count = this.give(unit, memberId);
      if (count === this.least) {
        if (fromBelow) this.below.splice(turn, 1);
        this.atLeast.push(memberId);
      } else {
        if (fromBelow) turn++;
        if (count === this.most) this.full++;
      }
    }
  }

  private countOf(memberId: string): number {
    return this.assignment.get(memberId)?.length ?? 0;
  }

  private give(unit: Unit, memberId: string): number {
    const before = this.givenUp.get(unit);
    if ((before !== undefined && before !== memberId) || this.input.contested.has(unit)) {
      this.moving.set(unit, memberId);
    }
    const mine = this.assignment.get(memberId);
    assert(mine !== undefined, 'a member of the group');
    return mine.push(unit);
  }
}

/** Takes those that another member must give up first out of what comes next. */
export function withoutMoving({ assignment, moving }: StickyResult): ReadonlyMap<string, Unit[]> {
  for (const [unit, memberId] of moving) remove(assignment.get(memberId) ?? [], unit);
  return assignment;
}
