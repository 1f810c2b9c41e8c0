import { assert } from '../../../base/assert.ts';
import { ByteWriter } from '../../../base/byte-writer.ts';
import { writeInt64 } from '../../../base/int64.ts';
import {
  BATCH_OVERHEAD,
  BatchField,
  CONTROL_BIT,
  Compression,
  type CompressionName,
  DELETE_HORIZON_BIT,
  LOG_OVERHEAD,
  NO_LEADER_EPOCH,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_SEQUENCE,
  NO_TIMESTAMP,
  RecordBatch,
  TIMESTAMP_TYPE_BIT,
  TRANSACTIONAL_BIT,
} from './batch.ts';
import { compress } from './compression.ts';
import { type RecordDraft, writeRecord, writeRecordContent } from './record.ts';

export interface BatchOptions {
  baseOffset?: number;
  leaderEpoch?: number;
  compression?: CompressionName;
  /** See `compress`. */
  compressionLevel?: number | undefined;
  producerId?: bigint;
  producerEpoch?: number;
  baseSequence?: number;
  transactional?: boolean;
  control?: boolean;
  /**
   * Makes every record's timestamp this one, by the batch's maximum timestamp and a bit in its attributes. The
   * deltas inside keep what the producer said.
   */
  logAppendTimeMs?: number;
  deleteHorizonMs?: number;
  /** The last offset, when it is beyond the last record's (compaction keeps it). */
  lastOffset?: number;
  /** The maximum timestamp of a batch that has no records. */
  maxTimestamp?: number;
}

/** Builds one magic 2 batch. Records without an offset of their own follow each other. */
export class RecordBatchBuilder {
  private readonly options: BatchOptions;
  private readonly baseOffset: number;
  private readonly body = new ByteWriter();
  private baseTimestamp: number | undefined;
  private maxTimestamp = NO_TIMESTAMP;
  private lastOffset: number;
  private records = 0;

  constructor(options: BatchOptions = {}) {
    this.options = options;
    this.baseOffset = options.baseOffset ?? 0;
    this.lastOffset = this.baseOffset - 1;
    this.baseTimestamp = options.deleteHorizonMs;
  }

  get count(): number {
    return this.records;
  }

  /** Size of the batch so far, before compression. */
  get uncompressedBytes(): number {
    return BATCH_OVERHEAD + this.body.length;
  }

  append(draft: RecordDraft, offset = this.lastOffset + 1): this {
    const timestampDelta = this.add(draft.timestamp, offset);
    writeRecord(this.body, timestampDelta, offset - this.baseOffset, draft);
    return this;
  }

  /** Appends a record of another batch: `content` is its key, value and headers as they were written there. */
  appendContent(timestamp: number, offset: number, content: Uint8Array): void {
    const timestampDelta = this.add(timestamp, offset);
    writeRecordContent(this.body, timestampDelta, offset - this.baseOffset, content);
  }

  /** Returns the timestamp relative to the batch's. */
  private add(timestamp: number, offset: number): number {
    assert(offset > this.lastOffset, `offset ${offset} follows ${this.lastOffset}`);
    this.baseTimestamp ??= timestamp;
    this.maxTimestamp = Math.max(this.maxTimestamp, timestamp);
    this.lastOffset = offset;
    this.records++;
    return timestamp - this.baseTimestamp;
  }

  build(): Buffer {
    const { compression = 'none', compressionLevel } = this.options;
    const packed = compress(compression, this.body.toBuffer(), 2, compressionLevel);
    const batch = Buffer.allocUnsafe(BATCH_OVERHEAD + packed.length);
    packed.copy(batch, BATCH_OVERHEAD);
    this.writeHeader(batch);
    return batch;
  }

  private writeHeader(batch: Buffer): void {
    const { options } = this;
    const lastOffset = options.lastOffset ?? this.lastOffset;
    const maxTimestamp = this.records === 0 ? options.maxTimestamp : options.logAppendTimeMs;
    writeInt64(batch, BatchField.baseOffset, this.baseOffset);
    batch.writeInt32BE(batch.length - LOG_OVERHEAD, BatchField.length);
    batch.writeInt32BE(options.leaderEpoch ?? NO_LEADER_EPOCH, BatchField.leaderEpoch);
    batch.writeInt8(2, BatchField.magic);
    batch.writeInt16BE(attributes(options), BatchField.attributes);
    batch.writeInt32BE(lastOffset - this.baseOffset, BatchField.lastOffsetDelta);
    writeInt64(batch, BatchField.baseTimestamp, this.baseTimestamp ?? NO_TIMESTAMP);
    writeInt64(batch, BatchField.maxTimestamp, maxTimestamp ?? this.maxTimestamp);
    batch.writeBigInt64BE(options.producerId ?? NO_PRODUCER_ID, BatchField.producerId);
    batch.writeInt16BE(options.producerEpoch ?? NO_PRODUCER_EPOCH, BatchField.producerEpoch);
    batch.writeInt32BE(options.baseSequence ?? NO_SEQUENCE, BatchField.baseSequence);
    batch.writeInt32BE(this.records, BatchField.count);
    new RecordBatch(batch, 0, batch.length, 2).updateCrc();
  }
}

function attributes(options: BatchOptions): number {
  let bits: number = Compression[options.compression ?? 'none'];
  if (options.logAppendTimeMs !== undefined) bits |= TIMESTAMP_TYPE_BIT;
  if (options.transactional === true) bits |= TRANSACTIONAL_BIT;
  if (options.control === true) bits |= CONTROL_BIT;
  if (options.deleteHorizonMs !== undefined) bits |= DELETE_HORIZON_BIT;
  return bits;
}

/** One batch of these records. */
export function buildBatch(drafts: Iterable<RecordDraft>, options: BatchOptions = {}): Buffer {
  const builder = new RecordBatchBuilder(options);
  for (const draft of drafts) builder.append(draft);
  return builder.build();
}
