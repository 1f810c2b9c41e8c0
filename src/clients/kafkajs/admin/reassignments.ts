import { ErrorCode } from '../../../wire/kafka/errors.ts';
import {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse,
} from '../../../wire/kafka/messages/45-alter-partition-reassignments.ts';
import {
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse,
} from '../../../wire/kafka/messages/46-list-partition-reassignments.ts';
import { protocolError, throwIfCode } from '../error-types.ts';
import { KafkaJSAggregateError, KafkaJSAlterPartitionReassignmentsError } from '../errors.ts';
import type { Admin, ListPartitionReassignmentsResponse as Listed } from '../types/admin.ts';
import { type AdminCalls, check, checkTopicEntries } from './admin-calls.ts';

const DEFAULT_TIMEOUT_MS = 5000;

const isNumber = (value: unknown): boolean => typeof value === 'number' && value >= 0;

/** Moves partitions to other replicas. */
export async function alterPartitionReassignments(
  calls: AdminCalls,
  { topics, timeout }: Parameters<Admin['alterPartitionReassignments']>[0],
): Promise<void> {
  checkTopicEntries(topics, 'topics');
  for (const { topic, partitionAssignment } of topics) {
    check(
      Array.isArray(partitionAssignment),
      `Invalid partitions array: ${partitionAssignment} for topic: ${topic}`,
    );
    for (const { partition, replicas } of partitionAssignment) {
      check(isNumber(partition), `Invalid partitions index: ${partition} for topic: ${topic}`);
      const which = `Invalid replica assignment: ${replicas} for topic: ${topic} on partition: ${partition}`;
      check(Array.isArray(replicas), which);
      check(replicas.every(isNumber), `${which}. Replicas must be a non negative number`);
    }
  }
  await calls.atController('reassign partitions', async () => {
    const answer = await calls.cluster.request(
      'controller',
      { request: AlterPartitionReassignmentsRequest, response: AlterPartitionReassignmentsResponse },
      {
        timeoutMs: timeout ?? DEFAULT_TIMEOUT_MS,
        topics: topics.map(({ topic, partitionAssignment }) => ({
          name: topic,
          partitions: partitionAssignment.map(({ partition, replicas }) => ({
            partitionIndex: partition,
            replicas,
          })),
        })),
      },
      { versions: { min: 0, max: 0 } },
    );
    throwIfCode(answer.errorCode);
    const errors = answer.responses.flatMap(({ name, partitions }) =>
      partitions
        .filter(({ errorCode }) => errorCode !== ErrorCode.NONE)
        .map(
          ({ partitionIndex, errorCode }) =>
            new KafkaJSAlterPartitionReassignmentsError(protocolError(errorCode), name, partitionIndex),
        ),
    );
    if (errors.length > 0) throw new KafkaJSAggregateError('Errors altering partition reassignments', errors);
  });
}

/** The moves that are under way: of these topics, or of all. */
export async function listPartitionReassignments(
  calls: AdminCalls,
  { topics, timeout }: Parameters<Admin['listPartitionReassignments']>[0],
): Promise<Listed> {
  if (topics !== undefined && topics !== null) {
    checkTopicEntries(topics, 'topics');
    for (const { topic, partitions } of topics) {
      const which = `Invalid partition array: ${partitions} for topic: ${topic}`;
      check(Array.isArray(partitions), which);
      check(
        partitions.every(isNumber),
        `${which}. The partition indices have to be a valid number greater than 0.`,
      );
    }
  }
  return calls.atController('list reassignments', async () => {
    const answer = await calls.cluster.request(
      'controller',
      { request: ListPartitionReassignmentsRequest, response: ListPartitionReassignmentsResponse },
      {
        timeoutMs: timeout ?? DEFAULT_TIMEOUT_MS,
        topics:
          topics?.map(({ topic, partitions }) => ({ name: topic, partitionIndexes: partitions })) ?? null,
      },
    );
    throwIfCode(answer.errorCode);
    return {
      topics: answer.topics.map(({ name, partitions }) => ({
        topic: name,
        partitions: partitions.map(({ partitionIndex, replicas, addingReplicas, removingReplicas }) => ({
          partitionIndex,
          partition: partitionIndex,
          replicas,
          addingReplicas,
          removingReplicas,
        })),
      })),
    };
  });
}
