import { Producer } from '../../kafka/producer/producer.ts';
import type { OffsetTable } from '../consumer/offset-tracker.ts';
import { toKafkaJSError } from '../error-types.ts';
import { KafkaJSNonRetriableError } from '../errors.ts';
import type { Offsets } from '../types/common.ts';
import type { ProducerBatch, RecordMetadata, Transaction } from '../types/producer.ts';
import type { MessageSender, MessageSenderParts } from './message-sender.ts';

export interface TransactionsParts {
  readonly sender: MessageSender;
  readonly parts: MessageSenderParts;
  readonly transactionalId: string;
  readonly transactionTimeoutMs: number;
  /** Throws what is wrong with a batch, or with the producer. */
  readonly check: (batch: ProducerBatch) => void;
  readonly committedOf: (groupId: string) => OffsetTable;
}

const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * The transactions of one producer, one after another, upon one transactional producer of ours.
 *
 *     ended --begin--> active --commit, abort--> ended
 *
 * A producer of ours has one codec. When a transaction begins with another one, the producer is made anew, which
 * fences the old one; within a transaction the first call's codec stays.
 */
export class Transactions {
  private readonly given: TransactionsParts;
  private producer: Producer | undefined;
  private codec = 0;
  private hasSent = false;
  private current: object | undefined;

  constructor(given: TransactionsParts) {
    this.given = given;
  }

  async begin(): Promise<Transaction> {
    if (this.current !== undefined) {
      throw new KafkaJSNonRetriableError(
        'There is already an ongoing transaction for this producer. Please end the transaction before beginning another.',
      );
    }
    const own = {};
    this.current = own;
    this.hasSent = false;
    try {
      await this.open(this.codec);
    } catch (error) {
      this.current = undefined;
      throw error;
    }
    return this.transactionOf(own);
  }

  async close(): Promise<void> {
    await this.producer?.close();
    this.producer = undefined;
    this.current = undefined;
  }

  private transactionOf(own: object): Transaction {
    const isActive = (): boolean => this.current === own;
    const guarded =
      <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        if (!isActive()) throw new KafkaJSNonRetriableError('Cannot continue to use transaction once ended');
        return call(...args);
      };
    const sendBatch = guarded((batch: ProducerBatch) => this.send(batch));
    return {
      send: ({ topic, messages, ...how }) => sendBatch({ ...how, topicMessages: [{ topic, messages }] }),
      sendBatch,
      sendOffsets: guarded((offsets) => this.sendOffsets(offsets)),
      commit: guarded(() => this.end((producer) => producer.commitTransaction())),
      abort: guarded(() => this.end((producer) => producer.abortTransaction())),
      isActive,
    };
  }

  /** A producer of this codec, in a transaction. */
  private async open(codec: number): Promise<Producer> {
    const { parts, sender, transactionalId, transactionTimeoutMs } = this.given;
    try {
      if (this.producer !== undefined && this.codec !== codec) {
        await this.producer.close();
        this.producer = undefined;
      }
      if (this.producer === undefined) {
        const mode = sender.optionsFor({ acks: -1, timeoutMs: DEFAULT_TIMEOUT_MS, compression: codec });
        const { env } = parts;
        const producer = new Producer(env, {
          ...mode,
          idempotence: true,
          transactionalId,
          transactionTimeoutMs,
        });
        this.codec = codec;
        this.producer = producer;
        await producer.initTransactions();
      }
      this.producer.beginTransaction();
      return this.producer;
    } catch (error) {
      await this.producer?.close();
      this.producer = undefined;
      throw toKafkaJSError(error);
    }
  }

  private async send(batch: ProducerBatch): Promise<RecordMetadata[]> {
    this.given.check(batch);
    const { compression = this.codec, topicMessages = [] } = batch;
    const producer =
      !this.hasSent && compression !== this.codec ? await this.open(compression) : this.producer;
    if (producer === undefined) throw new KafkaJSNonRetriableError('The producer is disconnected');
    this.hasSent = true;
    return this.given.sender.sendBy(producer, topicMessages, -1);
  }

  private async sendOffsets(offsets: Offsets & { consumerGroupId: string }): Promise<void> {
    const { consumerGroupId: groupId, topics } = offsets;
    if (!groupId) throw new KafkaJSNonRetriableError('Missing consumerGroupId');
    if (!topics) throw new KafkaJSNonRetriableError('Missing offset topics');
    const entries = topics.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, offset }) => ({
        topic,
        partition: Number(partition),
        offset: Number(offset),
      })),
    );
    try {
      await this.producer?.sendOffsetsToTransaction(entries, { groupId });
    } catch (error) {
      throw toKafkaJSError(error);
    }
    this.hasSent = true;
    // A consumer of the same `Kafka` need not commit them again.
    const committed = this.given.committedOf(groupId);
    for (const { topic, partition, offset } of entries) {
      committed.set(topic, (committed.get(topic) ?? new Map<number, number>()).set(partition, offset));
    }
  }

  private async end(how: (producer: Producer) => Promise<void>): Promise<void> {
    try {
      if (this.producer !== undefined) await how(this.producer);
    } catch (error) {
      throw toKafkaJSError(error);
    }
    this.current = undefined;
  }
}
