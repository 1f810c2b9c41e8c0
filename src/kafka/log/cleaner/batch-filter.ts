import { assert } from '../../../base/assert.ts';
import type { RecordBatch } from '../../../wire/kafka/records/batch.ts';
import { type BatchOptions, RecordBatchBuilder } from '../../../wire/kafka/records/builder.ts';
import { buildLegacySet } from '../../../wire/kafka/records/legacy.ts';
import { RecordScanner } from '../../../wire/kafka/records/record-scanner.ts';
import { batchBody, readBatch } from '../../../wire/kafka/records/records.ts';
import type { CleanedTransactions } from './cleaned-transactions.ts';
import type { CleaningStats } from './cleaning-stats.ts';
import type { OffsetMap } from './offset-map.ts';

/** The last that an active producer has left in the log. */
export interface LastRecordOfProducer {
  /** -1 when that is a transaction marker: there the epoch tells. */
  readonly lastDataOffset: number;
  readonly producerEpoch: number;
}

export interface BatchFilterOptions {
  readonly map: OffsetMap;
  readonly transactions: CleanedTransactions;
  readonly lastRecords: ReadonlyMap<bigint, LastRecordOfProducer>;
  /** When the cleaning began. */
  readonly nowMs: number;
  /** `delete.retention.ms` */
  readonly deleteRetentionMs: number;
  /** Magic 0 and 1 have no delete horizon: whether their tombstones stay, judged by the age of the segment. */
  readonly keepLegacyTombstones: boolean;
  /** First offset that this cleaning leaves alone. */
  readonly endOffset: number;
  readonly stats: CleaningStats;
}

/** What becomes of a batch without records: `keep` for the sequence or the last offset that it tells. */
type EmptyBatch = 'keep' | 'drop';

/**
 * Decides batch by batch what a cleaning keeps: of each key the last record, tombstones and transaction markers
 * until their delete horizon, the last batch of each active producer and of the cleaning itself even without
 * records (LogCleaner.cleanInto and MemoryRecords.filterTo in Apache's).
 */
export class BatchFilter {
  private readonly options: BatchFilterOptions;

  constructor(options: BatchFilterOptions) {
    this.options = options;
  }

  /**
   * What is kept of a batch: the batch itself, the bytes of a new one in its place, or undefined. Throws
   * MalformedError for a damaged batch, which must not become a sound one.
   */
  filter(batch: RecordBatch): Buffer | undefined {
    batch.ensureValid();
    const { transactions, stats, nowMs } = this.options;
    const isUnneeded = batch.isControl ? transactions.passControl(batch) : transactions.passData(batch);
    const horizon = batch.deleteHorizonMs;
    const dropsRecords = isUnneeded && (!batch.isControl || (horizon !== undefined && horizon <= nowMs));
    const ifEmpty = this.isKeptEmpty(batch) ? 'keep' : 'drop';
    const kept = dropsRecords
      ? emptied(batch, ifEmpty)
      : this.keepNeeded(batch, { ifEmpty, setsHorizon: batch.isControl && isUnneeded });
    stats.bytesRead += batch.sizeInBytes;
    if (dropsRecords) stats.messagesRead += batch.count ?? 0;
    stats.bytesWritten += kept?.length ?? 0;
    return kept;
  }

  private isKeptEmpty(batch: RecordBatch): boolean {
    if (batch.magic < 2) return false;
    if (batch.nextOffset === this.options.endOffset) return true;
    if (!batch.hasProducerId) return false;
    const last = this.options.lastRecords.get(batch.producerId);
    if (last === undefined) return false;
    return last.lastDataOffset >= 0
      ? batch.lastOffset === last.lastDataOffset
      : batch.isControl && batch.producerEpoch === last.producerEpoch;
  }

  private keepNeeded(
    batch: RecordBatch,
    how: { readonly ifEmpty: EmptyBatch; readonly setsHorizon: boolean },
  ): Buffer | undefined {
    if (batch.magic < 2) return this.keepLegacy(batch);
    const { stats } = this.options;
    const { count = 0, baseOffset, baseTimestamp } = batch;
    if (count === 0) return emptied(batch, how.ifEmpty);
    const body = batchBody(batch);
    const scanner = new RecordScanner(body, count);
    const kept: { timestamp: number; offset: number; content: Buffer }[] = [];
    const appendTime = batch.timestampType === 'LogAppendTime' ? batch.maxTimestamp : undefined;
    let hasTombstones = false;
    while (scanner.next()) {
      const offset = baseOffset + scanner.offsetDelta;
      if (!batch.isControl && !this.isNeeded(batch, body, scanner, offset)) continue;
      if (!scanner.hasValue) hasTombstones = true;
      const timestamp = appendTime ?? baseTimestamp + scanner.timestampDelta;
      kept.push({ timestamp, offset, content: body.subarray(scanner.content.start, scanner.content.end) });
    }
    stats.messagesRead += count;
    stats.messagesWritten += kept.length;
    if (kept.length === 0) return emptied(batch, how.ifEmpty);
    const setsHorizon = (hasTombstones || how.setsHorizon) && batch.deleteHorizonMs === undefined;
    if (kept.length === count && !setsHorizon) return batch.bytes();
    const { nowMs, deleteRetentionMs } = this.options;
    const deleteHorizonMs = setsHorizon ? nowMs + deleteRetentionMs : batch.deleteHorizonMs;
    const builder = new RecordBatchBuilder({
      ...identityOf(batch),
      compression: batch.compression,
      ...(appendTime === undefined ? {} : { logAppendTimeMs: appendTime }),
      ...(deleteHorizonMs === undefined ? {} : { deleteHorizonMs }),
    });
    for (const { timestamp, offset, content } of kept) builder.appendContent(timestamp, offset, content);
    return builder.build();
  }

  private isNeeded(batch: RecordBatch, body: Buffer, scanner: RecordScanner, offset: number): boolean {
    const { map, nowMs, stats } = this.options;
    if (offset > map.latestOffset) return true;
    if (!scanner.hasKey) {
      stats.invalidMessages += 1;
      return false;
    }
    if (offset < map.get(body, scanner.key)) return false;
    const horizon = batch.deleteHorizonMs;
    return scanner.hasValue || horizon === undefined || nowMs < horizon;
  }

  /** Of magic 0 and 1: one message, or a wrapper around several. */
  private keepLegacy(batch: RecordBatch): Buffer | undefined {
    const { map, stats, keepLegacyTombstones } = this.options;
    assert(batch.magic < 2, 'records of an old format');
    const records = [...readBatch(batch)];
    const kept = records.filter((record) => {
      if (record.offset > map.latestOffset) return true;
      if (record.key === null) {
        stats.invalidMessages += 1;
        return false;
      }
      const isLatest = record.offset >= map.get(record.key, { start: 0, end: record.key.length });
      return isLatest && (record.value !== null || keepLegacyTombstones);
    });
    stats.messagesRead += records.length;
    stats.messagesWritten += kept.length;
    if (kept.length === records.length) return batch.bytes();
    if (kept.length === 0) return undefined;
    const appendTime = batch.timestampType === 'LogAppendTime';
    return buildLegacySet(kept, {
      magic: batch.magic === 0 ? 0 : 1,
      compression: batch.compression,
      ...(appendTime ? { timestampType: 'LogAppendTime', logAppendTimeMs: batch.maxTimestamp } : {}),
    });
  }
}

/** Offsets, epoch and producer stay what they were, whatever records go. */
function identityOf(batch: RecordBatch): BatchOptions {
  return {
    baseOffset: batch.baseOffset,
    lastOffset: batch.lastOffset,
    leaderEpoch: batch.leaderEpoch,
    producerId: batch.producerId,
    producerEpoch: batch.producerEpoch,
    baseSequence: batch.baseSequence,
    transactional: batch.isTransactional,
    control: batch.isControl,
  };
}

function emptied(batch: RecordBatch, ifEmpty: EmptyBatch): Buffer | undefined {
  if (ifEmpty === 'drop' || batch.magic < 2) return undefined;
  const { maxTimestamp } = batch;
  const appendTime = batch.timestampType === 'LogAppendTime' ? { logAppendTimeMs: maxTimestamp } : {};
  return new RecordBatchBuilder({ ...identityOf(batch), maxTimestamp, ...appendTime }).build();
}
