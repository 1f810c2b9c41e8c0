import { ConfigError } from '../../base/config-keys/config-error.ts';
import type { Env } from '../../env/env.ts';
import type { LogManager } from '../log/log-manager.ts';
import type { MetadataCache } from '../metadata/metadata-cache.ts';
import { REPLICATION_GUARDS, type ReplicationGuards } from '../replica/guards.ts';
import { type AlterPartitionPort, AlterPartitionQueue } from '../replica/isr-changes.ts';
import type { ReplicaSelection } from '../replica/read-replica.ts';
import { ReplicaManager } from '../replica/replica-manager.ts';
import type { ZkStores } from '../zk/stores.ts';
import { addressOn, BrokerLink, connectTimeouts } from './broker-link.ts';
import type { BrokerConfig } from './config/broker-config.ts';
import { replicationProtocol } from './config/replication-protocol.ts';
import { interBrokerVersions } from './inter-broker-versions.ts';
import type { ReplicationThrottles } from './replication-throttles.ts';
import type { TopicConfigs } from './topic-configs.ts';
import { ZooKeeperIsrChanges } from './zookeeper-isr-changes.ts';

/** What one compressed batch may unpack to while it is checked. */
const UNCOMPRESSED_LIMIT_BYTES = 256 * 1024 * 1024;
/** The selector that sends consumers to their rack; without one they stay at the leader. */
const RACK_AWARE_SELECTOR = 'org.apache.kafka.common.replica.RackAwareReplicaSelector';

export interface ReplicationParts {
  readonly env: Env;
  /** As it is now. */
  readonly config: () => BrokerConfig;
  readonly brokerId: number;
  /** Epoch of the registration that stands. */
  readonly brokerEpoch: () => number;
  readonly logs: LogManager;
  readonly metadata: MetadataCache;
  readonly topicConfigs: TopicConfigs;
  readonly throttles: ReplicationThrottles;
  readonly stores: Pick<ZkStores, 'topics' | 'notifications'>;
  readonly controller: AlterPartitionPort;
  /** Rules to go without; none by default. */
  readonly guards: Partial<ReplicationGuards> | undefined;
}

export interface Replication {
  readonly replicas: ReplicaManager;
  close(): void;
}

/** The replicas of a broker with their ways to other brokers, to the controller and to ZooKeeper. */
export function createReplication(parts: ReplicationParts): Replication {
  const { env, brokerId, brokerEpoch, metadata, throttles, topicConfigs, stores } = parts;
  const config = parts.config();
  const isrChanges = interBrokerVersions(config.interBrokerProtocolVersion).isAlterPartitionSupported
    ? new AlterPartitionQueue(env, { brokerId, brokerEpoch }, parts.controller)
    : new ZooKeeperIsrChanges(env, stores.topics, stores.notifications);
  const replicas = new ReplicaManager(env, {
    brokerId,
    brokerEpoch,
    logManager: parts.logs,
    metadata,
    settingsFor: (topic) => topicConfigs.settingsOf(topic),
    uncompressedLimitBytes: UNCOMPRESSED_LIMIT_BYTES,
    replicaLagTimeMaxMs: config.replicaLagTimeMaxMs,
    isrChanges,
    guards: { ...REPLICATION_GUARDS, ...parts.guards },
    leaderQuota: throttles.leader,
    alterLogDirsQuota: throttles.alterLogDirs,
    replicaSelection: selectionOf(config),
    fetching: {
      protocol: replicationProtocol(config.interBrokerProtocolVersion),
      waitMaxMs: config.replicaFetchWaitMaxMs,
      minBytes: config.replicaFetchMinBytes,
      maxBytes: config.replicaFetchMaxBytes,
      responseMaxBytes: config.replicaFetchResponseMaxBytes,
      backoffMs: config.replicaFetchBackoffMs,
      quota: throttles.follower,
      fetchersPerLeader: () => Math.max(1, parts.config().numReplicaFetchers),
      connect: (leaderId, slot) =>
        new BrokerLink(env, {
          clientId: `broker-${brokerId}-fetcher-${slot}`,
          connectTimeouts: connectTimeouts(config),
          requestTimeoutMs: config.replicaSocketTimeoutMs,
          address: () => {
            const { interBrokerListener } = config.resolvedListeners;
            return addressOn(metadata.image.broker(leaderId), interBrokerListener);
          },
        }),
    },
  });
  return {
    replicas,
    close() {
      replicas.close();
      isrChanges.close();
    },
  };
}

/** Throws ConfigError for a class that is not here: consumers would be kept from where they are meant to read. */
function selectionOf({ replicaSelectorClass }: BrokerConfig): ReplicaSelection {
  if (replicaSelectorClass === null || replicaSelectorClass === '') return 'leader';
  if (replicaSelectorClass === RACK_AWARE_SELECTOR) return 'rack-aware';
  throw new ConfigError(
    `replica.selector.class: there is no ${replicaSelectorClass} here, only ${RACK_AWARE_SELECTOR}; leave it out to read from leaders`,
    'replica.selector.class',
  );
}
