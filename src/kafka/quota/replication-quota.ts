import type { TopicPartition } from '../log/topic-partition.ts';
import { SampledRate, type SampleWindows } from './sampled-rate.ts';

/**
 * A throttle on replication, as those who copy see it. Times are monotonic milliseconds. The rule of both sides: a
 * replica that is not in sync, whose partition is throttled, waits while the quota is exceeded; those in sync never do.
 */
export interface ReplicaQuota {
  isThrottled(topicPartition: TopicPartition): boolean;
  isQuotaExceeded(nowMs: number): boolean;
  /** Counts what was copied for throttled partitions; may go beyond the quota. */
  record(bytes: number, nowMs: number): void;
}

/** Partitions of a topic of which this broker's replica is throttled. */
export type ThrottledPartitions = 'all' | ReadonlySet<number>;

/**
 * The throttle of one direction: leader, follower or a move between log directories (`ReplicationQuotaManager`, KIP-73).
 * Without a rate it is never exceeded.
 */
export class ReplicationQuota implements ReplicaQuota {
  readonly #rate: SampledRate;
  readonly #throttled = new Map<string, ThrottledPartitions>();
  #bytesPerSecond = Number.POSITIVE_INFINITY;

  constructor(windows: SampleWindows) {
    this.#rate = new SampledRate(windows);
  }

  setRate(bytesPerSecond: number): void {
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** Replaces what is throttled of a topic. */
  setThrottled(topic: string, partitions: ThrottledPartitions): void {
    if (partitions !== 'all' && partitions.size === 0) this.#throttled.delete(topic);
    else this.#throttled.set(topic, partitions);
  }

  isThrottled({ topic, partition }: TopicPartition): boolean {
    const partitions = this.#throttled.get(topic);
    return partitions !== undefined && (partitions === 'all' || partitions.has(partition));
  }

  isQuotaExceeded(nowMs: number): boolean {
    return this.#rate.perSecond(nowMs) > this.#bytesPerSecond;
  }

  record(bytes: number, nowMs: number): void {
    this.#rate.record(bytes, nowMs);
  }
}
