import { murmur2, positive } from '../../../base/murmur2.ts';
import type { Random } from '../../../env/random.ts';
import type { TopicInfo } from '../cluster/cluster-metadata.ts';
import { KafkaError } from '../kafka-error.ts';
import type { PartitionQueue } from './partition-queue.ts';
import type { PreparedRecord } from './prepared-record.ts';

/** What a partitioner of one's own is asked. */
export interface PartitionChoice {
  readonly topic: string;
  /** The key in bytes. */
  readonly key: Uint8Array | null;
  /** The value as it was serialized. */
  readonly value: Uint8Array | string | null;
  readonly partitionCount: number;
  /** Partitions that have a leader at the moment. */
  readonly available: readonly number[];
}

/** Gives a partition from 0 up to and without `partitionCount`. Called for records that name none themselves. */
export type Partitioner = (choice: PartitionChoice) => number;

/**
 * `default`: by key where there is one, else sticky. `uniformSticky`: sticky, whatever the keys are
 * (`partitioner.ignore.keys`). `roundRobin`: each record to the next partition that is available.
 */
export type PartitionerName = 'default' | 'uniformSticky' | 'roundRobin';

/** The partition of a key, as Java's producer computes it. */
export function partitionOfKey(key: Uint8Array, partitionCount: number): number {
  const bytes = Buffer.isBuffer(key) ? key : Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  return positive(murmur2(bytes)) % partitionCount;
}

/** Numbers of the partitions that have a leader. */
export function availablePartitions(topic: TopicInfo): number[] {
  return topic.partitions.filter(({ leader }) => leader >= 0).map(({ partition }) => partition);
}

export interface TopicPartitions {
  readonly info: TopicInfo;
  readonly available: readonly number[];
  /** By partition; a hole where nothing was ever sent. */
  readonly queues: readonly (PartitionQueue | undefined)[];
}

/** Chooses partitions of one topic. */
export interface TopicPartitioner {
  choose(record: PreparedRecord, topic: TopicPartitions): number;
  /** A record whose partition was chosen was written; `isBatchFull` when that was the last of its batch. */
  appended(record: PreparedRecord, isBatchFull: boolean, topic: TopicPartitions): void;
}

export interface PartitionerSettings {
  readonly partitioner: PartitionerName | Partitioner;
  readonly batchBytes: number;
}

export function createPartitioner(settings: PartitionerSettings, random: Random): TopicPartitioner {
  const { partitioner, batchBytes } = settings;
  if (typeof partitioner === 'function') return new OwnPartitioner(partitioner);
  if (partitioner === 'roundRobin') return new RoundRobinPartitioner();
  return new StickyPartitioner(random, batchBytes, partitioner === 'default');
}

/**
 * Records without a key go to one partition until a batch is full, then to another: full batches, few requests
 * (KIP-480). The less waits for a partition, the likelier it is the next (KIP-794, `BuiltInPartitioner`).
 */
class StickyPartitioner implements TopicPartitioner {
  private readonly random: Random;
  private readonly batchBytes: number;
  private readonly usesKeys: boolean;
  private partition = -1;
  private producedBytes = 0;

  constructor(random: Random, batchBytes: number, usesKeys: boolean) {
    this.random = random;
    this.batchBytes = Math.max(1, batchBytes);
    this.usesKeys = usesKeys;
  }

  choose(record: PreparedRecord, topic: TopicPartitions): number {
    const count = topic.info.partitions.length;
    if (this.usesKeys && record.key !== null) return partitionOfKey(record.key, count);
    if (this.partition < 0 || this.partition >= count) this.next(topic);
    return this.partition;
  }

  appended(record: PreparedRecord, isBatchFull: boolean, topic: TopicPartitions): void {
    if (this.usesKeys && record.key !== null) return;
    if (record.partition !== this.partition) return;
    this.producedBytes += record.maxBytes;
    const { producedBytes, batchBytes } = this;
    // Half a batch more, rather than a partition that is left with a small one.
    if (producedBytes >= 2 * batchBytes || (isBatchFull && producedBytes >= batchBytes)) this.next(topic);
  }

  private next(topic: TopicPartitions): void {
    this.producedBytes = 0;
    const { available, queues, info } = topic;
    if (available.length === 0) {
      this.partition = this.random.below(info.partitions.length);
      return;
    }
    let longest = 0;
    for (const partition of available) longest = Math.max(longest, queues[partition]?.batches.length ?? 0);
    const weightOf = (partition: number) => longest + 1 - (queues[partition]?.batches.length ?? 0);
    let total = 0;
    for (const partition of available) total += weightOf(partition);
    let rest = this.random.below(total);
    for (const partition of available) {
      rest -= weightOf(partition);
      if (rest >= 0) continue;
      this.partition = partition;
      return;
    }
  }
}

class RoundRobinPartitioner implements TopicPartitioner {
  private turn = 0;

  choose(_record: PreparedRecord, { info, available }: TopicPartitions): number {
    const turn = this.turn;
    this.turn = (turn + 1) & 0x7fff_ffff;
    return available[turn % available.length] ?? turn % info.partitions.length;
  }

  appended(): void {
    // Every record moves on.
  }
}

class OwnPartitioner implements TopicPartitioner {
  private readonly partitioner: Partitioner;

  constructor(partitioner: Partitioner) {
    this.partitioner = partitioner;
  }

  choose({ topic, key, value }: PreparedRecord, { info, available }: TopicPartitions): number {
    const partitionCount = info.partitions.length;
    const partition = this.partitioner({ topic, key, value, partitionCount, available });
    if (Number.isInteger(partition) && partition >= 0 && partition < partitionCount) return partition;
    throw new KafkaError(
      'INVALID_ARGUMENT',
      `the partitioner chose ${partition} for topic ${topic}, which has ${partitionCount} partitions`,
    );
  }

  appended(): void {
    // It keeps its own state.
  }
}
