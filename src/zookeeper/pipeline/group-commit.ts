import type { Timers } from '../../env/timers.ts';
import type { TxnEntry } from '../../wire/zookeeper/txn-entry.ts';

/** The transaction log, as the pipeline needs it. */
export interface TxnLog {
  /** Adds a transaction behind all others. It need not be durable before {@link sync}. */
  append(entry: TxnEntry): void;
  /** Makes everything appended before the call durable. */
  sync(): Promise<void>;
}

export interface GroupCommitOptions {
  log: TxnLog;
  timers: Timers;
  /** Transactions are durable: all that shared a sync, in order. */
  commit(group: readonly TxnEntry[]): void;
  /** The log cannot be written any more: nothing proposed from here on will become durable. */
  failed(error: unknown): void;
}

/**
 * Writes transactions to the log such that all that wait share one sync (SyncRequestProcessor of 3.9): those
 * of one turn of the event loop go together, and those that come while a sync is under way form the next group.
 */
export class GroupCommit {
  private readonly options: GroupCommitOptions;
  private waiting: TxnEntry[] = [];
  private isBusy = false;
  private hasFailed = false;

  constructor(options: GroupCommitOptions) {
    this.options = options;
  }

  propose(entry: TxnEntry): void {
    this.waiting.push(entry);
    if (this.isBusy || this.hasFailed) return;
    this.isBusy = true;
    this.options.timers.soon(() => this.writeGroup());
  }

  private writeGroup(): void {
    const group = this.waiting;
    this.waiting = [];
    const { log } = this.options;
    try {
      for (const entry of group) log.append(entry);
      log.sync().then(
        () => this.groupIsDurable(group),
        (error: unknown) => this.fail(error),
      );
    } catch (error) {
      this.fail(error);
    }
  }

  private groupIsDurable(group: readonly TxnEntry[]): void {
    // Busy until the end: what is proposed meanwhile belongs to the next group.
    this.options.commit(group);
    if (this.waiting.length > 0) this.writeGroup();
    else this.isBusy = false;
  }

  private fail(error: unknown): void {
    this.hasFailed = true;
    this.options.failed(error);
  }
}
