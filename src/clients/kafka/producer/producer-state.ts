import { ErrorCode } from '../../../wire/kafka/errors.ts';
import { BrokerError } from '../kafka-error.ts';
import type { PartitionQueue } from './partition-queue.ts';
import { NO_PRODUCER, type ProducerBatch, type ProducerIdAndEpoch } from './producer-batch.ts';

const MAX_EPOCH = 0x7fff;

/** What a broker said of one batch. */
export interface BatchAnswer {
  readonly errorCode: number;
  readonly baseOffset: number;
  readonly logAppendTimeMs: number;
  /** -1 where the broker does not tell. */
  readonly logStartOffset: number;
}

/** What a transaction makes of the fate of its batches. */
export interface BatchWatcher {
  /** Whether a partition may be written: it has been made part of the transaction. */
  mayWrite(queue: PartitionQueue): boolean;
  batchFailed(error: Error): void;
  /** Records may be written or not, and cannot be sent again. */
  sequencesLost(): void;
}

/**
 * Who the producer is and which sequence each partition is at: what makes that every record is written once and in
 * order (KIP-98, KIP-360; the idempotent half of Apache's `TransactionManager`).
 *
 * When a batch is lost for good, those after it can't be written under their sequences any more. A producer without
 * transactions then gives itself the next epoch, in which the partition counts from 0:
 *
 *     unknown --id given--> known --a batch is lost--> bump wanted --bump()--> known, next epoch
 *                                                                  --no epoch is left--> unknown
 */
export class ProducerState {
  private current = NO_PRODUCER;
  private readonly watcher: BatchWatcher | undefined;
  private bumpWanted = false;
  /** Their waiting batches get new sequences with the next epoch. */
  private readonly toRewrite = new Set<PartitionQueue>();
  private readonly unresolved = new Set<PartitionQueue>();

  /** With a watcher it belongs to transactions, which give it ids and epochs. */
  constructor(watcher?: BatchWatcher) {
    this.watcher = watcher;
  }

  get producer(): ProducerIdAndEpoch {
    return this.current;
  }

  get hasId(): boolean {
    return this.current.id >= 0n;
  }

  setProducer(producer: ProducerIdAndEpoch): void {
    this.current = producer;
    if (this.watcher === undefined) this.rewrite();
  }

  /** Starts every partition at sequence 0: a new epoch of a transactional producer. Nothing may be under way. */
  resetSequences(queues: Iterable<PartitionQueue>): void {
    for (const queue of queues) queue.sequences.startAtBeginning(this.current);
    this.unresolved.clear();
  }

  /** Whether the first batch of a queue may be sent now. */
  maySend(queue: PartitionQueue, batch: ProducerBatch): boolean {
    if (!this.hasId || this.watcher?.mayWrite(queue) === false) return false;
    const { sequences } = queue;
    if (batch.hasSequence) {
      // One of several that came back: one after the other, in order.
      return sequences.firstInFlight === undefined || sequences.firstInFlight === batch;
    }
    // Under a new epoch only when nothing of the old one can come in after it.
    if (sequences.hasInFlight && sequences.producer !== this.current) return false;
    return sequences.unresolved === undefined;
  }

  /** Gives a batch that is about to be sent its sequence, unless it has one. */
  assign(queue: PartitionQueue, batch: ProducerBatch): void {
    if (batch.hasSequence) return;
    const { sequences } = queue;
    if (sequences.producer !== this.current && !sequences.hasInFlight) {
      sequences.startAtBeginning(this.current);
    }
    sequences.assign(batch);
  }

  acknowledged(queue: PartitionQueue, batch: ProducerBatch, baseOffset: number): void {
    queue.sequences.acknowledged(batch, baseOffset);
  }

  /** Whether a batch is to be sent again after this answer; may give it a new sequence. */
  mayRetry(queue: PartitionQueue, batch: ProducerBatch, answer: BatchAnswer, isRetriable: boolean): boolean {
    if (answer.errorCode === ErrorCode.UNKNOWN_PRODUCER_ID) return this.mayRetryUnknown(queue, batch, answer);
    if (answer.errorCode === ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER) return this.mayRetryGap(queue, batch);
    return isRetriable;
  }

  /** `isUnwritten`: the broker has refused the batch, so that its sequences can be given to others. */
  failed(queue: PartitionQueue, batch: ProducerBatch, error: Error, isUnwritten: boolean): void {
    const { sequences } = queue;
    this.watcher?.batchFailed(error);
    const hadSequence = batch.hasSequence;
    sequences.remove(batch);
    if (!hadSequence) return;
    const code = error instanceof BrokerError ? error.errorCode : ErrorCode.NONE;
    if (code === ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER && this.watcher === undefined) this.wantBump(queue);
    else if (code === ErrorCode.UNKNOWN_PRODUCER_ID) this.forget(queue);
    else if (isUnwritten && this.watcher === undefined) this.wantBump(queue);
    else if (isUnwritten) sequences.closeGap(batch);
  }

  /** A batch that had been sent is given up: nobody knows whether it was written. */
  lostTrack(queue: PartitionQueue, batch: ProducerBatch): void {
    queue.sequences.markUnresolved(batch);
    this.unresolved.add(queue);
  }

  /** Finds out about partitions where a batch was lost track of, and begins the next epoch where one is needed. */
  settle(): void {
    for (const queue of this.unresolved) {
      const { sequences } = queue;
      if (sequences.hasInFlight) continue;
      this.unresolved.delete(queue);
      sequences.unresolved = undefined;
      // Later batches were acknowledged: the one in doubt was written.
      if (sequences.isNext(sequences.next)) continue;
      if (this.watcher === undefined) this.wantBump(queue);
      else this.watcher.sequencesLost();
    }
    if (this.bumpWanted && this.watcher === undefined) this.bump();
  }

  private bump(): void {
    const { id, epoch } = this.current;
    if (!this.hasId) return;
    if (epoch < MAX_EPOCH) this.setProducer({ id, epoch: epoch + 1 });
    // The id is given up with its last epoch: the broker gives another, under which the batches go then.
    else this.current = NO_PRODUCER;
  }

  private rewrite(): void {
    for (const queue of this.toRewrite) {
      this.unresolved.delete(queue);
      queue.sequences.startAtBeginning(this.current);
    }
    this.toRewrite.clear();
    this.bumpWanted = false;
  }

  private wantBump(queue: PartitionQueue): void {
    this.bumpWanted = true;
    this.toRewrite.add(queue);
  }

  private forget(queue: PartitionQueue): void {
    queue.sequences.clear();
    this.unresolved.delete(queue);
  }

  /** The broker has forgotten the producer: its records are gone by retention, or records were lost. */
  private mayRetryUnknown(queue: PartitionQueue, batch: ProducerBatch, answer: BatchAnswer): boolean {
    // No log start: the broker does not know what was there; or the sequence was set right meanwhile.
    if (answer.logStartOffset < 0 || batch.sequenceWasReset) return true;
    const { sequences } = queue;
    if (this.watcher === undefined) {
      this.wantBump(queue);
      return true;
    }
    if (sequences.lastAckedOffset >= answer.logStartOffset) return false;
    sequences.startAtBeginning(this.current);
    return true;
  }

  /** The broker misses sequences before this batch: those that are under way, or some that are lost. */
  private mayRetryGap(queue: PartitionQueue, batch: ProducerBatch): boolean {
    const { sequences } = queue;
    const isResolved = sequences.unresolved === undefined;
    if (isResolved && (batch.sequenceWasReset || !sequences.isNext(batch.baseSequence))) return true;
    if (this.watcher !== undefined) return false;
    if (isResolved || sequences.unresolved === batch.baseSequence) this.wantBump(queue);
    return true;
  }
}
