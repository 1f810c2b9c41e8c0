import { ErrorCode } from '../../wire/kafka/errors.ts';
import type { TopicPartition } from '../log/topic-partition.ts';
import { isRefused, type Partition, type Refused } from './partition.ts';
import type { DelayedOperation } from './purgatory.ts';
import type { RecordErrorDetail } from './validate-records.ts';

export interface PartitionAppend {
  readonly topicPartition: TopicPartition;
  readonly records: Buffer;
}

export interface PartitionAppended {
  readonly error: ErrorCode;
  /** For people, when there is something to say. */
  readonly message?: string;
  readonly recordErrors?: readonly RecordErrorDetail[];
  /** -1 when there is an error. */
  readonly baseOffset: number;
  /** The offset after the last record; -1 when there is an error. */
  readonly nextOffset: number;
  /** -1 unless the records got the time of their append. */
  readonly logAppendTimeMs: number;
  readonly logStartOffset: number;
}

/** The partitions of this broker, as those who wait look them up. */
export interface PartitionSource {
  lookup(topicPartition: TopicPartition): Partition | Refused;
}

/** acks=-1: waits until the in-sync replicas of every partition have what was appended. */
export class DelayedProduce implements DelayedOperation {
  readonly results: PartitionAppended[];
  onComplete: ((results: PartitionAppended[]) => void) | undefined;
  private readonly source: PartitionSource;
  private readonly requests: readonly PartitionAppend[];
  private readonly pending = new Set<number>();

  constructor(source: PartitionSource, requests: readonly PartitionAppend[], results: PartitionAppended[]) {
    this.source = source;
    this.requests = requests;
    this.results = results;
    for (const [index, { error }] of results.entries()) if (error === ErrorCode.NONE) this.pending.add(index);
  }

  tryComplete(): boolean {
    for (const index of this.pending) this.tryOne(index);
    if (this.pending.size > 0) return false;
    this.finish();
    return true;
  }

  expire(): void {
    for (const index of this.pending) this.fail(index, ErrorCode.REQUEST_TIMED_OUT);
    this.pending.clear();
    this.finish();
  }

  private tryOne(index: number): void {
    const request = this.requests[index];
    const result = this.results[index];
    if (request === undefined || result === undefined) return;
    const partition = this.source.lookup(request.topicPartition);
    const { done, error } = isRefused(partition)
      ? { done: true, error: partition.error }
      : partition.checkEnoughReplicas(result.nextOffset);
    if (!done) return;
    this.pending.delete(index);
    if (error !== ErrorCode.NONE) this.fail(index, error);
  }

  private fail(index: number, error: ErrorCode): void {
    const result = this.results[index];
    if (result !== undefined) this.results[index] = { ...result, error };
  }

  private finish(): void {
    const { onComplete } = this;
    this.onComplete = undefined;
    onComplete?.(this.results);
  }
}
