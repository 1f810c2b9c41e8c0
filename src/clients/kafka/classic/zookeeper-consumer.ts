import { assert } from '../../../base/assert.ts';
import type { Env } from '../../../env/env.ts';
import type { Timer } from '../../../env/timers.ts';
import type { ZooKeeperClient } from '../../zookeeper/zookeeper-client.ts';
import { isZooKeeperError, ZooKeeperError } from '../../zookeeper/zookeeper-error.ts';
import type { BrokerPool } from '../cluster/broker-pool.ts';
import { atLeast } from '../cluster/cluster-options.ts';
import { pause } from '../cluster/pause.ts';
import { KafkaError } from '../kafka-error.ts';
import { classicConnections } from './classic-connections.ts';
import { type ClassicSessionOptions, openClassicSession } from './classic-session.ts';
import { GroupMembership } from './group-membership.ts';
import { MessageStream } from './message-stream.ts';
import type { FetchSettings } from './partition-fetchers.ts';
import { threadNames, topicFilter } from './topic-selection.ts';
import { WakeUp } from './wake-up.ts';
import type { Subscription } from './znodes.ts';

/** Names in brackets are those of 0.8, and so are the defaults. */
export interface ZooKeeperConsumerOptions extends ClassicSessionOptions {
  /** (`group.id`) */
  readonly groupId: string;
  /** Unique in the group. Default `hostname:uuid`. (`consumer.id`) */
  readonly consumerId?: string;
  /** Default: the group's id. (`client.id`) */
  readonly clientId?: string;
  /** Whether offsets are committed by themselves. Default true. (`auto.commit.enable`) */
  readonly autoCommit?: boolean;
  /** Default 60 s. (`auto.commit.interval.ms`) */
  readonly autoCommitIntervalMs?: number;
  /** Where to begin without an offset, or with one that is out of range. Default `largest`. (`auto.offset.reset`) */
  readonly autoOffsetReset?: 'smallest' | 'largest';
  /** Attempts to take one's partitions before that counts as failed. Default 4. (`rebalance.max.retries`) */
  readonly rebalanceMaxRetries?: number;
  /** The pause between them. Default 2 s. (`rebalance.backoff.ms`) */
  readonly rebalanceBackoffMs?: number;
  /** Most bytes of a partition in one answer. Default 1 MiB. (`fetch.message.max.bytes`) */
  readonly fetchMessageMaxBytes?: number;
  /** Default 1. (`fetch.min.bytes`) */
  readonly fetchMinBytes?: number;
  /** How long a broker waits for that. Default 100 ms. (`fetch.wait.max.ms`) */
  readonly fetchWaitMaxMs?: number;
  /** Batches of a partition that wait for their stream at most, before it is not fetched. Default 2. (`queued.max.message.chunks`) */
  readonly queuedMaxMessageChunks?: number;
  /** The pause before a partition's leader is looked for again. Default 200 ms. (`refresh.leader.backoff.ms`) */
  readonly refreshLeaderBackoffMs?: number;
  /** How long a broker's answer may take. Default 30 s. (`socket.timeout.ms`) */
  readonly requestTimeoutMs?: number;
}

/**
 * The consumer of Kafka's first years, which knows no coordinator: the members of a group register in ZooKeeper, watch
 * each other, the brokers and the topics there, compute each for itself which partitions are theirs, claim those by
 * ephemeral nodes, and keep their offsets in ZooKeeper too. For teaching, and for groups whose offsets are still there;
 * the `Consumer` is the one for everything else.
 *
 *     idle --createMessageStreams: registered, partitions claimed--> consuming
 *     consuming --a watch: members, brokers or partitions have changed--> rebalancing
 *     rebalancing --everything claimed--> consuming
 *     rebalancing --a partition is still somebody else's--> rebalancing, after a pause
 *     consuming, rebalancing --session expired--> rebalancing, with a new session and registration
 *     any --close--> closed
 *
 * As `kafka.consumer.ZookeeperConsumerConnector` of 0.8, except that: an offset is read after its partition was claimed,
 * so that it is the last owner's last; records count as consumed when the next is asked for; a failed rebalance is
 * logged and tried again instead of leaving the member without partitions until something changes.
 */
export class ZooKeeperConsumer implements AsyncDisposable {
  /** The name of the member's registration. */
  readonly consumerId: string;
  private readonly env: Env;
  private readonly options: ZooKeeperConsumerOptions;
  private readonly pool: BrokerPool;
  private readonly fetchSettings: FetchSettings;
  private readonly autoCommitTimer: Timer | undefined;
  private readonly closing = new AbortController();
  private readonly changes = new WakeUp();
  private client: ZooKeeperClient;
  private subscription: Subscription | undefined;
  /** By the index that names their threads, by topic. */
  private streams: (topic: string) => readonly MessageStream[] = () => [];
  private allStreams: readonly MessageStream[] = [];
  private membership: GroupMembership | undefined;
  private running: Promise<void> | undefined;
  /** Whether the partitions have been had once. */
  private hasStarted = false;

  private constructor(env: Env, options: ZooKeeperConsumerOptions, client: ZooKeeperClient) {
    this.env = env;
    this.options = options;
    this.client = client;
    this.consumerId = options.consumerId ?? `${env.net.hostname()}:${uuid(env)}`;
    this.fetchSettings = fetchSettings(options);
    this.pool = classicConnections(env, {
      clientId: options.clientId ?? options.groupId,
      requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
    });
    const intervalMs = atLeast('autoCommitIntervalMs', 1, options.autoCommitIntervalMs ?? 60_000);
    if (options.autoCommit !== false) {
      this.autoCommitTimer = env.timers.every(intervalMs, () => this.autoCommit());
    }
  }

  /**
   * Opens a session; nothing is registered yet. Rejects with a {@link ZooKeeperError}, or a {@link KafkaError} of code
   * INVALID_ARGUMENT.
   */
  static async connect(env: Env, options: ZooKeeperConsumerOptions): Promise<ZooKeeperConsumer> {
    const { groupId, consumerId = 'a' } = options;
    for (const [name, value] of Object.entries({ groupId, consumerId })) {
      if (value !== '' && !value.includes('/')) continue;
      throw new KafkaError(
        'INVALID_ARGUMENT',
        `${name} is "${value}": it names a node, so it is not empty and has no /`,
      );
    }
    let self: ZooKeeperConsumer | undefined;
    const client = await openClassicSession(env, options, () => self?.changes.call());
    self = new ZooKeeperConsumer(env, options, client);
    return self;
  }

  /**
   * Registers the member with so many streams for each topic, and takes its partitions. A topic that is not there yet
   * is consumed as soon as it is. Rejects when the partitions could not be had within `rebalanceMaxRetries`.
   */
  async createMessageStreams(
    counts: Readonly<Record<string, number>>,
  ): Promise<ReadonlyMap<string, readonly MessageStream[]>> {
    const entries = Object.entries(counts);
    const streams = new Map(entries.map(([topic, count]) => [topic, this.makeStreams(topic, count)]));
    await this.subscribe(
      { pattern: 'static', streams: new Map(entries) },
      [...streams.values()].flat(),
      (topic) => streams.get(topic) ?? [],
    );
    return streams;
  }

  /** As {@link createMessageStreams}, for all topics whose whole name a regular expression matches, or does not match. */
  async createMessageStreamsByFilter(
    filter: { readonly include: string } | { readonly exclude: string },
    streamCount = 1,
  ): Promise<readonly MessageStream[]> {
    const [pattern, expression] =
      'include' in filter
        ? (['white_list', filter.include] as const)
        : (['black_list', filter.exclude] as const);
    topicFilter(expression);
    const streams = this.makeStreams(expression, streamCount);
    await this.subscribe({ pattern, expression, streamCount }, streams, () => streams);
    return streams;
  }

  /** Writes the offsets of what was consumed. Rejects with a {@link ZooKeeperError} when the session has gone. */
  async commitOffsets(): Promise<void> {
    await this.membership?.commit();
  }

  /** Commits (with `autoCommit`), gives up the partitions and ends the session and the streams. */
  async close(): Promise<void> {
    if (this.closing.signal.aborted) return this.running;
    this.closing.abort(new KafkaError('CLOSED', 'the consumer is closed'));
    this.changes.call();
    this.autoCommitTimer?.cancel();
    await this.running;
    for (const stream of this.allStreams) stream.end();
    this.pool.close();
    await this.client.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private makeStreams(what: string, count: number): MessageStream[] {
    if (!Number.isInteger(count) || count < 1) {
      throw new KafkaError('INVALID_ARGUMENT', `${count} streams of ${what}: give a number from 1 on`);
    }
    return threadNames('', count).map(() => new MessageStream(() => this.membership?.roomCame()));
  }

  private async subscribe(
    subscription: Subscription,
    all: readonly MessageStream[],
    byTopic: (topic: string) => readonly MessageStream[],
  ): Promise<void> {
    this.closing.signal.throwIfAborted();
    if (this.subscription !== undefined) {
      throw new KafkaError('INVALID_STATE', 'this consumer has its streams already: make another one');
    }
    this.subscription = subscription;
    this.allStreams = all;
    this.streams = byTopic;
    await new Promise<void>((resolve, reject) => {
      this.running = this.run(resolve).catch((error: unknown) => {
        reject(error);
        this.fail(error);
      });
    });
  }

  /** The member's life, over all its sessions. */
  private async run(onReady: () => void): Promise<void> {
    while (!this.isClosing) {
      const membership = this.join();
      try {
        await this.whileTaken('its name', () => membership.register());
        for (;;) {
          await this.whileTaken('its partitions', () => membership.rebalance());
          this.hasStarted = true;
          onReady();
          await this.changes.wait();
          if (this.isClosing) break;
        }
      } catch (error) {
        if (!this.isClosing && !isZooKeeperError(error, 'SESSIONEXPIRED')) throw error;
      } finally {
        await membership.end(this.client.state === 'expired');
      }
      if (!this.isClosing) await this.openSession();
    }
  }

  private get isClosing(): boolean {
    return this.closing.signal.aborted;
  }

  private join(): GroupMembership {
    const { env, options, subscription } = this;
    assert(subscription !== undefined, 'subscribed');
    this.membership = new GroupMembership(
      { env, pool: this.pool, client: this.client, settings: this.fetchSettings },
      {
        group: options.groupId,
        consumerId: this.consumerId,
        subscription,
        autoCommit: options.autoCommit ?? true,
        streams: this.streams,
        onChange: () => this.changes.call(),
      },
    );
    return this.membership;
  }

  /** Repeats what fails as long as somebody else has what is to be taken. */
  private async whileTaken(what: string, attempt: () => Promise<boolean>): Promise<void> {
    const { rebalanceMaxRetries: most = 4, rebalanceBackoffMs = 2000, groupId } = this.options;
    for (let attempts = 1; !(await attempt()); attempts++) {
      if (attempts % most === 0) {
        const text = `consumer ${this.consumerId} of group ${groupId} could not take ${what} in ${attempts} attempts`;
        if (!this.hasStarted) throw new KafkaError('TIMED_OUT', text, { retriable: true });
        this.env.log.error(text);
      }
      await pause(this.env.timers, rebalanceBackoffMs, this.closing.signal);
    }
  }

  /** A new session, tried for until there is one. */
  private async openSession(): Promise<void> {
    while (!this.isClosing) {
      try {
        this.client = await openClassicSession(this.env, this.options, () => this.changes.call());
        return;
      } catch (error) {
        if (!(error instanceof ZooKeeperError)) throw error;
        this.env.log.warn('no new session with ZooKeeper yet', { error: error.message });
        await pause(this.env.timers, this.options.rebalanceBackoffMs ?? 2000);
      }
    }
  }

  /** What cannot be got over: the streams tell. */
  private fail(error: unknown): void {
    this.autoCommitTimer?.cancel();
    const reason = error instanceof Error ? error : new Error(String(error));
    for (const stream of this.allStreams) stream.end(reason);
  }

  private autoCommit(): void {
    this.commitOffsets().catch((error: unknown) => {
      this.env.log.warn('offsets could not be committed', {
        group: this.options.groupId,
        error: String(error),
      });
    });
  }
}

function fetchSettings(options: ZooKeeperConsumerOptions): FetchSettings {
  const { autoOffsetReset = 'largest' } = options;
  if (autoOffsetReset !== 'smallest' && autoOffsetReset !== 'largest') {
    throw new KafkaError(
      'INVALID_ARGUMENT',
      `autoOffsetReset is ${String(autoOffsetReset)}: smallest or largest`,
    );
  }
  return {
    autoOffsetReset,
    fetchMessageMaxBytes: atLeast('fetchMessageMaxBytes', 1, options.fetchMessageMaxBytes ?? 1024 * 1024),
    fetchMinBytes: atLeast('fetchMinBytes', 0, options.fetchMinBytes ?? 1),
    fetchWaitMaxMs: atLeast('fetchWaitMaxMs', 0, options.fetchWaitMaxMs ?? 100),
    queuedMaxMessageChunks: atLeast('queuedMaxMessageChunks', 1, options.queuedMaxMessageChunks ?? 2),
    refreshLeaderBackoffMs: atLeast('refreshLeaderBackoffMs', 0, options.refreshLeaderBackoffMs ?? 200),
  };
}

function uuid(env: Env): string {
  const digits = env.random.bytes(16).toString('hex');
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    digits.slice(12, 16),
    digits.slice(16, 20),
    digits.slice(20),
  ].join('-');
}
