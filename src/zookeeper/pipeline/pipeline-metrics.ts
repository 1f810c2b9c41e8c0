import { Summary } from '../../base/summary.ts';

/** What requests spend on the stages of the pipeline (ServerMetrics of 3.9), in milliseconds. */
export class PipelineMetrics {
  /** The making of a transaction, and of one that ends a session. */
  readonly prepMs = new Summary();
  readonly closeSessionPrepMs = new Summary({ detailed: true });
  /** Transactions given to the log. */
  syncRequests = 0;
  /** How many wait for the log, seen whenever one comes. */
  readonly syncQueueSize = new Summary();
  /** A transaction's wait until it is written; the writing and syncing of a group; both. */
  readonly syncQueueMs = new Summary({ detailed: true });
  readonly syncFlushMs = new Summary({ detailed: true });
  readonly syncQueueAndFlushMs = new Summary({ detailed: true });
  /** From the arrival of a write to its commit, and of a read until it goes; 0 where it waits for nothing. */
  readonly writeCommitMs = new Summary({ detailed: true });
  readonly readCommitMs = new Summary({ detailed: true });
  /** Requests of a session that wait, seen whenever one comes behind others, and sessions that have such. */
  readonly sessionQueue = new Summary();
  readonly pendingSessions = new Summary();
  /** The age of transactions, by the clock of who made them, when they are applied while this server serves. */
  readonly propagationMs = new Summary({ detailed: true });

  /** `srst` */
  reset(): void {
    this.syncRequests = 0;
    const { prepMs, closeSessionPrepMs, syncQueueSize, syncQueueMs, syncFlushMs, syncQueueAndFlushMs } = this;
    const { writeCommitMs, readCommitMs, sessionQueue, pendingSessions, propagationMs } = this;
    const ofStages = [
      prepMs,
      closeSessionPrepMs,
      syncQueueSize,
      syncQueueMs,
      syncFlushMs,
      syncQueueAndFlushMs,
    ];
    const ofCommits = [writeCommitMs, readCommitMs, sessionQueue, pendingSessions, propagationMs];
    for (const summary of [...ofStages, ...ofCommits]) summary.reset();
  }
}
