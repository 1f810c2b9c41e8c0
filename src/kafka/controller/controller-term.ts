import { MalformedError } from '../../base/malformed-error.ts';
import type { Log } from '../../env/log.ts';
import type { Random } from '../../env/random.ts';
import { ErrorCode } from '../../wire/kafka/errors.ts';
import type { AlterPartitionCommand, AlterPartitionResult } from '../metadata/alter-partition.ts';
import type { CommandResult } from '../metadata/controller-commands.ts';
import type { Broker } from '../metadata/model.ts';
import { topicNameError } from '../metadata/topic-name.ts';
import { randomUuid } from '../metadata/uuid.ts';
import type { CommandBatch } from './command-batch.ts';
import { type ControlledShutdownResult, shutDownBroker } from './controlled-shutdown.ts';
import {
  ControllerContext,
  type PartitionContext,
  type Replica,
  type ReplicaPhase,
  replicaPhase,
  replicasOfPartition,
  type TopicContext,
} from './controller-context.ts';
import { type FeatureOutcome, type FeatureUpdate, updateFeatures } from './feature-updates.ts';
import { alterIsrs } from './isr-alterations.ts';
import { type ElectionOutcome, type ElectionType, LeaderElections } from './leader-elections.ts';
import { type Machines, tellMetadata } from './machines.ts';
import { type MachineParts, PartitionStates } from './partition-states.ts';
import type { BrokerChannel, ControllerStore, FeatureProtocol, StoredTopic } from './ports.ts';
import {
  type OngoingReassignment,
  type ReassignmentOutcome,
  type ReassignmentRequest,
  Reassignments,
} from './reassignments.ts';
import { ReplicaStates } from './replica-states.ts';
import { TopicDeletion } from './topic-deletion.ts';
import { WatchSlot } from './watch-slot.ts';

/** What `inter.broker.protocol.version` allows. */
export interface ControllerProtocol {
  /** Whether topics without an id get one (KIP-516). */
  topicIds: boolean;
  /** Whether states of partitions say that a leader has not recovered yet (KIP-704). */
  leaderRecovery: boolean;
  features: FeatureProtocol;
}

export interface PartitionName {
  readonly topic: string;
  readonly partition: number;
}

export interface ProducerIdAllocation {
  readonly errorCode: number;
  readonly first: bigint;
  readonly count: number;
}

export interface TermParts {
  controllerId: number;
  epoch: number;
  epochZkVersion: number;
  store: ControllerStore;
  channel: BrokerChannel;
  random: Random;
  log: Log;
  deleteTopicEnable: boolean;
  uncleanElectionDefault: () => boolean;
  protocol: ControllerProtocol;
  /** Puts an event behind those that wait; it is dropped when the term is over by then. */
  enqueue(name: string, run: () => Promise<void>): void;
}

/**
 * The reign of this broker as controller, from one won election to the resignation. Every method is one event:
 * it reads what has changed, brings the machines up to date and tells the brokers. The caller runs one event at a
 * time.
 */
export class ControllerTerm {
  readonly context: ControllerContext;
  readonly #parts: TermParts;
  readonly #partitions: PartitionStates;
  readonly #replicas: ReplicaStates;
  readonly #deletion: TopicDeletion;
  readonly #machines: Machines;
  readonly #reassignments: Reassignments;
  readonly #elections: LeaderElections;
  readonly #brokersWatch: WatchSlot;
  readonly #topicsWatch: WatchSlot;
  readonly #deletionsWatch: WatchSlot;
  readonly #logDirWatch: WatchSlot;
  readonly #isrWatch: WatchSlot;
  readonly #reassignmentWatch: WatchSlot;
  readonly #preferredWatch: WatchSlot;
  readonly #brokerWatches = new Map<number, WatchSlot>();
  readonly #topicWatches = new Map<string, WatchSlot>();

  constructor(parts: TermParts) {
    this.#parts = parts;
    this.context = new ControllerContext(parts.epoch, parts.epochZkVersion);
    const machines: MachineParts = {
      controllerId: parts.controllerId,
      context: this.context,
      topics: parts.store.topics,
      configs: parts.store.configs,
      uncleanElectionDefault: parts.uncleanElectionDefault,
      leaderRecovery: parts.protocol.leaderRecovery,
      send: (batch) => this.#send(batch),
      log: parts.log,
    };
    this.#partitions = new PartitionStates(machines);
    this.#replicas = new ReplicaStates(machines);
    this.#deletion = new TopicDeletion(machines, this.#partitions, this.#replicas);
    this.#machines = {
      ...machines,
      partitions: this.#partitions,
      replicas: this.#replicas,
      deletion: this.#deletion,
    };
    this.#reassignments = new Reassignments(this.#machines, parts.store.admin);
    this.#elections = new LeaderElections(this.#machines, parts.store.admin);
    this.#brokersWatch = this.#slot('brokers changed', () => this.brokersChanged());
    this.#topicsWatch = this.#slot('topics changed', () => this.topicsChanged());
    this.#deletionsWatch = this.#slot('topic deletions changed', () => this.deletionsChanged());
    this.#logDirWatch = this.#slot('log directory events', () => this.logDirEvents());
    this.#isrWatch = this.#slot('ISR changes', () => this.isrChanges());
    this.#reassignmentWatch = this.#slot('reassignments', async () => {
      await this.#reassignments.requested(this.#reassignmentWatch.arm());
    });
    this.#preferredWatch = this.#slot('preferred elections', () =>
      this.#elections.requested(this.#preferredWatch.arm()),
    );
  }

  /** Takes over: learns the whole cluster, sees to partitions without a leader and to deletions under way. */
  async start(): Promise<void> {
    const { store, channel } = this.#parts;
    await store.election.setUpFeatures(this.#parts.protocol.features);
    await this.#dropNotifications();
    for (const broker of await this.#readBrokers()) this.context.brokers.set(broker.id, broker);
    channel.setBrokers([...this.context.brokers.values()]);
    const names = await store.topics.topics(this.#topicsWatch.arm());
    const topics = (await Promise.all(names.map((name) => this.#readTopic(name)))).flatMap(
      (topic) => topic ?? [],
    );
    const restarted = await this.#readLeaders(topics);
    await this.#queueDeletions(await store.topics.deletions(this.#deletionsWatch.arm()));
    this.#tellMetadata(this.context.brokers.keys(), []);
    const leaving = await this.#setAside(restarted);
    await this.#replicas.startup();
    await this.#partitions.startup();
    await this.#rejoin(leaving);
    await this.#reassignments.start(this.#reassignmentWatch.arm());
    await this.#deletion.proceed();
    await this.#elections.requested(this.#preferredWatch.arm());
  }

  async brokersChanged(): Promise<void> {
    const { context } = this;
    const found = new Map((await this.#readBrokers()).map((broker) => [broker.id, broker]));
    const added = [...found.values()].filter((broker) => !context.brokers.has(broker.id));
    const dead = [...context.brokers.keys()].filter((id) => !found.has(id));
    const bounced = [...found.values()].filter((broker) => {
      const known = context.brokers.get(broker.id);
      return known !== undefined && broker.epoch > known.epoch;
    });
    if (added.length + dead.length + bounced.length === 0) return;
    const ids = (brokers: readonly Broker[]) => brokers.map((broker) => broker.id);
    this.#parts.log.info('brokers changed', { added: ids(added), dead, bounced: ids(bounced) });
    this.#parts.channel.setBrokers([...found.values()]);
    await this.#brokersStarted(added);
    await this.#brokersFailed(ids(bounced));
    await this.#brokersStarted(bounced);
    await this.#brokersFailed(dead);
  }

  /** New topics get leaders, and an id where they have none; gone ones are forgotten. */
  async topicsChanged(): Promise<void> {
    const names = new Set(await this.#parts.store.topics.topics(this.#topicsWatch.arm()));
    for (const name of [...this.context.topics.keys()]) if (!names.has(name)) this.context.removeTopic(name);
    for (const name of [...this.#topicWatches.keys()]) if (!names.has(name)) this.#topicWatches.delete(name);
    const unknown = [...names].filter((name) => !this.context.topics.has(name));
    const topics = (await Promise.all(unknown.map((name) => this.#readTopic(name)))).flatMap(
      (topic) => topic ?? [],
    );
    await this.#createPartitions(topics.flatMap((topic) => [...topic.partitions.values()]));
  }

  /** The assignment of a topic was rewritten: partitions were added. */
  async topicModified(name: string): Promise<void> {
    const topic = this.context.topics.get(name);
    if (topic === undefined) return this.topicsChanged();
    const stored = await this.#readAssignment(name);
    if (stored === null) return;
    const added = [...stored.partitions].filter(([partition]) => !topic.partitions.has(partition));
    if (topic.deletion !== 'none') {
      if (added.length > 0) await this.#restoreAssignment(topic, stored);
      return;
    }
    if (stored.topicId === null && topic.id !== null) {
      const repaired = { topicId: topic.id, partitions: stored.partitions };
      await this.#parts.store.topics.setAssignment(name, repaired, this.context.epochZkVersion);
    }
    const partitions = added.map(([partition, assignment]) =>
      this.context.addPartition(topic, partition, assignment),
    );
    await this.#createPartitions(partitions);
  }

  async deletionsChanged(): Promise<void> {
    await this.#queueDeletions(await this.#parts.store.topics.deletions(this.#deletionsWatch.arm()));
    await this.#deletion.proceed();
  }

  /** A log directory has failed: the broker says in its answers which replicas were on it. */
  async logDirEvents(): Promise<void> {
    const { notifications } = this.#parts.store;
    const events = await notifications.logDirEvents(this.#logDirWatch.arm());
    const brokers = new Set(events.map((event) => event.value));
    await this.#replicas.move([...this.context.replicasOn(brokers)], 'online');
    await notifications.removeLogDirEvents(
      events.map((event) => event.node),
      this.context.epochZkVersion,
    );
  }

  /** Leaders with a protocol from before 2.7 changed their ISRs in ZooKeeper themselves. */
  async isrChanges(): Promise<void> {
    const { notifications, topics } = this.#parts.store;
    const events = await notifications.isrChanges(this.#isrWatch.arm());
    const changed: PartitionContext[] = [];
    for (const { topic, partition } of events.flatMap((event) => event.value)) {
      const context = this.context.partition(topic, partition);
      const state = context && (await topics.partitionState(topic, partition));
      if (!context || !state || state.partitionEpoch <= (context.leadership?.partitionEpoch ?? -1)) continue;
      context.leadership = state;
      changed.push(context);
    }
    if (changed.length > 0) this.#tellMetadata(this.context.brokers.keys(), changed);
    await this.#reassignments.isrsChanged(changed);
    await notifications.removeIsrChanges(
      events.map((event) => event.node),
      this.context.epochZkVersion,
    );
  }

  async alterPartition(command: AlterPartitionCommand): Promise<AlterPartitionResult> {
    const { result, altered } = await alterIsrs(this.#machines, command);
    // The leader has its answer before what may follow from it.
    this.#parts.enqueue('ISRs changed', () => this.#reassignments.isrsChanged(altered));
    return result;
  }

  controlledShutdown(brokerId: number, brokerEpoch: number): Promise<ControlledShutdownResult> {
    return shutDownBroker(this.#machines, brokerId, brokerEpoch);
  }

  alterReassignments(requests: readonly ReassignmentRequest[]): Promise<ReassignmentOutcome[]> {
    return this.#reassignments.alter(requests);
  }

  async listReassignments(partitions: readonly PartitionName[] | null): Promise<OngoingReassignment[]> {
    return this.#reassignments.list(partitions);
  }

  electLeaders(partitions: readonly PartitionName[], type: ElectionType): Promise<ElectionOutcome[]> {
    return this.#elections.elect(partitions, type);
  }

  /** Unclean elections have been allowed, for a topic or (null) by default. */
  uncleanElectionsAllowed(topic: string | null): Promise<void> {
    return this.#elections.uncleanAllowed(topic);
  }

  balanceLeaders(percentage: number): Promise<void> {
    return this.#elections.balance(percentage);
  }

  updateFeatures(updates: readonly FeatureUpdate[]): Promise<FeatureOutcome[]> {
    return updateFeatures(this.#parts.store.election, updates);
  }

  /** A block of producer ids for a broker. */
  async allocateProducerIds(brokerId: number, brokerEpoch: number): Promise<ProducerIdAllocation> {
    const known = this.context.brokers.get(brokerId);
    if (known === undefined) return { errorCode: ErrorCode.BROKER_ID_NOT_REGISTERED, first: 0n, count: 0 };
    if (known.epoch !== brokerEpoch) return { errorCode: ErrorCode.STALE_BROKER_EPOCH, first: 0n, count: 0 };
    const { first, last } = await this.#parts.store.producerIds.nextBlock(brokerId);
    return { errorCode: ErrorCode.NONE, first, count: Number(last - first + 1n) };
  }

  async #leaderAndIsrDone(brokerId: number, result: CommandResult): Promise<void> {
    if (result.errorCode !== ErrorCode.NONE) {
      this.#parts.log.error('a broker refused LeaderAndIsr', {
        broker: brokerId,
        errorCode: result.errorCode,
      });
      return;
    }
    const offline: Replica[] = [];
    for (const item of result.partitions) {
      const partition = this.context.partition(item.topic, item.partition);
      if (partition === undefined) continue;
      if (item.errorCode === ErrorCode.NONE) this.context.setOnFailedDir(brokerId, partition, false);
      if (item.errorCode !== ErrorCode.KAFKA_STORAGE_ERROR) continue;
      if (this.context.isOnFailedDir(brokerId, partition)) continue;
      this.context.setOnFailedDir(brokerId, partition, true);
      offline.push({ partition, brokerId });
    }
    if (offline.length > 0) await this.#replicasFailed(offline);
  }

  async #brokersStarted(brokers: readonly Broker[]): Promise<void> {
    if (brokers.length === 0) return;
    const { context } = this;
    const before = [...context.brokers.keys()];
    for (const broker of brokers) {
      context.forgetFailedDirs(broker.id);
      context.brokers.set(broker.id, broker);
    }
    const ids = new Set(brokers.map((broker) => broker.id));
    this.#tellMetadata(before, []);
    const led = [...context.partitions()].filter((p) => p.leadership !== null && p.topic.deletion === 'none');
    this.#tellMetadata(ids, led);
    const replicas = [...context.replicasOn(ids)];
    await this.#replicas.move(replicas, 'online');
    await this.#partitions.electForOffline();
    await this.#reassignments.brokersStarted(ids);
    await this.#deletion.resume(new Set(replicas.map(({ partition }) => partition.topic)));
  }

  async #brokersFailed(brokerIds: readonly number[]): Promise<void> {
    if (brokerIds.length === 0) return;
    for (const id of brokerIds) {
      this.context.brokers.delete(id);
      this.context.shuttingDown.delete(id);
      this.context.forgetFailedDirs(id);
      this.#brokerWatches.delete(id);
    }
    await this.#replicasFailed([...this.context.replicasOn(new Set(brokerIds))]);
  }

  /** New leaders for what lost its own; then the replicas leave their ISRs. */
  async #replicasFailed(replicas: readonly Replica[]): Promise<void> {
    const { context } = this;
    const headless = [...context.partitions()].filter(
      (partition) =>
        partition.topic.deletion === 'none' &&
        partition.leadership !== null &&
        !context.isOnline(partition.leadership.leader, partition),
    );
    this.#partitions.move(headless, 'offline');
    const elected = await this.#partitions.electForOffline();
    const deleting = replicas.filter(({ partition }) => partition.topic.deletion !== 'none');
    const staying = replicas.filter(({ partition }) => partition.topic.deletion === 'none');
    await this.#replicas.move(staying, 'offline');
    const inPhase = (...phases: ReplicaPhase[]) =>
      deleting.filter((replica) => phases.includes(replicaPhase(replica)));
    await this.#replicas.move(inPhase('new', 'online'), 'offline');
    await this.#deletion.fail(inPhase('offline', 'deletionStarted'), 'a replica went offline');
    if (staying.length === 0 && elected.length === 0) this.#tellMetadata(context.brokers.keys(), []);
  }

  async #createPartitions(partitions: readonly PartitionContext[]): Promise<void> {
    if (partitions.length === 0) return;
    this.#partitions.move(partitions, 'new');
    const replicas = partitions.flatMap((partition) => [...replicasOfPartition(partition)]);
    await this.#replicas.move(replicas, 'new');
    await this.#partitions.moveOnline(partitions, { kind: 'offline', allowUnclean: false });
    await this.#replicas.move(replicas, 'online');
  }

  async #queueDeletions(names: readonly string[]): Promise<void> {
    const { store, deleteTopicEnable, log } = this.#parts;
    for (const name of names) {
      const topic = this.context.topics.get(name);
      if (topic === undefined || !deleteTopicEnable) {
        log.warn(topic === undefined ? 'a topic to delete does not exist' : 'delete.topic.enable is off', {
          topic: name,
        });
        await store.topics.removeDeletion(name, this.context.epochZkVersion);
      } else this.#deletion.queue([topic]);
    }
  }

  async #readBrokers(): Promise<Broker[]> {
    const ids = await this.#parts.store.brokers.ids(this.#brokersWatch.arm());
    return (await Promise.all(ids.map((id) => this.#readBroker(id)))).flatMap((broker) => broker ?? []);
  }

  async #readBroker(id: number): Promise<Broker | null> {
    let watch = this.#brokerWatches.get(id);
    if (watch === undefined) {
      watch = this.#slot(`broker ${id} modified`, () => this.#brokerModified(id));
      this.#brokerWatches.set(id, watch);
    }
    try {
      const found = await this.#parts.store.brokers.broker(id, watch.arm());
      if (found !== null) return { id, epoch: found.epoch, rack: found.rack, endpoints: found.endpoints };
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      this.#parts.log.error('ignoring the registration of a broker', { broker: id, error });
      return null;
    }
    this.#brokerWatches.delete(id);
    return null;
  }

  /** The listeners of a broker have changed. */
  async #brokerModified(id: number): Promise<void> {
    const found = await this.#readBroker(id);
    const known = this.context.brokers.get(id);
    if (found === null || known === undefined || found.epoch !== known.epoch) return;
    this.context.brokers.set(id, found);
    this.#parts.channel.setBrokers([...this.context.brokers.values()]);
    this.#tellMetadata(this.context.brokers.keys(), []);
  }

  /** Null for a topic that has gone, or that no one can make sense of. */
  async #readTopic(name: string): Promise<TopicContext | null> {
    const nameError = topicNameError(name);
    if (nameError !== null) {
      this.#parts.log.error('ignoring a topic', { topic: name, reason: nameError });
      return null;
    }
    const stored = await this.#readAssignment(name);
    if (stored === null) return null;
    const { topicIds } = this.#parts.protocol;
    const id = stored.topicId ?? (topicIds ? await this.#giveId(name, stored) : null);
    const topic = this.context.addTopic(name, id);
    for (const [partition, assignment] of stored.partitions) {
      this.context.addPartition(topic, partition, assignment);
    }
    return topic;
  }

  async #readAssignment(name: string): Promise<StoredTopic | null> {
    let watch = this.#topicWatches.get(name);
    if (watch === undefined) {
      watch = this.#slot(`topic ${name} modified`, () => this.topicModified(name));
      this.#topicWatches.set(name, watch);
    }
    try {
      const stored = await this.#parts.store.topics.assignment(name, watch.arm());
      if (stored === null) this.#topicWatches.delete(name);
      return stored;
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      this.#parts.log.error('ignoring a topic until its znode is put right', { topic: name, error });
      return null;
    }
  }

  async #giveId(name: string, stored: StoredTopic): Promise<string> {
    const topicId = randomUuid(this.#parts.random);
    const { store } = this.#parts;
    await store.topics.setAssignment(name, { ...stored, topicId }, this.context.epochZkVersion);
    return topicId;
  }

  /** Takes partitions out again that were added to a topic while it is being deleted. */
  async #restoreAssignment(topic: TopicContext, stored: StoredTopic): Promise<void> {
    const { store } = this.#parts;
    const existing = await store.topics.partitionsWithNode(topic.name);
    const partitions = new Map(
      [...topic.partitions.values()]
        .filter(({ partition }) => existing.has(partition) && stored.partitions.has(partition))
        .map((context) => [context.partition, context.assignment]),
    );
    const restored = { topicId: topic.id, partitions };
    await store.topics.setAssignment(topic.name, restored, this.context.epochZkVersion);
  }

  /** Returns the in-sync replicas whose brokers have registered since their partition's state was written. */
  async #readLeaders(topics: readonly TopicContext[]): Promise<Replica[]> {
    const partitions = topics.flatMap((topic) => [...topic.partitions.values()]);
    const restarted = await Promise.all(
      partitions.map(async (partition) => {
        const state = await this.#parts.store.topics.partitionState(
          partition.topic.name,
          partition.partition,
        );
        if (state === null) return [];
        const { writtenZxid, ...leadership } = state;
        partition.leadership = leadership;
        // Without other replicas there is nobody to differ from.
        if (partition.assignment.replicas.length === 1) return [];
        return leadership.isr
          .filter((id) => (this.context.brokers.get(id)?.epoch ?? -1) > writtenZxid)
          .map((brokerId) => ({ partition, brokerId }));
      }),
    );
    return restarted.flat();
  }

  /**
   * Replicas whose restart no controller has seen: it would have taken them out of the ISR. A machine that lost its
   * power has lost what it had not flushed, so they count as failed at first and come back in only once they have all
   * that is committed. Where nobody else in sync is there, one of them leads, but under a new epoch: two histories of
   * one epoch could not be told apart. Apache's controller (`KafkaController.onControllerFailover`, 3.9) takes them
   * for replicas that never were away. Returns those that leave.
   */
  async #setAside(restarted: readonly Replica[]): Promise<Replica[]> {
    const { context } = this;
    const staying = restarted.filter(({ partition }) => partition.topic.deletion === 'none');
    if (staying.length === 0) return [];
    for (const { brokerId, partition } of staying) context.setOnFailedDir(brokerId, partition, true);
    const hasOthers = ({ partition }: Replica) =>
      partition.leadership?.isr.some((id) => context.isOnline(id, partition)) === true;
    const leaving = staying.filter(hasOthers);
    const alone = staying.filter((replica) => !leaving.includes(replica));
    for (const { brokerId, partition } of alone) context.setOnFailedDir(brokerId, partition, false);
    this.#parts.log.info('replicas restarted unseen', { leaving: leaving.length, alone: alone.length });
    const led = alone.filter(({ brokerId, partition }) => partition.leadership?.leader === brokerId);
    await this.#partitions.electAnew(led.map(({ partition }) => partition));
    return leaving;
  }

  async #rejoin(replicas: readonly Replica[]): Promise<void> {
    if (replicas.length === 0) return;
    for (const { brokerId, partition } of replicas) this.context.setOnFailedDir(brokerId, partition, false);
    await this.#replicas.move(replicas, 'online');
    await this.#partitions.electForOffline();
  }

  /** Notifications from before this term are covered by what the term reads anyway. */
  async #dropNotifications(): Promise<void> {
    const { notifications } = this.#parts.store;
    const { epochZkVersion } = this.context;
    const logDirs = await notifications.logDirEvents(this.#logDirWatch.arm());
    await notifications.removeLogDirEvents(
      logDirs.map((event) => event.node),
      epochZkVersion,
    );
    const isrs = await notifications.isrChanges(this.#isrWatch.arm());
    await notifications.removeIsrChanges(
      isrs.map((event) => event.node),
      epochZkVersion,
    );
  }

  #tellMetadata(brokerIds: Iterable<number>, partitions: Iterable<PartitionContext>): void {
    tellMetadata(this.#machines, brokerIds, partitions);
  }

  #send(batch: CommandBatch): void {
    const { channel, enqueue } = this.#parts;
    batch.send((brokerId, command, done) => channel.send(brokerId, command, done), {
      leaderAndIsrDone: (brokerId, result) =>
        enqueue('LeaderAndIsr answered', () => this.#leaderAndIsrDone(brokerId, result)),
      replicasDeleted: (brokerId, result) => {
        if (result.partitions.length === 0) return;
        enqueue('StopReplica answered', () => this.#deletion.replicasDeleted(brokerId, result));
      },
    });
  }

  #slot(name: string, run: () => Promise<void>): WatchSlot {
    return new WatchSlot(() => this.#parts.enqueue(name, run));
  }
}
