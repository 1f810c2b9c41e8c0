import { ErrorCode } from '../../../../wire/kafka/errors.ts';
import {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponse,
} from '../../../../wire/kafka/messages/68-consumer-group-heartbeat.ts';
import { Bell } from '../../cluster/bell.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import type { TopicPartition } from '../../cluster/cluster-metadata.ts';
import type { AssignedPartitions } from '../../heartbeat/heartbeat-member.ts';
import { Heartbeats } from '../../heartbeat/heartbeats.ts';
import { newMemberId } from '../../heartbeat/member-id.ts';
import { BrokerError, isKafkaError, isRetriable, KafkaError, throwIfError } from '../../kafka-error.ts';
import type { GroupMetadata } from '../consumer-offsets.ts';
import { type EpochAnswer, type EpochHeartbeat, EpochMember, type Wanted } from './epoch-member.ts';
import type { Goodbye, GroupMembership, MembershipHost } from './group-membership.ts';

export interface EpochOptions {
  readonly groupId: string;
  readonly groupInstanceId: string | null;
  readonly groupRemoteAssignor: string | null;
  readonly maxPollIntervalMs: number;
  readonly clientRack: string;
}

const HEARTBEAT = { request: ConsumerGroupHeartbeatRequest, response: ConsumerGroupHeartbeatResponse };
const VERSIONS = ConsumerGroupHeartbeatRequest.versions;
/** Patterns of the broker's came with Kafka 4.0. */
const FIRST_WITH_PATTERNS = 1;
const SETTLE_MS = 0x7fff_ffff;

/**
 * Being a member of a group of the new protocol (KIP-848): {@link EpochMember} with its heartbeats, its reconciliations
 * done in turns. Topics are assigned by their ids; what has no name here yet is taken once metadata tells it.
 */
export class EpochMembership implements GroupMembership {
  private readonly cluster: Cluster;
  private readonly options: EpochOptions;
  private readonly host: MembershipHost;
  private readonly memberId: string;
  private readonly member: EpochMember;
  private readonly heartbeats: Heartbeats<EpochHeartbeat, EpochAnswer>;
  private readonly bell: Bell;
  /** By topic id: of all that is or was assigned, whatever becomes of the topic. */
  private readonly names = new Map<string, string>();
  private topicsSaid = '';
  /** All that can be done has been done until metadata tells more names. */
  private isWaitingForNames = false;
  private isAskingForNames = false;

  constructor(cluster: Cluster, options: EpochOptions, host: MembershipHost) {
    this.cluster = cluster;
    this.options = options;
    this.host = host;
    this.bell = new Bell(cluster.env.timers);
    this.memberId = newMemberId(cluster.env.random);
    const { groupId, groupInstanceId, groupRemoteAssignor, maxPollIntervalMs, clientRack } = options;
    const wanted = this.wanted();
    this.topicsSaid = keyOf(wanted);
    this.member = new EpochMember(
      {
        groupId,
        groupInstanceId,
        memberId: this.memberId,
        rack: clientRack === '' ? null : clientRack,
        rebalanceTimeoutMs: maxPollIntervalMs,
        serverAssignor: groupRemoteAssignor,
      },
      wanted,
    );
    this.heartbeats = new Heartbeats(cluster, {
      groupId,
      maxPollIntervalMs,
      member: this.member,
      ask: (body) => this.ask(body),
      isWaiting: () => host.isWaiting,
      onChange: () => this.changed(),
    });
  }

  get needsTurn(): boolean {
    const { member } = this;
    if (member.failure !== undefined || member.trouble !== undefined || member.isLost) return true;
    return member.toReconcile !== undefined && !this.isWaitingForNames;
  }

  get identity(): GroupMetadata {
    const { groupId, groupInstanceId } = this.options;
    const { isJoined, epoch } = this.member;
    return {
      groupId,
      memberId: isJoined ? this.memberId : '',
      generationId: isJoined ? epoch : -1,
      groupInstanceId,
    };
  }

  polled(): void {
    this.heartbeats.polled();
  }

  async turn(): Promise<void> {
    const { member } = this;
    while (this.needsTurn) {
      if (member.failure !== undefined) throw member.failure;
      if (member.trouble !== undefined) {
        const { trouble } = member;
        member.trouble = undefined;
        throw trouble;
      }
      if (member.isLost) await this.drop();
      else await this.reconcile();
    }
  }

  subscriptionChanged(): void {
    // New metadata may have the names that were missing.
    if (this.isWaitingForNames) {
      this.isWaitingForNames = false;
      this.host.wake();
    }
    const wanted = this.wanted();
    if (keyOf(wanted) === this.topicsSaid) return;
    this.topicsSaid = keyOf(wanted);
    this.member.want(wanted);
    this.heartbeats.look();
  }

  /** The coordinator divides partitions when it sees fit. */
  enforceRebalance(reason: string): void {
    this.cluster.env.log.warn(
      `a member of a group of the new protocol cannot ask for a rebalance: ${reason}`,
    );
  }

  async settled(): Promise<void> {
    while (this.member.isMember && !this.member.isJoined) await this.bell.wait(SETTLE_MS);
    if (this.member.isJoined) return;
    if (this.member.failure !== undefined) throw this.member.failure;
    throw new BrokerError(
      ErrorCode.UNKNOWN_MEMBER_ID,
      `commit of group ${this.options.groupId}`,
      'this consumer is not a member of the group now; its partitions may belong to others',
    );
  }

  /** The next heartbeat tells what it was. */
  commitRefused(errorCode: number, identity: GroupMetadata): void {
    if (errorCode !== ErrorCode.UNKNOWN_MEMBER_ID || identity.generationId !== this.member.epoch) return;
    this.member.fenced();
    this.changed();
  }

  async leave(_reason: string, goodbye: Goodbye): Promise<void> {
    const body = this.member.leave(goodbye === 'always');
    this.bell.ring();
    await this.heartbeats.stop();
    if (body === undefined || goodbye === 'never') return;
    try {
      await this.ask(body);
    } catch (error) {
      // The coordinator notices by itself when it cannot be told.
      this.cluster.env.log.info(`could not say that group ${this.options.groupId} is left: ${String(error)}`);
    }
  }

  private wanted(): Wanted {
    const { subscription } = this.host;
    return { topics: [...subscription.topics].sort(), pattern: subscription.brokerPattern ?? null };
  }

  private changed(): void {
    this.bell.ring();
    if (this.member.toReconcile !== undefined) this.isWaitingForNames = false;
    if (this.needsTurn) this.host.wake();
  }

  /** Others may have the partitions already. */
  private async drop(): Promise<void> {
    await this.host.lose([...this.host.subscription.partitions]);
    this.member.dropped();
    this.heartbeats.look();
  }

  /** Gives up first, then takes, then says so (`AbstractMembershipManager.maybeReconcile`). */
  private async reconcile(): Promise<void> {
    const { member, host } = this;
    const target = member.toReconcile ?? new Map<string, readonly number[]>();
    const known = this.withNames(target);
    const before = member.owned;
    const revoked = this.partitionsOf(before).filter(
      ({ topicId, partition }) => known.get(topicId)?.includes(partition) !== true,
    );
    const hasNews = this.partitionsOf(known).some(
      ({ topicId, partition }) => before.get(topicId)?.includes(partition) !== true,
    );
    if (known.size < target.size) {
      this.isWaitingForNames = true;
      void this.askForNames();
      // What is known may be all that it had: there is nothing to say then.
      if (revoked.length === 0 && !hasNews) return;
    }
    if (revoked.length > 0) await host.revoke(revoked.map(plain));
    // While listeners were at it, it may have lost its place, or have been told otherwise.
    if (member.toReconcile === undefined) return;
    host.subscription.groupTopics = new Set(
      [...known.keys()].flatMap((topicId) => this.names.get(topicId) ?? []),
    );
    await host.assign(this.partitionsOf(known).map(plain));
    member.reconciled(known);
    this.heartbeats.look();
  }

  private withNames(target: AssignedPartitions): AssignedPartitions {
    const { metadata } = this.cluster;
    const known = new Map<string, readonly number[]>();
    for (const [topicId, partitions] of target) {
      const name = metadata.topicName(topicId) ?? this.names.get(topicId);
      if (name === undefined) continue;
      this.names.set(topicId, name);
      known.set(topicId, partitions);
    }
    return known;
  }

  private partitionsOf(assigned: AssignedPartitions): (TopicPartition & { topicId: string })[] {
    return [...assigned].flatMap(([topicId, partitions]) => {
      const topic = this.names.get(topicId);
      return topic === undefined ? [] : partitions.map((partition) => ({ topicId, topic, partition }));
    });
  }

  /** A pattern of the broker's brings topics that nobody here has heard of. */
  private async askForNames(): Promise<void> {
    if (this.isAskingForNames) return;
    this.isAskingForNames = true;
    try {
      const { brokerPattern, topics } = this.host.subscription;
      const wanted = brokerPattern === undefined ? [...topics] : null;
      await this.cluster.retry(() => this.cluster.askMetadata(wanted, false));
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error;
      if (!isRetriable(error) && !this.cluster.isClosed) this.member.troubled(error);
    } finally {
      this.isAskingForNames = false;
      this.isWaitingForNames = false;
      if (this.needsTurn) this.host.wake();
    }
  }

  /** Rejects with UNSUPPORTED and the remedy where the brokers do not serve it, or have it switched off. */
  private async ask(body: EpochHeartbeat): Promise<EpochAnswer> {
    const { groupId } = this.options;
    const min = body.subscribedTopicRegex == null ? VERSIONS.min : FIRST_WITH_PATTERNS;
    const remedy = min === VERSIONS.min ? "set groupProtocol: 'classic'" : 'subscribe to a RegExp';
    try {
      const versions = { min, max: VERSIONS.max };
      const answer = await this.cluster.request({ coordinator: 'group', key: groupId }, HEARTBEAT, body, {
        versions,
      });
      throwIfError(
        answer.errorCode === ErrorCode.UNSUPPORTED_VERSION ? answer.errorCode : 0,
        `group ${groupId}`,
      );
      return answer;
    } catch (error) {
      const isUnserved = isKafkaError(error, 'UNSUPPORTED') || isKafkaError(error, 'UNSUPPORTED_VERSION');
      if (!isUnserved) throw error;
      throw new KafkaError('UNSUPPORTED', `${error.message}: ${remedy}`, { cause: error });
    }
  }
}

function keyOf({ topics, pattern }: Wanted): string {
  return `${pattern ?? ''} ${topics.join()}`;
}

function plain({ topic, partition }: TopicPartition): TopicPartition {
  return { topic, partition };
}
