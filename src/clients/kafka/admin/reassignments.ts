import { ElectLeadersRequest, ElectLeadersResponse } from '../../../wire/kafka/messages/43-elect-leaders.ts';
import {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse,
} from '../../../wire/kafka/messages/45-alter-partition-reassignments.ts';
import {
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse,
} from '../../../wire/kafka/messages/46-list-partition-reassignments.ts';
import type { TopicPartition } from '../cluster/cluster-metadata.ts';
import { throwIfError } from '../kafka-error.ts';
import { type AdminCall, byTopic, keyed, outcomeOf } from './admin-call.ts';
import type { CallOptions } from './call-options.ts';
import { type ItemResults, itemResults, partitionKey } from './item-results.ts';

/** PREFERRED: the first replica in sync of the assignment. UNCLEAN: any that lives, if none in sync does; loses records. */
export type ElectionType = 'PREFERRED' | 'UNCLEAN';

export interface ElectLeadersOptions extends CallOptions {
  /** Default: all that there are; those that need no election are not told then. */
  readonly partitions?: readonly TopicPartition[];
}

export interface Reassignment extends TopicPartition {
  /** The brokers that shall have the partition, preferred leader first; null gives up a reassignment under way. */
  readonly replicas: readonly number[] | null;
}

export interface AlterReassignmentsOptions extends CallOptions {
  /** Whether the number of replicas may change (from 4.1 on). Default true. */
  readonly allowReplicationFactorChange?: boolean;
}

export interface ListReassignmentsOptions extends CallOptions {
  /** Default: all. */
  readonly partitions?: readonly TopicPartition[];
}

/** A reassignment under way. */
export interface OngoingReassignment extends TopicPartition {
  /** All that have the partition at the moment. */
  readonly replicas: readonly number[];
  readonly addingReplicas: readonly number[];
  readonly removingReplicas: readonly number[];
}

/** @internal */
export function electLeaders(
  call: AdminCall,
  type: ElectionType,
  { partitions }: ElectLeadersOptions,
): ItemResults<string, undefined> {
  const ask = async () => {
    const response = await call.request(
      'controller',
      { request: ElectLeadersRequest, response: ElectLeadersResponse },
      {
        ...(type === 'UNCLEAN' ? { electionType: 1 } : {}),
        topicPartitions:
          partitions === undefined
            ? null
            : byTopic(partitions).map(([topic, group]) => ({
                topic,
                partitions: group.map(({ partition }) => partition),
              })),
        timeoutMs: call.brokerTimeoutMs,
      },
    );
    throwIfError(response.errorCode, 'election of leaders');
    return new Map(
      response.replicaElectionResults.flatMap(({ topic, partitionResult }) =>
        partitionResult.map(({ partitionId: partition, errorCode, errorMessage }) => {
          const key = partitionKey({ topic, partition });
          return [key, outcomeOf(errorCode, `partition ${key}`, errorMessage, () => undefined)] as const;
        }),
      ),
    );
  };
  if (partitions === undefined) return itemResults(call.whole(ask));
  return call.toController(keyed(partitions, partitionKey), ask);
}

/** @internal */
export function alterReassignments(
  call: AdminCall,
  reassignments: readonly Reassignment[],
  { allowReplicationFactorChange = true }: AlterReassignmentsOptions,
): ItemResults<string, undefined> {
  return call.toController(keyed(reassignments, partitionKey), async (target, open) => {
    const response = await call.request(
      target,
      { request: AlterPartitionReassignmentsRequest, response: AlterPartitionReassignmentsResponse },
      {
        timeoutMs: call.brokerTimeoutMs,
        ...(allowReplicationFactorChange ? {} : { allowReplicationFactorChange }),
        topics: byTopic(open.values()).map(([name, partitions]) => ({
          name,
          partitions: partitions.map(({ partition, replicas }) => ({
            partitionIndex: partition,
            replicas: replicas === null ? null : [...replicas],
          })),
        })),
      },
    );
    throwIfError(response.errorCode, 'reassignment of partitions', response.errorMessage);
    return new Map(
      response.responses.flatMap(({ name: topic, partitions }) =>
        partitions.map(({ partitionIndex: partition, errorCode, errorMessage }) => {
          const key = partitionKey({ topic, partition });
          return [key, outcomeOf(errorCode, `partition ${key}`, errorMessage, () => undefined)] as const;
        }),
      ),
    );
  });
}

/** @internal */
export function listReassignments(
  call: AdminCall,
  { partitions }: ListReassignmentsOptions,
): Promise<ReadonlyMap<string, OngoingReassignment>> {
  return call.whole(async () => {
    const response = await call.request(
      'controller',
      { request: ListPartitionReassignmentsRequest, response: ListPartitionReassignmentsResponse },
      {
        timeoutMs: call.brokerTimeoutMs,
        topics:
          partitions === undefined
            ? null
            : byTopic(partitions).map(([name, group]) => ({
                name,
                partitionIndexes: group.map(({ partition }) => partition),
              })),
      },
    );
    throwIfError(response.errorCode, 'reassignments', response.errorMessage);
    const ongoing = response.topics.flatMap(({ name: topic, partitions }) =>
      partitions.map(({ partitionIndex: partition, replicas, addingReplicas, removingReplicas }) => ({
        topic,
        partition,
        replicas,
        addingReplicas,
        removingReplicas,
      })),
    );
    return keyed(ongoing, partitionKey);
  });
}
