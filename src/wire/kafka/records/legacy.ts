import { crc32 } from '@node-rs/crc32';
import { assert } from '../../../base/assert.ts';
import { writeInt64 } from '../../../base/int64.ts';
import {
  batchAt,
  Compression,
  type CompressionName,
  LegacyField,
  LOG_OVERHEAD,
  NO_SEQUENCE,
  NO_TIMESTAMP,
  type RecordBatch,
  TIMESTAMP_TYPE_BIT,
} from './batch.ts';
import { compress, DEFAULT_UNCOMPRESSED_LIMIT_BYTES, decompress } from './compression.ts';
import { InvalidRecordError } from './errors.ts';
import type { LogRecord } from './record.ts';

/**
 * Message sets of magic 0 and 1. Every message stands alone; a compressed one is a wrapper whose value is a
 * message set. Inner offsets are absolute in magic 0 and relative in magic 1, where the wrapper's own offset is
 * that of its last message.
 */
export type LegacyMagic = 0 | 1;

export interface LegacyFields {
  timestamp: number;
  key: Buffer | null;
  value: Buffer | null;
}

/** Size of the fixed part after `LOG_OVERHEAD`: checksum, magic, attributes, timestamp, two lengths. */
function recordOverhead(magic: LegacyMagic): number {
  return magic === 0 ? 14 : 22;
}

/** Key, value and timestamp of one message, not unpacked. Throws {@link InvalidRecordError}. */
export function readLegacyFields(message: RecordBatch): LegacyFields {
  const { buffer, end } = message;
  const keyAt = message.start + (message.magic === 0 ? LegacyField.timestamp : LegacyField.timestamp + 8);
  const key = sizedAt(buffer, keyAt, end);
  const valueAt = keyAt + 4 + (key?.length ?? 0);
  const value = sizedAt(buffer, valueAt, end);
  return { timestamp: message.maxTimestamp, key, value };
}

function sizedAt(buffer: Buffer, at: number, end: number): Buffer | null {
  const left = end - at - 4;
  if (left < 0) throw new InvalidRecordError('a message ends inside its key or value');
  const length = buffer.readInt32BE(at);
  if (length < 0) return null;
  if (length > left) throw new InvalidRecordError(`${length} bytes announced in a message, ${left} left`);
  return buffer.subarray(at + 4, at + 4 + length);
}

/** The records of one message of a log or request: itself, or those inside it. */
export function* readLegacy(
  message: RecordBatch,
  limitBytes = DEFAULT_UNCOMPRESSED_LIMIT_BYTES,
): Generator<LogRecord, void> {
  if (!message.isCompressed) {
    yield toRecord(message, message.lastOffset, message.maxTimestamp);
    return;
  }
  const inner = unwrap(message, limitBytes);
  const base = message.magic === 0 ? 0 : absoluteBase(message, inner);
  const appendTime = message.timestampType === 'LogAppendTime' ? message.maxTimestamp : undefined;
  for (const entry of inner) {
    if (entry.isCompressed) throw new InvalidRecordError('a message inside a wrapper is compressed');
    yield toRecord(entry, base + entry.lastOffset, appendTime ?? entry.maxTimestamp);
  }
}

function toRecord(message: RecordBatch, offset: number, timestamp: number): LogRecord {
  const { key, value } = readLegacyFields(message);
  return { offset, timestamp, key, value, headers: [], sequence: NO_SEQUENCE };
}

/** The messages inside a wrapper, in order; at least one. A cut-off last one is dropped, as Apache does. */
export function unwrap(
  wrapper: RecordBatch,
  limitBytes = DEFAULT_UNCOMPRESSED_LIMIT_BYTES,
): [RecordBatch, ...RecordBatch[]] {
  const codec = wrapper.compression;
  if (codec === 'zstd') throw new InvalidRecordError('zstd does not exist in magic 0 and 1');
  const { value } = readLegacyFields(wrapper);
  if (value === null) throw new InvalidRecordError('a compressed message has no value');
  const bytes = decompress(codec, value, wrapper.magic, limitBytes);
  const entries: RecordBatch[] = [];
  for (let at = 0; ; ) {
    const entry = batchAt(bytes, at);
    if (entry === undefined) break;
    if (entry.magic !== wrapper.magic) {
      throw new InvalidRecordError(`magic ${entry.magic} inside a wrapper of magic ${wrapper.magic}`);
    }
    entries.push(entry);
    at = entry.end;
  }
  const [first, ...rest] = entries;
  if (first === undefined) throw new InvalidRecordError('a compressed message holds no messages');
  return [first, ...rest];
}

function absoluteBase(wrapper: RecordBatch, inner: readonly [RecordBatch, ...RecordBatch[]]): number {
  const wrapperOffset = wrapper.lastOffset;
  // Some versions of librdkafka produce wrappers at offset 0 whose inner offsets are right already.
  if (wrapperOffset === 0) return 0;
  const lastInner = (inner[inner.length - 1] ?? inner[0]).lastOffset;
  if (wrapperOffset < lastInner) {
    throw new InvalidRecordError(`wrapper offset ${wrapperOffset} is below its last inner one, ${lastInner}`);
  }
  return wrapperOffset - lastInner;
}

export interface LegacyDraft {
  offset: number;
  timestamp: number;
  key: Uint8Array | null;
  value: Uint8Array | null;
}

export interface LegacySetOptions {
  magic: LegacyMagic;
  compression: CompressionName;
  timestampType?: 'CreateTime' | 'LogAppendTime';
  /** The timestamp of every record when the type says append time. */
  logAppendTimeMs?: number;
  /** What inner offsets of magic 1 are relative to; the first record's offset when absent. */
  baseOffset?: number;
}

/** Writes a message set: one message per record, or one wrapper around all of them. */
export function buildLegacySet(drafts: readonly LegacyDraft[], options: LegacySetOptions): Buffer {
  const { magic, compression } = options;
  assert(compression !== 'zstd', 'zstd does not exist in magic 0 and 1');
  const first = drafts[0];
  const last = drafts[drafts.length - 1];
  if (first === undefined || last === undefined) return Buffer.alloc(0);
  const appendTime = options.timestampType === 'LogAppendTime' ? options.logAppendTimeMs : undefined;
  const typeBit = magic > 0 && options.timestampType === 'LogAppendTime' ? TIMESTAMP_TYPE_BIT : 0;
  const relativeTo = magic === 1 && compression !== 'none' ? (options.baseOffset ?? first.offset) : 0;
  const messages = drafts.map((draft) =>
    message(magic, typeBit, {
      ...draft,
      offset: draft.offset - relativeTo,
      timestamp: appendTime ?? draft.timestamp,
    }),
  );
  const set = Buffer.concat(messages);
  if (compression === 'none') return set;
  const maxTimestamp = drafts.reduce((max, draft) => Math.max(max, draft.timestamp), NO_TIMESTAMP);
  return message(magic, typeBit | Compression[compression], {
    offset: last.offset,
    timestamp: appendTime ?? maxTimestamp,
    key: null,
    value: compress(compression, set, magic),
  });
}

function message(magic: LegacyMagic, attributes: number, draft: LegacyDraft): Buffer {
  const keyBytes = draft.key?.length ?? 0;
  const valueBytes = draft.value?.length ?? 0;
  const size = recordOverhead(magic) + keyBytes + valueBytes;
  const bytes = Buffer.allocUnsafe(LOG_OVERHEAD + size);
  writeInt64(bytes, LegacyField.offset, draft.offset);
  bytes.writeInt32BE(size, LegacyField.size);
  bytes.writeInt8(magic, LegacyField.magic);
  bytes.writeInt8(attributes, LegacyField.attributes);
  if (magic === 1) writeInt64(bytes, LegacyField.timestamp, draft.timestamp);
  const keyAt = magic === 0 ? LegacyField.timestamp : LegacyField.timestamp + 8;
  bytes.writeInt32BE(draft.key === null ? -1 : keyBytes, keyAt);
  if (draft.key !== null) bytes.set(draft.key, keyAt + 4);
  const valueAt = keyAt + 4 + keyBytes;
  bytes.writeInt32BE(draft.value === null ? -1 : valueBytes, valueAt);
  if (draft.value !== null) bytes.set(draft.value, valueAt + 4);
  bytes.writeUInt32BE(crc32(bytes.subarray(LegacyField.magic)), LegacyField.crc);
  return bytes;
}

/** The offset of the first record in a message: for a wrapper only its inside tells. */
export function legacyFirstOffset(message: RecordBatch): number {
  if (!message.isCompressed) return message.lastOffset;
  const inner = unwrap(message);
  return (message.magic === 0 ? 0 : absoluteBase(message, inner)) + inner[0].lastOffset;
}
