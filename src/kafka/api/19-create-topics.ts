import { assert } from '../../base/assert.ts';
import type { Timers } from '../../env/timers.ts';
import { ErrorCode } from '../../wire/kafka/errors.ts';
import { CreateTopicsRequest, CreateTopicsResponse } from '../../wire/kafka/messages/19-create-topics.ts';
import type { Draft, Infer } from '../../wire/kafka/schema/index.ts';
import type { MetadataCache } from '../metadata/metadata-cache.ts';
import { type ApiError, apiError, isApiError, noError } from './api-error.ts';
import { type Handler, handler } from './handler.ts';
import { awaitMetadata } from './topics/await-metadata.ts';
import { hasLeaders } from './topics/has-leaders.ts';
import type { CreatedTopic, NewTopic, TopicAdmin } from './topics/topic-admin.ts';

type RequestedTopic = Infer<typeof CreateTopicsRequest>['topics'][number];
type TopicResult = Draft<typeof CreateTopicsResponse>['topics'][number];
type ConfigEntry = NonNullable<TopicResult['configs']>[number];

export interface CreateTopicsParts {
  admin: Pick<TopicAdmin, 'create'>;
  metadata: MetadataCache;
  timers: Timers;
  isController: () => boolean;
  /** All configurations of a topic with these overrides, as DescribeConfigs would list them (KIP-525). */
  describeConfigs: (overrides: ReadonlyMap<string, string>) => ConfigEntry[];
}

const clusterMetadataTopic = '__cluster_metadata';

/** CreateTopics: answers when every new partition has a leader, or the client's time is up. */
export function createTopicsHandler(parts: CreateTopicsParts): Handler {
  return handler({
    request: CreateTopicsRequest,
    response: CreateTopicsResponse,
    versions: [0, 7],
    async handle(request, { apiVersion }) {
      const { topics, timeoutMs } = request;
      const validateOnly = apiVersion >= 1 && request.validateOnly;
      if (!parts.isController()) {
        return {
          topics: topics.map(({ name }) => ({ name, errorCode: ErrorCode.NOT_CONTROLLER, configs: [] })),
        };
      }
      const counts = new Map<string, number>();
      for (const { name } of topics) counts.set(name, (counts.get(name) ?? 0) + 1);
      const results = new Map<string, CreatedTopic | ApiError>();
      for (const topic of topics) {
        if (results.has(topic.name)) continue;
        const refused = refusal(topic.name, counts.get(topic.name) ?? 1);
        results.set(topic.name, refused ?? (await parts.admin.create(toNewTopic(topic), validateOnly)));
      }
      const late = validateOnly ? new Set<string>() : await awaitLeaders(parts, results, timeoutMs);
      return {
        // A topic that is named twice is answered twice.
        topics: topics.map(({ name }) =>
          toResult(parts, name, { result: results.get(name), isLate: late.has(name), validateOnly }),
        ),
      };
    },
  });
}

function refusal(name: string, count: number): ApiError | null {
  if (name === clusterMetadataTopic) {
    return apiError(ErrorCode.INVALID_REQUEST, `Creation of internal topic ${name} is prohibited.`);
  }
  return count > 1 ? apiError(ErrorCode.INVALID_REQUEST, 'Found multiple entries for this topic.') : null;
}

function toNewTopic(topic: RequestedTopic): NewTopic {
  return {
    name: topic.name,
    numPartitions: topic.numPartitions,
    replicationFactor: topic.replicationFactor,
    assignments: new Map(topic.assignments.map((item) => [item.partitionIndex, item.brokerIds])),
    configs: new Map(topic.configs.map(({ name, value }) => [name, value])),
  };
}

/** Returns the created topics that have no leaders when the time is up. */
async function awaitLeaders(
  parts: CreateTopicsParts,
  results: ReadonlyMap<string, CreatedTopic | ApiError>,
  timeoutMs: number,
): Promise<Set<string>> {
  const created = [...results].flatMap(([name, result]) =>
    isApiError(result) ? [] : [{ name, partitions: [...result.replicas.keys()] }],
  );
  if (timeoutMs <= 0) return new Set(created.map(({ name }) => name));
  await awaitMetadata(parts, timeoutMs, (image) =>
    created.every(({ name, partitions }) => hasLeaders(image, name, partitions)),
  );
  const { image } = parts.metadata;
  return new Set(
    created.filter(({ name, partitions }) => !hasLeaders(image, name, partitions)).map(({ name }) => name),
  );
}

function toResult(
  parts: CreateTopicsParts,
  name: string,
  {
    result,
    isLate,
    validateOnly,
  }: { result: CreatedTopic | ApiError | undefined; isLate: boolean; validateOnly: boolean },
): TopicResult {
  assert(result !== undefined, `nothing became of topic ${name}`);
  if (isApiError(result)) return { name, ...result, configs: [] };
  const topicId = validateOnly || result.topicId === null ? {} : { topicId: result.topicId };
  if (isLate) return { name, ...topicId, ...apiError(ErrorCode.REQUEST_TIMED_OUT), configs: [] };
  return {
    name,
    ...topicId,
    ...noError,
    numPartitions: result.replicas.size,
    replicationFactor: result.replicas.get(0)?.length ?? -1,
    configs: parts.describeConfigs(result.configs),
  };
}
