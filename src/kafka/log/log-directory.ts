import type { DiskLock } from '../../env/disk.ts';
import type { Env } from '../../env/env.ts';
import { takeCleanShutdownFile, writeCleanShutdownFile } from './clean-shutdown-file.ts';
import { type ParsedDirectoryName, parseDirectoryName } from './directory-names.ts';
import { runAsync } from './file-io.ts';
import { LoadProgress } from './load-progress.ts';
import type { LogConfig } from './log-config.ts';
import type { LogContext } from './log-context.ts';
import { OffsetCheckpoint, type PartitionOffset } from './offset-checkpoint.ts';
import { openLog } from './open-log.ts';
import { topicPartitionKey } from './topic-partition.ts';
import type { UnifiedLog } from './unified-log.ts';

/** Longest time that loading keeps everything else waiting. */
const TURN_MS = 20;

/** Directories that Kafka or the file system keeps beside the logs. */
const IGNORED = new Set(['lost+found', 'remote-log-index-cache', '__cluster_metadata-0']);

/** A log directory that cannot be used as it is; the message says what to do. */
export class LogDirectoryError extends Error {
  override name = 'LogDirectoryError';
}

export interface LoadContext {
  readonly configFor: (topic: string) => LogConfig;
  /** `isFuture`: a copy under way from another log directory. */
  readonly onLoaded: (log: UnifiedLog, isFuture: boolean) => void;
  /** How many logs are loaded at the same time: `num.recovery.threads.per.data.dir`. */
  readonly concurrency: number;
}

/** One of `log.dirs`: its lock, its checkpoints, and the loading of its logs. */
export class LogDirectory {
  readonly path: string;
  private readonly env: Env;
  private readonly context: LogContext;
  private lock: DiskLock | undefined;
  private isLoaded = false;
  private readonly recoveryPoints: OffsetCheckpoint;
  private readonly logStarts: OffsetCheckpoint;
  private readonly highWatermarks: OffsetCheckpoint;
  private readonly cleanedOffsets: OffsetCheckpoint;

  /** Creates the directory if need be and takes it. Throws {@link LogDirectoryError} when another has it. */
  constructor(context: LogContext, path: string) {
    this.context = context;
    this.env = context.env;
    this.path = path;
    const { disk } = context.env;
    if (disk.stat(path) === undefined) {
      disk.makeDirectory(path);
      disk.syncDirectory(path.slice(0, path.lastIndexOf('/')) || '/');
    }
    if (disk.stat(path)?.kind !== 'directory') {
      throw new LogDirectoryError(`${path} in log.dirs is no directory: name another one, or move it away`);
    }
    this.lock = disk.lock(path);
    if (this.lock === undefined) {
      throw new LogDirectoryError(
        `log directory ${path} is in use by another broker: stop it, or choose another log.dirs`,
      );
    }
    this.recoveryPoints = new OffsetCheckpoint(disk, path, 'recovery-point-offset-checkpoint');
    this.logStarts = new OffsetCheckpoint(disk, path, 'log-start-offset-checkpoint');
    this.highWatermarks = new OffsetCheckpoint(disk, path, 'replication-offset-checkpoint');
    this.cleanedOffsets = new OffsetCheckpoint(disk, path, 'cleaner-offset-checkpoint');
  }

  /** Loads the logs in here, some at a time, recovering them after an unclean shutdown. */
  async load(options: LoadContext): Promise<void> {
    const { env } = this;
    const found = this.findLogs();
    const cleanShutdown = takeCleanShutdownFile(env.disk, this.path);
    const recoveryPoints = this.recoveryPoints.read(env.log);
    const logStarts = this.logStarts.read(env.log);
    const highWatermarks = this.highWatermarks.read(env.log);
    const cleanedOffsets = this.cleanedOffsets.read(env.log);
    if (found.length > 0 && !cleanShutdown) {
      env.log.info(`Recovering ${found.length} logs in ${this.path}: its last shutdown was not clean`);
    }
    const progress = new LoadProgress(env, this.path);
    try {
      for (const { name, key } of found) {
        progress.expect(`${this.path}/${name}`, cleanShutdown ? undefined : (recoveryPoints.get(key) ?? 0));
      }
      let turnBegan = env.clock.monotonicMs();
      await forEachConcurrently(found, options.concurrency, async ({ name, key, parsed }) => {
        const { topicPartition } = parsed;
        const loading = openLog(this.context, {
          topicPartition,
          logDir: this.path,
          directory: `${this.path}/${name}`,
          config: options.configFor(topicPartition.topic),
          cleanShutdown,
          logStartOffset: logStarts.get(key) ?? 0,
          recoveryPoint: recoveryPoints.get(key) ?? 0,
          cleanedOffset: cleanedOffsets.get(key),
          onSegmentRecovered: () => progress.segmentDone(),
        });
        const log = await runAsync(loading, (bytes) => progress.bytesRead(bytes));
        log.updateHighWatermark(highWatermarks.get(key) ?? 0);
        const cleanedOffset = cleanedOffsets.get(key);
        if (cleanedOffset !== undefined) log.cleanable.cleanedOffset = cleanedOffset;
        options.onLoaded(log, parsed.kind === 'future');
        progress.logLoaded();
        if (env.clock.monotonicMs() - turnBegan > TURN_MS) {
          await new Promise<void>((resolve) => env.timers.soon(resolve));
          turnBegan = env.clock.monotonicMs();
        }
      });
    } finally {
      progress.end();
    }
    this.isLoaded = true;
  }

  /** The logs to load. Directories marked for removal are removed soon, others of special kinds left alone. */
  private findLogs(): { name: string; key: string; parsed: ParsedDirectoryName }[] {
    const { disk, log } = this.env;
    const found = [];
    for (const name of disk.list(this.path)) {
      const path = `${this.path}/${name}`;
      if (IGNORED.has(name) || name.startsWith('.') || disk.stat(path)?.kind !== 'directory') continue;
      const parsed = parseDirectoryName(name);
      if (parsed === undefined) {
        throw new LogDirectoryError(
          `${path} is not named like a partition's log (topic-partition): log.dirs may hold nothing else, move ` +
            'it away',
        );
      }
      if (parsed.kind === 'delete') this.removeLater(path, 0);
      else if (parsed.kind === 'stray') log.warn(`Leaving ${path} alone: it is marked as ${parsed.kind}`);
      else found.push({ name, key: topicPartitionKey(parsed.topicPartition), parsed });
    }
    return found;
  }

  /** Removes a log's directory that has been renamed away. */
  removeLater(directory: string, delayMs: number): void {
    this.context.removals.schedule(delayMs, () => {
      if (this.context.failures.isOffline(this.path)) return;
      try {
        this.context.failures.guardRepeatable(this.path, `remove ${directory}`, () => {
          this.env.disk.removeDirectory(directory);
        });
        this.env.log.info(`Removed ${directory}`);
      } catch (error) {
        this.env.log.error(`Cannot remove ${directory}`, { error });
      }
    });
  }

  writeRecoveryPoints(logs: readonly UnifiedLog[]): Promise<void> {
    return this.recoveryPoints.write(logs.map((log) => entry(log, log.recoveryPoint)));
  }

  writeLogStarts(logs: readonly UnifiedLog[]): Promise<void> {
    return this.logStarts.write(insideSegments(logs));
  }

  writeHighWatermarks(logs: readonly UnifiedLog[]): Promise<void> {
    return this.highWatermarks.write(logs.map((log) => entry(log, log.highWatermark)));
  }

  writeCleanedOffsets(logs: readonly UnifiedLog[]): Promise<void> {
    return this.cleanedOffsets.write(cleanedOnes(logs));
  }

  /** After all its logs have been closed in good order: the checkpoints and the marker that says so. */
  writeClean(logs: readonly UnifiedLog[], brokerEpoch: number): void {
    this.recoveryPoints.writeNow(logs.map((log) => entry(log, log.recoveryPoint)));
    this.logStarts.writeNow(insideSegments(logs));
    this.highWatermarks.writeNow(logs.map((log) => entry(log, log.highWatermark)));
    this.cleanedOffsets.writeNow(cleanedOnes(logs));
    // Logs that were never looked at may need recovery still.
    if (this.isLoaded) writeCleanShutdownFile(this.env.disk, this.path, brokerEpoch);
  }

  unlock(): void {
    this.lock?.release();
    this.lock = undefined;
  }
}

/** Rejects with the first error, when all that was begun has ended; nothing new is begun after one. */
async function forEachConcurrently<T>(
  items: readonly T[],
  concurrency: number,
  action: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const errors: unknown[] = [];
  const work = async () => {
    for (const item of queue) {
      if (errors.length > 0) return;
      await action(item).catch((error: unknown) => errors.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, concurrency) }, work));
  if (errors.length > 0) throw errors[0];
}

function entry(log: UnifiedLog, offset: number): PartitionOffset {
  return { topicPartition: log.topicPartition, offset };
}

/** Logs that were never cleaned have no entry. */
function cleanedOnes(logs: readonly UnifiedLog[]): PartitionOffset[] {
  const entries: PartitionOffset[] = [];
  for (const log of logs) {
    const { cleanedOffset } = log.cleanable;
    if (cleanedOffset !== undefined) entries.push(entry(log, cleanedOffset));
  }
  return entries;
}

/** A log that starts where a segment does needs no checkpoint. */
function insideSegments(logs: readonly UnifiedLog[]): PartitionOffset[] {
  return logs
    .filter((log) => log.logStartOffset > log.firstSegmentBaseOffset)
    .map((log) => entry(log, log.logStartOffset));
}
