import { ByteReader } from '../../../base/byte-reader.ts';
import { BATCH_OVERHEAD, batchesIn, incrementSequence, NO_SEQUENCE, type RecordBatch } from './batch.ts';
import { DEFAULT_UNCOMPRESSED_LIMIT_BYTES, decompress } from './compression.ts';
import { InvalidRecordError } from './errors.ts';
import { legacyFirstOffset, readLegacy } from './legacy.ts';
import { type LogRecord, readRecord } from './record.ts';

/** The records part of a magic 2 batch, unpacked when it is compressed. */
export function batchBody(batch: RecordBatch, limitBytes = DEFAULT_UNCOMPRESSED_LIMIT_BYTES): Buffer {
  const body = batch.buffer.subarray(batch.start + BATCH_OVERHEAD, batch.end);
  return decompress(batch.compression, body, batch.magic, limitBytes);
}

/**
 * The records of one batch of any magic, in order. Throws {@link InvalidRecordError} when count, lengths or
 * records do not agree, at the record where it shows, and the errors of `compression.ts`.
 */
export function* readBatch(
  batch: RecordBatch,
  limitBytes = DEFAULT_UNCOMPRESSED_LIMIT_BYTES,
): Generator<LogRecord, void> {
  const count = batch.count;
  if (count === undefined) {
    yield* readLegacy(batch, limitBytes);
    return;
  }
  if (count < 0) throw new InvalidRecordError(`a batch announces ${count} records`);
  if (count === 0) return;
  const reader = new ByteReader(batchBody(batch, limitBytes));
  const { baseOffset, baseTimestamp, baseSequence } = batch;
  const appendTime = batch.timestampType === 'LogAppendTime' ? batch.maxTimestamp : undefined;
  for (let index = 1; index <= count; index++) {
    if (reader.remaining === 0) {
      throw new InvalidRecordError(`a batch announces ${count} records and has ${index - 1}`);
    }
    const { timestampDelta, offsetDelta, key, value, headers } = readRecord(reader);
    if (index === count && reader.remaining > 0) {
      throw new InvalidRecordError(`a batch has ${reader.remaining} bytes after its ${count} records`);
    }
    yield {
      offset: baseOffset + offsetDelta,
      timestamp: appendTime ?? baseTimestamp + timestampDelta,
      key,
      value,
      headers,
      sequence: baseSequence < 0 ? NO_SEQUENCE : incrementSequence(baseSequence, offsetDelta),
    };
  }
}

/** All records of all whole batches in a buffer. */
export function* readAll(
  buffer: Buffer,
  limitBytes = DEFAULT_UNCOMPRESSED_LIMIT_BYTES,
): Generator<LogRecord, void> {
  for (const batch of batchesIn(buffer)) yield* readBatch(batch, limitBytes);
}

/** The first offset of a batch of any magic; unpacks a compressed one of magic 0 or 1. */
export function firstOffset(batch: RecordBatch): number {
  return batch.magic === 2 ? batch.baseOffset : legacyFirstOffset(batch);
}
