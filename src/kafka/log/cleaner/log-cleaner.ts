import type { Env } from '../../../env/env.ts';
import type { Timer } from '../../../env/timers.ts';
import { LogError } from '../log-error.ts';
import { type TopicPartition, topicPartitionKey } from '../topic-partition.ts';
import type { UnifiedLog } from '../unified-log.ts';
import { LogCleaning } from './clean-log.ts';
import { type CleanableLog, CleaningAbortedError } from './cleanable-log.ts';
import type { CleanerConfig } from './cleaner-config.ts';
import type { Cleaning } from './cleaning.ts';
import { CleaningStats } from './cleaning-stats.ts';
import { IoThrottle } from './io-throttle.ts';
import { dirtyRatio, isWorthCleaning, type LogToClean, logToClean } from './log-to-clean.ts';

const MAX_MAP_BYTES = 0x7fff_ffff;
const LEAST_CHUNK_BYTES = 4096;

export interface CleanerPorts {
  readonly logs: () => Iterable<UnifiedLog>;
  /** The offset up to which a log has been cleaned is another now: write the checkpoint of its directory. */
  readonly cleanedOffsetChanged: (logDir: string) => Promise<void>;
}

/** The state of the cleaner, for metrics. */
export interface CleanerState {
  /** Dirty share of the dirtiest log, in the last round. */
  readonly maxDirtyRatio: number;
  readonly lastRunMs: number;
  /** Of each thread's last cleaning. */
  readonly lastCleanings: readonly CleaningStats[];
  /** Longest wait beyond `max.compaction.lag.ms`, in the last round. */
  readonly maxOverdueMs: number;
  readonly uncleanable: readonly UncleanableLog[];
}

export interface UncleanableLog {
  readonly topicPartition: TopicPartition;
  readonly logDir: string;
  readonly bytes: number;
  readonly reason: string;
}

interface InProgress {
  readonly log: CleanableLog;
  readonly generation: number;
  aborted: boolean;
  /** Ends a wait for the throttle at once. */
  wake: () => void;
}

interface Worker {
  running: boolean;
  /** Ends a pause at once. */
  wake: () => void;
  ended: Promise<void>;
}

/**
 * Cleans compacted logs in the background, the dirtiest first (LogCleaner and LogCleanerManager of Apache).
 *
 * A log is idle -> in progress -> idle. While it is paused it is not chosen; a cleaning in progress is aborted by a
 * pause, a truncation, or the log's closing, and changes nothing more from that moment on. A log whose cleaning
 * failed by what is in it is uncleanable until the broker restarts.
 */
export class LogCleaner {
  private readonly env: Env;
  private readonly ports: CleanerPorts;
  private config: CleanerConfig;
  private throttle: IoThrottle;
  private workers: Worker[] = [];
  private isStopped = false;
  /** Counts changes of the settings: of several at a time the last one starts the workers. */
  private reconfigurations = 0;
  private readonly inProgress = new Map<string, InProgress>();
  private readonly paused = new Map<string, number>();
  private readonly uncleanable = new Map<UnifiedLog, string>();
  private readonly lastCleanings = new Map<number, CleaningStats>();
  private maxDirtyRatio = 0;
  private maxOverdueMs = 0;
  private lastRunMs: number;

  constructor(env: Env, config: CleanerConfig, ports: CleanerPorts) {
    this.env = env;
    this.ports = ports;
    this.config = config;
    this.throttle = new IoThrottle(env.clock, config.maxIoBytesPerSecond);
    this.lastRunMs = env.clock.nowMs();
  }

  get isEnabled(): boolean {
    return this.config.enabled;
  }

  get state(): CleanerState {
    const nowMs = this.env.clock.nowMs();
    return {
      maxDirtyRatio: this.maxDirtyRatio,
      maxOverdueMs: this.maxOverdueMs,
      lastRunMs: this.lastRunMs,
      lastCleanings: [...this.lastCleanings.values()],
      uncleanable: Array.from(this.uncleanable, ([log, reason]) => ({
        topicPartition: log.topicPartition,
        logDir: log.logDir,
        bytes: logToClean(log.cleanable, nowMs).uncleanableBytes,
        reason,
      })),
    };
  }

  start(): void {
    if (!this.config.enabled) return;
    for (let index = 0; index < this.config.threads; index++) this.workers.push(this.startWorker(index));
  }

  /** For good. Resolves when no cleaning is under way any more. */
  stop(): Promise<void> {
    this.isStopped = true;
    return this.stopWorkers();
  }

  private async stopWorkers(): Promise<void> {
    const { workers } = this;
    this.workers = [];
    for (const worker of workers) {
      worker.running = false;
      worker.wake();
    }
    for (const cleaning of this.inProgress.values()) abort(cleaning);
    await Promise.all(workers.map(({ ended }) => ended));
  }

  /** Takes over other settings: what is under way is aborted and begins anew. */
  async reconfigure(config: CleanerConfig): Promise<void> {
    if (isSame(config, this.config)) return;
    this.config = config;
    this.reconfigurations += 1;
    const turn = this.reconfigurations;
    await this.stopWorkers();
    if (this.isStopped || turn !== this.reconfigurations) return;
    this.throttle = new IoThrottle(this.env.clock, config.maxIoBytesPerSecond);
    this.start();
  }

  isCleaning(topicPartition: TopicPartition): boolean {
    return this.inProgress.has(topicPartitionKey(topicPartition));
  }

  /** Aborts the cleaning of a log and keeps it from being cleaned until {@link LogCleaner.resume}. Nests. */
  pause(topicPartition: TopicPartition): void {
    const key = topicPartitionKey(topicPartition);
    this.paused.set(key, (this.paused.get(key) ?? 0) + 1);
    const cleaning = this.inProgress.get(key);
    if (cleaning !== undefined) abort(cleaning);
  }

  resume(topicPartition: TopicPartition): void {
    const key = topicPartitionKey(topicPartition);
    const count = (this.paused.get(key) ?? 0) - 1;
    if (count > 0) this.paused.set(key, count);
    else this.paused.delete(key);
  }

  private startWorker(index: number): Worker {
    const worker: Worker = { running: true, wake: () => undefined, ended: Promise.resolve() };
    worker.ended = this.work(worker, index);
    return worker;
  }

  private async work(worker: Worker, index: number): Promise<void> {
    // A turn of its own: whoever starts the cleaner is not kept waiting.
    await this.sleep(0, worker);
    while (worker.running) {
      const cleaned = await this.cleanDirtiest(worker, index);
      this.forgetClosed();
      if (worker.running) await this.sleep(cleaned ? 0 : this.config.backoffMs, worker);
    }
  }

  private forgetClosed(): void {
    if (this.uncleanable.size === 0) return;
    const logs = new Set(this.ports.logs());
    for (const log of this.uncleanable.keys()) if (!logs.has(log)) this.uncleanable.delete(log);
  }

  /** Returns whether there was anything to clean. */
  private async cleanDirtiest(worker: Worker, index: number): Promise<boolean> {
    const chosen = await this.choose();
    if (chosen !== undefined && worker.running) await this.clean(index, chosen);
    this.deleteOldSegments();
    return chosen !== undefined;
  }

  private async choose(): Promise<{ log: UnifiedLog; target: LogToClean } | undefined> {
    const nowMs = this.env.clock.nowMs();
    this.lastRunMs = nowMs;
    this.maxDirtyRatio = 0;
    this.maxOverdueMs = 0;
    let chosen: { log: UnifiedLog; target: LogToClean } | undefined;
    const resets = new Map<string, UnifiedLog>();
    for (const log of this.compacted()) {
      const target = this.judge(log, nowMs);
      if (target === undefined || target.totalBytes === 0) continue;
      this.maxDirtyRatio = Math.max(this.maxDirtyRatio, dirtyRatio(target));
      this.maxOverdueMs = Math.max(this.maxOverdueMs, target.overdueMs);
      if (target.resetsCheckpoint) {
        target.log.cleanedOffset = target.firstDirtyOffset;
        resets.set(log.logDir, log);
      }
      const isDirtier = chosen === undefined || dirtyRatio(target) > dirtyRatio(chosen.target);
      if (isDirtier && isWorthCleaning(target)) chosen = { log, target };
    }
    for (const [logDir, log] of resets) {
      await this.ports.cleanedOffsetChanged(logDir).catch((error: unknown) => this.failed(log, error));
    }
    return chosen;
  }

  private *compacted(): Generator<UnifiedLog, void> {
    for (const log of this.ports.logs()) {
      const key = topicPartitionKey(log.topicPartition);
      const isFree = !this.inProgress.has(key) && !this.paused.has(key) && !this.uncleanable.has(log);
      if (log.config.compact && isFree) yield log;
    }
  }

  private judge(log: UnifiedLog, nowMs: number): LogToClean | undefined {
    try {
      return log.cleanable.guard('look for dirty records', () => logToClean(log.cleanable, nowMs));
    } catch (error) {
      this.failed(log, error);
      return undefined;
    }
  }

  private async clean(
    index: number,
    { log, target }: { log: UnifiedLog; target: LogToClean },
  ): Promise<void> {
    const key = topicPartitionKey(log.topicPartition);
    // Between the choice and now a checkpoint was written: another may have been faster, or the log is gone.
    if (this.inProgress.has(key) || this.paused.has(key)) return;
    const { cleanable } = log;
    const progress: InProgress = {
      log: cleanable,
      generation: cleanable.generation,
      aborted: false,
      wake: () => undefined,
    };
    this.inProgress.set(key, progress);
    try {
      const stats = await this.cleanLog(progress, target);
      this.lastCleanings.set(index, stats);
      await this.ports.cleanedOffsetChanged(log.logDir);
    } catch (error) {
      this.failed(log, error);
    } finally {
      this.inProgress.delete(key);
    }
  }

  private async cleanLog(progress: InProgress, target: LogToClean): Promise<CleaningStats> {
    const { log } = progress;
    const { clock, random } = this.env;
    const stats = new CleaningStats(clock.nowMs());
    const threads = Math.max(1, this.config.threads);
    const cleaning = new LogCleaning({
      target,
      mapLimits: {
        bufferBytes: Math.min(Math.floor(this.config.dedupeBufferBytes / threads), MAX_MAP_BYTES),
        loadFactor: this.config.dedupeBufferLoadFactor,
      },
      mapSeed: random.below(0x7fff_ffff),
      chunkBytes: Math.max(LEAST_CHUNK_BYTES, Math.floor(this.config.ioBufferBytes / threads / 2)),
      nowMs: stats.startedMs,
      stats,
      mapComplete: () => {
        stats.mapCompleteMs = clock.nowMs();
      },
    });
    const endOffset = await this.run(progress, cleaning.run());
    this.check(progress);
    log.cleanedOffset = endOffset;
    stats.endedMs = clock.nowMs();
    this.report(target, endOffset, stats);
    return stats;
  }

  /** Runs a cleaning a piece at a time, giving up as soon as the log is not what it was. */
  private async run<T>(progress: InProgress, cleaning: Cleaning<T>): Promise<T> {
    const { log } = progress;
    this.check(progress);
    const resume = (bytes: Buffer) => log.guard('clean', () => cleaning.next(bytes));
    try {
      let step = resume(Buffer.alloc(0));
      while (!step.done) {
        const bytes = await this.perform(progress, step.value);
        this.check(progress);
        step = resume(bytes);
      }
      return step.value;
    } catch (error) {
      // Lets the cleaning remove what it has half done.
      cleaning.return(undefined as never);
      throw error;
    }
  }

  private async perform(progress: InProgress, step: StepOf<Cleaning<unknown>>): Promise<Buffer> {
    const { log } = progress;
    if ('file' in step) {
      const { file, position, length } = step;
      const target = Buffer.allocUnsafe(length);
      const count = await log.whileOpen('clean', () => file.readAsync(target, position));
      await this.holdBack(progress, count);
      return count === length ? target : target.subarray(0, count);
    }
    if (step.kind === 'written') await this.holdBack(progress, step.bytes);
    else if (step.kind === 'flush') await log.whileOpen('flush', () => log.flush(step.upTo));
    else if (step.kind === 'sync') await log.whileOpen('sync a cleaned segment', () => step.segment.sync());
    else await new Promise<void>((resolve) => this.env.timers.soon(resolve));
    return Buffer.alloc(0);
  }

  private async holdBack(progress: InProgress, bytes: number): Promise<void> {
    const delayMs = this.throttle.delayMs(bytes);
    if (delayMs > 0) await this.sleep(delayMs, progress);
  }

  /** Until the time has passed, or the sleeper is woken. */
  private sleep(delayMs: number, sleeper: { wake: () => void }): Promise<void> {
    return new Promise((resolve) => {
      const timer: Timer = this.env.timers.after(delayMs, resolve);
      sleeper.wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  private check(progress: InProgress): void {
    if (progress.aborted || progress.generation !== progress.log.generation) {
      throw new CleaningAbortedError(`the cleaning of ${progress.log.directory} was aborted`);
    }
  }

  private failed(log: UnifiedLog, error: unknown): void {
    if (error instanceof CleaningAbortedError) {
      this.env.log.info(error.message);
      return;
    }
    // The log directory has failed, which is told elsewhere.
    if (error instanceof LogError && error.error === 'KAFKA_STORAGE_ERROR') return;
    const reason = error instanceof Error ? error.message : String(error);
    this.uncleanable.set(log, reason);
    this.env.log.error(`${log.directory} cannot be cleaned, and is left as it is until a restart`, { error });
  }

  private deleteOldSegments(): void {
    for (const log of this.compacted()) {
      try {
        log.deleteOldSegments();
      } catch (error) {
        this.failed(log, error);
      }
    }
  }

  private report({ log, firstDirtyOffset }: LogToClean, endOffset: number, stats: CleaningStats): void {
    this.env.log.info(`Cleaned ${log.directory}`, {
      dirtyFrom: firstDirtyOffset,
      dirtyTo: endOffset,
      elapsedMs: stats.elapsedMs,
      bytesRead: stats.bytesRead,
      bytesWritten: stats.bytesWritten,
      messagesRead: stats.messagesRead,
      messagesWritten: stats.messagesWritten,
    });
    if (stats.invalidMessages > 0) {
      this.env.log.warn(`${log.directory} had ${stats.invalidMessages} records without a key, dropped now`);
    }
  }
}

function isSame(one: CleanerConfig, other: CleanerConfig): boolean {
  return (Object.keys(one) as (keyof CleanerConfig)[]).every((key) => one[key] === other[key]);
}

function abort(cleaning: InProgress): void {
  cleaning.aborted = true;
  cleaning.wake();
}

type StepOf<G> = G extends Generator<infer Step, unknown, Buffer> ? Step : never;
