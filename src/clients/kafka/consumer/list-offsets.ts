import { getOrPut } from '../../../base/get-or-put.ts';
import { ErrorCode } from '../../../wire/kafka/errors.ts';
import { ListOffsetsRequest, ListOffsetsResponse } from '../../../wire/kafka/messages/02-list-offsets.ts';
import type { CallOptions } from '../admin/call-options.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { TopicPartition } from '../cluster/cluster-metadata.ts';
import { BrokerError, isRetriable } from '../kafka-error.ts';
import type { FoundOffset } from './consumer-offsets.ts';
import type { IsolationLevel } from './consumer-options.ts';

const API = { request: ListOffsetsRequest, response: ListOffsetsResponse };
/** 1 brought the offset at a timestamp. */
const FIRST_VERSION = 1;
/** 2 brought isolation levels. */
const FIRST_WITH_ISOLATION = 2;

export const LATEST_TIMESTAMP = -1;
export const EARLIEST_TIMESTAMP = -2;

export interface OffsetQuery extends TopicPartition {
  /** Milliseconds since the epoch, or one of the special ones. */
  readonly timestamp: number;
}

/**
 * Asks the leaders of partitions for offsets, once. Partitions that have no leader now, or whose leader fails, get the
 * error instead; metadata is to be refreshed then.
 */
export async function listOffsets(
  cluster: Cluster,
  queries: readonly OffsetQuery[],
  isolationLevel: IsolationLevel,
  signal?: AbortSignal | undefined,
): Promise<{ found: FoundOffset[]; failed: { query: OffsetQuery; error: unknown }[] }> {
  const found: FoundOffset[] = [];
  const failed: { query: OffsetQuery; error: unknown }[] = [];
  const byLeader = new Map<number, OffsetQuery[]>();
  for (const query of queries) {
    const leader = cluster.metadata.leaderOf(query.topic, query.partition);
    if (leader !== undefined) getOrPut(byLeader, leader.id, () => []).push(query);
    else {
      const error = new BrokerError(ErrorCode.LEADER_NOT_AVAILABLE, `${query.topic}-${query.partition}`);
      failed.push({ query, error });
    }
  }
  await Promise.all(
    [...byLeader].map(async ([nodeId, group]) => {
      try {
        const answers = await askLeader(cluster, nodeId, group, isolationLevel, signal);
        for (const query of group) {
          const answer = answers.get(`${query.topic}-${query.partition}`);
          if (answer !== undefined && answer.errorCode === ErrorCode.NONE) {
            const { topic, partition } = query;
            const { offset, timestamp, leaderEpoch } = answer;
            found.push({ topic, partition, offset, timestamp, leaderEpoch });
            continue;
          }
          const errorCode = answer?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR;
          const error = new BrokerError(errorCode, `offset of ${query.topic}-${query.partition}`);
          failed.push({ query, error });
        }
      } catch (error) {
        for (const query of group) failed.push({ query, error });
      }
    }),
  );
  return { found, failed };
}

/** As {@link listOffsets}, until all have been found. Rejects with the first error that does not pass. */
export async function findOffsets(
  cluster: Cluster,
  queries: readonly OffsetQuery[],
  isolationLevel: IsolationLevel,
  options: CallOptions = {},
): Promise<FoundOffset[]> {
  const all: FoundOffset[] = [];
  let left = queries;
  await cluster.retry(async () => {
    const unknown = new Set(
      left.map(({ topic }) => topic).filter((topic) => !cluster.metadata.topics.has(topic)),
    );
    if (unknown.size > 0) await cluster.askMetadata([...unknown], false);
    const { found, failed } = await listOffsets(cluster, left, isolationLevel, options.signal);
    all.push(...found);
    left = failed.map(({ query }) => query);
    const worst = failed.find(({ error }) => !isRetriable(error)) ?? failed[0];
    if (worst === undefined) return;
    await cluster.askMetadata([...new Set(left.map(({ topic }) => topic))], false);
    throw worst.error;
  }, options);
  return all;
}

async function askLeader(
  cluster: Cluster,
  nodeId: number,
  queries: readonly OffsetQuery[],
  isolationLevel: IsolationLevel,
  signal: AbortSignal | undefined,
) {
  const topics = new Map<string, OffsetQuery[]>();
  for (const query of queries) getOrPut(topics, query.topic, () => []).push(query);
  const committed = isolationLevel === 'read_committed';
  const { topics: answers } = await cluster.request(
    nodeId,
    API,
    (version) => ({
      replicaId: -1,
      isolationLevel: version >= FIRST_WITH_ISOLATION && committed ? 1 : 0,
      topics: [...topics].map(([name, group]) => ({
        name,
        partitions: group.map(({ partition, timestamp }) => ({ partitionIndex: partition, timestamp })),
      })),
      timeoutMs: cluster.settings.requestTimeoutMs,
    }),
    {
      signal,
      versions: {
        min: committed ? FIRST_WITH_ISOLATION : FIRST_VERSION,
        max: ListOffsetsRequest.versions.max,
      },
    },
  );
  return new Map(
    answers.flatMap(({ name, partitions }) =>
      partitions.map((answer) => [`${name}-${answer.partitionIndex}`, answer] as const),
    ),
  );
}
