import type { AssignedPartition, FetchedChunk } from './assigned-partition.ts';
import type { ConsumerContext } from './consumer-ports.ts';
import type { ConsumerBatch, ConsumerRecord } from './consumer-record.ts';
import type { Fetcher } from './fetch/fetcher.ts';
import { type RecordRules, recordMaker } from './fetch/make-record.ts';
import { type MakeRecord, RecordDecoder } from './fetch/record-decoder.ts';

/** The chunk that is being handed out. */
interface OpenChunk<K, V> {
  readonly partition: AssignedPartition;
  readonly chunk: FetchedChunk;
  readonly decoder: RecordDecoder<ConsumerRecord<K, V>>;
  readonly jumps: number;
}

/** Hands out what the fetcher has, and moves the positions with it. */
export class RecordSource<K, V> {
  private readonly context: ConsumerContext;
  private readonly fetcher: Fetcher;
  private readonly rules: RecordRules<K, V>;
  private readonly makers = new Map<string, MakeRecord<ConsumerRecord<K, V>>>();
  private current: OpenChunk<K, V> | undefined;
  /** Partitions of which records were handed out that are not dealt with yet. */
  private readonly touched: AssignedPartition[] = [];

  constructor(context: ConsumerContext, fetcher: Fetcher, rules: RecordRules<K, V>) {
    this.context = context;
    this.fetcher = fetcher;
    this.rules = rules;
  }

  /** What was handed out has been dealt with: others are asked for. */
  consume(): void {
    const { touched } = this;
    for (const partition of touched) partition.consume();
    touched.length = 0;
  }

  /** The next record; undefined when nothing is there. Throws what does not decode, again with every call. */
  next(): ConsumerRecord<K, V> | undefined {
    for (;;) {
      const open = this.current ?? this.open();
      if (open === undefined) return undefined;
      if (this.isOutdated(open)) continue;
      const record = this.read(open);
      if (record !== undefined) {
        this.context.metrics.records++;
        return record;
      }
      this.close(open);
    }
  }

  /** All records that were fetched together and wait. */
  nextBatch(): ConsumerBatch<K, V> | undefined {
    for (;;) {
      const open = this.current ?? this.open();
      if (open === undefined) return undefined;
      if (this.isOutdated(open)) continue;
      const records: ConsumerRecord<K, V>[] = [];
      try {
        for (let record = this.read(open); record !== undefined; record = this.read(open))
          records.push(record);
        this.close(open);
      } catch (error) {
        // What stands before it goes first; it is met again.
        if (records.length === 0) throw error;
      }
      const [first] = records;
      if (first === undefined) continue;
      this.context.metrics.records += records.length;
      const { topic, partition, highWatermark, position } = open.partition;
      return {
        topic,
        partition,
        records,
        firstOffset: first.offset,
        lastOffset: (records[records.length - 1] ?? first).offset,
        nextOffset: position,
        highWatermark,
      };
    }
  }

  private read({ partition, decoder }: OpenChunk<K, V>): ConsumerRecord<K, V> | undefined {
    const { touched } = this;
    try {
      return decoder.next();
    } finally {
      partition.position = decoder.nextOffset;
      if (decoder.leaderEpoch >= 0) partition.positionEpoch = decoder.leaderEpoch;
      if (touched[touched.length - 1] !== partition) touched.push(partition);
    }
  }

  private open(): OpenChunk<K, V> | undefined {
    for (;;) {
      const partition = this.fetcher.ready();
      const chunk = partition === undefined ? undefined : this.fetcher.take(partition);
      if (partition === undefined || chunk === undefined) return undefined;
      const { topic, jumps } = partition;
      const { checkCrcs } = this.context.settings;
      const source = { ...chunk, topic, partition: partition.partition, checkCrcs };
      this.context.traces.received(partition, chunk.fromOffset);
      const decoder = new RecordDecoder(source, this.makerOf(topic));
      this.current = { partition, chunk, decoder, jumps };
      return this.current;
    }
  }

  private makerOf(topic: string): MakeRecord<ConsumerRecord<K, V>> {
    const known = this.makers.get(topic);
    if (known !== undefined) return known;
    const maker = recordMaker(topic, this.rules);
    this.makers.set(topic, maker);
    return maker;
  }

  /** Whether the chunk is not to be handed out, at least not now. */
  private isOutdated({ partition, chunk, decoder, jumps }: OpenChunk<K, V>): boolean {
    const isGone = partition.gone || partition.jumps !== jumps;
    if (!isGone && !partition.paused) return false;
    this.current = undefined;
    // The rest waits for the partition to be resumed.
    if (!isGone) partition.chunks.unshift({ ...chunk, fromOffset: decoder.nextOffset });
    return true;
  }

  private close({ partition, chunk, decoder }: OpenChunk<K, V>): void {
    this.current = undefined;
    // Nothing may have stood at the end but what is passed over.
    partition.position = Math.max(partition.position, decoder.nextOffset, chunk.endOffset);
    this.fetcher.release(partition, chunk);
    this.context.drive();
  }
}
