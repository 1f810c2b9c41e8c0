import { MalformedError } from '../../base/malformed-error.ts';
import type { Env } from '../../env/env.ts';
import { ErrorCode } from '../../wire/kafka/errors.ts';
import { FetchRequest, FetchResponse } from '../../wire/kafka/messages/01-fetch.ts';
import { batchesIn, type RecordBatch } from '../../wire/kafka/records/batch.ts';
import { downConvert } from '../../wire/kafka/records/convert.ts';
import { UnsupportedCompressionError } from '../../wire/kafka/records/errors.ts';
import type { LegacyMagic } from '../../wire/kafka/records/legacy.ts';
import type { Draft, Infer } from '../../wire/kafka/schema/index.ts';
import type { ReadIsolation } from '../log/log-types.ts';
import type { MetadataCache } from '../metadata/metadata-cache.ts';
import { type FetchParams, failedFetch, type PartitionFetched } from '../replica/fetch.ts';
import type { FetchContext, FetchSessions, SessionPartition } from '../replica/fetch-session.ts';
import type { ReplicaManager } from '../replica/replica-manager.ts';
import type { TopicSettings } from '../replica/topic-settings.ts';
import { type Handler, handler } from './handler.ts';
import { LeaderHints } from './leader-hints.ts';

export interface FetchDependencies {
  readonly env: Pick<Env, 'log'>;
  readonly replicas: Pick<ReplicaManager, 'fetch'>;
  readonly metadata: MetadataCache;
  readonly sessions: FetchSessions;
  readonly settingsFor: (topic: string) => TopicSettings;
  /** `fetch.max.bytes` of the broker. */
  readonly maxBytes: number;
}

type Request = Infer<typeof FetchRequest>;
type Response = Draft<typeof FetchResponse>;
type TopicResponse = Response['responses'][number];
type PartitionResponse = TopicResponse['partitions'][number];

const CONSUMER = -1;
const READ_COMMITTED = 1;
/** From here on topics go by id (KIP-516). */
const TOPIC_ID_VERSION = 13;
/** From here on a consumer tells its rack, and may be sent to a follower (KIP-392). */
const RACK_VERSION = 11;
/** From here on a follower tells the epoch of its registration (KIP-903). */
const REPLICA_STATE_VERSION = 15;
/** From here on a response can name the right leader (KIP-951). */
const LEADER_HINT_VERSION = 16;
/** From here on a client is supposed to know zstd (KIP-110). */
const ZSTD_VERSION = 10;

/** Found before anything is read: `FetchResponse.partitionResponse` names no transactions then, instead of null. */
const UNREAD_ERRORS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.UNKNOWN_TOPIC_ID,
  ErrorCode.UNSUPPORTED_COMPRESSION_TYPE,
]);
/** With these `KafkaApis.maybeConvertFetchedData` gives null for the records. */
const CONVERSION_ERRORS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ErrorCode.UNSUPPORTED_VERSION,
  ErrorCode.UNSUPPORTED_COMPRESSION_TYPE,
  ErrorCode.CORRUPT_MESSAGE,
]);

/** A partition of the fetch with its topic's name, when the broker knows it. */
interface Target {
  readonly asked: SessionPartition;
  readonly topic: string | undefined;
  /** Settled before any reading. */
  readonly refused: ErrorCode | undefined;
}

/** Fetch: hands out slices of the logs, for old versions rewritten to what they understand. */
export function fetchHandler(dependencies: FetchDependencies): Handler {
  const { replicas, metadata, sessions } = dependencies;
  return handler({
    request: FetchRequest,
    response: FetchResponse,
    versions: [0, 17],
    handle(request, context) {
      const { apiVersion: version, connection } = context;
      const { listenerName } = connection;
      const replicaId = version >= REPLICA_STATE_VERSION ? request.replicaState.replicaId : request.replicaId;
      const session = sessions.begin(sessionRequest(request, version, replicaId));
      if ('error' in session) {
        return { errorCode: session.error, responses: [] };
      }
      const targets = session.partitions.map((asked) => resolveTarget(asked, version));
      const readable = targets.filter(({ refused }) => refused === undefined);
      const requests = readable.map(({ asked, topic = '' }) => ({
        topicPartition: { topic, partition: asked.partition },
        topicId: version >= TOPIC_ID_VERSION ? asked.topicId : undefined,
        fetchOffset: asked.fetchOffset,
        maxBytes: asked.maxBytes,
        currentLeaderEpoch: asked.currentLeaderEpoch,
        lastFetchedEpoch: asked.lastFetchedEpoch,
        logStartOffset: asked.logStartOffset,
      }));
      const params = fetchParams(request, { version, replicaId, listenerName });
      const finish = (results: readonly PartitionFetched[]): Response => {
        const hints = new LeaderHints(metadata, listenerName, version >= LEADER_HINT_VERSION);
        return respond(session, merge(targets, results), { version, hints });
      };
      const results = replicas.fetch(params, requests);
      return results instanceof Promise ? results.then(finish) : finish(results);
    },
  });

  function resolveTarget(asked: SessionPartition, version: number): Target {
    const topic = version >= TOPIC_ID_VERSION ? metadata.image.topicById(asked.topicId)?.name : asked.topic;
    if (topic === undefined) return { asked, topic, refused: ErrorCode.UNKNOWN_TOPIC_ID };
    const zstd = version < ZSTD_VERSION && dependencies.settingsFor(topic).compressionType === 'zstd';
    return { asked, topic, refused: zstd ? ErrorCode.UNSUPPORTED_COMPRESSION_TYPE : undefined };
  }

  function fetchParams(
    request: Request,
    { version, replicaId, listenerName }: { version: number; replicaId: number; listenerName: string },
  ): FetchParams {
    const isFollower = replicaId >= 0;
    const maxBytes = isFollower ? request.maxBytes : Math.min(request.maxBytes, dependencies.maxBytes);
    return {
      replicaId,
      replicaEpoch: version >= REPLICA_STATE_VERSION ? request.replicaState.replicaEpoch : -1,
      client: isFollower || version < RACK_VERSION ? undefined : { rack: request.rackId, listenerName },
      isolation: isolationOf(request, replicaId),
      maxWaitMs: request.maxWaitMs,
      minBytes: Math.min(request.minBytes, maxBytes),
      maxBytes,
      hardMaxBytes: version <= 2,
    };
  }

  function respond(
    session: FetchContext,
    answers: readonly { target: Target; result: PartitionFetched }[],
    { version, hints }: { version: number; hints: LeaderHints },
  ): Response {
    const converted = answers.map(({ target, result }) => ({
      target,
      result: convert(target, result, version),
    }));
    const { sessionId, included, error } = session.finish(converted.map(({ result }) => result));
    const responses: { topic: string; topicId: string; partitions: PartitionResponse[] }[] = [];
    for (const [index, { target, result }] of converted.entries()) {
      if (!included(index)) continue;
      const { topic, topicId } = target.asked;
      let last = responses[responses.length - 1];
      if (last === undefined || last.topic !== topic || last.topicId !== topicId) {
        last = { topic, topicId, partitions: [] };
        responses.push(last);
      }
      const leader = hints.leaderOf(result.error, target.topic ?? '', target.asked.partition);
      last.partitions.push(partitionResponse(target.asked.partition, result, leader));
    }
    return {
      errorCode: error,
      sessionId,
      responses,
      nodeEndpoints: hints.nodeEndpoints(),
    };
  }

  /** Rewrites records for versions that do not know magic 2 or 1. */
  function convert(target: Target, result: PartitionFetched, version: number): PartitionFetched {
    const magic = magicOf(version);
    if (magic === 2 || result.bytes === 0) return result;
    const bytes = Buffer.concat(result.chunks);
    const batches = wholeBatches(bytes);
    // What is not even one batch cannot be rewritten, nor be told from old records by the client.
    if (batches.length === 0) return { ...result, chunks: [], bytes: 0 };
    if (batches.every((batch) => batch.magic <= magic)) return result;
    if (target.topic !== undefined && !dependencies.settingsFor(target.topic).downConversionEnable) {
      return failedFetch(ErrorCode.UNSUPPORTED_VERSION);
    }
    try {
      const chunks = downConvert(batches, magic, target.asked.fetchOffset, bytes.length);
      return { ...result, chunks, bytes: chunks.reduce((sum, chunk) => sum + chunk.length, 0) };
    } catch (error) {
      if (error instanceof UnsupportedCompressionError) {
        return failedFetch(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE);
      }
      if (!(error instanceof MalformedError)) throw error;
      dependencies.env.log.error('records cannot be rewritten for an old client', {
        topic: target.topic,
        partition: target.asked.partition,
        reason: error.message,
      });
      return failedFetch(ErrorCode.CORRUPT_MESSAGE);
    }
  }
}

function sessionRequest(request: Request, version: number, replicaId: number) {
  const partitions: SessionPartition[] = [];
  for (const { topic, topicId, partitions: asked } of request.topics) {
    for (const each of asked) {
      partitions.push({
        topic,
        topicId,
        partition: each.partition,
        fetchOffset: each.fetchOffset,
        maxBytes: Math.max(0, each.partitionMaxBytes),
        currentLeaderEpoch: each.currentLeaderEpoch,
        lastFetchedEpoch: each.lastFetchedEpoch,
        logStartOffset: each.logStartOffset,
      });
    }
  }
  const forgotten = request.forgottenTopicsData.flatMap(({ topic, topicId, partitions: gone }) =>
    gone.map((partition) => ({ topic, topicId, partition })),
  );
  const { sessionId, sessionEpoch } = request;
  const byTopicId = version >= TOPIC_ID_VERSION;
  return { sessionId, sessionEpoch, byTopicId, privileged: replicaId >= 0, partitions, forgotten };
}

function isolationOf(request: Request, replicaId: number): ReadIsolation {
  if (replicaId !== CONSUMER) return 'log-end';
  return request.isolationLevel === READ_COMMITTED ? 'last-stable-offset' : 'high-watermark';
}

/** The newest record format that a version understands. */
function magicOf(version: number): 2 | LegacyMagic {
  if (version >= 4) return 2;
  return version >= 2 ? 1 : 0;
}

/** Up to the first batch that is not whole: an old client's limit may have cut it. */
function wholeBatches(bytes: Buffer): RecordBatch[] {
  return [...batchesIn(bytes)];
}

function merge(targets: readonly Target[], results: readonly PartitionFetched[]) {
  let next = 0;
  return targets.map((target) => {
    const result = target.refused === undefined ? results[next++] : undefined;
    return { target, result: result ?? failedFetch(target.refused ?? ErrorCode.UNKNOWN_SERVER_ERROR) };
  });
}

function partitionResponse(
  partitionIndex: number,
  result: PartitionFetched,
  currentLeader: { leaderId: number; leaderEpoch: number } | undefined,
): PartitionResponse {
  const { divergingEpoch } = result;
  return {
    partitionIndex,
    errorCode: result.error,
    highWatermark: result.highWatermark,
    lastStableOffset: result.lastStableOffset,
    logStartOffset: result.logStartOffset,
    abortedTransactions: result.abortedTransactions ?? (UNREAD_ERRORS.has(result.error) ? [] : null),
    records: CONVERSION_ERRORS.has(result.error) ? null : result.chunks,
    ...(result.preferredReadReplica < 0 ? {} : { preferredReadReplica: result.preferredReadReplica }),
    ...(divergingEpoch === undefined ? {} : { divergingEpoch }),
    ...(currentLeader === undefined ? {} : { currentLeader }),
  };
}
