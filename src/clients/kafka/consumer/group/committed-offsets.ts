import { getOrPut } from '../../../../base/get-or-put.ts';
import { ErrorCode, errorOf } from '../../../../wire/kafka/errors.ts';
import {
  OffsetCommitRequest,
  OffsetCommitResponse,
} from '../../../../wire/kafka/messages/08-offset-commit.ts';
import { OffsetFetchRequest, OffsetFetchResponse } from '../../../../wire/kafka/messages/09-offset-fetch.ts';
import type { Cluster, RetryOptions } from '../../cluster/cluster.ts';
import type { TopicPartition } from '../../cluster/cluster-metadata.ts';
import { BrokerError, isRetriable, KafkaError, throwIfError } from '../../kafka-error.ts';
import type { CommittedPosition, GroupMetadata, OffsetToCommit } from '../consumer-offsets.ts';

const COMMIT = { request: OffsetCommitRequest, response: OffsetCommitResponse };
const FETCH = { request: OffsetFetchRequest, response: OffsetFetchResponse };
/** From 10 on, topics go by id. Version 0 speaks of ZooKeeper, and version 1 of commits has no retention time. */
const COMMIT_VERSIONS = { min: 2, max: 9 };
const FETCH_VERSIONS = { min: 1, max: 9 };
const FIRST_FETCH_OF_GROUPS = 8;
const FIRST_FETCH_STABLE = 7;
const FIRST_FETCH_OF_MEMBERS = 9;

/** An offset on its way, and what makes it void: others may have the partition when it arrives. */
export interface Commit extends OffsetToCommit, TopicPartition {
  /** Whether this consumer still is the one to commit it. */
  readonly isValid: () => boolean;
}

/** By `topic-partition`. */
export type OffsetsToCommit = ReadonlyMap<string, Commit>;

export interface CommitPorts {
  readonly cluster: Cluster;
  readonly groupId: string;
  /** Whether offsets of open transactions are waited for. */
  readonly requireStable: boolean;
  /** Whether identities are those of the new protocol (KIP-848): reading offsets shows them then, too. */
  readonly hasEpochs: boolean;
  identity(): GroupMetadata;
  /** Resolves when the identity is one to commit with. */
  settled(): Promise<void>;
  refused(errorCode: number, identity: GroupMetadata): void;
}

/** Commits that were made while one was under way. */
interface Waiting {
  readonly offsets: Map<string, Commit>;
  readonly done: Promise<void>;
}

/** Errors that say that the member is not what it believes to be. */
const REFUSED: ReadonlySet<number> = new Set([
  ErrorCode.UNKNOWN_MEMBER_ID,
  ErrorCode.ILLEGAL_GENERATION,
  ErrorCode.FENCED_INSTANCE_ID,
  ErrorCode.REBALANCE_IN_PROGRESS,
]);

/** Errors that say of a member of the new protocol: it has not heard yet what has become of it. */
const OUTDATED: ReadonlySet<number> = new Set([
  ErrorCode.STALE_MEMBER_EPOCH,
  ErrorCode.FENCED_MEMBER_EPOCH,
  ErrorCode.UNKNOWN_MEMBER_ID,
]);

/**
 * The offsets that a group has committed: written and read at its coordinator. One commit is under way at a time, so
 * that offsets never go back; those made meanwhile become one.
 */
export class CommittedOffsets {
  private readonly ports: CommitPorts;
  private waiting: Waiting | undefined;
  /** Settles with the last commit that was begun; never rejects. */
  private last: Promise<void> | undefined;

  constructor(ports: CommitPorts) {
    this.ports = ports;
  }

  /** Resolves when the offsets have been committed. Rejects with a {@link KafkaError}. */
  commit(offsets: OffsetsToCommit): Promise<void> {
    if (this.waiting === undefined) {
      const all = new Map(offsets);
      const done = this.runAfter(this.last, all);
      this.waiting = { offsets: all, done };
      const quiet = done.catch(() => undefined);
      this.last = quiet;
      void quiet.then(() => {
        if (this.last === quiet) this.last = undefined;
      });
      return done;
    }
    for (const [key, offset] of offsets) this.waiting.offsets.set(key, offset);
    return this.waiting.done;
  }

  /** Resolves when nothing is being committed. */
  async idle(): Promise<void> {
    await this.last;
  }

  /** Asks once for the offsets that are committed, by `topic-partition`; those without are left out. */
  async fetchOnce(partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, CommittedPosition>> {
    const { cluster, groupId, requireStable } = this.ports;
    const topics = [...byTopic(partitions)].map(([name, group]) => ({
      name,
      partitionIndexes: group.map(({ partition }) => partition),
    }));
    const response = await cluster.request(
      { coordinator: 'group', key: groupId },
      FETCH,
      (version) => {
        if (version < FIRST_FETCH_OF_GROUPS) {
          return { groupId, topics, ...(version >= FIRST_FETCH_STABLE ? { requireStable } : {}) };
        }
        return { groups: [{ groupId, topics, ...this.asMember(version) }], requireStable };
      },
      { versions: FETCH_VERSIONS },
    );
    const answer = response.groups[0] ?? response;
    cluster.coordinatorMoved('group', groupId, answer.errorCode);
    this.throwIfOutdated(answer.errorCode, `offsets of group ${groupId}`);
    throwIfError(answer.errorCode, `offsets of group ${groupId}`);
    const offsets = new Map<string, CommittedPosition>();
    for (const { name, partitions: answers } of answer.topics) {
      for (const one of answers) {
        cluster.coordinatorMoved('group', groupId, one.errorCode);
        throwIfError(one.errorCode, `offset of group ${groupId} in ${name}-${one.partitionIndex}`);
        if (one.committedOffset < 0) continue;
        offsets.set(`${name}-${one.partitionIndex}`, {
          offset: one.committedOffset,
          leaderEpoch: one.committedLeaderEpoch,
          metadata: one.metadata,
        });
      }
    }
    return offsets;
  }

  /** As {@link fetchOnce}, again after failures that pass. */
  fetch(
    partitions: readonly TopicPartition[],
    options: RetryOptions = {},
  ): Promise<ReadonlyMap<string, CommittedPosition>> {
    return this.ports.cluster.retry(() => this.fetchOnce(partitions), options);
  }

  /** The next heartbeat brings an epoch with which it may succeed. */
  private throwIfOutdated(errorCode: number, what: string): void {
    if (!this.ports.hasEpochs || !OUTDATED.has(errorCode)) return;
    const { name, text } = errorOf(errorCode);
    throw new KafkaError(name, `${what}: ${text} (${name})`, { retriable: true });
  }

  /** Whom the coordinator fences when it is not up to date. */
  private asMember(version: number): { memberId: string; memberEpoch: number } | undefined {
    const { memberId, generationId } = this.ports.identity();
    if (!this.ports.hasEpochs || version < FIRST_FETCH_OF_MEMBERS || memberId === '') return undefined;
    return { memberId, memberEpoch: generationId };
  }

  private async runAfter(before: Promise<void> | undefined, offsets: OffsetsToCommit): Promise<void> {
    // Even the first commit waits for the end of the turn, so that those of one turn become one.
    await before;
    this.waiting = undefined;
    if (offsets.size === 0) return;
    await this.ports.cluster.retry(() => this.commitOnce(offsets), { isTransient: passes });
  }

  private async commitOnce(offsets: OffsetsToCommit): Promise<void> {
    const { cluster, groupId } = this.ports;
    await this.ports.settled();
    for (const { topic, partition, isValid } of offsets.values()) {
      if (isValid()) continue;
      throw new BrokerError(
        ErrorCode.REBALANCE_IN_PROGRESS,
        `commit of group ${groupId} in ${topic}-${partition}`,
        'the partition was given up in a rebalance meanwhile',
      );
    }
    const identity = this.ports.identity();
    const response = await cluster.request(
      { coordinator: 'group', key: groupId },
      COMMIT,
      {
        groupId,
        generationIdOrMemberEpoch: identity.generationId,
        memberId: identity.memberId,
        groupInstanceId: identity.groupInstanceId,
        topics: [...byTopic(offsets.values())].map(([name, group]) => ({
          name,
          partitions: group.map(({ partition, offset, leaderEpoch = -1, metadata = '' }) => ({
            partitionIndex: partition,
            committedOffset: offset,
            committedLeaderEpoch: leaderEpoch,
            committedMetadata: metadata,
          })),
        })),
      },
      { versions: COMMIT_VERSIONS },
    );
    for (const { name, partitions } of response.topics) {
      for (const { partitionIndex, errorCode } of partitions) {
        if (errorCode === ErrorCode.NONE) continue;
        cluster.coordinatorMoved('group', groupId, errorCode);
        const what = `commit of group ${groupId} in ${name}-${partitionIndex}`;
        if (errorCode === ErrorCode.STALE_MEMBER_EPOCH) this.throwIfOutdated(errorCode, what);
        if (REFUSED.has(errorCode)) this.ports.refused(errorCode, identity);
        throw new BrokerError(errorCode, what);
      }
    }
  }
}

/** A rebalance passes as well, but not before this member has had its turn. */
function passes(error: unknown): boolean {
  return isRetriable(error) && !(error instanceof BrokerError && REFUSED.has(error.errorCode));
}

function byTopic<T extends TopicPartition>(partitions: Iterable<T>): Map<string, T[]> {
  const topics = new Map<string, T[]>();
  for (const one of partitions) getOrPut(topics, one.topic, () => []).push(one);
  return topics;
}
