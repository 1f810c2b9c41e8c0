import {
  DescribeQuorumRequest,
  DescribeQuorumResponse,
} from '../../../wire/kafka/messages/55-describe-quorum.ts';
import {
  UnregisterBrokerRequest,
  UnregisterBrokerResponse,
} from '../../../wire/kafka/messages/64-unregister-broker.ts';
import { AddRaftVoterRequest, AddRaftVoterResponse } from '../../../wire/kafka/messages/80-add-raft-voter.ts';
import {
  RemoveRaftVoterRequest,
  RemoveRaftVoterResponse,
} from '../../../wire/kafka/messages/81-remove-raft-voter.ts';
import { type Infer, ZERO_UUID } from '../../../wire/kafka/schema/index.ts';
import { KafkaError, throwIfError } from '../kafka-error.ts';
import type { AdminCall } from './admin-call.ts';
import type { CallOptions } from './call-options.ts';

const METADATA_TOPIC = '__cluster_metadata';

export interface QuorumReplica {
  readonly replicaId: number;
  /** Undefined where the broker does not tell. */
  readonly directoryId: string | undefined;
  readonly logEndOffset: number;
  readonly lastFetchTimestampMs: number | undefined;
  readonly lastCaughtUpTimestampMs: number | undefined;
}

export interface VoterEndpoint {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** The controllers of a cluster without ZooKeeper. */
export interface MetadataQuorum {
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly highWatermark: number;
  readonly voters: readonly QuorumReplica[];
  readonly observers: readonly QuorumReplica[];
  /** Where the voters can be reached; empty from brokers before 3.9. */
  readonly nodes: ReadonlyMap<number, readonly VoterEndpoint[]>;
}

export interface RaftVoter {
  readonly voterId: number;
  readonly directoryId: string;
}

export interface NewRaftVoter extends RaftVoter {
  readonly listeners: readonly VoterEndpoint[];
}

export interface RaftVoterOptions extends CallOptions {
  /** The cluster that is meant, for the controllers to check. */
  readonly clusterId?: string;
}

type ReplicaAnswer = Infer<
  typeof DescribeQuorumResponse
>['topics'][number]['partitions'][number]['observers'];

/** @internal */
export function describeQuorum(call: AdminCall): Promise<MetadataQuorum> {
  return call.whole(async () => {
    const response = await call.request(
      'any',
      { request: DescribeQuorumRequest, response: DescribeQuorumResponse },
      { topics: [{ topicName: METADATA_TOPIC, partitions: [{ partitionIndex: 0 }] }] },
    );
    throwIfError(response.errorCode, 'metadata quorum', response.errorMessage);
    const topic = response.topics.find(({ topicName }) => topicName === METADATA_TOPIC);
    const partition = topic?.partitions.find(({ partitionIndex }) => partitionIndex === 0);
    if (partition === undefined) {
      throw new KafkaError('MALFORMED', `the broker's answer says nothing of ${METADATA_TOPIC}`);
    }
    throwIfError(partition.errorCode, 'metadata quorum', partition.errorMessage);
    return {
      leaderId: partition.leaderId,
      leaderEpoch: partition.leaderEpoch,
      highWatermark: partition.highWatermark,
      voters: replicas(partition.currentVoters),
      observers: replicas(partition.observers),
      nodes: new Map(response.nodes.map(({ nodeId, listeners }) => [nodeId, listeners])),
    };
  });
}

function replicas(answers: ReplicaAnswer): QuorumReplica[] {
  const known = (timestamp: number): number | undefined => (timestamp < 0 ? undefined : timestamp);
  return answers.map((replica) => ({
    replicaId: replica.replicaId,
    directoryId: replica.replicaDirectoryId === ZERO_UUID ? undefined : replica.replicaDirectoryId,
    logEndOffset: replica.logEndOffset,
    lastFetchTimestampMs: known(replica.lastFetchTimestamp),
    lastCaughtUpTimestampMs: known(replica.lastCaughtUpTimestamp),
  }));
}

/** @internal */
export function unregisterBroker(call: AdminCall, brokerId: number): Promise<void> {
  return call.whole(async () => {
    const { errorCode, errorMessage } = await call.request(
      'any',
      { request: UnregisterBrokerRequest, response: UnregisterBrokerResponse },
      { brokerId },
    );
    throwIfError(errorCode, `broker ${brokerId}`, errorMessage);
  });
}

/** @internal */
export function addRaftVoter(
  call: AdminCall,
  { voterId, directoryId, listeners }: NewRaftVoter,
  { clusterId }: RaftVoterOptions,
): Promise<void> {
  return call.whole(async () => {
    const { errorCode, errorMessage } = await call.request(
      'any',
      { request: AddRaftVoterRequest, response: AddRaftVoterResponse },
      {
        clusterId: clusterId ?? null,
        timeoutMs: call.brokerTimeoutMs,
        voterId,
        voterDirectoryId: directoryId,
        listeners: [...listeners],
      },
    );
    throwIfError(errorCode, `voter ${voterId}`, errorMessage);
  });
}

/** @internal */
export function removeRaftVoter(
  call: AdminCall,
  { voterId, directoryId }: RaftVoter,
  { clusterId }: RaftVoterOptions,
): Promise<void> {
  return call.whole(async () => {
    const { errorCode, errorMessage } = await call.request(
      'any',
      { request: RemoveRaftVoterRequest, response: RemoveRaftVoterResponse },
      { clusterId: clusterId ?? null, voterId, voterDirectoryId: directoryId },
    );
    throwIfError(errorCode, `voter ${voterId}`, errorMessage);
  });
}
