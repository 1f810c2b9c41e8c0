import { ErrorCode } from '../../../wire/kafka/errors.ts';
import {
  DescribeShareGroupOffsetsRequest,
  DescribeShareGroupOffsetsResponse,
} from '../../../wire/kafka/messages/90-describe-share-group-offsets.ts';
import {
  AlterShareGroupOffsetsRequest,
  AlterShareGroupOffsetsResponse,
} from '../../../wire/kafka/messages/91-alter-share-group-offsets.ts';
import {
  DeleteShareGroupOffsetsRequest,
  DeleteShareGroupOffsetsResponse,
} from '../../../wire/kafka/messages/92-delete-share-group-offsets.ts';
import type { Infer } from '../../../wire/kafka/schema/index.ts';
import type { TopicPartition } from '../cluster/cluster-metadata.ts';
import { BrokerError, type KafkaError, throwIfError } from '../kafka-error.ts';
import { type AdminCall, byTopic, keyed, outcomeOf } from './admin-call.ts';
import type { GroupOffsetsQuery } from './group-offsets.ts';
import { type ItemResults, partitionKey } from './item-results.ts';

/** Where a share group starts to read a partition. */
export interface ShareGroupOffset extends TopicPartition {
  readonly startOffset: number;
  readonly leaderEpoch: number;
  /** How many records wait for the group; undefined from brokers before 4.2. */
  readonly lag: number | undefined;
}

export interface ShareGroupOffsetToSet extends TopicPartition {
  readonly startOffset: number;
}

const passes = ({ code }: BrokerError): boolean => code === 'REBALANCE_IN_PROGRESS';

/** @internal */
export function listShareGroupOffsets(
  call: AdminCall,
  groups: readonly (string | GroupOffsetsQuery)[],
): ItemResults<string, ReadonlyMap<string, ShareGroupOffset>> {
  const queries = groups.map((group) => (typeof group === 'string' ? { groupId: group } : group));
  return call.toCoordinators(
    'group',
    keyed<string, GroupOffsetsQuery>(queries, ({ groupId }) => groupId),
    async (target, open) => {
      const { groups } = await call.request(
        target,
        { request: DescribeShareGroupOffsetsRequest, response: DescribeShareGroupOffsetsResponse },
        {
          groups: [...open.values()].map(({ groupId, partitions }) => ({
            groupId,
            topics:
              partitions === undefined
                ? null
                : byTopic(partitions).map(([topicName, group]) => ({
                    topicName,
                    partitions: group.map(({ partition }) => partition),
                  })),
          })),
        },
      );
      return new Map(groups.map((group) => [group.groupId, offsetsOf(group)]));
    },
  );
}

function offsetsOf(
  group: Infer<typeof DescribeShareGroupOffsetsResponse>['groups'][number],
): ReadonlyMap<string, ShareGroupOffset> | KafkaError {
  const { groupId, errorCode, errorMessage } = group;
  if (errorCode !== ErrorCode.NONE) return new BrokerError(errorCode, `share group ${groupId}`, errorMessage);
  const offsets = new Map<string, ShareGroupOffset>();
  for (const { topicName: topic, partitions } of group.topics) {
    for (const { partitionIndex: partition, startOffset, leaderEpoch, lag, ...told } of partitions) {
      const key = partitionKey({ topic, partition });
      if (told.errorCode !== ErrorCode.NONE) {
        return new BrokerError(
          told.errorCode,
          `offset of share group ${groupId} for ${key}`,
          told.errorMessage,
        );
      }
      // -1 says that there is none.
      if (startOffset < 0) continue;
      offsets.set(key, { topic, partition, startOffset, leaderEpoch, lag: lag < 0 ? undefined : lag });
    }
  }
  return offsets;
}

/** @internal */
export function alterShareGroupOffsets(
  call: AdminCall,
  groupId: string,
  offsets: readonly ShareGroupOffsetToSet[],
): ItemResults<string, undefined> {
  return call.toCoordinatorOf(
    { coordinator: 'group', key: groupId },
    keyed(offsets, partitionKey),
    async (target, open) => {
      const response = await call.request(
        target,
        { request: AlterShareGroupOffsetsRequest, response: AlterShareGroupOffsetsResponse },
        {
          groupId,
          topics: byTopic(open.values()).map(([topicName, partitions]) => ({
            topicName,
            partitions: partitions.map(({ partition, startOffset }) => ({
              partitionIndex: partition,
              startOffset,
            })),
          })),
        },
      );
      throwIfError(response.errorCode, `share group ${groupId}`, response.errorMessage);
      return new Map(
        response.responses.flatMap(({ topicName: topic, partitions }) =>
          partitions.map(({ partitionIndex: partition, errorCode, errorMessage }) => {
            const key = partitionKey({ topic, partition });
            const what = `offset of share group ${groupId} for ${key}`;
            return [key, outcomeOf(errorCode, what, errorMessage, () => undefined)] as const;
          }),
        ),
      );
    },
    passes,
  );
}

/** @internal */
export function deleteShareGroupOffsets(
  call: AdminCall,
  groupId: string,
  topics: readonly string[],
): ItemResults<string, undefined> {
  return call.toCoordinatorOf(
    { coordinator: 'group', key: groupId },
    keyed(topics, (topic) => topic),
    async (target, open) => {
      const response = await call.request(
        target,
        { request: DeleteShareGroupOffsetsRequest, response: DeleteShareGroupOffsetsResponse },
        { groupId, topics: [...open.keys()].map((topicName) => ({ topicName })) },
      );
      throwIfError(response.errorCode, `share group ${groupId}`, response.errorMessage);
      return new Map(
        response.responses.map(({ topicName, errorCode, errorMessage }) => {
          const what = `offsets of share group ${groupId} for ${topicName}`;
          return [topicName, outcomeOf(errorCode, what, errorMessage, () => undefined)];
        }),
      );
    },
    passes,
  );
}
