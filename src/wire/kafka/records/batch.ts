import { crc32, crc32c } from '@node-rs/crc32';
import { assert } from '../../../base/assert.ts';
import { readInt64, writeInt64 } from '../../../base/int64.ts';
import { CorruptBatchError, UnsupportedCompressionError } from './errors.ts';

export type Magic = 0 | 1 | 2;

/** Codec ids as they stand in the low three bits of a batch's attributes. */
export const Compression = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const;
export type CompressionName = keyof typeof Compression;

export const COMPRESSION_NAMES = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

export type TimestampType = 'NoTimestampType' | 'CreateTime' | 'LogAppendTime';

export const NO_TIMESTAMP = -1;
export const NO_PRODUCER_ID = -1n;
export const NO_PRODUCER_EPOCH = -1;
export const NO_SEQUENCE = -1;
export const NO_LEADER_EPOCH = -1;

/** Base offset and length: what precedes the bytes that the length counts, in every magic. */
export const LOG_OVERHEAD = 12;
/** The least that tells a batch's magic. */
export const HEADER_SIZE_UP_TO_MAGIC = 17;
/** Header of a magic 2 batch, with its base offset and length; its records follow. */
export const BATCH_OVERHEAD = 61;
/** The smallest `length` field of any batch: a magic 0 record with null key and value. */
export const MIN_RECORD_SIZE = 14;

export const COMPRESSION_MASK = 0x07;
export const TIMESTAMP_TYPE_BIT = 0x08;
export const TRANSACTIONAL_BIT = 0x10;
export const CONTROL_BIT = 0x20;
export const DELETE_HORIZON_BIT = 0x40;

/** Positions inside a magic 2 header, from the batch's first byte. */
export const BatchField = {
  baseOffset: 0,
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  count: 57,
} as const;

/** Positions inside a magic 0 or 1 message, from its first byte. */
export const LegacyField = { offset: 0, size: 8, crc: 12, magic: 16, attributes: 17, timestamp: 18 } as const;

/**
 * A view of one batch (magic 2) or one message (magic 0 and 1) inside a larger buffer. Nothing is copied and
 * nothing is checked beyond what {@link batchAt} has checked: call {@link RecordBatch.ensureValid} before
 * trusting a batch from outside. Getters read the bytes each time, so that setters show at once.
 */
export class RecordBatch {
  readonly buffer: Buffer;
  /** Index of the batch's first byte in `buffer`. */
  readonly start: number;
  /** Whole size, with base offset and length. */
  readonly sizeInBytes: number;
  readonly magic: Magic;

  constructor(buffer: Buffer, start: number, sizeInBytes: number, magic: Magic) {
    this.buffer = buffer;
    this.start = start;
    this.sizeInBytes = sizeInBytes;
    this.magic = magic;
  }

  /** Index after the batch's last byte. */
  get end(): number {
    return this.start + this.sizeInBytes;
  }

  /** The batch's own bytes; shares memory. */
  bytes(): Buffer {
    return this.buffer.subarray(this.start, this.end);
  }

  /**
   * The first offset of a magic 2 batch (kept by compaction). In magic 0 and 1 it is the offset field, which for
   * a compressed wrapper is its *last* offset: only unpacking tells the first (see `records.ts`).
   */
  get baseOffset(): number {
    return readInt64(this.buffer, this.start);
  }

  get lastOffset(): number {
    return this.magic === 2 ? this.baseOffset + this.lastOffsetDelta : this.baseOffset;
  }

  get nextOffset(): number {
    return this.lastOffset + 1;
  }

  /** Difference of last and base offset, at least 0 in a sound batch; 0 in magic 0 and 1. */
  get lastOffsetDelta(): number {
    return this.magic === 2 ? this.buffer.readInt32BE(this.start + BatchField.lastOffsetDelta) : 0;
  }

  get leaderEpoch(): number {
    return this.magic === 2 ? this.buffer.readInt32BE(this.start + BatchField.leaderEpoch) : NO_LEADER_EPOCH;
  }

  /** The checksum field: CRC-32C from the attributes on in magic 2, CRC-32 from the magic on before. */
  get crc(): number {
    return this.buffer.readUInt32BE(this.start + (this.magic === 2 ? BatchField.crc : LegacyField.crc));
  }

  get attributes(): number {
    return this.magic === 2
      ? this.buffer.readInt16BE(this.start + BatchField.attributes)
      : this.buffer.readInt8(this.start + LegacyField.attributes);
  }

  /** The codec's number, not yet known to be one that exists. */
  get compressionId(): number {
    return this.attributes & COMPRESSION_MASK;
  }

  get isCompressed(): boolean {
    return this.compressionId !== Compression.none;
  }

  /** Throws {@link UnsupportedCompressionError} for a codec that does not exist. */
  get compression(): CompressionName {
    const name = COMPRESSION_NAMES[this.compressionId];
    if (name === undefined) {
      throw new UnsupportedCompressionError(`unknown compression type id ${this.compressionId}`);
    }
    return name;
  }

  get timestampType(): TimestampType {
    if (this.magic === 0) return 'NoTimestampType';
    return (this.attributes & TIMESTAMP_TYPE_BIT) === 0 ? 'CreateTime' : 'LogAppendTime';
  }

  get isTransactional(): boolean {
    return this.magic === 2 && (this.attributes & TRANSACTIONAL_BIT) !== 0;
  }

  get isControl(): boolean {
    return this.magic === 2 && (this.attributes & CONTROL_BIT) !== 0;
  }

  /** When the tombstones and markers in here may go (KIP-534), if the cleaner has said so. */
  get deleteHorizonMs(): number | undefined {
    const has = this.magic === 2 && (this.attributes & DELETE_HORIZON_BIT) !== 0;
    return has ? this.baseTimestamp : undefined;
  }

  /** What the records' timestamps are relative to; the timestamp field itself in magic 1. */
  get baseTimestamp(): number {
    if (this.magic === 0) return NO_TIMESTAMP;
    return readInt64(
      this.buffer,
      this.start + (this.magic === 2 ? BatchField.baseTimestamp : LegacyField.timestamp),
    );
  }

  get maxTimestamp(): number {
    if (this.magic === 0) return NO_TIMESTAMP;
    return readInt64(
      this.buffer,
      this.start + (this.magic === 2 ? BatchField.maxTimestamp : LegacyField.timestamp),
    );
  }

  get producerId(): bigint {
    return this.magic === 2 ? this.buffer.readBigInt64BE(this.start + BatchField.producerId) : NO_PRODUCER_ID;
  }

  get hasProducerId(): boolean {
    // The sign bit alone: an idempotent producer's id is never negative.
    return this.magic === 2 && this.buffer.readInt8(this.start + BatchField.producerId) >= 0;
  }

  get producerEpoch(): number {
    return this.magic === 2
      ? this.buffer.readInt16BE(this.start + BatchField.producerEpoch)
      : NO_PRODUCER_EPOCH;
  }

  get baseSequence(): number {
    return this.magic === 2 ? this.buffer.readInt32BE(this.start + BatchField.baseSequence) : NO_SEQUENCE;
  }

  /** The sequence of the last record: after 2147483647 comes 0. */
  get lastSequence(): number {
    const base = this.baseSequence;
    return base === NO_SEQUENCE ? NO_SEQUENCE : incrementSequence(base, this.lastOffsetDelta);
  }

  /** Announced record count of a magic 2 batch; undefined in magic 0 and 1, which do not say. */
  get count(): number | undefined {
    return this.magic === 2 ? this.buffer.readInt32BE(this.start + BatchField.count) : undefined;
  }

  /** The checksum that the bytes in fact have. */
  computeCrc(): number {
    if (this.magic === 2) {
      return crc32c(this.buffer.subarray(this.start + BatchField.attributes, this.end));
    }
    return crc32(this.buffer.subarray(this.start + LegacyField.magic, this.end));
  }

  /** Checks size and checksum; throws {@link CorruptBatchError}. */
  ensureValid(): void {
    if (this.magic === 2 && this.sizeInBytes < BATCH_OVERHEAD) {
      throw new CorruptBatchError(`a batch of ${this.sizeInBytes} bytes is smaller than its header`);
    }
    if (this.magic === 1 && this.sizeInBytes < LOG_OVERHEAD + MIN_RECORD_SIZE + 8) {
      throw new CorruptBatchError(`a message of ${this.sizeInBytes} bytes is smaller than its header`);
    }
    const computed = this.computeCrc();
    if (computed !== this.crc) {
      throw new CorruptBatchError(`checksum is ${this.crc} where the bytes have ${computed}`);
    }
  }

  isValid(): boolean {
    try {
      this.ensureValid();
      return true;
    } catch (error) {
      if (error instanceof CorruptBatchError) return false;
      throw error;
    }
  }

  /** Moves a magic 2 batch so that it begins at `offset`; its checksum does not cover this field. */
  setBaseOffset(offset: number): void {
    writeInt64(this.buffer, this.start, offset);
  }

  /** Moves a batch so that it ends at `offset`: what {@link setBaseOffset} is for magic 0 and 1. */
  setLastOffset(offset: number): void {
    this.setBaseOffset(offset - this.lastOffsetDelta);
  }

  /** The checksum does not cover this field; magic 0 and 1 have none, and the call does nothing. */
  setLeaderEpoch(epoch: number): void {
    if (this.magic === 2) this.buffer.writeInt32BE(epoch, this.start + BatchField.leaderEpoch);
  }

  /** Sets timestamp type and maximum timestamp, then the checksum. Not for magic 0, which has no timestamps. */
  setMaxTimestamp(type: 'CreateTime' | 'LogAppendTime', timestampMs: number): void {
    assert(this.magic > 0, 'magic 0 has no timestamps');
    if (this.timestampType === type && this.maxTimestamp === timestampMs) return;
    const attributes =
      type === 'LogAppendTime' ? this.attributes | TIMESTAMP_TYPE_BIT : this.attributes & ~TIMESTAMP_TYPE_BIT;
    if (this.magic === 2) {
      this.buffer.writeInt16BE(attributes, this.start + BatchField.attributes);
      writeInt64(this.buffer, this.start + BatchField.maxTimestamp, timestampMs);
    } else {
      this.buffer.writeInt8(attributes, this.start + LegacyField.attributes);
      writeInt64(this.buffer, this.start + LegacyField.timestamp, timestampMs);
    }
    this.updateCrc();
  }

  /** Writes the checksum that the bytes have. */
  updateCrc(): void {
    this.buffer.writeUInt32BE(
      this.computeCrc(),
      this.start + (this.magic === 2 ? BatchField.crc : LegacyField.crc),
    );
  }
}

/** Adds to a producer's sequence number, which wraps from 2147483647 to 0. */
export function incrementSequence(sequence: number, increment: number): number {
  const sum = sequence + increment;
  return sum > 0x7fff_ffff ? sum - 0x8000_0000 : sum;
}

/** Takes from a producer's sequence number, wrapping from 0 to 2147483647. */
export function decrementSequence(sequence: number, decrement: number): number {
  const difference = sequence - decrement;
  return difference < 0 ? difference + 0x8000_0000 : difference;
}

/**
 * The whole batch that begins at `start`, or undefined when `end` comes before its end: a partial batch at the
 * end of a buffer is normal. Throws {@link CorruptBatchError} for a size or magic that cannot be.
 */
export function batchAt(buffer: Buffer, start: number, end = buffer.length): RecordBatch | undefined {
  const left = end - start;
  if (left < LOG_OVERHEAD) return undefined;
  const length = buffer.readInt32BE(start + BatchField.length);
  if (length < MIN_RECORD_SIZE) {
    throw new CorruptBatchError(
      `batch length ${length} at ${start} is below the smallest, ${MIN_RECORD_SIZE}`,
    );
  }
  if (left < HEADER_SIZE_UP_TO_MAGIC) return undefined;
  const magic = buffer.readInt8(start + BatchField.magic);
  if (magic !== 0 && magic !== 1 && magic !== 2) {
    throw new CorruptBatchError(`batch at ${start} has magic ${magic}; 0, 1 and 2 are known`);
  }
  const size = length + LOG_OVERHEAD;
  if (left < size) return undefined;
  if (magic === 2 && size < BATCH_OVERHEAD) {
    throw new CorruptBatchError(`a batch of ${size} bytes at ${start} is smaller than its header`);
  }
  return new RecordBatch(buffer, start, size, magic);
}

/** All whole batches in order; see {@link batchAt} for a partial last one and for errors. */
export function* batchesIn(buffer: Buffer, start = 0, end = buffer.length): Generator<RecordBatch, void> {
  for (;;) {
    const batch = batchAt(buffer, start, end);
    if (batch === undefined) return;
    yield batch;
    start = batch.end;
  }
}
