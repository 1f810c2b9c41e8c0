import type { Clock } from '../../env/clock.ts';
import { ErrorCode } from '../../wire/kafka/errors.ts';
import { LogError } from '../log/log-error.ts';
import {
  type AbortedTransaction,
  isOffsetOnly,
  type LogOffsetMetadata,
  type LogReadResult,
  offsetOnly,
  type ReadIsolation,
} from '../log/log-types.ts';
import { type TopicPartition, topicPartitionKey } from '../log/topic-partition.ts';
import type { UnifiedLog } from '../log/unified-log.ts';
import { isRefused, type Partition, type Refused } from './partition.ts';
import type { DelayedOperation, Purgatory } from './purgatory.ts';

/** What a fetch asks of one partition. */
export interface PartitionFetch {
  readonly topicPartition: TopicPartition;
  /** Compared with the partition's own when given. */
  readonly topicId: string | undefined;
  readonly fetchOffset: number;
  readonly maxBytes: number;
  /** -1 when the client names none. */
  readonly currentLeaderEpoch: number;
  /** Epoch of the last record that the reader has, for finding divergence (KIP-595); -1 when not given. */
  readonly lastFetchedEpoch: number;
  /** Of a follower's log; -1 for a consumer. */
  readonly logStartOffset: number;
}

/** A consumer that may be sent to a replica in its rack (KIP-392). */
export interface FetchingClient {
  /** Empty when it does not tell. */
  readonly rack: string;
  /** On which listener it would reach another replica. */
  readonly listenerName: string;
}

/** A client that may read any replica up to its end, such as `kafka-replica-verification`. */
export const DEBUGGING_CLIENT = -2;

export interface FetchParams {
  /** Broker id of a follower; -1 for a consumer, or {@link DEBUGGING_CLIENT}. */
  readonly replicaId: number;
  /** Epoch of the follower's registration (KIP-903); -1 when it does not tell. */
  readonly replicaEpoch: number;
  /** Undefined for a follower, and for clients that know the leader only. */
  readonly client: FetchingClient | undefined;
  readonly isolation: ReadIsolation;
  readonly maxWaitMs: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  /** Old versions get no more than `maxBytes`, even if that cuts the first batch. */
  readonly hardMaxBytes: boolean;
}

export interface PartitionFetched {
  readonly error: ErrorCode;
  /** -1, as the two offsets after it, when there is an error. */
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
  readonly chunks: readonly Buffer[];
  readonly bytes: number;
  readonly abortedTransactions: readonly AbortedTransaction[] | undefined;
  /** The reader's log parts from this one: where its last epoch ends here. */
  readonly divergingEpoch: { readonly epoch: number; readonly endOffset: number } | undefined;
  /** Where the fetch offset lies. */
  readonly fetchOffset: LogOffsetMetadata;
  /** Where the client had better read; -1 for here. */
  readonly preferredReadReplica: number;
}

/** The partitions of this broker, as a fetch looks them up. */
export interface FetchSource {
  readonly clock: Clock;
  lookup(topicPartition: TopicPartition): Partition | Refused;
  /** -1 for this one. */
  preferredReplica(partition: Partition, client: FetchingClient, fetchOffset: number): number;
  /** Whether a follower has to wait for the throttle of this leader. */
  isThrottled(partition: Partition, replicaId: number): boolean;
  /** Counts what a follower gets. */
  countSent(partition: Partition, bytes: number): void;
}

export function failedFetch(error: ErrorCode): PartitionFetched {
  return {
    error,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    chunks: [],
    bytes: 0,
    abortedTransactions: undefined,
    divergingEpoch: undefined,
    fetchOffset: offsetOnly(-1),
    preferredReadReplica: -1,
  };
}

interface PartitionRead {
  readonly partition: Partition;
  readonly log: UnifiedLog;
  readonly request: PartitionFetch;
  readonly leaderEndOffset: number;
}

/**
 * One fetch over several partitions: reads, and waits for more when there is too little.
 *
 * States: reading -> answered | waiting -> (enough data, an error, or the time is up) reading -> answered.
 */
export class Fetch implements DelayedOperation {
  private readonly source: FetchSource;
  private readonly purgatory: Purgatory;
  private readonly params: FetchParams;
  private readonly requests: readonly PartitionFetch[];
  private readonly startedMs: number;
  private results: PartitionFetched[] = [];
  private isFirstRead = true;
  private resolve: ((results: PartitionFetched[] | Promise<PartitionFetched[]>) => void) | undefined;

  constructor(
    source: FetchSource,
    purgatory: Purgatory,
    params: FetchParams,
    requests: readonly PartitionFetch[],
  ) {
    this.source = source;
    this.purgatory = purgatory;
    this.params = params;
    this.requests = requests;
    this.startedMs = source.clock.monotonicMs();
  }

  /** Consumers that know of followers may read from them, and so may clients that debug. */
  private get leaderOnly(): boolean {
    const { replicaId, client } = this.params;
    return replicaId !== DEBUGGING_CLIENT && client === undefined;
  }

  /** Results in the order of the requests; at once when nothing has to be waited for. */
  run(): PartitionFetched[] | Promise<PartitionFetched[]> {
    const results = this.readAll();
    return results instanceof Promise ? results.then((read) => this.decide(read)) : this.decide(results);
  }

  private decide(results: PartitionFetched[]): PartitionFetched[] | Promise<PartitionFetched[]> {
    // The second read of a fetch that has waited tells nothing new about the follower.
    this.isFirstRead = false;
    const { maxWaitMs, minBytes } = this.params;
    const bytes = results.reduce((sum, result) => sum + result.bytes, 0);
    const now = maxWaitMs <= 0 || results.length === 0 || bytes >= minBytes || results.some(isNews);
    if (now) return results;
    this.results = results;
    return new Promise((resolve) => {
      this.resolve = resolve;
      const keys = this.requests.map(({ topicPartition }) => topicPartitionKey(topicPartition));
      this.purgatory.add(this, [...new Set(keys)], maxWaitMs);
    });
  }

  tryComplete(): boolean {
    if (this.resolve !== undefined && !this.isWorthAnswering()) return false;
    this.expire();
    return true;
  }

  expire(): void {
    const { resolve } = this;
    this.resolve = undefined;
    resolve?.(this.readAll());
  }

  /** As Apache's `DelayedFetch.tryComplete`: counts bytes by positions, without reading. */
  private isWorthAnswering(): boolean {
    let available = 0;
    for (const [index, request] of this.requests.entries()) {
      const partition = this.source.lookup(request.topicPartition);
      if (isRefused(partition)) return true;
      const log = partition.logFor(request.currentLeaderEpoch, this.leaderOnly);
      if (isRefused(log)) return true;
      if (divergence(log, request) !== undefined) return true;
      const from = this.results[index]?.fetchOffset ?? offsetOnly(request.fetchOffset);
      // Most partitions have nothing new: that is seen without looking up positions.
      if (endOffsetOf(log, this.params.isolation) === from.messageOffset) continue;
      const end = endOf(partition, this.params.isolation);
      // Its log has failed: the answer says so.
      if (end === undefined) return true;
      if (
        end.messageOffset === from.messageOffset ||
        this.source.isThrottled(partition, this.params.replicaId)
      ) {
        continue;
      }
      const comparable =
        end.messageOffset > from.messageOffset &&
        !isOffsetOnly(from) &&
        !isOffsetOnly(end) &&
        from.segmentBaseOffset === end.segmentBaseOffset;
      if (!comparable) return true;
      available += Math.min(end.positionInSegment - from.positionInSegment, request.maxBytes);
    }
    return available >= this.params.minBytes;
  }

  private readAll(): PartitionFetched[] | Promise<PartitionFetched[]> {
    return this.readFrom(0, this.params.maxBytes, !this.params.hardMaxBytes, []);
  }

  /** Reads the partitions in order: the first with data gets a whole batch, the others what room is left. */
  private readFrom(
    start: number,
    roomBytes: number,
    minOneMessage: boolean,
    results: PartitionFetched[],
  ): PartitionFetched[] | Promise<PartitionFetched[]> {
    for (let index = start; index < this.requests.length; index++) {
      const request = this.requests[index];
      if (request === undefined) break;
      const result = this.readOne(request, roomBytes, minOneMessage);
      if (result instanceof Promise) return this.readAside(index, result, roomBytes, minOneMessage, results);
      results.push(result);
      roomBytes = Math.max(0, roomBytes - result.bytes);
      minOneMessage = minOneMessage && result.bytes === 0;
    }
    return results;
  }

  /**
   * A partition's data has to come from the disk. Where there is room for whatever the ones behind it give, those
   * are read meanwhile, for the same results as one after the other.
   */
  private async readAside(
    index: number,
    reading: Promise<PartitionFetched>,
    roomBytes: number,
    minOneMessage: boolean,
    results: PartitionFetched[],
  ): Promise<PartitionFetched[]> {
    const ownBytes = this.requests[index]?.maxBytes ?? 0;
    const behind = this.requests.slice(index + 1);
    const hasRoom = behind.reduce((sum, { maxBytes }) => sum + maxBytes, ownBytes) <= roomBytes;
    const ahead = hasRoom ? behind.map((request) => this.readOne(request, roomBytes, false)) : [];
    const [read, ...others] = await Promise.all([reading, ...ahead]);
    results.push(read);
    const asExpected = hasRoom && read.bytes <= ownBytes && (read.bytes > 0 || !minOneMessage);
    if (asExpected) return [...results, ...others];
    return this.readFrom(
      index + 1,
      Math.max(0, roomBytes - read.bytes),
      minOneMessage && read.bytes === 0,
      results,
    );
  }

  private readOne(
    request: PartitionFetch,
    roomBytes: number,
    minOneMessage: boolean,
  ): PartitionFetched | Promise<PartitionFetched> {
    const partition = this.source.lookup(request.topicPartition);
    if (isRefused(partition)) return failedFetch(partition.error);
    if (request.topicId !== undefined && partition.topicId !== request.topicId) {
      return failedFetch(ErrorCode.INCONSISTENT_TOPIC_ID);
    }
    const log = partition.logFor(request.currentLeaderEpoch, this.leaderOnly);
    if (isRefused(log)) return failedFetch(log.error);
    const elsewhere = this.redirected(partition, log, request);
    if (elsewhere !== undefined) return elsewhere;
    // Before the read: what is appended meanwhile does not make the follower late.
    const leaderEndOffset = log.logEndOffset;
    try {
      const diverging = divergence(log, request);
      if (diverging !== undefined) return diverging;
      const maxBytes = Math.min(request.maxBytes, roomBytes);
      const { isolation } = this.params;
      const options = { startOffset: request.fetchOffset, maxBytes, isolation, minOneMessage };
      const read = partition.read(log, options);
      if (read instanceof Promise) {
        return read
          .then((later) => this.finishLater({ partition, log, request, leaderEndOffset }, later))
          .catch(failureOf);
      }
      return this.finish({ partition, log, request, leaderEndOffset }, read);
    } catch (error) {
      return failureOf(error);
    }
  }

  /** A consumer is told to read from the replica that suits it better. */
  private redirected(
    partition: Partition,
    log: UnifiedLog,
    request: PartitionFetch,
  ): PartitionFetched | undefined {
    const { client } = this.params;
    if (client === undefined || !partition.isLeader) return undefined;
    const preferredReadReplica = this.source.preferredReplica(partition, client, request.fetchOffset);
    if (preferredReadReplica < 0) return undefined;
    return {
      ...failedFetch(ErrorCode.NONE),
      highWatermark: log.highWatermark,
      lastStableOffset: log.lastStableOffset,
      logStartOffset: log.logStartOffset,
      preferredReadReplica,
    };
  }

  /** While the disk was waited for, another leader epoch may have begun. */
  private finishLater(from: PartitionRead, read: LogReadResult): PartitionFetched {
    const { partition, request } = from;
    const log = partition.logFor(request.currentLeaderEpoch, this.leaderOnly);
    return isRefused(log) ? failedFetch(log.error) : this.finish({ ...from, log }, read);
  }

  private finish(
    { partition, log, request, leaderEndOffset }: PartitionRead,
    read: LogReadResult,
  ): PartitionFetched {
    const { replicaId, replicaEpoch, hardMaxBytes } = this.params;
    if (replicaId >= 0 && this.isFirstRead) {
      const error = partition.followerFetched(replicaId, {
        logEnd: read.fetchOffset,
        logStartOffset: request.logStartOffset,
        atMs: this.startedMs,
        leaderEndOffset,
        brokerEpoch: replicaEpoch,
      });
      if (error !== ErrorCode.NONE) return failedFetch(refusalFor(error, request));
    }
    const cut = (read.firstEntryIncomplete && !hardMaxBytes) || this.source.isThrottled(partition, replicaId);
    if (replicaId >= 0 && !cut) this.source.countSent(partition, read.bytes);
    return {
      error: ErrorCode.NONE,
      highWatermark: log.highWatermark,
      lastStableOffset: log.lastStableOffset,
      logStartOffset: log.logStartOffset,
      chunks: cut ? [] : read.chunks,
      bytes: cut ? 0 : read.bytes,
      abortedTransactions: read.abortedTransactions,
      divergingEpoch: undefined,
      fetchOffset: read.fetchOffset,
      preferredReadReplica: -1,
    };
  }
}

/** Old followers name no leader epoch: whether they or the leader are behind cannot be told. */
function refusalFor(error: ErrorCode, { currentLeaderEpoch }: PartitionFetch): ErrorCode {
  const isUnknown = error === ErrorCode.UNKNOWN_LEADER_EPOCH && currentLeaderEpoch < 0;
  return isUnknown ? ErrorCode.NOT_LEADER_OR_FOLLOWER : error;
}

/** Something that the reader must hear of at once, records or not. */
function isNews({ error, divergingEpoch, preferredReadReplica }: PartitionFetched): boolean {
  return error !== ErrorCode.NONE || divergingEpoch !== undefined || preferredReadReplica >= 0;
}

function endOffsetOf(log: UnifiedLog, isolation: ReadIsolation): number {
  if (isolation === 'log-end') return log.logEndOffset;
  return isolation === 'high-watermark' ? log.highWatermark : log.lastStableOffset;
}

/** Where a reader finds the end; undefined when the log cannot tell any more. */
function endOf(partition: Partition, isolation: ReadIsolation): LogOffsetMetadata | undefined {
  try {
    return partition.endOffset(isolation);
  } catch (error) {
    if (error instanceof LogError) return undefined;
    throw error;
  }
}

function failureOf(error: unknown): PartitionFetched {
  if (error instanceof LogError) return failedFetch(ErrorCode[error.error]);
  throw error;
}

/** Whether the reader's last record is of an epoch that ends earlier here (KIP-595). */
function divergence(log: UnifiedLog, request: PartitionFetch): PartitionFetched | undefined {
  if (request.lastFetchedEpoch < 0) return undefined;
  const { leaderEpoch, endOffset } = log.endOffsetForEpoch(request.lastFetchedEpoch);
  if (leaderEpoch < 0 || endOffset < 0) return failedFetch(ErrorCode.OFFSET_OUT_OF_RANGE);
  if (request.fetchOffset < log.logStartOffset) return failedFetch(ErrorCode.OFFSET_OUT_OF_RANGE);
  if (leaderEpoch >= request.lastFetchedEpoch && endOffset >= request.fetchOffset) return undefined;
  return {
    ...failedFetch(ErrorCode.NONE),
    highWatermark: log.highWatermark,
    lastStableOffset: log.lastStableOffset,
    logStartOffset: log.logStartOffset,
    divergingEpoch: { epoch: leaderEpoch, endOffset },
  };
}
