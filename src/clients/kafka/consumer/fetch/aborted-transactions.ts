import type { RecordBatch } from '../../../../wire/kafka/records/batch.ts';
import { readEndTransactionMarker } from '../../../../wire/kafka/records/control.ts';
import { readBatch } from '../../../../wire/kafka/records/records.ts';

/** An aborted transaction of a fetched partition: the producer's records from `firstOffset` to its ABORT marker. */
export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: number;
}

/** Tells which batches of an answer belong to aborted transactions. Batches must be shown in the order of the log. */
export class AbortedTransactions {
  /** Those that have not begun, by first offset. */
  private readonly upcoming: AbortedTransaction[];
  private begun = 0;
  /** Producers inside an aborted transaction. */
  private readonly producers = new Set<bigint>();

  constructor(transactions: readonly AbortedTransaction[]) {
    this.upcoming = [...transactions].sort((a, b) => a.firstOffset - b.firstOffset);
  }

  /** Whether nothing in the batch may be handed over; always for markers, whose meaning is taken in. */
  covers(batch: RecordBatch): boolean {
    if (batch.hasProducerId) this.beginUpTo(batch.lastOffset);
    if (batch.isControl) {
      this.passMarker(batch);
      return true;
    }
    return batch.isTransactional && this.producers.has(batch.producerId);
  }

  private beginUpTo(offset: number): void {
    for (;;) {
      const next = this.upcoming[this.begun];
      if (next === undefined || next.firstOffset > offset) return;
      this.producers.add(next.producerId);
      this.begun++;
    }
  }

  private passMarker(batch: RecordBatch): void {
    if (!this.producers.has(batch.producerId)) return;
    for (const record of readBatch(batch)) {
      if (readEndTransactionMarker(record)?.type === 'ABORT') this.producers.delete(batch.producerId);
    }
  }
}
