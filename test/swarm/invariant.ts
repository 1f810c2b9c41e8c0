/**
 * One rule that every run has to keep, as a function from what happened to what is wrong with it. It sees every
 * observation once, in order, right after the event that made it.
 */
export interface Invariant<O> {
  /** As the literature has it, or plain words. */
  readonly name: string;
  /** What breaks the rule; undefined while it holds. */
  see(observation: O): string | undefined;
  /** What is still missing when the run is over and everything has settled. */
  end?(): string | undefined;
}

/** A run broke a rule. */
export class InvariantViolation extends Error {
  override name = 'InvariantViolation';
  readonly invariant: string;

  constructor(invariant: string, text: string) {
    super(`${invariant}: ${text}`);
    this.invariant = invariant;
  }
}

/** What happened, in order, and the rules that judge it. */
export class History<O> {
  readonly observations: O[] = [];
  private readonly invariants: readonly Invariant<O>[];
  private judged = 0;

  constructor(invariants: readonly Invariant<O>[]) {
    this.invariants = invariants;
  }

  /** The position that the next observation gets: what is before another has happened before it. */
  get length(): number {
    return this.observations.length;
  }

  record(observation: O): void {
    this.observations.push(observation);
  }

  /** Lets every rule see what is new. Throws InvariantViolation. */
  judge(): void {
    for (; this.judged < this.observations.length; this.judged++) {
      const observation = this.observations[this.judged] as O;
      for (const invariant of this.invariants) {
        const wrong = invariant.see(observation);
        if (wrong !== undefined) throw new InvariantViolation(invariant.name, wrong);
      }
    }
  }

  /** After the last event. */
  judgeEnd(): void {
    this.judge();
    for (const invariant of this.invariants) {
      const wrong = invariant.end?.();
      if (wrong !== undefined) throw new InvariantViolation(invariant.name, wrong);
    }
  }
}
