import { bindMethods } from '../bind-methods.ts';
import { describeGroups } from '../describe-groups.ts';
import { KafkaJSNonRetriableError } from '../errors.ts';
import type { Instrumentation } from '../instrumentation.ts';
import type { Admin, AdminEvents } from '../types/admin.ts';
import type { Logger } from '../types/common.ts';
import * as acls from './acls.ts';
import { AdminCalls, type AdminParts } from './admin-calls.ts';
import * as configs from './configs.ts';
import * as groups from './groups.ts';
import * as offsets from './offsets.ts';
import * as reassignments from './reassignments.ts';
import * as topics from './topics.ts';

export const ADMIN_EVENTS: AdminEvents = {
  CONNECT: 'admin.connect',
  DISCONNECT: 'admin.disconnect',
  REQUEST: 'admin.network.request',
  REQUEST_TIMEOUT: 'admin.network.request_timeout',
  REQUEST_QUEUE_SIZE: 'admin.network.request_queue_size',
};

/** kafkajs's admin client: its calls, each in a module of what it is about. */
export class CompatAdmin implements Admin {
  readonly events = ADMIN_EVENTS;
  private readonly calls: AdminCalls;
  private readonly log: Logger;
  private readonly instrumentation: Instrumentation<AdminEvents>;

  constructor(parts: AdminParts & { readonly instrumentation: Instrumentation<AdminEvents> }) {
    this.log = parts.logger.namespace('Admin');
    this.instrumentation = parts.instrumentation;
    this.calls = new AdminCalls({ ...parts, logger: this.log });
    bindMethods(this);
  }

  async connect(): Promise<void> {
    await this.calls.cluster.connect();
    this.instrumentation.emit(this.events.CONNECT);
  }

  async disconnect(): Promise<void> {
    await this.calls.cluster.disconnect();
    this.instrumentation.emit(this.events.DISCONNECT);
  }

  async listTopics(): Promise<string[]> {
    const { topicMetadata } = await this.calls.cluster.metadata();
    return topicMetadata.map(({ topic }) => topic);
  }

  createTopics(options: Parameters<Admin['createTopics']>[0]) {
    return topics.createTopics(this.calls, options);
  }

  deleteTopics(options: Parameters<Admin['deleteTopics']>[0]) {
    return topics.deleteTopics(this.calls, options);
  }

  createPartitions(options: Parameters<Admin['createPartitions']>[0]) {
    return topics.createPartitions(this.calls, options);
  }

  deleteTopicRecords(options: Parameters<Admin['deleteTopicRecords']>[0]) {
    return topics.deleteTopicRecords(this.calls, options);
  }

  async fetchTopicMetadata({ topics: names = [] }: { topics?: string[] } = {}) {
    for (const name of names) {
      if (!name || typeof name !== 'string') throw new KafkaJSNonRetriableError(`Invalid topic ${name}`);
    }
    const { topicMetadata } = await this.calls.cluster.metadata({ topics: names });
    return {
      topics: topicMetadata.map(({ topic, partitionMetadata }) => ({
        name: topic,
        partitions: partitionMetadata,
      })),
    };
  }

  async describeCluster() {
    const { brokers, clusterId, controllerId } = await this.calls.cluster.metadata();
    return {
      brokers: brokers.map(({ nodeId, host, port }) => ({ nodeId, host, port })),
      controller: controllerId < 0 ? null : controllerId,
      clusterId,
    };
  }

  fetchOffsets(options: Parameters<Admin['fetchOffsets']>[0]) {
    return offsets.fetchOffsets(this.calls, options);
  }

  fetchTopicOffsets(topic: string) {
    return offsets.fetchTopicOffsets(this.calls, topic);
  }

  fetchTopicOffsetsByTimestamp(topic: string, timestamp?: number) {
    return offsets.fetchTopicOffsetsByTimestamp(this.calls, topic, timestamp);
  }

  setOffsets(options: Parameters<Admin['setOffsets']>[0]) {
    return offsets.setOffsets(this.calls, options);
  }

  resetOffsets(options: { groupId: string; topic: string; earliest?: boolean }) {
    return offsets.resetOffsets(this.calls, options);
  }

  describeConfigs(options: Parameters<Admin['describeConfigs']>[0]) {
    return configs.describeConfigs(this.calls, options);
  }

  alterConfigs(options: Parameters<Admin['alterConfigs']>[0]) {
    return configs.alterConfigs(this.calls, options);
  }

  listGroups() {
    return groups.listGroups(this.calls);
  }

  async describeGroups(groupIds: string[]) {
    return { groups: await this.calls.retrier(() => describeGroups(this.calls.cluster, groupIds)) };
  }

  deleteGroups(groupIds: string[]) {
    return groups.deleteGroups(this.calls, groupIds);
  }

  describeAcls(options: Parameters<Admin['describeAcls']>[0]) {
    return acls.describeAcls(this.calls, options);
  }

  deleteAcls(options: Parameters<Admin['deleteAcls']>[0]) {
    return acls.deleteAcls(this.calls, options);
  }

  createAcls(options: Parameters<Admin['createAcls']>[0]) {
    return acls.createAcls(this.calls, options);
  }

  alterPartitionReassignments(options: Parameters<Admin['alterPartitionReassignments']>[0]) {
    return reassignments.alterPartitionReassignments(this.calls, options);
  }

  listPartitionReassignments(options: Parameters<Admin['listPartitionReassignments']>[0] = {}) {
    return reassignments.listPartitionReassignments(this.calls, options);
  }

  on(eventName: string, listener: (event: never) => void): () => void {
    return this.instrumentation.on(eventName, listener as (event: unknown) => void);
  }

  logger(): Logger {
    return this.log;
  }
}
