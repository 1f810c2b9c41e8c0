import type { Env } from '../../../env/env.ts';
import { Cluster } from '../cluster/cluster.ts';
import type { TopicPartition } from '../cluster/cluster-metadata.ts';
import type { ClusterOptions } from '../cluster/cluster-options.ts';
import * as acls from './acls.ts';
import { AdminCall } from './admin-call.ts';
import type { CallOptions } from './call-options.ts';
import * as description from './cluster-description.ts';
import * as configs from './configs.ts';
import * as tokens from './delegation-tokens.ts';
import {
  type DescribeGroupsOptions,
  describeClassicGroups,
  describeConsumerGroups,
  describeShareGroups,
} from './describe-groups.ts';
import { type DescribeTopicsOptions, describeTopics } from './describe-topics.ts';
import * as features from './features.ts';
import type {
  ClassicGroupDescription,
  ConsumerGroupDescription,
  GroupListing,
  ShareGroupDescription,
} from './group-description.ts';
import * as offsets from './group-offsets.ts';
import * as groups from './groups.ts';
import type { ItemResults } from './item-results.ts';
import { type ListedOffset, type ListOffsetsOptions, listOffsets, type OffsetQuery } from './list-offsets.ts';
import * as logDirs from './log-dirs.ts';
import * as quorum from './quorum.ts';
import * as quotas from './quotas.ts';
import * as reassignments from './reassignments.ts';
import * as scram from './scram-credentials.ts';
import * as shareOffsets from './share-group-offsets.ts';
import { describeStreamsGroups, type StreamsGroupDescription } from './streams-groups.ts';
import type { TopicDescription } from './topic-description.ts';
import * as topics from './topics.ts';
import * as transactions from './transactions.ts';

export type AdminOptions = ClusterOptions;

/**
 * Looks after a cluster: topics, configurations, groups and what else its brokers let be administered. As
 * `org.apache.kafka.clients.admin.Admin`; docs/kafka-admin.md has the table of methods and APIs.
 *
 * A method about several things gives {@link ItemResults}: awaited, the values of all or the first error; by
 * `settled()`, the outcome of each. Errors are {@link KafkaError}s: {@link BrokerError}s are what brokers answered,
 * UNSUPPORTED names an API that the broker does not serve. Failures that pass (a new controller, leader or
 * coordinator, a lost connection, a quota) are tried again until `timeoutMs`.
 */
export class Admin implements AsyncDisposable {
  private readonly cluster: Cluster;

  constructor(env: Env, options: AdminOptions) {
    this.cluster = new Cluster(env, options);
  }

  /** Creates topics, or with `validateOnly` says whether they could be. */
  createTopics(
    newTopics: readonly topics.NewTopic[],
    options: topics.CreateTopicsOptions = {},
  ): ItemResults<string, topics.CreatedTopic> {
    return topics.createTopics(this.call(options), newTopics, options);
  }

  /** Deletes topics, by name or by id. */
  deleteTopics(
    selection: topics.TopicSelection,
    options: topics.MutationOptions = {},
  ): ItemResults<string, undefined> {
    return topics.deleteTopics(this.call(options), selection, options);
  }

  /** All topics of the cluster, by name. */
  listTopics(options: topics.ListTopicsOptions = {}): Promise<ReadonlyMap<string, TopicDescription>> {
    return topics.listTopics(this.call(options), options);
  }

  /** Partitions, leaders and replicas of topics, by name or by id. */
  describeTopics(
    selection: topics.TopicSelection,
    options: DescribeTopicsOptions = {},
  ): ItemResults<string, TopicDescription> {
    return describeTopics(this.call(options), selection, options);
  }

  /** Raises the number of partitions of topics. */
  createPartitions(
    newPartitions: readonly topics.NewPartitions[],
    options: topics.CreatePartitionsOptions = {},
  ): ItemResults<string, undefined> {
    return topics.createPartitions(this.call(options), newPartitions, options);
  }

  /** Deletes the records of partitions before an offset. */
  deleteRecords(
    records: readonly topics.RecordsToDelete[],
    options: CallOptions = {},
  ): ItemResults<string, topics.DeletedRecords> {
    return topics.deleteRecords(this.call(options), records);
  }

  /** Brokers and controller, and what the asker may do to the cluster. */
  describeCluster(options: description.DescribeClusterOptions = {}): Promise<description.ClusterDescription> {
    return description.describeCluster(this.call(options), options);
  }

  /** Configurations of topics, brokers, loggers, groups and client metrics. */
  describeConfigs(
    resources: readonly configs.ConfigsToDescribe[],
    options: configs.DescribeConfigsOptions = {},
  ): ItemResults<string, configs.DescribedConfigs> {
    return configs.describeConfigs(this.call(options), resources, options);
  }

  /** Changes single configurations and leaves the others of the resource as they are. */
  incrementalAlterConfigs(
    resources: readonly configs.ConfigChanges[],
    options: configs.AlterConfigsOptions = {},
  ): ItemResults<string, undefined> {
    return configs.incrementalAlterConfigs(this.call(options), resources, options);
  }

  /** Replaces all that is set of a resource. For brokers before 2.3, and for who wants just that. */
  alterConfigs(
    resources: readonly configs.ConfigReplacement[],
    options: configs.AlterConfigsOptions = {},
  ): ItemResults<string, undefined> {
    return configs.alterConfigs(this.call(options), resources, options);
  }

  /** Resources that have configurations; brokers before 4.1 list client metrics alone. */
  listConfigResources(
    options: configs.ListConfigResourcesOptions = {},
  ): Promise<readonly configs.ConfigResource[]> {
    return configs.listConfigResources(this.call(options), options);
  }

  /** Offsets at points of partitions: their ends, or what was written first after a time. */
  listOffsets(
    queries: readonly OffsetQuery[],
    options: ListOffsetsOptions = {},
  ): ItemResults<string, ListedOffset> {
    return listOffsets(this.call(options), queries, options);
  }

  /** The groups of all brokers: awaited, one list; settled, that of each broker by its id. */
  listGroups(
    options: groups.ListGroupsOptions = {},
  ): ItemResults<number, readonly GroupListing[], readonly GroupListing[]> {
    return groups.listGroups(this.call(options), options);
  }

  /** Members and assignments of groups of consumers, of the old protocol and of the new. */
  describeConsumerGroups(
    groupIds: readonly string[],
    options: DescribeGroupsOptions = {},
  ): ItemResults<string, ConsumerGroupDescription> {
    return describeConsumerGroups(this.call(options), groupIds, options);
  }

  /** Groups of the classic protocol, whatever their members are: consumers, Connect workers, schema registries. */
  describeClassicGroups(
    groupIds: readonly string[],
    options: DescribeGroupsOptions = {},
  ): ItemResults<string, ClassicGroupDescription> {
    return describeClassicGroups(this.call(options), groupIds, options);
  }

  /** Members and assignments of share groups. */
  describeShareGroups(
    groupIds: readonly string[],
    options: DescribeGroupsOptions = {},
  ): ItemResults<string, ShareGroupDescription> {
    return describeShareGroups(this.call(options), groupIds, options);
  }

  /** Topologies, members and tasks of groups of Kafka Streams applications. */
  describeStreamsGroups(
    groupIds: readonly string[],
    options: DescribeGroupsOptions = {},
  ): ItemResults<string, StreamsGroupDescription> {
    return describeStreamsGroups(this.call(options), groupIds, options);
  }

  /** Deletes groups that have no members, of any type, with their offsets. */
  deleteGroups(groupIds: readonly string[], options: CallOptions = {}): ItemResults<string, undefined> {
    return groups.deleteGroups(this.call(options), groupIds);
  }

  /** Has members leave a group; keys are their ids, of static members those of their configuration. */
  removeMembersFromConsumerGroup(
    groupId: string,
    options: groups.RemoveMembersOptions = {},
  ): ItemResults<string, undefined> {
    return groups.removeMembers(this.call(options), groupId, options);
  }

  /** What groups have committed; partitions without an offset are left out. */
  listConsumerGroupOffsets(
    queries: readonly (string | offsets.GroupOffsetsQuery)[],
    options: offsets.ListGroupOffsetsOptions = {},
  ): ItemResults<string, ReadonlyMap<string, offsets.CommittedOffset>> {
    return offsets.listGroupOffsets(this.call(options), queries, options);
  }

  /** Commits offsets for a group, which may not have members that read the topics. */
  alterConsumerGroupOffsets(
    groupId: string,
    committed: readonly offsets.CommittedOffset[],
    options: CallOptions = {},
  ): ItemResults<string, undefined> {
    return offsets.alterGroupOffsets(this.call(options), groupId, committed);
  }

  /** Deletes offsets of a group, which may not have members that read the topics. */
  deleteConsumerGroupOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
    options: CallOptions = {},
  ): ItemResults<string, undefined> {
    return offsets.deleteGroupOffsets(this.call(options), groupId, partitions);
  }

  /** Where share groups start to read. */
  listShareGroupOffsets(
    queries: readonly (string | offsets.GroupOffsetsQuery)[],
    options: CallOptions = {},
  ): ItemResults<string, ReadonlyMap<string, shareOffsets.ShareGroupOffset>> {
    return shareOffsets.listShareGroupOffsets(this.call(options), queries);
  }

  /** Sets where a share group without members starts to read. */
  alterShareGroupOffsets(
    groupId: string,
    starts: readonly shareOffsets.ShareGroupOffsetToSet[],
    options: CallOptions = {},
  ): ItemResults<string, undefined> {
    return shareOffsets.alterShareGroupOffsets(this.call(options), groupId, starts);
  }

  /** Has a share group without members forget topics. */
  deleteShareGroupOffsets(
    groupId: string,
    topicNames: readonly string[],
    options: CallOptions = {},
  ): ItemResults<string, undefined> {
    return shareOffsets.deleteShareGroupOffsets(this.call(options), groupId, topicNames);
  }

  /** Has other replicas lead partitions: the preferred ones, or any that live. */
  electLeaders(
    type: reassignments.ElectionType,
    options: reassignments.ElectLeadersOptions = {},
  ): ItemResults<string, undefined> {
    return reassignments.electLeaders(this.call(options), type, options);
  }

  /** Starts to move partitions to other brokers, or gives it up. */
  alterPartitionReassignments(
    moves: readonly reassignments.Reassignment[],
    options: reassignments.AlterReassignmentsOptions = {},
  ): ItemResults<string, undefined> {
    return reassignments.alterReassignments(this.call(options), moves, options);
  }

  /** The reassignments under way, by {@link partitionKey}. */
  listPartitionReassignments(
    options: reassignments.ListReassignmentsOptions = {},
  ): Promise<ReadonlyMap<string, reassignments.OngoingReassignment>> {
    return reassignments.listReassignments(this.call(options), options);
  }

  /** What is in the log directories of brokers, by broker id. */
  describeLogDirs(
    brokerIds: readonly number[],
    options: CallOptions = {},
  ): ItemResults<number, readonly logDirs.LogDirDescription[]> {
    return logDirs.describeLogDirs(this.call(options), brokerIds);
  }

  /** In which log directories replicas are, by {@link replicaKey}. */
  describeReplicaLogDirs(
    replicas: readonly logDirs.Replica[],
    options: CallOptions = {},
  ): ItemResults<string, logDirs.ReplicaLogDirs> {
    return logDirs.describeReplicaLogDirs(this.call(options), replicas);
  }

  /** Has brokers move replicas to other log directories of theirs, by {@link replicaKey}. */
  alterReplicaLogDirs(
    moves: readonly logDirs.ReplicaMove[],
    options: CallOptions = {},
  ): ItemResults<string, undefined> {
    return logDirs.alterReplicaLogDirs(this.call(options), moves);
  }

  /** The ACLs that a filter matches. */
  describeAcls(
    filter: acls.AclBindingFilter = {},
    options: CallOptions = {},
  ): Promise<readonly acls.AclBinding[]> {
    return acls.describeAcls(this.call(options), filter);
  }

  /** Adds ACLs; keys are their places in the list. */
  createAcls(
    bindings: readonly acls.AclBinding[],
    options: CallOptions = {},
  ): ItemResults<number, undefined> {
    return acls.createAcls(this.call(options), bindings);
  }

  /** Removes the ACLs that filters match, and tells which; keys are the places of the filters in the list. */
  deleteAcls(
    filters: readonly acls.AclBindingFilter[],
    options: CallOptions = {},
  ): ItemResults<number, readonly acls.AclBinding[]> {
    return acls.deleteAcls(this.call(options), filters);
  }

  /** The quotas of users, client ids and addresses. */
  describeClientQuotas(options: quotas.DescribeQuotasOptions = {}): Promise<readonly quotas.ClientQuotas[]> {
    return quotas.describeClientQuotas(this.call(options), options);
  }

  /** Sets and removes quotas; keys are the places of the alterations in the list. */
  alterClientQuotas(
    alterations: readonly quotas.ClientQuotaAlteration[],
    options: quotas.AlterQuotasOptions = {},
  ): ItemResults<number, undefined> {
    return quotas.alterClientQuotas(this.call(options), alterations, options);
  }

  /** Which SCRAM mechanisms users have, by user. */
  describeUserScramCredentials(
    options: scram.DescribeScramOptions = {},
  ): ItemResults<string, readonly scram.ScramCredential[]> {
    return scram.describeScramCredentials(this.call(options), options);
  }

  /** Gives and takes SCRAM credentials, by user. Passwords do not leave this process. */
  alterUserScramCredentials(
    alterations: readonly scram.ScramAlteration[],
    options: CallOptions = {},
  ): ItemResults<string, undefined> {
    return scram.alterScramCredentials(this.call(options), alterations);
  }

  /** Makes a delegation token, with which its owner's clients can log in. */
  createDelegationToken(options: tokens.CreateTokenOptions = {}): Promise<tokens.DelegationToken> {
    return tokens.createToken(this.call(options), options);
  }

  /** Puts off the expiry of a token, and gives the new one in ms since 1970. */
  renewDelegationToken(hmac: Buffer, options: tokens.RenewTokenOptions = {}): Promise<number> {
    return tokens.renewToken(this.call(options), hmac, options);
  }

  /** Brings forward the expiry of a token, and gives the new one in ms since 1970. */
  expireDelegationToken(hmac: Buffer, options: tokens.ExpireTokenOptions = {}): Promise<number> {
    return tokens.expireToken(this.call(options), hmac, options);
  }

  describeDelegationTokens(
    options: tokens.DescribeTokensOptions = {},
  ): Promise<readonly tokens.DelegationToken[]> {
    return tokens.describeTokens(this.call(options), options);
  }

  /** The producers that partitions know of. */
  describeProducers(
    partitions: readonly TopicPartition[],
    options: transactions.DescribeProducersOptions = {},
  ): ItemResults<string, readonly transactions.ProducerState[]> {
    return transactions.describeProducers(this.call(options), partitions, options);
  }

  /** State and partitions of transactions, by transactional id. */
  describeTransactions(
    transactionalIds: readonly string[],
    options: CallOptions = {},
  ): ItemResults<string, transactions.TransactionDescription> {
    return transactions.describeTransactions(this.call(options), transactionalIds);
  }

  /** The transactional ids of all brokers: awaited, one list; settled, that of each broker by its id. */
  listTransactions(
    options: transactions.ListTransactionsOptions = {},
  ): ItemResults<
    number,
    readonly transactions.TransactionListing[],
    readonly transactions.TransactionListing[]
  > {
    return transactions.listTransactions(this.call(options), options);
  }

  /** Ends, by an abort marker, a transaction that hangs in one partition and that its coordinator does not know. */
  abortTransaction(transaction: transactions.HangingTransaction, options: CallOptions = {}): Promise<void> {
    return transactions.abortTransaction(this.call(options), transaction);
  }

  /** Shuts out the producers of transactional ids and aborts what they have open; gives the epochs that do so. */
  fenceProducers(
    transactionalIds: readonly string[],
    options: CallOptions = {},
  ): ItemResults<string, transactions.FencedProducer> {
    return transactions.fenceProducers(this.call(options), transactionalIds);
  }

  /** The APIs that each broker serves, by broker id. */
  apiVersions(options: CallOptions = {}): ItemResults<number, features.BrokerApis> {
    return features.apiVersions(this.call(options));
  }

  /** The features of the cluster, and those that a broker could do. */
  describeFeatures(options: features.DescribeFeaturesOptions = {}): Promise<features.FeatureMetadata> {
    return features.describeFeatures(this.call(options), options);
  }

  /** Changes feature levels; from 4.0 on all of them or none. */
  updateFeatures(
    updates: readonly features.FeatureUpdate[],
    options: features.UpdateFeaturesOptions = {},
  ): ItemResults<string, undefined> {
    return features.updateFeatures(this.call(options), updates, options);
  }

  /** The controllers of a cluster without ZooKeeper. */
  describeMetadataQuorum(options: CallOptions = {}): Promise<quorum.MetadataQuorum> {
    return quorum.describeQuorum(this.call(options));
  }

  /** Has a cluster without ZooKeeper forget a broker. */
  unregisterBroker(brokerId: number, options: CallOptions = {}): Promise<void> {
    return quorum.unregisterBroker(this.call(options), brokerId);
  }

  /** Adds a controller to the voters of a cluster without ZooKeeper. */
  addRaftVoter(voter: quorum.NewRaftVoter, options: quorum.RaftVoterOptions = {}): Promise<void> {
    return quorum.addRaftVoter(this.call(options), voter, options);
  }

  removeRaftVoter(voter: quorum.RaftVoter, options: quorum.RaftVoterOptions = {}): Promise<void> {
    return quorum.removeRaftVoter(this.call(options), voter, options);
  }

  /** Ends all connections; what is under way rejects with CLOSED. */
  async close(): Promise<void> {
    this.cluster.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private call(options: CallOptions): AdminCall {
    return new AdminCall(this.cluster, options);
  }
}
