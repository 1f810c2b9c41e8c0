import type { Env } from '../../env/env.ts';
import { ErrorCode } from '../../wire/kafka/errors.ts';
import { ListOffsetsRequest, ListOffsetsResponse } from '../../wire/kafka/messages/02-list-offsets.ts';
import type { Draft, Infer, Message } from '../../wire/kafka/schema/index.ts';
import { Cluster, type RequestOptions, type Target } from '../kafka/cluster/cluster.ts';
import type { ClusterMetadata, TopicInfo } from '../kafka/cluster/cluster-metadata.ts';
import type { ClusterOptions } from '../kafka/cluster/cluster-options.ts';
import type { ApiMessages } from '../kafka/network/broker-connection.ts';
import type { RequestObserver } from '../kafka/network/request-observer.ts';
import { EARLIEST_OFFSET, LATEST_OFFSET } from './constants.ts';
import { hasType } from './error-kinds.ts';
import { protocolError, throwIfCode, toKafkaJSError } from './error-types.ts';
import {
  KafkaJSConnectionError,
  KafkaJSError,
  KafkaJSNonRetriableError,
  KafkaJSTopicMetadataNotLoaded,
} from './errors.ts';
import { Bail, createRetrier, type Retrier } from './retrier.ts';
import type {
  BrokerMetadata,
  KafkaConfig,
  Logger,
  PartitionMetadata,
  RetryOptions,
  TopicOffsets,
} from './types/common.ts';
import type { CoordinatorMetadata, Cluster as KafkaJSCluster } from './types/consumer.ts';

/** Of the requests that a client sends, and how it takes metadata. */
export interface CompatClusterOptions {
  readonly config: KafkaConfig;
  readonly logger: Logger;
  readonly retry: RetryOptions | undefined;
  readonly metadataMaxAge?: number | undefined;
  readonly allowAutoTopicCreation: boolean;
  readonly isolationLevel: number;
  readonly observer: RequestObserver;
}

const DEFAULT_CLIENT_ID = 'kafkajs';
const DEFAULT_METADATA_MAX_AGE_MS = 300_000;
const DEFAULT_CONNECTION_TIMEOUT_MS = 1000;
const DEFAULT_REQUEST_TIMEOUT_MS = 30_000;
/** For requests that are never late (`enforceRequestTimeout: false`): a day. */
const NEVER_MS = 86_400_000;
/** One offset for each timestamp. */
const LIST_OFFSETS_VERSIONS = { min: 1, max: 7 };

/** The options of our clients that say the same as kafkajs's. */
export function clusterOptions(options: CompatClusterOptions, brokers: readonly string[]): ClusterOptions {
  const { config } = options;
  const requestTimeoutMs =
    config.enforceRequestTimeout === false ? NEVER_MS : (config.requestTimeout ?? DEFAULT_REQUEST_TIMEOUT_MS);
  return {
    bootstrapServers: brokers,
    clientId: config.clientId ?? DEFAULT_CLIENT_ID,
    connectTimeoutMs: config.connectionTimeout ?? DEFAULT_CONNECTION_TIMEOUT_MS,
    requestTimeoutMs,
    metadataMaxAgeMs: options.metadataMaxAge ?? DEFAULT_METADATA_MAX_AGE_MS,
    observer: options.observer,
  };
}

/** The addresses of a configuration. Rejects with a KafkaJSNonRetriableError when there are none that can be. */
async function brokersOf({ brokers }: KafkaConfig): Promise<string[]> {
  let found: unknown;
  try {
    found = typeof brokers === 'function' ? await brokers() : brokers;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new KafkaJSConnectionError(`Failed to connect: "config.brokers" threw: ${text}`);
  }
  if (!Array.isArray(found))
    throw new KafkaJSNonRetriableError('Failed to connect: brokers should be an array');
  if (found.length === 0) throw new KafkaJSNonRetriableError('Failed to connect: brokers array is empty');
  const strange = found.findIndex((broker) => typeof broker !== 'string' || broker === '');
  if (strange < 0) return found;
  throw new KafkaJSNonRetriableError(
    `Failed to connect: broker at index ${strange} is invalid "${typeof found[strange]}"`,
  );
}

/**
 * A cluster as the parts of the façade, and assigners written for kafkajs, ask it: one of ours behind kafkajs's calls,
 * with errors and metadata in its shapes. Connecting again after `disconnect` makes a new one.
 */
export class CompatCluster implements KafkaJSCluster {
  readonly env: Env;
  readonly options: CompatClusterOptions;
  readonly targetTopics = new Set<string>();
  private readonly retrier: Retrier;
  private cluster: Cluster | undefined;
  /** The addresses that it was connected by last. */
  private addresses: readonly string[] = [];
  private connecting: Promise<void> | undefined;
  /** When the metadata of all topics was had last, on the monotonic clock. */
  private refreshedAtMs = Number.NEGATIVE_INFINITY;

  constructor(env: Env, options: CompatClusterOptions) {
    this.env = env;
    this.options = options;
    this.retrier = createRetrier(env, options.retry);
  }

  get brokers(): readonly string[] {
    return this.addresses;
  }

  isConnected(): boolean {
    return this.cluster !== undefined;
  }

  connect(): Promise<void> {
    if (this.cluster !== undefined) return Promise.resolve();
    this.connecting ??= this.open().finally(() => {
      this.connecting = undefined;
    });
    return this.connecting;
  }

  async disconnect(): Promise<void> {
    await this.connecting?.catch(() => undefined);
    this.cluster?.close();
    this.cluster = undefined;
  }

  /** Sends a request and gives the answer; what fails on the way rejects as kafkajs would. */
  async request<Q extends Message, R extends Message>(
    target: Target,
    messages: ApiMessages<Q, R>,
    body: Draft<Q> | ((version: number) => Draft<Q>),
    options: RequestOptions = {},
  ): Promise<Infer<R>> {
    try {
      return await this.live.request(target, messages, body, options);
    } catch (error) {
      throw toKafkaJSError(error);
    }
  }

  /** Forgets the coordinator of a group when this error says that it is another. */
  coordinatorMoved(groupId: string, errorCode: number): void {
    this.cluster?.coordinatorMoved('group', groupId, errorCode);
  }

  async refreshMetadata(): Promise<void> {
    await this.askTopics([...this.targetTopics]);
  }

  async refreshMetadataIfNecessary(): Promise<void> {
    const { topics } = this.known;
    const isMissing =
      this.known.brokers.size === 0 || [...this.targetTopics].some((name) => !topics.has(name));
    if (isMissing || this.isOld) await this.refreshMetadata();
  }

  addTargetTopic(topic: string): Promise<void> {
    return this.addMultipleTargetTopics([topic]);
  }

  /** Topics to know of from now on. One that cannot be had is not kept. */
  async addMultipleTargetTopics(topics: string[]): Promise<void> {
    const fresh = topics.filter((topic) => !this.targetTopics.has(topic));
    for (const topic of fresh) this.targetTopics.add(topic);
    if (fresh.length === 0 && this.known.brokers.size > 0) return;
    try {
      await this.refreshMetadata();
    } catch (error) {
      if (
        hasType(error, 'INVALID_TOPIC_EXCEPTION', 'UNKNOWN_TOPIC_OR_PARTITION', 'TOPIC_AUTHORIZATION_FAILED')
      ) {
        for (const topic of fresh) this.targetTopics.delete(topic);
      }
      throw error;
    }
  }

  /** Metadata of these topics, or of all; rejects while one has no leader yet. */
  async metadata({
    topics = [],
  }: {
    topics?: readonly string[];
  } = {}): Promise<BrokerMetadata & { clusterId: string; controllerId: number }> {
    return this.retrier(async () => {
      try {
        const found = await this.askMetadata(topics.length === 0 ? null : topics);
        const names = topics.length === 0 ? [...found.topics.keys()] : topics;
        return {
          brokers: [...found.brokers.values()].map(({ id, host, port, rack }) => ({
            nodeId: id,
            host,
            port,
            ...(rack !== null && { rack }),
          })),
          clusterId: found.clusterId ?? '',
          controllerId: found.controllerId,
          topicMetadata: names.map((topic) => ({
            topicErrorCode: 0,
            topic,
            partitionMetadata: partitionsOf(found.topics.get(topic)),
          })),
        };
      } catch (error) {
        if (hasType(error, 'LEADER_NOT_AVAILABLE')) throw error;
        throw new Bail(error);
      }
    });
  }

  getNodeIds(): number[] {
    return [...this.known.brokers.keys()];
  }

  get controllerId(): number {
    return this.known.controllerId;
  }

  findTopicPartitionMetadata(topic: string): PartitionMetadata[] {
    if (this.known.brokers.size === 0) {
      throw new KafkaJSTopicMetadataNotLoaded('Topic metadata not loaded', { topic });
    }
    return partitionsOf(this.known.topics.get(topic));
  }

  findLeaderForPartitions(topic: string, partitions: readonly number[]): { [leader: string]: number[] } {
    const byLeader: { [leader: string]: number[] } = {};
    for (const { partitionId, leader } of this.findTopicPartitionMetadata(topic)) {
      if (partitions.map(Number).includes(partitionId)) {
        byLeader[leader] = [...(byLeader[leader] ?? []), partitionId];
      }
    }
    return byLeader;
  }

  async findGroupCoordinatorMetadata({ groupId }: { groupId: string }): Promise<CoordinatorMetadata> {
    const nodeId = await this.coordinatorOf(groupId);
    const node = this.known.brokers.get(nodeId);
    return { errorCode: 0, coordinator: { nodeId, host: node?.host ?? '', port: node?.port ?? -1 } };
  }

  /** The broker that coordinates a group, asked for again while there is none. */
  coordinatorOf(groupId: string): Promise<number> {
    return this.retrier(async () => {
      try {
        return await this.live.coordinatorOf('group', groupId);
      } catch (thrown) {
        const error = toKafkaJSError(thrown);
        if (hasType(error, 'GROUP_COORDINATOR_NOT_AVAILABLE') || (error as KafkaJSError).retriable)
          throw error;
        throw new Bail(error);
      }
    });
  }

  defaultOffset({ fromBeginning }: { fromBeginning: boolean }): number {
    return fromBeginning ? EARLIEST_OFFSET : LATEST_OFFSET;
  }

  /** The offsets at a time, or at an end, of partitions by their leaders. */
  async fetchTopicsOffset(
    topics: readonly {
      topic: string;
      partitions: readonly { partition: number }[];
      fromBeginning?: boolean | undefined;
      fromTimestamp?: number | undefined;
    }[],
  ): Promise<TopicOffsets[]> {
    return Promise.all(
      topics.map(async ({ topic, partitions, fromBeginning = false, fromTimestamp }) => {
        const timestamp = fromTimestamp ?? this.defaultOffset({ fromBeginning });
        const byLeader = this.findLeaderForPartitions(
          topic,
          partitions.map(({ partition }) => partition),
        );
        const found = await Promise.all(
          Object.entries(byLeader).map(([leader, led]) =>
            this.listOffsets(Number(leader), topic, led, timestamp),
          ),
        );
        return { topic, partitions: found.flat() };
      }),
    );
  }

  private async listOffsets(
    leader: number,
    topic: string,
    partitions: readonly number[],
    timestamp: number,
  ): Promise<{ partition: number; offset: string }[]> {
    const messages = { request: ListOffsetsRequest, response: ListOffsetsResponse };
    const { topics } = await this.request(
      leader,
      messages,
      (version) => ({
        replicaId: -1,
        ...(version >= 2 ? { isolationLevel: this.options.isolationLevel } : {}),
        topics: [
          {
            name: topic,
            partitions: partitions.map((partitionIndex) => ({ partitionIndex, timestamp })),
          },
        ],
      }),
      { versions: LIST_OFFSETS_VERSIONS },
    );
    return (topics[0]?.partitions ?? []).map(({ partitionIndex, errorCode, offset }) => {
      throwIfCode(errorCode);
      return { partition: partitionIndex, offset: String(offset) };
    });
  }

  /** Throws a KafkaJSError while there is no connection. */
  private get live(): Cluster {
    if (this.cluster === undefined)
      throw new KafkaJSError('The client is not connected: call connect() first');
    return this.cluster;
  }

  private get known(): ClusterMetadata {
    return this.live.metadata;
  }

  private get isOld(): boolean {
    const maxAgeMs = this.options.metadataMaxAge ?? DEFAULT_METADATA_MAX_AGE_MS;
    return this.env.clock.monotonicMs() - this.refreshedAtMs >= maxAgeMs;
  }

  private async open(): Promise<void> {
    const { logger } = this.options;
    this.addresses = await brokersOf(this.options.config);
    await this.retrier(async ({ retryCount, retryTime }) => {
      if (retryCount > 0) this.addresses = await brokersOf(this.options.config);
      const cluster = new Cluster(this.env, clusterOptions(this.options, this.addresses));
      try {
        await cluster.askMetadata([], false);
        this.cluster = cluster;
      } catch (thrown) {
        cluster.close();
        const error = toKafkaJSError(thrown);
        logger
          .namespace('BrokerPool')
          .error(`Failed to connect to seed broker, trying another broker from the list: ${error.message}`, {
            retryCount,
            retryTime,
          });
        throw error;
      }
    });
  }

  /** Metadata of these topics, asked for again while they have no leaders. */
  askTopics(topics: readonly string[]): Promise<ClusterMetadata> {
    return this.retrier(async () => {
      try {
        const found = await this.askMetadata(topics);
        this.refreshedAtMs = this.env.clock.monotonicMs();
        return found;
      } catch (error) {
        if (hasType(error, 'LEADER_NOT_AVAILABLE') || isOfNetwork(error)) throw error;
        throw new Bail(error);
      }
    });
  }

  /** Rejects with the error of the first topic, or partition, that has one. */
  private async askMetadata(topics: readonly string[] | null): Promise<ClusterMetadata> {
    let found: ClusterMetadata;
    try {
      found = await this.live.askMetadata(topics, topics !== null && this.options.allowAutoTopicCreation);
    } catch (error) {
      throw toKafkaJSError(error);
    }
    for (const topic of topics ?? []) {
      const code = found.topicErrors.get(topic);
      // A topic that is just being created has neither partitions nor an error.
      if (code !== undefined) throw protocolError(code);
      const leaderless = found.topics.get(topic)?.partitions.some(({ leader }) => leader < 0);
      if (leaderless === true) throw protocolError(ErrorCode.LEADER_NOT_AVAILABLE);
    }
    return found;
  }
}

function partitionsOf(topic: TopicInfo | undefined): PartitionMetadata[] {
  return (topic?.partitions ?? []).map(({ partition, leader, replicas, isr, offlineReplicas }) => ({
    partitionErrorCode: leader < 0 ? ErrorCode.LEADER_NOT_AVAILABLE : 0,
    partitionId: partition,
    leader,
    replicas: [...replicas],
    isr: [...isr],
    offlineReplicas: [...offlineReplicas],
  }));
}

function isOfNetwork(error: unknown): boolean {
  return error instanceof KafkaJSError && error.retriable && !hasType(error, 'UNKNOWN_TOPIC_OR_PARTITION');
}
