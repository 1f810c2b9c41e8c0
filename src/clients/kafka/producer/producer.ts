import { unlessAborted } from '../../../base/unless-aborted.ts';
import type { Env } from '../../../env/env.ts';
import type { Timer } from '../../../env/timers.ts';
import {
  InitProducerIdRequest,
  InitProducerIdResponse,
} from '../../../wire/kafka/messages/22-init-producer-id.ts';
import { BATCH_OVERHEAD } from '../../../wire/kafka/records/batch.ts';
import { Cluster } from '../cluster/cluster.ts';
import type { PartitionInfo } from '../cluster/cluster-metadata.ts';
import { KafkaError, throwIfError } from '../kafka-error.ts';
import type { Serializer } from '../serde.ts';
import { Accumulator } from './accumulator.ts';
import { Admission } from './admission.ts';
import { Interceptors } from './interceptors.ts';
import { PreparedRecord, type Receipt, type RecordMetadata } from './prepared-record.ts';
import { ProducerMetrics, type ProducerMetricsSnapshot } from './producer-metrics.ts';
import {
  type ProducerOptions,
  type ProducerSettings,
  producerSettings,
  type Sendable,
} from './producer-options.ts';
import type { ProducerRecord } from './producer-record.ts';
import { ProducerState } from './producer-state.ts';
import { ManyReceipt, OneReceipt } from './receipts.ts';
import { isTraced, traced } from './send-trace.ts';
import { Sender } from './sender.ts';
import { serialized } from './serialized.ts';
import type { GroupMembership, TransactionOffset } from './transaction-offsets.ts';
import { Transactions } from './transactions.ts';

export interface SendOptions {
  /** Aborted while the record waits for room or metadata, it is not sent; later it may have been written all the same. */
  readonly signal?: AbortSignal;
}

export interface CloseOptions {
  /** How long records that are not acknowledged may still take; then they fail. Default: as long as each may. */
  readonly timeoutMs?: number;
}

/**
 * Sends records to topics, in batches behind the caller's back. As `org.apache.kafka.clients.producer.KafkaProducer`.
 *
 * Records of one partition are written in the order of the calls, and with idempotence (the default) once each,
 * whatever has to be sent again. Each call's promise tells what became of its record.
 */
export class Producer<K = Sendable, V = Sendable> implements AsyncDisposable {
  private readonly env: Env;
  private readonly cluster: Cluster;
  private readonly settings: ProducerSettings;
  private readonly keySerializer: Serializer<K> | undefined;
  private readonly valueSerializer: Serializer<V> | undefined;
  private readonly interceptors: Interceptors<K, V>;
  private readonly counts = new ProducerMetrics();
  private readonly accumulator: Accumulator;
  private readonly admission: Admission;
  private readonly transactions: Transactions | undefined;
  private readonly sender: Sender;
  private readonly ageing: Timer;
  private flushes = 0;
  private isAskingForId = false;
  private closing: Promise<void> | undefined;

  /** Connects when the first record is sent. Throws a {@link KafkaError} of code INVALID_ARGUMENT. */
  constructor(env: Env, options: ProducerOptions<K, V>) {
    this.env = env;
    this.settings = producerSettings(options);
    const { settings } = this;
    this.keySerializer = options.keySerializer;
    this.valueSerializer = options.valueSerializer;
    this.interceptors = new Interceptors(options.interceptors ?? [], env.log);
    this.cluster = new Cluster(env, options);
    this.accumulator = new Accumulator({
      settings,
      random: env.random,
      nowMs: () => env.clock.monotonicMs(),
      onWork: () => this.sender.wake(),
    });
    const { cluster, accumulator } = this;
    const wake = (): void => this.sender.wake();
    if (settings.transactionalId !== undefined) {
      const { transactionalId } = settings;
      const drained = (): Promise<void> => this.drained();
      this.transactions = new Transactions({
        env,
        cluster,
        settings,
        transactionalId,
        accumulator,
        drained,
        wake,
      });
    }
    const state = this.transactions?.producer ?? (settings.idempotence ? new ProducerState() : undefined);
    this.admission = new Admission({
      env,
      cluster,
      settings,
      accumulator,
      onAppended: (queue) => this.transactions?.join(queue),
    });
    this.sender = new Sender({
      env,
      cluster,
      settings,
      accumulator,
      state,
      metrics: this.counts,
      isHurried: () =>
        this.flushes > 0 || this.admission.isFull || this.transactions?.state.isEnding === true,
      hasNewTransactions: () => this.transactions?.state.isNew === true,
      drops: () => this.drops(),
      onIdNeeded: () => {
        if (this.transactions === undefined && state !== undefined) this.askForId(state);
      },
      onReleased: () => this.admission.proceed(),
    });
    this.cluster.onMetadata(({ topics }) => {
      for (const name of this.accumulator.topicNames) {
        const info = topics.get(name);
        if (info !== undefined) this.accumulator.setTopic(info);
      }
      this.sender.wake();
    });
    this.ageing = env.timers.every(Math.max(LEAST_REFRESH_MS, this.cluster.settings.metadataMaxAgeMs), () =>
      this.refresh(),
    );
  }

  /**
   * Sends a record; resolves once it counts as sent by `acks`, with where it went. Rejects with a {@link KafkaError}:
   * SERIALIZATION, MESSAGE_TOO_LARGE, TIMED_OUT (`maxBlockMs`, `deliveryTimeoutMs`) or what the broker said.
   */
  send(record: ProducerRecord<K, V>, options: SendOptions = {}): Promise<RecordMetadata> {
    if (!isTraced()) return this.sendOne(record, options);
    const { clientId } = this.cluster.settings;
    return traced(clientId, [record], ([one = record]) => this.sendOne(one, options));
  }

  private sendOne(record: ProducerRecord<K, V>, { signal }: SendOptions): Promise<RecordMetadata> {
    const promise = new Promise<RecordMetadata>((resolve, reject) => {
      if (signal?.aborted === true) reject(signal.reason);
      else this.enqueue(record, new OneReceipt(resolve, reject), 0, signal);
    });
    return signal === undefined ? promise : unlessAborted(promise, signal);
  }

  /** Sends records, with one promise for all of them; rejects with the first failure once all have their outcome. */
  sendMany(records: Iterable<ProducerRecord<K, V>>, options: SendOptions = {}): Promise<RecordMetadata[]> {
    const list = Array.isArray(records) ? (records as readonly ProducerRecord<K, V>[]) : [...records];
    if (!isTraced()) return this.sendAll(list, options);
    return traced(this.cluster.settings.clientId, list, (all) => this.sendAll(all, options));
  }

  private sendAll(list: readonly ProducerRecord<K, V>[], { signal }: SendOptions): Promise<RecordMetadata[]> {
    const promise = new Promise<RecordMetadata[]>((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason);
        return;
      }
      const receipt = new ManyReceipt(list.length, resolve, reject);
      for (const [slot, record] of list.entries()) this.enqueue(record, receipt, slot, signal);
    });
    return signal === undefined ? promise : unlessAborted(promise, signal);
  }

  /** Whether the buffer takes more records at once. A loop that sends without end should wait for {@link room} when not. */
  get hasRoom(): boolean {
    return this.admission.isEmpty && this.accumulator.bufferedBytes < this.settings.bufferBytes;
  }

  /** Resolves when no record waits for room or metadata. */
  room(): Promise<void> {
    return new Promise((resolve) => this.admission.whenEmpty(resolve));
  }

  /** Sends everything at once, and resolves when all records sent so far have their outcome, failures included. */
  async flush(): Promise<void> {
    this.flushes++;
    this.sender.wake();
    try {
      await this.room();
      await Promise.all(
        [...this.accumulator.incomplete].map(
          (batch) => new Promise<void>((resolve) => batch.whenDone(resolve)),
        ),
      );
    } finally {
      this.flushes--;
    }
  }

  /** The partitions of a topic, which is created when brokers and options allow. */
  async partitionsFor(topic: string, { signal }: SendOptions = {}): Promise<readonly PartitionInfo[]> {
    this.throwIfClosed();
    const info = await this.cluster.topic(topic, {
      timeoutMs: this.settings.maxBlockMs,
      allowAutoCreate: this.settings.allowAutoTopicCreation,
      signal,
    });
    return info.partitions;
  }

  /**
   * Gets the producer its id, after what was left unfinished under the transactional id is aborted and older producers
   * with it are fenced. Once, before the first transaction.
   */
  initTransactions(): Promise<void> {
    return this.inTransactions((transactions) => transactions.init());
  }

  /** Throws INVALID_STATE before {@link initTransactions} and within a transaction. */
  beginTransaction(): void {
    this.throwIfClosed();
    this.transactional().begin();
  }

  /**
   * Makes offsets of a consumer's group part of the transaction: they are committed with it. `group` is what the
   * consumer's `groupMetadata()` gives; each offset is that of the next record to be read.
   */
  sendOffsetsToTransaction(offsets: Iterable<TransactionOffset>, group: GroupMembership): Promise<void> {
    return this.inTransactions((transactions) => transactions.sendOffsets([...offsets], group));
  }

  /**
   * Sends what is left and commits. Rejects with TRANSACTION_ABORTABLE when a record of the transaction has failed: it
   * is to be aborted then. With TIMED_OUT it is open whether it happened: call it again. After any other failure,
   * such as PRODUCER_FENCED, the producer is to be closed.
   */
  commitTransaction(): Promise<void> {
    return this.inTransactions((transactions) => transactions.commit());
  }

  /** Gives up the transaction; records that were not sent yet fail with TRANSACTION_ABORTED. */
  abortTransaction(): Promise<void> {
    return this.inTransactions((transactions) => transactions.abort());
  }

  /**
   * A transaction around what `work` does, aborted when that throws. Rejects with what it threw, or with what
   * {@link commitTransaction} rejects with, aborted by then where it could be.
   */
  async transaction<T>(work: (producer: this) => Promise<T>): Promise<T> {
    this.beginTransaction();
    try {
      const result = await work(this);
      await this.commitTransaction();
      return result;
    } catch (error) {
      if (this.transactional().state.canAbort) await this.abortTransaction();
      throw error;
    }
  }

  metrics(): ProducerMetricsSnapshot {
    return this.counts.snapshot(this.accumulator.bufferedBytes);
  }

  /** Sends what is left, then closes. No record is taken any more. */
  close(options: CloseOptions = {}): Promise<void> {
    this.closing ??= this.shutDown(options);
    return this.closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private async shutDown({ timeoutMs }: CloseOptions): Promise<void> {
    const flushed = this.finish();
    if (timeoutMs === undefined) await flushed;
    else await this.within(timeoutMs, flushed);
    this.ageing.cancel();
    this.transactions?.close();
    this.sender.close();
    const error = new KafkaError('CLOSED', 'the producer was closed before the record was acknowledged');
    this.admission.fail(error);
    this.accumulator.abort(error, 'all');
    this.cluster.close();
  }

  /** Everything that is under way comes to its end; a transaction that is not committed is aborted. */
  private async finish(): Promise<void> {
    await this.flush();
    await this.transactions?.finish().catch((error: unknown) => {
      this.env.log.warn('a transaction was left unfinished', { error });
    });
  }

  /** Resolves when nothing waits and no batch is without outcome. */
  private async drained(): Promise<void> {
    do await this.flush();
    while (this.accumulator.incomplete.size > 0 || !this.admission.isEmpty);
  }

  private drops(): { readonly error: Error; readonly isFatal: boolean } | undefined {
    const state = this.transactions?.state;
    const error = state?.drops;
    if (state === undefined || error === undefined) return undefined;
    this.admission.fail(error);
    return { error, isFatal: state.phase === 'fatal' };
  }

  private transactional(): Transactions {
    if (this.transactions !== undefined) return this.transactions;
    throw new KafkaError('INVALID_STATE', 'transactions need a transactionalId: give one in the options');
  }

  private async inTransactions(action: (transactions: Transactions) => Promise<void>): Promise<void> {
    this.throwIfClosed();
    await action(this.transactional());
  }

  /** Waits for a promise that does not reject, but no longer than this. */
  private within(timeoutMs: number, promise: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.env.timers.after(timeoutMs, resolve);
      promise.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  private throwIfClosed(): void {
    if (this.closing !== undefined) throw new KafkaError('CLOSED', 'the producer is closed');
  }

  private enqueue(
    given: ProducerRecord<K, V>,
    receipt: Receipt,
    slot: number,
    signal: AbortSignal | undefined,
  ): void {
    const record = this.interceptors.isEmpty ? given : this.interceptors.onSend(given);
    const told = this.interceptors.isEmpty ? receipt : this.intercepted(record, receipt);
    try {
      this.throwIfClosed();
      this.transactions?.throwUnlessOpen('send');
      const prepared = this.prepare(record, told, slot);
      this.admission.admit(prepared, signal);
    } catch (error) {
      told.failed(slot, error instanceof Error ? error : new Error(String(error)));
    }
  }

  private intercepted(record: ProducerRecord<K, V>, receipt: Receipt): Receipt {
    return {
      acknowledged: (slot, metadata) => {
        this.interceptors.onAcknowledgement(record, metadata, undefined);
        receipt.acknowledged(slot, metadata);
      },
      failed: (slot, error) => {
        this.interceptors.onAcknowledgement(record, undefined, error);
        receipt.failed(slot, error);
      },
    };
  }

  private prepare(record: ProducerRecord<K, V>, receipt: Receipt, slot: number): PreparedRecord {
    const { topic, partition = -1, timestamp = this.env.clock.nowMs(), headers } = record;
    if (typeof topic !== 'string' || topic === '') throw invalid('topic is empty: name one');
    if (partition !== -1 && !(Number.isInteger(partition) && partition >= 0)) {
      throw invalid(`partition is ${partition}: give a number from 0 on, or none`);
    }
    if (!(Number.isSafeInteger(timestamp) && timestamp >= 0)) {
      throw invalid(`timestamp is ${timestamp}: give milliseconds since the epoch`);
    }
    const key = serialized(record.key, this.keySerializer, { topic, part: 'key' });
    const value = serialized(record.value, this.valueSerializer, { topic, part: 'value' });
    const keyBytes = typeof key === 'string' ? Buffer.from(key, 'utf8') : key;
    const prepared = new PreparedRecord(
      { topic, partition, timestamp },
      { key: keyBytes, value, headers },
      receipt,
      slot,
    );
    const size = BATCH_OVERHEAD + prepared.maxBytes;
    const { maxRequestBytes, bufferBytes } = this.settings;
    if (size > maxRequestBytes) throw tooLarge(size, 'maxRequestBytes', maxRequestBytes);
    if (size > bufferBytes) throw tooLarge(size, 'bufferBytes', bufferBytes);
    return prepared;
  }

  private refresh(): void {
    this.cluster.refresh().catch((error: unknown) => {
      this.env.log.debug('metadata could not be had', { error });
    });
  }

  private askForId(state: ProducerState): void {
    if (this.isAskingForId) return;
    this.isAskingForId = true;
    this.initProducerId(state)
      .catch((error: unknown) => {
        const cause = error instanceof Error ? error : new Error(String(error));
        this.accumulator.abort(cause, 'unsent');
        this.admission.proceed();
      })
      .finally(() => {
        this.isAskingForId = false;
        this.sender.wake();
      });
  }

  private async initProducerId(state: ProducerState): Promise<void> {
    const { cluster } = this;
    await cluster.retry(
      async () => {
        const answer = await cluster.request(
          'any',
          { request: InitProducerIdRequest, response: InitProducerIdResponse },
          { transactionalId: null, transactionTimeoutMs: NO_TIMEOUT_MS },
        );
        throwIfError(answer.errorCode, 'an id for the producer');
        state.setProducer({ id: answer.producerId, epoch: answer.producerEpoch });
      },
      { timeoutMs: this.settings.deliveryTimeoutMs },
    );
  }
}

const NO_TIMEOUT_MS = 0x7fff_ffff;
/** However young metadata is to be, it is not asked for all the time. */
const LEAST_REFRESH_MS = 100;

function invalid(message: string): KafkaError {
  return new KafkaError('INVALID_ARGUMENT', message);
}

function tooLarge(size: number, option: string, limit: number): KafkaError {
  return new KafkaError('MESSAGE_TOO_LARGE', `a record of ${size} bytes, more than ${option} (${limit})`);
}
