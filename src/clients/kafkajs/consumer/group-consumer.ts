import { AssignerProtocol } from '../assigner-protocol.ts';
import { EARLIEST_OFFSET } from '../constants.ts';
import { hasType, isRebalancing } from '../error-kinds.ts';
import { KafkaJSError, KafkaJSNonRetriableError, KafkaJSStaleTopicMetadataAssignment } from '../errors.ts';
import { Bail, createRetrier, type Retrier } from '../retrier.ts';
import type { Offsets } from '../types/common.ts';
import type { ConsumerSettings, RunSettings } from './consumer-settings.ts';
import { GroupSession, type OffsetsToCommit } from './group-session.ts';
import { OffsetTracker } from './offset-tracker.ts';
import { SubscriptionState } from './subscription-state.ts';

/**
 * A member of a group: joins and joins again, beats when it is time to and somebody calls, knows what it was given and
 * how far it got, and commits. Does nothing by itself: the runner drives it.
 */
export class GroupConsumer {
  readonly subscriptions = new SubscriptionState();
  private readonly settings: ConsumerSettings;
  private readonly run: RunSettings;
  private readonly session: GroupSession;
  private readonly retrier: Retrier;
  private readonly topics: string[];
  /** Where users want to go on, until the next fetch takes it up. */
  private readonly seeks = new Map<string, { topic: string; partition: number; offset: number }>();
  private offsets: OffsetTracker;
  private assignment: ReadonlyMap<string, readonly number[]> = new Map();
  /** How many partitions the subscribed topics had when the group was joined. */
  private partitionCounts: ReadonlyMap<string, number> | undefined;
  private lastBeatMs: number;
  private beating: Promise<void> | undefined;
  private lastCommitMs: number;

  constructor(settings: ConsumerSettings, run: RunSettings) {
    this.settings = settings;
    this.run = run;
    this.session = new GroupSession(settings.cluster, settings.groupId);
    this.retrier = createRetrier(settings.env, settings.retry);
    this.topics = [...settings.fromBeginning.keys()];
    this.offsets = new OffsetTracker(settings.committed, new Map());
    this.lastBeatMs = this.nowMs;
    this.lastCommitMs = this.nowMs;
  }

  get memberFacts(): { groupId: string; memberId: string } {
    return { groupId: this.settings.groupId, memberId: this.session.memberId };
  }

  async connect(): Promise<void> {
    const { cluster, instrumentation } = this.settings;
    await cluster.connect();
    instrumentation.emit(instrumentation.events.CONNECT);
    await cluster.refreshMetadataIfNecessary();
  }

  /** Becomes a member with an assignment; again after a rebalance. What does not concern the group's state bails out. */
  joinAndSync(): Promise<void> {
    const { instrumentation, logger } = this.settings;
    const startMs = this.nowMs;
    return this.retrier(async () => {
      try {
        await this.join();
        await this.sync();
      } catch (error) {
        if (hasType(error, 'UNKNOWN_MEMBER_ID')) this.forgetMember();
        else if (!isRebalancing(error)) throw new Bail(error);
        throw new KafkaJSError(error as Error);
      }
      const { leaderId, isLeader, groupProtocol } = this.session;
      const payload = {
        ...this.memberFacts,
        leaderId,
        isLeader,
        memberAssignment: Object.fromEntries(
          this.subscriptions.assigned().map(({ topic, partitions }) => [topic, partitions]),
        ),
        groupProtocol,
        duration: this.nowMs - startMs,
      };
      instrumentation.emit(instrumentation.events.GROUP_JOIN, payload);
      logger.namespace('ConsumerGroup').info('Consumer has joined the group', payload);
    });
  }

  /** The next join is that of a newcomer. */
  forgetMember(): void {
    this.session.memberId = '';
  }

  leave(): Promise<void> {
    return this.session.leave();
  }

  /** Beats when `heartbeatInterval` is over. Calls at the same time share one beat. */
  heartbeat(): Promise<void> {
    this.beating ??= this.beatIfDue().finally(() => {
      this.beating = undefined;
    });
    return this.beating;
  }

  /** Throws when a subscribed topic has other partitions than when the group was joined. */
  checkForStaleAssignment(): void {
    const counts = this.countPartitions();
    for (const [topic, count] of this.partitionCounts ?? counts) {
      const now = counts.get(topic) ?? 0;
      if (now <= count) continue;
      const unknownPartitions = Array.from({ length: now - count }, (_, index) => count + index);
      throw new KafkaJSStaleTopicMetadataAssignment('Topic has been updated', {
        topic,
        unknownPartitions: unknownPartitions as never,
      });
    }
  }

  /** Takes up seeks, and looks up where partitions begin that nothing is known of. */
  async settleOffsets(): Promise<void> {
    for (const [key, seek] of [...this.seeks]) {
      this.seeks.delete(key);
      await this.moveTo(seek.topic, seek.partition, seek.offset);
    }
    const unknown = [...this.assignment]
      .map(([topic, partitions]) => ({
        topic,
        partitions: partitions.filter((partition) => this.offsets.next(topic, partition) === undefined),
      }))
      .filter(({ partitions }) => partitions.length > 0);
    if (unknown.length === 0) return;
    for (const { topic, partitions } of await this.session.fetchOffsets(unknown)) {
      const without: { partition: number }[] = [];
      for (const { partition, offset } of partitions) {
        if (Number(offset) >= 0) this.offsets.setCommitted(topic, partition, Number(offset));
        else without.push({ partition });
      }
      if (without.length > 0) await this.beginAtDefault(topic, without);
    }
  }

  /** Where the next fetch of a partition begins; undefined for one that is not to be fetched. */
  nextOffset(topic: string, partition: number): number | undefined {
    return this.subscriptions.isPaused(topic, partition) ? undefined : this.offsets.next(topic, partition);
  }

  seek(topic: string, partition: number, offset: number): void {
    this.seeks.set(keyOf(topic, partition), { topic, partition, offset });
  }

  hasSeek(topic: string, partition: number): boolean {
    return this.seeks.has(keyOf(topic, partition));
  }

  resolveOffset(topic: string, partition: number, offset: number): void {
    this.offsets.resolve(topic, partition, offset);
  }

  uncommittedOffsets(): Offsets {
    return this.offsets.uncommitted();
  }

  /** Begins a partition anew whose offset its log does not have (any more). */
  async resetOffset(topic: string, partition: number): Promise<void> {
    this.offsets.clear(topic, partition);
    await this.beginAtDefault(topic, [{ partition }]);
  }

  /** Commits these, or all that has been resolved and not committed. */
  async commitOffsets(offsets?: { readonly topics: readonly OffsetsToCommit[] }): Promise<void> {
    const topics = offsets?.topics ?? this.offsets.uncommitted().topics;
    if (topics.length > 0) {
      await this.session.commit(topics);
      const { instrumentation } = this.settings;
      instrumentation.emit(instrumentation.events.COMMIT_OFFSETS, { ...this.generationFacts, topics });
      for (const { topic, partitions } of topics) {
        for (const { partition, offset } of partitions) {
          this.offsets.setCommitted(topic, Number(partition), Number(offset));
        }
      }
    }
    this.lastCommitMs = this.nowMs;
  }

  /** Commits when `autoCommitInterval` is over or `autoCommitThreshold` reached. */
  async commitOffsetsIfNecessary(): Promise<void> {
    const { autoCommitInterval: interval, autoCommitThreshold: threshold } = this.run;
    const isTime = interval !== null && this.nowMs >= this.lastCommitMs + interval;
    if (isTime || (threshold !== null && this.offsets.countUncommitted() >= threshold))
      await this.commitOffsets();
  }

  private get nowMs(): number {
    return this.settings.env.clock.nowMs();
  }

  private get generationFacts(): { groupId: string; memberId: string; groupGenerationId: number } {
    return { ...this.memberFacts, groupGenerationId: this.session.generationId };
  }

  private async join(): Promise<void> {
    const { cluster, groupId, sessionTimeoutMs, rebalanceTimeoutMs, assigners } = this.settings;
    await cluster.coordinatorOf(groupId);
    await this.session.join({ sessionTimeoutMs, rebalanceTimeoutMs, assigners, topics: this.topics });
  }

  private async sync(): Promise<void> {
    const bytes = await this.session.sync(this.session.isLeader ? await this.assign() : []);
    this.partitionCounts = this.countPartitions();
    const decoded = AssignerProtocol.MemberAssignment.decode(bytes)?.assignment ?? {};
    const given = new Map(Object.entries(decoded));
    const foreign = [...given.keys()].filter((topic) => !this.topics.includes(topic));
    if (foreign.length > 0) this.tellOfForeignTopics([...given.keys()], foreign);
    for (const topic of foreign) given.delete(topic);
    await this.learnOf(given);
    this.assignment = given;
    this.subscriptions.assign(given);
    this.offsets = new OffsetTracker(this.settings.committed, given);
  }

  /** The leader may know of partitions that have come after this member's metadata. */
  private async learnOf(assignment: ReadonlyMap<string, readonly number[]>): Promise<void> {
    const counts = this.countPartitions();
    for (const [topic, partitions] of assignment) {
      if (Math.max(-1, ...partitions) < (counts.get(topic) ?? 0)) continue;
      await this.settings.cluster.refreshMetadata();
      this.partitionCounts = this.countPartitions();
      return;
    }
  }

  private async assign(): Promise<{ memberId: string; memberAssignment: Buffer }[]> {
    const { assigners, cluster } = this.settings;
    const { groupProtocol, members } = this.session;
    const assigner = assigners.find(({ name }) => name === groupProtocol);
    if (assigner === undefined) {
      throw new KafkaJSNonRetriableError(
        `Unsupported partition assigner "${groupProtocol}", the assigner wasn't found in the assigners list`,
      );
    }
    await cluster.refreshMetadata();
    return assigner.assign({ members, topics: this.topics });
  }

  private tellOfForeignTopics(assignedTopics: string[], topicsNotSubscribed: string[]): void {
    const { instrumentation, logger } = this.settings;
    const payload = {
      ...this.memberFacts,
      generationId: this.session.generationId,
      assignedTopics,
      topicsSubscribed: this.topics,
      topicsNotSubscribed,
    };
    instrumentation.emit(instrumentation.events.RECEIVED_UNSUBSCRIBED_TOPICS, payload);
    logger.namespace('ConsumerGroup').warn('Consumer group received unsubscribed topics', payload);
  }

  private countPartitions(): ReadonlyMap<string, number> {
    const { cluster } = this.settings;
    return new Map(this.topics.map((topic) => [topic, cluster.findTopicPartitionMetadata(topic).length]));
  }

  private async beatIfDue(): Promise<void> {
    const { heartbeatIntervalMs, instrumentation } = this.settings;
    if (this.session.memberId === '' || this.nowMs < this.lastBeatMs + heartbeatIntervalMs) return;
    const payload = this.generationFacts;
    await this.session.heartbeat();
    instrumentation.emit(instrumentation.events.HEARTBEAT, payload);
    this.lastBeatMs = this.nowMs;
  }

  private async moveTo(topic: string, partition: number, offset: number): Promise<void> {
    if (this.assignment.get(topic)?.includes(partition) !== true) return;
    let target = offset;
    if (offset < 0) {
      const [found] = await this.settings.cluster.fetchTopicsOffset([
        { topic, partitions: [{ partition }], fromBeginning: offset === EARLIEST_OFFSET },
      ]);
      target = Number(found?.partitions[0]?.offset);
    }
    this.offsets.clear(topic, partition);
    if (this.run.autoCommit) {
      await this.session.commit([{ topic, partitions: [{ partition, offset: String(target) }] }]);
      this.offsets.setCommitted(topic, partition, target);
    } else this.offsets.resolve(topic, partition, target - 1);
  }

  /** Where the group has nothing, the subscription says where to begin. */
  private async beginAtDefault(topic: string, partitions: { partition: number }[]): Promise<void> {
    const fromBeginning = this.settings.fromBeginning.get(topic) ?? false;
    const found = await this.settings.cluster.fetchTopicsOffset([{ topic, partitions, fromBeginning }]);
    for (const { partition, offset } of found.flatMap((each) => each.partitions)) {
      this.offsets.setCommitted(topic, partition, Number(offset));
    }
  }
}

function keyOf(topic: string, partition: number): string {
  return `${topic} ${partition}`;
}
