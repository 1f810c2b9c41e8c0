import { unlessAborted } from '../../../base/unless-aborted.ts';
import type { Env } from '../../../env/env.ts';
import type { Timer } from '../../../env/timers.ts';
import {
  ShareGroupHeartbeatRequest,
  ShareGroupHeartbeatResponse,
} from '../../../wire/kafka/messages/76-share-group-heartbeat.ts';
import { Bell } from '../cluster/bell.ts';
import { Cluster } from '../cluster/cluster.ts';
import { pause } from '../cluster/pause.ts';
import type { ConsumerRecord } from '../consumer/consumer-record.ts';
import { Heartbeats } from '../heartbeat/heartbeats.ts';
import { newMemberId } from '../heartbeat/member-id.ts';
import { KafkaError } from '../kafka-error.ts';
import type { AcknowledgeType } from './acknowledge-type.ts';
import { Acknowledgements } from './acknowledgements.ts';
import { readAcquired } from './acquired-records.ts';
import { Inbox } from './inbox.ts';
import { Leases, type RecordPosition } from './leases.ts';
import type { AcquiredBatch } from './share-broker.ts';
import { ShareFetcher } from './share-fetcher.ts';
import { ShareMember } from './share-member.ts';
import {
  type AcknowledgementResult,
  type ShareConsumerOptions,
  type ShareConsumerSettings,
  shareConsumerSettings,
} from './share-options.ts';
import { ShareTraces } from './share-traces.ts';

export interface SharePollOptions {
  /** How long to wait for records. Default 1 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface ShareCommitOptions {
  /** How long to wait for the brokers' answers. Default `apiTimeoutMs`. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

const HEARTBEAT = { request: ShareGroupHeartbeatRequest, response: ShareGroupHeartbeatResponse };
/** Version 0 is that of an early access in 4.0. */
const HEARTBEAT_VERSIONS = { min: 1, max: ShareGroupHeartbeatRequest.versions.max };
const POLL_TIMEOUT_MS = 1000;
const CLOSE_TIMEOUT_MS = 30_000;
/** Iterating, acknowledgements are sent together that come within so long. */
const GATHER_MS = 100;
/** Before a broker has told how long its locks last: the default of `group.share.record.lock.duration.ms`. */
const DEFAULT_LOCK_TIMEOUT_MS = 30_000;
const LONG_MS = 0x7fff_ffff;

/**
 * A member of a share group (KIP-932): the records of a topic are shared by all members like the items of a queue,
 * whatever their partitions. The broker lends each record to one member for a time; what that does not accept in time is
 * lent out again. Needs brokers from 4.2 on.
 *
 *     await using consumer = createShareConsumer({ bootstrapServers: 'localhost:9092', groupId: 'workers' });
 *     consumer.subscribe('jobs');
 *     for await (const record of consumer) await work(record);
 *
 * One call at a time asks for records. Every method but `close` rejects or throws CLOSED afterwards.
 */
export class ShareConsumer<K = Buffer, V = Buffer> implements AsyncDisposable {
  /** What the brokers call this member. */
  readonly memberId: string;
  private readonly env: Env;
  private readonly cluster: Cluster;
  private readonly settings: ShareConsumerSettings<K, V>;
  private readonly member: ShareMember;
  private readonly heartbeats: Heartbeats<ReturnType<ShareMember['expire']>, HeartbeatAnswerOf>;
  private readonly fetcher: ShareFetcher;
  private readonly leases: Leases<K, V>;
  private readonly inbox: Inbox<K, V>;
  private readonly bell: Bell;
  private readonly traces: ShareTraces;
  private topics: readonly string[] = [];
  private errors: KafkaError[] = [];
  private isPolling = false;
  private gathering: Timer | undefined;
  private closing: Promise<void> | undefined;

  /** Connects when it subscribes. Throws a {@link KafkaError} of code INVALID_ARGUMENT. */
  constructor(env: Env, options: ShareConsumerOptions<K, V>) {
    this.settings = shareConsumerSettings(options);
    this.env = env;
    this.cluster = new Cluster(env, options);
    this.memberId = newMemberId(env.random);
    this.bell = new Bell(env.timers);
    this.traces = new ShareTraces(this.cluster.settings.clientId, this.settings.groupId);
    this.leases = new Leases(() => this.bell.ring());
    this.inbox = new Inbox((origin) => this.fetcher.holds(origin));
    const { groupId, maxPollIntervalMs, clientRack } = this.settings;
    this.member = new ShareMember({
      groupId,
      memberId: this.memberId,
      rack: clientRack === '' ? null : clientRack,
    });
    this.heartbeats = new Heartbeats(this.cluster, {
      groupId,
      maxPollIntervalMs,
      member: this.member,
      ask: (body) => this.ask(body),
      isWaiting: () => this.isPolling,
      onChange: () => this.memberChanged(),
    });
    this.fetcher = new ShareFetcher(this.cluster, {
      ...this.settings,
      memberId: this.memberId,
      isRecordLimit: this.settings.acquireMode === 'record_limit',
      assignment: () => this.member.assignment,
      onAcquired: (batch) => this.acquired(batch),
      onError: (error) => this.failed(error),
    });
  }

  /** The topics that this member asks the group for. */
  get subscription(): readonly string[] {
    return this.topics;
  }

  /** How long the group lends a record; undefined before a broker has told. */
  get acquisitionLockTimeoutMs(): number | undefined {
    return this.fetcher.lockTimeoutMs;
  }

  /** Joins the group, or changes what this member asks it for. */
  subscribe(topics: string | readonly string[]): void {
    this.ensureOpen();
    const wanted = [...new Set(typeof topics === 'string' ? [topics] : topics)];
    if (wanted.length === 0 || wanted.includes('')) {
      throw new KafkaError(
        'INVALID_ARGUMENT',
        'subscribe names no topic: give at least one; unsubscribe() ends it',
      );
    }
    this.topics = wanted;
    this.cluster.track(wanted);
    this.member.subscribe(wanted);
    this.heartbeats.look();
  }

  /** Leaves the group. Records in hand can still be acknowledged. */
  async unsubscribe(): Promise<void> {
    this.ensureOpen();
    this.topics = [];
    await this.leave();
  }

  /**
   * Up to `maxPollRecords` records (a fetch of `batch_optimized` may bring more, which wait for the next call), or none
   * when the time is up. Of each partition they ascend. What was handed out before is accepted (`implicit`) or must have
   * been acknowledged (`explicit`); records that were renewed are handed out again before others.
   */
  async poll(options: SharePollOptions = {}): Promise<ConsumerRecord<K, V>[]> {
    const { timeoutMs = POLL_TIMEOUT_MS, signal } = options;
    return this.receive(this.settings.maxPollRecords, timeoutMs, signal, () => this.send(true));
  }

  /** Records one by one, as with `records()`. */
  [Symbol.asyncIterator](): AsyncGenerator<ConsumerRecord<K, V>, void> {
    return this.records();
  }

  /**
   * Records one by one, without end. Asking for the next accepts the one before (`implicit`). A loop that is left, by
   * `break` or an error, has not accepted its last record: the next poll does, and `close` gives it back.
   */
  async *records(
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<ConsumerRecord<K, V>, void> {
    for (;;) {
      const records = await this.receive(1, LONG_MS, options.signal, () => this.gather());
      yield* records;
    }
  }

  /**
   * Says what becomes of a record in hand (`explicit` only); the broker hears of it with the next poll or commit. Throws
   * INVALID_STATE when the record is not in hand.
   */
  acknowledge(record: RecordPosition, type: AcknowledgeType = 'accept'): void {
    this.ensureOpen();
    if (this.settings.acknowledgementMode === 'implicit') {
      throw new KafkaError('INVALID_STATE', "acknowledge needs acknowledgementMode: 'explicit'");
    }
    this.leases.acknowledge(record, type);
  }

  /**
   * Sends all acknowledgements, in mode `implicit` of all records in hand, and resolves to what became of these and of
   * those under way. Rejects with TIMED_OUT when brokers do not answer in time.
   */
  async commit(options: ShareCommitOptions = {}): Promise<AcknowledgementResult[]> {
    this.ensureOpen();
    const { timeoutMs = this.cluster.settings.apiTimeoutMs, signal } = options;
    signal?.throwIfAborted();
    if (this.settings.acknowledgementMode === 'implicit') this.leases.acceptAll();
    this.send(true);
    const settled = Promise.all(this.fetcher.pending.map((each) => resultOf(each)));
    const results = await unlessAborted(this.within(settled, timeoutMs, 'acknowledgements'), signal);
    return results.filter(({ offsets }) => offsets.length > 0);
  }

  /**
   * Sends the acknowledgements that were made, gives back all other records, and leaves the group. What no broker hears
   * of in `timeoutMs` (default 30 s) runs out by itself there.
   */
  close(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    this.closing ??= this.end(options.timeoutMs ?? CLOSE_TIMEOUT_MS);
    return this.closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private async receive(
    max: number,
    timeoutMs: number,
    signal: AbortSignal | undefined,
    sendOff: () => void,
  ): Promise<ConsumerRecord<K, V>[]> {
    this.ensureOpen();
    signal?.throwIfAborted();
    if (this.isPolling) throw new KafkaError('INVALID_STATE', 'another call asks for records at the moment');
    if (this.topics.length === 0)
      throw new KafkaError('INVALID_STATE', 'nothing is subscribed to: call subscribe');
    this.finishPrevious();
    this.isPolling = true;
    this.heartbeats.polled();
    try {
      return await this.waitForRecords(max, timeoutMs, signal, sendOff);
    } finally {
      this.fetcher.unwant();
      this.heartbeats.polled();
      this.isPolling = false;
    }
  }

  private async waitForRecords(
    max: number,
    timeoutMs: number,
    signal: AbortSignal | undefined,
    sendOff: () => void,
  ): Promise<ConsumerRecord<K, V>[]> {
    const endMs = this.nowMs + timeoutMs;
    for (;;) {
      this.ensureOpen();
      this.throwFailure();
      const records = this.takeRecords(max);
      if (records.length > 0) {
        sendOff();
        return records;
      }
      // While locks are being renewed the records they are of come first.
      this.send(this.leases.hasRenewals);
      if (!this.leases.hasRenewals) this.fetcher.want();
      const leftMs = endMs - this.nowMs;
      if (leftMs <= 0) return [];
      await this.bell.wait(leftMs, signal);
    }
  }

  private takeRecords(max: number): ConsumerRecord<K, V>[] {
    if (this.leases.hasRenewals) return this.leases.takeRenewed();
    return this.inbox.take(max, this.nowMs, (record, origin) => this.leases.give(record, origin));
  }

  private finishPrevious(): void {
    if (this.settings.acknowledgementMode === 'implicit') {
      this.leases.acceptAll();
      return;
    }
    const forgotten = this.leases.unacknowledged();
    if (forgotten === undefined) return;
    const { topic, partition, offset } = forgotten;
    throw new KafkaError(
      'INVALID_STATE',
      `${topic}-${partition} at offset ${offset} is not acknowledged: acknowledge every record before asking for more`,
    );
  }

  /** Hands acknowledgements over to be sent. */
  private send(isUrgent: boolean): void {
    this.gathering?.cancel();
    this.gathering = undefined;
    const collected = this.leases.collect();
    for (const acknowledgements of collected) void this.report(acknowledgements);
    this.fetcher.acknowledge(collected, isUrgent);
  }

  /** Sends acknowledgements a little later, together with those that come meanwhile. */
  private gather(): void {
    if (!this.leases.hasAcknowledged) return;
    this.gathering ??= this.env.timers.after(GATHER_MS, () => this.send(true));
  }

  private async report(acknowledgements: Acknowledgements): Promise<void> {
    const result = await resultOf(acknowledgements);
    if (result.offsets.length === 0) return;
    this.traces.acknowledged(result);
    const { onAcknowledged } = this.settings;
    if (onAcknowledged !== undefined) {
      try {
        onAcknowledged(result);
      } catch (cause) {
        this.failed(new KafkaError('INVALID_STATE', 'onAcknowledged has thrown', { cause }));
      }
    } else if (result.error !== undefined) {
      const { topic, partition, offsets, error } = result;
      this.env.log.warn('acknowledgements failed: the records are delivered again', {
        topic,
        partition,
        offsets: offsets.length,
        error: error.message,
      });
    }
  }

  private acquired({ bytes, ranges, askedAtMs, ...origin }: AcquiredBatch): Acknowledgements[] {
    const { partition, nodeId, generation } = origin;
    const { items, verdicts } = readAcquired(partition, bytes, ranges, this.settings);
    this.traces.acquired(partition.topic, partition.partition, items.length);
    this.inbox.put(origin, items, askedAtMs + this.lockTimeoutMs);
    this.bell.ring();
    if (verdicts.size === 0) return [];
    const acknowledgements = new Acknowledgements(partition, nodeId, generation);
    for (const [offset, type] of verdicts) acknowledgements.add(offset, type);
    void this.report(acknowledgements);
    return [acknowledgements];
  }

  private memberChanged(): void {
    this.fetcher.pump();
    this.bell.ring();
  }

  private failed(error: KafkaError): void {
    this.errors.push(error);
    this.bell.ring();
  }

  private throwFailure(): void {
    if (this.member.failure !== undefined) throw this.member.failure;
    const { trouble } = this.member;
    this.member.trouble = undefined;
    const error = trouble ?? this.errors[0];
    this.errors = [];
    if (error !== undefined) throw error;
  }

  private async leave(): Promise<void> {
    const goodbye = this.member.leave();
    this.fetcher.unwant();
    if (goodbye !== undefined) await this.ask(goodbye);
  }

  private async end(timeoutMs: number): Promise<void> {
    this.bell.ring();
    // Only what was acknowledged goes: records in hand of mode implicit are not known to have been dealt with.
    this.send(true);
    try {
      await this.within(this.farewell(), timeoutMs, 'the brokers');
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error;
      this.env.log.warn('a share consumer has closed without having said so to all brokers', {
        error: error.message,
      });
    } finally {
      this.cluster.close();
    }
  }

  private async farewell(): Promise<void> {
    await Promise.all([this.fetcher.close(), this.heartbeats.stop()]);
    await this.leave();
  }

  private ask(body: ReturnType<ShareMember['expire']>): Promise<HeartbeatAnswerOf> {
    const { groupId } = this.settings;
    return this.cluster.request({ coordinator: 'group', key: groupId }, HEARTBEAT, body, {
      versions: HEARTBEAT_VERSIONS,
    });
  }

  private async within<T>(work: Promise<T>, timeoutMs: number, what: string): Promise<T> {
    const done = new AbortController();
    const late = pause(this.env.timers, timeoutMs, done.signal).then(() => {
      throw new KafkaError('TIMED_OUT', `no answer of ${what} in ${timeoutMs} ms`, { retriable: true });
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      late.catch(() => undefined);
      done.abort();
    }
  }

  private get nowMs(): number {
    return this.env.clock.monotonicMs();
  }

  private get lockTimeoutMs(): number {
    return this.fetcher.lockTimeoutMs ?? DEFAULT_LOCK_TIMEOUT_MS;
  }

  private ensureOpen(): void {
    if (this.closing !== undefined) throw new KafkaError('CLOSED', 'the share consumer is closed');
  }
}

type HeartbeatAnswerOf = Parameters<ShareMember['accepted']>[0];

async function resultOf(acknowledgements: Acknowledgements): Promise<AcknowledgementResult> {
  const error = await acknowledgements.settled;
  const { topic, partition } = acknowledgements.partition;
  return { topic, partition, offsets: acknowledgements.offsets, error };
}
