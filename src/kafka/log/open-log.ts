import { MalformedError } from '../../base/malformed-error.ts';
import type { Log } from '../../env/log.ts';
import type { FileComputation } from './file-io.ts';
import { LeaderEpochCache } from './leader-epoch-cache.ts';
import { LeaderEpochFile } from './leader-epoch-file.ts';
import type { LogConfig } from './log-config.ts';
import type { LogContext } from './log-context.ts';
import { LogError, storageError } from './log-error.ts';
import { LogLoader } from './log-loader.ts';
import { readPartitionMetadata, TopicIdOfLog } from './partition-metadata.ts';
import { ProducerStateManager } from './producer-state-manager.ts';
import { type TopicPartition, topicPartitionKey } from './topic-partition.ts';
import { UnifiedLog } from './unified-log.ts';

export interface OpenLogOptions {
  readonly topicPartition: TopicPartition;
  readonly logDir: string;
  readonly directory: string;
  readonly config: LogConfig;
  /** Nothing needs recovery. */
  readonly cleanShutdown: boolean;
  /** From the checkpoints; 0 when they say nothing. */
  readonly logStartOffset: number;
  readonly recoveryPoint: number;
  /** From `cleaner-offset-checkpoint`; undefined for a log that was never cleaned. */
  readonly cleanedOffset?: number | undefined;
  readonly onSegmentRecovered?: () => void;
}

/** Loads the log in a directory, or begins one in an empty or missing directory. */
export function* openLog(context: LogContext, options: OpenLogOptions): FileComputation<UnifiedLog> {
  const { topicPartition, logDir, directory, config } = options;
  const { disk } = context.env;
  disk.makeDirectory(directory);
  const log = context.env.log.child({ partition: topicPartitionKey(topicPartition) });
  const topicId = new TopicIdOfLog(disk, readTopicId(context, options));
  const open = (current: LogConfig, path: string) =>
    openEpochs(context, { ...options, config: current, directory: path }, log);
  const epochs = open(config, directory);
  const producers = new ProducerStateManager(disk, directory, {
    log,
    expirationMs: context.producerIdExpirationMs,
  });
  const loader = new LogLoader(context, {
    ...options,
    wasCleaned: options.cleanedOffset !== undefined,
    log,
    epochs,
    producers,
    onSegmentRecovered: options.onSegmentRecovered ?? (() => undefined),
  });
  const loaded = yield* loader.load();
  const parts = {
    context,
    topicPartition,
    logDir,
    directory,
    config,
    log,
    loaded,
    producers,
    epochs,
    topicId,
    openEpochs: open,
  };
  return new UnifiedLog(parts);
}

/** A damaged file is treated as a failing disk: whose records these are is not known. */
function readTopicId(context: LogContext, options: OpenLogOptions): string | undefined {
  try {
    return readPartitionMetadata(context.env.disk, options.directory);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    context.failures.fail(options.logDir, 'read partition metadata', error);
    throw storageError(error.message, error);
  }
}

/** Magic 0 and 1 carry no leader epochs: a file left from a time with magic 2 would be wrong. */
function openEpochs(context: LogContext, options: OpenLogOptions, log: Log): LeaderEpochCache | undefined {
  const file = new LeaderEpochFile(context.env.disk, options.directory, (work) => {
    const what = 'write a leader epoch checkpoint';
    context.failures.guardRepeatableAsync(options.logDir, what, work).catch((error) => {
      if (!(error instanceof LogError)) throw error;
      log.error(error.message);
    });
  });
  if (options.config.messageFormatMagic >= 2) return new LeaderEpochCache(file, file.read(log));
  file.remove();
  return undefined;
}
