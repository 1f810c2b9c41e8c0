import { BatchField, batchesIn, LOG_OVERHEAD, type RecordBatch } from '../../../wire/kafka/records/batch.ts';
import { CorruptBatchError } from '../../../wire/kafka/records/errors.ts';
import { RecordScanner } from '../../../wire/kafka/records/record-scanner.ts';
import { batchBody, readBatch } from '../../../wire/kafka/records/records.ts';
import { readAt } from '../file-io.ts';
import type { LogSegment } from '../segment.ts';
import { SegmentOverflowError } from '../segment-errors.ts';
import { BatchFilter } from './batch-filter.ts';
import { type CleanableLog, CleaningAbortedError } from './cleanable-log.ts';
import { CleanedTransactions } from './cleaned-transactions.ts';
import { type Cleaning, RECORDS_PER_TURN } from './cleaning.ts';
import type { CleaningStats } from './cleaning-stats.ts';
import type { LogToClean } from './log-to-clean.ts';
import { OffsetMap, type OffsetMapLimits } from './offset-map.ts';
import { groupSegments } from './segment-groups.ts';

export interface CleanLogOptions {
  readonly target: LogToClean;
  readonly mapLimits: OffsetMapLimits;
  readonly mapSeed: number;
  /** Bytes read at a time, unless a batch is larger. */
  readonly chunkBytes: number;
  /** When the cleaning begins. */
  readonly nowMs: number;
  readonly stats: CleaningStats;
  readonly mapComplete: () => void;
}

/**
 * Cleans one log: first finds the last offset of each key in its dirty part, as far as the map has room, then
 * writes all segments up to there anew, without the records that a later one of the same key supersedes.
 * Returns where the next cleaning begins. After LogCleaner's Cleaner of Apache.
 */
export class LogCleaning {
  private readonly log: CleanableLog;
  private readonly options: CleanLogOptions;
  private readonly map: OffsetMap;
  private recordsOfTurn = 0;

  constructor(options: CleanLogOptions) {
    const { firstDirtyOffset, firstUncleanableOffset, log } = options.target;
    this.log = log;
    this.options = options;
    this.map = new OffsetMap(options.mapLimits, firstUncleanableOffset - firstDirtyOffset, options.mapSeed);
  }

  *run(): Cleaning<number> {
    const { target, stats, nowMs } = this.options;
    const { log } = this;
    const { deleteRetentionMs } = log.config;
    const lastClean = log.segmentsIn(0, target.firstDirtyOffset).at(-1);
    const legacyHorizonMs = lastClean === undefined ? 0 : lastClean.modifiedMs - deleteRetentionMs;
    // Or a power failure might take the record that another has made way for.
    yield { kind: 'flush', upTo: target.firstUncleanableOffset };
    yield* this.buildMap();
    stats.bufferUtilization = this.map.utilization;
    this.options.mapComplete();
    const endOffset = this.map.latestOffset + 1;
    const transactions = new CleanedTransactions();
    const segments = log.segmentsIn(0, endOffset);
    for (const group of groupSegments(segments, log.config, target.firstUncleanableOffset)) {
      yield* this.cleanGroup(group, transactions, { legacyHorizonMs, nowMs, deleteRetentionMs });
    }
    return endOffset;
  }

  private *buildMap(): Cleaning<void> {
    const { firstDirtyOffset: start, firstUncleanableOffset: end } = this.options.target;
    const transactions = new CleanedTransactions();
    transactions.expect(this.log.abortedTransactions(start, end));
    const dirty = this.log.segmentsIn(start, end);
    for (const [index, segment] of dirty.entries()) {
      const isFull = yield* this.mapSegment(segment, start, transactions);
      if (isFull) return;
      // Where offsets are left out at the end of a segment, nothing else is to come before the next.
      this.map.latestOffset = (dirty[index + 1]?.baseOffset ?? end) - 1;
    }
  }

  /** Returns true when the map was full before the segment's end. */
  private *mapSegment(
    segment: LogSegment,
    start: number,
    transactions: CleanedTransactions,
  ): Cleaning<boolean> {
    const { map } = this;
    const { stats } = this.options;
    let isFull = false;
    const { position } = segment.offsetIndex.lookup(start);
    const self = this;
    yield* this.eachChunk(segment, position, function* (chunk): Cleaning<boolean> {
      for (const batch of batchesIn(chunk)) {
        // A damaged key might be the name of another, and make that one's record go.
        batch.ensureValid();
        stats.mapBytesRead += batch.sizeInBytes;
        const isSkipped = batch.isControl ? transactions.passControl(batch) : transactions.passData(batch);
        if (!batch.isControl && !isSkipped) isFull = !self.mapRecords(batch, start);
        if (isFull) return false;
        if (batch.lastOffset >= start) map.latestOffset = batch.lastOffset;
        yield* self.passed(batch.count ?? 1);
      }
      return true;
    });
    return isFull;
  }

  /** Returns false when the map has no room for a key. */
  private mapRecords(batch: RecordBatch, start: number): boolean {
    const { map } = this;
    const { stats } = this.options;
    const { count, baseOffset } = batch;
    if (count === undefined) {
      for (const { key, offset } of readBatch(batch)) {
        if (key === null || offset < start) continue;
        if (!map.put(key, { start: 0, end: key.length }, offset)) return false;
        stats.mapMessagesRead += 1;
      }
      return true;
    }
    if (count === 0) return true;
    const body = batchBody(batch);
    const scanner = new RecordScanner(body, count);
    while (scanner.next()) {
      const offset = baseOffset + scanner.offsetDelta;
      if (scanner.hasKey && offset >= start && !map.put(body, scanner.key, offset)) return false;
      stats.mapMessagesRead += 1;
    }
    return true;
  }

  private *cleanGroup(
    group: readonly LogSegment[],
    transactions: CleanedTransactions,
    times: {
      readonly legacyHorizonMs: number;
      readonly nowMs: number;
      readonly deleteRetentionMs: number;
    },
  ): Cleaning<void> {
    const { log } = this;
    const [first] = group;
    const last = group.at(-1);
    if (first === undefined || last === undefined) return;
    const cleaned = log.createCleaned(first.baseOffset);
    transactions.index = cleaned.transactionIndex;
    let isInPlace = false;
    try {
      const lastRecords = log.lastRecordsOfProducers();
      for (const [index, segment] of group.entries()) {
        const next = group[index + 1]?.baseOffset ?? (yield* segment.readNextOffset());
        // All that touch the segment, as its transaction index is written anew.
        transactions.expect(log.abortedTransactions(segment.baseOffset, next));
        const filter = new BatchFilter({
          map: this.map,
          transactions,
          lastRecords,
          nowMs: times.nowMs,
          deleteRetentionMs: times.deleteRetentionMs,
          keepLegacyTombstones: segment.modifiedMs > times.legacyHorizonMs,
          endOffset: this.options.target.firstUncleanableOffset,
          stats: this.options.stats,
        });
        try {
          yield* this.cleanInto(cleaned, segment, filter);
        } catch (error) {
          if (!(error instanceof SegmentOverflowError)) throw error;
          yield* log.split(segment);
          throw new CleaningAbortedError(`${error.message}: it was split, the next cleaning begins anew`);
        }
      }
      cleaned.seal();
      yield { kind: 'sync', segment: cleaned };
      cleaned.setModified(last.modifiedMs);
      log.replace([cleaned], group);
      isInPlace = true;
    } finally {
      if (!isInPlace) log.discardCleaned(cleaned);
    }
  }

  private *cleanInto(cleaned: LogSegment, segment: LogSegment, filter: BatchFilter): Cleaning<void> {
    const self = this;
    yield* this.eachChunk(segment, 0, function* (chunk): Cleaning<boolean> {
      const kept: Buffer[] = [];
      for (const batch of batchesIn(chunk)) {
        const bytes = filter.filter(batch);
        if (bytes !== undefined) kept.push(bytes);
        yield* self.passed(batch.count ?? 1);
      }
      if (kept.length > 0) {
        const bytes = Buffer.concat(kept);
        append(cleaned, bytes);
        yield { kind: 'written', bytes: bytes.length };
      }
      return true;
    });
  }

  /** Visits a segment in pieces of whole batches, until the visitor returns false. */
  private *eachChunk(
    segment: LogSegment,
    from: number,
    visit: (chunk: Buffer) => Cleaning<boolean>,
  ): Cleaning<void> {
    const { chunkBytes } = this.options;
    const { sizeBytes } = segment;
    let wanted = chunkBytes;
    for (let position = from; position < sizeBytes; ) {
      const buffer = yield* readAt(segment.records, position, Math.min(wanted, sizeBytes - position));
      const end = endOfWholeBatches(buffer);
      if (end === 0) {
        wanted = sizeOfFirst(buffer);
        if (wanted <= buffer.length || wanted > sizeBytes - position) {
          throw new CorruptBatchError(
            `a batch of ${wanted} bytes at ${position} of segment ${segment.baseOffset}, which has ${sizeBytes}`,
          );
        }
        continue;
      }
      if (!(yield* visit(buffer.subarray(0, end)))) return;
      position += end;
      wanted = chunkBytes;
    }
  }

  private *passed(records: number): Cleaning<void> {
    this.recordsOfTurn += records;
    if (this.recordsOfTurn < RECORDS_PER_TURN) return;
    this.recordsOfTurn = 0;
    yield { kind: 'turn' };
  }
}

function append(segment: LogSegment, bytes: Buffer): void {
  const appended = [];
  for (const { lastOffset, maxTimestamp, sizeInBytes } of batchesIn(bytes)) {
    if (!segment.offsetIndex.fits(lastOffset)) throw new SegmentOverflowError(segment.baseOffset, lastOffset);
    appended.push({ lastOffset, maxTimestamp, bytes: sizeInBytes });
  }
  segment.append(bytes, appended);
}

function endOfWholeBatches(buffer: Buffer): number {
  let end = 0;
  while (buffer.length - end >= LOG_OVERHEAD) {
    const size = LOG_OVERHEAD + buffer.readInt32BE(end + BatchField.length);
    if (size <= LOG_OVERHEAD || size > buffer.length - end) break;
    end += size;
  }
  return end;
}

function sizeOfFirst(buffer: Buffer): number {
  return buffer.length < LOG_OVERHEAD ? LOG_OVERHEAD : LOG_OVERHEAD + buffer.readInt32BE(BatchField.length);
}
