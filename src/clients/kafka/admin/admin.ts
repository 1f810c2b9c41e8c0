import type { Env } from '../../../env/env.ts';
import { Cluster } from '../cluster/cluster.ts';
import type { TopicPartition } from '../cluster/cluster-metadata.ts';
import type { ClusterOptions } from '../cluster/cluster-options.ts';
import { AdminCall } from './admin-call.ts';
import type { CallOptions } from './call-options.ts';
import * as description from './cluster-description.ts';
import * as configs from './configs.ts';
import {
  type DescribeGroupsOptions,
  describeClassicGroups,
  describeConsumerGroups,
  describeShareGroups,
} from './describe-groups.ts';
import { type DescribeTopicsOptions, describeTopics } from './describe-topics.ts';
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
import * as shareOffsets from './share-group-offsets.ts';
import type { TopicDescription } from './topic-description.ts';
import * as topics from './topics.ts';

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

  /** Replaces all that is set of a resource. For brokers before 2.3, and gone from 4.0 on. */
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
