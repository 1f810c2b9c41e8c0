import type { TxnEntry } from '../../../src/wire/zookeeper/txn-entry.ts';
import { counterOf, epochOf } from '../../../src/zookeeper/pipeline/zxid.ts';
import { InvariantViolation } from '../invariant.ts';

/**
 * Every transaction that was ever applied to the tree of a server, committed or not, and how epochs follow each other:
 * what is in a tree can be told from its last zxid. A tree that came from a leader holds transactions that its own
 * server has not logged.
 */
export class AppliedTxns {
  private readonly txns = new Map<number, TxnEntry>();
  /** The last zxid of the history on which the leader of an epoch built. */
  private readonly bases = new Map<number, number>();

  see(entry: TxnEntry): void {
    // A lone server may give a zxid anew when power was lost before it served with what it had been.
    this.txns.set(entry.header.zxid, entry);
  }

  epochBegins(epoch: number, base: number): void {
    this.bases.set(epoch, base);
  }

  /** What a tree with the last zxid `to` has behind `from`, oldest first. Throws InvariantViolation. */
  between(from: number, to: number): TxnEntry[] {
    const history: TxnEntry[] = [];
    let zxid = to;
    while (zxid > from) {
      const isFirstOfEpoch = counterOf(zxid) === 0;
      const txn = this.txns.get(zxid);
      const before = isFirstOfEpoch ? this.bases.get(epochOf(zxid)) : zxid - 1;
      if (before === undefined || (txn === undefined && !isFirstOfEpoch)) {
        const text = `0x${zxid.toString(16)} is in a tree, and nobody has made it`;
        throw new InvariantViolation('integrity', text);
      }
      if (txn !== undefined) history.unshift(txn);
      zxid = before;
    }
    return history;
  }
}
