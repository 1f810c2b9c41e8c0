import type { LogManager } from '../../../src/kafka/log/log-manager.ts';
import { MetadataCache } from '../../../src/kafka/metadata/metadata-cache.ts';
import { ReplicationQuota } from '../../../src/kafka/quota/replication-quota.ts';
import type { LeaderPort } from '../../../src/kafka/replica/fetcher/leader-port.ts';
import type { ReplicaManagerOptions } from '../../../src/kafka/replica/replica-manager.ts';
import type { TopicSettings } from '../../../src/kafka/replica/topic-settings.ts';
import { replicationProtocol } from '../../../src/kafka/server/config/replication-protocol.ts';

export const TOPIC_SETTINGS: TopicSettings = {
  compressionType: 'producer',
  compressionLevel: undefined,
  timestampType: 'CreateTime',
  timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  timestampAfterMaxMs: Number.MAX_SAFE_INTEGER,
  minInsyncReplicas: 1,
  downConversionEnable: true,
};

/** A leader that answers nothing. */
export const SILENT_LEADER: LeaderPort = {
  request: () => new Promise(() => undefined),
  close: () => undefined,
};

export function noQuota(): ReplicationQuota {
  return new ReplicationQuota({ samples: 11, windowMs: 1000 });
}

/** Replicas whose leaders are silent and whose controller never answers, until a test says otherwise. */
export function replicaManagerOptions(
  brokerId: number,
  logManager: LogManager,
  changes: Partial<ReplicaManagerOptions> = {},
): ReplicaManagerOptions {
  return {
    brokerId,
    brokerEpoch: () => 1,
    logManager,
    metadata: new MetadataCache(),
    settingsFor: () => TOPIC_SETTINGS,
    uncompressedLimitBytes: 1024 * 1024,
    replicaLagTimeMaxMs: 10_000,
    isrChanges: { submit: () => undefined },
    leaderQuota: noQuota(),
    alterLogDirsQuota: noQuota(),
    replicaSelection: 'leader',
    fetching: {
      protocol: replicationProtocol('3.9-IV0'),
      waitMaxMs: 500,
      minBytes: 1,
      maxBytes: 1024 * 1024,
      responseMaxBytes: 10 * 1024 * 1024,
      backoffMs: 1000,
      quota: noQuota(),
      fetchersPerLeader: () => 1,
      connect: () => SILENT_LEADER,
    },
    ...changes,
  };
}
