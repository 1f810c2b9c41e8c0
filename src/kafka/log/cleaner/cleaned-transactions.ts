import type { RecordBatch } from '../../../wire/kafka/records/batch.ts';
import { readEndTransactionMarker } from '../../../wire/kafka/records/control.ts';
import { readBatch } from '../../../wire/kafka/records/records.ts';
import type { AbortedTransactionEntry, TransactionIndex } from '../transaction-index.ts';

interface OngoingAbort {
  readonly entry: AbortedTransactionEntry;
  /** A batch of the transaction is still in the log. */
  hasBatches: boolean;
}

/**
 * The transactions that a cleaning is inside of, as it goes through a log. Says of each batch whether it may go:
 * data of aborted transactions at once, a marker when nothing of its transaction was met. Writes the transaction
 * index of the cleaned segments meanwhile (CleanedTransactionMetadata in Apache's LogCleaner).
 */
export class CleanedTransactions {
  /** Where the aborts go that stay in the log; undefined while only the map is built. */
  index: TransactionIndex | undefined;
  /** Aborted ones that are known and not reached yet, by first offset, the latest first. */
  private expected: AbortedTransactionEntry[] = [];
  private readonly aborted = new Map<bigint, OngoingAbort>();
  private readonly committed = new Set<bigint>();

  /** Aborted transactions that touch what comes next; those known already may be among them. */
  expect(entries: readonly AbortedTransactionEntry[]): void {
    this.expected = [...this.expected, ...entries].sort((a, b) => b.firstOffset - a.firstOffset);
  }

  /** Returns whether a data batch belongs to an aborted transaction. */
  passData(batch: RecordBatch): boolean {
    this.reach(batch.lastOffset);
    if (!batch.isTransactional) return false;
    const ongoing = this.aborted.get(batch.producerId);
    if (ongoing === undefined) {
      this.committed.add(batch.producerId);
      return false;
    }
    ongoing.hasBatches = true;
    return true;
  }

  /** Returns whether nothing is left of the transaction that a control batch ends. */
  passControl(batch: RecordBatch): boolean {
    this.reach(batch.lastOffset);
    for (const record of readBatch(batch)) {
      const marker = readEndTransactionMarker(record);
      if (marker === undefined) return false;
      if (marker.type === 'COMMIT') return !this.committed.delete(batch.producerId);
      return this.endAborted(batch.producerId);
    }
    // A batch that an earlier cleaning has emptied.
    return true;
  }

  private endAborted(producerId: bigint): boolean {
    const ongoing = this.aborted.get(producerId);
    this.aborted.delete(producerId);
    if (ongoing === undefined || !ongoing.hasBatches) return true;
    this.index?.append(ongoing.entry);
    return false;
  }

  private reach(offset: number): void {
    for (;;) {
      const next = this.expected.at(-1);
      if (next === undefined || next.firstOffset > offset) return;
      this.expected.pop();
      if (!this.aborted.has(next.producerId)) {
        this.aborted.set(next.producerId, { entry: next, hasBatches: false });
      }
    }
  }
}
