import { ErrorCode } from '../../wire/kafka/errors.ts';
import type { TopicPartition } from '../log/topic-partition.ts';
import type { PartitionSource } from './delayed-produce.ts';
import { isRefused } from './partition.ts';
import type { DelayedOperation } from './purgatory.ts';

/** DeleteRecords of one partition; -1 means up to the high watermark. */
export interface PartitionDelete {
  readonly topicPartition: TopicPartition;
  readonly offset: number;
}

export interface PartitionDeleted {
  readonly error: ErrorCode;
  /** No live replica has records below; -1 when there is an error. */
  readonly lowWatermark: number;
}

/** A deletion that the leader has done: where to the others have to come. */
export interface StartedDelete {
  readonly topicPartition: TopicPartition;
  readonly requestedOffset: number;
  readonly result: PartitionDeleted;
}

/** DeleteRecords: waits until every live replica has let the records go. */
export class DelayedDelete implements DelayedOperation {
  onComplete: ((results: PartitionDeleted[]) => void) | undefined;
  private readonly source: PartitionSource;
  private readonly started: readonly StartedDelete[];
  readonly results: PartitionDeleted[];
  private readonly pending = new Set<number>();

  constructor(source: PartitionSource, started: readonly StartedDelete[]) {
    this.source = source;
    this.started = started;
    this.results = started.map(({ result }) => result);
    for (const [index, { error }] of this.results.entries())
      if (error === ErrorCode.NONE) this.pending.add(index);
  }

  tryComplete(): boolean {
    for (const index of this.pending) this.tryOne(index);
    if (this.pending.size > 0) return false;
    this.finish();
    return true;
  }

  expire(): void {
    for (const index of this.pending) {
      const lowWatermark = this.results[index]?.lowWatermark ?? -1;
      this.results[index] = { error: ErrorCode.REQUEST_TIMED_OUT, lowWatermark };
    }
    this.pending.clear();
    this.finish();
  }

  private tryOne(index: number): void {
    const started = this.started[index];
    if (started === undefined) return;
    const partition = this.source.lookup(started.topicPartition);
    if (isRefused(partition) || !partition.isLeader) {
      const error = isRefused(partition) ? partition.error : ErrorCode.NOT_LEADER_OR_FOLLOWER;
      this.settle(index, { error, lowWatermark: -1 });
      return;
    }
    const lowWatermark = partition.lowWatermark();
    if (lowWatermark >= started.requestedOffset) this.settle(index, { error: ErrorCode.NONE, lowWatermark });
  }

  private settle(index: number, result: PartitionDeleted): void {
    this.results[index] = result;
    this.pending.delete(index);
  }

  private finish(): void {
    const { onComplete } = this;
    this.onComplete = undefined;
    onComplete?.(this.results);
  }
}
