import { ErrorCode } from '../../wire/kafka/errors.ts';
import {
  DescribeLogDirsRequest,
  DescribeLogDirsResponse,
} from '../../wire/kafka/messages/35-describe-log-dirs.ts';
import type { Infer } from '../../wire/kafka/schema/index.ts';
import type { LogDirDescription, LogManager } from '../log/log-manager.ts';
import type { UnifiedLog } from '../log/unified-log.ts';
import { type Handler, handler } from './handler.ts';

/** The log that is copied is not here, or offline. */
const UNKNOWN_LAG = -1;

type Topics = Infer<typeof DescribeLogDirsRequest>['topics'];

/** DescribeLogDirs: what lies in each log directory, and how full its volume is. */
export function describeLogDirsHandler({ logs }: { logs: Pick<LogManager, 'describe' | 'get'> }): Handler {
  const lagOf = (future: UnifiedLog): number => {
    const log = logs.get(future.topicPartition);
    return log === undefined ? UNKNOWN_LAG : log.logEndOffset - future.logEndOffset;
  };
  return handler({
    request: DescribeLogDirsRequest,
    response: DescribeLogDirsResponse,
    versions: [0, 4],
    handle(request) {
      const wanted = wantedPartitions(request.topics);
      return {
        throttleTimeMs: 0,
        results: logs.describe().map((directory) => describe(directory, wanted, lagOf)),
      };
    },
  });
}

/** Undefined means all. */
function wantedPartitions(topics: Topics): ((log: UnifiedLog) => boolean) | undefined {
  if (topics === null) return undefined;
  const keys = new Set<string>();
  for (const { topic, partitions } of topics) for (const index of partitions) keys.add(`${topic}-${index}`);
  return ({ topicPartition: { topic, partition } }) => keys.has(`${topic}-${partition}`);
}

function describe(
  directory: LogDirDescription,
  wanted: ((log: UnifiedLog) => boolean) | undefined,
  lagOf: (future: UnifiedLog) => number,
) {
  const { logDir, online, totalBytes, usableBytes, logs, futures } = directory;
  if (!online) return { errorCode: ErrorCode.KAFKA_STORAGE_ERROR, logDir, topics: [] };
  const topics = new Map<
    string,
    { partitionIndex: number; partitionSize: number; offsetLag: number; isFutureKey: boolean }[]
  >();
  const add = (log: UnifiedLog, offsetLag: number, isFutureKey: boolean): void => {
    if (wanted !== undefined && !wanted(log)) return;
    const { topic, partition: partitionIndex } = log.topicPartition;
    const partitions = topics.get(topic) ?? [];
    topics.set(topic, partitions);
    partitions.push({ partitionIndex, partitionSize: log.sizeBytes, offsetLag, isFutureKey });
  };
  // How far a follower is behind what it knows to be committed, and a copy behind its log.
  for (const log of logs) add(log, Math.max(0, log.highWatermark - log.logEndOffset), false);
  for (const future of futures) add(future, lagOf(future), true);
  return {
    errorCode: ErrorCode.NONE,
    logDir,
    topics: Array.from(topics, ([name, partitions]) => ({ name, partitions })),
    totalBytes,
    usableBytes,
  };
}
