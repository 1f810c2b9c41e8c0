import type { Random } from '../../../env/random.ts';
import { BATCH_OVERHEAD } from '../../../wire/kafka/records/batch.ts';
import type { TopicInfo } from '../cluster/cluster-metadata.ts';
import { CompressionRatio } from './compression-ratio.ts';
import { PartitionQueue } from './partition-queue.ts';
import {
  availablePartitions,
  createPartitioner,
  type TopicPartitioner,
  type TopicPartitions,
} from './partitioners.ts';
import type { PreparedRecord } from './prepared-record.ts';
import { type BatchFormat, ProducerBatch } from './producer-batch.ts';
import type { ProducerSettings } from './producer-options.ts';

/** How much memory is kept for batches to come. */
const SPARE_BYTES = 1024 * 1024;

/** One topic that is written: its partitions, and how they are chosen. */
class TopicQueues implements TopicPartitions {
  info: TopicInfo;
  available: readonly number[];
  readonly queues: (PartitionQueue | undefined)[] = [];
  readonly partitioner: TopicPartitioner;
  readonly ratio: CompressionRatio;

  constructor(info: TopicInfo, partitioner: TopicPartitioner, isCompressed: boolean) {
    this.info = info;
    this.available = availablePartitions(info);
    this.partitioner = partitioner;
    this.ratio = new CompressionRatio(isCompressed);
  }

  queue(partition: number): PartitionQueue {
    const known = this.queues[partition];
    if (known !== undefined) return known;
    const queue = new PartitionQueue(this.info.name, partition);
    this.queues[partition] = queue;
    return queue;
  }
}

interface AccumulatorOptions {
  readonly settings: ProducerSettings;
  readonly random: Random;
  readonly nowMs: () => number;
  /** A batch was begun, or is full: there may be something to send. */
  readonly onWork: () => void;
}

/** Gathers records into batches, one queue of them for each partition (Apache's `RecordAccumulator`). */
export class Accumulator {
  /** Queues that are not empty. */
  readonly active = new Set<PartitionQueue>();
  /** Batches without an outcome, waiting or under way. */
  readonly incomplete = new Set<ProducerBatch>();
  private readonly settings: ProducerSettings;
  private readonly format: BatchFormat;
  private readonly options: AccumulatorOptions;
  private readonly topics = new Map<string, TopicQueues>();
  private readonly spare: Buffer[] = [];
  private usedBytes = 0;

  constructor(options: AccumulatorOptions) {
    this.options = options;
    this.settings = options.settings;
    const { compression, compressionLevel, transactionalId } = options.settings;
    this.format = { compression, compressionLevel, transactional: transactionalId !== undefined };
  }

  /** Bytes of the buffer that are taken. */
  get bufferedBytes(): number {
    return this.usedBytes;
  }

  hasTopic(name: string): boolean {
    return this.topics.has(name);
  }

  get topicNames(): Iterable<string> {
    return this.topics.keys();
  }

  partitionCount(name: string): number {
    return this.topics.get(name)?.info.partitions.length ?? 0;
  }

  /** What is known of a topic, as it changes. */
  setTopic(info: TopicInfo): void {
    const known = this.topics.get(info.name);
    if (known === undefined) {
      const { settings, random } = this.options;
      const isCompressed = settings.compression !== 'none';
      this.topics.set(info.name, new TopicQueues(info, createPartitioner(settings, random), isCompressed));
    } else if (known.info !== info) {
      known.info = info;
      known.available = availablePartitions(info);
    }
  }

  /**
   * Writes a record into a batch of its partition, which is chosen if it has none. Returns the queue, or undefined
   * when the buffer has no room. The topic must be known. Throws what a partitioner of one's own throws.
   */
  append(record: PreparedRecord): PartitionQueue | undefined {
    const topic = this.topics.get(record.topic);
    if (topic === undefined) return undefined;
    const isChosen = record.partition < 0;
    if (isChosen) record.partition = topic.partitioner.choose(record, topic);
    const queue = topic.queue(record.partition);
    const { last } = queue;
    let batch = last;
    if (last === undefined || !this.hasRoom(last, record, topic)) {
      batch = this.begin(queue, record);
      if (batch === undefined) {
        if (isChosen) record.partition = -1;
        return undefined;
      }
    }
    if (batch === undefined) return undefined;
    batch.append(record);
    this.account(batch);
    const isFull = this.isFull(batch, topic);
    if (isFull) this.options.onWork();
    if (isChosen) topic.partitioner.appended(record, isFull, topic);
    return queue;
  }

  /** Whether a queue's only batch takes no more records. */
  isQueueFull(queue: PartitionQueue): boolean {
    const { first } = queue;
    if (first === undefined) return false;
    if (queue.batches.length > 1 || first.isSealed) return true;
    const topic = this.topics.get(queue.topic);
    return topic !== undefined && this.isFull(first, topic);
  }

  /** Takes the first batch out of its queue, to be sent. */
  take(queue: PartitionQueue): ProducerBatch | undefined {
    const batch = queue.batches.shift();
    // The others come first the next time, when there is more than a request takes.
    this.active.delete(queue);
    if (queue.batches.length > 0) this.active.add(queue);
    if (batch !== undefined && !batch.isSealed) {
      batch.seal();
      this.topics.get(queue.topic)?.ratio.observe(batch.uncompressedBytes, batch.sizeBytes);
    }
    return batch;
  }

  putBack(queue: PartitionQueue, batch: ProducerBatch): void {
    queue.putBack(batch);
    this.active.add(queue);
  }

  /** Takes a batch out of its queue, wherever it stands; one that is under way is in none. */
  discard(queue: PartitionQueue, batch: ProducerBatch): void {
    queue.remove(batch);
    if (queue.batches.length === 0) this.active.delete(queue);
  }

  /** Puts smaller batches in the place of one that the broker did not take for its size. */
  split(queue: PartitionQueue, big: ProducerBatch): void {
    const topic = this.topics.get(queue.topic);
    topic?.ratio.reset(big.sizeBytes / big.uncompressedBytes);
    const target = big.isSplit
      ? Math.max(BATCH_OVERHEAD + big.maxRecordBytes, Math.ceil(big.uncompressedBytes / 2))
      : this.settings.batchBytes;
    const parts = big.split(target, (bytes) => this.create(queue, bytes, big.createdMs));
    this.release(big, false);
    if (parts[0]?.hasSequence === true) queue.sequences.replace(big, parts);
    for (const part of parts.toReversed()) {
      part.seal();
      this.putBack(queue, part);
    }
  }

  /** A batch has its outcome. `isMemoryFree`: no request refers to its memory any more. */
  release(batch: ProducerBatch, isMemoryFree: boolean): void {
    if (!this.incomplete.delete(batch)) return;
    this.usedBytes -= batch.accountedBytes;
    const { batchBytes } = this.settings;
    if (!isMemoryFree || (this.spare.length + 1) * batchBytes > SPARE_BYTES) return;
    const memory = batch.takeMemory();
    if (memory.length === batchBytes) this.spare.push(memory);
  }

  /** Fails every batch: 'all' of them, or those that were never sent, whose sequences are free. */
  abort(error: Error, which: 'all' | 'unsent'): void {
    for (const batch of [...this.incomplete]) {
      if (which === 'unsent' && (batch.attempts > 0 || batch.hasSequence)) continue;
      const queue = this.queueOf(batch.topic, batch.partition);
      if (queue !== undefined) this.discard(queue, batch);
      batch.fail(() => error);
      this.release(batch, false);
    }
  }

  *allQueues(): Generator<PartitionQueue> {
    for (const { queues } of this.topics.values()) {
      for (const queue of queues) if (queue !== undefined) yield queue;
    }
  }

  queueOf(topic: string, partition: number): PartitionQueue | undefined {
    return this.topics.get(topic)?.queue(partition);
  }

  private begin(queue: PartitionQueue, record: PreparedRecord): ProducerBatch | undefined {
    const bytes = Math.max(this.settings.batchBytes, BATCH_OVERHEAD + record.maxBytes);
    if (this.usedBytes > 0 && this.usedBytes + bytes > this.settings.bufferBytes) return undefined;
    const batch = this.create(queue, bytes, this.options.nowMs());
    queue.batches.push(batch);
    this.active.add(queue);
    this.options.onWork();
    return batch;
  }

  private create(queue: PartitionQueue, bytes: number, createdMs: number): ProducerBatch {
    const spare = bytes === this.settings.batchBytes ? this.spare.pop() : undefined;
    const memory = spare ?? Buffer.allocUnsafeSlow(bytes);
    const batch = new ProducerBatch(queue, memory, createdMs, this.format);
    this.incomplete.add(batch);
    this.account(batch);
    return batch;
  }

  /** Compressed batches take in more than they were made for, and their memory grows. */
  private account(batch: ProducerBatch): void {
    const grownBytes = batch.memoryBytes - batch.accountedBytes;
    if (grownBytes === 0) return;
    batch.accountedBytes = batch.memoryBytes;
    this.usedBytes += grownBytes;
  }

  private hasRoom(batch: ProducerBatch, record: PreparedRecord, topic: TopicQueues): boolean {
    if (batch.isSealed || batch.hasSequence) return false;
    const bytes = batch.uncompressedBytes + record.maxBytes;
    return topic.ratio.estimate(bytes) <= this.settings.batchBytes;
  }

  private isFull(batch: ProducerBatch, topic: TopicQueues): boolean {
    return batch.isSealed || topic.ratio.estimate(batch.uncompressedBytes) >= this.settings.batchBytes;
  }
}
