import { type LogOffsetMetadata, offsetOnly } from '../log/log-types.ts';

/** Epoch of a registration that is not known, and so not compared. */
export const UNKNOWN_BROKER_EPOCH = -1;

/** What a leader learns from a follower's fetch. */
export interface FollowerFetch {
  /** From here on it fetches, so it has all before it. */
  readonly logEnd: LogOffsetMetadata;
  readonly logStartOffset: number;
  /** Monotonic time at which the fetch came. */
  readonly atMs: number;
  /** Where the leader's log ended then. */
  readonly leaderEndOffset: number;
  /** Epoch of the follower's registration (KIP-903); -1 when it does not tell. */
  readonly brokerEpoch: number;
}

/** What a leader knows of one follower (Apache's Replica). */
export class FollowerState {
  logEnd: LogOffsetMetadata = offsetOnly(-1);
  logStartOffset = -1;
  /** Monotonic time at which it had everything; minus infinity for never. */
  lastCaughtUpMs = Number.NEGATIVE_INFINITY;
  /** Of its last fetch; undefined before the first. */
  brokerEpoch: number | undefined;
  private lastFetchMs = Number.NEGATIVE_INFINITY;
  private leaderEndAtLastFetch = 0;

  /**
   * A follower is caught up when it fetches from the leader's end, or from where that was at its last fetch: with
   * many small appends it may never reach the end itself.
   */
  record(fetch: FollowerFetch): void {
    const { logEnd, atMs, leaderEndOffset } = fetch;
    if (logEnd.messageOffset >= leaderEndOffset) this.lastCaughtUpMs = Math.max(this.lastCaughtUpMs, atMs);
    else if (logEnd.messageOffset >= this.leaderEndAtLastFetch) {
      this.lastCaughtUpMs = Math.max(this.lastCaughtUpMs, this.lastFetchMs);
    }
    this.logEnd = logEnd;
    this.logStartOffset = fetch.logStartOffset;
    this.lastFetchMs = atMs;
    this.leaderEndAtLastFetch = Math.max(leaderEndOffset, this.leaderEndAtLastFetch);
    this.brokerEpoch = fetch.brokerEpoch;
  }

  /** The leader begins a new epoch. What was known under another leader says nothing; in sync is taken on trust. */
  reset(options: { nowMs: number; leaderEndOffset: number; isNewLeader: boolean; inSync: boolean }): void {
    const { nowMs, leaderEndOffset, isNewLeader, inSync } = options;
    this.lastCaughtUpMs = inSync ? nowMs : Number.NEGATIVE_INFINITY;
    if (isNewLeader) {
      this.logEnd = offsetOnly(-1);
      this.logStartOffset = -1;
      this.lastFetchMs = Number.NEGATIVE_INFINITY;
      this.leaderEndAtLastFetch = -1;
      this.brokerEpoch = undefined;
    } else {
      this.lastFetchMs = this.lastCaughtUpMs;
      this.leaderEndAtLastFetch = leaderEndOffset;
    }
  }

  isCaughtUp(leaderEndOffset: number, nowMs: number, lagTimeMaxMs: number): boolean {
    return leaderEndOffset === this.logEnd.messageOffset || nowMs - this.lastCaughtUpMs <= lagTimeMaxMs;
  }
}
