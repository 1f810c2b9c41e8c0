import { NO_PRODUCER_EPOCH, NO_SEQUENCE, type RecordBatch } from '../../wire/kafka/records/batch.ts';
import { type EndTransactionMarker, readEndTransactionMarker } from '../../wire/kafka/records/control.ts';
import { readBatch } from '../../wire/kafka/records/records.ts';
import { LogError } from './log-error.ts';
import { type AppendOrigin, type LogOffsetMetadata, offsetOnly } from './log-types.ts';
import type { ProducerStateEntry } from './producer-state-entry.ts';

export interface StartedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: LogOffsetMetadata;
}

export interface CompletedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: number;
  /** Of the marker. */
  readonly lastOffset: number;
  readonly aborted: boolean;
}

const MAX_SEQUENCE = 0x7fff_ffff;

/**
 * Checks what one append brings for one producer against what the partition knows of it, and collects the state
 * that it will have once the append is in the log. Nothing is changed until {@link ProducerStateManager.update}.
 */
export class ProducerAppend {
  private readonly known: ProducerStateEntry;
  private readonly origin: AppendOrigin;
  readonly updated: ProducerStateEntry;
  readonly started: StartedTransaction[] = [];

  constructor(known: ProducerStateEntry, origin: AppendOrigin) {
    this.known = known;
    this.origin = origin;
    this.updated = known.withoutBatches();
  }

  /**
   * Adds a batch. Returns the transaction that it ended, if it is a marker. Throws INVALID_PRODUCER_EPOCH,
   * OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_TXN_STATE or TRANSACTION_COORDINATOR_FENCED.
   */
  append(batch: RecordBatch, firstOffset?: LogOffsetMetadata): CompletedTransaction | undefined {
    if (!batch.isControl) {
      this.appendData(batch, firstOffset ?? offsetOnly(batch.baseOffset));
      return undefined;
    }
    // The cleaner may have taken the marker away and left its batch empty; other control records end nothing.
    for (const record of readBatch(batch)) {
      const marker = readEndTransactionMarker(record);
      return marker === undefined ? undefined : this.appendMarker(batch, marker, record.timestamp);
    }
    return undefined;
  }

  private appendData(batch: RecordBatch, firstOffset: LogOffsetMetadata): void {
    const { producerEpoch, lastOffset, isTransactional } = batch;
    const { messageOffset } = firstOffset;
    this.checkEpoch(producerEpoch, messageOffset);
    if (this.origin === 'client') this.checkSequence(producerEpoch, batch.baseSequence, messageOffset);
    this.updated.addBatch(producerEpoch, {
      lastSequence: batch.lastSequence,
      lastOffset,
      offsetDelta: lastOffset - messageOffset,
      timestamp: batch.maxTimestamp,
    });
    const open = this.updated.currentTransactionFirstOffset !== undefined;
    if (open && !isTransactional) {
      throw new LogError(
        'INVALID_TXN_STATE',
        `producer ${this.updated.producerId} writes outside its open transaction at offset ${messageOffset}`,
      );
    }
    if (!open && isTransactional) {
      this.updated.currentTransactionFirstOffset = messageOffset;
      this.started.push({ producerId: this.updated.producerId, firstOffset });
    }
  }

  private appendMarker(
    batch: RecordBatch,
    marker: EndTransactionMarker,
    timestamp: number,
  ): CompletedTransaction | undefined {
    const { producerEpoch, baseOffset } = batch;
    const { updated } = this;
    this.checkEpoch(producerEpoch, baseOffset);
    this.checkCoordinatorEpoch(marker.coordinatorEpoch, baseOffset);
    const firstOffset = updated.currentTransactionFirstOffset;
    updated.setEpoch(producerEpoch);
    updated.coordinatorEpoch = marker.coordinatorEpoch;
    updated.currentTransactionFirstOffset = undefined;
    updated.lastTimestamp = timestamp;
    // A marker without data before it changes neither the last stable offset nor the transaction index.
    if (firstOffset === undefined) return undefined;
    return {
      producerId: updated.producerId,
      firstOffset,
      lastOffset: baseOffset,
      aborted: marker.type === 'ABORT',
    };
  }

  /** A replica takes what its leader took; only clients and coordinators are refused. */
  private checkEpoch(producerEpoch: number, offset: number): void {
    if (producerEpoch >= this.updated.producerEpoch || this.origin === 'replication') return;
    throw new LogError(
      'INVALID_PRODUCER_EPOCH',
      `epoch ${producerEpoch} of producer ${this.updated.producerId} at offset ${offset} is older than ` +
        `${this.updated.producerEpoch}, seen before`,
    );
  }

  private checkCoordinatorEpoch(coordinatorEpoch: number, offset: number): void {
    if (coordinatorEpoch >= this.updated.coordinatorEpoch || this.origin === 'replication') return;
    throw new LogError(
      'TRANSACTION_COORDINATOR_FENCED',
      `coordinator epoch ${coordinatorEpoch} of a marker for producer ${this.updated.producerId} at offset ` +
        `${offset} is older than ${this.updated.coordinatorEpoch}, seen before`,
    );
  }

  private checkSequence(producerEpoch: number, firstSequence: number, offset: number): void {
    if (producerEpoch !== this.updated.producerEpoch) {
      // A new epoch begins at sequence 0, unless nothing is known of the producer at all.
      if (firstSequence !== 0 && this.updated.producerEpoch !== NO_PRODUCER_EPOCH) {
        throw this.outOfOrder(offset, `${firstSequence} where epoch ${producerEpoch} begins`);
      }
      return;
    }
    // With all of a producer's records deleted by retention, any sequence may come next.
    if (this.known.producerEpoch === NO_PRODUCER_EPOCH) return;
    const last = this.lastSequence(producerEpoch);
    const follows = firstSequence === last + 1 || (firstSequence === 0 && last === MAX_SEQUENCE);
    if (!follows) throw this.outOfOrder(offset, `${firstSequence} after ${last}`);
  }

  private lastSequence(producerEpoch: number): number {
    if (!this.updated.isEmpty) return this.updated.lastSequence;
    return producerEpoch === this.known.producerEpoch ? this.known.lastSequence : NO_SEQUENCE;
  }

  private outOfOrder(offset: number, what: string): LogError {
    return new LogError(
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
      `producer ${this.updated.producerId} at offset ${offset}: sequence ${what}`,
    );
  }
}
