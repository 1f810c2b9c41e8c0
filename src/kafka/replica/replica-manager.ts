import type { Env } from '../../env/env.ts';
import { ErrorCode, type ErrorName } from '../../wire/kafka/errors.ts';
import { LogError } from '../log/log-error.ts';
import type { LogManager } from '../log/log-manager.ts';
import type { AppendOrigin } from '../log/log-types.ts';
import { type TopicPartition, topicPartitionKey } from '../log/topic-partition.ts';
import type {
  CommandHeader,
  CommandResult,
  LeaderAndIsrCommand,
  LeaderAndIsrPartition,
  StopReplicaCommand,
} from '../metadata/controller-commands.ts';
import type { MetadataCache } from '../metadata/metadata-cache.ts';
import { Fetch, type FetchParams, type PartitionFetch, type PartitionFetched } from './fetch.ts';
import { isRefused, Partition, type Refused } from './partition.ts';
import { type DelayedOperation, Purgatory } from './purgatory.ts';
import type { TopicSettings } from './topic-settings.ts';
import { type RecordErrorDetail, RecordsRejectedError, validateRecords } from './validate-records.ts';

export interface ReplicaManagerOptions {
  readonly brokerId: number;
  readonly logManager: LogManager;
  readonly metadata: MetadataCache;
  readonly settingsFor: (topic: string) => TopicSettings;
  /** Most bytes that one compressed batch may unpack to while it is checked. */
  readonly uncompressedLimitBytes: number;
}

/** Told of changes of role and progress, in the turn in which they happen. */
export interface ReplicaListener {
  becameLeader?(partition: Partition): void;
  becameFollower?(partition: Partition): void;
  /** The replica is gone from this broker, or its log directory has failed. */
  resigned?(partition: Partition): void;
  highWatermarkAdvanced?(partition: Partition): void;
}

export interface PartitionAppend {
  readonly topicPartition: TopicPartition;
  readonly records: Buffer;
}

export interface PartitionAppended {
  readonly error: ErrorCode;
  /** For people, when there is something to say. */
  readonly message?: string;
  readonly recordErrors?: readonly RecordErrorDetail[];
  /** -1 when there is an error. */
  readonly baseOffset: number;
  /** The offset after the last record; -1 when there is an error. */
  readonly nextOffset: number;
  /** -1 unless the records got the time of their append. */
  readonly logAppendTimeMs: number;
  readonly logStartOffset: number;
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

function failedAppend(error: ErrorCode, message?: string): PartitionAppended {
  const failed = { error, baseOffset: -1, nextOffset: -1, logAppendTimeMs: -1, logStartOffset: -1 };
  return message === undefined ? failed : { ...failed, message };
}

/** All replicas of one broker: their roles, appends and fetches, and who waits for what. */
export class ReplicaManager {
  private readonly env: Env;
  private readonly options: ReplicaManagerOptions;
  private readonly partitions = new Map<string, Partition>();
  private readonly produces: Purgatory;
  private readonly fetches: Purgatory;
  private readonly listeners = new Set<ReplicaListener>();
  private controllerEpoch = 0;

  constructor(env: Env, options: ReplicaManagerOptions) {
    this.env = env;
    this.options = options;
    this.produces = new Purgatory(env.timers);
    this.fetches = new Purgatory(env.timers);
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

  /** Whether a command comes from the latest controller that this broker has heard of; remembers it when it does. */
  accepts({ controllerEpoch }: CommandHeader): boolean {
    if (controllerEpoch < this.controllerEpoch) return false;
    this.controllerEpoch = controllerEpoch;
    return true;
  }

  /** What the controller says about leaders and followers. */
  applyLeaderAndIsr(command: LeaderAndIsrCommand): CommandResult {
    if (!this.accepts(command)) return this.stale();
    const partitions = command.partitions.map((state) => {
      const { topic, partition } = state;
      return { topic, partition, errorCode: this.applyState(state) };
    });
    return { errorCode: ErrorCode.NONE, partitions };
  }

  private stale(): CommandResult {
    return { errorCode: ErrorCode.STALE_CONTROLLER_EPOCH, partitions: [] };
  }

  private applyState(state: LeaderAndIsrPartition): ErrorCode {
    const key = topicPartitionKey(state);
    const topicPartition = { topic: state.topic, partition: state.partition };
    let partition = this.partitions.get(key);
    if (partition !== undefined) {
      if (partition.isOffline) return ErrorCode.KAFKA_STORAGE_ERROR;
      if (partition.topicId !== state.topicId) return ErrorCode.INCONSISTENT_TOPIC_ID;
      if (state.leaderEpoch < partition.leaderEpoch) return ErrorCode.STALE_CONTROLLER_EPOCH;
    }
    if (!state.replicas.includes(this.options.brokerId)) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    partition ??= this.create(topicPartition, state.topicId);
    this.partitions.set(key, partition);
    try {
      const { isNew, topicId } = state;
      const log = this.options.logManager.getOrCreate(topicPartition, { isNew, topicId });
      this.assume(partition, state, log);
      return ErrorCode.NONE;
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      this.env.log.error('a replica cannot be opened', { partition: key, reason: error.message });
      if (error.error === 'KAFKA_STORAGE_ERROR') partition.markOffline();
      else this.partitions.delete(key);
      return ErrorCode[error.error];
    }
  }

  private assume(
    partition: Partition,
    state: LeaderAndIsrPartition,
    log: ReturnType<LogManager['getOrCreate']>,
  ): void {
    if (state.leader === this.options.brokerId) {
      if (!partition.makeLeader(state, log)) return;
      for (const listener of this.listeners) listener.becameLeader?.(partition);
    } else {
      if (!partition.makeFollower(state, log)) return;
      for (const listener of this.listeners) listener.becameFollower?.(partition);
    }
    this.wake(partition);
  }

  private create(topicPartition: TopicPartition, topicId: string): Partition {
    return new Partition({
      topicPartition,
      topicId,
      brokerId: this.options.brokerId,
      onHighWatermark: (partition) => {
        this.wake(partition);
        for (const listener of this.listeners) listener.highWatermarkAdvanced?.(partition);
      },
    });
  }

  /** Lets everyone who waits for this partition look again. */
  private wake(partition: Partition): void {
    const key = topicPartitionKey(partition.topicPartition);
    this.produces.check(key);
    this.fetches.check(key);
  }

  /** Takes replicas away, with their logs when the controller says so. */
  applyStopReplica(command: StopReplicaCommand): CommandResult {
    if (!this.accepts(command)) return this.stale();
    const partitions = command.partitions.map(({ topic, partition, leaderEpoch, deletePartition }) => ({
      topic,
      partition,
      errorCode: this.stop({ topic, partition }, leaderEpoch, deletePartition),
    }));
    return { errorCode: ErrorCode.NONE, partitions };
  }

  private stop(topicPartition: TopicPartition, leaderEpoch: number, deleteLog: boolean): ErrorCode {
    const key = topicPartitionKey(topicPartition);
    const partition = this.partitions.get(key);
    if (partition?.isOffline === true) return ErrorCode.KAFKA_STORAGE_ERROR;
    // Negative epochs say that the topic is being deleted, or that the sender does not know.
    if (partition !== undefined && leaderEpoch >= 0 && leaderEpoch < partition.leaderEpoch) {
      return ErrorCode.FENCED_LEADER_EPOCH;
    }
    this.partitions.delete(key);
    if (partition !== undefined) {
      this.wake(partition);
      for (const listener of this.listeners) listener.resigned?.(partition);
    }
    if (!deleteLog || this.options.logManager.get(topicPartition) === undefined) return ErrorCode.NONE;
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
      if (partition === undefined) continue;
      partition.markOffline();
      this.wake(partition);
      for (const listener of this.listeners) listener.resigned?.(partition);
    }
  }

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
    const settings = this.options.settingsFor(topicPartition.topic);
    try {
      const validated =
        origin === 'client'
          ? validateRecords(records, {
              settings,
              maxMessageBytes: log.config.maxMessageBytes,
              compact: log.config.compact,
              nowMs: this.env.clock.nowMs(),
              uncompressedLimitBytes: this.options.uncompressedLimitBytes,
            })
          : { records, logAppendTimeMs: -1 };
      const { minInsyncReplicas } = settings;
      const info = partition.append(validated.records, { acks, minInsyncReplicas, origin });
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
    const wait = new DelayedProduce(this, requests, results, (topic) => this.options.settingsFor(topic));
    if (wait.tryComplete()) return wait.results;
    return new Promise((resolve) => {
      wait.onComplete = resolve;
      const keys = requests.map(({ topicPartition }) => topicPartitionKey(topicPartition));
      this.produces.add(wait, [...new Set(keys)], params.timeoutMs);
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

  /** Reads several partitions; see {@link Fetch}. */
  fetch(
    params: FetchParams,
    requests: readonly PartitionFetch[],
  ): PartitionFetched[] | Promise<PartitionFetched[]> {
    return new Fetch(this, this.fetches, params, requests).run();
  }

  /** Requests that wait in each purgatory. */
  get waiting(): { produces: number; fetches: number } {
    return { produces: this.produces.size, fetches: this.fetches.size };
  }

  /** Answers everyone who still waits. */
  close(): void {
    this.produces.expireAll();
    this.fetches.expireAll();
  }
}

/** acks=-1: waits until the in-sync replicas of every partition have what was appended. */
class DelayedProduce implements DelayedOperation {
  readonly results: PartitionAppended[];
  onComplete: ((results: PartitionAppended[]) => void) | undefined;
  private readonly source: { lookup(topicPartition: TopicPartition): Partition | Refused };
  private readonly requests: readonly PartitionAppend[];
  private readonly settingsFor: (topic: string) => TopicSettings;
  private readonly pending = new Set<number>();

  constructor(
    source: { lookup(topicPartition: TopicPartition): Partition | Refused },
    requests: readonly PartitionAppend[],
    results: PartitionAppended[],
    settingsFor: (topic: string) => TopicSettings,
  ) {
    this.source = source;
    this.requests = requests;
    this.results = results;
    this.settingsFor = settingsFor;
    for (const [index, { error }] of results.entries()) if (error === ErrorCode.NONE) this.pending.add(index);
  }

  tryComplete(): boolean {
    for (const index of this.pending) this.tryOne(index);
    if (this.pending.size > 0) return false;
    this.finish();
    return true;
  }

  expire(): void {
    for (const index of this.pending) this.fail(index, ErrorCode.REQUEST_TIMED_OUT);
    this.pending.clear();
    this.finish();
  }

  private tryOne(index: number): void {
    const request = this.requests[index];
    const result = this.results[index];
    if (request === undefined || result === undefined) return;
    const partition = this.source.lookup(request.topicPartition);
    const { minInsyncReplicas } = this.settingsFor(request.topicPartition.topic);
    const { done, error } = isRefused(partition)
      ? { done: true, error: partition.error }
      : partition.checkEnoughReplicas(result.nextOffset, minInsyncReplicas);
    if (!done) return;
    this.pending.delete(index);
    if (error !== ErrorCode.NONE) this.fail(index, error);
  }

  private fail(index: number, error: ErrorCode): void {
    const result = this.results[index];
    if (result !== undefined) this.results[index] = { ...result, error };
  }

  private finish(): void {
    const { onComplete } = this;
    this.onComplete = undefined;
    onComplete?.(this.results);
  }
}
