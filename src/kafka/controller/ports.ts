import type { CommandResult, ControllerCommand } from '../metadata/controller-commands.ts';
import type { Broker, PartitionLeadership, ReplicaAssignment } from '../metadata/model.ts';

/** What the controller needs of ZooKeeper and of brokers. The stores of `kafka/zk` have these shapes. */

/** Called once, when what was read has changed. */
export type Watch = () => void;

/** A topic as it is written down. */
export interface StoredTopic {
  /** Null for a topic from before topic ids. */
  topicId: string | null;
  partitions: ReadonlyMap<number, ReplicaAssignment>;
}

export interface StateWrite {
  topic: string;
  partition: number;
  state: Omit<PartitionLeadership, 'partitionEpoch'>;
  partitionEpoch: number;
}

export type StateWriteResult =
  | { kind: 'written'; partitionEpoch: number }
  | { kind: 'conflict' }
  | { kind: 'failed'; reason: string };

/** How the cluster keeps its finalized features: format of `/feature`, and whether they are in use at all. */
export interface FeatureProtocol {
  version: 1 | 2;
  enabled: boolean;
}

export interface ElectionPort {
  controllerId(watch?: Watch): Promise<number | null>;
  register(brokerId: number): Promise<{ epoch: number; epochZkVersion: number }>;
  resign(epochZkVersion: number): Promise<void>;
  setUpFeatures(features: FeatureProtocol): Promise<void>;
  /** Null when the cluster keeps none. */
  features(): Promise<{ node: { enabled: boolean; features: ReadonlyMap<string, number> } } | null>;
  setFeatures(features: ReadonlyMap<string, number>): Promise<void>;
}

export interface BrokersPort {
  ids(watch?: Watch): Promise<number[]>;
  broker(
    brokerId: number,
    watch?: Watch,
  ): Promise<{ epoch: number; rack: string | null; endpoints: Broker['endpoints'] } | null>;
}

export interface TopicsPort {
  topics(watch?: Watch): Promise<string[]>;
  assignment(topic: string, watch?: Watch): Promise<StoredTopic | null>;
  setAssignment(topic: string, assignment: StoredTopic, epochZkVersion: number): Promise<void>;
  partitionsWithNode(topic: string): Promise<ReadonlySet<number>>;
  /** `writtenZxid` is that of the last write; a broker whose epoch is greater has registered since. */
  partitionState(
    topic: string,
    partition: number,
  ): Promise<(PartitionLeadership & { writtenZxid: number }) | null>;
  createPartitionStates(writes: readonly StateWrite[], epochZkVersion: number): Promise<StateWriteResult[]>;
  updatePartitionStates(writes: readonly StateWrite[], epochZkVersion: number): Promise<StateWriteResult[]>;
  deletions(watch?: Watch): Promise<string[]>;
  removeDeletion(topic: string, epochZkVersion: number): Promise<void>;
  deleteTopic(topic: string, epochZkVersion: number): Promise<void>;
}

export interface ConfigsPort {
  get(type: 'topics', entity: string): Promise<ReadonlyMap<string, string>>;
  deleteTopicConfig(topic: string, epochZkVersion: number): Promise<void>;
}

export interface NotificationsPort {
  logDirEvents(watch?: Watch): Promise<{ node: string; value: number }[]>;
  removeLogDirEvents(nodes: readonly string[], epochZkVersion: number): Promise<void>;
  isrChanges(
    watch?: Watch,
  ): Promise<{ node: string; value: readonly { topic: string; partition: number }[] }[]>;
  removeIsrChanges(nodes: readonly string[], epochZkVersion: number): Promise<void>;
}

/** Blocks of producer ids, each given out once; both ends inclusive. */
export interface ProducerIdsPort {
  nextBlock(brokerId: number): Promise<{ first: bigint; last: bigint }>;
}

/** What old tools ask for by nodes of their own. `created` tells one request from the next. */
export interface AdminPort {
  reassignment(watch?: Watch): Promise<{
    created: number;
    partitions: { topic: string; partition: number; replicas: readonly number[] }[];
  } | null>;
  setReassignment(
    partitions: readonly { topic: string; partition: number; replicas: readonly number[] }[],
    epochZkVersion: number,
  ): Promise<void>;
  removeReassignment(epochZkVersion: number): Promise<void>;
  preferredElection(watch?: Watch): Promise<{
    created: number;
    partitions: { topic: string; partition: number }[];
  } | null>;
  removePreferredElection(epochZkVersion: number): Promise<void>;
}

/** All that the controller keeps in ZooKeeper. */
export interface ControllerStore {
  admin: AdminPort;
  election: ElectionPort;
  brokers: BrokersPort;
  topics: TopicsPort;
  configs: ConfigsPort;
  notifications: NotificationsPort;
  producerIds: ProducerIdsPort;
  /** Whether a write failed because another controller has been elected. */
  isControllerMoved(error: unknown): boolean;
}

/**
 * The way to the brokers. Commands to one broker arrive in the order in which they were sent; `done` is called in
 * a turn of its own, and never for a broker that is gone.
 */
export interface BrokerChannel {
  /** The brokers that are to be reached from now on. */
  setBrokers(brokers: readonly Broker[]): void;
  send(brokerId: number, command: ControllerCommand, done: (result: CommandResult) => void): void;
}
