import { ErrorCode } from '../../../wire/kafka/errors.ts';
import {
  DescribeTopicPartitionsRequest,
  DescribeTopicPartitionsResponse,
} from '../../../wire/kafka/messages/75-describe-topic-partitions.ts';
import type { Infer } from '../../../wire/kafka/schema/index.ts';
import { BrokerError, isKafkaError, type KafkaError } from '../kafka-error.ts';
import { type AdminCall, keyed, type Outcomes } from './admin-call.ts';
import type { CallOptions } from './call-options.ts';
import type { ItemResults } from './item-results.ts';
import { authorizedOperations } from './operations.ts';
import type { PartitionDescription, TopicDescription } from './topic-description.ts';
import { type TopicSelection, topicsOfMetadata } from './topics.ts';

export interface DescribeTopicsOptions extends CallOptions {
  readonly includeAuthorizedOperations?: boolean;
  /** How many partitions a broker that answers page by page may put into one page. Default 2000. */
  readonly partitionsPerPage?: number;
}

type TopicAnswer = Infer<typeof DescribeTopicPartitionsResponse>['topics'][number];
type Cursor = Infer<typeof DescribeTopicPartitionsResponse>['nextCursor'];

/** @internal By name page by page (KIP-966) where the broker knows that; otherwise, and by id, from metadata. */
export function describeTopics(
  call: AdminCall,
  selection: TopicSelection,
  options: DescribeTopicsOptions,
): ItemResults<string, TopicDescription> {
  const { includeAuthorizedOperations = false, partitionsPerPage = 2000 } = options;
  if ('topicIds' in selection) {
    return call.toAny(
      keyed(selection.topicIds, (id) => id),
      (_, open) => {
        const asked = [...open.keys()].map((topicId) => ({ name: null, topicId }));
        return topicsOfMetadata(call, asked, includeAuthorizedOperations);
      },
    );
  }
  return call.toAny(
    keyed(selection, (name) => name),
    async (_, open) => {
      const names = [...open.keys()].sort();
      try {
        return await describePaged(call, names, partitionsPerPage);
      } catch (error) {
        if (!isKafkaError(error, 'UNSUPPORTED')) throw error;
        const asked = names.map((name) => ({ name }));
        return topicsOfMetadata(call, asked, includeAuthorizedOperations);
      }
    },
  );
}

async function describePaged(
  call: AdminCall,
  names: readonly string[],
  responsePartitionLimit: number,
): Promise<Outcomes<string, TopicDescription>> {
  const described = new Map<string, TopicDescription | KafkaError>();
  let cursor: Cursor = null;
  do {
    const page: Infer<typeof DescribeTopicPartitionsResponse> = await call.request(
      'any',
      { request: DescribeTopicPartitionsRequest, response: DescribeTopicPartitionsResponse },
      { topics: names.map((name) => ({ name })), responsePartitionLimit, cursor },
    );
    for (const topic of page.topics) addTo(described, topic);
    cursor = isAhead(page.nextCursor, cursor) ? page.nextCursor : null;
  } while (cursor !== null);
  return described;
}

/** A broker that sends the same place again would have us ask for ever. */
function isAhead(next: Cursor, before: Cursor): boolean {
  if (next === null || before === null) return next !== null;
  if (next.topicName !== before.topicName) return next.topicName > before.topicName;
  return next.partitionIndex > before.partitionIndex;
}

function addTo(described: Map<string, TopicDescription | KafkaError>, topic: TopicAnswer): void {
  const name = topic.name ?? '';
  if (topic.errorCode !== ErrorCode.NONE) {
    described.set(name, new BrokerError(topic.errorCode, `topic ${name}`));
    return;
  }
  const before = described.get(name);
  const known = before === undefined || !('partitions' in before) ? [] : before.partitions;
  described.set(name, {
    name,
    topicId: topic.topicId,
    isInternal: topic.isInternal,
    partitions: [...known, ...topic.partitions.map(partitionOf)].sort((a, b) => a.partition - b.partition),
    authorizedOperations: authorizedOperations(topic.topicAuthorizedOperations),
  });
}

function partitionOf(partition: TopicAnswer['partitions'][number]): PartitionDescription {
  return {
    partition: partition.partitionIndex,
    leader: partition.leaderId,
    leaderEpoch: partition.leaderEpoch,
    replicas: partition.replicaNodes,
    isr: partition.isrNodes,
    offlineReplicas: partition.offlineReplicas,
    eligibleLeaderReplicas: partition.eligibleLeaderReplicas ?? undefined,
    lastKnownEligibleLeaderReplicas: partition.lastKnownElr ?? undefined,
  };
}
