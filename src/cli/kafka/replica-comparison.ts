import { partitionKey } from '../../clients/kafka/admin/item-results.ts';
import type { TopicPartition } from '../../clients/kafka/cluster/cluster-metadata.ts';
import { batchesIn, type RecordBatch } from '../../wire/kafka/records/batch.ts';
import { CorruptBatchError } from '../../wire/kafka/records/errors.ts';
import { JavaError } from '../java-error.ts';
import { hashOrder, partitionHash } from '../java-hash-order.ts';

/** What one replica of a partition has from the offset on that was asked for. */
export interface FetchedReplica {
  /** As this replica knows it; -1 where the broker told nothing. */
  readonly highWatermark: number;
  readonly records: Buffer | null;
}

/** What each broker has answered, by its id, then by `topic-partition`. */
export type FetchedReplicas = ReadonlyMap<number, ReadonlyMap<string, FetchedReplica>>;

/** A partition, the ids of the brokers that have it, and the offset from which on they are compared. */
export interface ComparedPartition extends TopicPartition {
  readonly replicas: readonly number[];
  readonly offset: number;
}

/** Two replicas that are not the same. Where even their offsets differ, there is nothing to go on from. */
export interface Difference {
  readonly text: string;
  readonly isFinal: boolean;
}

/** The partition whose verified offset is farthest behind its high watermark. */
export interface Lag {
  readonly maxLag: number;
  /** `topic-partition`; `null` as long as no partition was seen to lag by 0 or more. */
  readonly partition: string | null;
  readonly offset: number;
}

interface ReplicaBatch {
  readonly replicaId: number;
  readonly batch: RecordBatch;
}

const UNHEARD: FetchedReplica = { highWatermark: -1, records: null };
const NOTHING = Buffer.alloc(0);

/**
 * Compares what replicas have, batch by batch up to the high watermark (`ReplicaVerificationTool.ReplicaBuffer`). A
 * partition goes on to the next offset when all its replicas have had a batch there: one whose broker does not answer
 * waits.
 */
export class ReplicaComparison {
  private readonly partitions: readonly TopicPartition[];
  private readonly replicas = new Map<string, readonly number[]>();
  private readonly offsets = new Map<string, number>();
  private last: Lag = { maxLag: -1, partition: null, offset: -1 };

  constructor(partitions: readonly ComparedPartition[]) {
    // Which of several is named as the one that lags most, and which replica is the first, is up to Java's maps.
    this.partitions = hashOrder(partitions, partitionHash);
    for (const { replicas, offset, ...partition } of partitions) {
      const key = partitionKey(partition);
      this.replicas.set(
        key,
        hashOrder(replicas, (id) => id),
      );
      this.offsets.set(key, offset);
    }
  }

  /** As of the last comparison. */
  get lag(): Lag {
    return this.last;
  }

  get size(): number {
    return this.partitions.length;
  }

  /** From where on the replicas of a partition are to be fetched next. */
  offsetOf(partition: TopicPartition): number {
    return this.offsets.get(partitionKey(partition)) ?? 0;
  }

  /** Compares all partitions; the offsets move on while the differences are taken. Throws {@link JavaError} for bytes that are no batches. */
  *compare(fetched: FetchedReplicas): Generator<Difference, void> {
    let worst: Lag = { ...this.last, maxLag: -1 };
    for (const partition of this.partitions) {
      const key = partitionKey(partition);
      const answers = (this.replicas.get(key) ?? []).map((id) => ({
        replicaId: id,
        ...(fetched.get(id)?.get(key) ?? UNHEARD),
      }));
      yield* this.compareReplicas(key, answers);
      const offset = this.offsetOf(partition);
      const maxLag = Math.max(...answers.map(({ highWatermark }) => highWatermark)) - offset;
      if (maxLag > worst.maxLag) worst = { maxLag, partition: key, offset };
    }
    this.last = worst;
  }

  private *compareReplicas(
    key: string,
    answers: readonly (FetchedReplica & { readonly replicaId: number })[],
  ): Generator<Difference, void> {
    const readers = answers.map(({ replicaId, highWatermark, records }) => ({
      replicaId,
      highWatermark,
      batches: batchesIn(records ?? NOTHING),
    }));
    for (let isInAll = readers.length > 0; isInAll; ) {
      let first: ReplicaBatch | undefined;
      for (const { replicaId, highWatermark, batches } of readers) {
        const batch = this.nextOf(batches, key, replicaId);
        // What is not committed yet may still come to differ, and be cut off.
        if (batch === undefined || batch.lastOffset >= highWatermark) isInAll = false;
        else if (first === undefined) first = { replicaId, batch };
        else yield* differences(key, first, { replicaId, batch });
      }
      if (isInAll && first !== undefined) this.offsets.set(key, first.batch.nextOffset);
    }
  }

  private nextOf(batches: Iterator<RecordBatch>, key: string, replicaId: number): RecordBatch | undefined {
    try {
      const next = batches.next();
      return next.done === true ? undefined : next.value;
    } catch (error) {
      if (!(error instanceof CorruptBatchError)) throw error;
      const cause = new JavaError('org.apache.kafka.common.errors.CorruptRecordException', error.message);
      const where = `replica ${replicaId} in partition ${key} at offset ${this.offsets.get(key)}`;
      throw new JavaError('java.lang.RuntimeException', `Error in processing ${where}`, { cause });
    }
  }
}

function* differences(
  key: string,
  first: ReplicaBatch,
  { replicaId, batch }: ReplicaBatch,
): Generator<Difference, void> {
  const { replicaId: firstId, batch: expected } = first;
  if (expected.lastOffset !== batch.lastOffset) {
    const text = `partition ${key}: replica ${firstId}'s offset ${expected.lastOffset} doesn't match replica ${replicaId}'s offset ${batch.lastOffset}`;
    yield { text, isFinal: true };
  }
  if (expected.crc !== batch.crc) {
    const text = `partition ${key} has unmatched checksum at offset ${batch.lastOffset}; replica ${firstId}'s checksum ${expected.crc}; replica ${replicaId}'s checksum ${batch.crc}`;
    yield { text, isFinal: false };
  }
}
