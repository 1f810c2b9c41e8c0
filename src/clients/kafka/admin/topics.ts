import { ErrorCode } from '../../../wire/kafka/errors.ts';
import { MetadataRequest, MetadataResponse } from '../../../wire/kafka/messages/03-metadata.ts';
import { CreateTopicsRequest, CreateTopicsResponse } from '../../../wire/kafka/messages/19-create-topics.ts';
import { DeleteTopicsRequest, DeleteTopicsResponse } from '../../../wire/kafka/messages/20-delete-topics.ts';
import {
  DeleteRecordsRequest,
  DeleteRecordsResponse,
} from '../../../wire/kafka/messages/21-delete-records.ts';
import {
  CreatePartitionsRequest,
  CreatePartitionsResponse,
} from '../../../wire/kafka/messages/37-create-partitions.ts';
import { type Infer, ZERO_UUID } from '../../../wire/kafka/schema/index.ts';
import type { TopicPartition } from '../cluster/cluster-metadata.ts';
import { topicInfo } from '../cluster/metadata-after.ts';
import { throwIfError } from '../kafka-error.ts';
import { type AdminCall, byTopic, keyed, type Outcomes, outcomeOf } from './admin-call.ts';
import type { CallOptions } from './call-options.ts';
import { type ConfigEntry, configEntry } from './config-entry.ts';
import { type ItemResults, partitionKey } from './item-results.ts';
import { authorizedOperations } from './operations.ts';
import type { TopicDescription } from './topic-description.ts';

/** Brokers limit how fast topics are created and deleted (`controller_mutation_rate`): whether to wait for them. */
export interface MutationOptions extends CallOptions {
  /** Default true. */
  readonly retryOnQuotaViolation?: boolean;
}

export interface NewTopic {
  readonly name: string;
  /** Default: the brokers' `num.partitions`. */
  readonly partitions?: number;
  /** Default: the brokers' `default.replication.factor`. */
  readonly replicationFactor?: number;
  /** The brokers of each partition, preferred leader first, in place of the two counts. */
  readonly assignments?: readonly (readonly number[])[];
  readonly configs?: Readonly<Record<string, string | null>>;
}

export interface CreateTopicsOptions extends MutationOptions {
  /** Checks whether the topics could be created, and creates none. */
  readonly validateOnly?: boolean;
}

/** A topic that was created; what an old broker does not tell, or the asker may not know, is undefined. */
export interface CreatedTopic {
  readonly name: string;
  readonly topicId: string | undefined;
  readonly partitions: number | undefined;
  readonly replicationFactor: number | undefined;
  readonly configs: readonly ConfigEntry[] | undefined;
}

/** Topics by their names, or by their ids. */
export type TopicSelection = readonly string[] | { readonly topicIds: readonly string[] };

export interface NewPartitions {
  readonly topic: string;
  /** How many there shall be, those that there are included. */
  readonly totalCount: number;
  /** The brokers of each new partition, preferred leader first. */
  readonly assignments?: readonly (readonly number[])[];
}

export interface CreatePartitionsOptions extends MutationOptions {
  readonly validateOnly?: boolean;
}

export interface RecordsToDelete extends TopicPartition {
  /** The first offset that stays; -1 for the high watermark, which deletes all that can be read. */
  readonly beforeOffset: number;
}

export interface DeletedRecords extends TopicPartition {
  /** The offset at which the partition begins now. */
  readonly lowWatermark: number;
}

export interface ListTopicsOptions extends CallOptions {
  /** Whether the topics of the brokers' own, such as `__consumer_offsets`, are listed too. Default false. */
  readonly includeInternal?: boolean;
}

const configList = (configs: Readonly<Record<string, string | null>> = {}) =>
  Object.entries(configs).map(([name, value]) => ({ name, value }));

/** @internal */
export function createTopics(
  call: AdminCall,
  topics: readonly NewTopic[],
  options: CreateTopicsOptions,
): ItemResults<string, CreatedTopic> {
  const items = keyed(topics, ({ name }) => name);
  return call.toController(
    items,
    async (target, open) => {
      const { response, version } = await call.ask(
        target,
        { request: CreateTopicsRequest, response: CreateTopicsResponse },
        (version) => ({
          topics: [...open.values()].map((topic) => ({
            name: topic.name,
            ...countsOf(topic, version),
            assignments: (topic.assignments ?? []).map((brokerIds, partitionIndex) => ({
              partitionIndex,
              brokerIds: [...brokerIds],
            })),
            configs: configList(topic.configs),
          })),
          timeoutMs: call.brokerTimeoutMs,
          ...(options.validateOnly === true ? { validateOnly: true } : {}),
        }),
      );
      return new Map(
        response.topics.map((topic) => [
          topic.name,
          outcomeOf(topic.errorCode, `topic ${topic.name}`, topic.errorMessage, () =>
            createdTopic(topic, version),
          ),
        ]),
      );
    },
    options,
  );
}

function countsOf({ assignments, partitions, replicationFactor }: NewTopic, version: number) {
  // Before version 4 there is no way to say "the broker's default" (KIP-464); 1 is what Java's client takes then.
  const unsaid = version >= 4 || assignments !== undefined ? -1 : 1;
  return { numPartitions: partitions ?? unsaid, replicationFactor: replicationFactor ?? unsaid };
}

function createdTopic(
  topic: Infer<typeof CreateTopicsResponse>['topics'][number],
  version: number,
): CreatedTopic {
  const isTold = version >= 5 && topic.topicConfigErrorCode === ErrorCode.NONE;
  return {
    name: topic.name,
    topicId: topic.topicId === ZERO_UUID ? undefined : topic.topicId,
    partitions: isTold ? topic.numPartitions : undefined,
    replicationFactor: isTold ? topic.replicationFactor : undefined,
    configs: isTold
      ? topic.configs?.map((config) => configEntry({ ...config, isDefault: false }))
      : undefined,
  };
}

/** @internal */
export function deleteTopics(
  call: AdminCall,
  topics: TopicSelection,
  options: MutationOptions,
): ItemResults<string, undefined> {
  const byId = 'topicIds' in topics;
  const items = keyed(byId ? topics.topicIds : topics, (key) => key);
  return call.toController(
    items,
    async (target, open) => {
      const names = [...open.keys()];
      const response = await call.request(
        target,
        { request: DeleteTopicsRequest, response: DeleteTopicsResponse },
        (version) => {
          const { brokerTimeoutMs: timeoutMs } = call;
          if (version < 6) return { topicNames: names, timeoutMs };
          const selected = names.map((key) =>
            byId ? { name: null, topicId: key } : { name: key, topicId: ZERO_UUID },
          );
          return { topics: selected, timeoutMs };
        },
        { min: byId ? 6 : 0 },
      );
      return new Map(
        response.responses.map(({ name, topicId, errorCode, errorMessage }) => {
          const key = byId ? topicId : (name ?? '');
          return [key, outcomeOf(errorCode, `topic ${name ?? topicId}`, errorMessage, () => undefined)];
        }),
      );
    },
    options,
  );
}

/** @internal */
export function createPartitions(
  call: AdminCall,
  topics: readonly NewPartitions[],
  options: CreatePartitionsOptions,
): ItemResults<string, undefined> {
  const items = keyed(topics, ({ topic }) => topic);
  return call.toController(
    items,
    async (target, open) => {
      const { results } = await call.request(
        target,
        { request: CreatePartitionsRequest, response: CreatePartitionsResponse },
        {
          topics: [...open.values()].map(({ topic, totalCount, assignments }) => ({
            name: topic,
            count: totalCount,
            assignments: assignments?.map((brokerIds) => ({ brokerIds: [...brokerIds] })) ?? null,
          })),
          timeoutMs: call.brokerTimeoutMs,
          validateOnly: options.validateOnly ?? false,
        },
      );
      return new Map(
        results.map(({ name, errorCode, errorMessage }) => [
          name,
          outcomeOf(errorCode, `topic ${name}`, errorMessage, () => undefined),
        ]),
      );
    },
    options,
  );
}

/** @internal */
export function deleteRecords(
  call: AdminCall,
  partitions: readonly RecordsToDelete[],
): ItemResults<string, DeletedRecords> {
  return call.toLeaders(partitions, async (target, open) => {
    const { topics } = await call.request(
      target,
      { request: DeleteRecordsRequest, response: DeleteRecordsResponse },
      {
        topics: byTopic(open.values()).map(([name, group]) => ({
          name,
          partitions: group.map(({ partition, beforeOffset }) => ({
            partitionIndex: partition,
            offset: beforeOffset,
          })),
        })),
        timeoutMs: call.brokerTimeoutMs,
      },
    );
    return new Map(
      topics.flatMap(({ name: topic, partitions }) =>
        partitions.map(({ partitionIndex: partition, errorCode, lowWatermark }) => {
          const key = partitionKey({ topic, partition });
          const value = () => ({ topic, partition, lowWatermark });
          return [key, outcomeOf(errorCode, `partition ${key}`, null, value)] as const;
        }),
      ),
    );
  });
}

/** @internal */
export function listTopics(
  call: AdminCall,
  { includeInternal = false }: ListTopicsOptions,
): Promise<ReadonlyMap<string, TopicDescription>> {
  return call.whole(async () => {
    const response = await call.request(
      'any',
      { request: MetadataRequest, response: MetadataResponse },
      (version) => (version === 0 ? { topics: [] } : { topics: null }),
    );
    throwIfError(response.errorCode, 'metadata of the cluster');
    const listed = response.topics
      .filter(({ isInternal }) => includeInternal || !isInternal)
      .map((topic) => describedTopic(topic, topic.name ?? ''));
    return new Map(listed.map((topic) => [topic.name, topic]));
  });
}

/** @internal The topics of a request for metadata, by what `keyOf` names them by. */
export async function topicsOfMetadata(
  call: AdminCall,
  asked: readonly { readonly name: string | null; readonly topicId?: string }[],
  includeAuthorizedOperations: boolean,
): Promise<Outcomes<string, TopicDescription>> {
  const byId = asked.some(({ name }) => name === null);
  const response = await call.request(
    'any',
    { request: MetadataRequest, response: MetadataResponse },
    (version) => ({
      topics: [...asked],
      ...(version >= 4 ? { allowAutoTopicCreation: false } : {}),
      ...(includeAuthorizedOperations ? { includeTopicAuthorizedOperations: true } : {}),
    }),
    { min: byId ? 12 : 0 },
  );
  throwIfError(response.errorCode, 'metadata of the cluster');
  return new Map(
    response.topics.map((topic) => {
      const key = byId ? topic.topicId : (topic.name ?? '');
      const value = () => describedTopic(topic, topic.name ?? '');
      return [key, outcomeOf(topic.errorCode, `topic ${topic.name ?? topic.topicId}`, null, value)];
    }),
  );
}

function describedTopic(
  topic: Infer<typeof MetadataResponse>['topics'][number],
  name: string,
): TopicDescription {
  const info = topicInfo(topic, name, undefined);
  return { ...info, authorizedOperations: authorizedOperations(info.authorizedOperations) };
}
