import { getOrPut } from '../../../../../base/get-or-put.ts';
import { javaStringHash } from '../../../../../base/java-string-hash.ts';
import { JavaHashMap, partitionHash } from './java-hash-map.ts';
import type { Unit } from './sticky-input.ts';

interface Move {
  readonly from: string;
  readonly to: string;
}

/**
 * Which partitions have moved from whom to whom in one assignment, so that none goes back where another of its topic has
 * just come from. As `AbstractStickyAssignor.PartitionMovements`.
 */
export class Movements {
  private readonly moves = new Map<Unit, Move>();
  /** By topic, then by pair. */
  private readonly byTopic = new Map<string, Map<string, JavaHashMap<Unit>>>();

  move(unit: Unit, from: string, to: string): void {
    const before = this.moves.get(unit);
    if (before === undefined) {
      this.add(unit, { from, to });
      return;
    }
    this.moves.delete(unit);
    const pairs = this.byTopic.get(unit.topic);
    const moved = pairs?.get(pairKey(before));
    moved?.delete(unit.key);
    if (moved?.size === 0) pairs?.delete(pairKey(before));
    if (pairs?.size === 0) this.byTopic.delete(unit.topic);
    if (before.from !== to) this.add(unit, { from: before.from, to });
  }

  /** The partition to move in the place of this one: one that goes back the way it has come, if there is such a one. */
  better(unit: Unit, from: string, to: string): Unit {
    const source = this.moves.get(unit)?.from ?? from;
    const back = this.byTopic.get(unit.topic)?.get(pairKey({ from: to, to: source }));
    const [first] = back?.keys() ?? [];
    return (first === undefined ? undefined : back?.get(first)) ?? unit;
  }

  private add(unit: Unit, move: Move): void {
    this.moves.set(unit, move);
    const pairs = getOrPut(this.byTopic, unit.topic, () => new Map<string, JavaHashMap<Unit>>());
    getOrPut(pairs, pairKey(move), () => new JavaHashMap<Unit>(keyHash)).set(unit.key, unit);
  }
}

function pairKey({ from, to }: Move): string {
  return JSON.stringify([from, to]);
}

function keyHash(key: string): number {
  const dash = key.lastIndexOf('-');
  return dash < 0 ? javaStringHash(key) : partitionHash(key.slice(0, dash), Number(key.slice(dash + 1)));
}
