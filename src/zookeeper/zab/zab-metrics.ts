import { Summary, SummarySet } from '../../base/summary.ts';
import type { Clock } from '../../env/clock.ts';
import type { TxnHeader } from '../../wire/zookeeper/txn.ts';

/**
 * What a leader and a learner measure (ServerMetrics of 3.9), in milliseconds; outlives their terms. Latencies of
 * transactions count from the wall clock of the leader that made them, as in Apache: where clocks are apart, so are they.
 */
export class ZabMetrics {
  // Of a leader
  proposals = 0;
  readonly quorumAckMs = new Summary({ detailed: true });
  /** By the id of who acknowledged. */
  readonly ackMs = new SummarySet();
  diffs = 0;
  snaps = 0;
  revalidations = 0;
  /** Learners being brought up to date at a time, seen when one begins and when one ends. */
  readonly inflightDiffs = new Summary();
  readonly inflightSnaps = new Summary();
  // Of a learner
  proposalsReceived = 0;
  commitsReceived = 0;
  readonly proposalMs = new Summary({ detailed: true });
  readonly commitMs = new Summary({ detailed: true });
  /** From LEADERINFO to UPTODATE. */
  readonly followerSyncMs = new Summary();
  readonly observerSyncMs = new Summary();
  // Of both
  /** Until a transaction was on this server's disk. */
  readonly ackCreationMs = new Summary({ detailed: true });
  private readonly underWay = { DIFF: 0, SNAP: 0 };
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Adds the age of a transaction, unless the clocks say that it has none. */
  age(summary: Summary, { time }: Pick<TxnHeader, 'time'>): void {
    const ageMs = this.clock.nowMs() - time;
    if (ageMs >= 0) summary.add(ageMs);
  }

  monotonicMs(): number {
    return this.clock.monotonicMs();
  }

  /** A learner begins to be brought up to date; gives what is to be called, once, when that is over. */
  syncBegins(type: 'DIFF' | 'TRUNC' | 'SNAP'): () => void {
    const kind = type === 'SNAP' ? 'SNAP' : 'DIFF';
    if (kind === 'SNAP') this.snaps++;
    else this.diffs++;
    this.underWay[kind]++;
    this.seeInflight(kind);
    return () => {
      this.underWay[kind]--;
      this.seeInflight(kind);
    };
  }

  private seeInflight(kind: 'DIFF' | 'SNAP'): void {
    (kind === 'SNAP' ? this.inflightSnaps : this.inflightDiffs).add(this.underWay[kind]);
  }

  /** `srst` */
  reset(): void {
    this.proposals = 0;
    this.diffs = 0;
    this.snaps = 0;
    this.revalidations = 0;
    this.proposalsReceived = 0;
    this.commitsReceived = 0;
    this.ackMs.reset();
    const { quorumAckMs, inflightDiffs, inflightSnaps, proposalMs, commitMs } = this;
    for (const summary of [quorumAckMs, inflightDiffs, inflightSnaps, proposalMs, commitMs]) summary.reset();
    for (const summary of [this.followerSyncMs, this.observerSyncMs, this.ackCreationMs]) summary.reset();
  }
}
