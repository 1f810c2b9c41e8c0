import type { Timers } from '../../env/timers.ts';
import { ErrorCode } from '../../wire/kafka/errors.ts';
import { DeleteTopicsRequest, DeleteTopicsResponse } from '../../wire/kafka/messages/20-delete-topics.ts';
import type { Draft, Infer } from '../../wire/kafka/schema/index.ts';
import type { MetadataCache } from '../metadata/metadata-cache.ts';
import { zeroUuid } from '../metadata/model.ts';
import { type ApiError, apiError } from './api-error.ts';
import { type Handler, handler } from './handler.ts';
import { awaitMetadata } from './topics/await-metadata.ts';
import type { TopicAdmin } from './topics/topic-admin.ts';

type TopicResult = Draft<typeof DeleteTopicsResponse>['responses'][number];

export interface DeleteTopicsParts {
  admin: Pick<TopicAdmin, 'delete'>;
  metadata: MetadataCache;
  timers: Timers;
  isController: () => boolean;
  /** `delete.topic.enable`. */
  deleteTopicEnable: boolean;
}

/** DeleteTopics, by name or id: answers when no broker shows the topics any more, or the client's time is up. */
export function deleteTopicsHandler(parts: DeleteTopicsParts): Handler {
  return handler({
    request: DeleteTopicsRequest,
    response: DeleteTopicsResponse,
    versions: [0, 6],
    async handle(request, { apiVersion }) {
      const wanted = requested(request, apiVersion);
      const refused = refusal(parts, apiVersion);
      if (refused !== null) return { responses: wanted.map((topic) => ({ ...topic, ...refused })) };
      const resolved = wanted.map((topic) => resolve(parts, topic));
      const errors = await deleteAll(parts, resolved, request.timeoutMs);
      return {
        responses: resolved.map((result) => ({
          ...result,
          ...(result.errorCode === ErrorCode.NONE ? errors.get(result.name ?? '') : {}),
        })),
      };
    },
  });
}

function requested(
  request: Infer<typeof DeleteTopicsRequest>,
  apiVersion: number,
): { name: string | null; topicId: string }[] {
  return apiVersion >= 6 ? request.topics : request.topicNames.map((name) => ({ name, topicId: zeroUuid }));
}

function refusal(parts: DeleteTopicsParts, apiVersion: number): ApiError | null {
  if (!parts.isController()) return apiError(ErrorCode.NOT_CONTROLLER);
  if (parts.deleteTopicEnable) return null;
  return apiError(apiVersion < 3 ? ErrorCode.INVALID_REQUEST : ErrorCode.TOPIC_DELETION_DISABLED);
}

function resolve(
  { metadata }: DeleteTopicsParts,
  { name, topicId }: { name: string | null; topicId: string },
): TopicResult {
  const { image } = metadata;
  if (topicId !== zeroUuid && name !== null) return { name, topicId, ...apiError(ErrorCode.INVALID_REQUEST) };
  // `KafkaApis.handleDeleteTopicsRequest` takes a topic without a name for one that the client may not see.
  if (topicId === zeroUuid && name === null) {
    return { name, topicId, ...apiError(ErrorCode.TOPIC_AUTHORIZATION_FAILED) };
  }
  if (topicId !== zeroUuid) {
    const topic = image.topicById(topicId);
    if (topic === undefined) return { name: null, topicId, ...apiError(ErrorCode.UNKNOWN_TOPIC_ID) };
    return { name: topic.name, topicId, ...apiError(ErrorCode.NONE) };
  }
  const known = image.topic(name ?? '') !== undefined;
  return { name, topicId, ...apiError(known ? ErrorCode.NONE : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) };
}

/** What became of the topics that could be resolved, by name. */
async function deleteAll(
  parts: DeleteTopicsParts,
  resolved: readonly TopicResult[],
  timeoutMs: number,
): Promise<Map<string, ApiError>> {
  const errors = new Map<string, ApiError>();
  for (const { name, errorCode } of resolved) {
    if (errorCode !== ErrorCode.NONE || typeof name !== 'string' || errors.has(name)) continue;
    errors.set(name, await parts.admin.delete(name));
  }
  const requestedNames = [...errors].filter(([, { errorCode }]) => errorCode === ErrorCode.NONE);
  const remaining = () => requestedNames.filter(([name]) => parts.metadata.image.topic(name) !== undefined);
  if (timeoutMs > 0) await awaitMetadata(parts, timeoutMs, () => remaining().length === 0);
  const late = timeoutMs > 0 ? remaining() : requestedNames;
  for (const [name] of late) errors.set(name, apiError(ErrorCode.REQUEST_TIMED_OUT));
  return errors;
}
