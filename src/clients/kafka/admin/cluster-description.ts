import { ErrorCode } from '../../../wire/kafka/errors.ts';
import { MetadataRequest, MetadataResponse } from '../../../wire/kafka/messages/03-metadata.ts';
import {
  DescribeClusterRequest,
  DescribeClusterResponse,
} from '../../../wire/kafka/messages/60-describe-cluster.ts';
import type { BrokerNode } from '../cluster/cluster-metadata.ts';
import { isKafkaError, KafkaError, throwIfError } from '../kafka-error.ts';
import type { AdminCall } from './admin-call.ts';
import type { CallOptions } from './call-options.ts';
import { type AclOperation, authorizedOperations } from './operations.ts';

export interface DescribeClusterOptions extends CallOptions {
  readonly includeAuthorizedOperations?: boolean;
  /** Whether brokers are listed too that registered and do not serve (KRaft, from 4.0 on). */
  readonly includeFencedBrokers?: boolean;
}

export interface ClusterBroker extends BrokerNode {
  readonly isFenced: boolean;
}

export interface ClusterDescription {
  /** Null from brokers that have none, before 0.10.1. */
  readonly clusterId: string | null;
  /** -1 while there is none. In KRaft this is some broker that hands requests on. */
  readonly controllerId: number;
  /** In order of their ids. */
  readonly brokers: readonly ClusterBroker[];
  /** What the asker may do to the cluster; undefined unless it was asked for. */
  readonly authorizedOperations: readonly AclOperation[] | undefined;
}

/** @internal By DescribeCluster, or from metadata where the broker does not know that (before 2.8). */
export function describeCluster(
  call: AdminCall,
  options: DescribeClusterOptions,
): Promise<ClusterDescription> {
  return call.whole(async () => {
    try {
      return await byDescribeCluster(call, options);
    } catch (error) {
      if (!isKafkaError(error, 'UNSUPPORTED') || options.includeFencedBrokers === true) throw error;
      return byMetadata(call, options);
    }
  });
}

async function byDescribeCluster(
  call: AdminCall,
  { includeAuthorizedOperations = false, includeFencedBrokers = false }: DescribeClusterOptions,
): Promise<ClusterDescription> {
  const response = await call.request(
    'any',
    { request: DescribeClusterRequest, response: DescribeClusterResponse },
    {
      includeClusterAuthorizedOperations: includeAuthorizedOperations,
      ...(includeFencedBrokers ? { includeFencedBrokers } : {}),
    },
    { min: includeFencedBrokers ? 2 : 0 },
  );
  if (response.errorCode === ErrorCode.UNSUPPORTED_ENDPOINT_TYPE) {
    throw new KafkaError('UNSUPPORTED', `DescribeCluster of brokers: ${response.errorMessage}`);
  }
  throwIfError(response.errorCode, 'description of the cluster', response.errorMessage);
  return {
    clusterId: response.clusterId,
    controllerId: response.controllerId,
    brokers: sorted(
      response.brokers.map(({ brokerId: id, host, port, rack, isFenced }) => ({
        id,
        host,
        port,
        rack,
        isFenced,
      })),
    ),
    authorizedOperations: authorizedOperations(response.clusterAuthorizedOperations),
  };
}

async function byMetadata(
  call: AdminCall,
  { includeAuthorizedOperations = false }: DescribeClusterOptions,
): Promise<ClusterDescription> {
  const response = await call.request(
    'any',
    { request: MetadataRequest, response: MetadataResponse },
    (version) => ({
      topics: [],
      ...(version >= 4 ? { allowAutoTopicCreation: false } : {}),
      ...(includeAuthorizedOperations ? { includeClusterAuthorizedOperations: true } : {}),
    }),
  );
  return {
    clusterId: response.clusterId,
    controllerId: response.controllerId,
    brokers: sorted(
      response.brokers.map(({ nodeId: id, host, port, rack }) => ({ id, host, port, rack, isFenced: false })),
    ),
    authorizedOperations: authorizedOperations(response.clusterAuthorizedOperations),
  };
}

const sorted = (brokers: ClusterBroker[]): ClusterBroker[] => brokers.sort((a, b) => a.id - b.id);
