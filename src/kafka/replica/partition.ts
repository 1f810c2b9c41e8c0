import { assert } from '../../base/assert.ts';
import { ErrorCode } from '../../wire/kafka/errors.ts';
import type {
  AppendInfo,
  AppendOrigin,
  LogOffsetMetadata,
  LogReadResult,
  ReadIsolation,
  ReadOptions,
} from '../log/log-types.ts';
import { offsetOnly } from '../log/log-types.ts';
import type { TopicPartition } from '../log/topic-partition.ts';
import type { UnifiedLog } from '../log/unified-log.ts';
import type { LeaderAndIsrPartition } from '../metadata/controller-commands.ts';
import { noLeader, zeroUuid } from '../metadata/model.ts';
import { appendReplicated } from './follower-append.ts';
import type { FollowerFetch } from './follower-state.ts';
import { Leadership } from './leadership.ts';
import type { PartitionContext } from './partition-context.ts';

/** A request that this partition refuses; the error goes to the client. */
export interface Refused {
  readonly error: ErrorCode;
}

export function isRefused(value: object): value is Refused {
  return 'error' in value && typeof value.error === 'number';
}

const NO_EPOCH = -1;

/**
 * One replica on this broker.
 *
 * Roles: none -> leader | follower (by the controller); leader <-> follower at a higher leader epoch; any -> offline
 * when its log directory fails.
 */
export class Partition {
  readonly topicPartition: TopicPartition;
  /** `zeroUuid` while nobody has told it. */
  topicId: string;
  private readonly context: PartitionContext;
  private log: UnifiedLog | undefined;
  private role: 'leader' | 'follower' | 'offline' = 'follower';
  private state: LeaderAndIsrPartition | undefined;
  /** While it leads. */
  private leading: Leadership | undefined;
  private resting = false;

  constructor(context: PartitionContext, topicPartition: TopicPartition, topicId: string) {
    this.context = context;
    this.topicPartition = topicPartition;
    this.topicId = topicId;
  }

  get leaderEpoch(): number {
    return this.state?.leaderEpoch ?? NO_EPOCH;
  }

  get leaderId(): number {
    return this.state?.leader ?? noLeader;
  }

  get isLeader(): boolean {
    return this.role === 'leader';
  }

  /** The controller has stopped this replica, and may set it going again in the same leader epoch. */
  get isResting(): boolean {
    return this.resting;
  }

  get isOffline(): boolean {
    return this.role === 'offline';
  }

  /** As the leader knows it; what the controller told last, for a follower. */
  get isr(): readonly number[] {
    return this.leading === undefined ? (this.state?.isr ?? []) : [...this.leading.isr];
  }

  get replicas(): readonly number[] {
    return this.state?.replicas ?? [];
  }

  /** False for another topic of the same name. */
  isOfTopic(topicId: string): boolean {
    return topicId === zeroUuid || this.topicId === zeroUuid || this.topicId === topicId;
  }

  /** The log, once there is one and its directory is online. */
  get localLog(): UnifiedLog | undefined {
    return this.log;
  }

  /** What the leader knows of its followers; undefined for a follower. */
  get leadership(): Leadership | undefined {
    return this.leading;
  }

  /** Takes the lead of an epoch that is later than any before. */
  makeLeader(state: LeaderAndIsrPartition, log: UnifiedLog): void {
    this.log = log;
    this.role = 'leader';
    this.resting = false;
    this.state = state;
    if (this.leading === undefined) {
      const { context, topicPartition } = this;
      const topicId = () => this.topicId;
      const onChange = () => this.advanceHighWatermark();
      this.leading = new Leadership({ context, topicPartition, topicId, onChange }, log, state);
    } else {
      this.leading.reelected(state);
    }
    this.advanceHighWatermark();
    // What was found on disk may have been in the page cache only when its broker fell.
    if (log.isFlushDue) this.advanceAfter(log.flush());
  }

  /** Follows another leader, or nobody as long as there is none. */
  makeFollower(state: LeaderAndIsrPartition, log: UnifiedLog): void {
    this.log = log;
    this.role = 'follower';
    this.resting = false;
    this.state = state;
    this.leading = undefined;
  }

  /** The controller wants this replica to rest; the log stays. */
  stop(): void {
    if (this.state !== undefined) this.state = { ...this.state, leader: noLeader };
    this.resting = true;
    this.role = 'follower';
    this.leading = undefined;
  }

  /** A copy in another log directory has taken the place of the log. */
  moveTo(log: UnifiedLog): void {
    this.log = log;
    this.leading?.moveTo(log);
  }

  /** Its log directory has failed. */
  markOffline(): void {
    this.role = 'offline';
    this.log = undefined;
    this.leading = undefined;
  }

  /** Compares the leader epoch that a client believes in (KIP-320); -1 is none. */
  checkLeaderEpoch(currentLeaderEpoch: number): ErrorCode {
    if (currentLeaderEpoch < 0 || currentLeaderEpoch === this.leaderEpoch) return ErrorCode.NONE;
    return currentLeaderEpoch < this.leaderEpoch
      ? ErrorCode.FENCED_LEADER_EPOCH
      : ErrorCode.UNKNOWN_LEADER_EPOCH;
  }

  /** The log, for a request that only the leader may answer (or, for debugging clients, a follower). */
  logFor(currentLeaderEpoch: number, leaderOnly: boolean): UnifiedLog | Refused {
    if (this.isOffline) return { error: ErrorCode.KAFKA_STORAGE_ERROR };
    const error = this.context.guards.fencesFetchers
      ? this.checkLeaderEpoch(currentLeaderEpoch)
      : ErrorCode.NONE;
    if (error !== ErrorCode.NONE) return { error };
    if (this.log === undefined || (leaderOnly && !this.isLeader)) {
      return { error: ErrorCode.NOT_LEADER_OR_FOLLOWER };
    }
    return this.log;
  }

  // --- as the leader

  /** Appends validated batches. With acks=-1 enough replicas must be in sync beforehand. Throws LogError. */
  append(records: Buffer, options: { acks: number; origin: AppendOrigin }): AppendInfo | Refused {
    const log = this.logFor(NO_EPOCH, true);
    if (isRefused(log)) return log;
    if (options.acks === -1 && this.leading?.isUnderMinIsr === true) {
      return { error: ErrorCode.NOT_ENOUGH_REPLICAS };
    }
    const info = log.appendAsLeader(records, this.leaderEpoch, options.origin);
    this.advanceHighWatermark();
    if (info.flushed !== undefined) this.advanceAfter(info.flushed);
    return info;
  }

  /** Whether records up to `requiredOffset` are on all in-sync replicas, and those are enough (acks=-1). */
  checkEnoughReplicas(requiredOffset: number): { done: boolean; error: ErrorCode } {
    const log = this.logFor(NO_EPOCH, true);
    if (isRefused(log)) return { done: true, error: log.error };
    if (log.highWatermark < requiredOffset) return { done: false, error: ErrorCode.NONE };
    const enough = this.leading?.hasEnoughToAcknowledge === true;
    return { done: true, error: enough ? ErrorCode.NONE : ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND };
  }

  /** A follower has fetched; the error that it gets for it. */
  followerFetched(replicaId: number, fetch: FollowerFetch): ErrorCode {
    const { leading } = this;
    if (leading === undefined) return ErrorCode.NOT_LEADER_OR_FOLLOWER;
    const before = leading.followerStates.get(replicaId);
    const [logEnd, logStart] = [before?.logEnd.messageOffset, before?.logStartOffset];
    const error = leading.fetched(replicaId, fetch);
    if (error !== ErrorCode.NONE) return error;
    if (logEnd !== fetch.logEnd.messageOffset) this.advanceHighWatermark();
    if (logStart !== fetch.logStartOffset) this.context.lowWatermarkMoved(this);
    return error;
  }

  /** Lets followers that have fallen behind leave the ISR; nothing waits any longer for those that were to join. */
  checkIsr(): void {
    this.leading?.maybeShrink();
    this.advanceHighWatermark();
  }

  /** DeleteRecords; -1 means up to the high watermark. Throws LogError for an offset beyond it. */
  deleteRecords(offset: number): { requestedOffset: number; lowWatermark: number } | Refused {
    const log = this.logFor(NO_EPOCH, true);
    if (isRefused(log)) return log;
    if (!log.config.delete) return { error: ErrorCode.POLICY_VIOLATION };
    const requestedOffset = offset === -1 ? log.highWatermark : offset;
    if (requestedOffset < 0) return { error: ErrorCode.OFFSET_OUT_OF_RANGE };
    log.maybeIncrementLogStartOffset(requestedOffset, 'client delete records');
    return { requestedOffset, lowWatermark: this.lowWatermark() };
  }

  /** Below it no live replica has records. */
  lowWatermark(): number {
    return this.leading?.lowWatermark() ?? -1;
  }

  /**
   * Whether a client must not be told the end of the log yet: a new leader does not know whether what was committed
   * before its epoch is all of what it has (KIP-207).
   */
  get isEndUnknown(): boolean {
    const { leading, log } = this;
    return leading !== undefined && log !== undefined && log.highWatermark < leading.epochStartOffset;
  }

  private advanceAfter(flushed: Promise<void>): void {
    flushed.then(
      () => this.advanceHighWatermark(),
      // A failed flush takes the whole log directory offline, and this partition with it.
      () => undefined,
    );
  }

  private advanceHighWatermark(): void {
    const { log, leading } = this;
    if (log === undefined || leading === undefined) return;
    const end = leading.committableEnd();
    if (end !== undefined && log.maybeIncrementHighWatermark(end) !== undefined) {
      this.context.highWatermarkMoved(this);
    }
  }

  // --- as a follower

  /**
   * Appends a leader's batches as they are and takes over its offsets. The high watermark never goes back: what was
   * committed under an earlier leader is committed. Throws what {@link appendReplicated} does.
   */
  appendFetched(
    records: Buffer,
    leader: { readonly highWatermark: number; readonly logStartOffset: number },
    leaderEpoch: number,
  ): AppendInfo {
    const { log } = this;
    assert(log !== undefined && !this.isLeader, 'only a follower with a log takes records from its leader');
    const before = log.logEndOffset;
    const info = appendReplicated(log, records, leaderEpoch);
    if (info.firstOffset >= 0 && info.firstOffset < before) this.context.truncated(this);
    const known = Math.min(leader.highWatermark, log.logEndOffset);
    if (log.highWatermark < known && log.maybeIncrementHighWatermark(offsetOnly(known)) !== undefined) {
      this.context.highWatermarkMoved(this);
    }
    const logStart = Math.min(leader.logStartOffset, log.highWatermark);
    if (logStart > log.logStartOffset) log.maybeIncrementLogStartOffset(logStart, "the leader's has risen");
    return info;
  }

  /** Drops what the leader does not have. Throws LogError. */
  truncateTo(offset: number): void {
    const { log } = this;
    if (log === undefined || this.isLeader) return;
    if (offset < log.highWatermark) {
      const { topic, partition } = this.topicPartition;
      this.context.log.warn(
        `${topic}-${partition} is cut to ${offset}, below its high watermark ${log.highWatermark}`,
      );
    }
    if (log.truncateTo(offset)) this.context.truncated(this);
  }

  /** Drops everything: the leader's log starts beyond the end of this one. Throws LogError. */
  startAt(offset: number): void {
    const { log } = this;
    if (log === undefined || this.isLeader) return;
    log.truncateFullyAndStartAt(offset);
    this.context.truncated(this);
  }

  // --- reading

  /** Reads what the isolation allows, from memory at once or from the disk later. Throws LogError. */
  read(log: UnifiedLog, options: ReadOptions): LogReadResult | Promise<LogReadResult> {
    return log.isHot(options) ? log.read(options) : log.readAsync(options);
  }

  /** Where a reader of this isolation finds the end. */
  endOffset(isolation: ReadIsolation): LogOffsetMetadata {
    assert(this.log !== undefined, 'a partition without log has no end offset');
    const offsets = this.log.offsets();
    if (isolation === 'log-end') return offsets.logEnd;
    return isolation === 'high-watermark' ? offsets.highWatermark : offsets.lastStable;
  }
}
