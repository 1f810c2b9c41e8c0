import { ErrorCode } from '../../../wire/kafka/errors.ts';
import type { MetadataResponse } from '../../../wire/kafka/messages/03-metadata.ts';
import type { Draft } from '../../../wire/kafka/schema/index.ts';
import type { ClusterImage, PartitionImage, TopicImage } from '../../metadata/cluster-image.ts';
import type { Broker, BrokerEndpoint } from '../../metadata/model.ts';
import { isInternalTopic } from '../../metadata/topic-name.ts';

type TopicDraft = Draft<typeof MetadataResponse>['topics'][number];
type PartitionDraft = TopicDraft['partitions'][number];

/** What old clients are to see instead of brokers that they cannot reach. */
export interface ViewOptions {
  /** The client's listener: addresses are those of this listener. */
  listenerName: string;
  /** Version 0: leave out unreachable replicas and say so. */
  errorUnavailableEndpoints: boolean;
  /** Version 6 and later: tell a leader without this listener from one that is down. */
  errorUnavailableListeners: boolean;
}

/** The brokers that can be reached over a listener, with their addresses there. */
export function reachableBrokers(
  image: ClusterImage,
  listenerName: string,
): { broker: Broker; endpoint: BrokerEndpoint }[] {
  return [...image.brokers.values()].flatMap((broker) => {
    const endpoint = endpointOf(broker, listenerName);
    return endpoint === undefined ? [] : [{ broker, endpoint }];
  });
}

/** A topic as Metadata shows it (`ZkMetadataCache.getTopicMetadata`, 3.9). */
export function topicMetadata(image: ClusterImage, topic: TopicImage, options: ViewOptions): TopicDraft {
  return {
    errorCode: ErrorCode.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: isInternalTopic(topic.name),
    partitions: [...topic.partitions.values()].map((partition) =>
      partitionMetadata(image, partition, options),
    ),
  };
}

function partitionMetadata(
  image: ClusterImage,
  partition: PartitionImage,
  options: ViewOptions,
): PartitionDraft {
  const reachable = (id: number) => endpointOf(image.broker(id), options.listenerName) !== undefined;
  const shown = (ids: readonly number[]) =>
    options.errorUnavailableEndpoints ? ids.filter(reachable) : [...ids];
  const replicaNodes = shown(partition.replicas);
  const isrNodes = shown(partition.isr);
  const hasLeader = reachable(partition.leader);
  const allShown =
    replicaNodes.length === partition.replicas.length && isrNodes.length === partition.isr.length;
  let errorCode: ErrorCode = allShown ? ErrorCode.NONE : ErrorCode.REPLICA_NOT_AVAILABLE;
  if (!hasLeader) {
    const unreachable = options.errorUnavailableListeners && image.broker(partition.leader) !== undefined;
    errorCode = unreachable ? ErrorCode.LISTENER_NOT_FOUND : ErrorCode.LEADER_NOT_AVAILABLE;
  }
  return {
    errorCode,
    partitionIndex: partition.partition,
    leaderId: hasLeader ? partition.leader : -1,
    leaderEpoch: partition.leaderEpoch,
    replicaNodes,
    isrNodes,
    offlineReplicas: [...partition.offlineReplicas],
  };
}

function endpointOf(broker: Broker | undefined, listenerName: string): BrokerEndpoint | undefined {
  return broker?.endpoints.find((endpoint) => endpoint.listenerName === listenerName);
}
