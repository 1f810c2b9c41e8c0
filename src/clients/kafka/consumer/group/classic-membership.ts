import { MalformedError } from '../../../../base/malformed-error.ts';
import type { Timer } from '../../../../env/timers.ts';
import { ErrorCode } from '../../../../wire/kafka/errors.ts';
import { backoffMs } from '../../cluster/backoff.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import { pause } from '../../cluster/pause.ts';
import { BrokerError, isRetriable, KafkaError } from '../../kafka-error.ts';
import type { GroupMetadata } from '../consumer-offsets.ts';
import { type Assignor, type MemberAssignment, protocolOf } from './assignors/assignor.ts';
import { ClassicRequests, type Joined } from './classic-requests.ts';
import { decodeAssignment, encodeSubscription } from './consumer-protocol.ts';
import { GroupLeader } from './group-leader.ts';
import type { Goodbye, GroupMembership, MembershipHost } from './group-membership.ts';

export interface ClassicOptions {
  readonly groupId: string;
  readonly groupInstanceId: string | null;
  readonly assignors: readonly Assignor[];
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly maxPollIntervalMs: number;
  readonly clientRack: string;
  readonly allowAutoCreateTopics: boolean;
}

type State = 'unjoined' | 'joining' | 'joined' | 'stable' | 'failed' | 'left';

/** Errors that say that the coordinator does not know this member, or not in this generation. */
const LOST: ReadonlySet<number> = new Set([ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.ILLEGAL_GENERATION]);

const NO_GENERATION = -1;

/**
 * A member of a classic group: JoinGroup, SyncGroup, heartbeats. As `AbstractCoordinator` and `ConsumerCoordinator`.
 *
 *     unjoined --turn: joins--> joining --JoinGroup and SyncGroup answered--> joined --turn: takes over--> stable
 *     joined, stable --a rebalance, another subscription--> the same, with a reason to rejoin --turn--> joining
 *     joining, joined, stable --unknown member or generation, no poll in time--> unjoined, lost --turn--> joining
 *     all --an error that does not pass--> failed
 *     all --leave--> left
 *
 * Eager members give up everything before they join, cooperative ones (KIP-429) only what turns out to go elsewhere,
 * and join once more then.
 */
export class ClassicMembership implements GroupMembership {
  private readonly cluster: Cluster;
  private readonly options: ClassicOptions;
  private readonly host: MembershipHost;
  private readonly requests: ClassicRequests;
  private readonly leader: GroupLeader;
  private readonly cooperative: boolean;
  private state: State = 'unjoined';
  private rejoinReason: string | undefined = 'the consumer has started';
  /** The partitions may belong to others already. */
  private lost = false;
  private failure: unknown;
  private memberId = '';
  private generationId = NO_GENERATION;
  private protocolName: string | null = null;
  /** What was joined with, sorted. */
  private joinedTopics = '';
  private assignment: MemberAssignment = { partitions: [], userData: null };
  /** Of the join under way; a later one, or a leave, makes it void. */
  private attempt = 0;
  private joining: Promise<void> = Promise.resolve();
  private heartbeats: Timer | undefined;
  private heartbeatUnderWay = false;
  private wasPolled = true;
  private polledAtMs = 0;

  constructor(cluster: Cluster, options: ClassicOptions, host: MembershipHost) {
    this.cluster = cluster;
    this.options = options;
    this.host = host;
    this.requests = new ClassicRequests(cluster, options.groupId);
    this.leader = new GroupLeader(cluster, options, host.subscription);
    this.cooperative = protocolOf(options.assignors) === 'cooperative';
  }

  get needsTurn(): boolean {
    switch (this.state) {
      case 'joined':
      case 'failed':
        return true;
      case 'unjoined':
      case 'stable':
        return this.lost || this.rejoinReason !== undefined;
      default:
        return false;
    }
  }

  get identity(): GroupMetadata {
    const { groupId, groupInstanceId } = this.options;
    return { groupId, memberId: this.memberId, generationId: this.generationId, groupInstanceId };
  }

  polled(): void {
    this.wasPolled = true;
  }

  async turn(): Promise<void> {
    while (this.needsTurn) {
      if (this.state === 'failed') throw this.failure;
      if (this.lost) {
        this.lost = false;
        await this.host.lose([...this.host.subscription.partitions]);
      } else if (this.state === 'joined') await this.takeOver();
      else await this.startJoining();
    }
  }

  subscriptionChanged(): void {
    if (this.state !== 'stable' && this.state !== 'joined' && this.state !== 'joining') return;
    if (this.topicsNow() !== this.joinedTopics) this.rejoin('the subscription has changed');
    else if (this.leader.seesChange()) this.rejoin('partitions of the topics have changed');
  }

  enforceRebalance(reason: string): void {
    this.rejoin(reason);
  }

  async settled(): Promise<void> {
    while (this.state === 'joining') await this.joining;
    if (this.state === 'joined' || this.state === 'stable') return;
    throw new BrokerError(
      ErrorCode.UNKNOWN_MEMBER_ID,
      `commit of group ${this.options.groupId}`,
      'this consumer is not a member of the group now; its partitions may belong to others',
    );
  }

  commitRefused(errorCode: number, identity: GroupMetadata): void {
    if (identity.memberId !== this.memberId || identity.generationId !== this.generationId) return;
    this.refused(errorCode, 'a commit');
  }

  async leave(reason: string, goodbye: Goodbye): Promise<void> {
    const { identity, state } = this;
    this.attempt++;
    this.state = 'left';
    this.stopHeartbeats();
    if (identity.memberId === '' || state === 'left' || state === 'failed') return;
    const isTold = goodbye === 'if-dynamic' ? identity.groupInstanceId === null : goodbye === 'always';
    if (isTold) await this.tellLeaving(identity, reason);
    this.forgetMember();
  }

  private topicsNow(): string {
    return [...this.host.subscription.topics].sort().join();
  }

  private rejoin(reason: string): void {
    if (this.state === 'left' || this.state === 'failed') return;
    this.rejoinReason ??= reason;
    this.host.wake();
  }

  private async startJoining(): Promise<void> {
    const { subscription } = this.host;
    const { state } = this;
    const owned = [...subscription.partitions];
    const given = this.cooperative ? owned.filter(({ topic }) => !subscription.topics.has(topic)) : owned;
    if (given.length > 0) await this.host.revoke(given);
    // Meanwhile it may have lost its place.
    if (this.state !== state || this.lost) return;
    const reason = this.rejoinReason ?? '';
    this.rejoinReason = undefined;
    this.state = 'joining';
    const attempt = ++this.attempt;
    this.joining = this.join(attempt, reason);
  }

  /** Joins until it has an assignment, or something that needs a turn. Never rejects. */
  private async join(attempt: number, reason: string): Promise<void> {
    const { env, settings } = this.cluster;
    for (let failures = 0; ; ) {
      try {
        const assignment = await this.joinOnce(attempt, reason);
        if (attempt !== this.attempt) return;
        if (assignment === undefined) continue;
        this.assignment = assignment;
        this.state = 'joined';
        this.host.wake();
        return;
      } catch (error) {
        if (attempt !== this.attempt) return;
        if (error instanceof BrokerError && LOST.has(error.errorCode)) {
          this.refused(error.errorCode, 'joining');
          return;
        }
        const passes = isRetriable(error) || isRebalance(error);
        if (!passes) {
          this.fail(error);
          return;
        }
        failures = isRebalance(error) ? 0 : failures + 1;
        const waitMs = backoffMs(env.random, settings.retryBackoffMs, settings.retryBackoffMaxMs, failures);
        if (failures > 0) await pause(env.timers, waitMs);
        if (attempt !== this.attempt) return;
      }
    }
  }

  /** Undefined when it has got a member id to come back with. */
  private async joinOnce(attempt: number, reason: string): Promise<MemberAssignment | undefined> {
    const { subscription } = this.host;
    const topics = subscription.topics;
    this.joinedTopics = this.topicsNow();
    const answer = await this.requests.join(this.identity, {
      sessionTimeoutMs: this.options.sessionTimeoutMs,
      rebalanceTimeoutMs: this.options.maxPollIntervalMs,
      reason,
      protocols: this.options.assignors.map((assignor) => ({
        name: assignor.name,
        metadata: encodeSubscription({
          topics: [...topics],
          userData: assignor.userData?.(topics) ?? null,
          ownedPartitions: [...subscription.partitions],
          generationId: this.generationId,
          rackId: this.options.clientRack === '' ? null : this.options.clientRack,
        }),
      })),
    });
    if (attempt !== this.attempt) {
      await this.leaveAsVoid(answer);
      return undefined;
    }
    this.memberId = answer.memberId;
    if (answer.errorCode === ErrorCode.MEMBER_ID_REQUIRED) return undefined;
    this.generationId = answer.generationId;
    this.protocolName = answer.protocolName;
    this.startHeartbeats();
    const isLeader = answer.leader === answer.memberId;
    const assignments = isLeader ? await this.leader.assign(answer) : this.leader.follow();
    const bytes = await this.requests.sync(this.identity, answer.protocolName, assignments);
    return readAssignment(bytes, this.options.groupId);
  }

  /** The consumer was closed while it was joining: nobody is to wait for this member. */
  private async leaveAsVoid(answer: Joined): Promise<void> {
    const { groupInstanceId } = this.options;
    if (this.state !== 'left' || groupInstanceId !== null || answer.memberId === '') return;
    await this.tellLeaving({ ...this.identity, memberId: answer.memberId }, 'the consumer is closed');
  }

  private async takeOver(): Promise<void> {
    const { subscription } = this.host;
    const { partitions } = this.assignment;
    this.state = 'stable';
    const assignor = this.options.assignors.find(({ name }) => name === this.protocolName);
    assignor?.onAssignment?.(this.assignment, this.generationId);
    if (partitions.some(({ topic }) => !subscription.topics.has(topic))) {
      // It is for a subscription that has changed meanwhile.
      this.rejoin('the assignment has topics that are not subscribed to');
      return;
    }
    if (this.cooperative) {
      const stays = new Set(partitions.map(({ topic, partition }) => `${topic}-${partition}`));
      const revoked = [...subscription.partitions].filter((one) => !stays.has(String(one)));
      if (revoked.length > 0) {
        await this.host.revoke(revoked);
        this.rejoin('partitions have been given up for others');
      }
    }
    if (!this.lost) await this.host.assign(partitions);
  }

  private startHeartbeats(): void {
    this.wasPolled = true;
    this.heartbeats ??= this.cluster.env.timers.every(this.options.heartbeatIntervalMs, () => this.beat());
  }

  private stopHeartbeats(): void {
    this.heartbeats?.cancel();
    this.heartbeats = undefined;
  }

  private beat(): void {
    const nowMs = this.cluster.env.clock.monotonicMs();
    if (this.wasPolled || this.host.isWaiting) this.polledAtMs = nowMs;
    this.wasPolled = false;
    if (nowMs - this.polledAtMs > this.options.maxPollIntervalMs) {
      void this.leaveForNow();
      return;
    }
    if (!this.heartbeatUnderWay) void this.heartbeat();
  }

  private async heartbeat(): Promise<void> {
    const { identity } = this;
    this.heartbeatUnderWay = true;
    try {
      await this.requests.heartbeat(identity, this.options.sessionTimeoutMs);
    } catch (error) {
      const stale = identity.memberId !== this.memberId || identity.generationId !== this.generationId;
      if (stale || this.state === 'joining') return;
      if (error instanceof BrokerError) this.refused(error.errorCode, 'a heartbeat');
      else if (!isRetriable(error)) this.fail(error);
    } finally {
      this.heartbeatUnderWay = false;
    }
  }

  /** Nobody has asked for records for too long: others shall have the partitions. */
  private async leaveForNow(): Promise<void> {
    const { identity } = this;
    const { maxPollIntervalMs } = this.options;
    const reason = `no record was asked for within maxPollIntervalMs (${maxPollIntervalMs} ms)`;
    this.cluster.env.log.warn(`left group ${identity.groupId}: ${reason}`);
    this.attempt++;
    this.lose(reason);
    if (identity.groupInstanceId === null) await this.tellLeaving(identity, reason);
  }

  /** The coordinator notices by itself when it cannot be told. */
  private async tellLeaving(identity: GroupMetadata, reason: string): Promise<void> {
    try {
      await this.requests.leave(identity, reason, this.options.sessionTimeoutMs);
    } catch (error) {
      this.cluster.env.log.info(`could not say that group ${identity.groupId} is left: ${String(error)}`);
    }
  }

  private refused(errorCode: number, what: string): void {
    if (errorCode === ErrorCode.REBALANCE_IN_PROGRESS) this.rejoin('the group is rebalancing');
    else if (LOST.has(errorCode)) this.lose(`the coordinator has refused ${what}`);
    else {
      const error = new BrokerError(errorCode, `${what} of group ${this.options.groupId}`);
      if (!error.retriable) this.fail(error);
    }
  }

  private lose(reason: string): void {
    this.forgetMember();
    this.stopHeartbeats();
    this.state = 'unjoined';
    this.lost = true;
    this.rejoin(reason);
  }

  private forgetMember(): void {
    this.memberId = '';
    this.generationId = NO_GENERATION;
  }

  private fail(error: unknown): void {
    this.stopHeartbeats();
    this.state = 'failed';
    this.failure = error;
    this.host.wake();
  }
}

function isRebalance(error: unknown): boolean {
  return error instanceof BrokerError && error.errorCode === ErrorCode.REBALANCE_IN_PROGRESS;
}

function readAssignment(bytes: Buffer, groupId: string): MemberAssignment {
  try {
    return decodeAssignment(bytes);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    const message = `the leader of group ${groupId} has sent an assignment that cannot be read: ${error.message}`;
    throw new KafkaError('MALFORMED', message, { cause: error });
  }
}
