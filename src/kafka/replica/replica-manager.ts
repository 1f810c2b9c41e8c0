import type { Clock } from '../../env/clock.ts';
import type { Env } from '../../env/env.ts';
import type { Timer } from '../../env/timers.ts';
import { ErrorCode, type ErrorName } from '../../wire/kafka/errors.ts';
import { LogError } from '../log/log-error.ts';
import type { LogManager } from '../log/log-manager.ts';
import type { AppendOrigin } from '../log/log-types.ts';
import { type TopicPartition, topicPartitionKey } from '../log/topic-partition.ts';
import type { UnifiedLog } from '../log/unified-log.ts';
import type { ClusterImage } from '../metadata/cluster-image.ts';
import type {
  CommandHeader,
  CommandResult,
  LeaderAndIsrCommand,
  LeaderAndIsrPartition,
  StopReplicaCommand,
} from '../metadata/controller-commands.ts';
import type { MetadataCache } from '../metadata/metadata-cache.ts';
import { type Broker, zeroUuid } from '../metadata/model.ts';
import type { ReplicaQuota } from '../quota/replication-quota.ts';
import { DelayedDelete, type PartitionDelete, type PartitionDeleted } from './delayed-delete.ts';
import { DelayedProduce, type PartitionAppend, type PartitionAppended } from './delayed-produce.ts';
import {
  Fetch,
  type FetchingClient,
  type FetchParams,
  type PartitionFetch,
  type PartitionFetched,
} from './fetch.ts';
import { Fetchers, type FetchersOptions } from './fetcher/fetcher-manager.ts';
import { REPLICATION_GUARDS, type ReplicationGuards } from './guards.ts';
import type { IsrChanges } from './isr-changes.ts';
import { LogDirMoves } from './log-dir-moves.ts';
import { isRefused, Partition, type Refused } from './partition.ts';
import type { PartitionContext } from './partition-context.ts';
import { Purgatory } from './purgatory.ts';
import { type ReplicaSelection, selectReadReplica } from './read-replica.ts';
import type { TopicSettings } from './topic-settings.ts';
import { RecordsRejectedError, validateRecords } from './validate-records.ts';

export interface ReplicaManagerOptions {
  readonly brokerId: number;
  /** Epoch of this broker's registration, -1 before it. */
  readonly brokerEpoch: () => number;
  readonly logManager: LogManager;
  readonly metadata: MetadataCache;
  readonly settingsFor: (topic: string) => TopicSettings;
  /** Most bytes that one compressed batch may unpack to while it is checked. */
  readonly uncompressedLimitBytes: number;
  /** `replica.lag.time.max.ms` */
  readonly replicaLagTimeMaxMs: number;
  readonly isrChanges: IsrChanges;
  readonly fetching: Omit<FetchersOptions, 'brokerId' | 'brokerEpoch'>;
  /** The throttle of what followers get from here. */
  readonly leaderQuota: ReplicaQuota;
  /** The throttle of moves between log directories. */
  readonly alterLogDirsQuota: ReplicaQuota;
  readonly replicaSelection: ReplicaSelection;
  /** For tests that show what a rule is for. */
  readonly guards?: ReplicationGuards;
}

/** Told of changes of role and progress, in the turn in which they happen. */
export interface ReplicaListener {
  becameLeader?(partition: Partition): void;
  becameFollower?(partition: Partition): void;
  /** The replica is gone from this broker, or its log directory has failed. */
  resigned?(partition: Partition): void;
  highWatermarkAdvanced?(partition: Partition): void;
}

export interface AppendParams {
  readonly acks: number;
  readonly timeoutMs: number;
  readonly origin: AppendOrigin;
}

/** With these `ReplicaManager.appendToLocalLog` does not tell where the log starts. */
const ERRORS_WITHOUT_LOG_START: ReadonlySet<ErrorName> = new Set<ErrorName>([
  'CORRUPT_MESSAGE',
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'KAFKA_STORAGE_ERROR',
]);
/** Of an epoch-less StopReplica, and of one for a topic that is being deleted. */
const NO_EPOCH = -1;
/** ISRs are looked at this often within `replica.lag.time.max.ms`. */
const ISR_CHECKS_PER_LAG = 2;

function failedAppend(error: ErrorCode, message?: string): PartitionAppended {
  const failed = { error, baseOffset: -1, nextOffset: -1, logAppendTimeMs: -1, logStartOffset: -1 };
  return message === undefined ? failed : { ...failed, message };
}

/** All replicas of one broker: their roles, appends and fetches, and who waits for what. */
export class ReplicaManager {
  readonly clock: Clock;
  /** Replicas on their way to other log directories. */
  readonly moves: LogDirMoves;
  private readonly env: Env;
  private readonly options: ReplicaManagerOptions;
  private readonly partitions = new Map<string, Partition>();
  private readonly produces: Purgatory;
  private readonly fetches: Purgatory;
  private readonly deletes: Purgatory;
  private readonly listeners = new Set<ReplicaListener>();
  private readonly context: PartitionContext;
  private readonly fetchers: Fetchers;
  private readonly stopListening: () => void;
  private readonly isrTimer: Timer;
  private controllerEpoch = 0;

  constructor(env: Env, options: ReplicaManagerOptions) {
    const { brokerId, brokerEpoch, fetching, guards = REPLICATION_GUARDS } = options;
    this.env = env;
    this.clock = env.clock;
    this.options = options;
    this.produces = new Purgatory(env.timers);
    this.fetches = new Purgatory(env.timers);
    this.deletes = new Purgatory(env.timers);
    this.context = this.createContext(guards);
    const protocol = guards.truncatesByEpoch
      ? fetching.protocol
      : { ...fetching.protocol, truncatesOnFetch: false, knowsLeaderEpochs: false };
    this.fetchers = new Fetchers(env, { ...fetching, brokerId, brokerEpoch, protocol });
    this.moves = new LogDirMoves(env, {
      logManager: options.logManager,
      maxBytes: fetching.maxBytes,
      backoffMs: fetching.backoffMs,
      quota: options.alterLogDirsQuota,
      lookup: (topicPartition) => this.lookup(topicPartition),
    });
    this.stopListening = options.metadata.listen((image, before) => this.brokersChanged(image, before));
    const intervalMs = options.replicaLagTimeMaxMs / ISR_CHECKS_PER_LAG;
    this.isrTimer = env.timers.every(intervalMs, () => {
      for (const partition of this.partitions.values()) partition.checkIsr();
    });
  }

  private createContext(guards: ReplicationGuards): PartitionContext {
    const { options } = this;
    return {
      brokerId: options.brokerId,
      clock: this.env.clock,
      log: this.env.log,
      guards,
      isrChanges: options.isrChanges,
      replicaLagTimeMaxMs: options.replicaLagTimeMaxMs,
      brokerEpoch: options.brokerEpoch,
      liveBrokerEpoch: (id) => options.metadata.image.broker(id)?.epoch,
      minInsyncReplicas: (topic) => options.settingsFor(topic).minInsyncReplicas,
      highWatermarkMoved: (partition) => {
        this.wake(partition);
        for (const listener of this.listeners) listener.highWatermarkAdvanced?.(partition);
      },
      lowWatermarkMoved: ({ topicPartition }) => this.deletes.check(topicPartitionKey(topicPartition)),
      truncated: ({ topicPartition }) => {
        this.moves.truncated(topicPartition);
        options.logManager.checkpointRecoveryPoints();
      },
    };
  }

  /** Returns the function that ends the listening. */
  listen(listener: ReplicaListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The replica here, or the error for a client that asks for it. */
  lookup(topicPartition: TopicPartition): Partition | Refused {
    const partition = this.partitions.get(topicPartitionKey(topicPartition));
    if (partition !== undefined) {
      return partition.isOffline ? { error: ErrorCode.KAFKA_STORAGE_ERROR } : partition;
    }
    const { topic, partition: index } = topicPartition;
    const known = this.options.metadata.image.partition(topic, index) !== undefined;
    return { error: known ? ErrorCode.NOT_LEADER_OR_FOLLOWER : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION };
  }

  allPartitions(): IterableIterator<Partition> {
    return this.partitions.values();
  }

  /** `num.replica.fetchers` has changed. */
  resizeFetchers(): void {
    this.fetchers.resize();
  }

  private brokersChanged(image: ClusterImage, before: ClusterImage): void {
    if (image.brokers === before.brokers) return;
    for (const [id, broker] of image.brokers) {
      if (isElsewhere(broker, before.broker(id))) this.fetchers.brokerChanged(id);
    }
    // Nobody waits for replicas that are gone.
    for (const id of before.brokers.keys()) if (image.broker(id) === undefined) this.deletes.checkAll();
  }

  // --- what the controller says

  /** Whether a command comes from the latest controller that this broker has heard of; remembers it when it does. */
  accepts({ controllerEpoch }: CommandHeader): boolean {
    if (controllerEpoch < this.controllerEpoch) return false;
    this.controllerEpoch = controllerEpoch;
    return true;
  }

  /** Who leads and who follows. A leader epoch that is not later than the known one changes nothing. */
  applyLeaderAndIsr(command: LeaderAndIsrCommand): CommandResult {
    if (!this.accepts(command)) return this.stale();
    const partitions = command.partitions.map((state) => {
      const { topic, partition } = state;
      return { topic, partition, errorCode: this.applyState(state) };
    });
    this.fetchers.closeIdle();
    return { errorCode: ErrorCode.NONE, partitions };
  }

  private stale(): CommandResult {
    return { errorCode: ErrorCode.STALE_CONTROLLER_EPOCH, partitions: [] };
  }

  private applyState(state: LeaderAndIsrPartition): ErrorCode {
    const { topicId } = state;
    const key = topicPartitionKey(state);
    const topicPartition = { topic: state.topic, partition: state.partition };
    let partition = this.partitions.get(key);
    if (partition !== undefined) {
      if (partition.isOffline) return ErrorCode.KAFKA_STORAGE_ERROR;
      if (!partition.isOfTopic(topicId)) return ErrorCode.INCONSISTENT_TOPIC_ID;
      if (state.leaderEpoch < partition.leaderEpoch) return ErrorCode.STALE_CONTROLLER_EPOCH;
      const isKnown = state.leaderEpoch === partition.leaderEpoch && !partition.isResting;
      if (isKnown) return this.learnTopicId(partition, topicId);
    }
    if (!state.replicas.includes(this.options.brokerId)) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    partition ??= new Partition(this.context, topicPartition, topicId);
    this.partitions.set(key, partition);
    try {
      const { isNew } = state;
      const known = topicId === zeroUuid ? undefined : topicId;
      const log = this.options.logManager.getOrCreate(topicPartition, { isNew, topicId: known });
      partition.topicId = log.topicId ?? zeroUuid;
      this.assume(partition, state, log);
      this.moves.resume(partition);
      return ErrorCode.NONE;
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      this.env.log.error('a replica cannot be opened', { partition: key, reason: error.message });
      if (error.error === 'KAFKA_STORAGE_ERROR') this.takeOffline(partition);
      else this.partitions.delete(key);
      return ErrorCode[error.error];
    }
  }

  /** An upgraded controller tells the ids of old topics without a new leader epoch. */
  private learnTopicId(partition: Partition, topicId: string): ErrorCode {
    if (topicId === zeroUuid || partition.topicId !== zeroUuid) return ErrorCode.STALE_CONTROLLER_EPOCH;
    partition.localLog?.assignTopicId(topicId);
    partition.topicId = topicId;
    if (!partition.isLeader) this.follow(partition);
    return ErrorCode.NONE;
  }

  private assume(partition: Partition, state: LeaderAndIsrPartition, log: UnifiedLog): void {
    if (state.leader === this.options.brokerId) {
      this.fetchers.unfollow(topicPartitionKey(partition.topicPartition));
      partition.makeLeader(state, log);
      for (const listener of this.listeners) listener.becameLeader?.(partition);
    } else {
      partition.makeFollower(state, log);
      this.follow(partition);
      for (const listener of this.listeners) listener.becameFollower?.(partition);
    }
    this.wake(partition);
  }

  /** Whether the leader can be reached is found out by its fetcher. */
  private follow(partition: Partition): void {
    const { leaderId, leaderEpoch, topicId } = partition;
    if (leaderId >= 0) this.fetchers.follow(leaderId, { partition, topicId, leaderEpoch });
    else this.fetchers.unfollow(topicPartitionKey(partition.topicPartition));
  }

  /** Lets everyone who waits for this partition look again. */
  private wake(partition: Partition): void {
    const key = topicPartitionKey(partition.topicPartition);
    this.produces.check(key);
    this.fetches.check(key);
    this.deletes.check(key);
  }

  /** Lets replicas rest, or takes them away with their logs when the controller says so. */
  applyStopReplica(command: StopReplicaCommand): CommandResult {
    if (!this.accepts(command)) return this.stale();
    const partitions = command.partitions.map(({ topic, partition, leaderEpoch, deletePartition }) => ({
      topic,
      partition,
      errorCode: this.stop({ topic, partition }, leaderEpoch, deletePartition),
    }));
    this.fetchers.closeIdle();
    return { errorCode: ErrorCode.NONE, partitions };
  }

  private stop(topicPartition: TopicPartition, leaderEpoch: number, deleteLog: boolean): ErrorCode {
    const key = topicPartitionKey(topicPartition);
    const partition = this.partitions.get(key);
    if (partition?.isOffline === true) return ErrorCode.KAFKA_STORAGE_ERROR;
    if (partition !== undefined && leaderEpoch > NO_EPOCH && leaderEpoch < partition.leaderEpoch) {
      return ErrorCode.FENCED_LEADER_EPOCH;
    }
    this.fetchers.unfollow(key);
    if (deleteLog) this.partitions.delete(key);
    if (partition !== undefined) {
      partition.stop();
      this.wake(partition);
      for (const listener of this.listeners) listener.resigned?.(partition);
    }
    if (!deleteLog) return ErrorCode.NONE;
    this.moves.cancel(topicPartition);
    if (this.options.logManager.get(topicPartition) === undefined) return ErrorCode.NONE;
    try {
      this.options.logManager.delete(topicPartition);
      return ErrorCode.NONE;
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      this.env.log.error('the log of a replica cannot be removed', { partition: key, reason: error.message });
      return ErrorCode[error.error];
    }
  }

  /** A log directory has failed. */
  markOffline(topicPartitions: readonly TopicPartition[]): void {
    for (const topicPartition of topicPartitions) {
      const partition = this.partitions.get(topicPartitionKey(topicPartition));
      if (partition !== undefined) this.takeOffline(partition);
    }
  }

  private takeOffline(partition: Partition): void {
    this.fetchers.unfollow(topicPartitionKey(partition.topicPartition));
    this.moves.failed(partition.topicPartition);
    partition.markOffline();
    this.wake(partition);
    for (const listener of this.listeners) listener.resigned?.(partition);
  }

  // --- appending

  /**
   * Appends to several partitions as their leader. With acks=-1 the answer waits until all in-sync replicas have
   * the records, or for `timeoutMs`.
   */
  append(
    params: AppendParams,
    requests: readonly PartitionAppend[],
  ): PartitionAppended[] | Promise<PartitionAppended[]> {
    const flushes: Promise<void>[] = [];
    const results = requests.map((request) => this.appendOne(params, request, flushes));
    const answer = params.acks === -1 ? this.awaitReplicas(params, requests, results) : results;
    if (flushes.length === 0) return answer;
    return Promise.all(flushes).then(() => answer);
  }

  private appendOne(
    { acks, origin }: AppendParams,
    { topicPartition, records }: PartitionAppend,
    flushes: Promise<void>[],
  ): PartitionAppended {
    const partition = this.lookup(topicPartition);
    if (isRefused(partition)) return failedAppend(partition.error);
    const log = partition.logFor(-1, true);
    if (isRefused(log)) return failedAppend(log.error);
    try {
      const validated =
        origin === 'client'
          ? validateRecords(records, {
              settings: this.options.settingsFor(topicPartition.topic),
              maxMessageBytes: log.config.maxMessageBytes,
              compact: log.config.compact,
              magic: log.config.messageFormatMagic,
              nextOffset: log.logEndOffset,
              nowMs: this.env.clock.nowMs(),
              uncompressedLimitBytes: this.options.uncompressedLimitBytes,
            })
          : { records, logAppendTimeMs: -1 };
      const info = partition.append(validated.records, { acks, origin });
      if (isRefused(info)) return failedAppend(info.error);
      if (info.flushed !== undefined) flushes.push(info.flushed);
      // Followers wait for new records, whether or not the high watermark has moved.
      this.fetches.check(topicPartitionKey(topicPartition));
      return {
        error: ErrorCode.NONE,
        baseOffset: info.firstOffset,
        nextOffset: info.lastOffset + 1,
        logAppendTimeMs: info.duplicate ? info.duplicateTimestamp : validated.logAppendTimeMs,
        logStartOffset: info.logStartOffset,
      };
    } catch (error) {
      return this.appendFailure(error, log.logStartOffset);
    }
  }

  private appendFailure(error: unknown, logStartOffset: number): PartitionAppended {
    if (!(error instanceof RecordsRejectedError) && !(error instanceof LogError)) throw error;
    const failed = failedAppend(ErrorCode[error.error], error.message);
    if (ERRORS_WITHOUT_LOG_START.has(error.error)) return failed;
    const recordErrors = error instanceof RecordsRejectedError ? error.recordErrors : [];
    return { ...failed, recordErrors, logStartOffset };
  }

  private awaitReplicas(
    params: AppendParams,
    requests: readonly PartitionAppend[],
    results: PartitionAppended[],
  ): PartitionAppended[] | Promise<PartitionAppended[]> {
    const wait = new DelayedProduce(this, requests, results);
    if (wait.tryComplete()) return wait.results;
    return new Promise((resolve) => {
      wait.onComplete = resolve;
      this.produces.add(wait, keysOf(requests), params.timeoutMs);
    });
  }

  /**
   * Appends one batch of the broker's own (a coordinator's) with acks=-1, and does not wait: the caller watches
   * the high watermark.
   */
  appendHere(topicPartition: TopicPartition, records: Buffer): PartitionAppended {
    const params = { acks: -1, timeoutMs: 0, origin: 'coordinator' } as const;
    return this.appendOne(params, { topicPartition, records }, []);
  }

  // --- deleting

  /** DeleteRecords, as the leader: waits until all live replicas have let the records go, or for `timeoutMs`. */
  deleteRecords(
    timeoutMs: number,
    requests: readonly PartitionDelete[],
  ): PartitionDeleted[] | Promise<PartitionDeleted[]> {
    const started = requests.map(({ topicPartition, offset }) => {
      const { requestedOffset, ...result } = this.deleteHere(topicPartition, offset);
      return { topicPartition, requestedOffset, result };
    });
    const wait = new DelayedDelete(this, started);
    const results: Promise<PartitionDeleted[]> | PartitionDeleted[] = wait.tryComplete()
      ? wait.results
      : new Promise((resolve) => {
          wait.onComplete = resolve;
          this.deletes.add(wait, keysOf(requests), timeoutMs);
        });
    return results;
  }

  private deleteHere(
    topicPartition: TopicPartition,
    offset: number,
  ): PartitionDeleted & { requestedOffset: number } {
    const failed = (error: ErrorCode) => ({ error, lowWatermark: -1, requestedOffset: -1 });
    const partition = this.lookup(topicPartition);
    if (isRefused(partition)) return failed(partition.error);
    try {
      const deleted = partition.deleteRecords(offset);
      return isRefused(deleted) ? failed(deleted.error) : { error: ErrorCode.NONE, ...deleted };
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      return failed(ErrorCode[error.error]);
    }
  }

  // --- fetching

  /** Reads several partitions; see {@link Fetch}. */
  fetch(
    params: FetchParams,
    requests: readonly PartitionFetch[],
  ): PartitionFetched[] | Promise<PartitionFetched[]> {
    return new Fetch(this, this.fetches, params, requests).run();
  }

  /** Where a consumer had better read (KIP-392); -1 for here. */
  preferredReplica(partition: Partition, client: FetchingClient, fetchOffset: number): number {
    if (this.options.replicaSelection === 'leader') return -1;
    return selectReadReplica(this.options.metadata.image, partition, client, fetchOffset);
  }

  /** Whether a follower has to wait for the throttle of this leader: one that is in sync never does. */
  isThrottled(partition: Partition, replicaId: number): boolean {
    const { leaderQuota } = this.options;
    return (
      replicaId >= 0 &&
      leaderQuota.isThrottled(partition.topicPartition) &&
      leaderQuota.isQuotaExceeded(this.env.clock.monotonicMs()) &&
      partition.leadership?.isr.has(replicaId) !== true
    );
  }

  /** Counts what a follower gets. */
  countSent(partition: Partition, bytes: number): void {
    const { leaderQuota } = this.options;
    if (bytes === 0 || !leaderQuota.isThrottled(partition.topicPartition)) return;
    leaderQuota.record(bytes, this.env.clock.monotonicMs());
  }

  /** Requests that wait in each purgatory. */
  get waiting(): { produces: number; fetches: number; deletes: number } {
    return { produces: this.produces.size, fetches: this.fetches.size, deletes: this.deletes.size };
  }

  /** Follows nobody any more, and answers everyone who still waits. */
  close(): void {
    this.isrTimer.cancel();
    this.stopListening();
    this.fetchers.close();
    this.moves.close();
    this.produces.expireAll();
    this.fetches.expireAll();
    this.deletes.expireAll();
  }
}

/** Whether a broker has come, or come back, so that connecting may work now. */
function isElsewhere(broker: Broker, before: Broker | undefined): boolean {
  const addresses = ({ endpoints }: Broker) => endpoints.map(({ host, port }) => `${host}:${port}`).join();
  return before === undefined || before.epoch !== broker.epoch || addresses(before) !== addresses(broker);
}

function keysOf(requests: readonly { readonly topicPartition: TopicPartition }[]): string[] {
  return [...new Set(requests.map(({ topicPartition }) => topicPartitionKey(topicPartition)))];
}
