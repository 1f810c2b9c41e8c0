import type { ClusterMetadata, TopicPartition } from '../cluster/cluster-metadata.ts';
import { KafkaError } from '../kafka-error.ts';
import { AssignedPartition } from './assigned-partition.ts';

export type SubscriptionKind = 'none' | 'topics' | 'pattern' | 'manual';

/**
 * What the consumer wants to read, and what it reads: topics or a pattern whose partitions its group divides, or
 * partitions that it names itself.
 *
 *     none --subscribe(topics)--> topics, --subscribe(pattern)--> pattern, --assign--> manual --unsubscribe--> none
 */
export class Subscription {
  kind: SubscriptionKind = 'none';
  /** Wanted topics: those named, or those that the pattern matches so far. */
  topics: ReadonlySet<string> = new Set();
  pattern: RegExp | undefined;
  /** A pattern that the brokers match (RE2J), in groups of the new protocol. */
  brokerPattern: string | undefined;
  /** What all members of the group want, while this one divides the partitions among them. */
  groupTopics: ReadonlySet<string> = new Set();
  /** By `topic-partition`. */
  private readonly assigned = new Map<string, AssignedPartition>();

  get partitions(): IterableIterator<AssignedPartition> {
    return this.assigned.values();
  }

  get size(): number {
    return this.assigned.size;
  }

  get usesGroup(): boolean {
    return this.kind === 'topics' || this.kind === 'pattern';
  }

  /** Those topics of which metadata is needed. */
  get topicsToKnow(): ReadonlySet<string> {
    if (this.kind === 'manual') return new Set([...this.partitions].map(({ topic }) => topic));
    return new Set([...this.topics, ...this.groupTopics]);
  }

  find({ topic, partition }: TopicPartition): AssignedPartition | undefined {
    return this.assigned.get(`${topic}-${partition}`);
  }

  /** Throws INVALID_STATE for a partition that is not assigned. */
  get(wanted: TopicPartition): AssignedPartition {
    const partition = this.find(wanted);
    if (partition !== undefined) return partition;
    throw new KafkaError(
      'INVALID_STATE',
      `${wanted.topic}-${wanted.partition} is not assigned to this consumer`,
    );
  }

  /** Reads exactly these from now on; those that stay keep their positions. */
  setAssigned(partitions: readonly TopicPartition[]): void {
    const wanted = new Set(partitions.map(({ topic, partition }) => `${topic}-${partition}`));
    for (const [key, partition] of this.assigned) {
      if (wanted.has(key)) continue;
      partition.gone = true;
      partition.forgetFetched();
      this.assigned.delete(key);
    }
    for (const partition of partitions) {
      const key = `${partition.topic}-${partition.partition}`;
      if (!this.assigned.has(key)) this.assigned.set(key, new AssignedPartition(partition));
    }
  }

  /** Takes from the metadata what the pattern matches. Returns whether that is something else than before. */
  matchPattern(metadata: ClusterMetadata, excludeInternal: boolean): boolean {
    const { pattern } = this;
    if (pattern === undefined) return false;
    const matches = new Set<string>();
    for (const { name, isInternal } of metadata.topics.values()) {
      // A global or sticky pattern would remember where it stopped.
      pattern.lastIndex = 0;
      if (!(isInternal && excludeInternal) && pattern.test(name)) matches.add(name);
    }
    const same = matches.size === this.topics.size && [...matches].every((topic) => this.topics.has(topic));
    if (!same) this.topics = matches;
    return !same;
  }
}
