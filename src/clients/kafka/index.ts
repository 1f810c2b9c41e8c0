/** The clients of a Kafka cluster. What runs in this process without further ado is made by the `create` functions. */
import { createNodeEnv } from '../../env/node/create-node-env.ts';
import { Admin, type AdminOptions } from './admin/admin.ts';
import { ZooKeeperConsumer, type ZooKeeperConsumerOptions } from './classic/zookeeper-consumer.ts';
import { ZooKeeperProducer, type ZooKeeperProducerOptions } from './classic/zookeeper-producer.ts';
import { Consumer } from './consumer/consumer.ts';
import type { ConsumerOptions } from './consumer/consumer-options.ts';
import { Producer } from './producer/producer.ts';
import type { ProducerOptions, Sendable } from './producer/producer-options.ts';
import { ShareConsumer } from './share/share-consumer.ts';
import type { ShareConsumerOptions } from './share/share-options.ts';

export { ConfigError } from '../../base/config-keys/config-error.ts';
export { createNodeEnv } from '../../env/node/create-node-env.ts';
export type { ErrorName as KafkaErrorName } from '../../wire/kafka/errors.ts';
export type {
  AclBinding,
  AclBindingFilter,
  AclPatternType,
  AclPermissionType,
  AclResourceType,
} from './admin/acls.ts';
export type { AdminOptions } from './admin/admin.ts';
export { Admin } from './admin/admin.ts';
export type { CallOptions } from './admin/call-options.ts';
export type {
  ClusterBroker,
  ClusterDescription,
  DescribeClusterOptions,
} from './admin/cluster-description.ts';
export type { ConfigEntry, ConfigSource, ConfigSynonym, ConfigType } from './admin/config-entry.ts';
export type {
  AlterConfigsOptions,
  ConfigChange,
  ConfigChanges,
  ConfigReplacement,
  ConfigResource,
  ConfigResourceType,
  ConfigsToDescribe,
  DescribeConfigsOptions,
  DescribedConfigs,
  ListConfigResourcesOptions,
} from './admin/configs.ts';
export { configResourceKey } from './admin/configs.ts';
export type {
  CreateTokenOptions,
  DelegationToken,
  DescribeTokensOptions,
  ExpireTokenOptions,
  RenewTokenOptions,
} from './admin/delegation-tokens.ts';
export type { DescribeGroupsOptions } from './admin/describe-groups.ts';
export type { DescribeTopicsOptions } from './admin/describe-topics.ts';
export type {
  BrokerApis,
  DescribeFeaturesOptions,
  FeatureMetadata,
  FeatureUpdate,
  UpdateFeaturesOptions,
  VersionRange,
} from './admin/features.ts';
export type {
  ClassicGroupDescription,
  ClassicGroupMember,
  ConsumerGroupDescription,
  ConsumerGroupMember,
  GroupListing,
  ShareGroupDescription,
  ShareGroupMember,
} from './admin/group-description.ts';
export type { CommittedOffset, GroupOffsetsQuery, ListGroupOffsetsOptions } from './admin/group-offsets.ts';
export type { ListGroupsOptions, MemberToRemove, RemoveMembersOptions } from './admin/groups.ts';
export type { ItemResults } from './admin/item-results.ts';
export { partitionKey } from './admin/item-results.ts';
export type { ListedOffset, ListOffsetsOptions, OffsetQuery, OffsetSpec } from './admin/list-offsets.ts';
export type {
  LogDirDescription,
  LogDirReplica,
  Replica,
  ReplicaLogDir,
  ReplicaLogDirs,
  ReplicaMove,
} from './admin/log-dirs.ts';
export { replicaKey } from './admin/log-dirs.ts';
export type { AclOperation } from './admin/operations.ts';
export type {
  MetadataQuorum,
  NewRaftVoter,
  QuorumReplica,
  RaftVoter,
  RaftVoterOptions,
  VoterEndpoint,
} from './admin/quorum.ts';
export type {
  AlterQuotasOptions,
  ClientQuotaAlteration,
  ClientQuotas,
  DescribeQuotasOptions,
  QuotaEntity,
  QuotaFilterComponent,
} from './admin/quotas.ts';
export type {
  AlterReassignmentsOptions,
  ElectionType,
  ElectLeadersOptions,
  ListReassignmentsOptions,
  OngoingReassignment,
  Reassignment,
} from './admin/reassignments.ts';
export type {
  DescribeScramOptions,
  ScramAlteration,
  ScramCredential,
  ScramMechanism,
} from './admin/scram-credentials.ts';
export type { ShareGroupOffset, ShareGroupOffsetToSet } from './admin/share-group-offsets.ts';
export type {
  StreamsAssignment,
  StreamsGroupDescription,
  StreamsGroupMember,
  StreamsSubtopology,
  StreamsTaskOffset,
  StreamsTasks,
  StreamsTopic,
} from './admin/streams-groups.ts';
export type { PartitionDescription, TopicDescription } from './admin/topic-description.ts';
export type {
  CreatedTopic,
  CreatePartitionsOptions,
  CreateTopicsOptions,
  DeletedRecords,
  ListTopicsOptions,
  MutationOptions,
  NewPartitions,
  NewTopic,
  RecordsToDelete,
  TopicSelection,
} from './admin/topics.ts';
export type {
  DescribeProducersOptions,
  FencedProducer,
  HangingTransaction,
  ListTransactionsOptions,
  ProducerState,
  TransactionDescription,
  TransactionListing,
} from './admin/transactions.ts';
export type { ClassicSessionOptions } from './classic/classic-session.ts';
export type { ClassicMessage, MessageStream } from './classic/message-stream.ts';
export type { ZooKeeperConsumerOptions } from './classic/zookeeper-consumer.ts';
export { ZooKeeperConsumer } from './classic/zookeeper-consumer.ts';
export type { ClassicRecord, ClassicReport, ZooKeeperProducerOptions } from './classic/zookeeper-producer.ts';
export { ZooKeeperProducer } from './classic/zookeeper-producer.ts';
export type { BrokerNode, PartitionInfo, TopicInfo, TopicPartition } from './cluster/cluster-metadata.ts';
export type { ClusterOptions } from './cluster/cluster-options.ts';
export { type AdminConfig, parseAdminConfig } from './config/admin-config.ts';
export type { ClientConfig, ClientProperties, ConfigNote } from './config/client-config.ts';
export { type ConsumerConfig, parseConsumerConfig } from './config/consumer-config.ts';
export { type ProducerConfig, parseProducerConfig } from './config/producer-config.ts';
export type {
  CloseOptions as ConsumerCloseOptions,
  PollOptions,
} from './consumer/consumer.ts';
export { Consumer } from './consumer/consumer.ts';
export type { ConsumerMetrics, PartitionMetrics } from './consumer/consumer-metrics.ts';
export type {
  CommittedPosition,
  FoundOffset,
  GroupMetadata,
  OffsetToCommit,
} from './consumer/consumer-offsets.ts';
export type {
  ConsumerOptions,
  IsolationLevel,
  OffsetReset,
  RebalanceListener,
} from './consumer/consumer-options.ts';
export type {
  ConsumerBatch,
  ConsumerRecord,
  ConsumerRecordHeader,
  UnparsableAction,
  UnparsablePolicy,
  UnparsedRecord,
} from './consumer/consumer-record.ts';
export type {
  CommitTrace,
  ConsumerTraceAttributes,
  RebalanceTrace,
  ReceiveTrace,
} from './consumer/consumer-traces.ts';
export type {
  AssignablePartition,
  Assignor,
  AssignorName,
  GroupSubscription,
  MemberAssignment,
  MemberSubscription,
  RebalanceProtocol,
} from './consumer/group/assignors/assignor.ts';
export { SubscriptionPattern } from './consumer/subscription-pattern.ts';
export type { ClientErrorCode } from './kafka-error.ts';
export { BrokerError, isKafkaError, isRetriable, KafkaError } from './kafka-error.ts';
export type { NetworkErrorKind } from './network/network-error.ts';
export { NetworkError } from './network/network-error.ts';
export type { ProducerInterceptor } from './producer/interceptors.ts';
export type { PartitionChoice, Partitioner, PartitionerName } from './producer/partitioners.ts';
export { partitionOfKey } from './producer/partitioners.ts';
export type { HeaderInput, HeadersInput, HeaderValue, RecordMetadata } from './producer/prepared-record.ts';
export type { CloseOptions, SendOptions } from './producer/producer.ts';
export { Producer } from './producer/producer.ts';
export type { ProducerMetricsSnapshot } from './producer/producer-metrics.ts';
export type { ProducerOptions, Sendable } from './producer/producer-options.ts';
export type { ProducerRecord } from './producer/producer-record.ts';
export type { SendTrace, TraceAttributes } from './producer/send-trace.ts';
export { SEND_CHANNEL } from './producer/send-trace.ts';
export type { GroupMembership, TransactionOffset } from './producer/transaction-offsets.ts';
export type { Deserializer, Serde, SerdeContext, Serializer } from './serde.ts';
export { bytesSerde, float64Serde, int32Serde, int64Serde, jsonSerde, stringSerde } from './serde.ts';
export type { AcknowledgeType } from './share/acknowledge-type.ts';
export type { RecordPosition } from './share/leases.ts';
export type { ShareCommitOptions, SharePollOptions } from './share/share-consumer.ts';
export { ShareConsumer } from './share/share-consumer.ts';
export type { AcknowledgementResult, ShareConsumerOptions } from './share/share-options.ts';
export type { AcknowledgeTrace, AcquireTrace, ShareTraceAttributes } from './share/share-traces.ts';

/** An admin client of this process. It connects with its first call. */
export function createAdmin(options: AdminOptions): Admin {
  return new Admin(createNodeEnv({ logLevel: 'warn' }), options);
}

/** A consumer of this process that registers in ZooKeeper, as those of Kafka 0.8 did. */
export function connectZooKeeperConsumer(options: ZooKeeperConsumerOptions): Promise<ZooKeeperConsumer> {
  return ZooKeeperConsumer.connect(createNodeEnv({ logLevel: 'warn' }), options);
}

/** A producer of this process that finds its brokers in ZooKeeper, as those of Kafka's first years did. */
export function connectZooKeeperProducer(options: ZooKeeperProducerOptions): Promise<ZooKeeperProducer> {
  return ZooKeeperProducer.connect(createNodeEnv({ logLevel: 'warn' }), options);
}

/** A producer of this process. It connects with the first record. */
export function createProducer<K = Sendable, V = Sendable>(options: ProducerOptions<K, V>): Producer<K, V> {
  return new Producer(createNodeEnv({ logLevel: 'warn' }), options);
}

/** A consumer of this process. It connects when it is first needed. */
export function createConsumer<K = Buffer, V = Buffer>(options: ConsumerOptions<K, V>): Consumer<K, V> {
  return new Consumer(createNodeEnv({ logLevel: 'warn' }), options);
}

/** A member of a share group in this process. It connects when it subscribes. */
export function createShareConsumer<K = Buffer, V = Buffer>(
  options: ShareConsumerOptions<K, V>,
): ShareConsumer<K, V> {
  return new ShareConsumer(createNodeEnv({ logLevel: 'warn' }), options);
}
