import { type Broker, leaderDuringDelete, type PartitionLeadership, zeroUuid } from './model.ts';
import { ShardedMap } from './sharded-map.ts';

/** One partition as the cluster knows it. */
export interface PartitionImage extends PartitionLeadership {
  topic: string;
  partition: number;
  replicas: readonly number[];
  offlineReplicas: readonly number[];
}

export interface TopicImage {
  name: string;
  /** {@link zeroUuid} for a topic that has none. */
  id: string;
  /** By partition, in ascending order. */
  partitions: ReadonlyMap<number, PartitionImage>;
}

/** What one UpdateMetadata brings. A partition with {@link leaderDuringDelete} as its leader is taken out. */
export interface ImageChange {
  controllerId?: number | null;
  controllerEpoch?: number;
  /** Replaces all brokers. */
  brokers?: readonly Broker[];
  partitions?: readonly PartitionImage[];
  /** Ids of the topics named in `partitions`. */
  topicIds?: ReadonlyMap<string, string>;
}

/**
 * All that a broker knows of the cluster at one moment. Never changes; {@link ClusterImage.with} derives the next
 * one and shares what stays.
 */
export class ClusterImage {
  static readonly empty = new ClusterImage({
    controllerId: null,
    controllerEpoch: 0,
    brokers: new Map(),
    topics: ShardedMap.empty,
    topicNames: ShardedMap.empty,
  });

  readonly controllerId: number | null;
  readonly controllerEpoch: number;
  /** Live brokers by id, in ascending order. */
  readonly brokers: ReadonlyMap<number, Broker>;
  readonly #topics: ShardedMap<TopicImage>;
  readonly #topicNames: ShardedMap<string>;

  private constructor(parts: {
    controllerId: number | null;
    controllerEpoch: number;
    brokers: ReadonlyMap<number, Broker>;
    topics: ShardedMap<TopicImage>;
    topicNames: ShardedMap<string>;
  }) {
    this.controllerId = parts.controllerId;
    this.controllerEpoch = parts.controllerEpoch;
    this.brokers = parts.brokers;
    this.#topics = parts.topics;
    this.#topicNames = parts.topicNames;
  }

  get topicCount(): number {
    return this.#topics.size;
  }

  topic(name: string): TopicImage | undefined {
    return this.#topics.get(name);
  }

  topicById(id: string): TopicImage | undefined {
    const name = this.#topicNames.get(id);
    return name === undefined ? undefined : this.#topics.get(name);
  }

  partition(topic: string, partition: number): PartitionImage | undefined {
    return this.#topics.get(topic)?.partitions.get(partition);
  }

  *topics(): Generator<TopicImage> {
    for (const [, topic] of this.#topics.entries()) yield topic;
  }

  broker(id: number): Broker | undefined {
    return this.brokers.get(id);
  }

  with(change: ImageChange): ClusterImage {
    const changed = this.#changedTopics(change.partitions ?? [], change.topicIds ?? new Map());
    const names: [string, string | undefined][] = [];
    for (const [name, next] of changed) {
      const before = this.#topics.get(name);
      if (before?.id === next?.id) continue;
      if (before !== undefined && this.#topicNames.get(before.id) === name)
        names.push([before.id, undefined]);
      if (next !== undefined && next.id !== zeroUuid) names.push([next.id, name]);
    }
    return new ClusterImage({
      controllerId: change.controllerId === undefined ? this.controllerId : change.controllerId,
      controllerEpoch: change.controllerEpoch ?? this.controllerEpoch,
      brokers: change.brokers === undefined ? this.brokers : byId(change.brokers),
      topics: this.#topics.with(changed),
      topicNames: this.#topicNames.with(names),
    });
  }

  #changedTopics(
    updates: readonly PartitionImage[],
    topicIds: ReadonlyMap<string, string>,
  ): Map<string, TopicImage | undefined> {
    const partitionsOf = new Map<string, Map<number, PartitionImage>>();
    for (const update of updates) {
      let partitions = partitionsOf.get(update.topic);
      if (partitions === undefined) {
        partitions = new Map(this.#topics.get(update.topic)?.partitions);
        partitionsOf.set(update.topic, partitions);
      }
      if (update.leader === leaderDuringDelete) partitions.delete(update.partition);
      else partitions.set(update.partition, update);
    }
    const changed = new Map<string, TopicImage | undefined>();
    for (const [name, partitions] of partitionsOf) {
      const id = topicIds.get(name) ?? this.#topics.get(name)?.id ?? zeroUuid;
      const ordered = new Map([...partitions].sort(([left], [right]) => left - right));
      changed.set(name, ordered.size === 0 ? undefined : { name, id, partitions: ordered });
    }
    return changed;
  }
}

function byId(brokers: readonly Broker[]): ReadonlyMap<number, Broker> {
  return new Map([...brokers].sort((left, right) => left.id - right.id).map((broker) => [broker.id, broker]));
}
