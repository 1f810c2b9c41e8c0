import { ErrorCode } from '../../../wire/kafka/errors.ts';
import { OffsetCommitRequest, OffsetCommitResponse } from '../../../wire/kafka/messages/08-offset-commit.ts';
import { OffsetFetchRequest, OffsetFetchResponse } from '../../../wire/kafka/messages/09-offset-fetch.ts';
import { OffsetDeleteRequest, OffsetDeleteResponse } from '../../../wire/kafka/messages/47-offset-delete.ts';
import type { Target } from '../cluster/cluster.ts';
import type { TopicPartition } from '../cluster/cluster-metadata.ts';
import { BrokerError, type KafkaError, throwIfError } from '../kafka-error.ts';
import { type AdminCall, byTopic, keyed, type Outcomes, outcomeOf } from './admin-call.ts';
import type { CallOptions } from './call-options.ts';
import { type ItemResults, partitionKey } from './item-results.ts';

/** What a group has committed of a partition. */
export interface CommittedOffset extends TopicPartition {
  /** The next record to read. */
  readonly offset: number;
  /** Of the last record read; undefined where it was not told. */
  readonly leaderEpoch?: number | undefined;
  /** Words of the committer. */
  readonly metadata?: string | null | undefined;
}

/** A group, and the partitions that are asked about: all for which it has offsets unless they are named. */
export interface GroupOffsetsQuery {
  readonly groupId: string;
  readonly partitions?: readonly TopicPartition[] | undefined;
}

export interface ListGroupOffsetsOptions extends CallOptions {
  /** Whether to wait for transactions under way that commit offsets (from 2.5 on). Default false. */
  readonly requireStable?: boolean;
}

interface GroupAnswer {
  readonly errorCode: number;
  readonly topics: readonly {
    readonly name: string;
    readonly partitions: readonly {
      readonly partitionIndex: number;
      readonly committedOffset: number;
      readonly committedLeaderEpoch: number;
      readonly metadata: string | null;
      readonly errorCode: number;
    }[];
  }[];
}

const OFFSET_FETCH = { request: OffsetFetchRequest, response: OffsetFetchResponse };
/** The last versions that name topics: later ones say ids, which callers do not. */
const BY_NAME = { max: 9 };
/** The first version that asks about several groups at once (KIP-709). */
const BATCHED = 8;

/** @internal */
export function listGroupOffsets(
  call: AdminCall,
  groups: readonly (string | GroupOffsetsQuery)[],
  { requireStable = false }: ListGroupOffsetsOptions,
): ItemResults<string, ReadonlyMap<string, CommittedOffset>> {
  const queries = groups.map((group) => (typeof group === 'string' ? { groupId: group } : group));
  return call.toCoordinators(
    'group',
    keyed(queries, ({ groupId }) => groupId),
    async (target, open) => {
      const asked = [...open.values()];
      const first = await askForOffsets(call, target, asked, requireStable);
      if (first.version >= BATCHED || asked.length === 1) return first.outcomes;
      // An old broker was asked about the first only.
      const others = await Promise.all(
        asked.slice(1).map((query) => askForOffsets(call, target, [query], requireStable)),
      );
      return new Map([first, ...others].flatMap(({ outcomes }) => [...outcomes]));
    },
    { alsoPasses: ({ code }) => code === 'UNSTABLE_OFFSET_COMMIT' },
  );
}

async function askForOffsets(
  call: AdminCall,
  target: Target,
  queries: readonly GroupOffsetsQuery[],
  requireStable: boolean,
): Promise<{ version: number; outcomes: Outcomes<string, ReadonlyMap<string, CommittedOffset>> }> {
  const first = queries[0]?.groupId ?? '';
  const { response, version } = await call.ask(
    target,
    OFFSET_FETCH,
    (version) => {
      const stable = requireStable ? { requireStable } : {};
      if (version < BATCHED) return { groupId: first, topics: topicsOf(queries[0]), ...stable };
      return {
        groups: queries.map((query) => ({ groupId: query.groupId, topics: topicsOf(query) })),
        ...stable,
      };
    },
    { ...BY_NAME, min: 2 },
  );
  const answers: [string, GroupAnswer][] =
    version < BATCHED ? [[first, response]] : response.groups.map((group) => [group.groupId, group]);
  return {
    version,
    outcomes: new Map(answers.map(([groupId, answer]) => [groupId, committedOffsets(groupId, answer)])),
  };
}

function topicsOf(query: GroupOffsetsQuery | undefined) {
  if (query?.partitions === undefined) return null;
  return byTopic(query.partitions).map(([name, partitions]) => ({
    name,
    partitionIndexes: partitions.map(({ partition }) => partition),
  }));
}

/** A group's offsets; the error of one partition is that of the group, which would seem to lack the offset otherwise. */
function committedOffsets(
  groupId: string,
  answer: GroupAnswer,
): ReadonlyMap<string, CommittedOffset> | KafkaError {
  if (answer.errorCode !== ErrorCode.NONE) return new BrokerError(answer.errorCode, `group ${groupId}`);
  const offsets = new Map<string, CommittedOffset>();
  for (const { name: topic, partitions } of answer.topics) {
    for (const { partitionIndex: partition, committedOffset: offset, ...told } of partitions) {
      const key = partitionKey({ topic, partition });
      if (told.errorCode !== ErrorCode.NONE) {
        return new BrokerError(told.errorCode, `offset of group ${groupId} for ${key}`);
      }
      // -1 says that there is none.
      if (offset < 0) continue;
      const leaderEpoch = told.committedLeaderEpoch < 0 ? undefined : told.committedLeaderEpoch;
      offsets.set(key, { topic, partition, offset, leaderEpoch, metadata: told.metadata });
    }
  }
  return offsets;
}

/** @internal */
export function alterGroupOffsets(
  call: AdminCall,
  groupId: string,
  offsets: readonly CommittedOffset[],
): ItemResults<string, undefined> {
  return call.toCoordinatorOf(
    { coordinator: 'group', key: groupId },
    keyed(offsets, partitionKey),
    async (target, open) => {
      const { topics } = await call.request(
        target,
        { request: OffsetCommitRequest, response: OffsetCommitResponse },
        {
          groupId,
          topics: byTopic(open.values()).map(([name, partitions]) => ({
            name,
            partitions: partitions.map(({ partition, offset, leaderEpoch = -1, metadata = '' }) => ({
              partitionIndex: partition,
              committedOffset: offset,
              committedLeaderEpoch: leaderEpoch,
              committedMetadata: metadata,
            })),
          })),
        },
        // Version 0 writes to ZooKeeper, 1 wants a timestamp.
        { ...BY_NAME, min: 2 },
      );
      return partitionOutcomes(groupId, topics);
    },
    ({ code }) => code === 'REBALANCE_IN_PROGRESS',
  );
}

/** @internal */
export function deleteGroupOffsets(
  call: AdminCall,
  groupId: string,
  partitions: readonly TopicPartition[],
): ItemResults<string, undefined> {
  return call.toCoordinatorOf(
    { coordinator: 'group', key: groupId },
    keyed(partitions, partitionKey),
    async (target, open) => {
      const { errorCode, topics } = await call.request(
        target,
        { request: OffsetDeleteRequest, response: OffsetDeleteResponse },
        {
          groupId,
          topics: byTopic(open.values()).map(([name, group]) => ({
            name,
            partitions: group.map(({ partition }) => ({ partitionIndex: partition })),
          })),
        },
      );
      throwIfError(errorCode, `group ${groupId}`);
      return partitionOutcomes(groupId, topics);
    },
  );
}

function partitionOutcomes(
  groupId: string,
  topics: readonly {
    readonly name: string;
    readonly partitions: readonly { readonly partitionIndex: number; readonly errorCode: number }[];
  }[],
): Outcomes<string, undefined> {
  return new Map(
    topics.flatMap(({ name: topic, partitions }) =>
      partitions.map(({ partitionIndex: partition, errorCode }) => {
        const key = partitionKey({ topic, partition });
        return [key, outcomeOf(errorCode, `offset of group ${groupId} for ${key}`, null, () => undefined)];
      }),
    ),
  );
}
