import type { EpochEndOffset } from '../../log/log-types.ts';

/** What truncation has to know of a follower's log. */
export interface TruncatedLog {
  readonly logEndOffset: number;
  /** Where the largest epoch at or below this one ends here; both -1 when there is none. */
  endOffsetForEpoch(leaderEpoch: number): EpochEndOffset;
}

export interface Truncation {
  readonly offset: number;
  /** False when the leader has to be asked again, about an earlier epoch. */
  readonly complete: boolean;
}

/**
 * Where a follower cuts its log, by what the leader says about the end of the follower's last epoch (KIP-101 and
 * KIP-279, `AbstractFetcherThread.getOffsetTruncationState`). `initialOffset` is where fetching was to begin.
 */
export function truncationFor(log: TruncatedLog, answer: EpochEndOffset, initialOffset: number): Truncation {
  const { leaderEpoch, endOffset } = answer;
  if (endOffset < 0) return { offset: initialOffset, complete: true };
  const leaderEnd = Math.min(endOffset, log.logEndOffset);
  // A leader of before KIP-279 does not tell which epoch it speaks of.
  if (leaderEpoch < 0) return { offset: leaderEnd, complete: true };
  const own = log.endOffsetForEpoch(leaderEpoch);
  if (own.leaderEpoch < 0) return { offset: leaderEnd, complete: true };
  if (own.leaderEpoch === leaderEpoch) {
    return { offset: Math.min(own.endOffset, leaderEnd), complete: true };
  }
  // The leader's epoch is unknown here: everything after our own epoch before it goes, then the leader is asked about that.
  return { offset: Math.min(own.endOffset, log.logEndOffset), complete: false };
}
