import { ListOffsetsRequest, ListOffsetsResponse } from '../../../wire/kafka/messages/02-list-offsets.ts';
import type { Target } from '../cluster/cluster.ts';
import type { TopicPartition } from '../cluster/cluster-metadata.ts';
import { isKafkaError } from '../kafka-error.ts';
import { type AdminCall, byTopic, type Outcomes, outcomeOf } from './admin-call.ts';
import type { CallOptions } from './call-options.ts';
import { type ItemResults, partitionKey } from './item-results.ts';

/** Special points of a log: the number that asks for each, and the first version that knows it. */
const POINTS = {
  latest: { timestamp: -1, minVersion: 1 },
  earliest: { timestamp: -2, minVersion: 1 },
  /** The record with the largest timestamp (KIP-734). */
  maxTimestamp: { timestamp: -3, minVersion: 7 },
  /** The first record that is on the broker's own disk (KIP-405). */
  earliestLocal: { timestamp: -4, minVersion: 8 },
  /** The last that is in remote storage (KIP-1005). */
  latestTiered: { timestamp: -5, minVersion: 9 },
} as const;

/** A point of a log, or the first record whose timestamp is not before a time, in ms since 1970. */
export type OffsetSpec = keyof typeof POINTS | { readonly timestampMs: number };

export interface OffsetQuery extends TopicPartition {
  readonly at: OffsetSpec;
}

export interface ListOffsetsOptions extends CallOptions {
  /** Whether `latest` is the end of the log, or the first record of a transaction that is still open. Default the end. */
  readonly isolationLevel?: 'read_uncommitted' | 'read_committed';
}

export interface ListedOffset extends TopicPartition {
  /** -1 when there is no such record. */
  readonly offset: number;
  /** Of the record; -1 where there is none, and for `earliest` and `latest`. */
  readonly timestampMs: number;
  /** Undefined where the broker does not tell. */
  readonly leaderEpoch: number | undefined;
}

/** @internal */
export function listOffsets(
  call: AdminCall,
  queries: readonly OffsetQuery[],
  { isolationLevel = 'read_uncommitted' }: ListOffsetsOptions,
): ItemResults<string, ListedOffset> {
  return call.toLeaders(queries, async (target, open) => {
    // What only newer brokers know must not take along what the others know.
    const byVersion = new Map<number, OffsetQuery[]>();
    for (const query of open.values()) {
      const minVersion = typeof query.at === 'string' ? POINTS[query.at].minVersion : 1;
      byVersion.set(minVersion, [...(byVersion.get(minVersion) ?? []), query]);
    }
    const answers = [...byVersion].map(async ([minVersion, group]) => {
      const min = isolationLevel === 'read_committed' ? Math.max(2, minVersion) : minVersion;
      try {
        return await askOffsets(call, target, group, min);
      } catch (error) {
        if (!isKafkaError(error, 'UNSUPPORTED')) throw error;
        return new Map(group.map((query) => [partitionKey(query), error] as const));
      }
    });
    return new Map((await Promise.all(answers)).flatMap((answer) => [...answer]));
  });

  async function askOffsets(
    call: AdminCall,
    target: Target,
    queries: readonly OffsetQuery[],
    min: number,
  ): Promise<Outcomes<string, ListedOffset>> {
    const { topics } = await call.request(
      target,
      { request: ListOffsetsRequest, response: ListOffsetsResponse },
      (version) => ({
        replicaId: -1,
        ...(isolationLevel === 'read_committed' ? { isolationLevel: 1 } : {}),
        topics: byTopic(queries).map(([name, partitions]) => ({
          name,
          partitions: partitions.map(({ partition, at }) => ({
            partitionIndex: partition,
            timestamp: typeof at === 'string' ? POINTS[at].timestamp : at.timestampMs,
          })),
        })),
        ...(version >= 10 ? { timeoutMs: call.brokerTimeoutMs } : {}),
      }),
      { min },
    );
    return new Map(
      topics.flatMap(({ name: topic, partitions }) =>
        partitions.map(({ partitionIndex: partition, errorCode, offset, timestamp, leaderEpoch }) => {
          const key = partitionKey({ topic, partition });
          const value = (): ListedOffset => ({
            topic,
            partition,
            offset,
            timestampMs: timestamp,
            leaderEpoch: leaderEpoch < 0 ? undefined : leaderEpoch,
          });
          return [key, outcomeOf(errorCode, `partition ${key}`, null, value)] as const;
        }),
      ),
    );
  }
}
