export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface BrokerNode {
  readonly id: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
}

export interface PartitionInfo {
  readonly partition: number;
  /** -1 while it has none. */
  readonly leader: number;
  /** -1 where the broker does not tell. */
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  readonly offlineReplicas: readonly number[];
}

export interface TopicInfo {
  readonly name: string;
  /** All zeros (`AAAAAAAAAAAAAAAAAAAAAA`) where the broker does not tell. */
  readonly topicId: string;
  readonly isInternal: boolean;
  /** By partition number, without holes. */
  readonly partitions: readonly PartitionInfo[];
  /** Bits of the operations that the asker may do; undefined where it was not asked for. */
  readonly authorizedOperations: number | undefined;
}

export interface NewLeader extends TopicPartition {
  readonly leader: number;
  readonly leaderEpoch: number;
}

/** What is known of a cluster: brokers, controller, and those topics that were asked about. Never changes. */
export class ClusterMetadata {
  static readonly EMPTY = new ClusterMetadata(null, -1, new Map(), new Map(), new Map());

  readonly clusterId: string | null;
  /** -1 while there is none. */
  readonly controllerId: number;
  readonly brokers: ReadonlyMap<number, BrokerNode>;
  readonly topics: ReadonlyMap<string, TopicInfo>;
  /** The error code of each topic that was asked about and could not be told. */
  readonly topicErrors: ReadonlyMap<string, number>;

  constructor(
    clusterId: string | null,
    controllerId: number,
    brokers: ReadonlyMap<number, BrokerNode>,
    topics: ReadonlyMap<string, TopicInfo>,
    topicErrors: ReadonlyMap<string, number>,
  ) {
    this.clusterId = clusterId;
    this.controllerId = controllerId;
    this.brokers = brokers;
    this.topics = topics;
    this.topicErrors = topicErrors;
  }

  partition(topic: string, partition: number): PartitionInfo | undefined {
    return this.topics.get(topic)?.partitions[partition];
  }

  /** The leader of a partition, when one is known that can be connected to. */
  leaderOf(topic: string, partition: number): BrokerNode | undefined {
    return this.brokers.get(this.partition(topic, partition)?.leader ?? -1);
  }

  topicName(topicId: string): string | undefined {
    for (const topic of this.topics.values()) if (topic.topicId === topicId) return topic.name;
    return undefined;
  }

  /** With a broker that was learnt of otherwise. */
  withBroker(node: BrokerNode): ClusterMetadata {
    const brokers = new Map(this.brokers).set(node.id, node);
    return new ClusterMetadata(this.clusterId, this.controllerId, brokers, this.topics, this.topicErrors);
  }

  /** With leaders that brokers have told of in passing (KIP-951), where they are newer than those known. */
  withLeaders(leaders: readonly NewLeader[], nodes: readonly BrokerNode[]): ClusterMetadata {
    const brokers = new Map(this.brokers);
    for (const node of nodes) brokers.set(node.id, node);
    const topics = new Map(this.topics);
    for (const { topic, partition, leader, leaderEpoch } of leaders) {
      const info = topics.get(topic);
      const known = info?.partitions[partition];
      if (info === undefined || known === undefined || known.leaderEpoch >= leaderEpoch) continue;
      topics.set(topic, {
        ...info,
        partitions: info.partitions.with(partition, { ...known, leader, leaderEpoch }),
      });
    }
    return new ClusterMetadata(this.clusterId, this.controllerId, brokers, topics, this.topicErrors);
  }

  withoutController(): ClusterMetadata {
    return new ClusterMetadata(this.clusterId, -1, this.brokers, this.topics, this.topicErrors);
  }
}
