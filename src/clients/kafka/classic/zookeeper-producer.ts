import { assert } from '../../../base/assert.ts';
import { getOrPut } from '../../../base/get-or-put.ts';
import type { Env } from '../../../env/env.ts';
import { ErrorCode } from '../../../wire/kafka/errors.ts';
import { ProduceRequest, ProduceResponse } from '../../../wire/kafka/messages/00-produce.ts';
import type { CompressionName } from '../../../wire/kafka/records/batch.ts';
import { buildBatch } from '../../../wire/kafka/records/builder.ts';
import type { ZooKeeperClient } from '../../zookeeper/zookeeper-client.ts';
import { isZooKeeperError } from '../../zookeeper/zookeeper-error.ts';
import type { BrokerPool } from '../cluster/broker-pool.ts';
import type { BrokerNode } from '../cluster/cluster-metadata.ts';
import { atLeast } from '../cluster/cluster-options.ts';
import { pause } from '../cluster/pause.ts';
import { BrokerError, isRetriable, KafkaError, throwIfError } from '../kafka-error.ts';
import { BrokerRegistry } from './broker-registry.ts';
import { classicConnections } from './classic-connections.ts';
import { type ClassicSessionOptions, openClassicSession } from './classic-session.ts';
import { partitionOfKey } from './key-partitioner.ts';

/** Names in brackets are those of 0.8, and so are the defaults. */
export interface ZooKeeperProducerOptions extends ClassicSessionOptions {
  /** Default empty. (`client.id`) */
  readonly clientId?: string;
  /** 0: nobody's word is waited for, 1: the leader's, -1: that of all in-sync replicas. Default 0. (`request.required.acks`) */
  readonly acks?: -1 | 0 | 1;
  /** How long the brokers wait for each other. Default 10 s. (`request.timeout.ms`) */
  readonly requestTimeoutMs?: number;
  /** Default `none`. (`compression.codec`) */
  readonly compression?: CompressionName;
  /** Default 3. (`message.send.max.retries`) */
  readonly messageSendMaxRetries?: number;
  /** Default 100 ms. (`retry.backoff.ms`) */
  readonly retryBackoffMs?: number;
  /** The partition of a key. Default: Java's hash code of it, see docs. (`partitioner.class`) */
  readonly partitioner?: (key: string | Uint8Array, partitionCount: number) => number;
}

export interface ClassicRecord {
  readonly key?: string | Uint8Array | null;
  readonly value: string | Uint8Array | null;
}

export interface ClassicReport {
  readonly topic: string;
  readonly partition: number;
  /** Undefined with acks 0. */
  readonly offset: number | undefined;
}

/** What ZooKeeper said, until a watch says that it has changed. */
interface View {
  readonly brokers: Promise<ReadonlyMap<number, BrokerNode>>;
  readonly partitions: Map<string, Promise<number[]>>;
  readonly leaders: Map<string, Promise<number>>;
  /** Where records without a key go, by topic. */
  readonly unkeyed: Map<string, number>;
}

interface Placed {
  readonly index: number;
  readonly record: ClassicRecord;
}

/** Past what the brokers allow themselves, before the connection counts as dead. */
const GRACE_MS = 5000;
/** Topics go by name, records in batches of today. */
const PRODUCE_VERSIONS = { min: 3, max: 12 };

/**
 * A producer that is told no broker: it finds brokers, topics and leaders in ZooKeeper, and hears of changes by
 * watches. Each call is one request to each leader, as with the `sync` producer of 0.8 (`kafka.producer.Producer`, and
 * its `zk.connect` of 0.7). For teaching; it neither batches over calls nor is it idempotent: the `Producer` is.
 */
export class ZooKeeperProducer implements AsyncDisposable {
  private readonly env: Env;
  private readonly options: ZooKeeperProducerOptions;
  private readonly pool: BrokerPool;
  private readonly requestTimeoutMs: number;
  private client: ZooKeeperClient;
  private reopening: Promise<void> | undefined;
  private view: View | undefined;
  private isClosed = false;

  private constructor(env: Env, options: ZooKeeperProducerOptions, client: ZooKeeperClient) {
    this.env = env;
    this.options = options;
    this.client = client;
    this.requestTimeoutMs = atLeast('requestTimeoutMs', 1, options.requestTimeoutMs ?? 10_000);
    this.pool = classicConnections(env, {
      clientId: options.clientId ?? '',
      requestTimeoutMs: this.requestTimeoutMs + GRACE_MS,
    });
  }

  /** Opens a session. Rejects with a {@link ZooKeeperError}. */
  static async connect(env: Env, options: ZooKeeperProducerOptions): Promise<ZooKeeperProducer> {
    return new ZooKeeperProducer(env, options, await openClassicSession(env, options, () => undefined));
  }

  /**
   * Sends records to a topic; resolves to where each went, in their order. Those of one partition that failed are sent
   * again, `messageSendMaxRetries` times, with what ZooKeeper says by then; what failed last is what it rejects with,
   * and some records may have been written then.
   */
  async send(topic: string, records: readonly ClassicRecord[]): Promise<ClassicReport[]> {
    const { messageSendMaxRetries: most = 3, retryBackoffMs = 100 } = this.options;
    const reports: ClassicReport[] = [];
    let left = records.map((record, index): Placed => ({ index, record }));
    for (let attempt = 0; ; attempt++) {
      if (this.isClosed) throw new KafkaError('CLOSED', 'the producer is closed');
      const outcome = await this.attempt(topic, left, reports);
      left = outcome.failed;
      if (outcome.error === undefined) return reports;
      this.forget();
      if (attempt >= most || !mayPass(outcome.error)) throw outcome.error;
      await pause(this.env.timers, retryBackoffMs);
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.pool.close();
    await this.client.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Sends what is left; fills in reports, and gives what failed and why. */
  private async attempt(
    topic: string,
    left: readonly Placed[],
    reports: ClassicReport[],
  ): Promise<{ readonly failed: Placed[]; readonly error: unknown }> {
    try {
      const view = await this.currentView();
      const byPartition = await this.place(view, topic, left);
      const outcomes = await Promise.all(
        [...byPartition].map(async ([partition, placed]) => {
          try {
            const offset = await this.produce(view, { topic, partition }, placed);
            for (const [position, { index }] of placed.entries()) {
              reports[index] = {
                topic,
                partition,
                offset: offset === undefined ? undefined : offset + position,
              };
            }
            return { failed: [], error: undefined };
          } catch (error) {
            return { failed: placed, error };
          }
        }),
      );
      const failed = outcomes.flatMap((outcome) => outcome.failed);
      return { failed, error: outcomes.find(({ error }) => error !== undefined)?.error };
    } catch (error) {
      return { failed: [...left], error };
    }
  }

  private async currentView(): Promise<View> {
    if (this.client.state === 'expired') {
      this.reopening ??= this.reopen().finally(() => {
        this.reopening = undefined;
      });
      await this.reopening;
    }
    if (this.view !== undefined) return this.view;
    const brokers = this.registry.brokers(() => this.forget());
    // Whoever needs them hears of it; a topic that is not there may be found out first.
    brokers.catch(() => undefined);
    this.view = { brokers, partitions: new Map(), leaders: new Map(), unkeyed: new Map() };
    return this.view;
  }

  private get registry(): BrokerRegistry {
    return new BrokerRegistry(this.client);
  }

  private forget(): void {
    this.view = undefined;
  }

  private async reopen(): Promise<void> {
    this.view = undefined;
    this.client = await openClassicSession(this.env, this.options, () => undefined);
  }

  private async place(
    view: View,
    topic: string,
    left: readonly Placed[],
  ): Promise<ReadonlyMap<number, Placed[]>> {
    const partitions = await getOrPut(view.partitions, topic, () =>
      this.registry.partitions(topic, () => this.forget()),
    );
    if (partitions.length === 0) {
      throw new BrokerError(
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        `topic ${topic}`,
        'ZooKeeper has no such topic',
      );
    }
    const choose = this.options.partitioner ?? partitionOfKey;
    const byPartition = new Map<number, Placed[]>();
    for (const placed of left) {
      const { key } = placed.record;
      const position =
        key === undefined || key === null
          ? getOrPut(view.unkeyed, topic, () => this.env.random.below(partitions.length))
          : choose(key, partitions.length);
      const partition = partitions[position];
      if (partition === undefined) {
        throw new KafkaError(
          'INVALID_ARGUMENT',
          `the partitioner chose ${position} of ${partitions.length} partitions`,
        );
      }
      getOrPut(byPartition, partition, () => []).push(placed);
    }
    return byPartition;
  }

  /** The offset of the first record, undefined with acks 0. */
  private async produce(
    view: View,
    { topic, partition }: { readonly topic: string; readonly partition: number },
    placed: readonly Placed[],
  ): Promise<number | undefined> {
    const what = `partition ${partition} of ${topic}`;
    const leader = await getOrPut(view.leaders, `${topic} ${partition}`, () =>
      this.registry.leader(topic, partition),
    );
    const node = (await view.brokers).get(leader);
    if (node === undefined) throw new BrokerError(ErrorCode.LEADER_NOT_AVAILABLE, what);
    const { connection, versions } = await this.pool.toBroker(node, 'data');
    const version = versions.highest(ProduceRequest, PRODUCE_VERSIONS);
    const { acks = 0, compression = 'none' } = this.options;
    const timestamp = this.env.clock.nowMs();
    const drafts = placed.map(({ record }) => ({
      timestamp,
      key: bytesOf(record.key),
      value: bytesOf(record.value),
    }));
    const records = buildBatch(drafts, { compression });
    const partitionData = [{ index: partition, records }];
    const body = { acks, timeoutMs: this.requestTimeoutMs, topicData: [{ name: topic, partitionData }] };
    if (acks === 0) {
      connection.send(ProduceRequest, version, body);
      return undefined;
    }
    const messages = { request: ProduceRequest, response: ProduceResponse };
    const answer = (await connection.request(messages, version, body)).responses[0]?.partitionResponses[0];
    assert(answer !== undefined, 'an answer for the only partition');
    throwIfError(answer.errorCode, what, answer.errorMessage);
    return answer.baseOffset;
  }
}

function mayPass(error: unknown): boolean {
  // The topic may be on its way, the session is opened anew.
  return isRetriable(error) || isZooKeeperError(error, 'SESSIONEXPIRED');
}

function bytesOf(value: string | Uint8Array | null | undefined): Uint8Array | null {
  return typeof value === 'string' ? Buffer.from(value) : (value ?? null);
}
