import { epochOf } from '../pipeline/zxid.ts';
import { ZAB_GUARDS, type ZabGuards } from './guards.ts';

/** A transaction as it stands in the log and in proposals. */
export interface HistoryTxn {
  readonly zxid: number;
  readonly payload: Buffer;
}

/** ZKDatabase.DEFAULT_COMMIT_LOG_COUNT */
const DEFAULT_LIMIT = 500;

/**
 * The latest committed transactions, from which learners that lag a little are brought up to date. Never has a
 * hole: what does not follow the last one makes it begin anew (ZOOKEEPER-4925).
 */
export class CommittedLog {
  private readonly limit: number;
  private readonly guards: ZabGuards;
  private txns: HistoryTxn[] = [];

  constructor(limit = DEFAULT_LIMIT, guards: ZabGuards = ZAB_GUARDS) {
    this.guards = guards;
    this.limit = limit;
  }

  add(txn: HistoryTxn): void {
    const last = this.txns.at(-1);
    if (last !== undefined && this.guards.noHoles && !follows(last.zxid, txn.zxid)) this.txns = [];
    this.txns.push(txn);
    // Cut in pieces, for a shift per transaction would move the whole list.
    if (this.txns.length >= this.limit * 2) this.txns = this.txns.slice(-this.limit);
  }

  /** The history has changed otherwise: a snapshot was loaded, or the end cut off. */
  clear(): void {
    this.txns = [];
  }

  /** Oldest first. */
  list(): readonly HistoryTxn[] {
    return this.txns.length > this.limit ? this.txns.slice(-this.limit) : this.txns;
  }
}

/** Whether a transaction may come right after another: the next of its epoch, or one of a later epoch. */
export function follows(zxid: number, next: number): boolean {
  return next === zxid + 1 || epochOf(next) > epochOf(zxid);
}
