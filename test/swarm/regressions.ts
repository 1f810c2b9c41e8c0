/** Runs that once broke a rule; each stays, with what it was. `npm test` runs them all. */
export interface Regression {
  readonly system: string;
  readonly seed: number;
  readonly steps: number;
  /** What went wrong, and what made it right. */
  readonly story: string;
}

export const regressions: readonly Regression[] = [];
