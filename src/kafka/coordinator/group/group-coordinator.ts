import type { Env } from '../../../env/env.ts';
import { ErrorCode } from '../../../wire/kafka/errors.ts';
import type { CompressionName } from '../../../wire/kafka/records/batch.ts';
import { coordinatorPartition } from '../coordinator-partition.ts';
import type { CoordinatorLog } from '../ports.ts';
import { CoordinatorRuntime } from '../runtime.ts';
import { groupCodec } from './group-codec.ts';
import type { GroupConfig } from './group-config.ts';
import { CLASSIC_GROUP_TYPE, GroupShard } from './group-shard.ts';
import { memberIds } from './member-ids.ts';
import type { GroupResult, GroupTimer } from './rebalancer.ts';
import type { GroupRecord } from './records.ts';
import {
  type DescribedGroup,
  type HeartbeatRequest,
  type JoinRequest,
  type JoinResult,
  joinError,
  type LeaveResult,
  type LeavingMember,
  type ListedGroup,
  type OffsetCommit,
  type OffsetCommitResult,
  type OffsetDeleteResult,
  type OffsetFetchResult,
  type SyncRequest,
  type SyncResult,
  syncError,
  type TopicPartitions,
} from './results.ts';

export interface GroupCoordinatorOptions {
  readonly env: Pick<Env, 'clock' | 'timers' | 'random' | 'log'>;
  readonly config: GroupConfig;
  readonly partitionLog: CoordinatorLog;
  /** `offsets.topic.compression.codec` */
  readonly compression?: CompressionName;
}

/**
 * The broker's group coordinator: finds the partition that keeps a group, and passes requests to its shard. Every
 * answer is a value with an error code; promises reject only for bugs. Authorization is the caller's.
 */
export class GroupCoordinator {
  private readonly config: GroupConfig;
  private readonly runtime: CoordinatorRuntime<GroupRecord, GroupTimer, GroupShard>;
  private running = true;

  constructor({ env, config, partitionLog, compression }: GroupCoordinatorOptions) {
    const log = env.log.child({ part: 'group-coordinator' });
    const shard = { config, clock: env.clock, log, newMemberId: memberIds(env.random) };
    this.config = config;
    this.runtime = new CoordinatorRuntime({
      clock: env.clock,
      timers: env.timers,
      log,
      partitionLog,
      codec: groupCodec,
      createShard: (context) => new GroupShard(shard, context),
      writeTimeoutMs: config.offsetsCommitTimeoutMs,
      loadBufferBytes: config.offsetsLoadBufferBytes,
      compression: compression ?? 'none',
    });
  }

  /** The partition of `__consumer_offsets` that keeps the group. */
  partitionFor(groupId: string): number {
    return coordinatorPartition(groupId, this.config.offsetsTopicPartitions);
  }

  /** This broker leads the partition: resolves when its groups are loaded (or could not be). */
  elect(partition: number, leaderEpoch: number): Promise<void> {
    return this.runtime.elect(partition, leaderEpoch);
  }

  resign(partition: number, leaderEpoch: number | undefined): void {
    this.runtime.resign(partition, leaderEpoch);
  }

  highWatermarkAdvanced(partition: number, highWatermark: number): void {
    this.runtime.highWatermarkAdvanced(partition, highWatermark);
  }

  /** Resigns from all partitions; requests are answered COORDINATOR_NOT_AVAILABLE from now on. */
  close(): void {
    this.running = false;
    this.runtime.close();
  }

  /** The shard of a group that is served here, for checks from outside. */
  shardOf(groupId: string): GroupShard | undefined {
    return this.runtime.activeShard(this.partitionFor(groupId));
  }

  join(request: JoinRequest): Promise<JoinResult> {
    const { minSessionTimeoutMs, maxSessionTimeoutMs } = this.config;
    const { memberId, sessionTimeoutMs } = request;
    return new Promise((resolve) => {
      const refuse = (error: number): void => resolve(joinError(memberId, error));
      const status = this.check(request.groupId, 'named');
      if (status !== ErrorCode.NONE) refuse(status);
      else if (sessionTimeoutMs < minSessionTimeoutMs || sessionTimeoutMs > maxSessionTimeoutMs) {
        refuse(ErrorCode.INVALID_SESSION_TIMEOUT);
      } else this.write(request.groupId, (shard) => shard.join(request, resolve), refuse);
    });
  }

  sync(request: SyncRequest): Promise<SyncResult> {
    return new Promise((resolve) => {
      // While loading, the rebalance under way is lost. Told so, clients join again, without looking for the
      // coordinator first; the loading itself is not an error that older ones know here.
      const refuse = (error: number): void =>
        resolve(
          syncError(
            error === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS ? ErrorCode.REBALANCE_IN_PROGRESS : error,
          ),
        );
      const status = this.check(request.groupId, 'named');
      if (status !== ErrorCode.NONE) refuse(status);
      else this.write(request.groupId, (shard) => shard.sync(request, resolve), refuse);
    });
  }

  /** An error code. While loading nobody's session ends, so that every heartbeat is fine. */
  heartbeat(request: HeartbeatRequest): Promise<number> {
    return new Promise((resolve) => {
      const refuse = (error: number): void =>
        resolve(error === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS ? ErrorCode.NONE : error);
      const status = this.check(request.groupId, 'named');
      if (status !== ErrorCode.NONE) refuse(status);
      else {
        this.write(
          request.groupId,
          (shard) => {
            resolve(shard.heartbeat(request));
            return undefined;
          },
          refuse,
        );
      }
    });
  }

  leave(groupId: string, members: readonly LeavingMember[]): Promise<LeaveResult> {
    return new Promise((resolve) => {
      const refuse = (error: number): void => resolve({ error, members: [] });
      const status = this.check(groupId, 'named');
      if (status !== ErrorCode.NONE) refuse(status);
      else this.write(groupId, (shard) => shard.leave(groupId, members, resolve), refuse);
    });
  }

  commitOffsets(request: OffsetCommit): Promise<OffsetCommitResult> {
    return new Promise((resolve) => {
      const refuse = (error: number): void => resolve(request.offsets.map(() => error));
      const status = this.check(request.groupId, 'any');
      if (status !== ErrorCode.NONE) refuse(status);
      else this.write(request.groupId, (shard) => shard.offsets.commit(request, resolve), refuse);
    });
  }

  /** Committed offsets of the partitions asked for; of all that have any with `topics` null. */
  fetchOffsets(
    groupId: string,
    topics: readonly TopicPartitions[] | null,
    requireStable: boolean,
  ): OffsetFetchResult {
    const error = this.check(groupId, 'any');
    const shard = this.shardOf(groupId);
    if (error !== ErrorCode.NONE || shard === undefined) return { error, topics: [] };
    return shard.offsets.fetch(groupId, topics, requireStable);
  }

  deleteOffsets(groupId: string, topics: readonly TopicPartitions[]): Promise<OffsetDeleteResult> {
    return new Promise((resolve) => {
      const refuse = (error: number): void => resolve({ error, topics: [] });
      const status = this.check(groupId, 'named');
      if (status !== ErrorCode.NONE) refuse(status);
      else this.write(groupId, (shard) => shard.offsets.deleteOffsets(groupId, topics, resolve), refuse);
    });
  }

  /** One error per group, by id. */
  async deleteGroups(groupIds: readonly string[]): Promise<Map<string, number>> {
    const byPartition = new Map<number, string[]>();
    const errors = new Map<string, number>();
    for (const groupId of new Set(groupIds)) {
      const error = this.check(groupId, 'any');
      if (error !== ErrorCode.NONE) {
        errors.set(groupId, error);
        continue;
      }
      const partition = this.partitionFor(groupId);
      const together = byPartition.get(partition);
      if (together === undefined) byPartition.set(partition, [groupId]);
      else together.push(groupId);
    }
    await Promise.all(
      [...byPartition].map(async ([partition, together]) => {
        const results = await this.deleteIn(partition, together);
        for (const [i, groupId] of together.entries()) {
          errors.set(groupId, results[i] ?? ErrorCode.UNKNOWN_SERVER_ERROR);
        }
      }),
    );
    return errors;
  }

  private deleteIn(partition: number, groupIds: readonly string[]): Promise<readonly number[]> {
    return new Promise((resolve) => {
      this.runtime.write(
        partition,
        (shard) => shard.offsets.deleteGroups(groupIds, resolve),
        (error) => resolve(groupIds.map(() => error)),
      );
    });
  }

  describe(groupId: string): DescribedGroup {
    const error = this.check(groupId, 'any');
    const shard = this.shardOf(groupId);
    if (error === ErrorCode.NONE && shard !== undefined) return shard.describe(groupId);
    return { error, groupId, state: '', protocolType: '', protocol: '', members: [] };
  }

  /** The groups that are kept here and match both filters; an empty filter matches all. Case does not count. */
  list(states: readonly string[], types: readonly string[]): { error: number; groups: ListedGroup[] } {
    if (!this.running) return { error: ErrorCode.COORDINATOR_NOT_AVAILABLE, groups: [] };
    const wantedStates = new Set(states.map((state) => state.toLowerCase()));
    const wantsType = types.length === 0 || types.some((type) => type.toLowerCase() === CLASSIC_GROUP_TYPE);
    const groups = this.runtime
      .activeShards()
      .flatMap((shard) => shard.list())
      .filter(({ state }) => wantedStates.size === 0 || wantedStates.has(state.toLowerCase()));
    const error = this.runtime.isLoading ? ErrorCode.COORDINATOR_LOAD_IN_PROGRESS : ErrorCode.NONE;
    return { error, groups: wantsType ? groups : [] };
  }

  /** Topics have been deleted: their offsets go from every group that is kept here. */
  partitionsDeleted(deleted: readonly TopicPartitions[]): void {
    for (let partition = 0; partition < this.config.offsetsTopicPartitions; partition++) {
      if (this.runtime.status(partition) !== 'active') continue;
      this.runtime.write(
        partition,
        (shard) => shard.offsets.partitionsDeleted(deleted),
        // Resigned in this very moment: whoever leads now hears of the deletion as well.
        () => undefined,
      );
    }
  }

  /** Old clients keep offsets under an empty group id; groups with members must have a name. */
  private check(groupId: string, rule: 'named' | 'any'): number {
    if (rule === 'named' && groupId === '') return ErrorCode.INVALID_GROUP_ID;
    if (!this.running) return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    const status = this.runtime.status(this.partitionFor(groupId));
    if (status === 'loading') return ErrorCode.COORDINATOR_LOAD_IN_PROGRESS;
    return status === 'active' ? ErrorCode.NONE : ErrorCode.NOT_COORDINATOR;
  }

  private write(
    groupId: string,
    handler: (shard: GroupShard) => GroupResult,
    refuse: (error: number) => void,
  ): void {
    this.runtime.write(this.partitionFor(groupId), handler, refuse);
  }
}
