import { incrementSequence, NO_SEQUENCE } from '../../../wire/kafka/records/batch.ts';
import { NO_PRODUCER, type ProducerBatch, type ProducerIdAndEpoch } from './producer-batch.ts';

/** Half of all sequences: the further one is behind, not ahead. */
const HALF = 0x4000_0000;
const ALL = 0x8000_0000;

/** What an idempotent producer keeps of one partition (Apache's `TxnPartitionEntry`). */
export class PartitionSequences {
  /** As whom the partition is written. */
  producer: ProducerIdAndEpoch = NO_PRODUCER;
  /** Of the next new batch. */
  next = 0;
  /** Of the last record that was acknowledged; -1 for none of this epoch. */
  lastAcked = NO_SEQUENCE;
  lastAckedOffset = -1;
  /**
   * The sequence that follows a batch of unknown fate: it was sent, and its time is up. No new batch goes out until
   * all that are under way have come back.
   */
  unresolved: number | undefined;
  /** Batches that have sequences and no outcome, in order: under way, or to be sent again. */
  private readonly inFlight: ProducerBatch[] = [];

  get hasInFlight(): boolean {
    return this.inFlight.length > 0;
  }

  get firstInFlight(): ProducerBatch | undefined {
    return this.inFlight[0];
  }

  /** Gives a batch the next sequences. */
  assign(batch: ProducerBatch): void {
    batch.setProducer(this.producer, this.next);
    this.next = incrementSequence(this.next, batch.count);
    this.inFlight.push(batch);
  }

  remove(batch: ProducerBatch): void {
    const index = this.inFlight.indexOf(batch);
    if (index >= 0) this.inFlight.splice(index, 1);
  }

  /** Puts what a batch was split into in its place. */
  replace(batch: ProducerBatch, parts: readonly ProducerBatch[]): void {
    const index = this.inFlight.indexOf(batch);
    this.inFlight.splice(index < 0 ? 0 : index, index < 0 ? 0 : 1, ...parts);
  }

  /** Whether `a` comes before `b` of the same partition. */
  isBefore(a: ProducerBatch, b: ProducerBatch): boolean {
    return this.inFlight.indexOf(a) < this.inFlight.indexOf(b);
  }

  acknowledged(batch: ProducerBatch, baseOffset: number): void {
    if (batch.producerIdAndEpoch === this.producer) {
      const { lastSequence } = batch;
      const aheadBy = (lastSequence - this.lastAcked + ALL) % ALL;
      if (this.lastAcked === NO_SEQUENCE || aheadBy < HALF) this.lastAcked = lastSequence;
    }
    if (baseOffset >= 0) {
      this.lastAckedOffset = Math.max(this.lastAckedOffset, baseOffset + batch.count - 1);
    }
    this.remove(batch);
  }

  /** Whether all before this sequence has been acknowledged. */
  isNext(sequence: number): boolean {
    return this.lastAcked === NO_SEQUENCE
      ? sequence === 0
      : sequence === incrementSequence(this.lastAcked, 1);
  }

  markUnresolved(batch: ProducerBatch): void {
    const after = incrementSequence(batch.lastSequence, 1);
    const isLater = this.unresolved === undefined || (after - this.unresolved + ALL) % ALL < HALF;
    if (isLater) this.unresolved = after;
  }

  /** Everything that is to be sent counts from 0 again, as this producer. */
  startAtBeginning(producer: ProducerIdAndEpoch): void {
    this.producer = producer;
    this.next = 0;
    this.lastAcked = NO_SEQUENCE;
    this.unresolved = undefined;
    for (const batch of this.inFlight) {
      batch.setProducer(producer, this.next);
      this.next = incrementSequence(this.next, batch.count);
    }
  }

  /** Knows nothing any more, not even of batches under way. */
  clear(): void {
    this.inFlight.length = 0;
    this.startAtBeginning(NO_PRODUCER);
  }

  /** A batch that was never written leaves no hole: those after it move up. */
  closeGap(failed: ProducerBatch): void {
    const { count, baseSequence } = failed;
    this.next = (this.next - count + ALL) % ALL;
    for (const batch of this.inFlight) {
      const isAfter = (batch.baseSequence - baseSequence + ALL) % ALL < HALF;
      if (isAfter) batch.setProducer(batch.producerIdAndEpoch, (batch.baseSequence - count + ALL) % ALL);
    }
  }
}
