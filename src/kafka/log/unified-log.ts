import type { Log } from '../../env/log.ts';
import { CleanableLog } from './cleaner/cleanable-log.ts';
import { type FileComputation, runAsync, runBlocking } from './file-io.ts';
import { HotTail } from './hot-tail.ts';
import type { LeaderEpochCache } from './leader-epoch-cache.ts';
import { LocalLog } from './local-log.ts';
import {
  type AnalyzedAppend,
  appendedInfo,
  assignOffsets,
  checkFollowsEnd,
  checkReplicated,
  duplicateInfo,
  nothingAppended,
} from './log-append.ts';
import type { LogConfig } from './log-config.ts';
import type { LogContext } from './log-context.ts';
import { damageAsLogError, LogError, storageError } from './log-error.ts';
import type { LoadedLog } from './log-loader.ts';
import { LogOffsets } from './log-offsets.ts';
import { LogReader } from './log-reader.ts';
import {
  type ActiveProducer,
  type AppendInfo,
  type AppendOrigin,
  type EpochEndOffset,
  type LogOffsetMetadata,
  type LogOffsetSnapshot,
  type LogReadResult,
  offsetOnly,
  type ReadOptions,
  type TimestampAndOffset,
} from './log-types.ts';
import { offsetForTimestamp, segmentStartsBefore } from './offset-search.ts';
import type { TopicIdOfLog } from './partition-metadata.ts';
import { checkProducers } from './producer-check.ts';
import { replayProducers } from './producer-replay.ts';
import type { ProducerStateManager } from './producer-state-manager.ts';
import { beforeLogStart, beyondRetentionBytes, beyondRetentionMs, deletableSegments } from './retention.ts';
import type { LogSegment } from './segment.ts';
import type { TopicPartition } from './topic-partition.ts';

export interface UnifiedLogParts {
  readonly context: LogContext;
  readonly topicPartition: TopicPartition;
  /** The log directory (one of `log.dirs`), and the log's own directory in it. */
  readonly logDir: string;
  readonly directory: string;
  readonly config: LogConfig;
  readonly log: Log;
  readonly loaded: LoadedLog;
  readonly producers: ProducerStateManager;
  /** Undefined for magic 0 and 1, which carry no epochs. */
  readonly epochs: LeaderEpochCache | undefined;
  readonly topicId: TopicIdOfLog;
  readonly openEpochs: (config: LogConfig, directory: string) => LeaderEpochCache | undefined;
}

/**
 * The log of one partition: what is appended, read, truncated and asked about. Everything but flushes, cold reads
 * and searches by time happens within the call.
 *
 *   log start <= last stable offset <= high watermark <= log end
 *
 * Consumers read below the high watermark, or below the last stable offset if they want committed data only.
 * A failing disk takes the whole log directory offline: every call on its logs throws KAFKA_STORAGE_ERROR then.
 */
export class UnifiedLog {
  readonly topicPartition: TopicPartition;
  private readonly context: LogContext;
  private readonly log: Log;
  private readonly local: LocalLog;
  private readonly producers: ProducerStateManager;
  private readonly hotTail: HotTail;
  private readonly topic: TopicIdOfLog;
  private epochs: LeaderEpochCache | undefined;
  private readonly openEpochs: UnifiedLogParts['openEpochs'];
  private readonly bounds: LogOffsets;
  private readonly reader: LogReader;
  private closed = false;
  /** The log as its cleaner sees it. */
  readonly cleanable: CleanableLog;

  constructor(parts: UnifiedLogParts) {
    const { context, loaded } = parts;
    this.context = context;
    this.topicPartition = parts.topicPartition;
    this.log = parts.log;
    this.producers = parts.producers;
    this.epochs = parts.epochs;
    this.openEpochs = parts.openEpochs;
    this.topic = parts.topicId;
    this.hotTail = new HotTail(context.hotTails);
    const place = { ...parts, companions: () => this.epochs?.written() };
    this.local = new LocalLog(context, place, parts.config, loaded);
    this.bounds = new LogOffsets(this.local, this.producers, loaded.logStartOffset);
    this.reader = new LogReader(this.local, this.hotTail, this.bounds);
    this.cleanable = new CleanableLog({
      topicPartition: parts.topicPartition,
      local: this.local,
      offsets: this.bounds,
      producers: this.producers,
      failures: context.failures,
      isClosed: () => this.closed,
    });
  }

  get config(): LogConfig {
    return this.local.config;
  }

  /** The log directory (one of `log.dirs`) that holds this log. */
  get logDir(): string {
    return this.local.logDir;
  }

  /** This log's own directory. */
  get directory(): string {
    return this.local.directory;
  }

  /** 22 characters of base64url; undefined when nobody has told yet. */
  get topicId(): string | undefined {
    return this.topic.value;
  }

  get logStartOffset(): number {
    return this.bounds.logStart;
  }

  get logEndOffset(): number {
    return this.local.logEndOffset;
  }

  get logEnd(): LogOffsetMetadata {
    return this.local.logEnd;
  }

  get highWatermark(): number {
    return this.bounds.highWatermark;
  }

  /** Below it every transaction is decided, and the decision replicated. */
  get lastStableOffset(): number {
    return this.bounds.lastStable;
  }

  get recoveryPoint(): number {
    return this.local.recoveryPoint;
  }

  get lastFlushMs(): number {
    return this.local.lastFlushMs;
  }

  get sizeBytes(): number {
    return this.local.segments.sizeBytes;
  }

  get segmentCount(): number {
    return this.local.segments.count;
  }

  get firstSegmentBaseOffset(): number {
    return this.local.segments.first?.baseOffset ?? 0;
  }

  /** Of the last record; undefined for an empty log whose leader has not told its epoch. */
  get latestEpoch(): number | undefined {
    return this.epochs?.latest?.epoch;
  }

  // --- offsets

  /** All four offsets with their positions. */
  offsets(): LogOffsetSnapshot {
    return this.guard('look up an offset', () => this.bounds.snapshot());
  }

  /** Sets the high watermark, held between log start and log end; returns what it became. */
  updateHighWatermark(highWatermark: number | LogOffsetMetadata): number {
    const wanted = typeof highWatermark === 'number' ? offsetOnly(highWatermark) : highWatermark;
    this.bounds.updateHighWatermark(wanted);
    return this.highWatermark;
  }

  /** Raises the high watermark; returns the old one, or undefined when it stays. */
  maybeIncrementHighWatermark(highWatermark: LogOffsetMetadata): LogOffsetMetadata | undefined {
    return this.bounds.maybeIncrementHighWatermark(highWatermark);
  }

  /** DeleteRecords, and a follower's copy of it. Throws OFFSET_OUT_OF_RANGE past the high watermark. */
  maybeIncrementLogStartOffset(newLogStartOffset: number, reason: string): boolean {
    if (newLogStartOffset > this.highWatermark) {
      throw new LogError(
        'OFFSET_OUT_OF_RANGE',
        `log start offset ${newLogStartOffset} is beyond the high watermark ${this.highWatermark}`,
      );
    }
    if (newLogStartOffset <= this.logStartOffset) return false;
    this.bounds.raiseLogStart(newLogStartOffset);
    this.log.info(`Log start offset of ${this.directory} is ${newLogStartOffset} now: ${reason}`);
    this.epochs?.truncateFromStart(newLogStartOffset);
    return true;
  }

  // --- appending

  /**
   * Appends validated batches as the leader: sets base offsets (from the log end) and leader epoch in place, checks
   * producers, writes. The buffer must not change afterwards: readers share it. Throws the errors of
   * {@link ProducerAppend}, RECORD_LIST_TOO_LARGE and KAFKA_STORAGE_ERROR.
   */
  appendAsLeader(records: Buffer, leaderEpoch: number, origin: AppendOrigin = 'client'): AppendInfo {
    return this.append(assignOffsets(records, this.logEndOffset, leaderEpoch), origin);
  }

  /**
   * Appends a leader's batches as they are. Throws CORRUPT_MESSAGE, KAFKA_STORAGE_ERROR and
   * {@link UnexpectedAppendOffsetError}.
   */
  appendAsFollower(records: Buffer, leaderEpoch: number): AppendInfo {
    const analyzed = checkReplicated(records, leaderEpoch);
    if (analyzed !== undefined) checkFollowsEnd(analyzed, this.logEndOffset);
    return this.append(analyzed, 'replication');
  }

  private append(analyzed: AnalyzedAppend | undefined, origin: AppendOrigin): AppendInfo {
    if (analyzed === undefined) return nothingAppended(this.logStartOffset);
    const { records } = analyzed;
    if (records.length > this.config.segmentBytes) {
      throw new LogError(
        'RECORD_LIST_TOO_LARGE',
        `${records.length} bytes in one append are more than segment.bytes, ${this.config.segmentBytes}`,
      );
    }
    return this.guard('append', () => {
      this.context.failures.guardRepeatable(this.logDir, 'append', () => this.topic.flush(this.directory));
      this.assignEpochs(analyzed);
      const segment = this.maybeRoll(analyzed);
      const at = { segmentBaseOffset: segment.baseOffset, positionInSegment: segment.sizeBytes };
      const check = checkProducers(this.producers, analyzed.batches, origin, at);
      if (check.duplicate !== undefined) {
        // The first attempt may not have been flushed before its broker fell.
        return { ...duplicateInfo(check.duplicate, this.logStartOffset), flushed: this.flushIfDue() };
      }
      this.write(analyzed);
      for (const update of check.updates) this.producers.update(update);
      for (const completed of check.completed) {
        const lastStableOffset = this.producers.lastStableOffset(completed);
        if (completed.aborted) segment.transactionIndex.append({ ...completed, lastStableOffset });
        this.producers.complete(completed);
      }
      this.producers.mapEndOffset = analyzed.lastOffset + 1;
      this.bounds.producersChanged();
      return appendedInfo(analyzed, this.logStartOffset, this.flushIfDue());
    });
  }

  private write(analyzed: AnalyzedAppend): void {
    const { records, batches, lastOffset, firstOffset, lastOffsetOfFirstBatch } = analyzed;
    const appended = batches.map((batch) => ({
      lastOffset: batch.lastOffset,
      maxTimestamp: batch.maxTimestamp,
      bytes: batch.sizeInBytes,
    }));
    const position = this.local.append(records, appended, lastOffset);
    this.hotTail.add({
      buffer: records,
      baseOffset: firstOffset >= 0 ? firstOffset : lastOffsetOfFirstBatch,
      lastOffset,
      segmentBaseOffset: this.local.segments.active.baseOffset,
      position,
    });
  }

  private assignEpochs(analyzed: AnalyzedAppend): void {
    for (const batch of analyzed.batches) {
      if (batch.magic === 2) {
        const { leaderEpoch } = batch;
        if (leaderEpoch >= 0 && leaderEpoch !== this.latestEpoch)
          this.epochs?.assign(leaderEpoch, batch.baseOffset);
      } else if (this.epochs?.latest !== undefined) {
        this.log.warn(
          `Magic ${batch.magic} data came for ${this.directory}: its leader epochs are forgotten`,
        );
        this.epochs.clear();
      }
    }
  }

  private maybeRoll(analyzed: AnalyzedAppend): LogSegment {
    const { active } = this.local.segments;
    const rolls = active.shouldRoll({
      config: this.config,
      nowMs: this.context.env.clock.nowMs(),
      bytes: analyzed.records.length,
      maxTimestamp: analyzed.maxTimestamp,
      lastOffset: analyzed.lastOffset,
    });
    if (!rolls) return active;
    // Magic 0 and 1 do not tell the first offset: 2^31 - 1 before the last is at or below it, and near enough.
    const { firstOffset, lastOffset } = analyzed;
    return this.roll(firstOffset >= 0 ? firstOffset : lastOffset - 0x7fff_ffff);
  }

  /** Begins a new segment; the old one is flushed in the background. */
  roll(expectedNextOffset?: number): LogSegment {
    const segment = this.local.roll(expectedNextOffset);
    this.producers.mapEndOffset = segment.baseOffset;
    const snapshot = this.producers.takeSnapshot(false);
    this.bounds.holdHighWatermarkAtEnd();
    this.local.inBackground('flush a full segment', async () => {
      if (snapshot !== undefined) await this.producers.snapshots.sync(snapshot);
      await this.local.flush(segment.baseOffset, false);
    });
    return segment;
  }

  /** Whether `flush.messages` wants a flush that has not come back yet. */
  get isFlushDue(): boolean {
    return this.logEndOffset - this.recoveryPoint >= this.config.flushMessages;
  }

  private flushIfDue(): Promise<void> | undefined {
    if (!this.isFlushDue) return undefined;
    const flushed = this.flush();
    // Whoever waits for it is told; without anybody, the directory is offline and that is enough.
    flushed.catch(() => undefined);
    return flushed;
  }

  /** Resolves when all that was appended before the call is durable. */
  async flush(): Promise<void> {
    this.checkOpen();
    await this.whileOpen(() => this.local.flush(this.logEndOffset, false));
  }

  // --- reading

  /** Whether {@link read} needs no file: the answer is in the hot tail, or empty. */
  isHot(options: ReadOptions): boolean {
    return this.reader.isHot(options);
  }

  /** Reads at once, from the hot tail or, blocking, from the segment. Throws OFFSET_OUT_OF_RANGE. */
  read(options: ReadOptions): LogReadResult {
    return this.guard(
      'read',
      () => this.reader.readHot(options) ?? runBlocking(this.reader.readFiles(options)),
    );
  }

  /** As {@link read}, waiting for the disk off the main thread. */
  async readAsync(options: ReadOptions): Promise<LogReadResult> {
    for (;;) {
      const hot = this.guard('read', () => this.reader.readHot(options));
      if (hot !== undefined) return hot;
      const { truncations } = this.local;
      const result = await this.computeAsync('read', () => this.reader.readFiles(options));
      if (truncations === this.local.truncations) return result;
    }
  }

  // --- looking up

  /**
   * ListOffsets: a time, or one of `ListOffsetsTimestamp`. Undefined when no record is that late. Throws
   * UNSUPPORTED_FOR_MESSAGE_FORMAT for a time in a magic 0 log.
   */
  async offsetForTimestamp(timestamp: number): Promise<TimestampAndOffset | undefined> {
    return this.computeAsync('look up an offset', () =>
      offsetForTimestamp(timestamp, {
        segments: this.local.segments,
        logStartOffset: this.logStartOffset,
        logEndOffset: this.logEndOffset,
        messageFormatMagic: this.config.messageFormatMagic,
        epochs: this.epochs,
      }),
    );
  }

  /** ListOffsets version 0: starts of segments last changed at or before a time, newest first. */
  legacyOffsetsBefore(timestamp: number, maxOffsets: number): number[] {
    return this.guard('look at segments', () => {
      const starts = this.local.segments.all.map((segment) => ({
        offset: Math.max(segment.baseOffset, this.logStartOffset),
        modifiedMs: segment.modifiedMs,
      }));
      if (this.local.segments.active.sizeBytes > 0) {
        starts.push({ offset: this.logEndOffset, modifiedMs: this.context.env.clock.nowMs() });
      }
      return segmentStartsBefore(starts, timestamp, maxOffsets);
    });
  }

  /** OffsetForLeaderEpoch. */
  endOffsetForEpoch(leaderEpoch: number): EpochEndOffset {
    return this.epochs?.endOffsetFor(leaderEpoch, this.logEndOffset) ?? { leaderEpoch: -1, endOffset: -1 };
  }

  /** A new leader records where its epoch begins. */
  assignEpochStartOffset(leaderEpoch: number, startOffset: number): void {
    this.guard('record a leader epoch', () => this.epochs?.assign(leaderEpoch, startOffset));
  }

  activeProducers(): ActiveProducer[] {
    return this.producers.active();
  }

  /** Forgets producers that have written nothing for `producer.id.expiration.ms`. */
  removeExpiredProducers(nowMs: number): void {
    this.producers.removeExpired(nowMs);
  }

  // --- truncating and removing

  /** Drops the records from an offset on; false when there are none. */
  truncateTo(targetOffset: number): boolean {
    if (targetOffset >= this.logEndOffset) {
      this.epochs?.truncateFromEnd(this.logEndOffset);
      return false;
    }
    if (targetOffset < this.firstSegmentBaseOffset) {
      this.truncateFullyAndStartAt(targetOffset);
      return true;
    }
    this.log.info(`Truncating ${this.directory} to offset ${targetOffset}`);
    this.guard('truncate', () => {
      this.hotTail.clear();
      const dropped = this.local.truncateTo(targetOffset);
      this.removeSnapshotsOf(dropped);
      this.epochs?.truncateFromEnd(targetOffset);
      this.bounds.resetLogStart(Math.min(targetOffset, this.logStartOffset));
      this.rebuildProducers(targetOffset);
      this.bounds.producersChanged();
      this.bounds.holdHighWatermarkAtEnd();
    });
    return true;
  }

  /** Drops everything; the next record gets `newOffset`. */
  truncateFullyAndStartAt(newOffset: number, logStartOffset = newOffset): void {
    this.log.info(`Emptying ${this.directory}, which starts at offset ${newOffset} now`);
    this.guard('truncate', () => {
      this.hotTail.clear();
      this.local.truncateFullyAndStartAt(newOffset);
      this.epochs?.clear();
      this.producers.truncateFullyAndStartAt(newOffset);
      this.bounds.resetLogStart(logStartOffset);
      this.rebuildProducers(newOffset);
      this.bounds.updateHighWatermark(this.logEnd);
    });
  }

  private rebuildProducers(lastOffset: number): void {
    runBlocking(
      replayProducers(this.producers, this.local.segments, {
        clock: this.context.env.clock,
        logStartOffset: this.logStartOffset,
        lastOffset,
        messageFormatMagic: this.config.messageFormatMagic,
        cleanShutdown: false,
      }),
    );
  }

  private removeSnapshotsOf(segments: readonly LogSegment[]): void {
    const paths = this.producers.snapshots.markAllDeleted(segments.map(({ baseOffset }) => baseOffset));
    this.local.removeLater([], paths);
  }

  /** Applies retention and the log start offset; returns how many segments went. */
  deleteOldSegments(): number {
    const nowMs = this.context.env.clock.nowMs();
    const { retentionMs, retentionBytes } = this.config;
    return this.guard('delete old segments', () => {
      let count = this.deleteWhere(beforeLogStart(this.logStartOffset), 'it is below the log start offset');
      if (!this.config.delete) return count;
      count += this.deleteWhere(beyondRetentionBytes(this.sizeBytes, retentionBytes), 'of retention.bytes');
      count += this.deleteWhere(beyondRetentionMs(nowMs, retentionMs), 'of retention.ms');
      return count;
    });
  }

  private deleteWhere(
    rule: (segment: LogSegment, next: LogSegment | undefined) => boolean,
    reason: string,
  ): number {
    const { segments } = this.local;
    const { highWatermark, logEndOffset } = this;
    const deletable = deletableSegments({ segments: segments.all, highWatermark, logEndOffset }, rule);
    const last = deletable.at(-1);
    if (last === undefined) return 0;
    if (deletable.length === segments.count) this.roll();
    const next = segments.higher(last.baseOffset);
    if (next !== undefined)
      this.maybeIncrementLogStartOffset(next.baseOffset, `segments went because ${reason}`);
    this.local.discard(deletable);
    this.removeSnapshotsOf(deletable);
    return deletable.length;
  }

  // --- life cycle

  /** Returns the settings until now. */
  updateConfig(config: LogConfig): LogConfig {
    const old = this.local.config;
    this.local.config = config;
    if (config.messageFormatMagic !== old.messageFormatMagic) {
      this.epochs?.stopWriting();
      this.epochs = this.guard('open the leader epochs', () => this.openEpochs(config, this.directory));
    }
    return old;
  }

  /** Throws INCONSISTENT_TOPIC_ID when the log belongs to another topic of the same name. */
  assignTopicId(topicId: string): void {
    this.topic.assign(topicId);
    if (!this.topic.dirty) return;
    this.context.env.timers.soon(() => {
      if (this.closed) return;
      this.local.inBackground('write partition metadata', async () => this.topic.flush(this.directory));
    });
  }

  /** Gives the log's directory another name. On its way to removal its leader epochs are not kept up any more. */
  rename(name: string, purpose: 'use' | 'removal' = 'removal'): void {
    this.guard('rename', () => {
      this.topic.flush(this.directory);
      this.local.rename(name);
      this.producers.snapshots.moved(this.directory);
      if (purpose === 'use') this.epochs?.moveTo(this.directory);
      else this.epochs?.stopWriting();
      if (purpose === 'removal') this.epochs = undefined;
    });
  }

  /** Makes everything durable and closes the files; the log cannot be used any more. */
  async close(): Promise<void> {
    this.checkOpen();
    this.closed = true;
    this.hotTail.clear();
    await new Promise<void>((resolve) => this.local.onceUnused(resolve));
    await this.context.failures.guardAsync(this.logDir, 'close a log', async () => {
      this.topic.flush(this.directory);
      this.producers.takeSnapshot(true);
      this.local.segments.active.seal();
      await this.local.flush(this.logEndOffset, true);
      this.local.close();
    });
  }

  /** Lets all files go and writes nothing more: the log directory has failed, or the log is to be removed. */
  abandon(): void {
    if (this.closed) return;
    this.closed = true;
    this.hotTail.clear();
    this.epochs?.stopWriting();
    this.local.onceUnused(() => this.local.abandon());
  }

  private guard<T>(what: string, action: () => T): T {
    this.checkOpen();
    return this.context.failures.guard(this.logDir, `${what} in ${this.directory}`, () => {
      try {
        return action();
      } catch (error) {
        throw damageAsLogError(error);
      }
    });
  }

  private checkOpen(): void {
    if (this.closed) throw storageError(`the log in ${this.directory} is closed`);
  }

  /** Runs a computation over the files, which stay open meanwhile. */
  private computeAsync<T>(what: string, start: () => FileComputation<T>): Promise<T> {
    this.checkOpen();
    return this.whileOpen(() =>
      this.context.failures.guardRepeatableAsync(this.logDir, `${what} in ${this.directory}`, async () => {
        try {
          return await runAsync(start());
        } catch (error) {
          throw damageAsLogError(error);
        }
      }),
    );
  }

  private async whileOpen<T>(action: () => Promise<T>): Promise<T> {
    this.local.hold();
    try {
      return await action();
    } finally {
      this.local.release();
    }
  }
}
