import { CorruptBatchError } from '../../../wire/kafka/records/errors.ts';
import type { FileComputation } from '../file-io.ts';
import type { LocalLog } from '../local-log.ts';
import type { LogConfig } from '../log-config.ts';
import type { LogDirFailures } from '../log-context.ts';
import type { LogOffsets } from '../log-offsets.ts';
import { collectAbortedEntries } from '../log-read.ts';
import type { ProducerStateManager } from '../producer-state-manager.ts';
import type { LogSegment } from '../segment.ts';
import type { Segments } from '../segments.ts';
import type { TopicPartition } from '../topic-partition.ts';
import type { AbortedTransactionEntry } from '../transaction-index.ts';
import type { LastRecordOfProducer } from './batch-filter.ts';

export interface CleanableLogParts {
  readonly topicPartition: TopicPartition;
  readonly local: LocalLog;
  readonly offsets: LogOffsets;
  readonly producers: ProducerStateManager;
  readonly failures: LogDirFailures;
  readonly isClosed: () => boolean;
}

/** A cleaning cannot go on with the log as it is now; the next one begins anew. */
export class CleaningAbortedError extends Error {
  override name = 'CleaningAbortedError';
}

/** One log as its cleaner sees it. */
export class CleanableLog {
  readonly topicPartition: TopicPartition;
  private readonly local: LocalLog;
  private readonly offsets: LogOffsets;
  private readonly producers: ProducerStateManager;
  private readonly failures: LogDirFailures;
  private readonly isClosed: () => boolean;

  constructor(parts: CleanableLogParts) {
    this.topicPartition = parts.topicPartition;
    this.local = parts.local;
    this.offsets = parts.offsets;
    this.producers = parts.producers;
    this.failures = parts.failures;
    this.isClosed = parts.isClosed;
  }

  get config(): LogConfig {
    return this.local.config;
  }

  get logDir(): string {
    return this.local.logDir;
  }

  get directory(): string {
    return this.local.directory;
  }

  get logStartOffset(): number {
    return this.offsets.logStart;
  }

  get logEndOffset(): number {
    return this.local.logEndOffset;
  }

  get lastStableOffset(): number {
    return this.offsets.lastStable;
  }

  get segments(): Segments {
    return this.local.segments;
  }

  /** Everything below has been cleaned once; undefined before the first cleaning. */
  get cleanedOffset(): number | undefined {
    return this.local.cleanedOffset;
  }

  set cleanedOffset(offset: number) {
    this.local.cleanedOffset = offset;
  }

  /** Changes when records are cut off or the log is closed: what was read before does not hold any more. */
  get generation(): number {
    return this.isClosed() ? -1 : this.local.truncations;
  }

  /** As {@link Segments.range}, but nothing for an empty range. */
  segmentsIn(from: number, to: number): LogSegment[] {
    return from >= to ? [] : this.local.segments.range(from, to);
  }

  /** All but the active segment, from the one that holds an offset on. */
  inactiveSegmentsFrom(offset: number): LogSegment[] {
    return this.segmentsIn(offset, this.local.segments.active.baseOffset);
  }

  lastRecordsOfProducers(): Map<bigint, LastRecordOfProducer> {
    return this.producers.lastRecords();
  }

  abortedTransactions(from: number, to: number): AbortedTransactionEntry[] {
    return collectAbortedEntries(this.local.segments, from, to);
  }

  flush(upTo: number): Promise<void> {
    return this.local.flush(upTo, false);
  }

  /** A new segment beside those of the log, which nobody reads. */
  createCleaned(baseOffset: number): LogSegment {
    return this.local.createCleaned(baseOffset);
  }

  /** Puts several segments in the place of one whose offsets are too far apart (KAFKA-6264). */
  *split(segment: LogSegment): FileComputation<void> {
    const { pieces, lostBytes } = yield* this.local.splitIntoPieces(segment);
    if (lostBytes === 0) {
      this.replace(pieces, [segment]);
      return;
    }
    for (const piece of pieces) this.discardCleaned(piece);
    throw new CorruptBatchError(
      `segment ${segment.baseOffset} has ${lostBytes} bytes behind a damaged batch`,
    );
  }

  /** Lets a half-written segment go. Where the log is closed, its files go with their directory or at the next start. */
  discardCleaned(segment: LogSegment): void {
    if (this.isClosed() || this.failures.isOffline(this.logDir)) segment.release();
    else this.guard('remove a half-written segment', () => segment.remove());
  }

  /** Puts finished segments in the place of others, at once for all readers, and safe from crashes. */
  replace(segments: readonly LogSegment[], old: readonly LogSegment[]): void {
    if (old.some((segment) => !this.local.segments.all.includes(segment))) {
      throw new CleaningAbortedError(`segments of ${this.directory} are gone meanwhile`);
    }
    this.local.replaceSegments(segments, old);
    const bases = new Set(segments.map(({ baseOffset }) => baseOffset));
    const gone = old.map(({ baseOffset }) => baseOffset).filter((baseOffset) => !bases.has(baseOffset));
    this.local.removeLater([], this.producers.snapshots.markAllDeleted(gone));
  }

  /** Runs disk work of the cleaner: an error of the disk takes the log directory offline. */
  guard<T>(what: string, action: () => T): T {
    return this.failures.guard(this.logDir, `${what} in ${this.directory}`, action);
  }

  /** As {@link CleanableLog.guard}; the files stay open meanwhile. */
  async whileOpen<T>(what: string, action: () => Promise<T>): Promise<T> {
    this.local.hold();
    try {
      return await this.failures.guardAsync(this.logDir, `${what} in ${this.directory}`, action);
    } finally {
      this.local.release();
    }
  }
}
