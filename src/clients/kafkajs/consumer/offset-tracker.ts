import { getOrPut } from '../../../base/get-or-put.ts';
import type { TopicOffsets } from '../types/common.ts';

/** Offsets by partition, by topic. A negative one stands for none. */
export type OffsetTable = Map<string, Map<number, number>>;

/**
 * Where a member stands in the partitions that it was given: what it has resolved (consumed) and what the group has
 * committed. The table of committed offsets is shared by the clients of one `Kafka` that are of the group, so that
 * offsets that a transaction has committed are not committed again.
 */
export class OffsetTracker {
  private readonly committed: OffsetTable;
  private readonly resolved: OffsetTable = new Map();

  constructor(committed: OffsetTable, assignment: ReadonlyMap<string, readonly number[]>) {
    committed.clear();
    this.committed = committed;
    for (const topic of assignment.keys()) {
      this.committed.set(topic, new Map());
      this.resolved.set(topic, new Map());
    }
  }

  /** What is fetched next; undefined while it is not known where to begin. */
  next(topic: string, partition: number): number | undefined {
    return this.resolved.get(topic)?.get(partition) ?? known(this.committed.get(topic)?.get(partition));
  }

  /** Everything up to this offset has been consumed. */
  resolve(topic: string, partition: number, offset: number): void {
    this.resolved.get(topic)?.set(partition, offset + 1);
  }

  /** The group's position is this one. */
  setCommitted(topic: string, partition: number, offset: number): void {
    getOrPut(this.committed, topic, () => new Map<number, number>()).set(partition, offset);
  }

  /** Forgets where a partition stands: it begins anew. */
  clear(topic: string, partition: number): void {
    this.committed.get(topic)?.delete(partition);
    this.resolved.get(topic)?.delete(partition);
  }

  /** How many records have been resolved since they were committed. */
  countUncommitted(): number {
    let count = 0;
    for (const [topic, partitions] of this.resolved) {
      for (const [partition, offset] of partitions) {
        count += offset - (known(this.committed.get(topic)?.get(partition)) ?? 0);
      }
    }
    return count;
  }

  uncommitted(): { topics: TopicOffsets[] } {
    const topics = [...this.resolved].map(([topic, partitions]) => ({
      topic,
      partitions: [...partitions]
        .filter(([partition, offset]) => offset >= 0 && offset !== this.committed.get(topic)?.get(partition))
        // kafkajs gives the partition as the key of an object, a text, for all that its types say.
        .map(([partition, offset]) => ({ partition: String(partition) as never, offset: String(offset) })),
    }));
    return { topics: topics.filter(({ partitions }) => partitions.length > 0) };
  }
}

function known(offset: number | undefined): number | undefined {
  return offset === undefined || offset < 0 ? undefined : offset;
}
