import { ErrorCode } from '../../../wire/kafka/errors.ts';
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
import { pause } from '../../kafka/cluster/pause.ts';
import { hasType } from '../error-kinds.ts';
import { protocolError } from '../error-types.ts';
import {
  KafkaJSAggregateError,
  KafkaJSBrokerNotFound,
  KafkaJSCreateTopicError,
  KafkaJSDeleteTopicRecordsError,
  type KafkaJSDeleteTopicRecordsErrorPartition,
  KafkaJSTimeout,
} from '../errors.ts';
import { Bail } from '../retrier.ts';
import type { Admin, ITopicConfig, SeekEntry } from '../types/admin.ts';
import { type AdminCalls, check, checkTopicEntries } from './admin-calls.ts';

const DEFAULT_TIMEOUT_MS = 5000;
const LEADER_POLL_MS = 100;
const CREATE_VERSIONS = { min: 2, max: 6 };
const DELETE_VERSIONS = { min: 1, max: 5 };

type Options<Method extends keyof Admin> = Admin[Method] extends (options: infer O) => unknown ? O : never;

/** False when all of the topics exist already. */
export async function createTopics(calls: AdminCalls, options: Options<'createTopics'>): Promise<boolean> {
  const { topics, validateOnly = false, timeout, waitForLeaders = true } = options;
  checkTopicEntries(topics, 'topics');
  for (const { topic, configEntries } of topics) checkConfigEntries(topic, configEntries);
  return calls.atController('create topics', async () => {
    try {
      await askToCreate(calls, topics, validateOnly, timeout ?? DEFAULT_TIMEOUT_MS);
    } catch (error) {
      if (!(error instanceof KafkaJSAggregateError)) throw error;
      if (error.errors.every((each) => hasType(each, 'TOPIC_ALREADY_EXISTS'))) return false;
      throw new Bail(error);
    }
    if (waitForLeaders && !validateOnly) await untilLed(calls, topics, timeout);
    return true;
  });
}

async function askToCreate(
  calls: AdminCalls,
  topics: readonly ITopicConfig[],
  validateOnly: boolean,
  timeoutMs: number,
): Promise<void> {
  const answer = await calls.cluster.request(
    'controller',
    { request: CreateTopicsRequest, response: CreateTopicsResponse },
    {
      topics: topics.map((topic) => ({
        name: topic.topic,
        numPartitions: topic.numPartitions ?? -1,
        replicationFactor: topic.replicationFactor ?? -1,
        assignments: (topic.replicaAssignment ?? []).map(({ partition, replicas }) => ({
          partitionIndex: partition,
          brokerIds: replicas,
        })),
        configs: topic.configEntries ?? [],
      })),
      timeoutMs,
      validateOnly,
    },
    { versions: CREATE_VERSIONS },
  );
  const failed = answer.topics
    .filter(({ errorCode }) => errorCode !== ErrorCode.NONE)
    .sort((a, b) => a.name.localeCompare(b.name));
  if (failed.some(({ errorCode }) => errorCode === ErrorCode.NOT_CONTROLLER)) {
    throw protocolError(ErrorCode.NOT_CONTROLLER);
  }
  if (failed.length === 0) return;
  throw new KafkaJSAggregateError(
    'Topic creation errors',
    failed.map(({ name, errorCode }) => new KafkaJSCreateTopicError(protocolError(errorCode), name)),
  );
}

async function untilLed(calls: AdminCalls, topics: readonly ITopicConfig[], timeout?: number): Promise<void> {
  const { cluster } = calls;
  const { clock, timers } = cluster.env;
  const endMs = clock.monotonicMs() + (timeout ?? 10_000);
  for (;;) {
    try {
      await cluster.askTopics(topics.map(({ topic }) => topic));
      return;
    } catch (error) {
      if (!hasType(error, 'LEADER_NOT_AVAILABLE', 'UNKNOWN_TOPIC_OR_PARTITION')) throw error;
    }
    if (clock.monotonicMs() >= endMs) throw new KafkaJSTimeout('Timed out while waiting for topic leaders');
    await pause(timers, LEADER_POLL_MS);
  }
}

function checkConfigEntries(topic: string, entries: unknown): void {
  if (entries === undefined || entries === null) return;
  check(Array.isArray(entries), `Invalid configEntries for topic "${topic}", must be an array`);
  for (const [index, entry] of (entries as unknown[]).entries()) {
    const where = `Invalid configEntries for topic "${topic}". Entry ${index} must`;
    check(typeof entry === 'object' && entry !== null, `${where} be an object`);
    for (const name of ['name', 'value']) {
      const value = (entry as Record<string, unknown>)[name];
      check(typeof value === 'string', `${where} have a valid "${name}" property`);
    }
  }
}

export async function deleteTopics(
  calls: AdminCalls,
  { topics, timeout }: Options<'deleteTopics'>,
): Promise<void> {
  check(Array.isArray(topics), `Invalid topics array ${topics}`);
  check(
    topics.every((topic) => typeof topic === 'string'),
    'Invalid topics array, the names must be a valid string',
  );
  const attempt = async (): Promise<void> => {
    const { responses } = await calls.cluster.request(
      'controller',
      { request: DeleteTopicsRequest, response: DeleteTopicsResponse },
      { topicNames: topics, timeoutMs: timeout ?? DEFAULT_TIMEOUT_MS },
      { versions: DELETE_VERSIONS },
    );
    const failed = responses.find(({ errorCode }) => errorCode !== ErrorCode.NONE);
    if (failed !== undefined) throw protocolError(failed.errorCode);
    for (const topic of topics) calls.cluster.targetTopics.delete(topic);
    await calls.cluster.refreshMetadata();
  };
  await calls.atController('delete topics', attempt, ['UNKNOWN_TOPIC_OR_PARTITION']);
}

export async function createPartitions(
  calls: AdminCalls,
  { topicPartitions, validateOnly = false, timeout }: Options<'createPartitions'>,
): Promise<boolean> {
  checkTopicEntries(topicPartitions, 'topic partitions');
  check(topicPartitions.length > 0, 'Empty topic partitions array');
  return calls.atController('create partitions', async () => {
    const { results } = await calls.cluster.request(
      'controller',
      { request: CreatePartitionsRequest, response: CreatePartitionsResponse },
      {
        topics: topicPartitions.map(({ topic, count, assignments }) => ({
          name: topic,
          count,
          assignments: assignments?.map((brokerIds) => ({ brokerIds })) ?? null,
        })),
        timeoutMs: timeout ?? DEFAULT_TIMEOUT_MS,
        validateOnly,
      },
    );
    const failed = results.find(({ errorCode }) => errorCode !== ErrorCode.NONE);
    if (failed !== undefined) throw protocolError(failed.errorCode);
    return true;
  });
}

/** Deletes what is below these offsets; -1 for everything. */
export async function deleteTopicRecords(
  calls: AdminCalls,
  { topic, partitions }: { topic: string; partitions: SeekEntry[] },
): Promise<void> {
  check(typeof topic === 'string' && topic !== '', `Invalid topic "${topic}"`);
  check(Array.isArray(partitions) && partitions.length > 0, 'Invalid partitions');
  const known = await calls.partitionsOf(topic);
  const unknown = partitions.filter(({ partition }) => !known.includes(partition));
  if (unknown.length > 0) {
    const text = 'Could not find the leader for the partition';
    throw new KafkaJSDeleteTopicRecordsError({
      partitions: unknown.map((entry) => ({
        ...entry,
        error: new KafkaJSBrokerNotFound(text, { retriable: false }),
      })),
    });
  }
  let left = partitions;
  await calls.retrier(async () => {
    const errors = await askToDeleteRecords(calls, topic, left);
    left = left.filter(({ partition }) => errors.some((error) => error.partition === partition));
    if (errors.length === 0) return;
    const failure = new KafkaJSDeleteTopicRecordsError({ topic, partitions: errors });
    if (failure.retriable) await calls.cluster.refreshMetadata();
    throw failure;
  });
}

async function askToDeleteRecords(
  calls: AdminCalls,
  topic: string,
  partitions: readonly SeekEntry[],
): Promise<KafkaJSDeleteTopicRecordsErrorPartition[]> {
  const byLeader = calls.cluster.findLeaderForPartitions(
    topic,
    partitions.map(({ partition }) => partition),
  );
  const errors = await Promise.all(
    Object.entries(byLeader).map(async ([leader, led]) => {
      const wanted = partitions.filter(({ partition }) => led.includes(partition));
      const { topics } = await calls.cluster.request(
        Number(leader),
        { request: DeleteRecordsRequest, response: DeleteRecordsResponse },
        {
          topics: [
            {
              name: topic,
              partitions: wanted.map(({ partition, offset }) => ({
                partitionIndex: partition,
                offset: Number(offset),
              })),
            },
          ],
          timeoutMs: DEFAULT_TIMEOUT_MS,
        },
      );
      const failed = topics
        .flatMap((each) => each.partitions)
        .filter(({ errorCode }) => errorCode !== ErrorCode.NONE);
      return failed.map(({ partitionIndex, errorCode }) => ({
        partition: partitionIndex,
        offset: wanted.find(({ partition }) => partition === partitionIndex)?.offset ?? '',
        error: protocolError(errorCode),
      }));
    }),
  );
  return errors.flat();
}
