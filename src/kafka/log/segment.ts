import { MalformedError } from '../../base/malformed-error.ts';
import type { Clock } from '../../env/clock.ts';
import type { Disk, DiskFile } from '../../env/disk.ts';
import type { Random } from '../../env/random.ts';
import type { RecordBatch } from '../../wire/kafka/records/batch.ts';
import { scanBatches, scanHeaders } from './batch-scan.ts';
import { type FileComputation, runBlocking } from './file-io.ts';
import { FileSuffix, offsetFileName } from './file-names.ts';
import type { LogConfig } from './log-config.ts';
import { maxSegmentMs } from './log-config.ts';
import { isOutOfDescriptors } from './log-error.ts';
import { OffsetIndex } from './offset-index.ts';
import { ReadEnds } from './read-ends.ts';
import { SegmentOverflowError } from './segment-errors.ts';
import { TimeIndex, type TimestampOffset } from './time-index.ts';
import { TransactionIndex } from './transaction-index.ts';

export interface SegmentContext {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
}

export interface SegmentPlace {
  readonly directory: string;
  readonly baseOffset: number;
  readonly suffix?: string;
  /** A new file gets this size at once, and is cut to its content when the segment is full (`preallocate`). */
  readonly preallocatedBytes?: number;
}

/** What an append tells a segment about each of its batches. */
export interface AppendedBatch {
  readonly lastOffset: number;
  readonly maxTimestamp: number;
  readonly bytes: number;
}

export interface RollQuestion {
  readonly config: LogConfig;
  readonly nowMs: number;
  readonly bytes: number;
  readonly maxTimestamp: number;
  readonly lastOffset: number;
}

export interface BatchPlace {
  readonly position: number;
  readonly bytes: number;
  readonly lastOffset: number;
}

const SUFFIXES = [
  FileSuffix.log,
  FileSuffix.offsetIndex,
  FileSuffix.timeIndex,
  FileSuffix.transactionIndex,
] as const;

/**
 * One piece of a log: a file of batches (`.log`) and its indexes. Only the last segment of a log, the active one,
 * is appended to.
 */
export class LogSegment {
  readonly baseOffset: number;
  private readonly context: SegmentContext;
  private readonly indexIntervalBytes: number;
  private directory: string;
  private suffix: string;
  private readonly file: DiskFile;
  private length: number;
  /** The file is longer than its content: zeros follow. */
  private isPreallocated = false;
  readonly offsetIndex: OffsetIndex;
  readonly timeIndex: TimeIndex;
  readonly transactionIndex: TransactionIndex;
  /** Shortens the age limit, so that segments of many partitions do not roll all at once. */
  private readonly rollJitterMs: number;
  private createdMs: number;
  private bytesSinceIndexEntry = 0;
  /** Valid since the last cut. */
  readonly readEnds = new ReadEnds();
  /** How often the file was cut. */
  cuts = 0;
  private largest: TimestampOffset | undefined;
  private firstBatchTimestamp: number | undefined;
  /** Whether the names of all files are known to be durable, and not only what is in them. */
  private syncedNames = 0;

  /** Opens the files of a segment, creating those that are missing. */
  constructor(context: SegmentContext, place: SegmentPlace, config: LogConfig) {
    this.context = context;
    this.baseOffset = place.baseOffset;
    this.directory = place.directory;
    this.suffix = place.suffix ?? '';
    this.indexIntervalBytes = config.indexIntervalBytes;
    const { disk } = context;
    const { baseOffset } = this;
    this.offsetIndex = new OffsetIndex(
      disk,
      this.path(FileSuffix.offsetIndex),
      baseOffset,
      config.segmentIndexBytes,
    );
    this.timeIndex = new TimeIndex(
      disk,
      this.path(FileSuffix.timeIndex),
      baseOffset,
      config.segmentIndexBytes,
    );
    this.transactionIndex = new TransactionIndex(disk, this.path(FileSuffix.transactionIndex), baseOffset);
    // Last, so that no descriptor is left behind when one of the indexes cannot be opened.
    this.file = disk.open(this.path(FileSuffix.log), 'write');
    this.length = this.file.size();
    if (place.preallocatedBytes !== undefined && this.length === 0) {
      this.file.truncate(place.preallocatedBytes);
      this.isPreallocated = true;
    }
    this.rollJitterMs =
      config.segmentJitterMs === 0
        ? 0
        : context.random.below(Math.min(config.segmentJitterMs, config.segmentMs));
    this.createdMs = context.clock.nowMs();
  }

  get sizeBytes(): number {
    return this.length;
  }

  /** Where the batches lie, for computations over them. */
  get records(): DiskFile {
    return this.file;
  }

  get modifiedMs(): number {
    return this.context.disk.stat(this.path(FileSuffix.log))?.modifiedMs ?? this.createdMs;
  }

  /** The latest timestamp and the last offset of its batch; (-1, base offset) when there is none. */
  get largestTimestampAndOffset(): TimestampOffset {
    this.largest ??= this.timeIndex.lastEntry;
    return this.largest;
  }

  /** For retention: the latest record's time, or when the file was last changed if no record has one. */
  get largestTimestampMs(): number {
    const { timestamp } = this.largestTimestampAndOffset;
    return timestamp >= 0 ? timestamp : this.modifiedMs;
  }

  /** Of the first batch; -1 when there is none, or it has no time. */
  get firstBatchTimestampMs(): number {
    this.firstBatchTimestamp ??= this.readFirstBatchTimestamp();
    return this.firstBatchTimestamp ?? -1;
  }

  shouldRoll(question: RollQuestion): boolean {
    const { config } = question;
    if (this.length > config.segmentBytes - question.bytes) return true;
    if (this.length > 0 && this.ageMs(question) > maxSegmentMs(config) - this.rollJitterMs) return true;
    return this.offsetIndex.isFull || this.timeIndex.isFull || !this.offsetIndex.fits(question.lastOffset);
  }

  /** How long the first record has waited, by the records' own time if they have one. */
  private ageMs(question: RollQuestion): number {
    const first = this.firstBatchTimestampMs;
    return first >= 0 ? question.maxTimestamp - first : question.nowMs - this.createdMs;
  }

  private readFirstBatchTimestamp(): number | undefined {
    if (this.length === 0) return undefined;
    let timestamp: number | undefined;
    runBlocking(
      scanHeaders(this.file, { from: 0, to: this.length }, (batch) => {
        timestamp = batch.maxTimestamp;
        return false;
      }),
    );
    return timestamp;
  }

  /** Appends batches; returns the position of the first. */
  append(chunk: Buffer, batches: readonly AppendedBatch[]): number {
    const start = this.length;
    this.largest ??= this.timeIndex.lastEntry;
    this.file.write([chunk], start);
    this.length += chunk.length;
    let position = start;
    for (const batch of batches) {
      this.noteTimestamp(batch.maxTimestamp, batch.lastOffset);
      if (this.bytesSinceIndexEntry > this.indexIntervalBytes) {
        this.addIndexEntryIfPossible(batch.lastOffset, position);
        this.bytesSinceIndexEntry = 0;
      }
      position += batch.bytes;
      this.bytesSinceIndexEntry += batch.bytes;
    }
    return start;
  }

  private noteTimestamp(timestamp: number, offset: number): void {
    if (timestamp > this.largestTimestampAndOffset.timestamp) this.largest = { timestamp, offset };
  }

  /** The batch is in the file, and an index may be coarser: for want of a descriptor the entry is left out. */
  private addIndexEntryIfPossible(offset: number, position: number): void {
    try {
      this.addIndexEntry(offset, position);
    } catch (error) {
      if (!isOutOfDescriptors(error)) throw error;
    }
  }

  private addIndexEntry(offset: number, position: number): void {
    // An index has room for less than it needs when `index.interval.bytes` became smaller: it gets coarser.
    if (this.offsetIndex.isFull || this.timeIndex.isFull) return;
    this.offsetIndex.append(offset, position);
    const { timestamp, offset: ofLargest } = this.largestTimestampAndOffset;
    this.timeIndex.maybeAppend(timestamp, ofLargest);
  }

  /** The first batch whose last offset is at or after `offset`. */
  *locate(offset: number): FileComputation<BatchPlace | undefined> {
    const from = this.offsetIndex.lookup(offset).position;
    let found: BatchPlace | undefined;
    yield* scanHeaders(this.file, { from, to: this.length }, (batch, position) => {
      const { lastOffset } = batch;
      if (lastOffset < offset) return true;
      found = { position, bytes: batch.sizeInBytes, lastOffset };
      return false;
    });
    return found;
  }

  /** The offset after the last record; the base offset when there is none. */
  *readNextOffset(): FileComputation<number> {
    const from = this.offsetIndex.lookup(this.offsetIndex.lastOffset).position;
    let next = this.baseOffset;
    yield* scanHeaders(this.file, { from, to: this.length }, (batch) => {
      next = batch.nextOffset;
      return true;
    });
    return next;
  }

  /**
   * Rebuilds all three indexes from the batches, telling `visit` each sound one, and cuts the file before the
   * first that is damaged. Returns the bytes cut. `visit` may throw CorruptBatchError to refuse a batch.
   */
  *recover(
    visit: (batch: RecordBatch) => void,
    onDamage: (at: number, error: Error) => void,
  ): FileComputation<number> {
    this.offsetIndex.reset();
    this.timeIndex.reset();
    this.transactionIndex.reset();
    this.largest = { timestamp: -1, offset: this.baseOffset };
    let validBytes = 0;
    let lastIndexEntry = 0;
    try {
      yield* scanBatches(this.file, { from: 0, to: this.length }, (batch, position) => {
        batch.ensureValid();
        const { lastOffset } = batch;
        if (!this.offsetIndex.fits(lastOffset)) throw new SegmentOverflowError(this.baseOffset, lastOffset);
        this.noteTimestamp(batch.maxTimestamp, lastOffset);
        if (position - lastIndexEntry > this.indexIntervalBytes) {
          this.addIndexEntry(lastOffset, position);
          lastIndexEntry = position;
        }
        validBytes = position + batch.sizeInBytes;
        visit(batch);
        return true;
      });
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      onDamage(validBytes, error);
    }
    const cut = this.length - validBytes;
    if (cut > 0) this.cutTo(validBytes);
    this.closeTimeIndex();
    this.bytesSinceIndexEntry = 0;
    return cut;
  }

  /** What is wrong with an index, as far as their lengths and ends show; undefined when nothing is. */
  indexDamage(): string | undefined {
    const offset = this.offsetIndex.damage();
    if (offset !== undefined) return `the offset index is damaged, ${offset}`;
    const time = this.timeIndex.damage();
    if (time !== undefined) return `the time index is damaged, ${time}`;
    const transaction = this.transactionIndex.damage();
    return transaction === undefined ? undefined : `the transaction index is damaged, ${transaction}`;
  }

  private cutTo(length: number): void {
    this.file.truncate(length);
    this.isPreallocated = false;
    this.length = length;
    this.cuts += 1;
    this.readEnds.clear();
  }

  private closeTimeIndex(): void {
    if (this.largest === undefined) return;
    const { timestamp, offset } = this.largest;
    this.timeIndex.maybeAppend(timestamp, offset, true);
  }

  /** Drops the batches from the one that holds `offset` on; returns the bytes dropped. */
  *truncateTo(offset: number): FileComputation<number> {
    const place = yield* this.locate(offset);
    this.offsetIndex.truncateTo(offset);
    this.timeIndex.truncateTo(offset);
    this.transactionIndex.truncateTo(offset);
    const dropped = place === undefined ? 0 : this.length - place.position;
    if (place !== undefined) this.cutTo(place.position);
    if (this.length === 0) {
      this.createdMs = this.context.clock.nowMs();
      this.firstBatchTimestamp = undefined;
    }
    this.bytesSinceIndexEntry = 0;
    yield* this.findLargestTimestamp();
    return dropped;
  }

  /** After a truncation: the latest of the last time index entry and the batches behind it. */
  private *findLargestTimestamp(): FileComputation<void> {
    let largest = this.timeIndex.lastEntry;
    const from = this.offsetIndex.lookup(largest.offset).position;
    yield* scanHeaders(this.file, { from, to: this.length }, (batch) => {
      if (batch.maxTimestamp > largest.timestamp) {
        largest = { timestamp: batch.maxTimestamp, offset: batch.lastOffset };
      }
      return true;
    });
    this.largest = largest;
  }

  /** No more appends: the last timestamp goes to the time index, and the indexes to their files. */
  seal(): void {
    if (this.isPreallocated) this.file.truncate(this.length);
    this.isPreallocated = false;
    this.closeTimeIndex();
    this.offsetIndex.file.close();
    this.timeIndex.file.close();
    this.transactionIndex.file?.close();
  }

  private get fileCount(): number {
    return this.transactionIndex.file === undefined ? 3 : 4;
  }

  /** Files were created since {@link namesSynced}: they are durable only once the directory has been synced. */
  get hasNewFiles(): boolean {
    return this.syncedNames < this.fileCount;
  }

  /** The directory has been synced. */
  namesSynced(): void {
    this.syncedNames = this.fileCount;
  }

  /** Makes everything appended before the call durable. */
  async sync(): Promise<void> {
    await Promise.all([
      this.file.sync(),
      this.offsetIndex.file.sync(),
      this.timeIndex.file.sync(),
      this.transactionIndex.file?.sync(),
    ]);
  }

  /** As {@link LogSegment.sync}, waiting for it. */
  syncNow(): void {
    this.file.syncNow();
    for (const index of [this.offsetIndex.file, this.timeIndex.file, this.transactionIndex.file])
      index?.syncNow();
  }

  /** Closes in good order, as {@link seal} does. */
  close(): void {
    this.seal();
    this.file.close();
  }

  /** Lets the descriptor go and writes nothing more. */
  release(): void {
    this.file.close();
  }

  /** The log's directory has a new name. */
  moved(directory: string): void {
    this.directory = directory;
    this.tellPaths();
  }

  /** Renames all files, as in adding `.deleted`. */
  changeSuffix(suffix: string): void {
    const from = SUFFIXES.map((name) => this.path(name));
    this.suffix = suffix;
    for (const [index, path] of from.entries()) {
      if (this.context.disk.stat(path) === undefined) continue;
      this.context.disk.rename(path, this.path(SUFFIXES[index] ?? ''));
    }
    this.tellPaths();
  }

  /** Makes the files as old as those whose place they take. */
  setModified(modifiedMs: number): void {
    for (const suffix of [FileSuffix.log, FileSuffix.offsetIndex, FileSuffix.timeIndex]) {
      this.context.disk.setModified(this.path(suffix), modifiedMs);
    }
  }

  get isMarkedDeleted(): boolean {
    return this.suffix === FileSuffix.deleted;
  }

  /** Closes and removes the files. */
  remove(): void {
    this.release();
    for (const suffix of SUFFIXES) this.context.disk.remove(this.path(suffix));
  }

  path(suffix: string): string {
    return `${this.directory}/${offsetFileName(this.baseOffset, suffix)}${this.suffix}`;
  }

  private tellPaths(): void {
    this.offsetIndex.file.moved(this.path(FileSuffix.offsetIndex));
    this.timeIndex.file.moved(this.path(FileSuffix.timeIndex));
    this.transactionIndex.moved(this.path(FileSuffix.transactionIndex));
  }
}
