import { MalformedError } from '../../../base/malformed-error.ts';
import type { Env } from '../../../env/env.ts';
import type { Timer } from '../../../env/timers.ts';
import { ErrorCode, errorOf } from '../../../wire/kafka/errors.ts';
import { FetchRequest, FetchResponse } from '../../../wire/kafka/messages/01-fetch.ts';
import { ListOffsetsRequest, ListOffsetsResponse } from '../../../wire/kafka/messages/02-list-offsets.ts';
import {
  OffsetForLeaderEpochRequest,
  OffsetForLeaderEpochResponse,
} from '../../../wire/kafka/messages/23-offset-for-leader-epoch.ts';
import type { Infer, Message } from '../../../wire/kafka/schema/index.ts';
import { UnexpectedAppendOffsetError } from '../../log/log-append.ts';
import { LogError } from '../../log/log-error.ts';
import { ListOffsetsTimestamp } from '../../log/log-types.ts';
import { OffsetOrderError } from '../../log/segment-errors.ts';
import { topicPartitionKey } from '../../log/topic-partition.ts';
import type { UnifiedLog } from '../../log/unified-log.ts';
import type { ReplicaQuota } from '../../quota/replication-quota.ts';
import type { Partition } from '../partition.ts';
import type { LeaderPort, ReplicationProtocol } from './leader-port.ts';
import { RequestingSession, type WantedPartition } from './requesting-session.ts';
import { truncationFor } from './truncation.ts';

export interface FetcherSettings {
  readonly brokerId: number;
  /** Epoch of this broker's registration (KIP-903). */
  readonly brokerEpoch: () => number;
  readonly protocol: ReplicationProtocol;
  /** `replica.fetch.wait.max.ms` */
  readonly waitMaxMs: number;
  /** `replica.fetch.min.bytes` */
  readonly minBytes: number;
  /** `replica.fetch.max.bytes`, of one partition. */
  readonly maxBytes: number;
  /** `replica.fetch.response.max.bytes` */
  readonly responseMaxBytes: number;
  /** `replica.fetch.backoff.ms` */
  readonly backoffMs: number;
  readonly quota: ReplicaQuota;
}

/** A partition to follow, as the controller has said. */
export interface FollowedPartition {
  readonly partition: Partition;
  readonly topicId: string;
  readonly leaderEpoch: number;
}

/**
 * Phases: truncating -> fetching, when the log is known to be a prefix of the leader's; fetching -> out-of-range ->
 * fetching, when the leader does not have the offset.
 */
interface Entry extends FollowedPartition {
  readonly key: string;
  fetchOffset: number;
  /** -1 when the leader is not to look for divergence. */
  lastFetchedEpoch: number;
  phase: 'truncating' | 'fetching' | 'out-of-range';
  /** Out of range: the leader's log end, once it has told. */
  leaderEndOffset: number | undefined;
  /** Monotonic time; nothing is asked about it before. */
  notBeforeMs: number;
  /** What was appended must be durable before the leader hears of it. */
  flushing: boolean;
  /** Behind the leader's high watermark; undefined before the first answer. */
  lag: number | undefined;
}

const ListOffsets = { request: ListOffsetsRequest, response: ListOffsetsResponse };
const OffsetForLeaderEpoch = { request: OffsetForLeaderEpochRequest, response: OffsetForLeaderEpochResponse };
const Fetch = { request: FetchRequest, response: FetchResponse };

type FetchedPartition = Infer<typeof FetchResponse>['responses'][number]['partitions'][number];

/** From here on topics go by id (KIP-516). */
const TOPIC_ID_VERSION = 13;
/** From here on the replica names itself with its epoch (KIP-903). */
const REPLICA_STATE_VERSION = 15;

/**
 * Copies partitions from one leader (Apache's ReplicaFetcherThread), one request under way at a time.
 *
 * States: idle -> asking (an epoch's end, an offset, records) -> idle; idle waits for a partition, for a delay to
 * pass, or after a failed request for the back-off; closed is the end. An answer counts only for partitions that
 * are still followed in the same leader epoch from the same offset: whatever else changed meanwhile was decided by
 * the controller.
 */
export class ReplicaFetcher {
  private readonly env: Env;
  private readonly settings: FetcherSettings;
  private readonly port: LeaderPort;
  private readonly leaderId: number;
  private readonly entries = new Map<string, Entry>();
  private readonly session = new RequestingSession();
  private asking = false;
  private closed = false;
  private failing = false;
  /** Monotonic time of the next attempt after a failed one. */
  private pausedUntilMs = 0;
  private timer: Timer | undefined;
  private isScheduled = false;

  constructor(env: Env, settings: FetcherSettings, leaderId: number, port: LeaderPort) {
    this.env = env;
    this.settings = settings;
    this.leaderId = leaderId;
    this.port = port;
  }

  get size(): number {
    return this.entries.size;
  }

  followed(): FollowedPartition[] {
    return [...this.entries.values()];
  }

  /** Follows a partition in a leader epoch; one that is followed in this epoch goes on as it was. */
  add(followed: FollowedPartition): void {
    const key = topicPartitionKey(followed.partition.topicPartition);
    const before = this.entries.get(key);
    if (
      before !== undefined &&
      before.leaderEpoch === followed.leaderEpoch &&
      before.topicId === followed.topicId
    )
      return;
    const { localLog } = followed.partition;
    if (localLog === undefined) return;
    this.entries.set(key, this.entryOf(key, followed, localLog));
    this.schedule();
  }

  remove(key: string): void {
    this.entries.delete(key);
  }

  /** The leader may be reachable again: no need to wait for the back-off. */
  nudge(): void {
    this.pausedUntilMs = 0;
    this.schedule();
  }

  close(): void {
    this.closed = true;
    this.entries.clear();
    this.timer?.cancel();
    this.port.close();
  }

  /** As `ReplicaManager.initialFetchOffset` and `AbstractFetcherThread.partitionFetchState`. */
  private entryOf(key: string, followed: FollowedPartition, log: UnifiedLog): Entry {
    const { partition, topicId, leaderEpoch } = followed;
    const epoch = this.settings.protocol.truncatesOnFetch ? log.latestEpoch : undefined;
    return {
      partition,
      topicId,
      leaderEpoch,
      key,
      fetchOffset: epoch === undefined ? log.highWatermark : log.logEndOffset,
      lastFetchedEpoch: epoch ?? -1,
      phase: epoch === undefined ? 'truncating' : 'fetching',
      leaderEndOffset: undefined,
      notBeforeMs: 0,
      flushing: false,
      lag: undefined,
    };
  }

  /** Works at the end of the turn, so that partitions that come together are asked for together. */
  private schedule(): void {
    if (this.isScheduled || this.closed) return;
    this.isScheduled = true;
    this.env.timers.soon(() => {
      this.isScheduled = false;
      this.work();
    });
  }

  private work(): void {
    if (this.asking || this.closed) return;
    this.timer?.cancel();
    this.timer = undefined;
    const nowMs = this.env.clock.monotonicMs();
    if (nowMs < this.pausedUntilMs) {
      this.wakeAfter(this.pausedUntilMs - nowMs);
      return;
    }
    if (this.truncate(nowMs) || this.findOffsets(nowMs) || this.fetch(nowMs)) return;
    this.wakeAfter(this.untilNextMs(nowMs));
  }

  private wakeAfter(delayMs: number): void {
    if (this.entries.size === 0) return;
    this.timer = this.env.timers.after(delayMs, () => this.work());
  }

  /** What is neither delayed nor asked for is throttled, and looked at again after the back-off. */
  private untilNextMs(nowMs: number): number {
    const { backoffMs } = this.settings;
    let nextMs = nowMs + backoffMs;
    for (const { notBeforeMs } of this.entries.values()) {
      if (notBeforeMs > nowMs && notBeforeMs < nextMs) nextMs = notBeforeMs;
    }
    return Math.max(1, nextMs - nowMs);
  }

  private ask<Q extends Message, R extends Message>(
    messages: { readonly request: Q; readonly response: R },
    version: number,
    body: Parameters<LeaderPort['request']>[2],
    answered: (answer: Infer<R>) => void,
  ): void {
    this.asking = true;
    const settle = (action: () => void): void => {
      this.asking = false;
      if (this.closed) return;
      action();
      this.work();
    };
    this.port.request(messages, version, body).then(
      (answer) =>
        settle(() => {
          this.failing = false;
          answered(answer);
        }),
      (error: unknown) => settle(() => this.pause(error instanceof Error ? error.message : String(error))),
    );
  }

  private pause(reason: string): void {
    const { log, clock } = this.env;
    const text = `Cannot fetch from broker ${this.leaderId}: ${reason}`;
    // Told once, not again with every attempt.
    if (this.failing) log.debug(text);
    else log.warn(text);
    this.failing = true;
    this.session.lost();
    this.pausedUntilMs = clock.monotonicMs() + this.settings.backoffMs;
  }

  private delay(entry: Entry): void {
    entry.notBeforeMs = this.env.clock.monotonicMs() + this.settings.backoffMs;
  }

  private fail(entry: Entry, reason: string): void {
    this.entries.delete(entry.key);
    this.env.log.error(`Replication of ${entry.key} stops until the controller says more: ${reason}`);
  }

  /** The leader is in a later epoch: only the controller can tell us who leads now. */
  private fenced(entry: Entry): void {
    this.entries.delete(entry.key);
    this.env.log.info(
      `Broker ${this.leaderId} is past leader epoch ${entry.leaderEpoch} of ${entry.key}: waiting for the controller`,
    );
  }

  /** An error of one partition that is not a reason to do anything but wait. */
  private retryLater(entry: Entry, errorCode: number): void {
    if (errorCode === ErrorCode.FENCED_LEADER_EPOCH) {
      this.fenced(entry);
      return;
    }
    this.env.log.info(`Broker ${this.leaderId} cannot serve ${entry.key} yet: ${errorOf(errorCode).name}`);
    this.delay(entry);
  }

  // --- finding where the log parts from the leader's, before anything is fetched

  private truncate(nowMs: number): boolean {
    const asked = new Map<string, { entry: Entry; leaderEpoch: number }>();
    for (const entry of this.entries.values()) {
      if (entry.phase !== 'truncating' || entry.notBeforeMs > nowMs) continue;
      const leaderEpoch = entry.partition.localLog?.latestEpoch;
      if (leaderEpoch !== undefined && this.settings.protocol.knowsLeaderEpochs) {
        asked.set(entry.key, { entry, leaderEpoch });
      } else {
        this.cut(entry, { offset: entry.fetchOffset, complete: true });
      }
    }
    if (asked.size === 0) return false;
    const topics = byTopic([...asked.values()], ({ entry }) => entry.partition.topicPartition.topic);
    const version = this.settings.protocol.offsetForLeaderEpochVersion;
    const body = {
      replicaId: this.settings.brokerId,
      topics: topics.map(({ topic, items }) => ({
        topic,
        partitions: items.map(({ entry, leaderEpoch }) => ({
          partition: entry.partition.topicPartition.partition,
          currentLeaderEpoch: entry.leaderEpoch,
          leaderEpoch,
        })),
      })),
    };
    this.ask(OffsetForLeaderEpoch, version, body, (answer) => {
      for (const { topic, partitions } of answer.topics) {
        for (const { partition, errorCode, leaderEpoch, endOffset } of partitions) {
          const entry = asked.get(topicPartitionKey({ topic, partition }))?.entry;
          if (entry === undefined || this.entries.get(entry.key) !== entry) continue;
          asked.delete(entry.key);
          if (errorCode !== ErrorCode.NONE) this.retryLater(entry, errorCode);
          else this.cutByAnswer(entry, { leaderEpoch, endOffset });
        }
      }
      // What the leader has said nothing about.
      for (const { entry } of asked.values()) this.delay(entry);
    });
    return true;
  }

  private cutByAnswer(entry: Entry, answer: { leaderEpoch: number; endOffset: number }): void {
    const { localLog } = entry.partition;
    if (localLog !== undefined) this.cut(entry, truncationFor(localLog, answer, entry.fetchOffset));
  }

  private cut(entry: Entry, truncation: { offset: number; complete: boolean }): void {
    const done = this.guard(entry, () => entry.partition.truncateTo(truncation.offset));
    if (!done) return;
    const log = entry.partition.localLog;
    if (log === undefined) return;
    const { truncatesOnFetch } = this.settings.protocol;
    entry.fetchOffset = log.logEndOffset;
    entry.lastFetchedEpoch = truncatesOnFetch ? (log.latestEpoch ?? -1) : -1;
    entry.phase = truncatesOnFetch || truncation.complete ? 'fetching' : 'truncating';
  }

  // --- the leader does not have the offset: `AbstractFetcherThread.fetchOffsetAndTruncate`

  private findOffsets(nowMs: number): boolean {
    const isAsked = (entry: Entry) => entry.phase === 'out-of-range' && entry.notBeforeMs <= nowMs;
    const outside = [...this.entries.values()].filter(isAsked);
    const first = outside[0];
    if (first === undefined) return false;
    // All of one kind at a time.
    const wantsEnd = first.leaderEndOffset === undefined;
    const asked = outside.filter(({ leaderEndOffset }) => (leaderEndOffset === undefined) === wantsEnd);
    const timestamp = wantsEnd ? ListOffsetsTimestamp.LATEST : ListOffsetsTimestamp.EARLIEST;
    const body = {
      replicaId: this.settings.brokerId,
      topics: byTopic(asked, ({ partition }) => partition.topicPartition.topic).map(({ topic, items }) => ({
        name: topic,
        partitions: items.map(({ partition, leaderEpoch }) => ({
          partitionIndex: partition.topicPartition.partition,
          currentLeaderEpoch: leaderEpoch,
          timestamp,
        })),
      })),
    };
    this.ask(ListOffsets, this.settings.protocol.listOffsetsVersion, body, (answer) => {
      const waiting = new Set(asked);
      for (const { name: topic, partitions } of answer.topics) {
        for (const { partitionIndex, errorCode, offset, oldStyleOffsets } of partitions) {
          const entry = this.entries.get(topicPartitionKey({ topic, partition: partitionIndex }));
          if (entry === undefined || !waiting.delete(entry)) continue;
          this.offsetFound(entry, wantsEnd, { errorCode, offset: oldStyleOffsets[0] ?? offset });
        }
      }
      for (const entry of waiting) this.delay(entry);
    });
    return true;
  }

  private offsetFound(
    entry: Entry,
    isEnd: boolean,
    { errorCode, offset }: { errorCode: number; offset: number },
  ): void {
    const log = entry.partition.localLog;
    if (errorCode !== ErrorCode.NONE || log === undefined) {
      entry.phase = 'fetching';
      this.retryLater(entry, errorCode);
      return;
    }
    if (!isEnd) {
      if (offset <= log.logEndOffset) this.goOnFrom(entry, log);
      else if (this.guard(entry, () => entry.partition.startAt(offset))) this.goOnFrom(entry, log);
      return;
    }
    if (offset >= log.logEndOffset) {
      entry.leaderEndOffset = offset;
      return;
    }
    // An unclean election has made a shorter log the leader's.
    this.env.log.warn(
      `The log of ${entry.key} is cut from ${log.logEndOffset} to its leader's end, ${offset}`,
    );
    if (this.guard(entry, () => entry.partition.truncateTo(offset))) this.goOnFrom(entry, log);
  }

  private goOnFrom(entry: Entry, log: UnifiedLog): void {
    entry.phase = 'fetching';
    entry.leaderEndOffset = undefined;
    entry.fetchOffset = log.logEndOffset;
    entry.lastFetchedEpoch = this.settings.protocol.truncatesOnFetch ? (log.latestEpoch ?? -1) : -1;
  }

  // --- fetching

  private fetch(nowMs: number): boolean {
    const { settings } = this;
    const wanted: WantedPartition[] = [];
    for (const entry of this.entries.values()) {
      const log = entry.partition.localLog;
      if (entry.phase !== 'fetching' || entry.flushing || entry.notBeforeMs > nowMs || log === undefined)
        continue;
      if (this.isThrottled(entry, nowMs)) continue;
      const { topic, partition } = entry.partition.topicPartition;
      wanted.push({
        topic,
        topicId: entry.topicId,
        partition,
        fetchOffset: entry.fetchOffset,
        logStartOffset: log.logStartOffset,
        maxBytes: settings.maxBytes,
        currentLeaderEpoch: entry.leaderEpoch,
        lastFetchedEpoch: entry.lastFetchedEpoch,
      });
    }
    const { fetchVersion } = settings.protocol;
    const next = this.session.next(wanted, fetchVersion >= TOPIC_ID_VERSION);
    if (next === undefined) return false;
    const { byTopicId, ...session } = next;
    const version = byTopicId ? fetchVersion : Math.min(fetchVersion, TOPIC_ID_VERSION - 1);
    const replica =
      version >= REPLICA_STATE_VERSION
        ? { replicaState: { replicaId: settings.brokerId, replicaEpoch: settings.brokerEpoch() } }
        : { replicaId: settings.brokerId };
    const { waitMaxMs: maxWaitMs, minBytes, responseMaxBytes: maxBytes } = settings;
    const body = { ...replica, maxWaitMs, minBytes, maxBytes, ...session };
    this.ask(Fetch, version, body, (answer) => this.fetched(answer));
    return true;
  }

  /** A replica that is in sync is never held back, so that it stays so. */
  private isThrottled(entry: Entry, nowMs: number): boolean {
    const { quota } = this.settings;
    if (entry.lag !== undefined && entry.lag <= 0) return false;
    return quota.isThrottled(entry.partition.topicPartition) && quota.isQuotaExceeded(nowMs);
  }

  private fetched(response: Infer<typeof FetchResponse>): void {
    if (!this.session.answered(response)) {
      const { errorCode } = response;
      const isSessions =
        errorCode === ErrorCode.FETCH_SESSION_ID_NOT_FOUND ||
        errorCode === ErrorCode.INVALID_FETCH_SESSION_EPOCH;
      if (!isSessions) this.pause(`a fetch was answered by ${errorOf(errorCode).name}`);
      return;
    }
    for (const { topic: name, topicId, partitions } of response.responses) {
      for (const fetched of partitions) {
        const asked = this.session.asked(name, topicId, fetched.partitionIndex);
        if (asked === undefined) continue;
        const entry = this.entries.get(topicPartitionKey(asked));
        if (entry !== undefined && isAnswerFor(entry, asked)) this.take(entry, fetched);
      }
    }
  }

  private take(entry: Entry, fetched: FetchedPartition): void {
    const { errorCode } = fetched;
    if (errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) {
      entry.phase = 'out-of-range';
      return;
    }
    if (errorCode !== ErrorCode.NONE) {
      this.retryLater(entry, errorCode);
      return;
    }
    const { epoch, endOffset } = fetched.divergingEpoch;
    if (epoch >= 0 && this.settings.protocol.truncatesOnFetch) {
      this.cutByAnswer(entry, { leaderEpoch: epoch, endOffset });
      return;
    }
    const records = fetched.records ?? Buffer.alloc(0);
    const appended = this.guard(entry, () => this.append(entry, records, fetched));
    if (!appended || records.length === 0) return;
    const { quota } = this.settings;
    if (quota.isThrottled(entry.partition.topicPartition)) {
      quota.record(records.length, this.env.clock.monotonicMs());
    }
    // The others come first next time, so that none starves.
    if (this.entries.delete(entry.key)) this.entries.set(entry.key, entry);
  }

  private append(entry: Entry, records: Buffer, fetched: FetchedPartition): void {
    const { partition } = entry;
    const { highWatermark, logStartOffset } = fetched;
    const log = partition.localLog;
    if (log === undefined) return;
    if (log.logEndOffset !== entry.fetchOffset) {
      this.env.log.error(
        `The log of ${entry.key} ends at ${log.logEndOffset}, not at ${entry.fetchOffset}: looking again where it stands`,
      );
      Object.assign(entry, this.entryOf(entry.key, entry, log));
      this.delay(entry);
      return;
    }
    const info = partition.appendFetched(records, { highWatermark, logStartOffset }, entry.leaderEpoch);
    if (info.lastOffset >= 0) {
      entry.fetchOffset = info.lastOffset + 1;
      if (this.settings.protocol.truncatesOnFetch && info.lastLeaderEpoch >= 0) {
        entry.lastFetchedEpoch = info.lastLeaderEpoch;
      }
    }
    entry.lag = Math.max(0, highWatermark - entry.fetchOffset);
    if (info.flushed !== undefined) this.holdUntil(entry, info.flushed);
  }

  private holdUntil(entry: Entry, flushed: Promise<void>): void {
    entry.flushing = true;
    flushed.then(
      () => {
        entry.flushing = false;
        this.schedule();
      },
      // The log directory is offline: the replica is taken away.
      () => undefined,
    );
  }

  /** Runs what changes the log. Records that are damaged are asked for again; with any other error it is over. */
  private guard(entry: Entry, action: () => void): boolean {
    try {
      action();
      return true;
    } catch (error) {
      const isDamage = error instanceof MalformedError || error instanceof OffsetOrderError;
      if (isDamage || (error instanceof LogError && error.error === 'CORRUPT_MESSAGE')) {
        this.env.log.error(`Broker ${this.leaderId} sent damaged records of ${entry.key}: ${error.message}`);
        this.delay(entry);
      } else if (error instanceof LogError || error instanceof UnexpectedAppendOffsetError) {
        this.fail(entry, error.message);
      } else {
        throw error;
      }
      return false;
    }
  }
}

/** Whether an answer is to what would be asked now. */
function isAnswerFor(entry: Entry, asked: WantedPartition): boolean {
  return (
    entry.phase === 'fetching' &&
    asked.fetchOffset === entry.fetchOffset &&
    asked.currentLeaderEpoch === entry.leaderEpoch &&
    asked.topicId === entry.topicId
  );
}

function byTopic<T>(items: readonly T[], topicOf: (item: T) => string): { topic: string; items: T[] }[] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const topic = topicOf(item);
    const group = groups.get(topic);
    if (group === undefined) groups.set(topic, [item]);
    else group.push(item);
  }
  return Array.from(groups, ([topic, group]) => ({ topic, items: group }));
}
