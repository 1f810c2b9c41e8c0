import { getOrPut } from '../../base/get-or-put.ts';
import type { Env } from '../../env/env.ts';
import { ADMIN_EVENTS, CompatAdmin } from './admin/admin.ts';
import { CompatCluster, type CompatClusterOptions } from './compat-cluster.ts';
import { logLevel } from './constants.ts';
import { CONSUMER_EVENTS, CompatConsumer } from './consumer/consumer.ts';
import type { OffsetTable } from './consumer/offset-tracker.ts';
import { KafkaJSNonRetriableError } from './errors.ts';
import { Instrumentation } from './instrumentation.ts';
import { createLogger } from './logger.ts';
import { networkEvents } from './network-events.ts';
import { createPartitioners } from './partitioners.ts';
import { CompatProducer, PRODUCER_EVENTS } from './producer/producer.ts';
import type { Admin, AdminConfig } from './types/admin.ts';
import type { KafkaConfig, Logger, logCreator } from './types/common.ts';
import type { Consumer, ConsumerConfig } from './types/consumer.ts';
import type { Producer, ProducerConfig } from './types/producer.ts';

const READ_UNCOMMITTED = 0;
const READ_COMMITTED = 1;
const DEFAULT_CONSUMER_RETRY = { retries: 5 };

/** kafkajs's `Kafka`: makes clients of one configuration. */
export class CompatKafka {
  private readonly env: Env;
  private readonly config: KafkaConfig;
  private readonly rootLogger: Logger;
  /** What is known to be committed, by group: shared by the clients that are made here. */
  private readonly committed = new Map<string, OffsetTable>();

  /** Throws a KafkaJSNonRetriableError for what is not served. */
  constructor(env: Env, config: KafkaConfig, defaultLogCreator: logCreator) {
    refuseUnserved(config);
    this.env = env;
    this.config = config;
    this.rootLogger = createLogger(
      env.clock,
      config.logLevel ?? logLevel.INFO,
      config.logCreator ?? defaultLogCreator,
    );
  }

  producer(config: ProducerConfig = {}): Producer {
    const instrumentation = new Instrumentation(this.env.clock, this.rootLogger, 'producer', PRODUCER_EVENTS);
    const retry = { ...this.config.retry, ...config.retry };
    const cluster = this.cluster({
      retry,
      metadataMaxAge: config.metadataMaxAge,
      allowAutoTopicCreation: config.allowAutoTopicCreation ?? true,
      isolationLevel: READ_UNCOMMITTED,
      observer: networkEvents(() => instrumentation),
    });
    const { DefaultPartitioner } = createPartitioners(this.env.random);
    return new CompatProducer(
      {
        env: this.env,
        cluster,
        logger: this.rootLogger,
        instrumentation,
        retry,
        defaultPartitioner: DefaultPartitioner,
        committedOf: (groupId) => this.committedOf(groupId),
      },
      config,
    );
  }

  consumer(config: ConsumerConfig): Consumer {
    const instrumentation = new Instrumentation(this.env.clock, this.rootLogger, 'consumer', CONSUMER_EVENTS);
    const isolationLevel = config?.readUncommitted === true ? READ_UNCOMMITTED : READ_COMMITTED;
    const retry = { ...this.config.retry, ...(config?.retry ?? DEFAULT_CONSUMER_RETRY) };
    const cluster = this.cluster({
      retry: this.config.retry,
      metadataMaxAge: config?.metadataMaxAge,
      allowAutoTopicCreation: config?.allowAutoTopicCreation ?? true,
      isolationLevel,
      observer: networkEvents(() => instrumentation),
    });
    const { env, rootLogger: logger } = this;
    const committed = this.committedOf(config?.groupId);
    return new CompatConsumer(
      { env, cluster, logger, instrumentation, retry, isolationLevel, committed },
      config ?? { groupId: '' },
    );
  }

  admin(config: AdminConfig = {}): Admin {
    const instrumentation = new Instrumentation(this.env.clock, this.rootLogger, 'admin', ADMIN_EVENTS);
    const retry = { ...this.config.retry, ...config.retry };
    const cluster = this.cluster({
      retry: this.config.retry,
      allowAutoTopicCreation: false,
      isolationLevel: READ_UNCOMMITTED,
      observer: networkEvents(() => instrumentation),
    });
    const { env, rootLogger: logger } = this;
    return new CompatAdmin({ env, cluster, logger, instrumentation, retry });
  }

  logger(): Logger {
    return this.rootLogger;
  }

  private cluster(options: Omit<CompatClusterOptions, 'config' | 'logger'>): CompatCluster {
    return new CompatCluster(this.env, { ...options, config: this.config, logger: this.rootLogger });
  }

  private committedOf(groupId: string): OffsetTable {
    return getOrPut(this.committed, groupId, () => new Map());
  }
}

function refuseUnserved({ ssl, sasl, socketFactory }: KafkaConfig): void {
  if (ssl) {
    throw new KafkaJSNonRetriableError(
      'ssl is not served yet: connect to a PLAINTEXT listener, without "ssl"',
    );
  }
  if (sasl) {
    throw new KafkaJSNonRetriableError(
      'sasl is not served yet: connect to a PLAINTEXT listener, without "sasl"',
    );
  }
  if (socketFactory !== undefined) {
    throw new KafkaJSNonRetriableError(
      'socketFactory is not served: connections are made by Streamkeeper itself',
    );
  }
}
