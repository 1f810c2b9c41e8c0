import type { Env } from '../../env/env.ts';
import type { CompressionName } from '../../wire/kafka/records/batch.ts';
import { COMPRESSION_NAMES } from '../../wire/kafka/records/batch.ts';
import type { GroupConfig } from '../coordinator/group/group-config.ts';
import { GroupCoordinator } from '../coordinator/group/group-coordinator.ts';
import type { MetadataCache } from '../metadata/metadata-cache.ts';
import type { Partition } from '../replica/partition.ts';
import type { ReplicaManager } from '../replica/replica-manager.ts';
import type { BrokerConfig } from './config/broker-config.ts';
import { ReplicaCoordinatorLog } from './coordinator-log.ts';
import type { TopicConfigs } from './topic-configs.ts';

export const OFFSETS_TOPIC = '__consumer_offsets';

const MINUTE_MS = 60_000;

function groupConfig(config: BrokerConfig, offsetsTopicPartitions: number): GroupConfig {
  return {
    minSessionTimeoutMs: config.groupMinSessionTimeoutMs,
    maxSessionTimeoutMs: config.groupMaxSessionTimeoutMs,
    maxSize: config.groupMaxSize,
    initialRebalanceDelayMs: config.groupInitialRebalanceDelayMs,
    offsetMetadataMaxBytes: config.offsetMetadataMaxBytes,
    offsetsRetentionMs: config.offsetsRetentionMinutes * MINUTE_MS,
    offsetsRetentionCheckIntervalMs: config.offsetsRetentionCheckIntervalMs,
    offsetsTopicPartitions,
    offsetsCommitTimeoutMs: config.offsetsCommitTimeoutMs,
    offsetsLoadBufferBytes: config.offsetsLoadBufferSize,
  };
}

/** The codec that `offsets.topic.compression.codec` numbers. */
function offsetsCodec(config: BrokerConfig): CompressionName {
  return COMPRESSION_NAMES[config.offsetsTopicCompressionCodec] ?? 'none';
}

/**
 * Makes the group coordinator and ties it to the replicas of its topic: it is elected and resigns with their
 * leadership, and hears of their high watermarks and of deleted topics.
 */
export function createGroupCoordinator(parts: {
  env: Env;
  config: BrokerConfig;
  topicConfigs: TopicConfigs;
  replicas: ReplicaManager;
  metadata: MetadataCache;
  /** Partitions that `__consumer_offsets` has, or will have. */
  offsetsTopicPartitions: number;
}): GroupCoordinator {
  const { env, config, topicConfigs, replicas, metadata } = parts;
  const maxBytes = () => topicConfigs.logConfigOf(OFFSETS_TOPIC).maxMessageBytes;
  const coordinator = new GroupCoordinator({
    env,
    config: groupConfig(config, parts.offsetsTopicPartitions),
    partitionLog: new ReplicaCoordinatorLog(OFFSETS_TOPIC, replicas, maxBytes),
    compression: offsetsCodec(config),
  });
  const isOurs = ({ topicPartition }: Partition) => topicPartition.topic === OFFSETS_TOPIC;
  const resign = (partition: Partition) => {
    if (isOurs(partition)) coordinator.resign(partition.topicPartition.partition, partition.leaderEpoch);
  };
  replicas.listen({
    becameLeader(partition) {
      if (!isOurs(partition)) return;
      const index = partition.topicPartition.partition;
      coordinator.elect(index, partition.leaderEpoch).catch((error: unknown) => {
        env.log.error('the groups of a partition cannot be loaded', { partition: index, error });
      });
    },
    becameFollower: resign,
    resigned: resign,
    highWatermarkAdvanced(partition) {
      if (!isOurs(partition)) return;
      const highWatermark = partition.localLog?.highWatermark;
      if (highWatermark === undefined) return;
      coordinator.highWatermarkAdvanced(partition.topicPartition.partition, highWatermark);
    },
  });
  metadata.listen((image, before) => {
    for (const { name, partitions } of before.topics()) {
      if (image.topic(name) !== undefined) continue;
      coordinator.partitionsDeleted([{ topic: name, partitions: [...partitions.keys()] }]);
    }
  });
  return coordinator;
}
