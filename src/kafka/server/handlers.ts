import type { Env } from '../../env/env.ts';
import { produceHandler } from '../api/00-produce.ts';
import { fetchHandler } from '../api/01-fetch.ts';
import { listOffsetsHandler } from '../api/02-list-offsets.ts';
import { metadataHandler } from '../api/03-metadata.ts';
import { createTopicsHandler } from '../api/19-create-topics.ts';
import { deleteTopicsHandler } from '../api/20-delete-topics.ts';
import { deleteRecordsHandler } from '../api/21-delete-records.ts';
import { initProducerIdHandler } from '../api/22-init-producer-id.ts';
import { offsetForLeaderEpochHandler } from '../api/23-offset-for-leader-epoch.ts';
import { alterReplicaLogDirsHandler } from '../api/34-alter-replica-log-dirs.ts';
import { describeLogDirsHandler } from '../api/35-describe-log-dirs.ts';
import { createPartitionsHandler } from '../api/37-create-partitions.ts';
import { describeClusterHandler } from '../api/60-describe-cluster.ts';
import { groupHandlers } from '../api/group-handlers.ts';
import type { Handler } from '../api/handler.ts';
import { ProducerIdManager } from '../api/producer-id-manager.ts';
import { AutoTopicCreation, type InternalTopicSettings } from '../api/topics/auto-topic-creation.ts';
import { TopicAdmin } from '../api/topics/topic-admin.ts';
import type { Controller } from '../controller/controller.ts';
import { coordinatorPartition } from '../coordinator/coordinator-partition.ts';
import type { GroupCoordinator } from '../coordinator/group/group-coordinator.ts';
import type { LogManager } from '../log/log-manager.ts';
import type { CommandTarget } from '../metadata/controller-commands.ts';
import type { MetadataCache } from '../metadata/metadata-cache.ts';
import { FetchSessions } from '../replica/fetch-session.ts';
import type { ReplicaManager } from '../replica/replica-manager.ts';
import type { ZkStores } from '../zk/stores.ts';
import { adminHandlers } from './admin-handlers.ts';
import type { BrokerIdentity } from './broker-identity.ts';
import { clusterHandlers } from './cluster-handlers.ts';
import { checkTopicConfigs } from './config/alter-configs.ts';
import type { BrokerConfig } from './config/broker-config.ts';
import { describeTopic } from './config/describe-configs.ts';
import { interBrokerVersions } from './inter-broker-versions.ts';
import type { TopicConfigs } from './topic-configs.ts';

/** `min.incremental.fetch.session.eviction.ms`, which no configuration changes. */
const FETCH_SESSION_EVICTION_MS = 120_000;

export interface HandlerParts {
  readonly env: Env;
  /** As it is now: dynamic configuration replaces it. */
  readonly config: () => BrokerConfig;
  readonly identity: BrokerIdentity;
  readonly stores: ZkStores;
  readonly metadata: MetadataCache;
  readonly logs: LogManager;
  readonly topicConfigs: TopicConfigs;
  readonly replicas: ReplicaManager;
  readonly controller: Controller;
  readonly commands: CommandTarget;
  readonly groups: GroupCoordinator;
}

/** Every handler of the broker, with what it needs. */
export function createHandlers(parts: HandlerParts): Handler[] {
  return [
    ...dataHandlers(parts),
    ...topicHandlers(parts),
    ...adminHandlers(parts),
    ...clusterHandlers(parts),
  ];
}

function dataHandlers({ env, config, metadata, logs, topicConfigs, replicas }: HandlerParts): Handler[] {
  const sessions = new FetchSessions({
    clock: env.clock,
    random: env.random,
    slots: config().maxIncrementalFetchSessionCacheSlots,
    evictionMs: FETCH_SESSION_EVICTION_MS,
  });
  const settingsFor = (topic: string) => topicConfigs.settingsOf(topic);
  return [
    produceHandler({ replicas, metadata }),
    fetchHandler({ env, replicas, metadata, sessions, settingsFor, maxBytes: config().fetchMaxBytes }),
    listOffsetsHandler({ replicas }),
    deleteRecordsHandler({ replicas }),
    offsetForLeaderEpochHandler({ replicas }),
    alterReplicaLogDirsHandler({ moves: replicas.moves }),
    describeLogDirsHandler({ logs }),
  ];
}

function topicHandlers(parts: HandlerParts): Handler[] {
  const { env, config, identity, stores, metadata, controller } = parts;
  const { clusterId, brokerId } = identity;
  const { timers, log } = env;
  const isController = () => controller.isActive;
  const admin = new TopicAdmin({
    metadata,
    stores,
    random: env.random,
    log,
    defaults: () => ({
      numPartitions: config().numPartitions,
      replicationFactor: config().defaultReplicationFactor,
    }),
    configError: (configs) => checkTopicConfigs(config(), configs)?.message ?? null,
    hasTopicIds: () => interBrokerVersions(config().interBrokerProtocolVersion).topicIds,
  });
  const autoTopicCreation = new AutoTopicCreation({
    admin,
    offsetsTopic: () => offsetsTopic(config()),
    transactionsTopic: () => transactionsTopic(config()),
    log,
  });
  const producerIds = new ProducerIdManager(() => stores.producerIds.nextBlock(brokerId));
  const autoCreateTopicsEnable = () => config().autoCreateTopicsEnable;
  const isTopicQueuedForDeletion = (topic: string) => controller.isTopicQueuedForDeletion(topic);
  const { deleteTopicEnable } = config();
  return [
    metadataHandler({ metadata, clusterId, autoTopicCreation, autoCreateTopicsEnable }),
    createTopicsHandler({
      admin,
      metadata,
      timers,
      isController,
      describeConfigs: (overrides) => createdConfigs(config(), overrides),
    }),
    deleteTopicsHandler({ admin, metadata, timers, isController, deleteTopicEnable }),
    createPartitionsHandler({ admin, metadata, timers, isController, isTopicQueuedForDeletion }),
    describeClusterHandler({ metadata, clusterId }),
    initProducerIdHandler({ producerIds }),
    ...groupHandlers({
      coordinator: parts.groups,
      image: () => metadata.image,
      zooKeeperOffsets: stores.consumerOffsets,
      offsetMetadataMaxBytes: config().offsetMetadataMaxBytes,
      log,
      transactionPartition: (id) => coordinatorPartition(id, config().transactionStateLogNumPartitions),
      createInternalTopic(topic) {
        autoTopicCreation.create([topic]).catch((error: unknown) => {
          log.error('an internal topic cannot be created', { topic, error });
        });
      },
    }),
  ];
}

/** The configuration of a new topic, as CreateTopics answers it (KIP-525). */
function createdConfigs(config: BrokerConfig, overrides: ReadonlyMap<string, string>) {
  const options = { keys: null, includeSynonyms: false, includeDocumentation: false };
  return describeTopic(config, overrides, options).map((entry) => ({
    name: entry.name,
    value: entry.value,
    readOnly: entry.readOnly,
    configSource: entry.configSource ?? -1,
    isSensitive: entry.isSensitive,
  }));
}

function offsetsTopic(config: BrokerConfig): InternalTopicSettings {
  return {
    numPartitions: config.offsetsTopicNumPartitions,
    replicationFactor: config.offsetsTopicReplicationFactor,
    configs: new Map([
      ['cleanup.policy', 'compact'],
      ['segment.bytes', String(config.offsetsTopicSegmentBytes)],
      ['compression.type', 'producer'],
    ]),
  };
}

function transactionsTopic(config: BrokerConfig): InternalTopicSettings {
  return {
    numPartitions: config.transactionStateLogNumPartitions,
    replicationFactor: config.transactionStateLogReplicationFactor,
    configs: new Map([
      ['unclean.leader.election.enable', 'false'],
      ['compression.type', 'uncompressed'],
      ['cleanup.policy', 'compact'],
      ['min.insync.replicas', String(config.transactionStateLogMinIsr)],
      ['segment.bytes', String(config.transactionStateLogSegmentBytes)],
    ]),
  };
}
