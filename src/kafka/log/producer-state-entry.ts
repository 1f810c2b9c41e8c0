import { decrementSequence, NO_PRODUCER_EPOCH, NO_SEQUENCE } from '../../wire/kafka/records/batch.ts';

/** How many batches of a producer are remembered, to know a repeated one: the requests it may have in flight. */
const BATCHES_KEPT = 5;

export interface BatchMetadata {
  readonly lastSequence: number;
  readonly lastOffset: number;
  /** Last minus first offset, and so the same for the sequences. */
  readonly offsetDelta: number;
  readonly timestamp: number;
}

export function firstSequenceOf(batch: BatchMetadata): number {
  return decrementSequence(batch.lastSequence, batch.offsetDelta);
}

/** What a partition knows about one idempotent or transactional producer. */
export class ProducerStateEntry {
  readonly producerId: bigint;
  producerEpoch = NO_PRODUCER_EPOCH;
  coordinatorEpoch = -1;
  lastTimestamp = -1;
  /** First offset of the open transaction; undefined when none is open. */
  currentTransactionFirstOffset: number | undefined;
  /** The last batches, oldest first. */
  private batches: BatchMetadata[] = [];

  constructor(producerId: bigint) {
    this.producerId = producerId;
  }

  /** The same state without its batches: the start of an append's own entry. */
  withoutBatches(): ProducerStateEntry {
    const copy = new ProducerStateEntry(this.producerId);
    copy.producerEpoch = this.producerEpoch;
    copy.coordinatorEpoch = this.coordinatorEpoch;
    copy.lastTimestamp = this.lastTimestamp;
    copy.currentTransactionFirstOffset = this.currentTransactionFirstOffset;
    return copy;
  }

  get isEmpty(): boolean {
    return this.batches.length === 0;
  }

  get lastBatch(): BatchMetadata | undefined {
    return this.batches.at(-1);
  }

  get lastSequence(): number {
    return this.lastBatch?.lastSequence ?? NO_SEQUENCE;
  }

  get lastOffset(): number {
    return this.lastBatch?.lastOffset ?? -1;
  }

  addBatch(producerEpoch: number, batch: BatchMetadata): void {
    this.setEpoch(producerEpoch);
    this.keep(batch);
    this.lastTimestamp = batch.timestamp;
  }

  /** Batches of an earlier epoch are forgotten: its sequences begin anew. */
  setEpoch(producerEpoch: number): void {
    if (this.producerEpoch === producerEpoch) return;
    this.batches = [];
    this.producerEpoch = producerEpoch;
  }

  private keep(batch: BatchMetadata): void {
    if (this.batches.length === BATCHES_KEPT) this.batches.shift();
    this.batches.push(batch);
  }

  /** Takes over what an append has made of this producer. */
  update(next: ProducerStateEntry): void {
    this.setEpoch(next.producerEpoch);
    for (const batch of next.batches) this.keep(batch);
    this.coordinatorEpoch = next.coordinatorEpoch;
    this.currentTransactionFirstOffset = next.currentTransactionFirstOffset;
    this.lastTimestamp = next.lastTimestamp;
  }

  /** Takes over the batches that somebody else remembers, who knows this producer in the very same state. */
  remember(other: ProducerStateEntry): void {
    if (other.producerEpoch !== this.producerEpoch || other.lastOffset !== this.lastOffset) return;
    this.batches = [...other.batches];
  }

  /** The remembered batch with exactly this epoch and these sequences. */
  findDuplicate(epoch: number, firstSequence: number, lastSequence: number): BatchMetadata | undefined {
    if (epoch !== this.producerEpoch) return undefined;
    return this.batches.find(
      (batch) => firstSequenceOf(batch) === firstSequence && batch.lastSequence === lastSequence,
    );
  }
}
