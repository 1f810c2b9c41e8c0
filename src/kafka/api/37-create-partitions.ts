import type { Timers } from '../../env/timers.ts';
import { ErrorCode } from '../../wire/kafka/errors.ts';
import {
  CreatePartitionsRequest,
  CreatePartitionsResponse,
} from '../../wire/kafka/messages/37-create-partitions.ts';
import type { Infer } from '../../wire/kafka/schema/index.ts';
import type { ClusterImage } from '../metadata/cluster-image.ts';
import type { MetadataCache } from '../metadata/metadata-cache.ts';
import { type ApiError, apiError, isApiError, noError } from './api-error.ts';
import { type Handler, handler } from './handler.ts';
import { awaitMetadata } from './topics/await-metadata.ts';
import { hasLeaders } from './topics/has-leaders.ts';
import type { TopicAdmin } from './topics/topic-admin.ts';

type RequestedTopic = Infer<typeof CreatePartitionsRequest>['topics'][number];

export interface CreatePartitionsParts {
  admin: Pick<TopicAdmin, 'grow'>;
  metadata: MetadataCache;
  timers: Timers;
  isController: () => boolean;
  isTopicQueuedForDeletion: (topic: string) => boolean;
}

/** CreatePartitions: answers when every partition has a leader, or the client's time is up. */
export function createPartitionsHandler(parts: CreatePartitionsParts): Handler {
  return handler({
    request: CreatePartitionsRequest,
    response: CreatePartitionsResponse,
    versions: [0, 3],
    async handle({ topics, timeoutMs, validateOnly }) {
      const counts = new Map<string, number>();
      for (const { name } of topics) counts.set(name, (counts.get(name) ?? 0) + 1);
      const results = new Map<string, { partitions: number } | ApiError>();
      for (const topic of topics) {
        if (results.has(topic.name)) continue;
        const refused = refusal(parts, topic.name, counts.get(topic.name) ?? 1);
        results.set(topic.name, refused ?? (await grow(parts, topic, validateOnly)));
      }
      const late = validateOnly ? new Set<string>() : await awaitLeaders(parts, results, timeoutMs);
      return {
        throttleTimeMs: 0,
        results: [...results].map(([name, result]) => {
          if (late.has(name)) return { name, ...apiError(ErrorCode.REQUEST_TIMED_OUT) };
          return { name, ...(isApiError(result) ? result : noError) };
        }),
      };
    },
  });
}

function refusal(parts: CreatePartitionsParts, name: string, count: number): ApiError | null {
  if (!parts.isController()) return apiError(ErrorCode.NOT_CONTROLLER);
  if (count > 1) return apiError(ErrorCode.INVALID_REQUEST, 'Duplicate topic in request.');
  if (!parts.isTopicQueuedForDeletion(name)) return null;
  return apiError(ErrorCode.INVALID_TOPIC_EXCEPTION, 'The topic is queued for deletion.');
}

function grow(
  { admin }: CreatePartitionsParts,
  { name, count, assignments }: RequestedTopic,
  validateOnly: boolean,
): Promise<{ partitions: number } | ApiError> {
  return admin.grow(name, count, assignments?.map(({ brokerIds }) => brokerIds) ?? null, validateOnly);
}

/** Returns the topics that have no leaders when the time is up. */
async function awaitLeaders(
  parts: CreatePartitionsParts,
  results: ReadonlyMap<string, { partitions: number } | ApiError>,
  timeoutMs: number,
): Promise<Set<string>> {
  const grown = [...results].flatMap(([name, result]) =>
    isApiError(result) ? [] : [{ name, partitions: Array.from({ length: result.partitions }, (_, i) => i) }],
  );
  if (timeoutMs <= 0) return new Set(grown.map(({ name }) => name));
  const missing = (image: ClusterImage) =>
    grown.filter(({ name, partitions }) => !hasLeaders(image, name, partitions));
  await awaitMetadata(parts, timeoutMs, (image) => missing(image).length === 0);
  return new Set(missing(parts.metadata.image).map(({ name }) => name));
}
