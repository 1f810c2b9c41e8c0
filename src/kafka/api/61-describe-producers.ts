import { ErrorCode, errorOf } from '../../wire/kafka/errors.ts';
import {
  DescribeProducersRequest,
  DescribeProducersResponse,
} from '../../wire/kafka/messages/61-describe-producers.ts';
import type { TopicPartition } from '../log/topic-partition.ts';
import type { MetadataCache } from '../metadata/metadata-cache.ts';
import { topicNameError } from '../metadata/topic-name.ts';
import { isRefused } from '../replica/partition.ts';
import type { ReplicaManager } from '../replica/replica-manager.ts';
import { type ApiError, apiError, noError } from './api-error.ts';
import { type Handler, handler } from './handler.ts';

export interface DescribeProducersParts {
  metadata: MetadataCache;
  replicas: Pick<ReplicaManager, 'lookup'>;
}

/** DescribeProducers: what the replicas here, followers included, know of idempotent and transactional producers. */
export function describeProducersHandler({ metadata, replicas }: DescribeProducersParts): Handler {
  const topicError = (topic: string): ApiError => {
    const nameError = topicNameError(topic);
    if (nameError !== null) return apiError(ErrorCode.INVALID_TOPIC_EXCEPTION, nameError);
    if (metadata.image.topic(topic) !== undefined) return noError;
    const unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    return apiError(unknown, errorOf(unknown).text);
  };
  const describe = (topicPartition: TopicPartition) => {
    const partition = replicas.lookup(topicPartition);
    if (isRefused(partition)) return { ...apiError(partition.error), activeProducers: [] };
    const log = partition.localLog;
    if (log === undefined) return { ...apiError(ErrorCode.NOT_LEADER_OR_FOLLOWER), activeProducers: [] };
    return { ...noError, activeProducers: log.activeProducers() };
  };
  return handler({
    request: DescribeProducersRequest,
    response: DescribeProducersResponse,
    versions: [0, 0],
    handle: ({ topics }) => ({
      throttleTimeMs: 0,
      topics: topics.map(({ name, partitionIndexes }) => {
        const error = topicError(name);
        return {
          name,
          partitions: partitionIndexes.map((partition) => ({
            partitionIndex: partition,
            ...(error === noError ? describe({ topic: name, partition }) : { ...error, activeProducers: [] }),
          })),
        };
      }),
    }),
  });
}
