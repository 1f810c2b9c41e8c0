import type { Env } from '../../../env/env.ts';
import type { Timer } from '../../../env/timers.ts';
import { bindMethods } from '../bind-methods.ts';
import type { CompatCluster } from '../compat-cluster.ts';
import { EARLIEST_OFFSET, LATEST_OFFSET } from '../constants.ts';
import { describeGroups } from '../describe-groups.ts';
import { type KafkaJSError, KafkaJSNonRetriableError, KafkaJSNumberOfRetriesExceeded } from '../errors.ts';
import type { Instrumentation } from '../instrumentation.ts';
import { createRetrier, INITIAL_RETRY_TIME_MS } from '../retrier.ts';
import { roundRobin } from '../round-robin-assigner.ts';
import type { Logger, RetryOptions } from '../types/common.ts';
import type { Consumer, ConsumerConfig, ConsumerEvents, ConsumerRunConfig } from '../types/consumer.ts';
import type { ConsumerSettings, RunSettings } from './consumer-settings.ts';
import type { OffsetTable } from './offset-tracker.ts';
import { Runner } from './runner.ts';

export const CONSUMER_EVENTS: ConsumerEvents = {
  HEARTBEAT: 'consumer.heartbeat',
  COMMIT_OFFSETS: 'consumer.commit_offsets',
  GROUP_JOIN: 'consumer.group_join',
  FETCH: 'consumer.fetch',
  FETCH_START: 'consumer.fetch_start',
  START_BATCH_PROCESS: 'consumer.start_batch_process',
  END_BATCH_PROCESS: 'consumer.end_batch_process',
  CONNECT: 'consumer.connect',
  DISCONNECT: 'consumer.disconnect',
  STOP: 'consumer.stop',
  CRASH: 'consumer.crash',
  REBALANCING: 'consumer.rebalancing',
  RECEIVED_UNSUBSCRIBED_TOPICS: 'consumer.received_unsubscribed_topics',
  REQUEST: 'consumer.network.request',
  REQUEST_TIMEOUT: 'consumer.network.request_timeout',
  REQUEST_QUEUE_SIZE: 'consumer.network.request_queue_size',
};

export interface ConsumerParts {
  readonly env: Env;
  readonly cluster: CompatCluster;
  readonly logger: Logger;
  readonly instrumentation: Instrumentation<ConsumerEvents>;
  readonly retry: RetryOptions & { restartOnFailure?: (error: Error) => Promise<boolean> };
  readonly committed: OffsetTable;
  readonly isolationLevel: number;
}

const NOT_RUNNING = 'Consumer group was not initialized, consumer#run must be called first';

/**
 * kafkajs's consumer.
 *
 *     idle --run--> running --stop--> idle
 *     running --crash--> disconnected --retriable, and restartOnFailure agrees--> running, after a pause
 */
export class CompatConsumer implements Consumer {
  readonly events = CONSUMER_EVENTS;
  private readonly parts: ConsumerParts;
  private readonly log: Logger;
  private readonly settings: ConsumerSettings;
  private readonly fromBeginning = new Map<string, boolean>();
  private runner: Runner | undefined;
  private stopping: Promise<void> | undefined;
  private restartTimer: Timer | undefined;

  /** Throws a KafkaJSNonRetriableError for a configuration that cannot work. */
  constructor(parts: ConsumerParts, config: ConsumerConfig) {
    this.parts = parts;
    this.log = parts.logger.namespace('Consumer');
    this.settings = consumerSettings(parts, config, this.log, this.fromBeginning);
    bindMethods(this);
  }

  async connect(): Promise<void> {
    await this.parts.cluster.connect();
    this.parts.instrumentation.emit(this.events.CONNECT);
  }

  async disconnect(): Promise<void> {
    await this.stop();
    await this.parts.cluster.disconnect();
    this.parts.instrumentation.emit(this.events.DISCONNECT);
  }

  /** Calls at the same time share one end. */
  stop(): Promise<void> {
    this.stopping ??= this.end().finally(() => {
      this.stopping = undefined;
    });
    return this.stopping;
  }

  async subscribe(subscription: {
    topic?: string | RegExp;
    topics?: (string | RegExp)[];
    fromBeginning?: boolean;
  }): Promise<void> {
    const { topic, topics, fromBeginning = false } = subscription;
    if (this.runner !== undefined) throw invalid('Cannot subscribe to topic while consumer is running');
    if (!topic && !topics) throw invalid('Missing required argument "topics"');
    if (topics !== undefined && topics !== null && !Array.isArray(topics)) {
      throw invalid('Argument "topics" must be an array');
    }
    const wanted = topics ?? (topic === undefined ? [] : [topic]);
    for (const each of wanted) {
      if (typeof each === 'string' || each instanceof RegExp) continue;
      throw invalid(`Invalid topic ${each} (${typeof each}), the topic name has to be a String or a RegExp`);
    }
    const names = await this.namesOf(wanted);
    for (const name of names) this.fromBeginning.set(name, fromBeginning);
    await this.parts.cluster.addMultipleTargetTopics(names);
  }

  async run(config: ConsumerRunConfig = {}): Promise<void> {
    const { groupId } = this.settings;
    if (this.runner !== undefined) {
      this.log.warn('consumer#run was called, but the consumer is already running', { groupId });
      return;
    }
    await this.start(runSettings(config));
  }

  async commitOffsets(
    topicPartitions: { topic: string; partition: number; offset: string; metadata?: string | null }[] = [],
  ): Promise<void> {
    const byTopic = new Map<string, { partition: number; offset: string; metadata: string | null }[]>();
    for (const { topic, partition, offset, metadata = null } of topicPartitions) {
      checkPartition(topic, partition);
      const number = offsetOf(offset);
      if (number < 0) throw invalid('Offset must not be a negative number');
      if (metadata !== null && typeof metadata !== 'string') {
        throw invalid(`Invalid offset metadata, expected string or null, received ${metadata}`);
      }
      const commits = byTopic.get(topic) ?? [];
      byTopic.set(topic, [...commits, { partition, offset: String(number), metadata }]);
    }
    const topics = [...byTopic].map(([topic, partitions]) => ({ topic, partitions }));
    await this.active.commitOffsets({ topics });
  }

  seek({ topic, partition, offset }: { topic: string; partition: number; offset: string }): void {
    checkPartition(topic, partition);
    const number = offsetOf(offset);
    if (number < 0 && number !== EARLIEST_OFFSET && number !== LATEST_OFFSET) {
      throw invalid('Offset must not be a negative number');
    }
    this.active.group.seek(topic, Number(partition), number);
    this.active.wake();
  }

  async describeGroup() {
    const { groupId, env, cluster, retry } = this.settings;
    const retrier = createRetrier(env, retry);
    const groups = await retrier(() => describeGroups(cluster, [groupId]));
    return groups[0] as NonNullable<(typeof groups)[0]>;
  }

  pause(topics: { topic: string; partitions?: number[] }[] = []): void {
    checkTopics(topics, 'pause');
    this.active.group.subscriptions.pause(topics);
  }

  resume(topics: { topic: string; partitions?: number[] }[] = []): void {
    checkTopics(topics, 'resume');
    this.active.group.subscriptions.resume(topics);
    this.active.wake();
  }

  paused() {
    return this.runner?.group.subscriptions.paused() ?? [];
  }

  on(eventName: string, listener: (event: never) => void): () => void {
    return this.parts.instrumentation.on(eventName, listener as (event: unknown) => void);
  }

  logger(): Logger {
    return this.log;
  }

  private get active(): Runner {
    if (this.runner === undefined) throw invalid(NOT_RUNNING);
    return this.runner;
  }

  private async namesOf(wanted: readonly (string | RegExp)[]): Promise<string[]> {
    if (!wanted.some((each) => each instanceof RegExp)) return wanted as string[];
    const { topicMetadata } = await this.parts.cluster.metadata();
    return wanted.flatMap((each) => {
      if (typeof each === 'string') return [each];
      return topicMetadata.map(({ topic }) => topic).filter((name) => each.test(name));
    });
  }

  private async start(run: RunSettings): Promise<void> {
    this.log.info('Starting', { groupId: this.settings.groupId });
    this.runner = new Runner(this.settings, run, (error) => this.crashed(error, run));
    await this.runner.start();
  }

  private async end(): Promise<void> {
    const { runner } = this;
    if (runner !== undefined) {
      await runner.stop();
      this.runner = undefined;
      this.parts.instrumentation.emit(this.events.STOP);
    }
    this.restartTimer?.cancel();
    this.log.info('Stopped', { groupId: this.settings.groupId });
  }

  private async crashed(thrown: unknown, run: RunSettings): Promise<void> {
    const { groupId, env } = this.settings;
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const { retryCount, retryTime } = error as Partial<KafkaJSNumberOfRetriesExceeded>;
    this.log.error(`Crash: ${error.name}: ${error.message}`, { groupId, retryCount, stack: error.stack });
    await this.disconnect();
    const restart = await this.mayRestart(error);
    this.parts.instrumentation.emit(this.events.CRASH, { error, groupId, restart });
    if (!restart) return;
    const afterMs = retryTime ?? this.parts.retry.initialRetryTime ?? INITIAL_RETRY_TIME_MS;
    this.log.error(`Restarting the consumer in ${afterMs}ms`, { retryCount, retryTime: afterMs, groupId });
    this.restartTimer = env.timers.after(afterMs, () => void this.start(run));
  }

  private async mayRestart(error: Error): Promise<boolean> {
    const isRetriable =
      error instanceof KafkaJSNumberOfRetriesExceeded || (originOf(error) as KafkaJSError).retriable === true;
    if (!isRetriable) return false;
    const { restartOnFailure } = this.parts.retry;
    if (restartOnFailure === undefined) return true;
    try {
      return await restartOnFailure(error);
    } catch (failure) {
      this.log.error(
        'Caught error when invoking user-provided "restartOnFailure" callback. Defaulting to restarting.',
        { error: String(failure), cause: error.message, groupId: this.settings.groupId },
      );
      return true;
    }
  }
}

function consumerSettings(
  parts: ConsumerParts,
  config: ConsumerConfig,
  log: Logger,
  fromBeginning: ReadonlyMap<string, boolean>,
): ConsumerSettings {
  const {
    groupId,
    sessionTimeout = 30_000,
    heartbeatInterval = 3000,
    partitionAssigners = [roundRobin],
  } = config;
  if (!groupId) throw invalid('Consumer groupId must be a non-empty string.');
  if (heartbeatInterval >= sessionTimeout) {
    throw invalid(
      `Consumer heartbeatInterval (${heartbeatInterval}) must be lower than sessionTimeout (${sessionTimeout}). It is recommended to set heartbeatInterval to approximately a third of the sessionTimeout.`,
    );
  }
  return {
    env: parts.env,
    cluster: parts.cluster,
    logger: parts.logger,
    instrumentation: parts.instrumentation,
    retry: parts.retry,
    groupId,
    assigners: partitionAssigners.map((create) => create({ groupId, logger: log, cluster: parts.cluster })),
    sessionTimeoutMs: sessionTimeout,
    rebalanceTimeoutMs: config.rebalanceTimeout ?? 60_000,
    heartbeatIntervalMs: heartbeatInterval,
    maxBytesPerPartition: config.maxBytesPerPartition ?? 1_048_576,
    minBytes: config.minBytes ?? 1,
    maxBytes: config.maxBytes ?? 10_485_760,
    maxWaitMs: config.maxWaitTimeInMs ?? 5000,
    isolationLevel: parts.isolationLevel,
    rackId: config.rackId ?? '',
    fromBeginning,
    committed: parts.committed,
  };
}

function runSettings(config: ConsumerRunConfig): RunSettings {
  return {
    autoCommit: config.autoCommit ?? true,
    autoCommitInterval: config.autoCommitInterval ?? null,
    autoCommitThreshold: config.autoCommitThreshold ?? null,
    eachBatchAutoResolve: config.eachBatchAutoResolve ?? true,
    concurrency: config.partitionsConsumedConcurrently ?? 1,
    eachBatch: config.eachBatch ?? null,
    eachMessage: config.eachMessage ?? null,
  };
}

function invalid(message: string): KafkaJSNonRetriableError {
  return new KafkaJSNonRetriableError(message);
}

function checkPartition(topic: unknown, partition: unknown): void {
  if (!topic) throw invalid(`Invalid topic ${topic}`);
  if (partition === undefined || Number.isNaN(Number(partition))) {
    throw invalid(`Invalid partition, expected a number received ${partition}`);
  }
}

function offsetOf(offset: unknown): number {
  const number = typeof offset === 'string' && /^-?\d+$/.test(offset) ? Number(offset) : offset;
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number;
  if (typeof number === 'bigint') return Number(number);
  throw invalid(`Invalid offset, expected a long received ${offset}`);
}

function checkTopics(topics: readonly { topic: string; partitions?: number[] }[], what: string): void {
  for (const each of topics) {
    if (!each?.topic) throw invalid(`Invalid topic ${each?.topic || each}`);
    const { partitions } = each;
    if (partitions !== undefined && (!Array.isArray(partitions) || partitions.some(Number.isNaN))) {
      throw invalid(
        `Array of valid partitions required to ${what} specific partitions instead of ${partitions}`,
      );
    }
  }
}

function originOf(error: Error): Error {
  return error.cause instanceof Error ? originOf(error.cause) : error;
}
