import type { Log } from '../../../env/log.ts';
import type { Random } from '../../../env/random.ts';
import { ErrorCode } from '../../../wire/kafka/errors.ts';
import type { MetadataCache } from '../../metadata/metadata-cache.ts';
import type { ReplicaAssignment } from '../../metadata/model.ts';
import { topicNameError, topicNamesCollide } from '../../metadata/topic-name.ts';
import { randomUuid } from '../../metadata/uuid.ts';
import { ControllerMovedError } from '../../zk/guarded.ts';
import { isZooKeeperError } from '../../zk/port.ts';
import type { ZkStores } from '../../zk/stores.ts';
import { type ApiError, apiError, isApiError, noError } from '../api-error.ts';
import {
  addedPartitionsError,
  newTopicAssignmentError,
  planAssignment,
  type Replicas,
} from './topic-plan.ts';

/** A count that the client leaves to the broker (KIP-464). */
export const brokerDefault = -1;

export interface NewTopic {
  name: string;
  /** {@link brokerDefault} or the count. */
  numPartitions: number;
  replicationFactor: number;
  /** Explicit replicas by partition; empty to let the broker choose. */
  assignments: Replicas;
  configs: ReadonlyMap<string, string | null>;
}

export interface CreatedTopic {
  /** Null in protocols before topic ids (KIP-516). */
  topicId: string | null;
  replicas: Replicas;
  configs: ReadonlyMap<string, string>;
}

export interface TopicAdminParts {
  metadata: MetadataCache;
  stores: Pick<ZkStores, 'topics' | 'configs'>;
  random: Random;
  log: Log;
  /** `num.partitions` and `default.replication.factor` as they are now. */
  defaults: () => { numPartitions: number; replicationFactor: number };
  /** What is wrong with a topic's configuration; null when it is good. */
  configError: (configs: ReadonlyMap<string, string>) => string | null;
  /** Whether topics get ids (KIP-516). */
  hasTopicIds: () => boolean;
}

/**
 * Creates, deletes and grows topics by writing them down; the controller sees the znodes and does the rest
 * (`kafka.server.ZkAdminManager` and `kafka.zk.AdminZkClient`, 3.9). Errors of the protocol are return values.
 */
export class TopicAdmin {
  readonly #parts: TopicAdminParts;

  constructor(parts: TopicAdminParts) {
    this.#parts = parts;
  }

  /** Creates a topic, or only says whether it could be. */
  async create(topic: NewTopic, validateOnly: boolean): Promise<CreatedTopic | ApiError> {
    const { metadata, stores, random, log } = this.#parts;
    const { name } = topic;
    if (metadata.image.topic(name) !== undefined) return alreadyExists(name);
    const configs = this.#configs(topic);
    if (isApiError(configs)) return configs;
    const planned = this.#replicas(topic);
    if (isApiError(planned)) return planned;
    const { replicas } = planned;
    const invalid = (await this.#nameError(name)) ?? newTopicAssignmentError(replicas);
    if (invalid !== null) return invalid;
    const configError = this.#parts.configError(configs);
    if (configError !== null) return apiError(ErrorCode.INVALID_CONFIG, configError);
    const topicId = this.#parts.hasTopicIds() ? randomUuid(random) : null;
    if (validateOnly) return { topicId, replicas, configs };
    return this.#write(name, async () => {
      await stores.configs.set('topics', name, configs);
      await stores.topics.create(name, { topicId, partitions: toAssignments(replicas) });
      log.info('created a topic', { topic: name, topicId, partitions: replicas.size });
      return { topicId, replicas, configs };
    });
  }

  /** Asks for a topic's deletion. */
  async delete(name: string): Promise<ApiError> {
    const { stores } = this.#parts;
    if (!(await stores.topics.exists(name))) {
      return apiError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `Topic \`${name}\` to delete does not exist`);
    }
    try {
      await stores.topics.requestDeletion(name);
    } catch (error) {
      if (!isZooKeeperError(error, 'NODEEXISTS')) throw error;
    }
    return noError;
  }

  /** Raises the number of partitions; returns how many there are then. */
  async grow(
    name: string,
    count: number,
    assignments: readonly (readonly number[])[] | null,
    validateOnly: boolean,
  ): Promise<{ partitions: number } | ApiError> {
    const { stores, random, metadata, log } = this.#parts;
    const existing = topicNameError(name) === null ? await stores.topics.assignment(name) : null;
    if (existing === null || existing.partitions.size === 0) {
      return apiError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `The topic '${name}' does not exist.`);
    }
    const old = existing.partitions;
    if ([...old.values()].some((item) => item.addingReplicas.length + item.removingReplicas.length > 0)) {
      return apiError(
        ErrorCode.REASSIGNMENT_IN_PROGRESS,
        `A partition reassignment is in progress for the topic '${name}'.`,
      );
    }
    if (count <= old.size) {
      return apiError(
        ErrorCode.INVALID_PARTITIONS,
        count === old.size
          ? `Topic already has ${old.size} partitions.`
          : `Topic currently has ${old.size} partitions, which is higher than the requested ${count}.`,
      );
    }
    const brokers = [...metadata.image.brokers.values()];
    const like = old.get(0)?.replicas ?? [];
    const added =
      assignments === null
        ? planAssignment(
            {
              brokers,
              partitions: count - old.size,
              replicationFactor: like.length,
              startIndex: Math.max(
                0,
                brokers.findIndex((broker) => broker.id >= (like[0] ?? 0)),
              ),
              startPartition: old.size,
            },
            random,
          )
        : givenPartitions(assignments, old.size, count, like.length, new Set(brokers.map((each) => each.id)));
    if (isApiError(added)) return added;
    if (!validateOnly) {
      const partitions = new Map([...old, ...toAssignments(added.replicas)]);
      await stores.topics.setAssignment(name, { topicId: existing.topicId, partitions }, null);
      log.info('added partitions to a topic', { topic: name, partitions: partitions.size });
    }
    return { partitions: count };
  }

  #configs(topic: NewTopic): Map<string, string> | ApiError {
    const unset = [...topic.configs].filter(([, value]) => value === null).map(([key]) => key);
    if (unset.length > 0) {
      const names = unset.join(',');
      return apiError(ErrorCode.INVALID_CONFIG, `Null value not supported for topic configs: ${names}`);
    }
    return new Map([...topic.configs].map(([key, value]) => [key, value ?? '']));
  }

  #replicas(topic: NewTopic): { replicas: Replicas } | ApiError {
    const { metadata, random, defaults } = this.#parts;
    if (topic.assignments.size > 0) {
      if (topic.numPartitions !== brokerDefault || topic.replicationFactor !== brokerDefault) {
        return apiError(
          ErrorCode.INVALID_REQUEST,
          'Both numPartitions or replicationFactor and replicasAssignments were set. ' +
            'Both cannot be used at the same time.',
        );
      }
      return { replicas: topic.assignments };
    }
    const { numPartitions, replicationFactor } = defaults();
    return planAssignment(
      {
        brokers: [...metadata.image.brokers.values()],
        partitions: topic.numPartitions === brokerDefault ? numPartitions : topic.numPartitions,
        replicationFactor:
          topic.replicationFactor === brokerDefault ? replicationFactor : topic.replicationFactor,
      },
      random,
    );
  }

  async #nameError(name: string): Promise<ApiError | null> {
    const { stores } = this.#parts;
    const text = topicNameError(name);
    if (text !== null) return apiError(ErrorCode.INVALID_TOPIC_EXCEPTION, text);
    const [deletions, exists] = await Promise.all([stores.topics.deletions(), stores.topics.exists(name)]);
    if (deletions.includes(name)) {
      return apiError(ErrorCode.TOPIC_ALREADY_EXISTS, `Topic '${name}' is marked for deletion.`);
    }
    if (exists) return alreadyExists(name);
    if (!/[._]/.test(name)) return null;
    const colliding = (await stores.topics.topics()).filter((other) => topicNamesCollide(name, other));
    if (colliding.length === 0) return null;
    return apiError(
      ErrorCode.INVALID_TOPIC_EXCEPTION,
      `Topic '${name}' collides with existing topics: ${colliding.join(', ')}`,
    );
  }

  async #write(name: string, write: () => Promise<CreatedTopic>): Promise<CreatedTopic | ApiError> {
    try {
      return await write();
    } catch (error) {
      if (isZooKeeperError(error, 'NODEEXISTS')) return alreadyExists(name);
      if (error instanceof ControllerMovedError) return apiError(ErrorCode.NOT_CONTROLLER, error.message);
      throw error;
    }
  }
}

function alreadyExists(name: string): ApiError {
  return apiError(ErrorCode.TOPIC_ALREADY_EXISTS, `Topic '${name}' already exists.`);
}

function toAssignments(replicas: Replicas): Map<number, ReplicaAssignment> {
  return new Map(
    [...replicas].map(([partition, list]) => [
      partition,
      { replicas: list, addingReplicas: [], removingReplicas: [] },
    ]),
  );
}

function givenPartitions(
  assignments: readonly (readonly number[])[],
  first: number,
  count: number,
  replicationFactor: number,
  brokerIds: ReadonlySet<number>,
): { replicas: Replicas } | ApiError {
  const unknown = new Set(assignments.flat().filter((id) => !brokerIds.has(id)));
  if (unknown.size > 0) {
    return apiError(
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      `Unknown broker(s) in replica assignment: ${[...unknown].join(', ')}.`,
    );
  }
  if (assignments.length !== count - first) {
    return apiError(
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      `Increasing the number of partitions by ${count - first} but ${assignments.length} assignments provided.`,
    );
  }
  const replicas = new Map(assignments.map((list, index) => [first + index, list]));
  return addedPartitionsError(replicas, replicationFactor, brokerIds) ?? { replicas };
}
