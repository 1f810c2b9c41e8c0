import { ByteReader } from '../../../../base/byte-reader.ts';
import { MalformedError } from '../../../../base/malformed-error.ts';
import {
  BATCH_OVERHEAD,
  batchAt,
  type RecordBatch,
  type TimestampType,
} from '../../../../wire/kafka/records/batch.ts';
import { InvalidRecordError } from '../../../../wire/kafka/records/errors.ts';
import { type LogRecord, readHeaders, readNullable } from '../../../../wire/kafka/records/record.ts';
import { batchBody, readBatch } from '../../../../wire/kafka/records/records.ts';
import { KafkaError } from '../../kafka-error.ts';
import type { ConsumerRecord, ConsumerRecordHeader } from '../consumer-record.ts';
import { type AbortedTransaction, AbortedTransactions } from './aborted-transactions.ts';

/** What becomes of the bytes of a record. Gives undefined for one that is to be passed over. */
export type MakeRecord<R> = (record: RawRecord) => R | undefined;

/** One record as it stands in the log. One object is used for all records of a decoder. */
export interface RawRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly timestampType: TimestampType;
  readonly leaderEpoch: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: ConsumerRecord['headers'];
}

export interface FetchedRecords {
  readonly topic: string;
  readonly partition: number;
  /** Whole batches, perhaps followed by a part of one. */
  readonly bytes: Buffer;
  /** Records below are passed over: the first batch may begin before what was asked for. */
  readonly fromOffset: number;
  /** Of the answer; null when all records are to be handed over, whatever becomes of their transactions. */
  readonly abortedTransactions: readonly AbortedTransaction[] | null;
  readonly checkCrcs: boolean;
}

const NO_HEADERS: readonly ConsumerRecordHeader[] = [];
const NOTHING = Buffer.alloc(0);

/**
 * The records in a partition's part of a fetch answer, decoded one by one as they are asked for. Control batches and
 * aborted transactions are passed over. Consumers of all protocols read by it.
 */
export class RecordDecoder<R> {
  /** Where to go on after what has been given and passed over. */
  nextOffset: number;
  private readonly source: FetchedRecords;
  private readonly make: MakeRecord<R>;
  private readonly aborted: AbortedTransactions | undefined;
  /** Where the next batch begins. */
  private at = 0;
  /** The next batch, when it was looked at already. */
  private upcoming: RecordBatch | undefined;
  private readonly raw: { -readonly [P in keyof RawRecord]: RawRecord[P] };
  // The batch under way.
  private reader = new ByteReader(NOTHING);
  private recordsLeft = 0;
  /** Records of old formats, the next one last; empty for the current format. */
  private legacy: LogRecord[] = [];
  private baseOffset = 0;
  private baseTimestamp = 0;
  private appendTime: number | undefined;
  private batchEnd = 0;

  constructor(source: FetchedRecords, make: MakeRecord<R>) {
    this.source = source;
    this.make = make;
    this.nextOffset = source.fromOffset;
    const { topic, partition, abortedTransactions } = source;
    this.aborted = abortedTransactions === null ? undefined : new AbortedTransactions(abortedTransactions);
    this.raw = {
      topic,
      partition,
      offset: -1,
      timestamp: -1,
      timestampType: 'CreateTime',
      leaderEpoch: -1,
      key: null,
      value: null,
      headers: NO_HEADERS,
    };
  }

  /** Leader epoch of the batch that was opened last; -1 before, and where the log does not say. */
  get leaderEpoch(): number {
    return this.raw.leaderEpoch;
  }

  /** Bytes of batches not yet opened. */
  get bytesLeft(): number {
    return this.source.bytes.length - this.at;
  }

  /**
   * The next record; undefined at the end. Throws what `make` throws, and a {@link KafkaError} of code CORRUPT_MESSAGE
   * for bytes that are not what they should be. `nextOffset` is then where the culprit is, and the next call meets it
   * again.
   */
  next(): R | undefined {
    try {
      for (;;) {
        while (this.recordsLeft > 0) {
          const record = this.readOne();
          if (record !== undefined) return record;
        }
        const batch = this.upcoming ?? this.findBatch();
        this.upcoming = undefined;
        if (batch === undefined) return undefined;
        this.open(batch);
        this.at = batch.end;
      }
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      const { topic, partition } = this.source;
      throw new KafkaError(
        'CORRUPT_MESSAGE',
        `${topic}-${partition} at offset ${this.nextOffset}: ${error.message}: seek past it to go on`,
        { cause: error },
      );
    }
  }

  /** Goes to the next batch that has something to give; undefined at the end. */
  private findBatch(): RecordBatch | undefined {
    const { bytes, checkCrcs } = this.source;
    for (;;) {
      const batch = batchAt(bytes, this.at);
      if (batch === undefined) return undefined;
      if (batch.lastOffset >= this.nextOffset) {
        if (checkCrcs) batch.ensureValid();
        const dull = this.aborted === undefined ? batch.isControl : this.aborted.covers(batch);
        if (!dull) return batch;
        this.nextOffset = batch.nextOffset;
      }
      this.at = batch.end;
    }
  }

  private open(batch: RecordBatch): void {
    this.raw.timestampType = batch.timestampType;
    this.raw.leaderEpoch = batch.leaderEpoch;
    this.batchEnd = batch.nextOffset;
    const { count } = batch;
    if (count === undefined) {
      this.legacy = [...readBatch(batch)].reverse();
      this.recordsLeft = this.legacy.length;
      return;
    }
    if (count < 0) throw new InvalidRecordError(`a batch announces ${count} records`);
    this.reader = batch.isCompressed
      ? new ByteReader(batchBody(batch))
      : new ByteReader(batch.buffer, batch.start + BATCH_OVERHEAD, batch.end);
    this.recordsLeft = count;
    this.baseOffset = batch.baseOffset;
    this.baseTimestamp = batch.baseTimestamp;
    this.appendTime = batch.timestampType === 'LogAppendTime' ? batch.maxTimestamp : undefined;
    // Compaction leaves batches without records.
    if (count === 0) this.nextOffset = this.batchEnd;
  }

  /** Undefined for a record that is passed over. What is thrown leaves everything as it was. */
  private readOne(): R | undefined {
    const { reader, raw } = this;
    const start = reader.offset;
    const legacy = this.legacy[this.recordsLeft - 1];
    try {
      if (legacy === undefined) this.readCurrent();
      else this.readLegacy(legacy);
      const wanted = raw.offset >= this.nextOffset;
      const record = wanted ? this.make(raw) : undefined;
      this.recordsLeft--;
      if (wanted) this.nextOffset = raw.offset + 1;
      if (this.recordsLeft === 0) this.endBatch();
      return record;
    } catch (error) {
      reader.offset = start;
      throw error;
    }
  }

  private readCurrent(): void {
    const { reader, raw } = this;
    const length = reader.varint();
    const end = reader.offset + length;
    if (length < 0 || end > reader.end) {
      throw new InvalidRecordError(`a record of ${length} bytes where ${reader.remaining} are left`);
    }
    reader.offset++; // Attributes: no bit has a meaning yet.
    const timestampDelta = reader.varlong();
    raw.offset = this.baseOffset + reader.varint();
    raw.timestamp = this.appendTime ?? this.baseTimestamp + timestampDelta;
    raw.key = readNullable(reader);
    raw.value = readNullable(reader);
    raw.headers = readHeaders(reader);
    if (reader.offset !== end) throw new InvalidRecordError('a record is not as long as it announces');
    if (this.recordsLeft === 1 && end < reader.end) {
      throw new InvalidRecordError(`a batch has ${reader.end - end} bytes after its last record`);
    }
  }

  private readLegacy(record: LogRecord): void {
    const { raw } = this;
    raw.offset = record.offset;
    raw.timestamp = record.timestamp;
    raw.key = record.key;
    raw.value = record.value;
    raw.headers = NO_HEADERS;
  }

  /** Behind the last record, batches that have nothing to give count as read already. */
  private endBatch(): void {
    this.legacy = [];
    this.nextOffset = this.batchEnd;
    try {
      this.upcoming = this.findBatch();
    } catch (error) {
      // The next call meets it again: the record that has just been read is in order.
      if (!(error instanceof MalformedError)) throw error;
    }
  }
}
