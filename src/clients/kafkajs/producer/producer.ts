import type { Env } from '../../../env/env.ts';
import { bindMethods } from '../bind-methods.ts';
import type { CompatCluster } from '../compat-cluster.ts';
import type { OffsetTable } from '../consumer/offset-tracker.ts';
import { KafkaJSError, KafkaJSNonRetriableError } from '../errors.ts';
import type { Instrumentation } from '../instrumentation.ts';
import type { Logger, RetryOptions } from '../types/common.ts';
import type {
  ICustomPartitioner,
  Producer,
  ProducerBatch,
  ProducerConfig,
  ProducerEvents,
  ProducerRecord,
  RecordMetadata,
  Transaction,
} from '../types/producer.ts';
import { checkBatch } from './check-batch.ts';
import { MessageSender } from './message-sender.ts';
import { Transactions } from './transactions.ts';

export const PRODUCER_EVENTS: ProducerEvents = {
  CONNECT: 'producer.connect',
  DISCONNECT: 'producer.disconnect',
  REQUEST: 'producer.network.request',
  REQUEST_TIMEOUT: 'producer.network.request_timeout',
  REQUEST_QUEUE_SIZE: 'producer.network.request_queue_size',
};

export interface ProducerParts {
  readonly env: Env;
  readonly cluster: CompatCluster;
  readonly logger: Logger;
  readonly instrumentation: Instrumentation<ProducerEvents>;
  readonly retry: RetryOptions;
  readonly defaultPartitioner: ICustomPartitioner;
  /** What is known to be committed by a group. */
  readonly committedOf: (groupId: string) => OffsetTable;
}

/**
 * kafkajs's producer, upon ours: messages of calls at the same time share batches and requests.
 *
 *     disconnected --connect--> connected --disconnect: what is under way is sent--> disconnected
 */
export class CompatProducer implements Producer {
  readonly events = PRODUCER_EVENTS;
  private readonly parts: ProducerParts;
  private readonly config: ProducerConfig;
  private readonly log: Logger;
  private readonly sender: MessageSender;
  private readonly transactions: Transactions | undefined;
  private status: 'connected' | 'disconnecting' | 'disconnected' = 'disconnected';

  /** Throws a KafkaJSNonRetriableError for a configuration that cannot work. */
  constructor(parts: ProducerParts, config: ProducerConfig) {
    this.parts = parts;
    this.config = config;
    this.log = parts.logger.namespace('Producer');
    const { idempotent = false } = config;
    if (idempotent && (parts.retry.retries ?? Number.MAX_SAFE_INTEGER) < 1) {
      throw new KafkaJSNonRetriableError(
        'Idempotent producer must allow retries to protect against transient errors',
      );
    }
    const senderParts = {
      env: parts.env,
      cluster: parts.cluster,
      retry: idempotent ? { retries: Number.MAX_SAFE_INTEGER, ...parts.retry } : parts.retry,
      partitioner: (config.createPartitioner ?? parts.defaultPartitioner)(),
      isIdempotent: idempotent,
      maxInFlightRequests: config.maxInFlightRequests,
    };
    this.sender = new MessageSender(senderParts);
    const { transactionalId, transactionTimeout = 60_000 } = config;
    if (transactionalId) {
      this.transactions = new Transactions({
        sender: this.sender,
        parts: senderParts,
        transactionalId,
        transactionTimeoutMs: transactionTimeout,
        check: (batch) => this.check(batch, true),
        committedOf: parts.committedOf,
      });
    }
    bindMethods(this);
  }

  async connect(): Promise<void> {
    await this.parts.cluster.connect();
    this.status = 'connected';
    this.parts.instrumentation.emit(this.events.CONNECT);
  }

  async disconnect(): Promise<void> {
    this.status = 'disconnecting';
    await this.transactions?.close();
    await this.sender.close();
    await this.parts.cluster.disconnect();
    this.status = 'disconnected';
    this.parts.instrumentation.emit(this.events.DISCONNECT);
  }

  isIdempotent(): boolean {
    return this.config.idempotent ?? false;
  }

  send({ topic, messages, ...how }: ProducerRecord): Promise<RecordMetadata[]> {
    return this.sendBatch({ ...how, topicMessages: [{ topic, messages }] });
  }

  async sendBatch(batch: ProducerBatch): Promise<RecordMetadata[]> {
    this.check(batch, this.isIdempotent());
    return this.sender.sendBatch(batch);
  }

  async transaction(): Promise<Transaction> {
    if (this.transactions === undefined) {
      throw new KafkaJSNonRetriableError('Must provide transactional id for transactional producer');
    }
    return this.transactions.begin();
  }

  on(eventName: string, listener: (event: never) => void): () => void {
    return this.parts.instrumentation.on(eventName, listener as (event: unknown) => void);
  }

  logger(): Logger {
    return this.log;
  }

  private check(batch: ProducerBatch, isIdempotent: boolean): void {
    checkBatch(batch.topicMessages ?? [], batch.acks ?? -1, isIdempotent);
    if (this.status === 'connected') return;
    if (this.status === 'disconnected') throw new KafkaJSError('The producer is disconnected');
    throw new KafkaJSNonRetriableError(
      "The producer is disconnecting; therefore, it can't safely accept messages anymore",
    );
  }
}
