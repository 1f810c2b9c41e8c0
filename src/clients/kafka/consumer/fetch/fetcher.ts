import { getOrPut } from '../../../../base/get-or-put.ts';
import { MalformedError } from '../../../../base/malformed-error.ts';
import { ErrorCode } from '../../../../wire/kafka/errors.ts';
import { FetchRequest, FetchResponse } from '../../../../wire/kafka/messages/01-fetch.ts';
import { batchesIn } from '../../../../wire/kafka/records/batch.ts';
import { type Infer, ZERO_UUID } from '../../../../wire/kafka/schema/index.ts';
import { BrokerError, isRetriable, KafkaError } from '../../kafka-error.ts';
import type { AssignedPartition, FetchedChunk } from '../assigned-partition.ts';
import type { ConsumerContext } from '../consumer-ports.ts';
import { FetchSession, type SessionRequest, type WantedPartition } from './fetch-session.ts';

const API = { request: FetchRequest, response: FetchResponse };
/** The last version that calls topics by name. */
const LAST_BY_NAME = 12;
/** 16 brought the addresses of new leaders. */
const FIRST_WITH_LEADERS = 16;
/** 4 brought transactions and the current format. */
const FIRST_VERSION = 4;

type FetchAnswer = Infer<typeof FetchResponse>;
type PartitionAnswer = FetchAnswer['responses'][number]['partitions'][number];

/** A partition that was asked for, and where it stood then. */
interface Asked {
  readonly partition: AssignedPartition;
  readonly jumps: number;
  readonly fetchOffset: number;
}

/** What brokers say of a partition when they are not, or not now, the ones to ask. */
const ASK_ANOTHER: ReadonlySet<number> = new Set([
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.REPLICA_NOT_AVAILABLE,
  ErrorCode.KAFKA_STORAGE_ERROR,
  ErrorCode.FENCED_LEADER_EPOCH,
  ErrorCode.OFFSET_NOT_AVAILABLE,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.UNKNOWN_TOPIC_ID,
  ErrorCode.INCONSISTENT_TOPIC_ID,
]);
/** What passes by itself. */
const ASK_AGAIN: ReadonlySet<number> = new Set([
  ErrorCode.UNKNOWN_LEADER_EPOCH,
  ErrorCode.UNKNOWN_SERVER_ERROR,
]);

/**
 * Asks brokers for the records of assigned partitions, one fetch under way per broker, ahead of what is handed out.
 * What waits is bounded: a broker is not asked while one of its partitions has `maxPartitionFetchBytes` waiting, and
 * nobody is while `fetchMaxBytes` wait altogether. (Fetches without that partition would hold it up when it is wanted
 * again: they wait at the broker for others.)
 */
export class Fetcher {
  private readonly context: ConsumerContext;
  private readonly sessions = new Map<number, FetchSession>();
  private readonly busy = new Set<number>();
  private readonly notBeforeMs = new Map<number, number>();
  /** The row of those that have something to hand out. */
  private readonly line: AssignedPartition[] = [];

  constructor(context: ConsumerContext) {
    this.context = context;
  }

  /** Asks those brokers that have something to be asked for. */
  pump(): void {
    if (this.context.cluster.isClosed) return;
    for (const [nodeId, partitions] of this.askable()) void this.fetch(nodeId, partitions);
  }

  /** The next partition that has something to hand out, those in turn. */
  ready(): AssignedPartition | undefined {
    for (;;) {
      const partition = this.line[0];
      if (partition === undefined) return undefined;
      if (!partition.gone && !partition.paused && partition.chunks.length > 0) return partition;
      this.line.shift();
      partition.inLine = false;
    }
  }

  /** Puts a partition at the end of the row if it has something to hand out. */
  lineUp(partition: AssignedPartition): void {
    if (partition.inLine || partition.gone || partition.paused || partition.chunks.length === 0) return;
    partition.inLine = true;
    this.line.push(partition);
  }

  /** Takes the first chunk of the partition whose turn it is, and lets the next have its turn. */
  take(partition: AssignedPartition): FetchedChunk | undefined {
    const chunk = partition.chunks.shift();
    if (this.line[0] === partition) {
      this.line.shift();
      partition.inLine = false;
      this.lineUp(partition);
    }
    return chunk;
  }

  /** A chunk has been handed out, or fallen away. */
  release(partition: AssignedPartition, chunk: FetchedChunk): void {
    partition.bufferedBytes -= chunk.bytes.length;
  }

  /** Tells the brokers that there will be no more fetches. */
  async close(): Promise<void> {
    const open = [...this.sessions].filter(([nodeId]) => !this.busy.has(nodeId));
    await Promise.allSettled(
      open.map(async ([nodeId, session]) => {
        const last = session.close();
        if (last !== undefined) await this.ask(nodeId, last, session.usesTopicIds);
      }),
    );
  }

  /** By broker. */
  private askable(): Map<number, AssignedPartition[]> {
    const { subscription, settings, cluster } = this.context;
    const nowMs = cluster.env.clock.monotonicMs();
    const byNode = new Map<number, AssignedPartition[]>();
    const full = new Set<number>();
    let waitingBytes = 0;
    for (const partition of subscription.partitions) {
      waitingBytes += partition.bufferedBytes;
      if (partition.phase !== 'fetching' || partition.paused || partition.outOfRange) continue;
      const nodeId = this.replicaToRead(partition, nowMs);
      if (nodeId === undefined || this.busy.has(nodeId)) continue;
      const notBeforeMs = Math.max(partition.notBeforeMs, this.notBeforeMs.get(nodeId) ?? 0);
      if (notBeforeMs > nowMs) {
        this.context.drive(notBeforeMs - nowMs);
        continue;
      }
      if (partition.bufferedBytes >= settings.maxPartitionFetchBytes) full.add(nodeId);
      else getOrPut(byNode, nodeId, () => []).push(partition);
    }
    for (const nodeId of full) byNode.delete(nodeId);
    if (waitingBytes >= settings.fetchMaxBytes) byNode.clear();
    return byNode;
  }

  private replicaToRead(partition: AssignedPartition, nowMs: number): number | undefined {
    const { metadata } = this.context.cluster;
    const preferred = partition.preferredReplica;
    if (preferred !== undefined) {
      if (preferred.untilMs > nowMs && metadata.brokers.has(preferred.nodeId)) return preferred.nodeId;
      partition.preferredReplica = undefined;
    }
    const leader = metadata.leaderOf(partition.topic, partition.partition);
    if (leader === undefined) this.context.refreshMetadata();
    return leader?.id;
  }

  private async fetch(nodeId: number, partitions: readonly AssignedPartition[]): Promise<void> {
    const { cluster, metrics } = this.context;
    const { clock } = cluster.env;
    const session = getOrPut(this.sessions, nodeId, () => new FetchSession());
    const asked = new Map<string, Asked>();
    for (const partition of partitions) {
      const { jumps, fetchOffset } = partition;
      asked.set(String(partition), { partition, jumps, fetchOffset });
    }
    const request = session.next(partitions.map((partition) => this.wanted(partition)));
    this.busy.add(nodeId);
    const startMs = clock.monotonicMs();
    try {
      const { response, version } = await this.ask(nodeId, request, session.usesTopicIds);
      metrics.fetched(0, clock.monotonicMs() - startMs);
      if (response.throttleTimeMs > 0) this.backOffFrom(nodeId, response.throttleTimeMs);
      if (response.errorCode !== ErrorCode.NONE) {
        this.sessionFailed(session, response.errorCode);
        this.backOffFrom(nodeId, cluster.settings.retryBackoffMs);
      } else {
        session.answered(response.sessionId);
        this.takeIn(response, version, asked);
      }
    } catch (error) {
      session.failed(true);
      this.requestFailed(nodeId, error);
    } finally {
      this.busy.delete(nodeId);
      this.context.drive();
    }
  }

  private wanted(partition: AssignedPartition): WantedPartition {
    const { cluster, settings } = this.context;
    return {
      topic: partition.topic,
      topicId: cluster.metadata.topics.get(partition.topic)?.topicId ?? ZERO_UUID,
      partition: partition.partition,
      fetchOffset: partition.fetchOffset,
      currentLeaderEpoch: partition.leaderEpoch,
      maxBytes: settings.maxPartitionFetchBytes,
    };
  }

  private ask(nodeId: number, request: SessionRequest, byId: boolean) {
    const { cluster, settings } = this.context;
    return cluster.ask(
      nodeId,
      API,
      {
        maxWaitMs: settings.fetchMaxWaitMs,
        minBytes: settings.fetchMinBytes,
        maxBytes: settings.fetchMaxBytes,
        isolationLevel: settings.isolationLevel === 'read_committed' ? 1 : 0,
        sessionId: request.sessionId,
        sessionEpoch: request.sessionEpoch,
        topics: byTopic(request.added, ({ partition, fetchOffset, currentLeaderEpoch, maxBytes }) => ({
          partition,
          currentLeaderEpoch,
          fetchOffset,
          partitionMaxBytes: maxBytes,
        })),
        forgottenTopicsData: byTopic(request.forgotten, ({ partition }) => partition),
        rackId: settings.clientRack,
      },
      {
        timeoutMs: cluster.settings.requestTimeoutMs + settings.fetchMaxWaitMs,
        versions: { min: FIRST_VERSION, max: byId ? FetchRequest.versions.max : LAST_BY_NAME },
      },
    );
  }

  private sessionFailed(session: FetchSession, errorCode: number): void {
    session.failed(errorCode !== ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
    if (ASK_ANOTHER.has(errorCode)) this.context.refreshMetadata();
  }

  private requestFailed(nodeId: number, error: unknown): void {
    const { cluster } = this.context;
    if (cluster.isClosed) return;
    this.backOffFrom(nodeId, cluster.settings.retryBackoffMs);
    if (!isRetriable(error)) {
      this.context.fail(error);
      return;
    }
    for (const partition of this.context.subscription.partitions) {
      if (partition.preferredReplica?.nodeId === nodeId) partition.preferredReplica = undefined;
    }
    this.context.refreshMetadata();
  }

  private backOffFrom(nodeId: number, delayMs: number): void {
    const { clock } = this.context.cluster.env;
    this.notBeforeMs.set(nodeId, clock.monotonicMs() + delayMs);
  }

  private takeIn(response: FetchAnswer, version: number, asked: ReadonlyMap<string, Asked>): void {
    const { metadata } = this.context.cluster;
    this.learnLeaders(response, version);
    for (const { topic, topicId, partitions } of response.responses) {
      const name = version > LAST_BY_NAME ? metadata.topicName(topicId) : topic;
      for (const answer of partitions) {
        const one = asked.get(`${name}-${answer.partitionIndex}`);
        // What has jumped meanwhile, or is no longer assigned, is of no use.
        if (one === undefined || one.partition.gone || one.partition.jumps !== one.jumps) continue;
        if (answer.errorCode === ErrorCode.NONE) this.takeRecords(one, answer);
        else this.partitionFailed(one, answer);
      }
    }
  }

  /** Of partitions that have moved, newer brokers say where to (KIP-951). */
  private learnLeaders(response: FetchAnswer, version: number): void {
    if (version < FIRST_WITH_LEADERS || response.nodeEndpoints.length === 0) return;
    const { cluster } = this.context;
    const leaders = response.responses.flatMap(({ topicId, partitions }) => {
      const topic = cluster.metadata.topicName(topicId);
      if (topic === undefined) return [];
      return partitions.map(({ partitionIndex, currentLeader }) => ({
        topic,
        partition: partitionIndex,
        leader: currentLeader.leaderId,
        leaderEpoch: currentLeader.leaderEpoch,
      }));
    });
    const nodes = response.nodeEndpoints.map(({ nodeId, host, port, rack }) => ({
      id: nodeId,
      host,
      port,
      rack,
    }));
    cluster.learnLeaders(
      leaders.filter(({ leader }) => leader >= 0),
      nodes,
    );
  }

  private takeRecords({ partition, fetchOffset }: Asked, answer: PartitionAnswer): void {
    const { cluster, metrics } = this.context;
    partition.highWatermark = answer.highWatermark;
    partition.lastStableOffset = answer.lastStableOffset;
    partition.logStartOffset = answer.logStartOffset;
    if (answer.preferredReadReplica >= 0) {
      const untilMs = cluster.env.clock.monotonicMs() + cluster.settings.metadataMaxAgeMs;
      partition.preferredReplica = { nodeId: answer.preferredReadReplica, untilMs };
    }
    const bytes = answer.records;
    if (bytes === null || bytes.length === 0) return;
    const chunk = chunkOf(partition, fetchOffset, bytes, answer.abortedTransactions);
    if (chunk instanceof KafkaError) {
      this.context.fail(chunk);
      this.backOff(partition);
      return;
    }
    metrics.bytes += bytes.length;
    partition.bufferedBytes += bytes.length;
    partition.fetchOffset = chunk.endOffset;
    partition.fetchEpoch = chunk.leaderEpoch;
    partition.chunks.push(chunk);
    this.lineUp(partition);
    this.context.wake();
  }

  private partitionFailed({ partition }: Asked, { errorCode, currentLeader }: PartitionAnswer): void {
    if (errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) {
      // A follower may be behind: the leader knows.
      if (partition.preferredReplica !== undefined) partition.preferredReplica = undefined;
      else partition.outOfRange = true;
      return;
    }
    const leader = this.context.cluster.metadata.leaderOf(partition.topic, partition.partition);
    if (ASK_ANOTHER.has(errorCode) && leader !== undefined && leader.id === currentLeader.leaderId) {
      // The answer has named the new leader: it is asked at once.
      partition.preferredReplica = undefined;
      return;
    }
    this.backOff(partition);
    if (ASK_ANOTHER.has(errorCode)) {
      partition.preferredReplica = undefined;
      this.context.refreshMetadata();
    } else if (!ASK_AGAIN.has(errorCode)) {
      this.context.fail(
        new BrokerError(errorCode, `fetch of ${partition} at offset ${partition.fetchOffset}`),
      );
    }
  }

  private backOff(partition: AssignedPartition): void {
    const { cluster } = this.context;
    partition.notBeforeMs = cluster.env.clock.monotonicMs() + cluster.settings.retryBackoffMs;
  }
}

function chunkOf(
  partition: AssignedPartition,
  fromOffset: number,
  bytes: Buffer,
  abortedTransactions: FetchedChunk['abortedTransactions'],
): FetchedChunk | KafkaError {
  let endOffset = -1;
  let leaderEpoch = -1;
  try {
    for (const batch of batchesIn(bytes)) {
      endOffset = batch.nextOffset;
      leaderEpoch = batch.leaderEpoch;
    }
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    // What stands before it is handed out; the next fetch begins with it.
    if (endOffset <= fromOffset) return corrupt(partition, fromOffset, error.message);
  }
  if (endOffset <= fromOffset) return corrupt(partition, fromOffset, 'no whole batch came');
  return { fromOffset, endOffset, leaderEpoch, bytes, abortedTransactions };
}

function corrupt(partition: AssignedPartition, offset: number, why: string): KafkaError {
  return new KafkaError('CORRUPT_MESSAGE', `${partition} at offset ${offset}: ${why}: seek past it to go on`);
}

function byTopic<T>(partitions: readonly WantedPartition[], make: (partition: WantedPartition) => T) {
  const topics = new Map<string, { topic: string; topicId: string; partitions: T[] }>();
  for (const one of partitions) {
    const { topic, topicId } = one;
    getOrPut(topics, `${topic} ${topicId}`, () => ({ topic, topicId, partitions: [] })).partitions.push(
      make(one),
    );
  }
  return [...topics.values()];
}
