import type { Clock } from '../../env/clock.ts';
import type { Timers } from '../../env/timers.ts';
import type { EncodedTxn } from '../../wire/zookeeper/txn-entry.ts';
import type { PipelineMetrics } from './pipeline-metrics.ts';

/** The transaction log, as the pipeline needs it. */
export interface TxnLog {
  /** Adds a transaction behind all others. It need not be durable before {@link sync}. */
  append(txn: EncodedTxn): void;
  /** Makes everything appended before the call durable. */
  sync(): Promise<void>;
}

export interface GroupCommitOptions {
  log: TxnLog;
  timers: Timers;
  clock: Clock;
  metrics: PipelineMetrics;
  /** Transactions are durable: all that shared a sync, in order. */
  durable(group: readonly EncodedTxn[]): void;
  /** The log cannot be written any more: nothing proposed from here on will become durable. */
  failed(error: unknown): void;
}

/**
 * Writes transactions to the log such that all that wait share one sync (SyncRequestProcessor of 3.9): those
 * of one turn of the event loop go together, and those that come while a sync is under way form the next group.
 */
export class GroupCommit {
  private readonly options: GroupCommitOptions;
  private waiting: EncodedTxn[] = [];
  /** When each of those came, in monotonic milliseconds. */
  private waitingSinceMs: number[] = [];
  private isBusy = false;
  private isStopped = false;
  private hasFailed = false;
  /** Wait for everything to be durable. */
  private durableWaiters: (() => void)[] = [];
  /** Wait for the log to have done what it can. */
  private endWaiters: (() => void)[] = [];

  constructor(options: GroupCommitOptions) {
    this.options = options;
  }

  append(txn: EncodedTxn): void {
    if (this.isStopped) return;
    const { clock, metrics } = this.options;
    this.waiting.push(txn);
    this.waitingSinceMs.push(clock.monotonicMs());
    metrics.syncRequests++;
    metrics.syncQueueSize.add(this.waiting.length);
    if (this.isBusy) return;
    this.isBusy = true;
    this.options.timers.soon(() => this.writeGroup());
  }

  /** Takes nothing more, and resolves when everything taken so far is durable, or has failed. */
  stop(): Promise<void> {
    this.isStopped = true;
    if (!this.isBusy) return Promise.resolve();
    return new Promise((resolve) => {
      this.endWaiters.push(resolve);
    });
  }

  /** Calls `action` when everything taken so far is durable, at once if it is; never after a failure. */
  whenDurable(action: () => void): void {
    if (this.hasFailed) return;
    if (this.isBusy) this.durableWaiters.push(action);
    else action();
  }

  private writeGroup(): void {
    const group = this.waiting;
    const sinceMs = this.waitingSinceMs;
    this.waiting = [];
    this.waitingSinceMs = [];
    const { log, clock, metrics } = this.options;
    const startMs = clock.monotonicMs();
    for (const each of sinceMs) metrics.syncQueueMs.add(Math.round(startMs - each));
    try {
      for (const txn of group) log.append(txn);
      log.sync().then(
        () => {
          const endMs = clock.monotonicMs();
          metrics.syncFlushMs.add(Math.round(endMs - startMs));
          for (const each of sinceMs) metrics.syncQueueAndFlushMs.add(Math.round(endMs - each));
          this.groupIsDurable(group);
        },
        (error: unknown) => this.fail(error),
      );
    } catch (error) {
      this.fail(error);
    }
  }

  private groupIsDurable(group: readonly EncodedTxn[]): void {
    // Busy until the end: what is proposed meanwhile belongs to the next group.
    this.options.durable(group);
    if (this.waiting.length > 0) {
      this.writeGroup();
      return;
    }
    this.isBusy = false;
    for (const action of this.durableWaiters.splice(0)) action();
    for (const resolve of this.endWaiters.splice(0)) resolve();
  }

  private fail(error: unknown): void {
    this.hasFailed = true;
    this.isStopped = true;
    this.isBusy = false;
    this.waiting = [];
    this.waitingSinceMs = [];
    this.durableWaiters = [];
    for (const resolve of this.endWaiters.splice(0)) resolve();
    this.options.failed(error);
  }
}
