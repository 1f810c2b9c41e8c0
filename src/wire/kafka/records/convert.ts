import { NO_TIMESTAMP, type RecordBatch } from './batch.ts';
import { UnsupportedCompressionError } from './errors.ts';
import { buildLegacySet, type LegacyMagic } from './legacy.ts';
import type { LogRecord } from './record.ts';
import { readBatch } from './records.ts';

/**
 * Rewrites batches for clients that know only older formats (what old Fetch versions get). Control batches
 * vanish, headers are lost. Of an uncompressed batch the records below `firstOffset` are dropped, because old
 * librdkafka would deliver them twice; a compressed batch stays whole. Batches that are old enough already
 * pass through by reference. What would come to more than `limitBytes` is left for the next fetch, but for the first
 * batch. Throws {@link UnsupportedCompressionError} for zstd.
 */
export function downConvert(
  batches: Iterable<RecordBatch>,
  toMagic: LegacyMagic,
  firstOffset: number,
  limitBytes = Number.POSITIVE_INFINITY,
): Buffer[] {
  const parts: Buffer[] = [];
  let bytes = 0;
  for (const batch of batches) {
    const part = convertOne(batch, toMagic, firstOffset);
    if (part === undefined) continue;
    if (parts.length > 0 && bytes + part.length > limitBytes) break;
    parts.push(part);
    bytes += part.length;
  }
  return parts;
}

/** Undefined for a batch of which nothing is left. */
function convertOne(batch: RecordBatch, toMagic: LegacyMagic, firstOffset: number): Buffer | undefined {
  if (batch.isControl) return undefined;
  if (batch.compression === 'zstd') {
    throw new UnsupportedCompressionError('zstd batches cannot be converted to magic 0 or 1');
  }
  if (batch.magic <= toMagic) return batch.bytes();
  const records: LogRecord[] = [];
  for (const record of readBatch(batch)) {
    if (batch.isCompressed || record.offset >= firstOffset) records.push(record);
  }
  return records.length === 0 ? undefined : convertBatch(batch, records, toMagic);
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
