import type { Env } from '../../env/env.ts';
import type { Timer } from '../../env/timers.ts';
import { ErrorCode } from '../../wire/kafka/errors.ts';
import { canHaveFuture } from '../log/directory-names.ts';
import { LogError } from '../log/log-error.ts';
import type { LogManager } from '../log/log-manager.ts';
import { type TopicPartition, topicPartitionKey } from '../log/topic-partition.ts';
import type { UnifiedLog } from '../log/unified-log.ts';
import type { ReplicaQuota } from '../quota/replication-quota.ts';
import { truncationFor } from './fetcher/truncation.ts';
import { appendReplicated } from './follower-append.ts';
import { isRefused, type Partition, type Refused } from './partition.ts';

export interface LogDirMovesOptions {
  readonly logManager: LogManager;
  /** `replica.fetch.max.bytes` */
  readonly maxBytes: number;
  /** `replica.fetch.backoff.ms` */
  readonly backoffMs: number;
  readonly quota: ReplicaQuota;
  lookup(topicPartition: TopicPartition): Partition | Refused;
}

interface Move {
  readonly partition: Partition;
  readonly future: UnifiedLog;
  /** The copy was made durable once: what is added after that is little. */
  flushed: boolean;
}

/**
 * Moves replicas to other log directories (KIP-113, Apache's ReplicaAlterLogDirsThread): copies the log beside it, and
 * when nothing is missing lets the copy take its place. One partition at a time, the others wait.
 *
 * States of a move: waiting -> copying -> flushing -> copying what has come meanwhile -> done; given up for another
 * directory, when the replica goes away, or when one of the two directories fails. A cut of the log cuts the copy in
 * the same turn, so that the copy never has what the log does not have.
 */
export class LogDirMoves {
  private readonly env: Env;
  private readonly options: LogDirMovesOptions;
  private readonly moves = new Map<string, Move>();
  private working = false;
  private closed = false;
  private timer: Timer | undefined;

  constructor(env: Env, options: LogDirMovesOptions) {
    this.env = env;
    this.options = options;
  }

  /** AlterReplicaLogDirs of one partition. A replica that is not here yet will be made in this directory. */
  move(topicPartition: TopicPartition, logDir: string): ErrorCode {
    const { logManager } = this.options;
    if (!canHaveFuture(topicPartition)) return ErrorCode.INVALID_TOPIC_EXCEPTION;
    if (logManager.offlineLogDirs.includes(logDir)) return ErrorCode.KAFKA_STORAGE_ERROR;
    if (!logManager.liveLogDirs.includes(logDir)) return ErrorCode.LOG_DIR_NOT_FOUND;
    const partition = this.options.lookup(topicPartition);
    const log = isRefused(partition) ? undefined : partition.localLog;
    if (isRefused(partition) || log === undefined) return this.moveLater(topicPartition, logDir, partition);
    const future = logManager.getFuture(topicPartition);
    if (future !== undefined && future.logDir !== logDir) this.cancel(topicPartition);
    if (log.logDir === logDir || future?.logDir === logDir) return ErrorCode.NONE;
    // A copy of it may lie in one of those.
    if (logManager.offlineLogDirs.length > 0) return ErrorCode.KAFKA_STORAGE_ERROR;
    try {
      this.begin(partition, logManager.createFuture(log, logDir));
      return ErrorCode.NONE;
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      return ErrorCode[error.error];
    }
  }

  private moveLater(topicPartition: TopicPartition, logDir: string, refusal: Partition | Refused): ErrorCode {
    const error = isRefused(refusal) ? refusal.error : ErrorCode.NOT_LEADER_OR_FOLLOWER;
    if (error === ErrorCode.KAFKA_STORAGE_ERROR) return error;
    this.options.logManager.preferLogDir(topicPartition, logDir);
    return error === ErrorCode.NOT_LEADER_OR_FOLLOWER ? ErrorCode.REPLICA_NOT_AVAILABLE : error;
  }

  /** Goes on with a move that an earlier life of the broker had begun. */
  resume(partition: Partition): void {
    const key = topicPartitionKey(partition.topicPartition);
    const future = this.options.logManager.getFuture(partition.topicPartition);
    if (future === undefined || this.moves.has(key)) return;
    this.begin(partition, future);
  }

  /** Gives a move up, and removes the copy. */
  cancel(topicPartition: TopicPartition): void {
    this.end(topicPartitionKey(topicPartition));
    try {
      this.options.logManager.deleteFuture(topicPartition);
    } catch (error) {
      this.tell(topicPartition, error);
    }
  }

  /** The log directory of the copy, or of the log, has failed; what is left of the copy lies where it is. */
  failed(topicPartition: TopicPartition): void {
    this.end(topicPartitionKey(topicPartition));
  }

  /** The log has been cut, or begun anew at an offset. */
  truncated(topicPartition: TopicPartition): void {
    const move = this.moves.get(topicPartitionKey(topicPartition));
    const log = move?.partition.localLog;
    if (move === undefined || log === undefined) return;
    this.guard(move, () => follow(move.future, log));
  }

  close(): void {
    this.closed = true;
    this.timer?.cancel();
    this.moves.clear();
  }

  private begin(partition: Partition, future: UnifiedLog): void {
    const { topicPartition, localLog } = partition;
    if (localLog === undefined) return;
    const move = { partition, future, flushed: false };
    this.moves.set(topicPartitionKey(topicPartition), move);
    this.options.logManager.pauseCleaning(topicPartition);
    if (this.guard(move, () => alignEpochs(future, localLog))) this.workLater();
  }

  private end(key: string): void {
    const move = this.moves.get(key);
    if (move === undefined) return;
    this.moves.delete(key);
    this.options.logManager.resumeCleaning(move.partition.topicPartition);
  }

  private workLater(delayMs = 0): void {
    if (this.closed || this.working || this.timer !== undefined) return;
    this.timer = this.env.timers.after(delayMs, () => {
      this.timer = undefined;
      this.work();
    });
  }

  private work(): void {
    const [next] = this.moves.values();
    if (next === undefined || this.working || this.closed) return;
    if (this.options.quota.isQuotaExceeded(this.env.clock.monotonicMs())) {
      this.workLater(this.options.backoffMs);
      return;
    }
    this.working = true;
    this.step(next)
      .catch((error: unknown) => {
        this.tell(next.partition.topicPartition, error);
        this.end(topicPartitionKey(next.partition.topicPartition));
      })
      .finally(() => {
        this.working = false;
        this.workLater();
      });
  }

  /** Copies one stretch, or ends the move. */
  private async step(move: Move): Promise<void> {
    const { partition, future } = move;
    const log = partition.localLog;
    const isCurrent = () =>
      this.moves.get(topicPartitionKey(partition.topicPartition)) === move && partition.localLog === log;
    if (log === undefined) {
      this.end(topicPartitionKey(partition.topicPartition));
      return;
    }
    follow(future, log);
    const startOffset = future.logEndOffset;
    if (startOffset === log.logEndOffset) {
      await this.finish(move, log, isCurrent);
      return;
    }
    const options = {
      startOffset,
      maxBytes: this.options.maxBytes,
      isolation: 'log-end',
      minOneMessage: true,
    } as const;
    const { chunks } = log.isHot(options) ? log.read(options) : await log.readAsync(options);
    // The log may have been cut while it was read.
    if (!isCurrent() || future.logEndOffset !== startOffset) return;
    const records = Buffer.concat(chunks);
    appendReplicated(future, records, Number.MAX_SAFE_INTEGER);
    this.options.quota.record(records.length, this.env.clock.monotonicMs());
    follow(future, log);
  }

  private async finish(move: Move, log: UnifiedLog, isCurrent: () => boolean): Promise<void> {
    const { partition, future } = move;
    if (!move.flushed) {
      await future.flush();
      move.flushed = true;
      if (!isCurrent()) return;
    }
    if (future.logEndOffset !== log.logEndOffset) return;
    this.end(topicPartitionKey(partition.topicPartition));
    partition.moveTo(this.options.logManager.replaceWithFuture(partition.topicPartition));
  }

  private guard(move: Move, action: () => void): boolean {
    try {
      action();
      return true;
    } catch (error) {
      const { topicPartition } = move.partition;
      this.tell(topicPartition, error);
      this.end(topicPartitionKey(topicPartition));
      return false;
    }
  }

  private tell(topicPartition: TopicPartition, error: unknown): void {
    if (!(error instanceof LogError)) throw error;
    const partition = topicPartitionKey(topicPartition);
    this.env.log.error('a replica cannot be moved to another log directory', {
      partition,
      reason: error.message,
    });
  }
}

/** Lets a copy have no more than the log, and bounds as the log has them. */
function follow(future: UnifiedLog, log: UnifiedLog): void {
  if (future.logEndOffset > log.logEndOffset) future.truncateTo(log.logEndOffset);
  if (future.logEndOffset < log.logStartOffset) future.truncateFullyAndStartAt(log.logStartOffset);
  future.updateHighWatermark(Math.min(log.highWatermark, future.logEndOffset));
  const logStart = Math.min(log.logStartOffset, future.highWatermark);
  if (logStart > future.logStartOffset)
    future.maybeIncrementLogStartOffset(logStart, 'the log that it copies starts here');
}

/** A copy from an earlier life of the broker may have what the log has lost since. */
function alignEpochs(future: UnifiedLog, log: UnifiedLog): void {
  for (let complete = false; !complete; ) {
    const { latestEpoch } = future;
    if (latestEpoch === undefined) break;
    const truncation = truncationFor(future, log.endOffsetForEpoch(latestEpoch), future.highWatermark);
    complete = truncation.complete;
    future.truncateTo(truncation.offset);
  }
  follow(future, log);
}
