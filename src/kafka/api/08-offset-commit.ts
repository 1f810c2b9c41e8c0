import type { Log } from '../../env/log.ts';
import { ErrorCode } from '../../wire/kafka/errors.ts';
import { OffsetCommitRequest, OffsetCommitResponse } from '../../wire/kafka/messages/08-offset-commit.ts';
import type { Infer } from '../../wire/kafka/schema/index.ts';
import type { OffsetToCommit } from '../coordinator/group/results.ts';
import type { GroupApi } from './group-request.ts';
import { type Handler, handler } from './handler.ts';

/** Where offsets of version 0 live: `/consumers/<group>/offsets/<topic>/<partition>` in ZooKeeper. */
export interface ZooKeeperOffsetWriter {
  set(group: string, topic: string, partition: number, offset: number): Promise<void>;
}

export interface OffsetCommitApi extends GroupApi {
  readonly zooKeeperOffsets: ZooKeeperOffsetWriter;
  /** `offset.metadata.max.bytes`, for version 0. */
  readonly offsetMetadataMaxBytes: number;
  readonly log: Log;
}

type Request = Infer<typeof OffsetCommitRequest>;
type CommitAll = (offsets: readonly OffsetToCommit[]) => Promise<readonly number[]>;

/** OffsetCommit: to the group's coordinator; version 0, which knows no groups' members, to ZooKeeper. */
export function offsetCommitHandler(api: OffsetCommitApi): Handler {
  return handler({
    request: OffsetCommitRequest,
    response: OffsetCommitResponse,
    versions: [0, 9],
    async handle(request, { apiVersion }) {
      const commit: CommitAll =
        apiVersion === 0
          ? (offsets) => Promise.all(offsets.map((each) => commitToZooKeeper(api, request.groupId, each)))
          : (offsets) =>
              api.coordinator.commitOffsets({
                groupId: request.groupId,
                memberId: request.memberId,
                groupInstanceId: request.groupInstanceId,
                generation: request.generationIdOrMemberEpoch,
                retentionMs: request.retentionTimeMs,
                offsets,
              });
      return { topics: await commitExisting(api, request, commit) };
    },
  });
}

/** Commits what names a partition that exists; the rest answers UNKNOWN_TOPIC_OR_PARTITION. */
async function commitExisting(api: OffsetCommitApi, request: Request, commit: CommitAll) {
  const image = api.image();
  const known: OffsetToCommit[] = [];
  const slots = request.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map((each) => {
      const exists = image.partition(name, each.partitionIndex) !== undefined;
      if (exists) {
        known.push({
          topic: name,
          partition: each.partitionIndex,
          offset: each.committedOffset,
          leaderEpoch: each.committedLeaderEpoch,
          metadata: each.committedMetadata,
          commitTimestampMs: each.commitTimestamp,
        });
      }
      return { partitionIndex: each.partitionIndex, at: exists ? known.length - 1 : undefined };
    }),
  }));
  const errors = known.length === 0 ? [] : await commit(known);
  return slots.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex, at }) => ({
      partitionIndex,
      errorCode:
        at === undefined
          ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
          : (errors[at] ?? ErrorCode.UNKNOWN_SERVER_ERROR),
    })),
  }));
}

async function commitToZooKeeper(api: OffsetCommitApi, group: string, each: OffsetToCommit): Promise<number> {
  if (each.metadata !== null && each.metadata.length > api.offsetMetadataMaxBytes) {
    return ErrorCode.OFFSET_METADATA_TOO_LARGE;
  }
  try {
    await api.zooKeeperOffsets.set(group, each.topic, each.partition, each.offset);
    return ErrorCode.NONE;
  } catch (error) {
    const { topic, partition } = each;
    api.log.warn('could not store an offset in ZooKeeper', { group, topic, partition, error: String(error) });
    return ErrorCode.UNKNOWN_SERVER_ERROR;
  }
}
