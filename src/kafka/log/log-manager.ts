import { assert } from '../../base/assert.ts';
import type { Env } from '../../env/env.ts';
import type { Timer } from '../../env/timers.ts';
import type { CleanerConfig } from './cleaner/cleaner-config.ts';
import { type CleanerState, LogCleaner } from './cleaner/log-cleaner.ts';
import { asideDirectoryName } from './directory-names.ts';
import { runBlocking } from './file-io.ts';
import { HotTailBudget } from './hot-tail.ts';
import type { LogConfig } from './log-config.ts';
import { DelayedRemovals, type LogContext, LogDirFailures } from './log-context.ts';
import { LogDirectory, LogDirectoryError } from './log-directory.ts';
import { describeDiskError, isDiskError, LogError, storageError } from './log-error.ts';
import { openLog } from './open-log.ts';
import { type TopicPartition, topicPartitionKey } from './topic-partition.ts';
import type { UnifiedLog } from './unified-log.ts';

export interface LogManagerOptions {
  /** `log.dirs`, absolute. */
  readonly logDirs: readonly string[];
  /** The resolved settings of a topic, with or without overrides. */
  readonly configFor: (topic: string) => LogConfig;
  /** `log.retention.check.interval.ms` */
  readonly retentionCheckIntervalMs: number;
  /** `log.flush.scheduler.interval.ms` */
  readonly flushSchedulerIntervalMs: number;
  /** `log.flush.offset.checkpoint.interval.ms` */
  readonly flushOffsetCheckpointIntervalMs: number;
  /** `log.flush.start.offset.checkpoint.interval.ms` */
  readonly flushStartOffsetCheckpointIntervalMs: number;
  /** `replica.high.watermark.checkpoint.interval.ms` */
  readonly highWatermarkCheckpointIntervalMs: number;
  /** `producer.id.expiration.ms`, as it is now. */
  readonly producerIdExpirationMs: () => number;
  /** `producer.id.expiration.check.interval.ms` */
  readonly producerIdExpirationCheckIntervalMs: number;
  /** `log.initial.task.delay.ms` */
  readonly initialTaskDelayMs: number;
  /** `num.recovery.threads.per.data.dir`: logs that are loaded at the same time. */
  readonly recoveryThreadsPerDataDir: number;
  readonly cleaner: CleanerConfig;
  /** Memory for the hot tails of all logs together. */
  readonly hotTailBytes: number;
  /** A log directory has failed: its partitions are gone from here and must go offline. */
  readonly onLogDirFailure: (logDir: string, partitions: readonly TopicPartition[]) => void;
  /** The last log directory has failed: the broker cannot go on. */
  readonly onAllLogDirsFailed: () => void;
}

export interface LogDirDescription {
  readonly logDir: string;
  readonly online: boolean;
  /** -1 when offline. */
  readonly totalBytes: number;
  readonly usableBytes: number;
  readonly logs: readonly UnifiedLog[];
  /** Copies under way from other directories. */
  readonly futures: readonly UnifiedLog[];
}

/** All logs of one broker over its log directories. */
export class LogManager {
  private readonly env: Env;
  private readonly options: LogManagerOptions;
  private readonly context: LogContext;
  private readonly logs = new Map<string, UnifiedLog>();
  /** Copies in other log directories, which are to take the places of logs (KIP-113). */
  private readonly futures = new Map<string, UnifiedLog>();
  /** Where replicas that are not here yet are wanted. */
  private readonly preferredLogDirs = new Map<string, string>();
  /** Live ones, in the order of `log.dirs`. */
  private readonly directories = new Map<string, LogDirectory>();
  private readonly cleaner: LogCleaner;
  private timers: Timer[] = [];
  private isShutDown = false;

  /**
   * Creates and locks the log directories; nothing is loaded yet. A directory that fails is offline from the
   * start. Throws {@link LogDirectoryError} when one is in use or none can be used.
   */
  constructor(env: Env, options: LogManagerOptions) {
    this.env = env;
    this.options = options;
    this.context = {
      env,
      failures: new LogDirFailures((logDir, what, error) => this.onFailure(logDir, what, error)),
      hotTails: new HotTailBudget(options.hotTailBytes),
      removals: new DelayedRemovals(env),
      producerIdExpirationMs: options.producerIdExpirationMs,
    };
    this.cleaner = new LogCleaner(env, options.cleaner, {
      logs: () => this.logs.values(),
      cleanedOffsetChanged: (logDir) => this.checkpointCleanedOffsets(logDir),
    });
    try {
      for (const path of options.logDirs) this.openDirectory(path);
    } catch (error) {
      this.unlockAll();
      throw error;
    }
    if (this.directories.size === 0) {
      throw new LogDirectoryError(
        `none of log.dirs can be used (${options.logDirs.join(', ')}): make them writable, or name others`,
      );
    }
  }

  private openDirectory(path: string): void {
    if (this.directories.has(path)) throw new LogDirectoryError(`log.dirs names ${path} twice`);
    try {
      this.directories.set(path, new LogDirectory(this.context, path));
    } catch (error) {
      if (!isDiskError(error)) throw error;
      this.context.failures.fail(path, 'open', error);
    }
  }

  get liveLogDirs(): readonly string[] {
    return [...this.directories.keys()];
  }

  get offlineLogDirs(): readonly string[] {
    return this.options.logDirs.filter((path) => !this.directories.has(path));
  }

  /** Loads every log, recovering where the last shutdown was not clean; then starts the background tasks. */
  async load(): Promise<void> {
    const startedMs = this.env.clock.monotonicMs();
    await Promise.all([...this.directories.values()].map((directory) => this.loadDirectory(directory)));
    await Promise.all(Array.from(this.logs.values(), (log) => this.flushRecovered(log)));
    const tookMs = Math.round(this.env.clock.monotonicMs() - startedMs);
    this.env.log.info(`Loaded ${this.logs.size} logs in ${tookMs} ms`);
    this.startTasks();
  }

  private async loadDirectory(directory: LogDirectory): Promise<void> {
    try {
      await this.context.failures.guardAsync(directory.path, 'load logs', () =>
        directory.load({
          configFor: this.options.configFor,
          onLoaded: (log, isFuture) => this.addLoaded(log, isFuture ? this.futures : this.logs),
          concurrency: this.options.recoveryThreadsPerDataDir,
        }),
      );
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      this.env.log.error(`Cannot load log directory ${directory.path}: ${error.message}`);
    }
  }

  /**
   * What a fallen broker wrote may be in the page cache only. Where `flush.messages` promises a flush, it has to be
   * durable before anybody sees it again.
   */
  private async flushRecovered(log: UnifiedLog): Promise<void> {
    if (!log.isFlushDue) return;
    try {
      await log.flush();
    } catch (error) {
      this.tell('flush', log, error);
    }
  }

  private addLoaded(log: UnifiedLog, logs: Map<string, UnifiedLog>): void {
    const key = topicPartitionKey(log.topicPartition);
    const other = logs.get(key);
    if (other !== undefined) {
      throw new LogDirectoryError(
        `partition ${key} has a log in ${other.directory} and in ${log.directory}: remove the one in the log ` +
          'directory that has failed before',
      );
    }
    logs.set(key, log);
  }

  private startTasks(): void {
    const { options } = this;
    const tasks: [number, () => void][] = [
      [options.retentionCheckIntervalMs, () => this.deleteOldSegments()],
      [options.flushSchedulerIntervalMs, () => this.flushDue()],
      [options.flushOffsetCheckpointIntervalMs, () => this.checkpointRecoveryPoints()],
      [options.flushStartOffsetCheckpointIntervalMs, () => this.checkpointLogStarts()],
      [options.highWatermarkCheckpointIntervalMs, () => this.checkpointHighWatermarks()],
      [options.producerIdExpirationCheckIntervalMs, () => this.removeExpiredProducers()],
    ];
    const begin = this.env.timers.after(options.initialTaskDelayMs, () => {
      this.timers = tasks.map(([intervalMs, task]) => this.env.timers.every(intervalMs, task));
    });
    this.timers = [begin];
    this.cleaner.start();
  }

  get(topicPartition: TopicPartition): UnifiedLog | undefined {
    return this.logs.get(topicPartitionKey(topicPartition));
  }

  allLogs(): IterableIterator<UnifiedLog> {
    return this.logs.values();
  }

  /**
   * The log of a partition, created in the live directory with the fewest logs when there is none. `isNew` is
   * false when the partition existed before: then it is not created while a directory is offline, as its data
   * may lie there. Throws KAFKA_STORAGE_ERROR or INCONSISTENT_TOPIC_ID.
   */
  getOrCreate(
    topicPartition: TopicPartition,
    options: { readonly isNew: boolean; readonly topicId: string | undefined },
  ): UnifiedLog {
    const log = this.get(topicPartition) ?? this.create(topicPartition, options.isNew);
    if (options.topicId !== undefined) log.assignTopicId(options.topicId);
    return log;
  }

  private create(topicPartition: TopicPartition, isNew: boolean): UnifiedLog {
    const key = topicPartitionKey(topicPartition);
    if (this.isShutDown) throw storageError(`no log is created for ${key}: the broker is closing`);
    const offline = this.offlineLogDirs;
    if (!isNew && offline.length > 0) {
      throw storageError(
        `no log is created for ${key}: its data may lie in ${offline.join(', ')}, offline now`,
      );
    }
    let failure: unknown = storageError(`no log directory is online for ${key}`);
    const preferred = this.preferredLogDirs.get(key);
    this.preferredLogDirs.delete(key);
    const isLive = preferred !== undefined && this.directories.has(preferred);
    for (const logDir of isLive ? [preferred] : this.leastUsedFirst()) {
      try {
        const log = this.begin(topicPartition, logDir, key);
        this.logs.set(key, log);
        this.env.log.info(`Created ${log.directory}`);
        return log;
      } catch (error) {
        if (!(error instanceof LogError)) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  private begin(topicPartition: TopicPartition, logDir: string, name: string): UnifiedLog {
    const directory = `${logDir}/${name}`;
    const config = this.options.configFor(topicPartition.topic);
    const state = { cleanShutdown: true, logStartOffset: 0, recoveryPoint: 0 };
    return this.context.failures.guardRepeatable(logDir, `create ${directory}`, () =>
      runBlocking(openLog(this.context, { topicPartition, logDir, directory, config, ...state })),
    );
  }

  // --- moving a log to another directory (KIP-113)

  getFuture(topicPartition: TopicPartition): UnifiedLog | undefined {
    return this.futures.get(topicPartitionKey(topicPartition));
  }

  /** Has a replica that is not here yet made in this log directory, when it comes. */
  preferLogDir(topicPartition: TopicPartition, logDir: string): void {
    this.preferredLogDirs.set(topicPartitionKey(topicPartition), logDir);
  }

  /** Begins an empty copy in another log directory. Throws KAFKA_STORAGE_ERROR. */
  createFuture(log: UnifiedLog, logDir: string): UnifiedLog {
    const { topicPartition, topicId } = log;
    const future = this.begin(
      topicPartition,
      logDir,
      asideDirectoryName(topicPartition, 'future', this.env.random),
    );
    if (topicId !== undefined) future.assignTopicId(topicId);
    this.futures.set(topicPartitionKey(topicPartition), future);
    this.env.log.info(`Moving ${log.directory} to ${future.directory}`);
    return future;
  }

  /** Gives a copy up. */
  deleteFuture(topicPartition: TopicPartition): void {
    const key = topicPartitionKey(topicPartition);
    const future = this.futures.get(key);
    this.futures.delete(key);
    if (future !== undefined) this.discard(future);
  }

  /** The copy has everything: it takes the place of the log, which is removed. Returns what is the log now. */
  replaceWithFuture(topicPartition: TopicPartition): UnifiedLog {
    const key = topicPartitionKey(topicPartition);
    const future = this.futures.get(key);
    const old = this.logs.get(key);
    assert(future !== undefined && old !== undefined, `${key} has no copy to take its place`);
    // Should the broker fall in between there are two logs, and somebody has to say which; never none.
    future.rename(key, 'use');
    this.futures.delete(key);
    this.logs.set(key, future);
    // What was cleaned in the one is clean in the other.
    const { cleanedOffset } = old.cleanable;
    if (cleanedOffset !== undefined) future.cleanable.cleanedOffset = cleanedOffset;
    try {
      this.discard(old);
    } catch (error) {
      // Its directory has failed, and takes it along.
      this.tell('remove the moved log', old, error);
    }
    this.env.log.info(`Moved ${key} to ${future.logDir}`);
    return future;
  }

  private leastUsedFirst(): string[] {
    const counts = new Map(this.liveLogDirs.map((logDir) => [logDir, 0]));
    for (const { logDir } of this.logs.values()) counts.set(logDir, (counts.get(logDir) ?? 0) + 1);
    return [...counts].sort((a, b) => a[1] - b[1]).map(([logDir]) => logDir);
  }

  /** Renames the log's directory away at once; its files go after `file.delete.delay.ms`. */
  delete(topicPartition: TopicPartition): void {
    const key = topicPartitionKey(topicPartition);
    const log = this.logs.get(key);
    if (log === undefined) {
      const offline = this.offlineLogDirs;
      if (offline.length > 0)
        throw storageError(`the log of ${key} may lie in ${offline.join(', ')}, offline`);
      return;
    }
    this.logs.delete(key);
    this.discard(log);
  }

  /** Renames a log's directory away at once; its files go after `file.delete.delay.ms`. */
  private discard(log: UnifiedLog): void {
    log.rename(asideDirectoryName(log.topicPartition, 'delete', this.env.random));
    log.abandon();
    this.directories.get(log.logDir)?.removeLater(log.directory, log.config.fileDeleteDelayMs);
    this.env.log.info(
      `Log of ${topicPartitionKey(log.topicPartition)} is ${log.directory} until it is removed`,
    );
    this.checkpointRecoveryPoints();
    this.checkpointLogStarts();
    this.checkpointHighWatermarks();
    if (log.cleanable.cleanedOffset !== undefined) {
      this.checkpoint((directory, logs) => directory.writeCleanedOffsets(logs));
    }
  }

  /** The topic's settings have changed. */
  updateTopicConfig(topic: string): void {
    for (const log of [...this.logs.values(), ...this.futures.values()]) {
      if (log.topicPartition.topic === topic) log.updateConfig(this.options.configFor(topic));
    }
  }

  /** The broker's defaults have changed. */
  updateAllConfigs(): void {
    for (const log of this.logs.values()) log.updateConfig(this.options.configFor(log.topicPartition.topic));
  }

  /** The broker's `log.cleaner.*` have changed. */
  updateCleanerConfig(config: CleanerConfig): Promise<void> {
    return this.cleaner.reconfigure(config);
  }

  /** A log is not cleaned, and a cleaning under way is aborted, until {@link LogManager.resumeCleaning}. Nests. */
  pauseCleaning(topicPartition: TopicPartition): void {
    this.cleaner.pause(topicPartition);
  }

  resumeCleaning(topicPartition: TopicPartition): void {
    this.cleaner.resume(topicPartition);
  }

  get cleanerState(): CleanerState {
    return this.cleaner.state;
  }

  /** For DescribeLogDirs. */
  describe(): LogDirDescription[] {
    return this.options.logDirs.map((logDir) => {
      const volume = this.directories.has(logDir) ? this.measure(logDir) : undefined;
      if (volume === undefined)
        return { logDir, online: false, totalBytes: -1, usableBytes: -1, logs: [], futures: [] };
      const logs = inDirectory(this.logs, logDir);
      return { logDir, online: true, ...volume, logs, futures: inDirectory(this.futures, logDir) };
    });
  }

  /** Undefined when the directory cannot even be looked at, which takes it offline. */
  private measure(logDir: string): { totalBytes: number; usableBytes: number } | undefined {
    try {
      return this.context.failures.guard(logDir, 'measure', () => this.env.disk.volume(logDir));
    } catch (error) {
      if (error instanceof LogError) return undefined;
      throw error;
    }
  }

  private logsIn(logDir: string): UnifiedLog[] {
    return [...inDirectory(this.logs, logDir), ...inDirectory(this.futures, logDir)];
  }

  // --- background tasks

  private deleteOldSegments(): void {
    // The cleaner does it for compacted logs, between its rounds.
    this.forEachLog('delete old segments', (log) => {
      if (!log.config.compact) log.deleteOldSegments();
    });
  }

  private removeExpiredProducers(): void {
    const nowMs = this.env.clock.nowMs();
    this.forEachLog('forget idle producers', (log) => log.removeExpiredProducers(nowMs));
  }

  private flushDue(): void {
    const nowMs = this.env.clock.nowMs();
    this.forEachLog('flush', (log) => {
      if (nowMs - log.lastFlushMs < log.config.flushMs) return;
      log.flush().catch((error) => this.tell('flush', log, error));
    });
  }

  private forEachLog(what: string, task: (log: UnifiedLog) => void): void {
    for (const log of [...this.logs.values()]) {
      try {
        task(log);
      } catch (error) {
        this.tell(what, log, error);
      }
    }
  }

  /** A task's failure on one log does not keep it from the others. */
  private tell(what: string, log: UnifiedLog, error: unknown): void {
    if (!(error instanceof LogError)) throw error;
    this.env.log.error(`Cannot ${what} of ${log.directory}: ${error.message}`);
  }

  /** Also after a truncation: what comes in place of the old records is not durable yet. */
  checkpointRecoveryPoints(): void {
    this.checkpoint((directory, logs) => directory.writeRecoveryPoints(logs));
  }

  /** The end of a cleaning, or a truncation, has moved it. */
  private async checkpointCleanedOffsets(logDir: string): Promise<void> {
    const directory = this.directories.get(logDir);
    if (directory === undefined || this.isShutDown) return;
    await this.context.failures.guardRepeatableAsync(logDir, 'write the checkpoint of the log cleaner', () =>
      directory.writeCleanedOffsets(this.logsIn(logDir)),
    );
  }

  private checkpointLogStarts(): void {
    this.checkpoint((directory, logs) => directory.writeLogStarts(logs));
  }

  checkpointHighWatermarks(): void {
    this.checkpoint((directory, logs) => directory.writeHighWatermarks(logs));
  }

  private checkpoint(write: (directory: LogDirectory, logs: readonly UnifiedLog[]) => Promise<void>): void {
    if (this.isShutDown) return;
    for (const directory of this.directories.values()) {
      const logs = this.logsIn(directory.path);
      this.context.failures
        .guardRepeatableAsync(directory.path, 'write a checkpoint', () => write(directory, logs))
        .catch((error) => {
          if (!(error instanceof LogError)) throw error;
          this.env.log.error(error.message);
        });
    }
  }

  // --- failure and shutdown

  /** Called in the middle of what failed: the logs are taken away in a turn of their own. */
  private onFailure(logDir: string, what: string, error: Error): void {
    this.env.log.error(`Log directory ${logDir} is offline: cannot ${what}: ${describeDiskError(error)}`);
    this.env.timers.soon(() => this.takeOffline(logDir));
  }

  private takeOffline(logDir: string): void {
    if (this.isShutDown) return;
    const logs = inDirectory(this.logs, logDir);
    const futures = inDirectory(this.futures, logDir);
    for (const { topicPartition } of logs) this.logs.delete(topicPartitionKey(topicPartition));
    for (const { topicPartition } of futures) this.futures.delete(topicPartitionKey(topicPartition));
    for (const log of [...logs, ...futures]) log.abandon();
    this.directories.get(logDir)?.unlock();
    this.directories.delete(logDir);
    this.options.onLogDirFailure(
      logDir,
      logs.map((log) => log.topicPartition),
    );
    if (this.directories.size === 0) this.options.onAllLogDirsFailed();
  }

  /** Flushes, closes, writes checkpoints and the clean-shutdown markers. */
  async shutdown(brokerEpoch = -1): Promise<void> {
    if (this.isShutDown) return;
    this.isShutDown = true;
    for (const timer of this.timers) timer.cancel();
    await this.cleaner.stop();
    const directories = [...this.directories.values()];
    await Promise.all(directories.map((directory) => this.closeDirectory(directory, brokerEpoch)));
    this.context.removals.runAll();
    this.unlockAll();
  }

  private async closeDirectory(directory: LogDirectory, brokerEpoch: number): Promise<void> {
    const logs = this.logsIn(directory.path);
    const results = await Promise.allSettled(logs.map((log) => log.close()));
    const failed = results.filter((result) => result.status === 'rejected');
    for (const { reason } of failed)
      this.env.log.error(`Cannot close a log in ${directory.path}`, { reason });
    if (failed.length > 0) return;
    try {
      this.context.failures.guard(directory.path, 'write the last checkpoints', () =>
        directory.writeClean(logs, brokerEpoch),
      );
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      this.env.log.error(error.message);
    }
  }

  private unlockAll(): void {
    for (const directory of this.directories.values()) directory.unlock();
  }
}

function inDirectory(logs: ReadonlyMap<string, UnifiedLog>, logDir: string): UnifiedLog[] {
  return [...logs.values()].filter((log) => log.logDir === logDir);
}
