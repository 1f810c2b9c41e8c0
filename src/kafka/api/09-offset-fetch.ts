import type { Log } from '../../env/log.ts';
import { ErrorCode } from '../../wire/kafka/errors.ts';
import { OffsetFetchRequest, OffsetFetchResponse } from '../../wire/kafka/messages/09-offset-fetch.ts';
import type { Draft, Infer } from '../../wire/kafka/schema/index.ts';
import type { FetchedOffset, OffsetFetchResult, TopicPartitions } from '../coordinator/group/results.ts';
import type { GroupApi } from './group-request.ts';
import { type Handler, handler } from './handler.ts';

/** Where offsets of version 0 live. */
export interface ZooKeeperOffsetReader {
  /** Null when there is none. */
  get(group: string, topic: string, partition: number): Promise<number | null>;
}

export interface OffsetFetchApi extends GroupApi {
  readonly zooKeeperOffsets: ZooKeeperOffsetReader;
  readonly log: Log;
}

type Request = Infer<typeof OffsetFetchRequest>;
type Response = Draft<typeof OffsetFetchResponse>;

interface AskedTopic {
  readonly name: string;
  readonly partitionIndexes: readonly number[];
}

const NOTHING = { offset: -1, leaderEpoch: -1, metadata: '' };

/**
 * OffsetFetch: one group and, from version 2, all its offsets by null topics; from version 8 several groups. Version 0
 * reads ZooKeeper.
 */
export function offsetFetchHandler(api: OffsetFetchApi): Handler {
  return handler({
    request: OffsetFetchRequest,
    response: OffsetFetchResponse,
    versions: [0, 9],
    async handle(request, { apiVersion }) {
      if (apiVersion === 0) return { topics: (await fetchFromZooKeeper(api, request)).map(topicDraft) };
      if (apiVersion >= 8) return batchResponse(api, request);
      return singleResponse(api, request, apiVersion);
    },
  });
}

function batchResponse(api: OffsetFetchApi, request: Request): Response {
  return {
    groups: request.groups.map(({ groupId, topics }) => {
      const result = fetchGroup(api, groupId, topics, request.requireStable);
      return { groupId, errorCode: result.error, topics: result.topics.map(topicDraft) };
    }),
  };
}

function singleResponse(api: OffsetFetchApi, request: Request, apiVersion: number): Response {
  const { error, topics } = fetchGroup(api, request.groupId, request.topics, request.requireStable);
  if (apiVersion >= 2 || error === ErrorCode.NONE)
    return { errorCode: error, topics: topics.map(topicDraft) };
  // Version 1 has no error of its own: every partition carries it.
  return {
    topics: asked(request.topics ?? []).map(({ topic, partitions }) =>
      topicDraft({ topic, partitions: partitions.map((partition) => ({ partition, error, ...NOTHING })) }),
    ),
  };
}

function asked(topics: readonly AskedTopic[]): TopicPartitions[] {
  return topics.map(({ name, partitionIndexes }) => ({ topic: name, partitions: partitionIndexes }));
}

function fetchGroup(
  api: OffsetFetchApi,
  groupId: string,
  topics: readonly AskedTopic[] | null,
  requireStable: boolean,
): OffsetFetchResult {
  return api.coordinator.fetchOffsets(groupId, topics === null ? null : asked(topics), requireStable);
}

function topicDraft({ topic, partitions }: OffsetFetchResult['topics'][number]) {
  return {
    name: topic,
    partitions: partitions.map((each) => ({
      partitionIndex: each.partition,
      committedOffset: each.offset,
      committedLeaderEpoch: each.leaderEpoch,
      metadata: each.metadata,
      errorCode: each.error,
    })),
  };
}

async function fetchFromZooKeeper(
  api: OffsetFetchApi,
  request: Request,
): Promise<OffsetFetchResult['topics']> {
  return Promise.all(
    asked(request.topics ?? []).map(async ({ topic, partitions }) => ({
      topic,
      partitions: await Promise.all(
        partitions.map((partition) => fetchOneFromZooKeeper(api, request.groupId, topic, partition)),
      ),
    })),
  );
}

async function fetchOneFromZooKeeper(
  api: OffsetFetchApi,
  group: string,
  topic: string,
  partition: number,
): Promise<FetchedOffset> {
  // A partition that does not exist, and an offset that does not, answer the same.
  const missing = { partition, error: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ...NOTHING };
  if (api.image().partition(topic, partition) === undefined) return missing;
  try {
    const offset = await api.zooKeeperOffsets.get(group, topic, partition);
    return offset === null ? missing : { ...missing, error: ErrorCode.NONE, offset };
  } catch (error) {
    api.log.warn('could not read an offset from ZooKeeper', {
      group,
      topic,
      partition,
      error: String(error),
    });
    return { ...missing, error: ErrorCode.UNKNOWN_SERVER_ERROR };
  }
}
