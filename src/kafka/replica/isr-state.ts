import type { IsrChange } from './isr-changes.ts';

/**
 * The in-sync replicas of a partition as its leader sees them (Apache's PartitionState, KIP-497).
 *
 * States: committed -> expanding | shrinking (the controller has been asked) -> committed, by its answer or by what
 * it says meanwhile.
 */
export interface IsrState {
  readonly kind: 'committed' | 'expanding' | 'shrinking';
  /** What the controller has said. */
  readonly isr: ReadonlySet<number>;
  /**
   * The largest set that may hold now. Acknowledgements wait for all of it: while an expansion is under way the
   * new member counts already, and while a shrinking is, the old members still do.
   */
  readonly maximal: ReadonlySet<number>;
  /** What was asked for; undefined when committed. */
  readonly change: IsrChange | undefined;
}

export function committedIsr(isr: Iterable<number>): IsrState {
  const members = new Set(isr);
  return { kind: 'committed', isr: members, maximal: members, change: undefined };
}

/** While the answer is out, on top of a committed state. */
export function pendingIsr(committed: IsrState, change: IsrChange): IsrState {
  const wanted = new Set(change.isr.map(({ brokerId }) => brokerId));
  const expands = [...wanted].some((id) => !committed.isr.has(id));
  return {
    kind: expands ? 'expanding' : 'shrinking',
    isr: committed.isr,
    maximal: expands ? new Set([...committed.isr, ...wanted]) : committed.isr,
    change,
  };
}
