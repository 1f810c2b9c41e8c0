import type { AssignedPartition } from './assigned-partition.ts';

/** What a consumer has done so far, and how far it is behind. */
export interface ConsumerMetrics {
  /** Handed out. */
  readonly records: number;
  /** Fetched, as they came over the network. */
  readonly bytes: number;
  readonly fetches: number;
  /** Of the fetches so far, from question to answer. */
  readonly fetchLatencyMs: { readonly average: number; readonly max: number };
  readonly rebalances: number;
  readonly commits: number;
  /** Bytes that wait to be handed out. */
  readonly bufferedBytes: number;
  readonly partitions: readonly PartitionMetrics[];
}

export interface PartitionMetrics {
  readonly topic: string;
  readonly partition: number;
  /** Of the next record to be handed out; undefined until it is known. */
  readonly position: number | undefined;
  /** Records between the position and the end of what may be read; undefined before the first fetch. */
  readonly lag: number | undefined;
  /** Records between the first that is there and the position. */
  readonly lead: number | undefined;
  /** The broker that is read from in the place of the leader (KIP-392). */
  readonly preferredReplica: number | undefined;
}

/** The counters behind {@link ConsumerMetrics}. */
export class ClientMetrics {
  records = 0;
  bytes = 0;
  fetches = 0;
  fetchMs = 0;
  maxFetchMs = 0;
  rebalances = 0;
  commits = 0;

  fetched(bytes: number, tookMs: number): void {
    this.fetches++;
    this.bytes += bytes;
    this.fetchMs += tookMs;
    if (tookMs > this.maxFetchMs) this.maxFetchMs = tookMs;
  }

  snapshot(partitions: Iterable<AssignedPartition>, readCommitted: boolean): ConsumerMetrics {
    const { records, bytes, fetches, rebalances, commits } = this;
    const assigned = [...partitions];
    return {
      records,
      bytes,
      fetches,
      fetchLatencyMs: { average: fetches === 0 ? 0 : this.fetchMs / fetches, max: this.maxFetchMs },
      rebalances,
      commits,
      bufferedBytes: assigned.reduce((sum, { bufferedBytes }) => sum + bufferedBytes, 0),
      partitions: assigned.map((one) => partitionMetrics(one, readCommitted)),
    };
  }
}

function partitionMetrics(partition: AssignedPartition, readCommitted: boolean): PartitionMetrics {
  const { topic, partition: number, position, logStartOffset } = partition;
  const end = readCommitted ? partition.lastStableOffset : partition.highWatermark;
  const known = partition.hasPosition;
  return {
    topic,
    partition: number,
    position: known ? position : undefined,
    lag: known && end >= 0 ? Math.max(0, end - position) : undefined,
    lead: known && logStartOffset >= 0 ? Math.max(0, position - logStartOffset) : undefined,
    preferredReplica: partition.preferredReplica?.nodeId,
  };
}
