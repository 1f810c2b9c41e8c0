import { ErrorCode } from '../../../src/wire/kafka/errors.ts';
import { FetchRequest, FetchResponse } from '../../../src/wire/kafka/messages/01-fetch.ts';
import { ListOffsetsRequest, ListOffsetsResponse } from '../../../src/wire/kafka/messages/02-list-offsets.ts';
import { OffsetFetchRequest, OffsetFetchResponse } from '../../../src/wire/kafka/messages/09-offset-fetch.ts';
import { readAll } from '../../../src/wire/kafka/records/records.ts';
import type { BrokerConnection } from './connection.ts';
import type { KafkaHistory, SeenRecord } from './observation.ts';

const Fetch = { request: FetchRequest, response: FetchResponse };
const ListOffsets = { request: ListOffsetsRequest, response: ListOffsetsResponse };
const OffsetFetch = { request: OffsetFetchRequest, response: OffsetFetchResponse };

export interface Fetched {
  readonly highWatermark: number;
  readonly records: readonly SeenRecord[];
}

/** Reads of one topic that are written down; undefined where no good answer came. */
export class TopicReader {
  private readonly name: string;
  private readonly topic: string;
  private readonly connection: BrokerConnection;
  private readonly history: KafkaHistory;

  constructor(parts: {
    name: string;
    topic: string;
    connection: BrokerConnection;
    history: KafkaHistory;
  }) {
    this.name = parts.name;
    this.topic = parts.topic;
    this.connection = parts.connection;
    this.history = parts.history;
  }

  /** The records of a partition from an offset on; `outOfRange` when the log does not reach it. */
  async fetch(
    partition: number,
    fetchOffset: number,
    options: { maxWaitMs: number; maxBytes: number },
  ): Promise<Fetched | 'outOfRange' | undefined> {
    const invokedAt = this.history.length;
    const { era } = this.history;
    const response = await this.connection.call(Fetch, 11, {
      maxWaitMs: options.maxWaitMs,
      minBytes: 1,
      topics: [
        { topic: this.topic, partitions: [{ partition, fetchOffset, partitionMaxBytes: options.maxBytes }] },
      ],
      forgottenTopicsData: [],
    });
    const answer = response?.responses[0]?.partitions[0];
    if (answer?.errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) return 'outOfRange';
    if (answer?.errorCode !== ErrorCode.NONE) return undefined;
    // An answer from before a loss says nothing about what is there now.
    if (era !== this.history.era) return undefined;
    const { highWatermark } = answer;
    const records: SeenRecord[] = [];
    for (const { offset, value, timestamp } of readAll(answer.records ?? Buffer.alloc(0))) {
      // A batch comes whole, from before the offset that was asked for.
      if (offset >= fetchOffset) records.push({ offset, value: String(value), timestamp });
    }
    const reader = this.name;
    this.history.record({
      kind: 'fetched',
      reader,
      partition,
      fetchOffset,
      highWatermark,
      records,
      invokedAt,
    });
    return { highWatermark, records };
  }

  /** Everything in a partition; tries until it is there. */
  async readWhole(partition: number): Promise<Fetched> {
    const records: SeenRecord[] = [];
    for (;;) {
      const fetched = await this.fetch(partition, records.length, { maxWaitMs: 10, maxBytes: 65_536 });
      if (fetched === undefined || fetched === 'outOfRange') {
        await this.connection.pause(50);
        continue;
      }
      records.push(...fetched.records);
      if (records.length < fetched.highWatermark && fetched.records.length > 0) continue;
      const { highWatermark } = fetched;
      this.history.record({ kind: 'whole log', partition, highWatermark, records });
      return { highWatermark, records };
    }
  }

  async offsetByTime(partition: number, timestamp: number): Promise<number | undefined> {
    const response = await this.connection.call(ListOffsets, 5, {
      replicaId: -1,
      isolationLevel: 0,
      topics: [{ name: this.topic, partitions: [{ partitionIndex: partition, timestamp }] }],
    });
    const answer = response?.topics[0]?.partitions[0];
    if (answer?.errorCode !== ErrorCode.NONE) return undefined;
    this.history.record({ kind: 'offset by time', partition, timestamp, offset: answer.offset });
    return answer.offset;
  }

  /** The group's committed offset; -1 for none. */
  async committed(groupId: string, partition: number): Promise<number | undefined> {
    const invokedAt = this.history.length;
    const { era } = this.history;
    const response = await this.connection.call(OffsetFetch, 6, {
      groupId,
      topics: [{ name: this.topic, partitionIndexes: [partition] }],
    });
    const answer = response?.topics[0]?.partitions[0];
    if (response?.errorCode !== ErrorCode.NONE || answer?.errorCode !== ErrorCode.NONE) return undefined;
    if (era !== this.history.era) return undefined;
    const offset = answer.committedOffset;
    this.history.record({ kind: 'commit found', partition, offset, invokedAt });
    return offset;
  }
}
