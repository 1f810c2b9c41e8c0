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

/** A request that this partition refuses; the error goes to the client. */
export interface Refused {
  readonly error: ErrorCode;
}

export function isRefused(value: object): value is Refused {
  return 'error' in value && typeof value.error === 'number';
}

interface Follower {
  logEnd: LogOffsetMetadata;
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
  readonly topicId: string;
  private readonly brokerId: number;
  private readonly onHighWatermark: (partition: Partition) => void;
  private log: UnifiedLog | undefined;
  private role: 'leader' | 'follower' | 'offline' = 'follower';
  private state: LeaderAndIsrPartition | undefined;
  /** What each follower is known to have, from its fetches. */
  private readonly followers = new Map<number, Follower>();

  constructor(options: {
    topicPartition: TopicPartition;
    topicId: string;
    brokerId: number;
    /** Called in the turn in which the high watermark has moved. */
    onHighWatermark: (partition: Partition) => void;
  }) {
    this.topicPartition = options.topicPartition;
    this.topicId = options.topicId;
    this.brokerId = options.brokerId;
    this.onHighWatermark = options.onHighWatermark;
  }

  get leaderEpoch(): number {
    return this.state?.leaderEpoch ?? NO_EPOCH;
  }

  get leaderId(): number {
    return this.state?.leader ?? -1;
  }

  get isLeader(): boolean {
    return this.role === 'leader';
  }

  get isOffline(): boolean {
    return this.role === 'offline';
  }

  get isr(): readonly number[] {
    return this.state?.isr ?? [];
  }

  get replicas(): readonly number[] {
    return this.state?.replicas ?? [];
  }

  /** The log, once there is one and its directory is online. */
  get localLog(): UnifiedLog | undefined {
    return this.log;
  }

  /** Takes the lead. Returns false when it had the lead at this epoch already. */
  makeLeader(state: LeaderAndIsrPartition, log: UnifiedLog): boolean {
    const isNew = this.role !== 'leader' || state.leaderEpoch > this.leaderEpoch;
    this.log = log;
    this.role = 'leader';
    this.state = state;
    for (const id of this.followers.keys()) if (!state.replicas.includes(id)) this.followers.delete(id);
    if (isNew) {
      log.assignEpochStartOffset(state.leaderEpoch, log.logEndOffset);
      // What a follower had under another leader says nothing about this one.
      for (const follower of this.followers.values()) follower.logEnd = offsetOnly(-1);
    }
    for (const id of state.replicas) {
      if (id !== this.brokerId && !this.followers.has(id)) this.followers.set(id, { logEnd: offsetOnly(-1) });
    }
    this.advanceHighWatermark();
    // What was found on disk may have been in the page cache only when its broker fell.
    if (log.isFlushDue) this.advanceAfter(log.flush());
    return isNew;
  }

  /** Follows another leader. Returns false when nothing changed. */
  makeFollower(state: LeaderAndIsrPartition, log: UnifiedLog): boolean {
    const isNew = this.role !== 'follower' || state.leaderEpoch > this.leaderEpoch;
    this.log = log;
    this.role = 'follower';
    this.state = state;
    this.followers.clear();
    return isNew;
  }

  /** Its log directory has failed. */
  markOffline(): void {
    this.role = 'offline';
    this.log = undefined;
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
    const error = this.checkLeaderEpoch(currentLeaderEpoch);
    if (error !== ErrorCode.NONE) return { error };
    if (this.log === undefined || (leaderOnly && !this.isLeader)) {
      return { error: ErrorCode.NOT_LEADER_OR_FOLLOWER };
    }
    return this.log;
  }

  /**
   * Appends validated batches as the leader. With acks=-1 enough replicas must be in sync beforehand. Throws
   * LogError.
   */
  append(
    records: Buffer,
    options: { acks: number; minInsyncReplicas: number; origin: AppendOrigin },
  ): AppendInfo | Refused {
    const log = this.logFor(NO_EPOCH, true);
    if (isRefused(log)) return log;
    if (options.acks === -1 && !this.hasEnoughInSync(options.minInsyncReplicas)) {
      return { error: ErrorCode.NOT_ENOUGH_REPLICAS };
    }
    const info = log.appendAsLeader(records, this.leaderEpoch, options.origin);
    this.advanceHighWatermark();
    if (info.flushed !== undefined) this.advanceAfter(info.flushed);
    return info;
  }

  /** Whether records up to `requiredOffset` are on all in-sync replicas, and those are enough (acks=-1). */
  checkEnoughReplicas(
    requiredOffset: number,
    minInsyncReplicas: number,
  ): { done: boolean; error: ErrorCode } {
    const log = this.logFor(NO_EPOCH, true);
    if (isRefused(log)) return { done: true, error: log.error };
    if (log.highWatermark < requiredOffset) return { done: false, error: ErrorCode.NONE };
    const enough = this.hasEnoughInSync(minInsyncReplicas);
    return { done: true, error: enough ? ErrorCode.NONE : ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND };
  }

  /** No more replicas are asked for than the partition has. */
  private hasEnoughInSync(minInsyncReplicas: number): boolean {
    return this.isr.length >= Math.min(minInsyncReplicas, this.replicas.length);
  }

  /** A follower has fetched from here on, so it has all before it. */
  followerFetched(replicaId: number, logEnd: LogOffsetMetadata): ErrorCode {
    const follower = this.followers.get(replicaId);
    if (follower === undefined) return ErrorCode.UNKNOWN_LEADER_EPOCH;
    follower.logEnd = logEnd;
    this.advanceHighWatermark();
    return ErrorCode.NONE;
  }

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

  /** DeleteRecords; -1 means up to the high watermark. Throws LogError for an offset beyond it. */
  deleteRecords(offset: number): { lowWatermark: number } | Refused {
    const log = this.logFor(NO_EPOCH, true);
    if (isRefused(log)) return log;
    if (!log.config.delete) return { error: ErrorCode.POLICY_VIOLATION };
    const target = offset === -1 ? log.highWatermark : offset;
    if (target < 0) return { error: ErrorCode.OFFSET_OUT_OF_RANGE };
    log.maybeIncrementLogStartOffset(target, 'client delete records');
    return { lowWatermark: log.logStartOffset };
  }

  private advanceAfter(flushed: Promise<void>): void {
    flushed.then(
      () => this.advanceHighWatermark(),
      // A failed flush takes the whole log directory offline, and this partition with it.
      () => undefined,
    );
  }

  /**
   * The high watermark is the least log end of the in-sync replicas. Where `flush.messages` asks for a flush, the
   * leader's own log counts as far as it is flushed: Apache's append flushes before it returns.
   */
  private advanceHighWatermark(): void {
    const { log } = this;
    if (log === undefined || !this.isLeader) return;
    let least = log.isFlushDue ? offsetOnly(log.recoveryPoint) : log.logEnd;
    for (const id of this.isr) {
      if (id === this.brokerId) continue;
      const end = this.followers.get(id)?.logEnd ?? offsetOnly(-1);
      if (end.messageOffset < least.messageOffset) least = end;
    }
    if (least.messageOffset < 0) return;
    if (log.maybeIncrementHighWatermark(least) !== undefined) this.onHighWatermark(this);
  }
}
