import { assert } from '../../../../../base/assert.ts';
import { JavaHashMap } from './java-hash-map.ts';
import { compareStrings } from './members.ts';
import { NO_GENERATION, remove, type StickyInput, type Unit } from './sticky-input.ts';
import { Movements } from './sticky-movements.ts';

/**
 * Divides partitions among members that want different topics: each keeps what it had, free ones go to who has least,
 * then partitions move as long as that improves the balance. As `AbstractStickyAssignor.GeneralAssignmentBuilder`.
 */
export function assignGenerally(input: StickyInput): ReadonlyMap<string, Unit[]> {
  return new General(input).run();
}

class General {
  private readonly input: StickyInput;
  /** In Java's order. */
  private readonly subscribersOf = new Map<string, string[]>();
  private readonly topicsOf = new JavaHashMap<readonly string[]>();
  private assignment: Map<string, Unit[]>;
  private ownerOf = new Map<Unit, string>();
  /** Those with the fewest potential members first. */
  private all: Unit[];
  /** Members that take part in moves. */
  private readonly taking: Set<string>;
  private readonly movements = new Movements();
  private mustRevoke = false;

  constructor(input: StickyInput) {
    this.input = input;
    const { members, units, owned } = input;
    for (const topic of units.topics.keys()) this.subscribersOf.set(topic, []);
    for (const memberId of members.keys()) {
      const topics = (members.get(memberId)?.topics ?? []).filter((topic) => units.topics.has(topic));
      this.topicsOf.set(memberId, topics);
      for (const topic of topics) this.subscribersOf.get(topic)?.push(memberId);
    }
    this.assignment = new Map(owned.keys().map((memberId) => [memberId, owned.get(memberId) ?? []]));
    for (const [memberId, mine] of this.assignment) for (const unit of mine) this.ownerOf.set(unit, memberId);
    const potential = (topic: string): number => this.subscribersOf.get(topic)?.length ?? 0;
    this.all = units.all(
      [...units.topics.keys()].sort((a, b) => potential(a) - potential(b) || compareStrings(a, b)),
    );
    this.taking = new Set(this.assignment.keys());
  }

  run(): ReadonlyMap<string, Unit[]> {
    const before = this.previousOwners();
    const kept = this.keepOwned();
    this.balance(
      before,
      this.all.filter((unit) => !kept.has(unit)),
    );
    return this.assignment;
  }

  /** Owners of older generations, the latest of each. */
  private previousOwners(): ReadonlyMap<Unit, string> {
    const { members, units, maxGeneration } = this.input;
    const latest = new Map<Unit, { memberId: string; generation: number }>();
    for (const memberId of members.keys()) {
      const previous = members.get(memberId)?.previous;
      const generation = previous?.generation ?? NO_GENERATION;
      if (generation >= maxGeneration) continue;
      for (const { topic, partition } of previous?.partitions ?? []) {
        const unit = units.of(topic, partition);
        const known = latest.get(unit);
        if (known === undefined || generation > known.generation) latest.set(unit, { memberId, generation });
      }
    }
    return new Map([...latest].map(([unit, { memberId }]) => [unit, memberId]));
  }

  private keepOwned(): Set<Unit> {
    const { racks } = this.input;
    const kept = new Set<Unit>();
    for (const [memberId, mine] of this.assignment) {
      const topics = this.topicsOf.get(memberId) ?? [];
      for (const unit of [...mine]) {
        if (topics.includes(unit.topic) && !racks.mismatch(memberId, unit)) {
          kept.add(unit);
          continue;
        }
        remove(mine, unit);
        this.mustRevoke = true;
      }
    }
    return kept;
  }

  private balance(before: ReadonlyMap<Unit, string>, free: Unit[]): void {
    const sorted = this.sorted();
    const isNew = this.countOf(sorted[sorted.length - 1] ?? '') === 0;
    const { racks } = this.input;
    const far = racks.isAware ? free.filter((unit) => !this.assignOne(unit, true)) : free;
    for (const unit of far) this.assignOne(unit, false);

    const movable = (unit: Unit): boolean => (this.subscribersOf.get(unit.topic)?.length ?? 0) >= 2;
    this.all = this.all.filter(movable);
    free = free.filter(movable);
    const fixed = new Map<string, Unit[]>();
    for (const memberId of this.topicsOf.keys()) {
      if (this.canTake(memberId, movable)) continue;
      this.taking.delete(memberId);
      fixed.set(memberId, this.assignment.get(memberId) ?? []);
      this.assignment.delete(memberId);
    }
    const assignmentBefore = new Map([...this.assignment].map(([memberId, mine]) => [memberId, [...mine]]));
    const ownersBefore = new Map(this.ownerOf);
    // What must be given up anyway gives room; otherwise moving the free ones alone may do.
    if (!this.mustRevoke) this.moveAround(free, before);
    const moved = this.moveAround(this.all, before);
    if (!isNew && moved && score(this.assignment) >= score(assignmentBefore)) {
      this.assignment = assignmentBefore;
      this.ownerOf = ownersBefore;
    }
    for (const [memberId, mine] of fixed) this.assignment.set(memberId, mine);
  }

  /** Gives a partition to the member that has least among those who want it (and are near it). */
  private assignOne(unit: Unit, near: boolean): boolean {
    const memberId = this.sorted().find(
      (one) =>
        this.topicsOf.get(one)?.includes(unit.topic) === true &&
        !(near && this.input.racks.mismatch(one, unit)),
    );
    if (memberId === undefined) return false;
    this.assignment.get(memberId)?.push(unit);
    this.ownerOf.set(unit, memberId);
    return true;
  }

  private canTake(memberId: string, movable: (unit: Unit) => boolean): boolean {
    return (
      this.countOf(memberId) < this.mostOf(memberId) || (this.assignment.get(memberId) ?? []).some(movable)
    );
  }

  private mostOf(memberId: string): number {
    const { topics } = this.input.units;
    return (this.topicsOf.get(memberId) ?? []).reduce(
      (sum, topic) => sum + (topics.get(topic)?.length ?? 0),
      0,
    );
  }

  /** Moves partitions until no move improves the balance. Returns whether any has moved. */
  private moveAround(units: readonly Unit[], before: ReadonlyMap<Unit, string>): boolean {
    let anyMoved = false;
    for (;;) {
      let moved = false;
      for (const unit of units) {
        if (this.isBalanced()) break;
        const to = this.betterOwner(unit, before);
        if (to === undefined) continue;
        this.moveTo(unit, to);
        moved = true;
      }
      if (!moved) return anyMoved;
      anyMoved = true;
    }
  }

  private betterOwner(unit: Unit, before: ReadonlyMap<Unit, string>): string | undefined {
    const owner = this.ownerOf.get(unit);
    assert(owner !== undefined, 'a partition that was given to a member');
    const count = this.countOf(owner);
    const previous = before.get(unit);
    if (previous !== undefined && this.taking.has(previous) && count > this.countOf(previous) + 1)
      return previous;
    const subscribers = this.subscribersOf.get(unit.topic) ?? [];
    if (!subscribers.some((other) => count > this.countOf(other) + 1)) return undefined;
    return this.sorted().find((one) => this.topicsOf.get(one)?.includes(unit.topic) === true);
  }

  private moveTo(wanted: Unit, to: string): void {
    const owner = this.ownerOf.get(wanted) ?? '';
    const unit = this.movements.better(wanted, owner, to);
    const from = this.ownerOf.get(unit) ?? '';
    this.movements.move(unit, from, to);
    remove(this.assignment.get(from) ?? [], unit);
    this.assignment.get(to)?.push(unit);
    this.ownerOf.set(unit, to);
  }

  private isBalanced(): boolean {
    const sorted = this.sorted();
    const fewest = this.countOf(sorted[0] ?? '');
    const most = this.countOf(sorted[sorted.length - 1] ?? '');
    if (fewest >= most - 1) return true;
    const owners = new Map<Unit, string>();
    for (const [memberId, mine] of this.assignment) for (const unit of mine) owners.set(unit, memberId);
    return sorted.every((memberId) => {
      const count = this.countOf(memberId);
      if (count === this.mostOf(memberId)) return true;
      return this.input.units.all([...(this.topicsOf.get(memberId) ?? [])]).every((unit) => {
        const owner = owners.get(unit);
        return owner === undefined || owner === memberId || count + 1 >= this.countOf(owner);
      });
    });
  }

  private countOf(memberId: string): number {
    return this.assignment.get(memberId)?.length ?? 0;
  }

  /** Those with the fewest partitions first. */
  private sorted(): string[] {
    return [...this.taking].sort((a, b) => this.countOf(a) - this.countOf(b) || compareStrings(a, b));
  }
}

/** The lower, the more even. */
function score(assignment: ReadonlyMap<string, readonly Unit[]>): number {
  const counts = [...assignment.values()].map(({ length }) => length);
  let sum = 0;
  for (const [index, count] of counts.entries()) {
    for (const other of counts.slice(index + 1)) sum += Math.abs(count - other);
  }
  return sum;
}
