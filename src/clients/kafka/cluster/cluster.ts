import { unlessAborted } from '../../../base/unless-aborted.ts';
import type { Env } from '../../../env/env.ts';
import { ErrorCode } from '../../../wire/kafka/errors.ts';
import { MetadataRequest, MetadataResponse } from '../../../wire/kafka/messages/03-metadata.ts';
import {
  FindCoordinatorRequest,
  FindCoordinatorResponse,
} from '../../../wire/kafka/messages/10-find-coordinator.ts';
import {
  type Draft,
  type Infer,
  type Message,
  UnsupportedVersionError,
} from '../../../wire/kafka/schema/index.ts';
import { BrokerError, isKafkaError, isRetriable, KafkaError, throwIfError } from '../kafka-error.ts';
import type { ApiMessages } from '../network/broker-connection.ts';
import { NetworkError } from '../network/network-error.ts';
import { backoffMs } from './backoff.ts';
import { BrokerPool, type Channel, firstReachable, type OpenConnection } from './broker-pool.ts';
import { type BrokerNode, ClusterMetadata, type NewLeader, type TopicInfo } from './cluster-metadata.ts';
import { type ClusterOptions, type ClusterSettings, clusterSettings } from './cluster-options.ts';
import { metadataAfter } from './metadata-after.ts';
import { pause } from './pause.ts';

export type CoordinatorType = 'group' | 'transaction' | 'share';

const COORDINATOR_KEY_TYPES: Readonly<Record<CoordinatorType, number>> = {
  group: 0,
  transaction: 1,
  share: 2,
};

/** Errors that say: this broker does not coordinate the key, or not any more. */
const COORDINATOR_MOVED: ReadonlySet<number> = new Set([
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
]);

/** Whom a request is for: a broker by its id, any broker, the controller, or the coordinator of a key. */
export type Target =
  | number
  | 'any'
  | 'controller'
  | { readonly coordinator: CoordinatorType; readonly key: string };

export interface RequestOptions {
  /** How long the answer may take. Default `requestTimeoutMs`. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** The versions that the caller can make use of. Default: all that the schema has. */
  readonly versions?: { readonly min: number; readonly max: number };
  /** Default: `coordinator` for coordinators, otherwise `data`. */
  readonly channel?: Channel;
}

export interface RetryOptions {
  /** Default `apiTimeoutMs`. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Which failures pass. Default: those that are `retriable`. */
  readonly isTransient?: (error: unknown) => boolean;
}

export interface TopicOptions extends RetryOptions {
  /** Whether the brokers may create a topic that is not there, where their configuration allows it. Default false. */
  readonly allowAutoCreate?: boolean;
}

/** An answer, and in which version and by whom it was given. */
export interface Answered<R> {
  readonly response: R;
  readonly version: number;
  readonly nodeId: number | undefined;
}

/**
 * One client's view of a cluster: connections to its brokers, what is known of topics and leaders, who coordinates
 * what. Producer, consumer and admin client are built upon it.
 *
 * Nothing is tried again unless by {@link retry}: a request fails with what went wrong, and what is known to be
 * outdated then is forgotten, so that the next attempt asks anew.
 */
export class Cluster {
  readonly env: Env;
  readonly settings: ClusterSettings;
  private readonly pool: BrokerPool;
  private known = ClusterMetadata.EMPTY;
  /** Topics that every refresh asks for; `undefined` for all of the cluster. */
  private tracked: Set<string> | undefined = new Set();
  private refreshing: Promise<ClusterMetadata> | undefined;
  private refreshedAtMs = Number.NEGATIVE_INFINITY;
  private readonly coordinators = new Map<string, number>();
  private readonly listeners = new Set<(metadata: ClusterMetadata) => void>();
  private closed = false;

  /** Connects when the first request is made. Throws a {@link KafkaError} of code INVALID_ARGUMENT. */
  constructor(env: Env, options: ClusterOptions) {
    this.env = env;
    this.settings = clusterSettings(options);
    this.pool = new BrokerPool(env, this.settings);
  }

  /** What was heard last; empty before the first answer. */
  get metadata(): ClusterMetadata {
    return this.known;
  }

  get isClosed(): boolean {
    return this.closed;
  }

  /** The level of a feature such as `transaction.version` (KIP-584); 0 while no broker told of one. */
  finalizedFeature(name: string): number {
    return this.pool.features?.get(name) ?? 0;
  }

  /** Calls back with every new metadata until the returned function is called. */
  onMetadata(listener: (metadata: ClusterMetadata) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The topics that refreshes ask for, besides those asked for by name meanwhile; 'all' for all of the cluster. */
  track(topics: Iterable<string> | 'all'): void {
    this.tracked = topics === 'all' ? undefined : new Set(topics);
  }

  /** Metadata that is not older than `metadataMaxAgeMs`. */
  async freshMetadata(options: RetryOptions = {}): Promise<ClusterMetadata> {
    const ageMs = this.env.clock.monotonicMs() - this.refreshedAtMs;
    return ageMs < this.settings.metadataMaxAgeMs ? this.known : this.retry(() => this.refresh(), options);
  }

  /** Asks for the metadata of all tracked topics. Calls at the same time share one request. */
  refresh(): Promise<ClusterMetadata> {
    this.refreshing ??= this.askMetadata(
      this.tracked === undefined ? null : [...this.tracked],
      false,
    ).finally(() => {
      this.refreshing = undefined;
    });
    return this.refreshing;
  }

  /** Metadata of these topics and no others (null: of all), whatever is tracked. Fails for none of them: see `topicErrors`. */
  askMetadata(topics: readonly string[] | null, allowAutoTopicCreation: boolean): Promise<ClusterMetadata> {
    return this.takeMetadata(topics, allowAutoTopicCreation);
  }

  /**
   * A topic, known already or asked for until it is there. Rejects with its {@link BrokerError} when it cannot be
   * had, after `timeoutMs` for one that may still come, such as UNKNOWN_TOPIC_OR_PARTITION.
   */
  async topic(name: string, options: TopicOptions = {}): Promise<TopicInfo> {
    const known = this.known.topics.get(name);
    if (known !== undefined) return known;
    this.tracked?.add(name);
    return this.retry(async () => {
      const metadata = await this.askMetadata([name], options.allowAutoCreate ?? false);
      throwIfError(metadata.topicErrors.get(name) ?? ErrorCode.NONE, `topic ${name}`);
      const topic = metadata.topics.get(name);
      if (topic === undefined) {
        throw new BrokerError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `topic ${name}`);
      }
      return topic;
    }, options);
  }

  /** Sends a request to its target and gives the answer, whatever errors stand in that. Rejects with a {@link KafkaError}. */
  async request<Q extends Message, R extends Message>(
    target: Target,
    messages: ApiMessages<Q, R>,
    body: Draft<Q> | ((version: number) => Draft<Q>),
    options: RequestOptions = {},
  ): Promise<Infer<R>> {
    return (await this.ask(target, messages, body, options)).response;
  }

  /** As {@link request}, with the version that was spoken and the broker that answered. */
  async ask<Q extends Message, R extends Message>(
    target: Target,
    messages: ApiMessages<Q, R>,
    body: Draft<Q> | ((version: number) => Draft<Q>),
    options: RequestOptions = {},
  ): Promise<Answered<Infer<R>>> {
    const { signal, timeoutMs } = options;
    signal?.throwIfAborted();
    const nodeId = await unlessAborted(this.nodeOf(target), signal);
    const channel = options.channel ?? (typeof target === 'object' ? 'coordinator' : 'data');
    try {
      const { connection, versions } = await unlessAborted(this.connect(nodeId, channel), signal);
      const version = versions.highest(messages.request, options.versions);
      const draft = typeof body === 'function' ? (body as (version: number) => Draft<Q>)(version) : body;
      const answer = connection.request(
        messages,
        version,
        draft,
        timeoutMs === undefined ? {} : { timeoutMs },
      );
      return { response: await unlessAborted(answer, signal), version, nodeId };
    } catch (error) {
      if (error instanceof UnsupportedVersionError) throw new NetworkError('unsupported', error.message);
      if (typeof target === 'object' && isKafkaError(error, 'BROKER_NOT_AVAILABLE')) {
        // It has died since: another will coordinate the key.
        this.forget(target);
        const what = `the ${target.coordinator} coordinator of ${target.key}`;
        throw new BrokerError(ErrorCode.COORDINATOR_NOT_AVAILABLE, what, error.message);
      }
      if (error instanceof NetworkError && error.retriable) {
        if (typeof target === 'object') this.forget(target);
        else if (target === 'controller') this.forgetController();
      }
      throw error;
    }
  }

  /** The connection to a broker, for those who pipeline. Rejects with a {@link NetworkError} or BROKER_NOT_AVAILABLE. */
  async connectTo(nodeId: number, channel: Channel = 'data'): Promise<OpenConnection> {
    return this.connect(nodeId, channel);
  }

  /** Rejects with a {@link NetworkError} of kind `unsupported` when the brokers do not serve a request at all. */
  async requireServed(request: Message): Promise<void> {
    const { versions } = await this.connect(undefined, 'data');
    versions.highest(request);
  }

  /**
   * Forgets who coordinates a key when an error code of its answer says that it is not that broker: the next request
   * finds it anew. Returns whether it did.
   */
  coordinatorMoved(coordinator: CoordinatorType, key: string, errorCode: number): boolean {
    if (!COORDINATOR_MOVED.has(errorCode)) return false;
    this.forget({ coordinator, key });
    return true;
  }

  /** Has the next request to the controller ask who that is. */
  forgetController(): void {
    this.known = this.known.withoutController();
  }

  /** The broker that coordinates a key. Rejects with a {@link BrokerError}. */
  async coordinatorOf(coordinator: CoordinatorType, key: string): Promise<number> {
    const id = `${coordinator} ${key}`;
    const known = this.coordinators.get(id);
    if (known !== undefined) return known;
    const keyType = COORDINATOR_KEY_TYPES[coordinator];
    const response = await this.request(
      'any',
      { request: FindCoordinatorRequest, response: FindCoordinatorResponse },
      (version) => {
        if (version >= 4) return { keyType, coordinatorKeys: [key] };
        return version >= 1 ? { key, keyType } : { key };
      },
      { versions: { min: coordinator === 'group' ? 0 : 1, max: FindCoordinatorRequest.versions.max } },
    );
    const found = response.coordinators[0] ?? response;
    throwIfError(found.errorCode, `the ${coordinator} coordinator of ${key}`, found.errorMessage);
    const { nodeId, host, port } = found;
    // A coordinator may be younger than the metadata.
    if (!this.known.brokers.has(nodeId)) this.learnBroker({ id: nodeId, host, port, rack: null });
    this.coordinators.set(id, nodeId);
    return nodeId;
  }

  /** Repeats an attempt with growing pauses while its failures pass, until `timeoutMs` are over; then its last failure. */
  async retry<T>(attempt: () => Promise<T>, options: RetryOptions = {}): Promise<T> {
    const { clock, random, timers } = this.env;
    const { retryBackoffMs, retryBackoffMaxMs, apiTimeoutMs } = this.settings;
    const isTransient = options.isTransient ?? isRetriable;
    const endMs = clock.monotonicMs() + (options.timeoutMs ?? apiTimeoutMs);
    for (let failures = 1; ; failures++) {
      options.signal?.throwIfAborted();
      try {
        return await attempt();
      } catch (error) {
        const leftMs = endMs - clock.monotonicMs();
        if (!isTransient(error) || leftMs <= 0 || this.closed) throw error;
        const waitMs = backoffMs(random, retryBackoffMs, retryBackoffMaxMs, failures);
        await pause(timers, Math.min(waitMs, leftMs), options.signal);
      }
    }
  }

  /** Takes in leaders that an answer has told of (KIP-951), and the brokers that they are. */
  learnLeaders(leaders: readonly NewLeader[], nodes: readonly BrokerNode[]): void {
    this.known = this.known.withLeaders(leaders, nodes);
    this.tellListeners();
  }

  /** Closes all connections; what is under way rejects. */
  close(): void {
    this.closed = true;
    this.pool.close();
    this.listeners.clear();
  }

  private async takeMetadata(
    topics: readonly string[] | null,
    autoCreate: boolean,
  ): Promise<ClusterMetadata> {
    const response = await this.request(
      'any',
      { request: MetadataRequest, response: MetadataResponse },
      (version) => ({
        // Version 0 says all topics by an empty list, and cannot ask for none.
        topics: topics === null ? (version === 0 ? [] : null) : topics.map((name) => ({ name })),
        ...(version >= 4 ? { allowAutoTopicCreation: autoCreate } : {}),
      }),
    );
    throwIfError(response.errorCode, 'metadata of the cluster');
    const asked = topics === null ? undefined : new Set(topics);
    this.known = metadataAfter(this.known, response, (topic) => asked !== undefined && !asked.has(topic));
    if (topics === null || topics.length === this.tracked?.size) {
      this.refreshedAtMs = this.env.clock.monotonicMs();
    }
    this.tellListeners();
    return this.known;
  }

  private async nodeOf(target: Target): Promise<number | undefined> {
    if (typeof target === 'number') return target;
    if (target === 'any') return undefined;
    if (typeof target === 'object') return this.coordinatorOf(target.coordinator, target.key);
    const known = this.known.controllerId;
    if (known >= 0 && this.known.brokers.has(known)) return known;
    const { controllerId } = await this.refresh();
    if (controllerId >= 0) return controllerId;
    throw new BrokerError(ErrorCode.NOT_CONTROLLER, 'the cluster has no controller at the moment');
  }

  private async connect(nodeId: number | undefined, channel: Channel): Promise<OpenConnection> {
    if (this.closed) throw new KafkaError('CLOSED', 'the client is closed');
    if (nodeId === undefined) return this.connectToAny();
    const node = this.known.brokers.get(nodeId) ?? (await this.refresh()).brokers.get(nodeId);
    if (node !== undefined) return this.pool.toBroker(node, channel);
    throw new BrokerError(ErrorCode.BROKER_NOT_AVAILABLE, `broker ${nodeId}`, 'no such broker is alive');
  }

  /** The least busy broker that is connected; else one that may be connected to; else the bootstrap servers again. */
  private async connectToAny(): Promise<OpenConnection> {
    const nodes = [...this.known.brokers.values()];
    const connected = nodes
      .map((node) => ({ node, load: this.pool.loadOf(node) }))
      .filter((entry): entry is { node: BrokerNode; load: number } => entry.load !== undefined)
      .sort((a, b) => a.load - b.load)[0];
    if (connected !== undefined) return this.pool.toBroker(connected.node, 'data');
    const candidates = nodes.filter((node) => !this.pool.isBackingOff(node));
    while (candidates.length > 0) {
      const [node] = candidates.splice(this.env.random.below(candidates.length), 1);
      if (node === undefined) break;
      try {
        return await this.pool.toBroker(node, 'data');
      } catch (error) {
        if (!(error instanceof NetworkError)) throw error;
      }
    }
    return firstReachable(this.env, this.pool, this.settings.bootstrap);
  }

  private tellListeners(): void {
    for (const listener of [...this.listeners]) listener(this.known);
  }

  private learnBroker(node: BrokerNode): void {
    this.known = this.known.withBroker(node);
  }

  private forget(target: { readonly coordinator: CoordinatorType; readonly key: string }): void {
    this.coordinators.delete(`${target.coordinator} ${target.key}`);
  }
}
