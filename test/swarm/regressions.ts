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
    system: 'kafka-cluster',
    seed: 472,
    steps: 5000,
    story:
      'a leader lost its power and came back while there was no controller; the next controller let it lead on in its old epoch with an empty log, while replicas that had everything were in sync; whoever has registered since the state was written now leaves the ISR first',
  },
  {
    system: 'kafka-cluster',
    seed: 106,
    steps: 5000,
    story:
      'a broker that started anew carried out commands meant for its earlier life, whose registration still stood, and led in its old epoch without its records; commands wait for the registration now',
  },
  {
    system: 'kafka-cluster',
    seed: 1243,
    steps: 3000,
    story:
      'the write of an ISR was done and its answer lost with the connection to ZooKeeper: the controller did not learn of it, and a reassignment that waited for it never ended',
  },
  {
    system: 'kafka',
    seed: 5134,
    steps: 2500,
    story:
      'records and commits were shown and acknowledged before the flush that flush.messages asks for, and a power loss took them; the high watermark now waits for such a flush',
  },
  {
    system: 'zookeeper-ensemble',
    seed: 29,
    steps: 8000,
    story:
      'a log that a full disk left without a header stayed behind, and once a new leader had begun another one the server refused to start',
  },
  {
    system: 'zookeeper-ensemble',
    seed: 90,
    steps: 10_000,
    story:
      'the simulation looked into the log alone for what a new leader has: one had a transaction, logged before and never committed, that came with the tree of a leader who fell before it served; it now knows what any server has applied',
  },
  {
    system: 'zookeeper-ensemble',
    seed: 1242,
    steps: 10_000,
    story:
      'a session sent two syncs and a write together; the leader committed the write before it had confirmed the second sync, and the follower, which answers in order, answered that session no more. Syncs now go before the commits of what was proposed behind them',
  },
  {
    system: 'zookeeper-standalone',
    seed: 921,
    steps: 10_000,
    story:
      'the simulation took a zxid for what it had been before a power loss during recovery, when nobody had been answered yet; the server had given it to another transaction since',
  },
  {
    system: 'zookeeper-ensemble',
    seed: 1917,
    steps: 10_000,
    story:
      'the linearizability check ran out of memory over 46 operations at a time on one register; it now tries the order of the zxids first, which proves itself, before it searches',
  },
  {
    system: 'zookeeper-ensemble',
    seed: 1421,
    steps: 10_000,
    story:
      'a server had accepted an epoch of its own that came to nothing, and could not follow the leader of an earlier one for as long as that led; a leader now gives up for such a server, unless it has a later history',
  },
  {
    system: 'zookeeper-reconfig',
    seed: 11,
    steps: 8000,
    story:
      'a reconfiguration made two observers voters and was accepted because they follow, but observers are not asked about proposals: it was never committed, nor was anything behind it. Such a one is refused now, as by Apache: only who follows counts',
  },
  {
    system: 'recipes-standalone',
    seed: 355,
    steps: 1500,
    story:
      'a put whose answer was lost looked for its item, which others had taken and completed by then, and put it a second time; an ephemeral node made in the same transaction tells now',
  },
  {
    system: 'recipes-standalone',
    seed: 197,
    steps: 1500,
    story:
      'a taker had been without a connection for long enough to take its claim for lost, but its session lived on: complete() rejected and left the claim there, so that nobody else could ever take the item; it is given up now',
  },
  {
    system: 'recipes-standalone',
    seed: 302,
    steps: 1500,
    story: 'as seed 197, with a server that lost its power: the sessions outlived it, and so did the claim',
  },
  {
    system: 'recipes-standalone',
    seed: 475,
    steps: 1500,
    story: 'as seed 197, of a queue beside leases, under all faults of the network',
  },
  {
    system: 'recipes-standalone',
    seed: 31,
    steps: 1500,
    story:
      'a party of a double barrier that read its node after the next round had begun took that round for its own; the node keeps the ends of all rounds that still have places now',
  },
  {
    system: 'recipes-standalone',
    seed: 1207,
    steps: 1500,
    story:
      'the simulation took a create whose answer was lost for done, and the node below it had no parent; it tries again now',
  },
];
