/** Runs that once broke a rule; each stays, with what it was. `npm test` runs them all. */
export interface Regression {
  readonly system: string;
  readonly seed: number;
  readonly steps: number;
  /** What went wrong, and what made it right. */
  readonly story: string;
}

export const regressions: readonly Regression[] = [
  {
    system: 'kafka',
    seed: 5112,
    steps: 5000,
    story:
      'a commit was acknowledged before the flush that flush.messages asks for, and a power loss took it; the high watermark now waits for such a flush',
  },
  {
    system: 'kafka',
    seed: 5107,
    steps: 10_000,
    story:
      'a batch that was tried again after its broker fell was found in the page cache and acknowledged unflushed, and a power loss took it',
  },
  {
    system: 'zookeeper-ensemble',
    seed: 45,
    steps: 15_000,
    story:
      'a log that a full disk left without a header stayed behind, and once a new leader had begun another one the server refused to start',
  },
  {
    system: 'zookeeper-ensemble',
    seed: 1116,
    steps: 12_000,
    story:
      'a leader that had recovered from a snapshot alone left the last transaction out of a DIFF from its log on disk',
  },
];
