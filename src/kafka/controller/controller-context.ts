import { assert } from '../../base/assert.ts';
import type { Broker, PartitionLeadership, ReplicaAssignment } from '../metadata/model.ts';

/**
 * Partition states: nonExistent -> new (assignment known) -> online (has had a leader) <-> offline (its leader is
 * gone) -> nonExistent (being deleted). Online and offline also pass into themselves.
 */
export type PartitionPhase = 'nonExistent' | 'new' | 'online' | 'offline';

const partitionPhasesBefore: Readonly<Record<PartitionPhase, readonly PartitionPhase[]>> = {
  new: ['nonExistent'],
  online: ['new', 'online', 'offline'],
  offline: ['new', 'online', 'offline'],
  nonExistent: ['offline'],
};

/**
 * Replica states: nonExistent -> new -> online <-> offline -> deletionStarted -> deletionSuccessful -> nonExistent;
 * deletionStarted or offline -> deletionIneligible (dead, or its deletion failed) -> online or offline.
 */
export type ReplicaPhase =
  | 'nonExistent'
  | 'new'
  | 'online'
  | 'offline'
  | 'deletionStarted'
  | 'deletionSuccessful'
  | 'deletionIneligible';

const replicaPhasesBefore: Readonly<Record<ReplicaPhase, readonly ReplicaPhase[]>> = {
  new: ['nonExistent'],
  online: ['new', 'online', 'offline', 'deletionIneligible'],
  offline: ['new', 'online', 'offline', 'deletionIneligible'],
  deletionStarted: ['offline'],
  deletionSuccessful: ['deletionStarted'],
  deletionIneligible: ['offline', 'deletionStarted'],
  nonExistent: ['deletionSuccessful'],
};

export function mayMovePartition(from: PartitionPhase, to: PartitionPhase): boolean {
  return partitionPhasesBefore[to].includes(from);
}

export function mayMoveReplica(from: ReplicaPhase, to: ReplicaPhase): boolean {
  return replicaPhasesBefore[to].includes(from);
}

/** What the controller knows of one partition. */
export interface PartitionContext {
  readonly topic: TopicContext;
  readonly partition: number;
  assignment: ReplicaAssignment;
  phase: PartitionPhase;
  /** Null before the first leader. */
  leadership: PartitionLeadership | null;
  readonly replicaPhases: Map<number, ReplicaPhase>;
}

/** What the controller knows of one topic. */
export interface TopicContext {
  readonly name: string;
  /** Null for a topic that came without, until one has been written; and in protocols before topic ids. */
  id: string | null;
  readonly partitions: Map<number, PartitionContext>;
  /** queued: is to be deleted; started: brokers have been told. */
  deletion: 'none' | 'queued' | 'started';
  /** Deletion has to wait: a replica is dead, or could not be deleted. */
  deletionIneligible: boolean;
}

/** One replica of one partition. */
export interface Replica {
  partition: PartitionContext;
  brokerId: number;
}

/** Everything the controller of one epoch knows; the state that all its machines share. */
export class ControllerContext {
  readonly epoch: number;
  /** Version of `/controller_epoch` that guards this controller's writes. */
  readonly epochZkVersion: number;
  /** Registered brokers, also those that are shutting down. */
  readonly brokers = new Map<number, Broker>();
  readonly shuttingDown = new Set<number>();
  readonly topics = new Map<string, TopicContext>();
  readonly #topicsById = new Map<string, TopicContext>();
  /** Partitions of which a broker's replica is on a failed log directory, by broker. */
  readonly #onFailedDirs = new Map<number, Set<PartitionContext>>();

  constructor(epoch: number, epochZkVersion: number) {
    this.epoch = epoch;
    this.epochZkVersion = epochZkVersion;
  }

  addTopic(name: string, id: string | null): TopicContext {
    assert(!this.topics.has(name), `topic ${name} is known already`);
    const topic: TopicContext = {
      name,
      id,
      partitions: new Map(),
      deletion: 'none',
      deletionIneligible: false,
    };
    this.topics.set(name, topic);
    if (id !== null) this.#topicsById.set(id, topic);
    return topic;
  }

  removeTopic(name: string): void {
    const topic = this.topics.get(name);
    if (topic === undefined) return;
    this.topics.delete(name);
    if (topic.id !== null && this.#topicsById.get(topic.id) === topic) this.#topicsById.delete(topic.id);
    for (const partitions of this.#onFailedDirs.values()) {
      for (const partition of topic.partitions.values()) partitions.delete(partition);
    }
  }

  addPartition(topic: TopicContext, partition: number, assignment: ReplicaAssignment): PartitionContext {
    const context: PartitionContext = {
      topic,
      partition,
      assignment,
      phase: 'nonExistent',
      leadership: null,
      replicaPhases: new Map(),
    };
    topic.partitions.set(partition, context);
    return context;
  }

  topicById(id: string): TopicContext | undefined {
    return this.#topicsById.get(id);
  }

  *partitions(): Generator<PartitionContext> {
    for (const topic of this.topics.values()) yield* topic.partitions.values();
  }

  partition(topic: string, partition: number): PartitionContext | undefined {
    return this.topics.get(topic)?.partitions.get(partition);
  }

  /** Brokers that are up and stay up. */
  isLive(brokerId: number): boolean {
    return this.brokers.has(brokerId) && !this.shuttingDown.has(brokerId);
  }

  /** Whether a replica is on a live broker and a healthy disk. */
  isOnline(brokerId: number, partition: PartitionContext): boolean {
    return this.isLive(brokerId) && !this.isOnFailedDir(brokerId, partition);
  }

  onlineReplicas(partition: PartitionContext): number[] {
    return partition.assignment.replicas.filter((replica) => this.isOnline(replica, partition));
  }

  isOnFailedDir(brokerId: number, partition: PartitionContext): boolean {
    return this.#onFailedDirs.get(brokerId)?.has(partition) ?? false;
  }

  setOnFailedDir(brokerId: number, partition: PartitionContext, failed: boolean): void {
    let partitions = this.#onFailedDirs.get(brokerId);
    if (partitions === undefined) {
      partitions = new Set();
      this.#onFailedDirs.set(brokerId, partitions);
    }
    if (failed) partitions.add(partition);
    else partitions.delete(partition);
  }

  /** A broker that comes up or goes starts with healthy disks. */
  forgetFailedDirs(brokerId: number): void {
    this.#onFailedDirs.delete(brokerId);
  }

  *replicasOf(topic: TopicContext): Generator<Replica> {
    for (const partition of topic.partitions.values()) yield* replicasOfPartition(partition);
  }

  *replicasOn(brokerIds: ReadonlySet<number>): Generator<Replica> {
    for (const partition of this.partitions()) {
      for (const replica of replicasOfPartition(partition)) {
        if (brokerIds.has(replica.brokerId)) yield replica;
      }
    }
  }
}

export function* replicasOfPartition(partition: PartitionContext): Generator<Replica> {
  for (const brokerId of partition.assignment.replicas) yield { partition, brokerId };
}

export function replicaPhase(replica: Replica): ReplicaPhase {
  return replica.partition.replicaPhases.get(replica.brokerId) ?? 'nonExistent';
}

export function partitionName(partition: PartitionContext): string {
  return `${partition.topic.name}-${partition.partition}`;
}
