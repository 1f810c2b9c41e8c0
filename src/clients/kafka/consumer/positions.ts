import { BrokerError, isKafkaError, isRetriable, KafkaError } from '../kafka-error.ts';
import type { AssignedPartition, ResetTarget } from './assigned-partition.ts';
import type { ConsumerContext } from './consumer-ports.ts';
import type { CommittedOffsets } from './group/committed-offsets.ts';
import { EARLIEST_TIMESTAMP, LATEST_TIMESTAMP, listOffsets } from './list-offsets.ts';
import { validatePositions } from './validate-positions.ts';

/**
 * Finds out where to begin in partitions, in the background: by the offset that the group has committed, else by the
 * reset policy; and whether a position is still right after a change of leaders.
 */
export class Positions {
  private readonly context: ConsumerContext;
  private readonly committed: CommittedOffsets | undefined;
  /** Partitions that are being looked up. */
  private readonly underWay = new Set<AssignedPartition>();

  /** `committed` is undefined for a consumer without a group. */
  constructor(context: ConsumerContext, committed: CommittedOffsets | undefined) {
    this.context = context;
    this.committed = committed;
  }

  /** Starts what is due. */
  advance(): void {
    const { subscription, cluster } = this.context;
    const nowMs = cluster.env.clock.monotonicMs();
    const unknown: AssignedPartition[] = [];
    const resetting: AssignedPartition[] = [];
    const validating: AssignedPartition[] = [];
    for (const partition of subscription.partitions) {
      this.followLeader(partition);
      if (partition.outOfRange && partition.bufferedBytes === 0) this.leaveRange(partition);
      if (partition.phase === 'fetching' || this.underWay.has(partition)) continue;
      if (partition.notBeforeMs > nowMs) this.context.drive(partition.notBeforeMs - nowMs);
      else if (partition.phase === 'unknown') unknown.push(partition);
      else if (cluster.metadata.leaderOf(partition.topic, partition.partition) === undefined) {
        this.context.refreshMetadata();
      } else if (partition.phase === 'resetting') resetting.push(partition);
      else if (partition.phase === 'validating') validating.push(partition);
    }
    if (unknown.length > 0) void this.run(unknown, (jumps) => this.lookUpCommitted(unknown, jumps));
    if (resetting.length > 0) void this.run(resetting, (jumps) => this.lookUpReset(resetting, jumps));
    if (validating.length > 0) {
      void this.run(validating, async (jumps) => {
        const { failed, truncated } = await validatePositions(this.context.cluster, validating, jumps);
        for (const partition of truncated) this.truncate(partition.partition, partition.endOffset);
        this.failed(failed);
      });
    }
  }

  /** A new leader may not have what the old one had (KIP-320). */
  private followLeader(partition: AssignedPartition): void {
    if (partition.phase !== 'fetching') return;
    const info = this.context.cluster.metadata.partition(partition.topic, partition.partition);
    if (info === undefined || info.leaderEpoch === partition.leaderEpoch) return;
    if (partition.fetchEpoch >= 0 && info.leaderEpoch >= 0) partition.phase = 'validating';
    else partition.leaderEpoch = info.leaderEpoch;
  }

  private async run(
    partitions: readonly AssignedPartition[],
    lookUp: (jumps: ReadonlyMap<AssignedPartition, number>) => Promise<void>,
  ): Promise<void> {
    for (const partition of partitions) this.underWay.add(partition);
    try {
      await lookUp(new Map(partitions.map((partition) => [partition, partition.jumps])));
    } catch (error) {
      this.failed(partitions.map((partition) => ({ partition, error })));
    } finally {
      for (const partition of partitions) this.underWay.delete(partition);
      this.context.wake();
      this.context.drive();
    }
  }

  private async lookUpCommitted(
    partitions: readonly AssignedPartition[],
    jumps: ReadonlyMap<AssignedPartition, number>,
  ): Promise<void> {
    const offsets = await this.committed?.fetchOnce(partitions);
    for (const partition of partitions) {
      // Somebody else has moved it meanwhile.
      if (partition.gone || partition.phase !== 'unknown' || partition.jumps !== jumps.get(partition))
        continue;
      const known = offsets?.get(String(partition));
      if (known !== undefined) {
        partition.jump(known.offset, known.leaderEpoch);
        partition.leaderEpoch = -1;
        partition.committed = known.offset;
      } else this.resetByPolicy(partition, 'the group has no offset of it');
    }
  }

  private async lookUpReset(
    partitions: readonly AssignedPartition[],
    jumps: ReadonlyMap<AssignedPartition, number>,
  ): Promise<void> {
    const { cluster, settings } = this.context;
    const nowMs = cluster.env.clock.nowMs();
    const queries = partitions.map((one) => ({
      topic: one.topic,
      partition: one.partition,
      timestamp: timestampOf(one.resetTo ?? 'latest', nowMs),
      one,
    }));
    const { found, failed } = await listOffsets(cluster, queries, settings.isolationLevel);
    const late = [];
    for (const { topic, partition, offset, leaderEpoch } of found) {
      const one = partitions.find((each) => each.topic === topic && each.partition === partition);
      if (one === undefined || one.gone || one.phase !== 'resetting' || one.jumps !== jumps.get(one))
        continue;
      if (offset >= 0) one.jump(offset, leaderEpoch);
      else late.push(one);
    }
    // No record is that young: the end is where such a one will come.
    for (const one of late) one.reset('latest');
    this.failed(
      failed.flatMap(({ query, error }) =>
        partitions
          .filter((one) => one.topic === query.topic && one.partition === query.partition)
          .map((partition) => ({ partition, error })),
      ),
    );
  }

  private leaveRange(partition: AssignedPartition): void {
    const { position } = partition;
    partition.outOfRange = false;
    this.resetByPolicy(partition, `offset ${position} is not there, or not any more`);
  }

  /** Rejects who asks for records when there is no policy. */
  private resetByPolicy(partition: AssignedPartition, why: string): void {
    const { autoOffsetReset } = this.context.settings;
    if (autoOffsetReset !== 'none') {
      partition.reset(autoOffsetReset);
      return;
    }
    this.hold(partition);
    this.context.fail(
      new KafkaError(
        'OFFSET_OUT_OF_RANGE',
        `${partition}: ${why}, and autoOffsetReset is none: seek to where to go on`,
      ),
    );
  }

  /** The log was cut off below the position: records that were handed out are gone (KIP-320). */
  private truncate(partition: AssignedPartition, endOffset: number | undefined): void {
    const { autoOffsetReset } = this.context.settings;
    if (autoOffsetReset === 'none') {
      this.hold(partition);
      this.context.fail(
        new KafkaError(
          'OFFSET_OUT_OF_RANGE',
          `${partition}: the log was truncated${endOffset === undefined ? '' : ` to offset ${endOffset}`}, below position ${partition.position}: seek to where to go on`,
        ),
      );
    } else if (endOffset === undefined) partition.reset(autoOffsetReset);
    else partition.jump(endOffset);
  }

  /** Nothing is tried with it for a while: the user is told and may seek. */
  private hold(partition: AssignedPartition): void {
    const { cluster } = this.context;
    partition.notBeforeMs = cluster.env.clock.monotonicMs() + cluster.settings.retryBackoffMaxMs;
  }

  private failed(failures: readonly { partition: AssignedPartition; error: unknown }[]): void {
    if (failures.length === 0) return;
    const { cluster } = this.context;
    if (cluster.isClosed) return;
    const { retryBackoffMs } = cluster.settings;
    for (const { partition } of failures) {
      partition.notBeforeMs = cluster.env.clock.monotonicMs() + retryBackoffMs;
    }
    const fatal = failures.find(({ error }) => !isRetriable(error));
    if (fatal !== undefined) this.context.fail(fatal.error);
    if (failures.some(({ error }) => error instanceof BrokerError || isKafkaError(error, 'UNREACHABLE'))) {
      this.context.refreshMetadata();
    }
  }
}

function timestampOf(target: ResetTarget, nowMs: number): number {
  if (target === 'earliest') return EARLIEST_TIMESTAMP;
  return target === 'latest' ? LATEST_TIMESTAMP : Math.max(0, nowMs - target.byDurationMs);
}
