import type { PartitionInfo, TopicInfo } from '../cluster/cluster-metadata.ts';
import type { AclOperation } from './operations.ts';

export interface PartitionDescription extends PartitionInfo {
  /** Replicas out of sync that may lead all the same (KIP-966); undefined where the brokers do not tell. */
  readonly eligibleLeaderReplicas?: readonly number[] | undefined;
  readonly lastKnownEligibleLeaderReplicas?: readonly number[] | undefined;
}

export interface TopicDescription extends Omit<TopicInfo, 'partitions' | 'authorizedOperations'> {
  readonly partitions: readonly PartitionDescription[];
  /** What the asker may do; undefined unless it was asked for. */
  readonly authorizedOperations: readonly AclOperation[] | undefined;
}
