import { getOrPut } from '../../../base/get-or-put.ts';
import type { Env } from '../../../env/env.ts';
import { COMPRESSION_NAMES } from '../../../wire/kafka/records/batch.ts';
import { isRetriable } from '../../kafka/kafka-error.ts';
import type { RecordMetadata as Acknowledged } from '../../kafka/producer/prepared-record.ts';
import { Producer } from '../../kafka/producer/producer.ts';
import type { ProducerRecord as Outgoing } from '../../kafka/producer/producer-record.ts';
import { type CompatCluster, clusterOptions } from '../compat-cluster.ts';
import { toKafkaJSError } from '../error-types.ts';
import {
  KafkaJSMetadataNotLoaded,
  KafkaJSNonRetriableError,
  KafkaJSNumberOfRetriesExceeded,
} from '../errors.ts';
import { createRetrier } from '../retrier.ts';
import type { IHeaders, Message, RetryOptions } from '../types/common.ts';
import type { PartitionerArgs, ProducerBatch, RecordMetadata, TopicMessages } from '../types/producer.ts';

/** What one producer of ours is made for; kafkajs lets every call choose. */
export interface SendMode {
  readonly acks: number;
  readonly timeoutMs: number;
  readonly compression: number;
}

export interface MessageSenderParts {
  readonly env: Env;
  readonly cluster: CompatCluster;
  readonly retry: RetryOptions;
  readonly partitioner: (args: PartitionerArgs) => number;
  readonly isIdempotent: boolean;
  readonly maxInFlightRequests: number | undefined;
}

const DEFAULT_TIMEOUT_MS = 30_000;
/** As many records of a call as possible go in one batch, as they do in kafkajs. */
const BATCH_BYTES = 512 * 1024;
/** Whether a record is too large is the broker's to say. */
const MAX_REQUEST_BYTES = 128 * 1024 * 1024;
const DEFAULT_RETRIES = 5;

/** Sends messages by producers of ours, one for each mode that was asked for. */
export class MessageSender {
  private readonly parts: MessageSenderParts;
  private readonly producers = new Map<string, Producer>();
  /** By topic, what resolves when all calls so far have their messages on the way. */
  private readonly tails = new Map<string, Promise<void>>();

  constructor(parts: MessageSenderParts) {
    this.parts = parts;
  }

  async sendBatch(batch: ProducerBatch): Promise<RecordMetadata[]> {
    const { acks = -1, timeout, compression = 0, topicMessages = [] } = batch;
    const producer = this.producerFor({ acks, timeoutMs: timeout ?? DEFAULT_TIMEOUT_MS, compression });
    return this.sendBy(producer, topicMessages, acks);
  }

  /** Places messages and sends them, behind those of earlier calls to the same topics. */
  async sendBy(
    producer: Producer,
    topicMessages: readonly TopicMessages[],
    acks: number,
  ): Promise<RecordMetadata[]> {
    const merged = merge(topicMessages);
    const topics = merged.map(({ topic }) => topic);
    const started = Promise.all(topics.map((topic) => this.tails.get(topic))).then(async () => {
      const records = await this.place(merged);
      return { records, acknowledged: this.send(producer, records) };
    });
    const tail = started.then(
      ({ acknowledged }) => void acknowledged.catch(() => undefined),
      () => undefined,
    );
    for (const topic of topics) this.tails.set(topic, tail);
    const { records, acknowledged } = await started;
    return reportsOf(records, await acknowledged, acks);
  }

  /** Sends placed records by a producer of ours; what comes of it in kafkajs's errors. */
  private async send(
    producer: Producer,
    records: readonly Outgoing<Buffer | string, Buffer | string>[],
  ): Promise<Acknowledged[]> {
    try {
      return await producer.sendMany(records);
    } catch (thrown) {
      const error = toKafkaJSError(thrown);
      // Our producer has tried again by then.
      const { retries: retryCount = DEFAULT_RETRIES, maxRetryTime: retryTime = 30_000 } = this.parts.retry;
      if (isRetriable(thrown)) throw new KafkaJSNumberOfRetriesExceeded(error, { retryCount, retryTime });
      throw error;
    }
  }

  /** Chooses a partition for each message, with what is known of their topics, which is asked for until it is there. */
  async place(
    topicMessages: readonly TopicMessages[],
  ): Promise<Outgoing<Buffer | string, Buffer | string>[]> {
    const { env, cluster, retry } = this.parts;
    const retrier = createRetrier(env, retry);
    await retrier(async () => {
      await cluster.addMultipleTargetTopics(topicMessages.map(({ topic }) => topic));
      await cluster.refreshMetadataIfNecessary();
      if (topicMessages.some(({ topic }) => cluster.findTopicPartitionMetadata(topic).length === 0)) {
        await cluster.refreshMetadata();
        throw new KafkaJSMetadataNotLoaded('Producing to topic without metadata');
      }
    });
    const now = env.clock.nowMs();
    return topicMessages.flatMap(({ topic, messages }) => {
      const partitionMetadata = cluster.findTopicPartitionMetadata(topic);
      return messages.map((message) => {
        const partition = Number(this.parts.partitioner({ topic, partitionMetadata, message }));
        return { topic, partition, ...contentOf(message, now) };
      });
    });
  }

  async close(): Promise<void> {
    const producers = [...this.producers.values()];
    this.producers.clear();
    await Promise.all(producers.map((producer) => producer.close()));
  }

  private producerFor(mode: SendMode): Producer {
    const { env } = this.parts;
    return getOrPut(this.producers, JSON.stringify(mode), () => new Producer(env, this.optionsFor(mode)));
  }

  /** The options of a producer of ours that does what was asked for. */
  optionsFor({ acks, timeoutMs, compression }: SendMode) {
    const { cluster, isIdempotent, maxInFlightRequests, retry } = this.parts;
    const codec = COMPRESSION_NAMES[compression];
    if (codec === undefined) throw new KafkaJSNonRetriableError(`Invalid compression type ${compression}`);
    if (acks !== 0 && acks !== 1 && acks !== -1) throw new KafkaJSNonRetriableError(`Invalid acks ${acks}`);
    return {
      ...clusterOptions(cluster.options, cluster.brokers),
      requestTimeoutMs: timeoutMs,
      acks,
      compression: codec,
      idempotence: isIdempotent,
      ...(maxInFlightRequests !== undefined && { maxInFlightRequests }),
      retries: Math.min(retry.retries ?? DEFAULT_RETRIES, 0x7fff_ffff),
      retryBackoffMs: retry.initialRetryTime ?? 300,
      retryBackoffMaxMs: retry.maxRetryTime ?? 30_000,
      batchBytes: BATCH_BYTES,
      maxRequestBytes: MAX_REQUEST_BYTES,
      allowAutoTopicCreation: cluster.options.allowAutoTopicCreation,
    } as const;
  }
}

/** One entry for a topic, in the order in which topics come first. */
function merge(topicMessages: readonly TopicMessages[]): TopicMessages[] {
  const merged = new Map<string, Message[]>();
  for (const { topic, messages } of topicMessages) getOrPut(merged, topic, () => []).push(...messages);
  return [...merged].map(([topic, messages]) => ({ topic, messages }));
}

function contentOf(message: Message, nowMs: number) {
  const { key = null, value, headers, timestamp } = message;
  return {
    key: bytesOf(key),
    value: bytesOf(value),
    headers: headers === undefined || headers === null ? [] : headersOf(headers),
    timestamp: timestamp === undefined || timestamp === null ? nowMs : Number(timestamp),
  };
}

/** Numbers and the like are sent as text. */
function bytesOf(value: unknown): Buffer | string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || Buffer.isBuffer(value)) return value;
  return value instanceof Uint8Array ? Buffer.from(value) : String(value);
}

/** A list under a key becomes as many headers. */
function headersOf(headers: IHeaders): { key: string; value: Buffer | string | null }[] {
  return Object.entries(headers).flatMap(([key, value]) =>
    (Array.isArray(value) ? value : [value]).map((each) => ({ key, value: bytesOf(each) })),
  );
}

/** One report for each partition that was written to. */
function reportsOf(
  records: readonly Outgoing<Buffer | string, Buffer | string>[],
  acknowledged: readonly Acknowledged[],
  acks: number,
): RecordMetadata[] {
  if (acks === 0) return [];
  const reports = new Map<string, RecordMetadata>();
  for (const [index, { topic, partition, offset, timestamp }] of acknowledged.entries()) {
    const key = `${topic} ${partition}`;
    if (reports.has(key)) continue;
    reports.set(key, {
      topicName: topic,
      partition,
      errorCode: 0,
      baseOffset: String(offset),
      // The broker's clock, where the topic has it so.
      logAppendTime: timestamp === records[index]?.timestamp ? '-1' : String(timestamp),
      logStartOffset: '0',
    });
  }
  return [...reports.values()];
}
