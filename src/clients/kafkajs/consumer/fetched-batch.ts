import { batchesIn, type RecordBatch } from '../../../wire/kafka/records/batch.ts';
import { controlTypeOf } from '../../../wire/kafka/records/control.ts';
import type { LogRecord, RecordHeader } from '../../../wire/kafka/records/record.ts';
import { readBatch } from '../../../wire/kafka/records/records.ts';
import type { IHeaders, KafkaMessage } from '../types/common.ts';
import type { Batch } from '../types/consumer.ts';

/** What a broker sent of one partition. */
export interface FetchedPartition {
  readonly topic: string;
  readonly partition: number;
  /** What was asked for. */
  readonly fetchOffset: number;
  readonly highWatermark: number;
  readonly records: Buffer | null;
  readonly abortedTransactions:
    | readonly { readonly producerId: bigint; readonly firstOffset: number }[]
    | null;
}

/** The messages of one partition that one fetch brought, as `eachBatch` gets them: kafkajs's `Batch`. */
export class FetchedBatch implements Batch {
  readonly topic: string;
  readonly partition: number;
  readonly highWatermark: string;
  readonly messages: KafkaMessage[] = [];
  private readonly fetchOffset: number;
  /** The first offset from the one asked for on, control records and aborted ones included. */
  private first: number | undefined;
  private last: number | undefined;
  private hasRecords = false;

  /** Throws the errors of records that cannot be read. */
  constructor(fetched: FetchedPartition) {
    this.topic = fetched.topic;
    this.partition = fetched.partition;
    this.highWatermark = String(fetched.highWatermark);
    this.fetchOffset = fetched.fetchOffset;
    const aborted = new AbortedProducers(fetched.abortedTransactions ?? []);
    for (const batch of batchesIn(fetched.records ?? Buffer.alloc(0))) {
      batch.ensureValid();
      this.hasRecords = true;
      if (batch.lastOffset >= this.fetchOffset) this.last = batch.lastOffset;
      if (!aborted.hides(batch)) this.take(batch);
      else if (batch.lastOffset >= this.fetchOffset)
        this.first ??= Math.max(this.fetchOffset, batch.baseOffset);
    }
  }

  isEmpty(): boolean {
    return this.messages.length === 0;
  }

  /** Whether the fetch brought something, and nothing of it is for the user: transactions' ends, aborted records. */
  isEmptyDueToFiltering(): boolean {
    return this.isEmpty() && this.hasRecords;
  }

  firstOffset(): string | null {
    return this.first === undefined ? null : String(this.first);
  }

  lastOffset(): string {
    if (this.last !== undefined) return String(this.last);
    return this.hasRecords ? String(this.fetchOffset) : String(Number(this.highWatermark) - 1);
  }

  offsetLag(): string {
    return String(Number(this.highWatermark) - 1 - Number(this.lastOffset()));
  }

  offsetLagLow(): string {
    const first = this.firstOffset();
    return first === null ? '0' : String(Number(this.highWatermark) - 1 - Number(first));
  }

  private take(batch: RecordBatch): void {
    const batchContext = contextOf(batch);
    for (const record of readBatch(batch)) {
      if (record.offset < this.fetchOffset) continue;
      this.first ??= record.offset;
      this.messages.push(messageOf(record, batchContext) as KafkaMessage);
    }
  }
}

/** What kafkajs says of the batch that a message came in. */
function contextOf(batch: RecordBatch): object {
  if (batch.magic !== 2) return { magicByte: batch.magic };
  return {
    firstOffset: String(batch.baseOffset),
    firstTimestamp: String(batch.baseTimestamp),
    partitionLeaderEpoch: batch.leaderEpoch,
    inTransaction: batch.isTransactional,
    isControlBatch: batch.isControl,
    lastOffsetDelta: batch.lastOffsetDelta,
    producerId: String(batch.producerId),
    producerEpoch: batch.producerEpoch,
    firstSequence: batch.baseSequence,
    maxTimestamp: String(batch.maxTimestamp),
    timestampType: batch.timestampType === 'LogAppendTime' ? 1 : 0,
    magicByte: 2,
  };
}

function messageOf(record: LogRecord, batchContext: object): object {
  const { offset, timestamp, key, value, headers } = record;
  return {
    magicByte: 2,
    attributes: 0,
    timestamp: String(timestamp),
    offset: String(offset),
    key,
    value,
    headers: headersOf(headers),
    isControlRecord: false,
    batchContext,
  };
}

/** Headers by key; one that comes more often has a list. */
function headersOf(headers: readonly RecordHeader[]): IHeaders {
  const byKey: { [key: string]: Buffer | (Buffer | string)[] | undefined } = {};
  for (const { key, value } of headers) {
    const bytes = value as Buffer;
    const known = byKey[key];
    if (known === undefined) byKey[key] = bytes;
    else if (Array.isArray(known)) known.push(bytes);
    else byKey[key] = [known, bytes];
  }
  return byKey;
}

/** Follows a partition's aborted transactions over its batches, in order (`Fetcher.CompletedFetch`). */
class AbortedProducers {
  private readonly waiting: { readonly producerId: bigint; readonly firstOffset: number }[];
  private readonly active = new Set<bigint>();

  constructor(aborted: readonly { readonly producerId: bigint; readonly firstOffset: number }[]) {
    this.waiting = aborted.toSorted((a, b) => a.firstOffset - b.firstOffset);
  }

  /** Whether nothing of the batch is to be seen. */
  hides(batch: RecordBatch): boolean {
    for (
      let next = this.waiting[0];
      next !== undefined && next.firstOffset <= batch.lastOffset;
      next = this.waiting[0]
    ) {
      this.active.add(next.producerId);
      this.waiting.shift();
    }
    if (batch.isControl) {
      for (const record of readBatch(batch)) {
        if (controlTypeOf(record) === 'ABORT') this.active.delete(batch.producerId);
      }
      return true;
    }
    return batch.isTransactional && this.active.has(batch.producerId);
  }
}
