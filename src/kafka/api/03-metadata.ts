import { ErrorCode } from '../../wire/kafka/errors.ts';
import { MetadataRequest, MetadataResponse } from '../../wire/kafka/messages/03-metadata.ts';
import type { Draft, Infer } from '../../wire/kafka/schema/index.ts';
import type { ClusterImage } from '../metadata/cluster-image.ts';
import type { MetadataCache } from '../metadata/metadata-cache.ts';
import { zeroUuid } from '../metadata/model.ts';
import { isInternalTopic, topicNameError } from '../metadata/topic-name.ts';
import { allClusterOperations, allTopicOperations, operationsNotRequested } from './authorized-operations.ts';
import { type Handler, handler, type RequestContext } from './handler.ts';
import type { AutoTopicCreation } from './topics/auto-topic-creation.ts';
import { reachableBrokers, topicMetadata, type ViewOptions } from './topics/topic-metadata.ts';

type Request = Infer<typeof MetadataRequest>;
type TopicDraft = Draft<typeof MetadataResponse>['topics'][number];

export interface MetadataHandlerParts {
  metadata: MetadataCache;
  clusterId: string;
  autoTopicCreation: Pick<AutoTopicCreation, 'create'>;
  /** `auto.create.topics.enable` as it is now. */
  autoCreateTopicsEnable: () => boolean;
}

/** Metadata: brokers, and topics by name or id, created on the way when the client and the broker want that. */
export function metadataHandler(parts: MetadataHandlerParts): Handler {
  return handler({
    request: MetadataRequest,
    response: MetadataResponse,
    versions: [0, 12],
    handle(request, context) {
      if (isMalformed(request, context.apiVersion)) return refusal(request);
      const { image } = parts.metadata;
      const { found, missing } = lookUp(image, request, context);
      if (missing.length === 0) return respond(parts, request, context, found);
      const mayCreate = request.allowAutoTopicCreation && parts.autoCreateTopicsEnable();
      if (!mayCreate) return respond(parts, request, context, [...found, ...missing.map(unknownTopic)]);
      return parts.autoTopicCreation.create(missing).then((errors) => {
        const created = [...errors].map(([name, errorCode]) => withoutPartitions(name, errorCode));
        return respond(parts, request, context, [...found, ...created]);
      });
    },
  });
}

/** Names may be null, and ids given, from version 12 on. */
function isMalformed(request: Request, apiVersion: number): boolean {
  return (
    apiVersion < 12 &&
    (request.topics ?? []).some((topic) => topic.name === null || topic.topicId !== zeroUuid)
  );
}

/** As `MetadataRequest.getErrorResponse`: names no broker. */
function refusal(request: Request): Draft<typeof MetadataResponse> {
  const topics = (request.topics ?? []).map(({ name, topicId }) => ({
    ...withoutPartitions(name ?? '', ErrorCode.INVALID_REQUEST),
    topicId,
  }));
  return { brokers: [], clusterId: null, controllerId: -1, topics };
}

function lookUp(
  image: ClusterImage,
  request: Request,
  context: RequestContext,
): { found: TopicDraft[]; missing: string[] } {
  const options: ViewOptions = {
    listenerName: context.connection.listenerName,
    errorUnavailableEndpoints: context.apiVersion === 0,
    errorUnavailableListeners: context.apiVersion >= 6,
  };
  const { topics } = request;
  if (topics === null || (context.apiVersion === 0 && topics.length === 0)) {
    return { found: [...image.topics()].map((topic) => topicMetadata(image, topic, options)), missing: [] };
  }
  const found: TopicDraft[] = [];
  const ids = new Set(topics.map((topic) => topic.topicId).filter((id) => id !== zeroUuid));
  for (const id of ids) {
    const topic = image.topicById(id);
    if (topic !== undefined) found.push(topicMetadata(image, topic, options));
    else found.push({ ...withoutPartitions(null, ErrorCode.UNKNOWN_TOPIC_ID), topicId: id });
  }
  if (ids.size > 0) return { found, missing: [] };
  const missing: string[] = [];
  for (const name of new Set(topics.map((topic) => topic.name ?? ''))) {
    const topic = image.topic(name);
    if (topic !== undefined) found.push(topicMetadata(image, topic, options));
    else missing.push(name);
  }
  return { found, missing };
}

function respond(
  { metadata, clusterId }: MetadataHandlerParts,
  request: Request,
  { apiVersion, connection }: RequestContext,
  topics: TopicDraft[],
): Draft<typeof MetadataResponse> {
  const { image } = metadata;
  const withOperations = apiVersion >= 8 && request.includeTopicAuthorizedOperations;
  return {
    brokers: reachableBrokers(image, connection.listenerName).map(({ broker, endpoint }) => ({
      nodeId: broker.id,
      host: endpoint.host,
      port: endpoint.port,
      rack: broker.rack,
    })),
    clusterId,
    controllerId: image.controllerId ?? -1,
    topics: withOperations
      ? topics.map((topic) => ({ ...topic, topicAuthorizedOperations: allTopicOperations }))
      : topics,
    clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
      ? allClusterOperations
      : operationsNotRequested,
  };
}

function unknownTopic(name: string): TopicDraft {
  const valid = topicNameError(name) === null;
  return withoutPartitions(
    name,
    valid ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.INVALID_TOPIC_EXCEPTION,
  );
}

function withoutPartitions(name: string | null, errorCode: ErrorCode): TopicDraft {
  return { errorCode, name, isInternal: name !== null && isInternalTopic(name), partitions: [] };
}
