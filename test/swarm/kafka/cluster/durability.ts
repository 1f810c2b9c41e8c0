import type { Observation } from './observation.ts';

/**
 * When Kafka's promise holds for a partition, and when it lapses: what is acknowledged with acks=all is on all
 * in-sync replicas, in page caches. It is kept as long as every leader is from the ISR and has not lost power, with
 * something unsynced, since it is in it. A leader that breaks this lets the promise lapse, from its leader epoch on;
 * an end of the log may be lost with it.
 *
 * A replica that lost power is tainted in each partition whose ISR has it, until it leaves that ISR: it comes back
 * only with all that was committed.
 */
export class Durability {
  /** How often the promise lapsed. */
  count = 0;
  private readonly isrs = new Map<string, { leader: number; leaderEpoch: number; isr: readonly number[] }>();
  private readonly tainted = new Map<string, Set<number>>();
  private readonly lapsedAt = new Map<string, number>();
  private readonly lapse: (partition: string) => void;

  constructor(lapse: (partition: string) => void) {
    this.lapse = lapse;
  }

  /** Leader epoch of the last election that broke the rule; undefined while the promise has always held. */
  lapseEpoch(partition: string): number | undefined {
    return this.lapsedAt.get(partition);
  }

  see(observation: Observation): void {
    if (observation.kind === 'power lost') this.taint(observation.broker);
    if (observation.kind === 'role' && observation.isLeader) {
      const { partition, broker, leaderEpoch } = observation;
      // Without an election: nobody has noticed that it was gone.
      if (this.tainted.get(partition)?.has(broker)) this.lapses(partition, broker, leaderEpoch);
    }
    if (observation.kind !== 'state') return;
    const { partition, leader, leaderEpoch, isr } = observation;
    const before = this.isrs.get(partition);
    this.isrs.set(partition, { leader, leaderEpoch, isr });
    const tainted = this.tainted.get(partition);
    const isElection = before !== undefined && leaderEpoch > before.leaderEpoch && leader >= 0;
    const isUnclean = isElection && !before.isr.includes(leader);
    if (isUnclean || (isElection && tainted?.has(leader))) this.lapses(partition, leader, leaderEpoch);
    for (const broker of tainted ?? []) if (!isr.includes(broker)) tainted?.delete(broker);
  }

  private lapses(partition: string, leader: number, leaderEpoch: number): void {
    this.count++;
    this.lapsedAt.set(partition, leaderEpoch);
    // From here on its log is the truth.
    this.tainted.get(partition)?.delete(leader);
    this.lapse(partition);
  }

  private taint(broker: number): void {
    for (const [partition, { isr }] of this.isrs) {
      if (!isr.includes(broker)) continue;
      const tainted = this.tainted.get(partition) ?? new Set();
      this.tainted.set(partition, tainted.add(broker));
    }
  }
}
