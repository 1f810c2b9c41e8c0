import { unlessAborted } from '../../../base/unless-aborted.ts';
import { ErrorCode } from '../../../wire/kafka/errors.ts';
import type { Draft, Infer, Message } from '../../../wire/kafka/schema/index.ts';
import { backoffMs } from '../cluster/backoff.ts';
import type { Answered, Cluster, CoordinatorType, Target } from '../cluster/cluster.ts';
import type { TopicPartition } from '../cluster/cluster-metadata.ts';
import { pause } from '../cluster/pause.ts';
import { BrokerError, isKafkaError, KafkaError } from '../kafka-error.ts';
import type { ApiMessages } from '../network/broker-connection.ts';
import type { CallOptions } from './call-options.ts';
import { gatheredResults, type ItemResults, itemResults, partitionKey } from './item-results.ts';

export type Outcomes<K, V> = ReadonlyMap<K, V | KafkaError>;

/** Asks one broker about some items. What it throws, which is how sending and routing fail, counts for all of them. */
export type AskItems<K, T, V> = (target: Target, items: ReadonlyMap<K, T>) => Promise<Outcomes<K, V>>;

/** Where each item goes. */
interface Route<K, T> {
  /** Asked before each attempt: the target of each item, or why there is none at the moment. */
  targets(items: ReadonlyMap<K, T>): Promise<ReadonlyMap<K, Target | KafkaError>>;
  /** An item failed and is to be tried again: forgets what proved outdated. */
  failed?(key: K, error: KafkaError): void;
}

interface Attempted<V> {
  readonly outcome: V | KafkaError;
  readonly passes: boolean;
}

/** Whether an error in an answer passes. */
type Passes = (error: BrokerError) => boolean;

const passesAtController: Passes = ({ code }) =>
  code === 'NOT_CONTROLLER' || code === 'THROTTLING_QUOTA_EXCEEDED';
const passesWithoutQuota: Passes = ({ code }) => code === 'NOT_CONTROLLER';
const passesAtLeader: Passes = ({ retriable }) => retriable;
const passesAtCoordinator: Passes = ({ code }) =>
  code === 'COORDINATOR_LOAD_IN_PROGRESS' ||
  code === 'COORDINATOR_NOT_AVAILABLE' ||
  code === 'NOT_COORDINATOR';

/** Of the time that an answer may take, what the broker may take. */
const BROKER_SHARE = 0.9;

/** Which versions of a request the caller can make use of. Default: all of the schema. */
export interface Versions {
  readonly min?: number | undefined;
  readonly max?: number;
}

/**
 * One call of an admin client: its time, its signal, and who is asked. Items that fail for a reason that passes are
 * asked about again, with growing pauses, until the time is over; the others keep their outcome. Which failures pass:
 * those of routing and sending that are `retriable`, and of the errors in answers those that the route knows by.
 */
export class AdminCall {
  readonly cluster: Cluster;
  private readonly signal: AbortSignal | undefined;
  private readonly endMs: number;
  private throttledUntilMs = Number.NEGATIVE_INFINITY;

  constructor(cluster: Cluster, { timeoutMs, signal }: CallOptions) {
    this.cluster = cluster;
    this.signal = signal;
    this.endMs = cluster.env.clock.monotonicMs() + (timeoutMs ?? cluster.settings.apiTimeoutMs);
  }

  /** How long the answer to a request of this call may take now. */
  get requestTimeoutMs(): number {
    return Math.max(1, Math.min(this.cluster.settings.requestTimeoutMs, Math.ceil(this.leftMs())));
  }

  /**
   * What requests tell the broker of how long it may take: a little less, so that its word that the time was too short
   * is still heard. Without it a change that has been begun would be asked for again, and refused as made already.
   */
  get brokerTimeoutMs(): number {
    return Math.ceil(this.requestTimeoutMs * BROKER_SHARE);
  }

  /** Sends a request. Rejects with a {@link KafkaError}. */
  async ask<Q extends Message, R extends Message>(
    target: Target,
    messages: ApiMessages<Q, R>,
    body: Draft<Q> | ((version: number) => Draft<Q>),
    { min, max }: Versions = {},
  ): Promise<Answered<Infer<R>>> {
    const { versions } = messages.request;
    const answered = await this.cluster.ask(target, messages, body, {
      signal: this.signal,
      timeoutMs: this.requestTimeoutMs,
      versions: { min: min ?? versions.min, max: max ?? versions.max },
      channel: 'data',
    });
    const { throttleTimeMs = 0 } = answered.response as { readonly throttleTimeMs?: number };
    if (throttleTimeMs > 0) this.throttledUntilMs = this.cluster.env.clock.monotonicMs() + throttleTimeMs;
    return answered;
  }

  /** As {@link ask}, without version and broker. */
  async request<Q extends Message, R extends Message>(
    target: Target,
    messages: ApiMessages<Q, R>,
    body: Draft<Q> | ((version: number) => Draft<Q>),
    versions?: Versions,
  ): Promise<Infer<R>> {
    return (await this.ask(target, messages, body, versions)).response;
  }

  /** Something that succeeds or fails as a whole, repeated while its failures are `retriable`. */
  whole<T>(attempt: () => Promise<T>): Promise<T> {
    let before: unknown;
    const attemptAndLearn = async (): Promise<T> => {
      try {
        return await attempt();
      } catch (error) {
        if (isKafkaError(error, 'NOT_CONTROLLER')) this.cluster.forgetController();
        // The last attempt has next to no time for its answer: what failed before says more.
        if (this.leftMs() <= 0 && isKafkaError(error, 'TIMED_OUT')) throw before ?? error;
        before = error;
        throw error;
      }
    };
    return this.cluster.retry(attemptAndLearn, { timeoutMs: this.leftMs(), signal: this.signal });
  }

  /** One request to the controller for all items. */
  toController<K, T, V>(
    items: ReadonlyMap<K, T>,
    ask: AskItems<K, T, V>,
    options: { readonly retryOnQuotaViolation?: boolean | undefined } = {},
  ): ItemResults<K, V> {
    const passes = options.retryOnQuotaViolation === false ? passesWithoutQuota : passesAtController;
    return itemResults(this.settle(items, this.sameFor('controller'), ask, passes));
  }

  /** One request to any broker for all items. */
  toAny<K, T, V>(items: ReadonlyMap<K, T>, ask: AskItems<K, T, V>): ItemResults<K, V> {
    return itemResults(this.settle(items, this.sameFor('any'), ask, passesAtController));
  }

  /** To each item the broker that `brokerOf` says. */
  toBrokers<K, T, V>(
    items: ReadonlyMap<K, T>,
    brokerOf: (item: T) => Target,
    ask: AskItems<K, T, V>,
  ): ItemResults<K, V> {
    const route = { targets: async (open: ReadonlyMap<K, T>) => mapValues(open, brokerOf) };
    return itemResults(this.settle(items, route, ask, passesAtController));
  }

  /** To each broker of the cluster. `gather` makes of the answers, broker by broker, what the caller awaits. */
  toAllBrokers<V, All>(
    ask: (brokerId: number) => Promise<V>,
    gather: (values: ReadonlyMap<number, V>) => All,
  ): ItemResults<number, V, All> {
    const settleAll = async (): Promise<Outcomes<number, V>> => {
      const { brokers } = await this.whole(() => this.cluster.refresh());
      const items = new Map([...brokers.keys()].sort((a, b) => a - b).map((id) => [id, id] as const));
      const route = { targets: async (open: ReadonlyMap<number, number>) => open };
      const askOne = async (_: Target, asked: ReadonlyMap<number, number>): Promise<Map<number, V>> => {
        const answers = [...asked.keys()].map(async (id): Promise<[number, V]> => [id, await ask(id)]);
        return new Map(await Promise.all(answers));
      };
      return this.settle(items, route, askOne, () => false);
    };
    return gatheredResults(settleAll(), gather);
  }

  /** To each partition its leader, which is looked up before each attempt. Keys are {@link partitionKey}s. */
  toLeaders<T extends TopicPartition, V>(
    partitions: readonly T[],
    ask: AskItems<string, T, V>,
  ): ItemResults<string, V> {
    const items = new Map(partitions.map((partition) => [partitionKey(partition), partition]));
    const route = { targets: (open: ReadonlyMap<string, T>) => this.leadersOf(open) };
    return itemResults(this.settle(items, route, ask, passesAtLeader));
  }

  /**
   * To each key (group, transactional id) its coordinator; those that share one share a request. `alsoPasses` says
   * which errors pass besides those that are about the coordinator, `needs` what brokers have to serve: those that
   * have no transactions would be asked for coordinators in vain until the time is over.
   */
  toCoordinators<T, V>(
    coordinator: CoordinatorType,
    items: ReadonlyMap<string, T>,
    ask: AskItems<string, T, V>,
    { alsoPasses = () => false, needs }: { readonly alsoPasses?: Passes; readonly needs?: Message } = {},
  ): ItemResults<string, V> {
    const passes: Passes = (error) => passesAtCoordinator(error) || alsoPasses(error);
    const route = this.coordinatorRoute<T>(coordinator, (key) => key);
    const targets: Route<string, T>['targets'] = async (open) => {
      if (needs !== undefined) await this.cluster.requireServed(needs);
      return route.targets(open);
    };
    return itemResults(this.settle(items, { ...route, targets }, ask, passes));
  }

  /** All items to the coordinator of one key. */
  toCoordinatorOf<T, V>(
    group: { readonly coordinator: CoordinatorType; readonly key: string },
    items: ReadonlyMap<string, T>,
    ask: AskItems<string, T, V>,
    alsoPasses: Passes = () => false,
  ): ItemResults<string, V> {
    const passes: Passes = (error) => passesAtCoordinator(error) || alsoPasses(error);
    const route = this.coordinatorRoute<T>(group.coordinator, () => group.key);
    return itemResults(this.settle(items, route, ask, passes));
  }

  private leftMs(): number {
    return this.endMs - this.cluster.env.clock.monotonicMs();
  }

  private sameFor<K, T>(target: 'controller' | 'any'): Route<K, T> {
    return {
      targets: async (items) => mapValues(items, () => target),
      failed: () => this.cluster.forgetController(),
    };
  }

  private coordinatorRoute<T>(
    coordinator: CoordinatorType,
    keyOf: (itemKey: string) => string,
  ): Route<string, T> {
    const { cluster } = this;
    return {
      targets: (open) => mapAsync(open, (_, item) => cluster.coordinatorOf(coordinator, keyOf(item))),
      failed(item, error) {
        // A broker that cannot be reached may have lost the key to another.
        const code = error instanceof BrokerError ? error.errorCode : ErrorCode.NOT_COORDINATOR;
        cluster.coordinatorMoved(coordinator, keyOf(item), code);
      },
    };
  }

  private async leadersOf<T extends TopicPartition>(
    items: ReadonlyMap<string, T>,
  ): Promise<ReadonlyMap<string, Target | KafkaError>> {
    const topics = [...new Set([...items.values()].map(({ topic }) => topic))];
    const metadata = await this.cluster.askMetadata(topics, false);
    return mapValues(items, ({ topic, partition }) => {
      const what = `partition ${topic}-${partition}`;
      const errorCode = metadata.topicErrors.get(topic);
      if (errorCode !== undefined) return new BrokerError(errorCode, what);
      const info = metadata.partition(topic, partition);
      if (info === undefined) return new BrokerError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, what);
      if (info.leader < 0) return new BrokerError(ErrorCode.LEADER_NOT_AVAILABLE, what);
      return info.leader;
    });
  }

  private async settle<K, T, V>(
    items: ReadonlyMap<K, T>,
    route: Route<K, T>,
    ask: AskItems<K, T, V>,
    passesHere: Passes,
  ): Promise<Outcomes<K, V>> {
    const { env, settings } = this.cluster;
    const outcomes = new Map<K, V | KafkaError>();
    let open = items;
    for (let failures = 1; open.size > 0; failures++) {
      this.signal?.throwIfAborted();
      const attempted = await unlessAborted(this.attempt(open, route, ask, passesHere), this.signal);
      const again = new Map<K, T>();
      for (const [key, item] of open) {
        const { outcome, passes } = attempted.get(key) ?? { outcome: unmentioned(key), passes: false };
        outcomes.set(key, outcome);
        if (!passes || !(outcome instanceof KafkaError)) continue;
        route.failed?.(key, outcome);
        again.set(key, item);
      }
      if (again.size === 0 || this.cluster.isClosed) break;
      const backoff = backoffMs(env.random, settings.retryBackoffMs, settings.retryBackoffMaxMs, failures);
      const throttle = this.throttledUntilMs - env.clock.monotonicMs();
      const waitMs = Math.max(backoff, throttle);
      // No time would be left for an answer, and that is no better reason than what is known.
      if (waitMs >= this.leftMs()) break;
      await pause(env.timers, waitMs, this.signal);
      open = again;
    }
    return outcomes;
  }

  private async attempt<K, T, V>(
    items: ReadonlyMap<K, T>,
    route: Route<K, T>,
    ask: AskItems<K, T, V>,
    passesHere: Passes,
  ): Promise<Map<K, Attempted<V>>> {
    const attempted = new Map<K, Attempted<V>>();
    const fail = (keys: Iterable<K>, error: unknown): void => {
      if (!(error instanceof KafkaError)) throw error;
      for (const key of keys) attempted.set(key, { outcome: error, passes: error.retriable });
    };
    try {
      const groups = new Map<Target, Map<K, T>>();
      for (const [key, target] of await route.targets(items)) {
        const item = items.get(key);
        if (target instanceof KafkaError) fail([key], target);
        else if (item !== undefined) groups.set(target, (groups.get(target) ?? new Map()).set(key, item));
      }
      await Promise.all(
        [...groups].map(async ([target, group]) => {
          try {
            for (const [key, outcome] of await ask(target, group)) {
              const passes = outcome instanceof BrokerError && passesHere(outcome);
              attempted.set(key, { outcome, passes });
            }
          } catch (error) {
            fail(group.keys(), error);
          }
        }),
      );
    } catch (error) {
      fail(items.keys(), error);
    }
    return attempted;
  }
}

/** The value that an answer has for an item, or its error. */
export function outcomeOf<V>(
  errorCode: number,
  what: string,
  text: string | null | undefined,
  value: () => V,
): V | KafkaError {
  return errorCode === ErrorCode.NONE ? value() : new BrokerError(errorCode, what, text);
}

/** Items by a name of theirs. */
export function keyed<K, T>(items: readonly T[], keyOf: (item: T) => K): Map<K, T> {
  return new Map(items.map((item) => [keyOf(item), item]));
}

/** Partitions by topic, as requests have them. */
export function byTopic<T extends TopicPartition>(partitions: Iterable<T>): [string, T[]][] {
  const topics = new Map<string, T[]>();
  for (const partition of partitions) {
    const group = topics.get(partition.topic);
    if (group === undefined) topics.set(partition.topic, [partition]);
    else group.push(partition);
  }
  return [...topics];
}

function mapValues<K, T, U>(items: ReadonlyMap<K, T>, of: (item: T) => U): Map<K, U> {
  return new Map([...items].map(([key, item]) => [key, of(item)]));
}

/** All at once; what fails with a {@link KafkaError} has that for its value. */
async function mapAsync<K, T, U>(
  items: ReadonlyMap<K, T>,
  of: (item: T, key: K) => Promise<U>,
): Promise<Map<K, U | KafkaError>> {
  const entries = [...items].map(async ([key, item]): Promise<[K, U | KafkaError]> => {
    try {
      return [key, await of(item, key)];
    } catch (error) {
      if (error instanceof KafkaError) return [key, error];
      throw error;
    }
  });
  return new Map(await Promise.all(entries));
}

function unmentioned(key: unknown): KafkaError {
  return new KafkaError('MALFORMED', `the broker's answer says nothing of ${key}`);
}
