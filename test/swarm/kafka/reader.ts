import { type TopicPartition, topicPartitionKey } from '../../../src/kafka/log/topic-partition.ts';
import { ErrorCode } from '../../../src/wire/kafka/errors.ts';
import { readAll } from '../../../src/wire/kafka/records/records.ts';
import { Fetch, ListOffsets, OffsetFetch } from '../../support/kafka/pairs.ts';
import type { ClientHistory, SeenRecord } from './observation.ts';
import type { Route } from './route.ts';

export interface Fetched {
  readonly highWatermark: number;
  readonly records: readonly SeenRecord[];
}

export interface FetchLimits {
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  /** The broker to read from; the leader when there is none. */
  readonly broker?: number;
}

/** Reads that are written down; undefined where no good answer came. */
export class SwarmReader {
  private readonly name: string;
  private readonly route: Route;
  private readonly history: ClientHistory;
  private readonly isCompacted: (topic: string) => boolean;

  constructor(parts: {
    name: string;
    route: Route;
    history: ClientHistory;
    isCompacted?: (topic: string) => boolean;
  }) {
    this.name = parts.name;
    this.route = parts.route;
    this.history = parts.history;
    this.isCompacted = parts.isCompacted ?? (() => false);
  }

  /** The records of a partition from an offset on; `outOfRange` when the log does not reach it. */
  async fetch(
    target: TopicPartition,
    fetchOffset: number,
    limits: FetchLimits,
  ): Promise<Fetched | 'outOfRange' | undefined> {
    const { history, route, name: reader } = this;
    const { topic, partition: index } = target;
    const partition = topicPartitionKey(target);
    const from =
      limits.broker === undefined ? await route.leaderOf(target) : { broker: limits.broker, leaderEpoch: -1 };
    if (from === undefined) return undefined;
    const { broker, leaderEpoch: currentLeaderEpoch } = from;
    const asked = { partition: index, currentLeaderEpoch, fetchOffset, partitionMaxBytes: limits.maxBytes };
    const invokedAt = history.length;
    const standing = history.standing(partition, broker);
    const response = await route.call(broker, Fetch, 11, {
      maxWaitMs: limits.maxWaitMs,
      minBytes: 1,
      topics: [{ topic, partitions: [asked] }],
      forgottenTopicsData: [],
    });
    const answer = response?.responses[0]?.partitions[0];
    const isOutOfRange = answer?.errorCode === ErrorCode.OFFSET_OUT_OF_RANGE;
    if (answer?.errorCode !== ErrorCode.NONE && !isOutOfRange) {
      route.forget(target);
      return undefined;
    }
    // An answer from before a loss says nothing about what is there now.
    if (standing === undefined || standing !== history.standing(partition, broker)) return undefined;
    if (isOutOfRange) return 'outOfRange';
    const { highWatermark } = answer;
    const isCompacted = this.isCompacted(topic);
    // A batch comes whole, from before the offset that was asked for.
    const records = recordsIn(answer.records).filter(({ offset }) => offset >= fetchOffset);
    const seen = { reader, broker, partition, fetchOffset, highWatermark, isCompacted, records, invokedAt };
    history.record({ kind: 'fetched', ...seen });
    return { highWatermark, records };
  }

  /** Everything in a partition; tries until it is there, at least up to an offset that is known to be committed. */
  async readWhole(target: TopicPartition, atLeast = 0): Promise<Fetched> {
    const records: SeenRecord[] = [];
    for (;;) {
      const from = nextOffset(records, 0);
      const fetched = await this.fetch(target, from, { maxWaitMs: 10, maxBytes: 65_536 });
      // A new leader's high watermark may be behind for a moment.
      if (fetched === undefined || fetched === 'outOfRange' || fetched.highWatermark < atLeast) {
        await this.route.pause(50);
        continue;
      }
      records.push(...fetched.records);
      if (nextOffset(records, 0) < fetched.highWatermark && fetched.records.length > 0) continue;
      const { highWatermark } = fetched;
      const isCompacted = this.isCompacted(target.topic);
      const partition = topicPartitionKey(target);
      this.history.record({ kind: 'whole log', partition, highWatermark, isCompacted, records });
      return { highWatermark, records };
    }
  }

  async offsetByTime(target: TopicPartition, timestamp: number): Promise<number | undefined> {
    const { topic, partition: partitionIndex } = target;
    const broker = (await this.route.leaderOf(target))?.broker;
    if (broker === undefined) return undefined;
    const response = await this.route.call(broker, ListOffsets, 5, {
      replicaId: -1,
      isolationLevel: 0,
      topics: [{ name: topic, partitions: [{ partitionIndex, timestamp }] }],
    });
    const answer = response?.topics[0]?.partitions[0];
    if (answer?.errorCode !== ErrorCode.NONE) return undefined;
    const { offset } = answer;
    const partition = topicPartitionKey(target);
    this.history.record({ kind: 'offset by time', partition, timestamp, offset });
    return offset;
  }

  /** A group's committed offset, from its coordinator; -1 for none. `home` is the partition that keeps the group. */
  async committed(
    group: { groupId: string; home: string; coordinator: number },
    target: TopicPartition,
  ): Promise<number | undefined> {
    const { groupId, home, coordinator } = group;
    const invokedAt = this.history.length;
    const standing = this.history.standing(home, coordinator);
    const response = await this.route.call(coordinator, OffsetFetch, 6, {
      groupId,
      topics: [{ name: target.topic, partitionIndexes: [target.partition] }],
    });
    const answer = response?.topics[0]?.partitions[0];
    if (response?.errorCode !== ErrorCode.NONE || answer?.errorCode !== ErrorCode.NONE) return undefined;
    const offset = answer.committedOffset;
    if (standing !== undefined && standing === this.history.standing(home, coordinator)) {
      const partition = topicPartitionKey(target);
      this.history.record({ kind: 'commit found', partition, offset, invokedAt });
    }
    return offset;
  }
}

/** The offset behind the last record. */
export function nextOffset(records: readonly SeenRecord[], otherwise: number): number {
  const last = records.at(-1);
  return last === undefined ? otherwise : last.offset + 1;
}

export function recordsIn(bytes: Buffer | null): SeenRecord[] {
  return Array.from(readAll(bytes ?? Buffer.alloc(0)), ({ offset, key, value, timestamp }) => ({
    offset,
    key: key === null ? null : String(key),
    value: value === null ? null : String(value),
    timestamp,
  }));
}
