import type { Clock } from '../../../env/clock.ts';
import { ErrorCode } from '../../../wire/kafka/errors.ts';
import { groupWriteError, offsetWriteError } from './append-errors.ts';
import { type ClassicGroup, CONSUMER_PROTOCOL_TYPE } from './classic-group.ts';
import type { GroupConfig } from './group-config.ts';
import type { GroupStore, StoredOffset } from './group-store.ts';
import type { GroupTable } from './group-table.ts';
import type { Membership } from './membership.ts';
import type { GroupResult, Rebalancer } from './rebalancer.ts';
import type { GroupRecord, OffsetRecord } from './records.ts';
import {
  type FetchedOffset,
  type OffsetCommit,
  type OffsetCommitResult,
  type OffsetDeleteResult,
  type OffsetFetchResult,
  type OffsetToCommit,
  type TopicPartitions,
  UNKNOWN_MEMBER_ID,
} from './results.ts';

interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** Partitions to be removed, as keys of {@link partitionKey}. */
type Doomed = Map<string, TopicPartition>;

function partitionKey(topic: string, partition: number): string {
  return `${partition}/${topic}`;
}

const NOT_COMMITTED = { offset: -1, leaderEpoch: -1, metadata: '' };

/**
 * Committed offsets: OffsetCommit, OffsetFetch, OffsetDelete, DeleteGroups, expiry, as Kafka 3.9's
 * `GroupMetadataManager` does them.
 *
 * Departures: a commit that timed out still takes effect when the log commits it, and deleting a group also removes
 * offsets that are under way. Kafka forgets both, and a restart brings them back.
 */
export class Offsets {
  private readonly config: GroupConfig;
  private readonly clock: Clock;
  private readonly store: GroupStore;
  private readonly groups: GroupTable;
  private readonly membership: Membership;
  private readonly rebalancer: Rebalancer;

  constructor(options: {
    config: GroupConfig;
    clock: Clock;
    store: GroupStore;
    groups: GroupTable;
    membership: Membership;
    rebalancer: Rebalancer;
  }) {
    this.config = options.config;
    this.clock = options.clock;
    this.store = options.store;
    this.groups = options.groups;
    this.membership = options.membership;
    this.rebalancer = options.rebalancer;
  }

  commit(request: OffsetCommit, respond: (result: OffsetCommitResult) => void): GroupResult {
    const refuse = (error: number): undefined => {
      respond(request.offsets.map(() => error));
      return undefined;
    };
    let group = this.groups.find(request.groupId);
    if (group === undefined) {
      // Without a generation the group only keeps its offsets here. With one, it was a group in an earlier life.
      if (request.generation >= 0) return refuse(ErrorCode.ILLEGAL_GENERATION);
      group = this.groups.obtain(request.groupId, this.clock.nowMs());
    }
    const error = this.checkCommit(group, request);
    if (error !== ErrorCode.NONE) {
      this.groups.dropIfUnused(group);
      return refuse(error);
    }
    // Members commit while a rebalance waits for them; their heartbeats tell them of it. Once all have joined they know.
    if (group.is('CompletingRebalance')) return refuse(ErrorCode.REBALANCE_IN_PROGRESS);
    if (group.is('Stable', 'PreparingRebalance')) this.rebalancer.touch(group, group.get(request.memberId));
    return this.writeOffsets(group, request, respond);
  }

  private checkCommit(group: ClassicGroup, request: OffsetCommit): number {
    if (group.is('Dead')) return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    const { generation, memberId, groupInstanceId } = request;
    if (generation < 0 && group.is('Empty')) return ErrorCode.NONE;
    if (generation < 0 && memberId === UNKNOWN_MEMBER_ID && groupInstanceId === null) {
      // Only members commit for a group that has any.
      return ErrorCode.UNKNOWN_MEMBER_ID;
    }
    const error = this.membership.checkMember(group, memberId, groupInstanceId);
    if (error !== ErrorCode.NONE) return error;
    return generation === group.generation ? ErrorCode.NONE : ErrorCode.ILLEGAL_GENERATION;
  }

  private writeOffsets(
    group: ClassicGroup,
    request: OffsetCommit,
    respond: (result: OffsetCommitResult) => void,
  ): GroupResult {
    const fits = ({ metadata }: OffsetToCommit): boolean =>
      metadata === null || metadata.length <= this.config.offsetMetadataMaxBytes;
    const answer = (error: number): void =>
      respond(request.offsets.map((each) => (fits(each) ? error : ErrorCode.OFFSET_METADATA_TOO_LARGE)));
    const offsets = request.offsets.filter(fits);
    if (offsets.length === 0) {
      this.groups.dropIfUnused(group);
      answer(ErrorCode.NONE);
      return undefined;
    }
    for (const { topic, partition } of offsets) group.countInFlight(topic, partition, 1);
    return {
      records: offsets.map((each) => this.commitRecord(request, each)),
      committed: (error) => {
        answer(offsetWriteError(error));
        return undefined;
      },
      settled: () => {
        for (const { topic, partition } of offsets) group.countInFlight(topic, partition, -1);
        this.groups.dropIfUnused(group);
      },
    };
  }

  private commitRecord(request: OffsetCommit, each: OffsetToCommit): OffsetRecord {
    const nowMs = this.clock.nowMs();
    return {
      type: 'offset',
      group: request.groupId,
      topic: each.topic,
      partition: each.partition,
      value: {
        offset: each.offset,
        leaderEpoch: each.leaderEpoch,
        metadata: each.metadata ?? '',
        commitTimestampMs: each.commitTimestampMs === -1 ? nowMs : each.commitTimestampMs,
        expireTimestampMs: request.retentionMs === -1 ? -1 : nowMs + request.retentionMs,
      },
    };
  }

  /**
   * Committed offsets of the partitions asked for, or of all. With `requireStable`, partitions whose offset is about to
   * change (a transaction is open, or a commit under way) answer UNSTABLE_OFFSET_COMMIT.
   */
  fetch(
    groupId: string,
    asked: readonly TopicPartitions[] | null,
    requireStable: boolean,
  ): OffsetFetchResult {
    const found = this.groups.find(groupId);
    const group = found?.is('Dead') ? undefined : found;
    const topics =
      asked ??
      (group === undefined
        ? []
        : [...this.store.offsets(groupId)].map(([topic, partitions]) => ({
            topic,
            partitions: [...partitions.keys()],
          })));
    return {
      error: ErrorCode.NONE,
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map((partition) => this.fetchOne(group, topic, partition, requireStable)),
      })),
    };
  }

  private fetchOne(
    group: ClassicGroup | undefined,
    topic: string,
    partition: number,
    requireStable: boolean,
  ): FetchedOffset {
    if (group === undefined) return { partition, error: ErrorCode.NONE, ...NOT_COMMITTED };
    if (requireStable && this.isUnstable(group, topic, partition)) {
      return { partition, error: ErrorCode.UNSTABLE_OFFSET_COMMIT, ...NOT_COMMITTED };
    }
    const { offset, leaderEpoch, metadata } =
      this.store.offset(group.groupId, topic, partition) ?? NOT_COMMITTED;
    return { partition, error: ErrorCode.NONE, offset, leaderEpoch, metadata };
  }

  private isUnstable(group: ClassicGroup, topic: string, partition: number): boolean {
    return (
      group.offsetInFlight(topic, partition) || this.store.hasPendingOffset(group.groupId, topic, partition)
    );
  }

  /** Deletes groups with all their offsets; `respond` gets one error per id, in order. */
  deleteGroups(groupIds: readonly string[], respond: (errors: readonly number[]) => void): GroupResult {
    const errors = new Map<string, number>();
    const dying: ClassicGroup[] = [];
    for (const groupId of groupIds) {
      if (errors.has(groupId)) continue;
      const group = this.groups.find(groupId);
      if (group === undefined || group.is('Dead')) errors.set(groupId, ErrorCode.GROUP_ID_NOT_FOUND);
      else if (!group.is('Empty')) errors.set(groupId, ErrorCode.NON_EMPTY_GROUP);
      else {
        errors.set(groupId, ErrorCode.NONE);
        this.rebalancer.forgetPending(group);
        dying.push(group);
      }
    }
    const answer = (error: number): void =>
      respond(
        groupIds.map((groupId) => {
          const own = errors.get(groupId) ?? ErrorCode.NONE;
          return own === ErrorCode.NONE ? groupWriteError(error) : own;
        }),
      );
    const removal = this.removal(
      dying.map((group) => ({ group, doomed: this.everyOffset(group), bury: true })),
    );
    if (removal === undefined) {
      answer(ErrorCode.NONE);
      return undefined;
    }
    return {
      ...removal,
      committed: (error) => {
        answer(error);
        return undefined;
      },
    };
  }

  /** Deletes single offsets: any of an empty group, those of topics nobody reads of a group of consumers. */
  deleteOffsets(
    groupId: string,
    asked: readonly TopicPartitions[],
    respond: (result: OffsetDeleteResult) => void,
  ): GroupResult {
    const group = this.groups.find(groupId);
    if (group === undefined || group.is('Dead')) {
      respond({ error: ErrorCode.GROUP_ID_NOT_FOUND, topics: [] });
      return undefined;
    }
    if (!group.is('Empty') && group.protocolType !== CONSUMER_PROTOCOL_TYPE) {
      respond({ error: ErrorCode.NON_EMPTY_GROUP, topics: [] });
      return undefined;
    }
    const deletable = (topic: string): boolean => group.is('Empty') || !group.isSubscribedTo(topic);
    const doomed: Doomed = new Map();
    const errors = asked.map(({ topic, partitions }) => {
      const error = deletable(topic) ? ErrorCode.NONE : ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC;
      if (error === ErrorCode.NONE) {
        for (const partition of partitions) this.doomIfPresent(doomed, group, topic, partition);
      }
      return { topic, partitions, error };
    });
    const answer = (failure: number): void =>
      respond({
        error: groupWriteError(failure),
        topics: errors.map(({ topic, partitions, error }) => ({
          topic,
          partitions: partitions.map((partition) => ({ partition, error })),
        })),
      });
    const removal = this.removal([{ group, doomed, bury: true }]);
    if (removal === undefined) {
      answer(ErrorCode.NONE);
      return undefined;
    }
    return {
      ...removal,
      committed: (error) => {
        answer(error);
        return undefined;
      },
    };
  }

  /** The topics' partitions exist no more, and neither should offsets in them. */
  partitionsDeleted(deleted: readonly TopicPartitions[]): GroupResult {
    return this.removal(
      this.groups.all
        .filter((group) => !group.is('Dead'))
        .map((group) => {
          const doomed: Doomed = new Map();
          for (const { topic, partitions } of deleted) {
            for (const partition of partitions) this.doomIfPresent(doomed, group, topic, partition);
          }
          return { group, doomed, bury: doomed.size > 0 };
        }),
    );
  }

  /** Removes offsets whose retention is over, and empty groups that have no offsets left. */
  expire(): GroupResult {
    return this.removal(
      this.groups.all
        .filter((group) => !group.is('Dead'))
        .map((group) => ({ group, doomed: this.expired(group), bury: true })),
    );
  }

  private expired(group: ClassicGroup): Doomed {
    const doomed: Doomed = new Map();
    const since = this.retentionStart(group);
    if (since === undefined) return doomed;
    const nowMs = this.clock.nowMs();
    for (const [topic, partitions] of this.store.offsets(group.groupId)) {
      if (!group.is('Empty') && group.isSubscribedTo(topic)) continue;
      for (const [partition, offset] of partitions) {
        const over =
          offset.expireTimestampMs === -1
            ? nowMs - since(offset) >= this.config.offsetsRetentionMs
            : nowMs >= offset.expireTimestampMs;
        if (over && !this.isUnstable(group, topic, partition)) {
          doomed.set(partitionKey(topic, partition), { topic, partition });
        }
      }
    }
    return doomed;
  }

  /**
   * From when on the retention of a group's offsets counts (KIP-211); undefined when they do not expire now. Groups
   * with members keep what those read; groups that never had any count from each commit.
   */
  private retentionStart(group: ClassicGroup): ((offset: StoredOffset) => number) | undefined {
    if (group.protocolType === null) return (offset) => offset.commitTimestampMs;
    if (group.is('Empty')) return (offset) => group.stateTimestampMs ?? offset.commitTimestampMs;
    const consumers = group.protocolType === CONSUMER_PROTOCOL_TYPE && group.knowsSubscriptions;
    return consumers && group.is('Stable') ? (offset) => offset.commitTimestampMs : undefined;
  }

  private doomIfPresent(doomed: Doomed, group: ClassicGroup, topic: string, partition: number): void {
    const present =
      this.store.offset(group.groupId, topic, partition) !== undefined ||
      this.isUnstable(group, topic, partition);
    if (present) doomed.set(partitionKey(topic, partition), { topic, partition });
  }

  /** All offsets of a group: committed, in open transactions, and on their way to the log. */
  private everyOffset(group: ClassicGroup): Doomed {
    const doomed: Doomed = new Map();
    const add = (each: TopicPartition): Doomed => doomed.set(partitionKey(each.topic, each.partition), each);
    for (const [topic, partitions] of this.store.offsets(group.groupId)) {
      for (const partition of partitions.keys()) add({ topic, partition });
    }
    for (const each of this.store.pendingPartitions(group.groupId)) add(each);
    for (const each of group.offsetsInFlight()) add(each);
    return doomed;
  }

  /**
   * The tombstones of offsets, and of the groups that are left without any (`bury`). Such a group is Dead until the log
   * has taken them, so that nobody joins what is about to go; it comes back when they could not be written.
   */
  private removal(plan: readonly { group: ClassicGroup; doomed: Doomed; bury: boolean }[]): GroupResult {
    const records: GroupRecord[] = [];
    const buried: { group: ClassicGroup; before: number | undefined }[] = [];
    for (const { group, doomed, bury } of plan) {
      for (const { topic, partition } of doomed.values()) {
        records.push({ type: 'offset', group: group.groupId, topic, partition, value: null });
      }
      if (!bury || !this.isBareWithout(group, doomed)) continue;
      buried.push({ group, before: group.stateTimestampMs });
      group.transitionTo('Dead', this.clock.nowMs());
      // A group that never had a generation has no record of its own, unless another coordinator wrote one.
      if (group.generation > 0 || this.store.groups.has(group.groupId))
        records.push({ type: 'group', group: group.groupId, value: null });
    }
    if (records.length === 0 && buried.length === 0) return undefined;
    return {
      records,
      splittable: true,
      settled: () => {
        for (const { group, before } of buried) this.groups.finishDeletion(group, before);
      },
    };
  }

  /** Whether an empty group would have nothing left without these offsets. */
  private isBareWithout(group: ClassicGroup, doomed: Doomed): boolean {
    if (!group.is('Empty') || group.pendingMembers.size > 0) return false;
    for (const key of this.everyOffset(group).keys()) if (!doomed.has(key)) return false;
    return true;
  }
}
