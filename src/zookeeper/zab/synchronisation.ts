import { counterOf, epochOf } from '../pipeline/zxid.ts';
import { follows, type HistoryTxn } from './committed-log.ts';
import type { ZabGuards } from './guards.ts';

/** What a leader knows of the past. */
export interface History {
  /** The last transaction in the tree. */
  readonly lastProcessedZxid: number;
  /** The latest committed transactions without a hole, oldest first. */
  committed(): readonly HistoryTxn[];
  /**
   * Logged transactions, from one at or before `zxid` on; nothing when the log does not reach back that far, or
   * when a snapshot would be cheaper than sending them.
   */
  logged(zxid: number): Iterable<HistoryTxn>;
  /** Absent: all hold. */
  readonly guards?: ZabGuards;
}

/**
 * How a learner gets the leader's history: DIFF sends what it lacks, TRUNC has it cut off what it has too
 * much (and then sends what it lacks), SNAP sends the tree.
 */
export type SyncPlan =
  | { readonly type: 'DIFF' | 'TRUNC'; readonly zxid: number; readonly txns: readonly HistoryTxn[] }
  | { readonly type: 'SNAP' };

const SNAP: SyncPlan = { type: 'SNAP' };

/**
 * Decides by the learner's last zxid (LearnerHandler.syncFollower):
 *
 * 1. It has what the leader has: an empty DIFF.
 * 2. It has more: TRUNC. Not if its last zxid is the first of an epoch, which is in no log, so nothing could be
 *    cut off.
 * 3. Its last zxid is within the committed log: DIFF, or TRUNC when the leader does not know that very zxid.
 * 4. It lags more: from the log on disk, then as 3.
 * 5. Whatever is left, and whenever the transactions have a hole: SNAP.
 */
export function planSync(peerLastZxid: number, history: History): SyncPlan {
  const { lastProcessedZxid } = history;
  const committed = history.committed();
  const minZxid = committed[0]?.zxid ?? lastProcessedZxid;
  const maxZxid = committed.at(-1)?.zxid ?? lastProcessedZxid;
  if (peerLastZxid === lastProcessedZxid) return { type: 'DIFF', zxid: peerLastZxid, txns: [] };
  if (peerLastZxid > maxZxid && !isFirstOfEpoch(peerLastZxid)) {
    return { type: 'TRUNC', zxid: maxZxid, txns: [] };
  }
  const mayHaveHoles = history.guards?.noHoles === false;
  if (peerLastZxid >= minZxid && peerLastZxid <= maxZxid) {
    return fromTxns(committed, { peerLastZxid, maxZxid, mayHaveHoles });
  }
  if (peerLastZxid > maxZxid) return SNAP;
  const logged: HistoryTxn[] = [];
  for (const txn of history.logged(peerLastZxid)) {
    const isWanted = committed.length > 0 ? txn.zxid < minZxid : txn.zxid <= lastProcessedZxid;
    if (!isWanted) break;
    logged.push(txn);
  }
  const txns = [...logged, ...committed];
  const first = txns[0];
  const last = txns.at(-1);
  if (first === undefined || last === undefined || first.zxid > peerLastZxid) return SNAP;
  if (last.zxid !== lastProcessedZxid && !isFirstOfEpoch(lastProcessedZxid)) return SNAP;
  return fromTxns(txns, { peerLastZxid, maxZxid, mayHaveHoles });
}

function fromTxns(
  txns: readonly HistoryTxn[],
  { peerLastZxid, maxZxid, mayHaveHoles }: { peerLastZxid: number; maxZxid: number; mayHaveHoles: boolean },
): SyncPlan {
  const later = txns.findIndex((txn) => txn.zxid > peerLastZxid);
  const at = later === -1 ? txns.length : later;
  const before = txns[at - 1];
  const missing = txns.slice(at);
  if (!mayHaveHoles && hasHole(before === undefined ? missing : [before, ...missing])) return SNAP;
  if (before?.zxid === peerLastZxid || isFirstOfEpoch(peerLastZxid)) {
    return { type: 'DIFF', zxid: maxZxid, txns: missing };
  }
  // The learner has something that never was committed. What is older than its epoch cannot be cut off.
  const next = missing[0];
  if (before === undefined || next === undefined || epochOf(next.zxid) !== epochOf(peerLastZxid)) return SNAP;
  return { type: 'TRUNC', zxid: before.zxid, txns: missing };
}

function hasHole(txns: readonly HistoryTxn[]): boolean {
  return txns.some((txn, i) => {
    const before = txns[i - 1];
    return before !== undefined && !follows(before.zxid, txn.zxid);
  });
}

/** A leader that has just begun its epoch, and learners that got its tree, have such a last zxid. */
function isFirstOfEpoch(zxid: number): boolean {
  return counterOf(zxid) === 0;
}
