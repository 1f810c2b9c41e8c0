import { assert } from '../../../base/assert.ts';
import { writeInt64 } from '../../../base/int64.ts';
import {
  BATCH_OVERHEAD,
  BatchField,
  Compression,
  type CompressionName,
  incrementSequence,
  LOG_OVERHEAD,
  NO_LEADER_EPOCH,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_SEQUENCE,
  RecordBatch,
  TRANSACTIONAL_BIT,
} from '../../../wire/kafka/records/batch.ts';
import { compress } from '../../../wire/kafka/records/compression.ts';
import type { PreparedRecord } from './prepared-record.ts';
import { putRecord } from './write-record.ts';

/** A producer id with its epoch. */
export interface ProducerIdAndEpoch {
  readonly id: bigint;
  readonly epoch: number;
}

export const NO_PRODUCER: ProducerIdAndEpoch = { id: NO_PRODUCER_ID, epoch: NO_PRODUCER_EPOCH };

export interface BatchFormat {
  readonly compression: CompressionName;
  readonly compressionLevel: number | undefined;
  readonly transactional: boolean;
}

/**
 * Records of one partition that go to the broker together, written into the memory that is sent.
 *
 *     open --seal()--> sealed --setProducer()--> unsigned --bytes()--> sealed
 *     open, sealed --acknowledge(), fail()--> settled
 */
export class ProducerBatch {
  readonly topic: string;
  readonly partition: number;
  readonly createdMs: number;
  private readonly format: BatchFormat;
  private memory: Buffer;
  private end = BATCH_OVERHEAD;
  private readonly records: PreparedRecord[] = [];
  private baseTimestamp = 0;
  private maxTimestamp = 0;
  /** What is sent: the records as they are or compressed, behind their header. */
  private packed: Buffer | undefined;
  private isSigned = false;
  private producer = NO_PRODUCER;
  private firstSequence = NO_SEQUENCE;
  private settled = false;
  private waiters: (() => void)[] | undefined;
  /** How often it has been sent. */
  attempts = 0;
  /** When it may be sent again, on the monotonic clock. */
  notBeforeMs = 0;
  /** The leader epoch that it was sent to last; -1 when never. */
  lastLeaderEpoch = -1;
  /** Whether its sequence was set anew after it had been sent. */
  sequenceWasReset = false;
  /** Whether it came out of a batch that was too large. */
  isSplit = false;
  /** What the accumulator has counted it as. */
  accountedBytes = 0;

  constructor(
    place: { readonly topic: string; readonly partition: number },
    memory: Buffer,
    createdMs: number,
    format: BatchFormat,
  ) {
    this.topic = place.topic;
    this.partition = place.partition;
    this.memory = memory;
    this.createdMs = createdMs;
    this.format = format;
  }

  get count(): number {
    return this.records.length;
  }

  get isDone(): boolean {
    return this.settled;
  }

  get isSealed(): boolean {
    return this.packed !== undefined;
  }

  /** Before compression. */
  get uncompressedBytes(): number {
    return this.end;
  }

  get memoryBytes(): number {
    return this.memory.length;
  }

  /** What a sealed batch takes in a request. */
  get sizeBytes(): number {
    return this.packed?.length ?? this.end;
  }

  get producerIdAndEpoch(): ProducerIdAndEpoch {
    return this.producer;
  }

  get baseSequence(): number {
    return this.firstSequence;
  }

  get hasSequence(): boolean {
    return this.firstSequence !== NO_SEQUENCE;
  }

  get lastSequence(): number {
    return incrementSequence(this.firstSequence, this.count - 1);
  }

  /** Appends a record. The memory grows when it is too small. */
  append(record: PreparedRecord): void {
    assert(this.packed === undefined && !this.settled, 'a batch that is sealed takes no records');
    const needed = this.end + record.maxBytes;
    if (needed > this.memory.length) this.grow(needed);
    const { records } = this;
    const { timestamp } = record;
    if (records.length === 0) {
      this.baseTimestamp = timestamp;
      this.maxTimestamp = timestamp;
    } else if (timestamp > this.maxTimestamp) this.maxTimestamp = timestamp;
    const place = { timestampDelta: timestamp - this.baseTimestamp, offsetDelta: records.length };
    this.end = putRecord(this.memory, this.end, record, place);
    records.push(record);
  }

  /** No more records; compresses them. */
  seal(): void {
    if (this.packed !== undefined) return;
    const { compression, compressionLevel } = this.format;
    if (compression === 'none') {
      this.packed = this.memory.subarray(0, this.end);
      return;
    }
    const plain = this.memory.subarray(BATCH_OVERHEAD, this.end);
    const compressed = compress(compression, plain, 2, compressionLevel);
    const packed = Buffer.allocUnsafe(BATCH_OVERHEAD + compressed.length);
    compressed.copy(packed, BATCH_OVERHEAD);
    this.packed = packed;
  }

  /** Says from whom it is and which sequence its first record has; after it was sent, too (KIP-360). */
  setProducer(producer: ProducerIdAndEpoch, sequence: number): void {
    this.sequenceWasReset = this.attempts > 0;
    this.producer = producer;
    this.firstSequence = sequence;
    this.isSigned = false;
  }

  /** The bytes of the batch, for a request. */
  bytes(): Buffer {
    this.seal();
    let { packed } = this;
    assert(packed !== undefined, 'sealed');
    if (this.isSigned) return packed;
    // What was sent before may not have left yet.
    if (this.attempts > 0) packed = Buffer.from(packed);
    this.packed = packed;
    this.sign(packed);
    return packed;
  }

  /** Its records move to batches of their own, which keep their sequences; this one is done with. */
  split(targetBytes: number, createBatch: (bytes: number) => ProducerBatch): ProducerBatch[] {
    const batches: ProducerBatch[] = [];
    let batch: ProducerBatch | undefined;
    for (const record of this.records) {
      if (batch === undefined || batch.end + record.maxBytes > targetBytes) {
        batch = createBatch(Math.max(targetBytes, BATCH_OVERHEAD + record.maxBytes));
        batch.isSplit = true;
        batches.push(batch);
      }
      batch.append(record);
    }
    if (this.hasSequence) {
      let sequence = this.firstSequence;
      for (const part of batches) {
        part.setProducer(this.producer, sequence);
        sequence = incrementSequence(sequence, part.count);
      }
    }
    this.records.length = 0;
    this.handOver(batches);
    this.settle();
    return batches;
  }

  /** The most that one of its records takes. */
  get maxRecordBytes(): number {
    return this.records.reduce((most, { maxBytes }) => Math.max(most, maxBytes), 0);
  }

  /** The records have been written from `baseOffset` on (-1 for unknown). Returns false when they had an outcome. */
  acknowledge(baseOffset: number, logAppendTimeMs: number): boolean {
    if (this.settled) return false;
    const { topic, partition, records } = this;
    for (let index = 0; index < records.length; index++) {
      const record = records[index];
      if (record === undefined) break;
      record.receipt.acknowledged(record.slot, {
        topic,
        partition,
        offset: baseOffset < 0 ? -1 : baseOffset + index,
        timestamp: logAppendTimeMs >= 0 ? logAppendTimeMs : record.timestamp,
      });
    }
    this.settle();
    return true;
  }

  /** No record was written, or nobody knows. Returns false when they had an outcome. */
  fail(errorOf: (index: number) => Error): boolean {
    if (this.settled) return false;
    for (const [index, record] of this.records.entries()) record.receipt.failed(record.slot, errorOf(index));
    this.settle();
    return true;
  }

  /** Calls back once every record has an outcome. */
  whenDone(action: () => void): void {
    if (this.settled) action();
    else {
      this.waiters ??= [];
      this.waiters.push(action);
    }
  }

  /** The memory, for another batch. Only when no request can refer to it any more. */
  takeMemory(): Buffer {
    assert(this.settled, 'a batch that is done');
    return this.memory;
  }

  /** Who waits for this batch waits for all of these. */
  private handOver(parts: readonly ProducerBatch[]): void {
    const { waiters } = this;
    if (waiters === undefined) return;
    this.waiters = undefined;
    let left = parts.length;
    for (const part of parts) {
      part.whenDone(() => {
        left--;
        if (left === 0) for (const action of waiters) action();
      });
    }
  }

  private settle(): void {
    this.settled = true;
    for (const action of this.waiters ?? []) action();
    this.waiters = undefined;
  }

  private grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.memory.length));
    this.memory.copy(larger, 0, 0, this.end);
    this.memory = larger;
  }

  private sign(packed: Buffer): void {
    const { format, producer, records } = this;
    writeInt64(packed, BatchField.baseOffset, 0);
    packed.writeInt32BE(packed.length - LOG_OVERHEAD, BatchField.length);
    packed.writeInt32BE(NO_LEADER_EPOCH, BatchField.leaderEpoch);
    packed.writeInt8(2, BatchField.magic);
    packed.writeInt16BE(
      Compression[format.compression] | (format.transactional ? TRANSACTIONAL_BIT : 0),
      BatchField.attributes,
    );
    packed.writeInt32BE(records.length - 1, BatchField.lastOffsetDelta);
    writeInt64(packed, BatchField.baseTimestamp, this.baseTimestamp);
    writeInt64(packed, BatchField.maxTimestamp, this.maxTimestamp);
    packed.writeBigInt64BE(producer.id, BatchField.producerId);
    packed.writeInt16BE(producer.epoch, BatchField.producerEpoch);
    packed.writeInt32BE(this.firstSequence, BatchField.baseSequence);
    packed.writeInt32BE(records.length, BatchField.count);
    new RecordBatch(packed, 0, packed.length, 2).updateCrc();
    this.isSigned = true;
  }
}
