import type { Timer } from '../../../../env/timers.ts';
import type { TopicPartition } from '../../cluster/cluster-metadata.ts';
import { KafkaError } from '../../kafka-error.ts';
import type { AssignedPartition } from '../assigned-partition.ts';
import type { GroupMetadata, OffsetToCommit } from '../consumer-offsets.ts';
import type { ConsumerContext } from '../consumer-ports.ts';
import type { Subscription } from '../subscription.ts';
import { ClassicMembership } from './classic-membership.ts';
import { type Commit, CommittedOffsets } from './committed-offsets.ts';
import { EpochMembership } from './epoch-membership.ts';
import type { Goodbye, GroupMembership, MembershipHost } from './group-membership.ts';

/** A consumer's side towards its group: membership, the assignment that comes from it, committed offsets. */
export class GroupSide implements MembershipHost {
  readonly offsets: CommittedOffsets;
  /** Whether somebody waits for records; set by the consumer. */
  isWaiting = false;
  private readonly context: ConsumerContext;
  private readonly groupId: string;
  private membership: GroupMembership | undefined;
  private readonly autoCommits: Timer | undefined;

  constructor(context: ConsumerContext, groupId: string) {
    this.context = context;
    this.groupId = groupId;
    const { cluster, settings } = context;
    this.offsets = new CommittedOffsets({
      cluster,
      groupId,
      requireStable: settings.isolationLevel === 'read_committed',
      hasEpochs: settings.groupProtocol === 'consumer',
      identity: () => this.identity,
      settled: async () => this.membership?.settled(),
      refused: (errorCode, identity) => this.membership?.commitRefused(errorCode, identity),
    });
    if (settings.enableAutoCommit) {
      const intervalMs = Math.max(1, settings.autoCommitIntervalMs);
      this.autoCommits = cluster.env.timers.every(intervalMs, () => void this.autoCommit());
    }
  }

  get subscription(): Subscription {
    return this.context.subscription;
  }

  get member(): GroupMembership | undefined {
    return this.membership;
  }

  /** Of a consumer that assigns partitions itself, it names nobody. */
  get identity(): GroupMetadata {
    const { groupInstanceId } = this.context.settings;
    return (
      this.membership?.identity ?? { groupId: this.groupId, memberId: '', generationId: -1, groupInstanceId }
    );
  }

  /** The subscription is one that the group divides, or has changed. */
  subscribed(): void {
    const { settings, cluster } = this.context;
    if (this.membership !== undefined) this.membership.subscriptionChanged();
    else {
      const Membership = settings.groupProtocol === 'consumer' ? EpochMembership : ClassicMembership;
      this.membership = new Membership(cluster, { ...settings, groupId: this.groupId }, this);
    }
  }

  /** Commits the positions, or these offsets. */
  async commit(offsets?: readonly (TopicPartition & OffsetToCommit)[]): Promise<void> {
    const wanted = offsets ?? [...this.subscription.partitions].filter(({ hasPosition }) => hasPosition);
    await this.commitAll(
      wanted.map((one) =>
        'position' in one
          ? {
              topic: one.topic,
              partition: one.partition,
              offset: one.position,
              leaderEpoch: one.positionEpoch,
            }
          : one,
      ),
    );
  }

  /** Commits what was dealt with. Resolves also when it fails: a later one will have it. */
  async autoCommit(partitions: Iterable<AssignedPartition> = this.subscription.partitions): Promise<void> {
    const { settings, cluster } = this.context;
    if (!settings.enableAutoCommit) return;
    const due = [...partitions].filter(
      ({ hasPosition, consumed, committed }) => hasPosition && consumed >= 0 && consumed !== committed,
    );
    if (due.length === 0) return;
    try {
      await this.commitAll(
        due.map(({ topic, partition, consumed, consumedEpoch }) => ({
          topic,
          partition,
          offset: consumed,
          leaderEpoch: consumedEpoch,
        })),
      );
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error;
      if (!cluster.isClosed) cluster.env.log.warn(`offsets were not committed: ${error.message}`);
    }
  }

  async assign(partitions: readonly TopicPartition[]): Promise<void> {
    const { subscription, context } = this;
    const added = partitions.filter((one) => subscription.find(one) === undefined).map(plain);
    subscription.setAssigned(partitions);
    context.metrics.rebalances++;
    context.traces.rebalanced('assigned', added);
    context.drive();
    await context.settings.rebalanceListener.onAssigned?.(added);
  }

  async revoke(partitions: readonly TopicPartition[]): Promise<void> {
    const known = this.known(partitions);
    if (known.length === 0) return;
    await this.autoCommit(known);
    const told = known.map(plain);
    this.context.traces.rebalanced('revoked', told);
    try {
      await this.context.settings.rebalanceListener.onRevoked?.(told);
    } finally {
      this.drop(known);
    }
  }

  async lose(partitions: readonly TopicPartition[]): Promise<void> {
    const known = this.known(partitions);
    if (known.length === 0) return;
    const { rebalanceListener: listener } = this.context.settings;
    this.drop(known);
    const told = known.map(plain);
    this.context.traces.rebalanced('lost', told);
    await (listener.onLost === undefined ? listener.onRevoked?.(told) : listener.onLost(told));
  }

  wake(): void {
    this.context.wake();
  }

  /** Gives everything back and leaves the group. */
  async leave(reason: string, goodbye: Goodbye): Promise<void> {
    const { membership } = this;
    if (membership === undefined) {
      await this.autoCommit();
      return;
    }
    await this.revoke([...this.subscription.partitions]);
    await this.offsets.idle();
    await membership.leave(reason, goodbye);
    this.membership = undefined;
  }

  close(): void {
    this.autoCommits?.cancel();
  }

  private async commitAll(offsets: readonly (TopicPartition & OffsetToCommit)[]): Promise<void> {
    const guarded = new Map(offsets.map((one) => [`${one.topic}-${one.partition}`, this.guarded(one)]));
    await this.context.traces.committed(offsets, () => this.offsets.commit(guarded));
    this.context.metrics.commits++;
    for (const one of offsets) {
      const partition = this.subscription.find(one);
      if (partition === undefined) continue;
      partition.committed = one.offset;
      // Who commits what was handed out has dealt with it: what is committed at the end must not go back.
      partition.consumeTo(one.offset, one.leaderEpoch ?? -1);
    }
  }

  /** A commit that is held up must not touch what belongs to others by then, or has come back from them. */
  private guarded(offset: TopicPartition & OffsetToCommit): Commit {
    const owned = this.subscription.find(offset);
    const { generationId } = this.identity;
    const isValid = (): boolean =>
      owned === undefined ? this.identity.generationId === generationId : !owned.gone;
    return { ...offset, isValid };
  }

  private known(partitions: readonly TopicPartition[]): AssignedPartition[] {
    return partitions.flatMap((one) => this.subscription.find(one) ?? []);
  }

  private drop(partitions: readonly AssignedPartition[]): void {
    const gone = new Set(partitions);
    this.subscription.setAssigned([...this.subscription.partitions].filter((one) => !gone.has(one)));
  }
}

function plain({ topic, partition }: TopicPartition): TopicPartition {
  return { topic, partition };
}
