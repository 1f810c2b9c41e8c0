import { ErrorCode, errorOf } from '../../wire/kafka/errors.ts';
import { type LogOffsetMetadata, offsetOnly } from '../log/log-types.ts';
import type { TopicPartition } from '../log/topic-partition.ts';
import type { UnifiedLog } from '../log/unified-log.ts';
import type { LeaderAndIsrPartition } from '../metadata/controller-commands.ts';
import type { LeaderAndIsr } from '../metadata/model.ts';
import { type FollowerFetch, FollowerState, UNKNOWN_BROKER_EPOCH } from './follower-state.ts';
import type { IsrChange, IsrChangeOutcome } from './isr-changes.ts';
import { committedIsr, type IsrState, pendingIsr } from './isr-state.ts';
import type { PartitionContext } from './partition-context.ts';

/** With these the change was not applied, and what the controller said before holds. */
const NOT_APPLIED: ReadonlySet<number> = new Set([
  ErrorCode.OPERATION_NOT_ATTEMPTED,
  ErrorCode.INELIGIBLE_REPLICA,
]);
/** With these the leader's knowledge is out of date: the controller's next command ends the wait. */
const OUT_OF_DATE: ReadonlySet<number> = new Set([
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.UNKNOWN_TOPIC_ID,
  ErrorCode.FENCED_LEADER_EPOCH,
  ErrorCode.INVALID_UPDATE_VERSION,
  ErrorCode.INVALID_REQUEST,
  ErrorCode.NEW_LEADER_ELECTED,
]);

export interface LeadershipParts {
  readonly context: PartitionContext;
  readonly topicPartition: TopicPartition;
  readonly topicId: () => string;
  /** The ISR has changed, or what is needed to commit. */
  readonly onChange: () => void;
}

/**
 * What a broker knows as the leader of a partition: its followers, and the ISR with the change that is under way
 * (`kafka.cluster.Partition`). Lives from the day the broker takes the lead until it loses it, over several leader
 * epochs if need be.
 */
export class Leadership {
  private readonly parts: LeadershipParts;
  private log: UnifiedLog;
  private readonly followers = new Map<number, FollowerState>();
  private current: IsrState = committedIsr([]);
  private state: LeaderAndIsrPartition;
  private partitionEpoch: number;
  /** Where this leader's epoch begins. */
  private epochStart: number;

  constructor(parts: LeadershipParts, log: UnifiedLog, state: LeaderAndIsrPartition) {
    this.parts = parts;
    this.log = log;
    this.state = state;
    this.partitionEpoch = state.partitionEpoch;
    this.epochStart = log.logEndOffset;
    this.assume(state, true);
  }

  get epochStartOffset(): number {
    return this.epochStart;
  }

  /** What the controller has confirmed. */
  get isr(): ReadonlySet<number> {
    return this.current.isr;
  }

  get isrState(): IsrState {
    return this.current;
  }

  /** Followers with what is known of them. */
  get followerStates(): ReadonlyMap<number, FollowerState> {
    return this.followers;
  }

  /** The log is in another log directory now. */
  moveTo(log: UnifiedLog): void {
    this.log = log;
  }

  /** The controller has chosen this leader again, in a higher epoch. */
  reelected(state: LeaderAndIsrPartition): void {
    this.epochStart = this.log.logEndOffset;
    this.assume(state, false);
  }

  private assume(state: LeaderAndIsrPartition, isNewLeader: boolean): void {
    const { log } = this;
    const { context } = this.parts;
    this.state = state;
    this.partitionEpoch = state.partitionEpoch;
    this.current = committedIsr(state.isr);
    for (const id of this.followers.keys()) if (!state.replicas.includes(id)) this.followers.delete(id);
    for (const id of state.replicas) {
      if (id !== context.brokerId && !this.followers.has(id)) this.followers.set(id, new FollowerState());
    }
    // In successive elections a follower may ask about this epoch before it has a record.
    log.assignEpochStartOffset(state.leaderEpoch, this.epochStart);
    const nowMs = context.clock.monotonicMs();
    for (const [id, follower] of this.followers) {
      const inSync = this.current.isr.has(id);
      follower.reset({ nowMs, leaderEndOffset: this.epochStart, isNewLeader, inSync });
    }
  }

  /** No more replicas are asked for than the partition has. */
  private get effectiveMinIsr(): number {
    const { context, topicPartition } = this.parts;
    return Math.min(context.minInsyncReplicas(topicPartition.topic), this.followers.size + 1);
  }

  get isUnderMinIsr(): boolean {
    return this.current.isr.size < this.effectiveMinIsr;
  }

  /** Whether those that have to have a record are enough to acknowledge it. */
  get hasEnoughToAcknowledge(): boolean {
    return this.current.maximal.size >= this.effectiveMinIsr;
  }

  /** A follower's fetch; the error for the follower when it does not count. */
  fetched(replicaId: number, fetch: FollowerFetch): ErrorCode {
    const follower = this.followers.get(replicaId);
    if (follower === undefined) return ErrorCode.UNKNOWN_LEADER_EPOCH;
    if (this.isOutlived(replicaId, follower, fetch.brokerEpoch)) return ErrorCode.NOT_LEADER_OR_FOLLOWER;
    follower.record(fetch);
    this.maybeExpand(replicaId, follower);
    return ErrorCode.NONE;
  }

  /** Whether the fetch is of an earlier life of the broker than the leader knows of (KIP-903). */
  private isOutlived(replicaId: number, follower: FollowerState, brokerEpoch: number): boolean {
    const { guards } = this.parts.context;
    if (!guards.comparesBrokerEpochs || brokerEpoch === UNKNOWN_BROKER_EPOCH) return false;
    const registered = this.parts.context.liveBrokerEpoch(replicaId) ?? UNKNOWN_BROKER_EPOCH;
    return brokerEpoch < registered || brokerEpoch < (follower.brokerEpoch ?? UNKNOWN_BROKER_EPOCH);
  }

  /** Up to where all that count have the log; undefined while too few are in sync to commit anything. */
  committableEnd(): LogOffsetMetadata | undefined {
    if (this.isUnderMinIsr) return undefined;
    const { log } = this;
    const { context } = this.parts;
    const { logEnd } = log;
    // `flush.messages`: the leader's own log counts as far as it is flushed; Apache's append flushes before it returns.
    let least = log.isFlushDue ? offsetOnly(log.recoveryPoint) : logEnd;
    const { maximal } = context.guards.waitsForMaximalIsr ? this.current : { maximal: this.wishedIsr() };
    for (const [id, follower] of this.followers) {
      if (follower.logEnd.messageOffset >= least.messageOffset) continue;
      if (maximal.has(id) || this.isAboutToJoin(id, follower, logEnd.messageOffset)) least = follower.logEnd;
    }
    return least.messageOffset < 0 ? undefined : least;
  }

  /** The hole that KIP-497 closed: taking what was asked for as if it were granted. */
  private wishedIsr(): ReadonlySet<number> {
    const { change, isr } = this.current;
    return change === undefined ? isr : new Set(change.isr.map(({ brokerId }) => brokerId));
  }

  /**
   * The high watermark waits for a follower that keeps up and is not in the ISR yet: with a busy leader alone in the
   * ISR it would run ahead of the follower for ever.
   */
  private isAboutToJoin(id: number, follower: FollowerState, leaderEndOffset: number): boolean {
    const { clock, replicaLagTimeMaxMs } = this.parts.context;
    return (
      follower.isCaughtUp(leaderEndOffset, clock.monotonicMs(), replicaLagTimeMaxMs) &&
      this.isEligible(id, follower)
    );
  }

  private maybeExpand(id: number, follower: FollowerState): void {
    if (this.current.kind !== 'committed' || this.current.isr.has(id)) return;
    const { log } = this;
    const { context } = this.parts;
    const { messageOffset } = follower.logEnd;
    const needed = context.guards.joinsFromEpochStart ? this.epochStart : 0;
    if (messageOffset < log.highWatermark || messageOffset < needed || !this.isEligible(id, follower)) return;
    this.change([...this.current.isr, id]);
  }

  /** The broker is there, and it is the one that has fetched. */
  private isEligible(id: number, follower: FollowerState): boolean {
    const { guards } = this.parts.context;
    const registered = this.parts.context.liveBrokerEpoch(id);
    if (registered === undefined) return false;
    if (!guards.comparesBrokerEpochs || registered === UNKNOWN_BROKER_EPOCH) return true;
    const { brokerEpoch } = follower;
    return brokerEpoch === undefined || brokerEpoch === UNKNOWN_BROKER_EPOCH || brokerEpoch === registered;
  }

  /** Takes out of the ISR who has not been caught up for `replica.lag.time.max.ms`. */
  maybeShrink(): void {
    if (this.current.kind !== 'committed') return;
    const { context } = this.parts;
    const nowMs = context.clock.monotonicMs();
    const { logEndOffset } = this.log;
    const isBehind = (id: number): boolean =>
      id !== context.brokerId &&
      this.followers.get(id)?.isCaughtUp(logEndOffset, nowMs, context.replicaLagTimeMaxMs) !== true;
    const remaining = [...this.current.isr].filter((id) => !isBehind(id));
    if (remaining.length < this.current.isr.size) this.change(remaining);
  }

  private change(isr: readonly number[]): void {
    const { topicPartition, topicId, context } = this.parts;
    const change: IsrChange = {
      ...topicPartition,
      topicId: topicId(),
      leaderEpoch: this.state.leaderEpoch,
      isr: isr.map((brokerId) => ({ brokerId, brokerEpoch: this.epochOf(brokerId) })),
      leaderRecovering: false,
      partitionEpoch: this.partitionEpoch,
      controllerEpoch: this.state.controllerEpoch,
    };
    context.log.info(
      `ISR of ${topicPartition.topic}-${topicPartition.partition}: asking for ${isr} instead of ${[...this.current.isr]}`,
    );
    const pending = pendingIsr(this.current, change);
    this.current = pending;
    this.submit(pending, change);
  }

  /** The life of the broker in which it was in sync. Of one that has not fetched yet there is nothing to say. */
  private epochOf(brokerId: number): number {
    const { context } = this.parts;
    if (!context.guards.comparesBrokerEpochs) return UNKNOWN_BROKER_EPOCH;
    if (brokerId === context.brokerId) return context.brokerEpoch();
    return this.followers.get(brokerId)?.brokerEpoch ?? UNKNOWN_BROKER_EPOCH;
  }

  private submit(pending: IsrState, change: IsrChange): void {
    this.parts.context.isrChanges.submit(change, (outcome) => {
      // The controller has said something else meanwhile.
      if (this.current === pending) this.answered(pending, change, outcome);
    });
  }

  private answered(pending: IsrState, change: IsrChange, outcome: IsrChangeOutcome): void {
    if ('state' in outcome) {
      this.granted(outcome.state);
      return;
    }
    const { error } = outcome;
    const { topic, partition } = change;
    this.parts.context.log.info(`The ISR of ${topic}-${partition} is not changed: ${errorOf(error).name}`);
    if (NOT_APPLIED.has(error)) {
      this.current = committedIsr(pending.isr);
      this.parts.onChange();
    } else if (!OUT_OF_DATE.has(error)) {
      this.submit(pending, change);
    }
  }

  private granted(state: LeaderAndIsr): void {
    if (state.leaderEpoch !== this.state.leaderEpoch || state.partitionEpoch < this.partitionEpoch) return;
    this.current = committedIsr(state.isr);
    this.partitionEpoch = state.partitionEpoch;
    this.parts.onChange();
  }

  /** The least log start of the replicas that live: what is deleted everywhere (DeleteRecords). */
  lowWatermark(): number {
    let least = this.log.logStartOffset;
    for (const [id, { logStartOffset }] of this.followers) {
      if (logStartOffset < least && this.parts.context.liveBrokerEpoch(id) !== undefined)
        least = logStartOffset;
    }
    return least;
  }
}
