import type { Readable } from 'node:stream';
import { unlessAborted } from '../../../base/unless-aborted.ts';
import type { Env } from '../../../env/env.ts';
import type { CallOptions } from '../admin/call-options.ts';
import { Cluster } from '../cluster/cluster.ts';
import type { TopicPartition } from '../cluster/cluster-metadata.ts';
import { KafkaError } from '../kafka-error.ts';
import type { AssignedPartition } from './assigned-partition.ts';
import { ClientMetrics, type ConsumerMetrics } from './consumer-metrics.ts';
import type { CommittedPosition, FoundOffset, GroupMetadata, OffsetToCommit } from './consumer-offsets.ts';
import { type ConsumerOptions, type ConsumerSettings, consumerSettings } from './consumer-options.ts';
import type { ConsumerContext } from './consumer-ports.ts';
import type { ConsumerBatch, ConsumerRecord } from './consumer-record.ts';
import { ConsumerTraces } from './consumer-traces.ts';
import { Fetcher } from './fetch/fetcher.ts';
import { GroupSide } from './group/group-side.ts';
import { EARLIEST_TIMESTAMP, findOffsets, LATEST_TIMESTAMP } from './list-offsets.ts';
import { MetadataKeeper } from './metadata-keeper.ts';
import { Positions } from './positions.ts';
import { RecordSource } from './record-source.ts';
import { recordStream } from './record-stream.ts';
import { Driver, Sleepers } from './rhythm.ts';
import { Subscription } from './subscription.ts';
import { SubscriptionPattern } from './subscription-pattern.ts';

export interface PollOptions {
  /** How long to wait for a first record. Default: until there is one. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

interface ReadOptions extends PollOptions {
  /** What was handed out before is not dealt with yet. */
  readonly keep?: boolean;
}

export interface CloseOptions {
  /** How long committing and leaving may take. Default 30 s. */
  readonly timeoutMs?: number;
  /** Whether a member leaves its group. Default: static members stay (KIP-1092). */
  readonly leaveGroup?: boolean;
}

const DEFAULT_CLOSE_TIMEOUT_MS = 30_000;
/** After so many records in one go, sockets and timers get their turn. */
const RECORDS_PER_TURN = 1000;

/**
 * Reads records, alone or as a member of a group. As `org.apache.kafka.clients.consumer.KafkaConsumer`.
 *
 * Records are fetched ahead in the background, bounded, and handed out by one of `records()`, `batches()` and `poll()`:
 * asking for the next says that those before have been dealt with. Only then are their offsets committed by
 * themselves: at least once. Partitions change hands only while records are waited for.
 */
export class Consumer<K = Buffer, V = Buffer> implements AsyncDisposable {
  private readonly env: Env;
  private readonly cluster: Cluster;
  private readonly settings: ConsumerSettings<K, V>;
  private readonly subscription = new Subscription();
  private readonly counters = new ClientMetrics();
  private readonly metadata: MetadataKeeper;
  private readonly fetcher: Fetcher;
  private readonly source: RecordSource<K, V>;
  private readonly group: GroupSide | undefined;
  private readonly found: Positions;
  /** Those who wait for something to change. */
  private readonly sleepers: Sleepers;
  private readonly driver: Driver;
  private failure: { readonly error: unknown } | undefined;
  private reading = false;
  private recordsInTurn = 0;
  /** While the membership changes the assignment, nothing is handed out. */
  private turning: Promise<void> | undefined;
  private closing: Promise<void> | undefined;

  /** Connects when it is first needed. Throws a {@link KafkaError} of code INVALID_ARGUMENT. */
  constructor(env: Env, options: ConsumerOptions<K, V>) {
    this.env = env;
    this.settings = consumerSettings(options);
    this.cluster = new Cluster(env, options);
    this.sleepers = new Sleepers(env);
    this.driver = new Driver(env, () => this.lookForWork());
    const { cluster, settings, subscription } = this;
    this.metadata = new MetadataKeeper(cluster, subscription, {
      ...settings,
      refreshed: () => this.metadataRefreshed(),
      fail: (error) => this.fail(error),
    });
    const context: ConsumerContext = {
      cluster,
      settings,
      subscription,
      metrics: this.counters,
      traces: new ConsumerTraces(cluster.settings.clientId, settings.groupId),
      drive: (delayMs) => (delayMs === undefined ? this.driver.drive() : this.driver.driveIn(delayMs)),
      wake: () => this.sleepers.wake(),
      fail: (error) => this.fail(error),
      refreshMetadata: () => this.metadata.refresh(),
    };
    this.fetcher = new Fetcher(context);
    this.source = new RecordSource(context, this.fetcher, settings);
    this.group = settings.groupId === undefined ? undefined : new GroupSide(context, settings.groupId);
    this.found = new Positions(context, this.group?.offsets);
  }

  /**
   * Reads those partitions of topics that the group gives to this member; a pattern also takes topics that come later.
   * Replaces the subscription before. Throws INVALID_STATE without a group, or after `assign`.
   */
  subscribe(topics: string | readonly string[] | RegExp | SubscriptionPattern): void {
    this.checkOpen();
    const { subscription, group } = this;
    if (group === undefined) throw new KafkaError('INVALID_STATE', 'subscribe needs a group: give a groupId');
    if (subscription.kind === 'manual') throw mixed('assign');
    subscription.brokerPattern = undefined;
    if (topics instanceof SubscriptionPattern) {
      if (this.settings.groupProtocol !== 'consumer') {
        throw new KafkaError(
          'INVALID_ARGUMENT',
          "a SubscriptionPattern needs groupProtocol: 'consumer'; give a RegExp",
        );
      }
      subscription.kind = 'pattern';
      subscription.pattern = undefined;
      subscription.brokerPattern = topics.pattern;
      subscription.topics = new Set();
    } else if (topics instanceof RegExp) {
      subscription.kind = 'pattern';
      subscription.pattern = topics;
      subscription.topics = new Set();
      subscription.matchPattern(this.cluster.metadata, this.settings.excludeInternalTopics);
      this.metadata.refresh();
    } else {
      subscription.kind = 'topics';
      subscription.pattern = undefined;
      subscription.topics = new Set(typeof topics === 'string' ? [topics] : topics);
    }
    group.subscribed();
    this.sleepers.wake();
    this.drive();
  }

  /** Reads exactly these partitions, whoever else does. Throws INVALID_STATE after `subscribe`. */
  assign(partitions: readonly TopicPartition[]): void {
    this.checkOpen();
    if (this.subscription.usesGroup) throw mixed('subscribe');
    this.subscription.kind = 'manual';
    this.subscription.setAssigned(partitions);
    this.drive();
  }

  /** Gives everything back, and leaves the group. */
  async unsubscribe(): Promise<void> {
    this.checkOpen();
    await this.group?.leave('the consumer has unsubscribed', 'if-dynamic');
    const { subscription } = this;
    subscription.setAssigned([]);
    subscription.kind = 'none';
    subscription.topics = new Set();
    subscription.groupTopics = new Set();
    subscription.pattern = undefined;
    subscription.brokerPattern = undefined;
  }

  /** What this consumer reads at the moment. */
  assignment(): TopicPartition[] {
    return [...this.subscription.partitions].map(plain);
  }

  /**
   * Up to `maxPollRecords` records, as soon as there is one; none when the time is up. Rejects with what went wrong, and
   * with the signal's reason; no record is lost by that.
   */
  poll(options: PollOptions = {}): Promise<ConsumerRecord<K, V>[]> {
    const { maxPollRecords } = this.settings;
    const { source } = this;
    return this.read(() => {
      const records: ConsumerRecord<K, V>[] = [];
      try {
        while (records.length < maxPollRecords) {
          const record = source.next();
          if (record === undefined) break;
          records.push(record);
        }
      } catch (error) {
        // Those before it go first; it is met again.
        if (records.length === 0) throw error;
      }
      return records.length === 0 ? undefined : records;
    }, options).then((records) => records ?? []);
  }

  /** Records without end, one at a time. Ends when the consumer is closed; breaking off leaves the last one not dealt with. */
  records(options: { readonly signal?: AbortSignal } = {}): AsyncIterableIterator<ConsumerRecord<K, V>> {
    const { source } = this;
    const take = (): ConsumerRecord<K, V> | undefined => source.next();
    const iterator: AsyncIterableIterator<ConsumerRecord<K, V>> = {
      next: () => {
        if (this.mayGoOn(options.signal)) {
          source.consume();
          try {
            const record = source.next();
            if (record !== undefined) return Promise.resolve({ value: record, done: false });
          } catch (error) {
            return Promise.reject(error);
          }
        }
        return this.readNext(take, options);
      },
      return: async () => ({ value: undefined, done: true }),
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<ConsumerRecord<K, V>> {
    return this.records();
  }

  /**
   * Records as a `Readable` of objects. A record counts as dealt with when it has left the stream and the next has been
   * asked for; where the stream is piped into one that buffers, commit yourself.
   */
  stream(): Readable {
    const { source } = this;
    return recordStream<K, V>({
      next: (signal) => this.read(() => source.next(), { signal, keep: true }),
      done: (record) => this.subscription.find(record)?.consumeTo(record.offset + 1, record.leaderEpoch),
    });
  }

  /** As {@link records}, but what was fetched of a partition together. */
  batches(options: { readonly signal?: AbortSignal } = {}): AsyncIterableIterator<ConsumerBatch<K, V>> {
    const { source } = this;
    const iterator: AsyncIterableIterator<ConsumerBatch<K, V>> = {
      next: () => this.readNext(() => source.nextBatch(), options),
      return: async () => ({ value: undefined, done: true }),
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  /**
   * Commits offsets: those given, or the positions, which are behind all records that were handed out. Resolves when
   * the coordinator has them.
   */
  async commit(
    offsets?: readonly (TopicPartition & OffsetToCommit)[],
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    this.checkOpen();
    await unlessAborted(this.groupFor('commit').commit(offsets), options.signal);
  }

  /** What the group has committed of these partitions; those of which it has nothing are left out. */
  async committed(
    partitions: readonly TopicPartition[],
    options: CallOptions = {},
  ): Promise<(TopicPartition & CommittedPosition)[]> {
    this.checkOpen();
    const offsets = await this.groupFor('committed').offsets.fetch(partitions, options);
    return partitions.flatMap((one) => {
      const found = offsets.get(`${one.topic}-${one.partition}`);
      return found === undefined ? [] : [{ ...plain(one), ...found }];
    });
  }

  /** The next record of an assigned partition will be this one, or the next that is there. */
  seek(partition: TopicPartition, offset: number): void {
    this.checkOpen();
    if (!Number.isSafeInteger(offset) || offset < 0) {
      throw new KafkaError('INVALID_ARGUMENT', `offset is ${offset}: give a whole number from 0 on`);
    }
    this.subscription.get(partition).jump(offset);
    this.moved();
  }

  /** Goes to the first record of assigned partitions (default: of all). */
  seekToBeginning(partitions: readonly TopicPartition[] = this.assignment()): void {
    this.resetAll(partitions, 'earliest');
  }

  /** Goes behind the last record of assigned partitions (default: of all). */
  seekToEnd(partitions: readonly TopicPartition[] = this.assignment()): void {
    this.resetAll(partitions, 'latest');
  }

  /** Goes to the first record from a point of time on (milliseconds since the epoch); where there is none, to the end. */
  async seekToTime(
    timestampMs: number,
    partitions: readonly TopicPartition[] = this.assignment(),
    options: CallOptions = {},
  ): Promise<void> {
    this.checkOpen();
    for (const one of partitions) this.subscription.get(one);
    const queries = partitions.map((one) => ({ ...plain(one), timestamp: timestampMs }));
    const late: TopicPartition[] = [];
    for (const [index, found] of (await this.offsetsForTimes(queries, options)).entries()) {
      if (found !== undefined) this.subscription.find(found)?.jump(found.offset, found.leaderEpoch);
      else late.push(...queries.slice(index, index + 1));
    }
    this.resetAll(late, 'latest');
  }

  /** The offset of the next record to be handed out of an assigned partition, once it is known. */
  async position(partition: TopicPartition, options: CallOptions = {}): Promise<number> {
    this.checkOpen();
    const assigned = this.subscription.get(partition);
    const endMs = this.env.clock.monotonicMs() + (options.timeoutMs ?? this.cluster.settings.apiTimeoutMs);
    while (!assigned.hasPosition) {
      this.checkOpen();
      this.throwFailure();
      if (this.env.clock.monotonicMs() >= endMs) {
        throw new KafkaError('TIMED_OUT', `the position of ${assigned} is not known yet`, {
          retriable: true,
        });
      }
      this.drive();
      await this.sleepers.sleep(endMs, options.signal);
    }
    return assigned.position;
  }

  /** For each, the first record whose timestamp is not earlier; undefined where there is none. */
  async offsetsForTimes(
    queries: readonly (TopicPartition & { readonly timestamp: number })[],
    options: CallOptions = {},
  ): Promise<(FoundOffset | undefined)[]> {
    this.checkOpen();
    const found = await findOffsets(this.cluster, queries, this.settings.isolationLevel, options);
    return queries.map((query) =>
      found.find(
        ({ topic, partition, offset }) =>
          topic === query.topic && partition === query.partition && offset >= 0,
      ),
    );
  }

  /** The offsets of the first records that are there. */
  beginningOffsets(
    partitions: readonly TopicPartition[],
    options: CallOptions = {},
  ): Promise<(TopicPartition & { readonly offset: number })[]> {
    return this.ends(partitions, EARLIEST_TIMESTAMP, options);
  }

  /** The offsets behind the last records that may be read. */
  endOffsets(
    partitions: readonly TopicPartition[],
    options: CallOptions = {},
  ): Promise<(TopicPartition & { readonly offset: number })[]> {
    return this.ends(partitions, LATEST_TIMESTAMP, options);
  }

  /** Hands nothing out of these until they are resumed. */
  pause(partitions: readonly TopicPartition[] = this.assignment()): void {
    for (const one of partitions) this.subscription.get(one).paused = true;
  }

  resume(partitions: readonly TopicPartition[] = this.assignment()): void {
    for (const one of partitions) {
      const partition = this.subscription.get(one);
      partition.paused = false;
      this.fetcher.lineUp(partition);
    }
    this.moved();
  }

  paused(): TopicPartition[] {
    return [...this.subscription.partitions].filter(({ paused }) => paused).map(plain);
  }

  /** Has the group divide its partitions again. */
  enforceRebalance(reason = 'the user has asked for it'): void {
    this.checkOpen();
    this.groupFor('enforceRebalance').member?.enforceRebalance(reason);
  }

  /** What a producer needs to commit offsets of this group within a transaction. */
  groupMetadata(): GroupMetadata {
    return this.groupFor('groupMetadata').identity;
  }

  metrics(): ConsumerMetrics {
    return this.counters.snapshot(
      this.subscription.partitions,
      this.settings.isolationLevel === 'read_committed',
    );
  }

  /** Commits what was dealt with where that is automatic, leaves the group, and ends all reading. */
  close(options: CloseOptions = {}): Promise<void> {
    this.closing ??= this.shutDown(options);
    return this.closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Whether records may be handed out without looking at anything else first. Called for every record. */
  private mayGoOn(signal: AbortSignal | undefined): boolean {
    const member = this.group?.member;
    member?.polled();
    return (
      this.failure === undefined &&
      this.closing === undefined &&
      !this.reading &&
      this.turning === undefined &&
      member?.needsTurn !== true &&
      signal?.aborted !== true &&
      ++this.recordsInTurn < RECORDS_PER_TURN
    );
  }

  private async readNext<T>(
    take: () => T | undefined,
    options: { readonly signal?: AbortSignal },
  ): Promise<IteratorResult<T, undefined>> {
    if (this.closing !== undefined) return { value: undefined, done: true };
    const value = await this.read(take, options);
    return value === undefined ? { value: undefined, done: true } : { value, done: false };
  }

  /** What `take` gives, once it gives something; undefined when the time is up or the consumer closed. */
  private async read<T>(take: () => T | undefined, options: ReadOptions): Promise<T | undefined> {
    this.checkOpen();
    if (this.reading) {
      throw new KafkaError('INVALID_STATE', 'records are waited for already: one reader at a time');
    }
    if (this.subscription.kind === 'none') {
      throw new KafkaError('INVALID_STATE', 'nothing is read: call subscribe or assign first');
    }
    const endMs = this.env.clock.monotonicMs() + (options.timeoutMs ?? Number.POSITIVE_INFINITY);
    this.reading = true;
    if (this.group !== undefined) this.group.isWaiting = true;
    try {
      if (this.recordsInTurn >= RECORDS_PER_TURN) await this.breathe();
      if (options.keep !== true) this.source.consume();
      for (;;) {
        options.signal?.throwIfAborted();
        if (this.closing !== undefined) return undefined;
        this.throwFailure();
        const taken = this.takeTurn() ? undefined : take();
        if (taken !== undefined) return taken;
        if (this.env.clock.monotonicMs() >= endMs) return undefined;
        this.drive();
        await this.sleepers.sleep(endMs, options.signal);
      }
    } finally {
      this.reading = false;
      if (this.group !== undefined) this.group.isWaiting = false;
    }
  }

  /** Lets the membership do what it needs a turn for. Returns whether it is at that. */
  private takeTurn(): boolean {
    const member = this.group?.member;
    member?.polled();
    if (this.turning === undefined && member?.needsTurn === true) {
      this.turning = member
        .turn()
        .catch((error: unknown) => this.fail(error))
        .finally(() => {
          this.turning = undefined;
          this.sleepers.wake();
        });
    }
    return this.turning !== undefined;
  }

  private breathe(): Promise<void> {
    this.recordsInTurn = 0;
    return new Promise((resolve) => this.env.timers.soon(resolve));
  }

  private drive(): void {
    this.driver.drive();
  }

  private lookForWork(): void {
    this.metadata.refreshIfMissing();
    this.found.advance();
    this.fetcher.pump();
  }

  private moved(): void {
    this.sleepers.wake();
    this.drive();
  }

  private metadataRefreshed(): void {
    this.group?.member?.subscriptionChanged();
    this.moved();
  }

  private fail(error: unknown): void {
    this.failure ??= { error };
    this.sleepers.wake();
  }

  /** Once for each failure. */
  private throwFailure(): void {
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined) throw failure.error;
  }

  private resetAll(partitions: readonly TopicPartition[], to: 'earliest' | 'latest'): void {
    this.checkOpen();
    for (const one of partitions) this.subscription.get(one).reset(to);
    this.moved();
  }

  private async ends(
    partitions: readonly TopicPartition[],
    timestamp: number,
    options: CallOptions,
  ): Promise<(TopicPartition & { readonly offset: number })[]> {
    this.checkOpen();
    const queries = partitions.map((one) => ({ ...plain(one), timestamp }));
    const found = await findOffsets(this.cluster, queries, this.settings.isolationLevel, options);
    return found.map(({ topic, partition, offset }) => ({ topic, partition, offset }));
  }

  private groupFor(call: string): GroupSide {
    if (this.group !== undefined) return this.group;
    throw new KafkaError('INVALID_STATE', `${call} needs a group: give a groupId`);
  }

  private checkOpen(): void {
    if (this.closing !== undefined) throw new KafkaError('CLOSED', 'the consumer is closed');
  }

  private async shutDown(options: CloseOptions): Promise<void> {
    // Readers see that it is closing, in a turn after this one.
    await Promise.resolve();
    this.driver.stop();
    this.sleepers.wake();
    const { timers } = this.env;
    let timer: { cancel(): void } | undefined;
    const late = new Promise<void>((resolve) => {
      timer = timers.after(options.timeoutMs ?? DEFAULT_CLOSE_TIMEOUT_MS, resolve);
    });
    try {
      await Promise.race([this.sayGoodbye(options), late]);
    } finally {
      timer?.cancel();
      this.group?.close();
      this.metadata.close();
      this.cluster.close();
    }
  }

  private async sayGoodbye({ leaveGroup }: CloseOptions): Promise<void> {
    await this.turning;
    const goodbye = leaveGroup === undefined ? 'if-dynamic' : leaveGroup ? 'always' : 'never';
    await this.group?.leave('the consumer is closed', goodbye);
    await this.fetcher.close();
  }
}

function plain({ topic, partition }: TopicPartition | AssignedPartition): TopicPartition {
  return { topic, partition };
}

function mixed(before: string): KafkaError {
  return new KafkaError('INVALID_STATE', `${before} is in force: call unsubscribe first`);
}
