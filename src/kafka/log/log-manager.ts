import { AssertionError } from '../../base/assert.ts';
import type { Env } from '../../env/env.ts';
import type { LogConfig } from './log-config.ts';
import type { TopicPartition } from './topic-partition.ts';
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
  /** `producer.id.expiration.ms` */
  readonly producerIdExpirationMs: number;
  /** `producer.id.expiration.check.interval.ms` */
  readonly producerIdExpirationCheckIntervalMs: number;
  /** `log.initial.task.delay.ms` */
  readonly initialTaskDelayMs: number;
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
  readonly totalBytes: number;
  readonly usableBytes: number;
  readonly logs: readonly UnifiedLog[];
}

function unfinished(): never {
  throw new AssertionError('not written yet');
}

/** All logs of one broker over its log directories. */
export class LogManager {
  protected readonly env: Env;
  protected readonly options: LogManagerOptions;

  /** Creates and locks the log directories; nothing is loaded yet. */
  constructor(env: Env, options: LogManagerOptions) {
    this.env = env;
    this.options = options;
  }

  get liveLogDirs(): readonly string[] {
    return unfinished();
  }

  /** Loads every log, recovering where the last shutdown was not clean; then starts the background tasks. */
  load(): Promise<void> {
    return unfinished();
  }

  get(_topicPartition: TopicPartition): UnifiedLog | undefined {
    return unfinished();
  }

  /**
   * The log of a partition, created in the live directory with the fewest logs when there is none. `isNew` is
   * false when the partition existed before: then it is not created while a directory is offline, as its data
   * may lie there. Throws KAFKA_STORAGE_ERROR or INCONSISTENT_TOPIC_ID.
   */
  getOrCreate(
    _topicPartition: TopicPartition,
    _options: { readonly isNew: boolean; readonly topicId: string | undefined },
  ): UnifiedLog {
    return unfinished();
  }

  allLogs(): IterableIterator<UnifiedLog> {
    return unfinished();
  }

  /** Renames the log's directory away at once; its files go after `file.delete.delay.ms`. */
  delete(_topicPartition: TopicPartition): void {
    unfinished();
  }

  updateTopicConfig(_topic: string): void {
    unfinished();
  }

  /** For DescribeLogDirs. */
  describe(): LogDirDescription[] {
    return unfinished();
  }

  checkpointHighWatermarks(): void {
    unfinished();
  }

  /** Flushes, closes, writes checkpoints and the clean-shutdown markers. */
  shutdown(_brokerEpoch?: number): Promise<void> {
    return unfinished();
  }
}
