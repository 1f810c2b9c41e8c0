import { ErrorCode } from '../../wire/kafka/errors.ts';
import { ListOffsetsRequest, ListOffsetsResponse } from '../../wire/kafka/messages/02-list-offsets.ts';
import type { Draft, Infer } from '../../wire/kafka/schema/index.ts';
import { LogError } from '../log/log-error.ts';
import { ListOffsetsTimestamp } from '../log/log-types.ts';
import type { UnifiedLog } from '../log/unified-log.ts';
import { isRefused } from '../replica/partition.ts';
import type { ReplicaManager } from '../replica/replica-manager.ts';
import { type Handler, handler } from './handler.ts';

type Request = Infer<typeof ListOffsetsRequest>;
type PartitionRequest = Request['topics'][number]['partitions'][number];
type Response = Draft<typeof ListOffsetsResponse>;
type PartitionResponse = NonNullable<Response['topics'][number]['partitions']>[number];

const CONSUMER = -1;
/** A client that may ask any replica, for debugging. */
const DEBUGGING = -2;
const READ_COMMITTED = 1;

/** The first version that knows each special timestamp. */
const SPECIAL_SINCE = new Map<number, number>([
  [ListOffsetsTimestamp.LATEST, 1],
  [ListOffsetsTimestamp.EARLIEST, 1],
  [ListOffsetsTimestamp.MAX_TIMESTAMP, 7],
  [ListOffsetsTimestamp.EARLIEST_LOCAL, 8],
  [ListOffsetsTimestamp.LATEST_TIERED, 9],
]);

/** ListOffsets: log start, end, or the first record that is as late as a time. */
export function listOffsetsHandler({ replicas }: { replicas: Pick<ReplicaManager, 'lookup'> }): Handler {
  return handler({
    request: ListOffsetsRequest,
    response: ListOffsetsResponse,
    versions: [0, 9],
    async handle(request, { apiVersion }) {
      const duplicates = duplicatesOf(request);
      const topics = await Promise.all(
        request.topics.map(async ({ name, partitions }) => ({
          name,
          partitions: await Promise.all(
            partitions.map(async (partition): Promise<PartitionResponse> => {
              const { partitionIndex } = partition;
              if (apiVersion > 0 && duplicates.has(`${name}-${partitionIndex}`)) {
                return { partitionIndex, errorCode: ErrorCode.INVALID_REQUEST };
              }
              try {
                return { partitionIndex, ...(await answer(request, apiVersion, name, partition)) };
              } catch (error) {
                if (!(error instanceof LogError)) throw error;
                return { partitionIndex, errorCode: ErrorCode[error.error] };
              }
            }),
          ),
        })),
      );
      return { topics };
    },
  });

  function answer(
    request: Request,
    version: number,
    topic: string,
    query: PartitionRequest,
  ): Omit<PartitionResponse, 'partitionIndex'> | Promise<Omit<PartitionResponse, 'partitionIndex'>> {
    if (!isKnownTimestamp(version, query.timestamp)) return { errorCode: ErrorCode.UNSUPPORTED_VERSION };
    const partition = replicas.lookup({ topic, partition: query.partitionIndex });
    if (isRefused(partition)) return { errorCode: partition.error };
    const log = partition.logFor(query.currentLeaderEpoch, request.replicaId !== DEBUGGING);
    if (isRefused(log)) return { errorCode: log.error };
    if (version === 0) return oldStyle(log, query, request.replicaId);
    const end = fetchableEnd(log, request);
    const isHidden = request.replicaId === CONSUMER && partition.isEndUnknown;
    const hidden = isHidden ? { errorCode: endUnknown(version) } : undefined;
    if (query.timestamp === ListOffsetsTimestamp.LATEST) {
      if (hidden !== undefined) return hidden;
      return { errorCode: ErrorCode.NONE, offset: end, ...epochOf(version, partition.leaderEpoch) };
    }
    return lookUp(log, query.timestamp, { end, version, hidden });
  }
}

function duplicatesOf(request: Request): Set<string> {
  const seen = new Set<string>();
  const duplicates = new Set<string>();
  for (const { name, partitions } of request.topics) {
    for (const { partitionIndex } of partitions) {
      const key = `${name}-${partitionIndex}`;
      if (seen.has(key)) duplicates.add(key);
      seen.add(key);
    }
  }
  return duplicates;
}

function isKnownTimestamp(version: number, timestamp: number): boolean {
  if (timestamp >= 0) return true;
  if (version === 0) return timestamp >= ListOffsetsTimestamp.EARLIEST;
  const since = SPECIAL_SINCE.get(timestamp);
  return since !== undefined && version >= since;
}

/** The offset that this reader may come to. */
function fetchableEnd(log: UnifiedLog, request: Request): number {
  if (request.replicaId !== CONSUMER) return log.logEndOffset;
  return request.isolationLevel === READ_COMMITTED ? log.lastStableOffset : log.highWatermark;
}

/** The field that versions before 4 do not have. */
function epochOf(version: number, leaderEpoch: number): { leaderEpoch?: number } {
  return version >= 4 ? { leaderEpoch } : {};
}

/** A new leader does not know yet up to where its log is committed (KIP-207). */
function endUnknown(version: number): ErrorCode {
  return version >= 5 ? ErrorCode.OFFSET_NOT_AVAILABLE : ErrorCode.LEADER_NOT_AVAILABLE;
}

async function lookUp(
  log: UnifiedLog,
  timestamp: number,
  { end, version, hidden }: { end: number; version: number; hidden: { errorCode: ErrorCode } | undefined },
): Promise<Omit<PartitionResponse, 'partitionIndex'>> {
  const found = await log.offsetForTimestamp(timestamp);
  const isStart =
    timestamp === ListOffsetsTimestamp.EARLIEST || timestamp === ListOffsetsTimestamp.EARLIEST_LOCAL;
  if (found === undefined || (!isStart && found.offset >= end))
    return hidden ?? { errorCode: ErrorCode.NONE };
  const { offset, leaderEpoch } = found;
  const epoch = epochOf(version, leaderEpoch);
  return { errorCode: ErrorCode.NONE, timestamp: found.timestamp, offset, ...epoch };
}

/** Version 0: starts of segments, newest first; consumers see nothing beyond the high watermark. */
function oldStyle(
  log: UnifiedLog,
  query: PartitionRequest,
  replicaId: number,
): Omit<PartitionResponse, 'partitionIndex'> {
  const offsets = log.legacyOffsetsBefore(query.timestamp, query.maxNumOffsets);
  const { highWatermark } = log;
  const visible = offsets.filter((offset) => offset <= highWatermark);
  const hidden = replicaId === CONSUMER && visible.length < offsets.length;
  return { errorCode: ErrorCode.NONE, oldStyleOffsets: hidden ? [highWatermark, ...visible] : offsets };
}
