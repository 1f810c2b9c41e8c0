import { ErrorCode } from '../../../wire/kafka/errors.ts';
import type { MetadataResponse } from '../../../wire/kafka/messages/03-metadata.ts';
import { type Infer, ZERO_UUID } from '../../../wire/kafka/schema/index.ts';
import { type BrokerNode, ClusterMetadata, type PartitionInfo, type TopicInfo } from './cluster-metadata.ts';

const NOT_ASKED = -0x8000_0000;

/**
 * What is known after an answer: its brokers, its topics, and of the topics that it does not mention those that
 * `keep` wants. A partition keeps the leader of a higher epoch than the answer's (KIP-320), unless the topic has been
 * created anew.
 */
export function metadataAfter(
  before: ClusterMetadata,
  answer: Infer<typeof MetadataResponse>,
  keep: (topic: string) => boolean,
): ClusterMetadata {
  const brokers = answer.brokers.map(({ nodeId, host, port, rack }): [number, BrokerNode] => [
    nodeId,
    { id: nodeId, host, port, rack },
  ]);
  const topics = new Map([...before.topics].filter(([name]) => keep(name)));
  const topicErrors = new Map([...before.topicErrors].filter(([name]) => keep(name)));
  for (const topic of answer.topics) {
    if (topic.name === null) continue;
    const known = before.topics.get(topic.name);
    topics.delete(topic.name);
    topicErrors.delete(topic.name);
    if (topic.errorCode === ErrorCode.NONE) topics.set(topic.name, topicInfo(topic, topic.name, known));
    else topicErrors.set(topic.name, topic.errorCode);
  }
  const clusterId = answer.clusterId ?? before.clusterId;
  return new ClusterMetadata(clusterId, answer.controllerId, new Map(brokers), topics, topicErrors);
}

type TopicAnswer = Infer<typeof MetadataResponse>['topics'][number];

/** `before` is what was known of the topic, if anything. */
export function topicInfo(topic: TopicAnswer, name: string, before: TopicInfo | undefined): TopicInfo {
  const isSame = before !== undefined && before.topicId === topic.topicId && topic.topicId !== ZERO_UUID;
  const partitions = topic.partitions
    .toSorted((a, b) => a.partitionIndex - b.partitionIndex)
    .map((answer): PartitionInfo => {
      const known = isSame ? before.partitions[answer.partitionIndex] : undefined;
      if (known !== undefined && known.leaderEpoch > answer.leaderEpoch && answer.leaderEpoch >= 0)
        return known;
      return {
        partition: answer.partitionIndex,
        leader: answer.leaderId,
        leaderEpoch: answer.leaderEpoch,
        replicas: answer.replicaNodes,
        isr: answer.isrNodes,
        offlineReplicas: answer.offlineReplicas,
      };
    });
  return {
    name,
    topicId: topic.topicId,
    isInternal: topic.isInternal,
    // Old brokers leave out what they cannot tell; nothing behind the hole could be found by its number.
    partitions: partitions.slice(0, firstHole(partitions)),
    authorizedOperations:
      topic.topicAuthorizedOperations === NOT_ASKED ? undefined : topic.topicAuthorizedOperations,
  };
}

function firstHole(partitions: readonly PartitionInfo[]): number {
  const hole = partitions.findIndex(({ partition }, index) => partition !== index);
  return hole < 0 ? partitions.length : hole;
}
