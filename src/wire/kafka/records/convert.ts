import { NO_TIMESTAMP, type RecordBatch } from './batch.ts';
import { UnsupportedCompressionError } from './errors.ts';
import { buildLegacySet, type LegacyMagic } from './legacy.ts';
import type { LogRecord } from './record.ts';
import { readBatch } from './records.ts';

/**
 * Rewrites batches for clients that know only older formats (what old Fetch versions get). Control batches
 * vanish, headers are lost. Of an uncompressed batch the records below `firstOffset` are dropped, because old
 * librdkafka would deliver them twice; a compressed batch stays whole. Batches that are old enough already
 * pass through by reference. Throws {@link UnsupportedCompressionError} for zstd.
 */
export function downConvert(
  batches: Iterable<RecordBatch>,
  toMagic: LegacyMagic,
  firstOffset: number,
): Buffer[] {
  const parts: Buffer[] = [];
  for (const batch of batches) {
    if (batch.isControl) continue;
    if (batch.compression === 'zstd') {
      throw new UnsupportedCompressionError('zstd batches cannot be converted to magic 0 or 1');
    }
    if (batch.magic <= toMagic) {
      parts.push(batch.bytes());
      continue;
    }
    const records: LogRecord[] = [];
    for (const record of readBatch(batch)) {
      if (batch.isCompressed || record.offset >= firstOffset) records.push(record);
    }
    if (records.length > 0) parts.push(convertBatch(batch, records, toMagic));
  }
  return parts;
}

function convertBatch(batch: RecordBatch, records: LogRecord[], toMagic: LegacyMagic): Buffer {
  const appendTime = batch.timestampType === 'LogAppendTime';
  return buildLegacySet(records, {
    magic: toMagic,
    compression: batch.compression,
    timestampType: appendTime ? 'LogAppendTime' : 'CreateTime',
    logAppendTimeMs: appendTime ? batch.maxTimestamp : NO_TIMESTAMP,
  });
}
