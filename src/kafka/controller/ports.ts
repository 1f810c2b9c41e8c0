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

export interface ElectionPort {
  controllerId(watch?: Watch): Promise<number | null>;
  register(brokerId: number): Promise<{ epoch: number; epochZkVersion: number }>;
  resign(epochZkVersion: number): Promise<void>;
  enableFeatures(): Promise<void>;
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
  partitionState(topic: string, partition: number): Promise<PartitionLeadership | null>;
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

/** All that the controller keeps in ZooKeeper. */
export interface ControllerStore {
  election: ElectionPort;
  brokers: BrokersPort;
  topics: TopicsPort;
  configs: ConfigsPort;
  notifications: NotificationsPort;
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
