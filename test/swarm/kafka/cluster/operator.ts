import type { SimRandom } from '../../../../src/env/sim/sim-random.ts';
import {
  ElectLeadersRequest,
  ElectLeadersResponse,
} from '../../../../src/wire/kafka/messages/43-elect-leaders.ts';
import {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse,
} from '../../../../src/wire/kafka/messages/45-alter-partition-reassignments.ts';
import type { Draft, Message } from '../../../../src/wire/kafka/schema/index.ts';
import {
  CreatePartitions,
  CreateTopics,
  DeleteTopics,
  IncrementalAlterConfigs,
} from '../../../support/kafka/pairs.ts';
import type { Route } from '../route.ts';
import type { ClusterShape, TopicShape } from './shape.ts';

const ElectLeaders = { request: ElectLeadersRequest, response: ElectLeadersResponse };
const AlterPartitionReassignments = {
  request: AlterPartitionReassignmentsRequest,
  response: AlterPartitionReassignmentsResponse,
};

const PREFERRED = 0;
const TOPIC_RESOURCE = 2;
const SET = 0;
const TIMEOUT_MS = 3000;
const CHURNED_TOPICS = 3;
const CONFIGS = [
  ['retention.ms', '1000000000'],
  ['max.message.bytes', '900000'],
  ['segment.bytes', '6000'],
  ['min.cleanable.dirty.ratio', '0.1'],
] as const;

/** What an operator does to a cluster under load: now and then something, without waiting for how it ends. */
export class Operator {
  isOver = false;
  actions = 0;
  private readonly random: SimRandom;
  private readonly route: Route;
  private readonly shape: ClusterShape;
  /** The controller, as far as the operator knows. */
  private readonly controller: () => number | undefined;

  constructor(parts: {
    random: SimRandom;
    route: Route;
    shape: ClusterShape;
    controller: () => number | undefined;
  }) {
    this.random = parts.random;
    this.route = parts.route;
    this.shape = parts.shape;
    this.controller = parts.controller;
  }

  async run(): Promise<void> {
    const { random, route, shape } = this;
    const actions = [
      () => this.createTopic(),
      () => this.createTopic(),
      () => this.deleteTopic(),
      () => this.addPartitions(),
      () => this.electPreferred(),
      () => this.reassign(),
      () => this.reassign(),
      () => this.cancelReassignment(),
      () => this.changeConfig(),
    ];
    while (!this.isOver && shape.adminPauseMs !== undefined) {
      await route.pause(random.between(0, 2 * shape.adminPauseMs));
      if (this.isOver) return;
      this.actions++;
      await actions[random.below(actions.length)]?.();
    }
  }

  private ask<Q extends Message, R extends Message>(
    messages: { request: Q; response: R },
    version: number,
    request: Draft<Q>,
  ) {
    const controller = this.controller();
    const broker = controller === undefined || this.random.chance(0.1) ? this.route.anyBroker() : controller;
    return this.route.call(broker, messages, version, request);
  }

  private churned(): string {
    return `churn${this.random.below(CHURNED_TOPICS)}`;
  }

  private topic(): TopicShape {
    const { topics } = this.shape;
    return topics[this.random.below(topics.length)] as TopicShape;
  }

  private async createTopic(): Promise<void> {
    const { random, shape } = this;
    const topic = {
      name: this.churned(),
      numPartitions: 1 + random.below(2),
      replicationFactor: 1 + random.below(shape.brokers),
      assignments: [],
      configs: [],
    };
    await this.ask(CreateTopics, 5, { topics: [topic], timeoutMs: TIMEOUT_MS });
  }

  private async deleteTopic(): Promise<void> {
    await this.ask(DeleteTopics, 3, { topicNames: [this.churned()], timeoutMs: TIMEOUT_MS });
  }

  private async addPartitions(): Promise<void> {
    const topics = [{ name: this.churned(), count: 2 + this.random.below(2), assignments: null }];
    await this.ask(CreatePartitions, 1, { topics, timeoutMs: TIMEOUT_MS, validateOnly: false });
  }

  private async electPreferred(): Promise<void> {
    const { name, partitions } = this.topic();
    const topicPartitions = this.random.chance(0.5)
      ? null
      : [{ topic: name, partitions: [...Array(partitions).keys()] }];
    await this.ask(ElectLeaders, 1, { electionType: PREFERRED, topicPartitions, timeoutMs: TIMEOUT_MS });
  }

  private async reassign(): Promise<void> {
    const { random, shape } = this;
    const { replicationFactor } = this.topic();
    const count = random.chance(0.8) ? replicationFactor : 1 + random.below(shape.brokers);
    const brokers = Array.from({ length: shape.brokers }, (_, id) => id);
    const replicas = Array.from(
      { length: count },
      () => brokers.splice(random.below(brokers.length), 1)[0] ?? 0,
    );
    await this.alterReassignment(replicas);
  }

  private cancelReassignment(): Promise<void> {
    return this.alterReassignment(null);
  }

  private async alterReassignment(replicas: number[] | null): Promise<void> {
    const { name, partitions } = this.topic();
    const topics = [{ name, partitions: [{ partitionIndex: this.random.below(partitions), replicas }] }];
    await this.ask(AlterPartitionReassignments, 0, { topics, timeoutMs: TIMEOUT_MS });
  }

  private async changeConfig(): Promise<void> {
    const [name, value] = CONFIGS[this.random.below(CONFIGS.length)] ?? CONFIGS[0];
    const resource = {
      resourceType: TOPIC_RESOURCE,
      resourceName: this.topic().name,
      configs: [{ name, configOperation: SET, value }],
    };
    await this.ask(IncrementalAlterConfigs, 0, { resources: [resource], validateOnly: false });
  }
}
