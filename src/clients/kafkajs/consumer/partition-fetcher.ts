import { ErrorCode } from '../../../wire/kafka/errors.ts';
import { FetchRequest, FetchResponse } from '../../../wire/kafka/messages/01-fetch.ts';
import { hasType } from '../error-kinds.ts';
import { protocolError } from '../error-types.ts';
import { KafkaJSConnectionError, KafkaJSStaleTopicMetadataAssignment } from '../errors.ts';
import type { ConsumerSettings } from './consumer-settings.ts';
import { FetchedBatch } from './fetched-batch.ts';
import type { GroupConsumer } from './group-consumer.ts';

/** Topics by name, without sessions: each request says all that it wants. */
const FETCH_VERSIONS = { min: 4, max: 12 };

/** How long a replica is fetched from that a leader has named (`metadataMaxAge`). */
const DEFAULT_PREFERENCE_MS = 300_000;

/** Errors that say that a partition is led by somebody else, or not there any more. */
const STALE_METADATA = [
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'UNKNOWN_TOPIC_OR_PARTITION',
];

interface Wanted {
  readonly topic: string;
  readonly partition: number;
  readonly fetchOffset: number;
}

/** Fetches what a member wants of the partitions that one broker leads, and gets over what can be got over. */
export class PartitionFetcher {
  private readonly settings: ConsumerSettings;
  private readonly group: GroupConsumer;
  /** Replicas that leaders have named to fetch from (KIP-392), and until when that holds. */
  private readonly readReplicas = new Map<string, { readonly nodeId: number; readonly untilMs: number }>();

  constructor(settings: ConsumerSettings, group: GroupConsumer) {
    this.settings = settings;
    this.group = group;
  }

  /** `busy` are partitions, as `topic partition`, whose last batch is still being worked on. Undefined when nothing is wanted. */
  async fetch(
    nodeId: number,
    busy: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<FetchedBatch[] | undefined> {
    try {
      await this.settings.cluster.refreshMetadataIfNecessary();
      this.group.checkForStaleAssignment();
      await this.group.settleOffsets();
      const wanted = this.wantedOf(nodeId, busy);
      if (wanted.length === 0) return undefined;
      return await this.ask(nodeId, wanted, signal);
    } catch (error) {
      if (signal.aborted) return [];
      await this.recover(error);
      return [];
    }
  }

  private wantedOf(nodeId: number, busy: ReadonlySet<string>): Wanted[] {
    const { cluster } = this.settings;
    const wanted: Wanted[] = [];
    for (const { topic, partitions } of this.group.subscriptions.active()) {
      for (const { partitionId: partition, leader, offlineReplicas } of cluster.findTopicPartitionMetadata(
        topic,
      )) {
        const key = `${topic} ${partition}`;
        if (!partitions.includes(partition) || busy.has(key)) continue;
        const replica = this.readReplicaOf(key);
        const source =
          replica === undefined || offlineReplicas?.includes(replica) === true ? leader : replica;
        const fetchOffset = this.group.nextOffset(topic, partition);
        if (source === nodeId && fetchOffset !== undefined) wanted.push({ topic, partition, fetchOffset });
      }
    }
    return wanted;
  }

  private readReplicaOf(key: string): number | undefined {
    const known = this.readReplicas.get(key);
    if (known === undefined) return undefined;
    if (this.settings.env.clock.nowMs() < known.untilMs) return known.nodeId;
    this.readReplicas.delete(key);
    return undefined;
  }

  private async ask(nodeId: number, wanted: readonly Wanted[], signal: AbortSignal): Promise<FetchedBatch[]> {
    const { cluster, maxWaitMs, minBytes, maxBytes, isolationLevel, rackId, maxBytesPerPartition } =
      this.settings;
    const answer = await cluster.request(
      nodeId,
      { request: FetchRequest, response: FetchResponse },
      (version) => ({
        maxWaitMs,
        minBytes,
        maxBytes,
        isolationLevel,
        topics: [...new Set(wanted.map(({ topic }) => topic))].map((topic) => ({
          topic,
          partitions: wanted
            .filter((each) => each.topic === topic)
            .map(({ partition, fetchOffset }) => ({
              partition,
              fetchOffset,
              partitionMaxBytes: maxBytesPerPartition,
            })),
        })),
        forgottenTopicsData: [],
        ...(version >= 11 ? { rackId } : {}),
      }),
      { versions: FETCH_VERSIONS, signal },
    );
    if (answer.errorCode !== ErrorCode.NONE) throw protocolError(answer.errorCode);
    const batches: FetchedBatch[] = [];
    for (const { topic, partitions } of answer.responses) {
      for (const fetched of partitions) {
        const { partitionIndex: partition } = fetched;
        const asked = wanted.find((each) => each.topic === topic && each.partition === partition);
        if (asked === undefined) continue;
        await this.check(topic, partition, fetched.errorCode);
        if (fetched.preferredReadReplica >= 0) this.prefer(topic, partition, fetched.preferredReadReplica);
        if (this.group.hasSeek(topic, partition) || this.group.subscriptions.isPaused(topic, partition))
          continue;
        batches.push(new FetchedBatch({ ...fetched, topic, partition, fetchOffset: asked.fetchOffset }));
      }
    }
    return batches;
  }

  private prefer(topic: string, partition: number, nodeId: number): void {
    const { env, cluster } = this.settings;
    const untilMs = env.clock.nowMs() + (cluster.options.metadataMaxAge ?? DEFAULT_PREFERENCE_MS);
    this.readReplicas.set(`${topic} ${partition}`, { nodeId, untilMs });
  }

  private async check(topic: string, partition: number, errorCode: number): Promise<void> {
    if (errorCode === ErrorCode.NONE) return;
    if (errorCode !== ErrorCode.OFFSET_OUT_OF_RANGE) throw protocolError(errorCode);
    // A replica may be behind the leader; then it is the leader's to say.
    if (this.readReplicas.delete(`${topic} ${partition}`)) return;
    const facts = { topic, partition, ...this.group.memberFacts };
    this.settings.logger
      .namespace('ConsumerGroup')
      .error('Offset out of range, resetting to default offset', facts);
    await this.group.resetOffset(topic, partition);
  }

  private async recover(error: unknown): Promise<void> {
    const { cluster, logger } = this.settings;
    if (hasType(error, ...STALE_METADATA)) {
      await cluster.refreshMetadata();
      await this.group.joinAndSync();
      return;
    }
    if (error instanceof KafkaJSStaleTopicMetadataAssignment) {
      logger.namespace('ConsumerGroup').warn(`${error.message}, resync group`, { topic: error.topic });
      await this.group.joinAndSync();
      return;
    }
    if (error instanceof KafkaJSConnectionError) {
      await cluster.refreshMetadata();
      return;
    }
    throw error;
  }
}
