import { isProtocolAtLeast } from './config/protocol-version.ts';

/** Which versions brokers use among themselves, decided by `inter.broker.protocol.version` as in Apache's 3.9. */
export interface InterBrokerVersions {
  readonly leaderAndIsr: number;
  readonly stopReplica: number;
  readonly updateMetadata: number;
  readonly controlledShutdown: number;
  readonly alterPartition: number;
  /** Whether topics have ids (KIP-516). */
  readonly topicIds: boolean;
  /** Whether a leader elected out of sync is marked until it has recovered (KIP-704). */
  readonly leaderRecovery: boolean;
  /** Whether leaders change their ISRs through the controller (KIP-497), or else in ZooKeeper. */
  readonly isAlterPartitionSupported: boolean;
  /** Whether the cluster has finalized features (KIP-584). */
  readonly isFeatureVersioningSupported: boolean;
  /** Version of their node in ZooKeeper. */
  readonly featureFormat: 1 | 2;
}

/** The first protocol of which each version of a request is, latest first. */
type Steps = readonly (readonly [protocol: string, version: number])[];

const leaderAndIsr: Steps = [
  ['3.4-IV0', 7],
  ['3.2-IV0', 6],
  ['2.8-IV1', 5],
  ['2.4-IV1', 4],
  ['2.4-IV0', 3],
  ['2.2-IV0', 2],
  ['1.0-IV0', 1],
];
const stopReplica: Steps = [
  ['3.4-IV0', 4],
  ['2.6-IV0', 3],
  ['2.4-IV1', 2],
  ['2.2-IV0', 1],
];
const updateMetadata: Steps = [
  ['3.4-IV0', 8],
  ['2.8-IV1', 7],
  ['2.4-IV1', 6],
  ['2.2-IV0', 5],
  ['1.0-IV0', 4],
  ['0.10.2-IV0', 3],
  ['0.10.0-IV1', 2],
  ['0.9.0', 1],
];
const controlledShutdown: Steps = [
  ['2.4-IV1', 3],
  ['2.2-IV0', 2],
  ['0.9.0', 1],
];
/** Apache's broker asks for the controller's highest; each came with the release of this protocol. */
const alterPartition: Steps = [
  ['3.5-IV1', 3],
  ['3.3-IV0', 2],
  ['3.2-IV0', 1],
];

export function interBrokerVersions(protocol: string): InterBrokerVersions {
  const choose = (steps: Steps): number =>
    steps.find(([from]) => isProtocolAtLeast(protocol, from))?.[1] ?? 0;
  return {
    leaderAndIsr: choose(leaderAndIsr),
    stopReplica: choose(stopReplica),
    updateMetadata: choose(updateMetadata),
    controlledShutdown: choose(controlledShutdown),
    alterPartition: choose(alterPartition),
    topicIds: isProtocolAtLeast(protocol, '2.8-IV0'),
    leaderRecovery: isProtocolAtLeast(protocol, '3.2-IV0'),
    isAlterPartitionSupported: isProtocolAtLeast(protocol, '2.7-IV2'),
    isFeatureVersioningSupported: isProtocolAtLeast(protocol, '2.7-IV0'),
    featureFormat: isProtocolAtLeast(protocol, '3.3-IV0') ? 2 : 1,
  };
}
