import type { Env } from '../../../env/env.ts';
import { CreateTopicsRequest, CreateTopicsResponse } from '../../../wire/kafka/messages/19-create-topics.ts';
import { Cluster } from '../cluster/cluster.ts';
import type { TopicInfo } from '../cluster/cluster-metadata.ts';
import type { ClusterOptions } from '../cluster/cluster-options.ts';
import { isKafkaError, throwIfError } from '../kafka-error.ts';

export type AdminOptions = ClusterOptions;

export interface NewTopic {
  readonly name: string;
  /** Default: the brokers' `num.partitions`. */
  readonly partitions?: number;
  /** Default: the brokers' `default.replication.factor`. */
  readonly replicationFactor?: number;
  readonly configs?: Readonly<Record<string, string>>;
}

export interface CallOptions {
  /** How long the call may take, repetitions included. Default `apiTimeoutMs`. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Looks after a cluster: topics, configurations, groups. As `org.apache.kafka.clients.admin.Admin`. */
export class Admin implements AsyncDisposable {
  private readonly cluster: Cluster;

  constructor(env: Env, options: AdminOptions) {
    this.cluster = new Cluster(env, options);
  }

  /** Creates topics; rejects with the {@link BrokerError} of the first that could not be. */
  async createTopics(topics: readonly NewTopic[], options: CallOptions = {}): Promise<void> {
    const response = await this.cluster.retry(
      () =>
        this.cluster.request(
          'controller',
          { request: CreateTopicsRequest, response: CreateTopicsResponse },
          {
            topics: topics.map(({ name, partitions = -1, replicationFactor = -1, configs = {} }) => ({
              name,
              numPartitions: partitions,
              replicationFactor,
              assignments: [],
              configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
            })),
            timeoutMs: this.cluster.settings.requestTimeoutMs,
          },
          { signal: options.signal },
        ),
      { ...options, isTransient: (error) => isKafkaError(error, 'UNREACHABLE') },
    );
    for (const { name, errorCode, errorMessage } of response.topics) {
      throwIfError(errorCode, `topic ${name}`, errorMessage);
    }
  }

  /** All topics of the cluster, by name. */
  async listTopics(options: CallOptions = {}): Promise<ReadonlyMap<string, TopicInfo>> {
    const metadata = await this.cluster.retry(() => this.cluster.askMetadata(null, false), options);
    return metadata.topics;
  }

  async close(): Promise<void> {
    this.cluster.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
