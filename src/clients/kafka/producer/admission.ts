import type { Env } from '../../../env/env.ts';
import type { Timer } from '../../../env/timers.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { isKafkaError, KafkaError } from '../kafka-error.ts';
import type { Accumulator } from './accumulator.ts';
import type { PartitionQueue } from './partition-queue.ts';
import type { PreparedRecord } from './prepared-record.ts';
import type { ProducerSettings } from './producer-options.ts';

interface Waiting {
  readonly record: PreparedRecord;
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
}

interface AdmissionOptions {
  readonly env: Env;
  readonly cluster: Cluster;
  readonly settings: ProducerSettings;
  readonly accumulator: Accumulator;
  /** A record was written into a batch of this queue. */
  readonly onAppended: (queue: PartitionQueue) => void;
}

/**
 * The way of records into the accumulator: at once when their topic is known and there is room, else they wait, no
 * longer than `maxBlockMs`. Records that wait for the same thing stay in order, and nothing overtakes them.
 *
 *     new --topic unknown--> waits for metadata --topic known--> (room?)
 *     new, topic known --room--> appended
 *                      --no room--> waits for room --batches done--> appended
 *     waiting --maxBlockMs over, aborted, no such topic or partition--> failed
 */
export class Admission {
  private readonly options: AdmissionOptions;
  private readonly forTopic = new Map<string, Waiting[]>();
  private readonly forRoom: Waiting[] = [];
  private readonly idle: (() => void)[] = [];
  private timer: Timer | undefined;

  constructor(options: AdmissionOptions) {
    this.options = options;
  }

  /** Whether records wait for others to be done: more than the buffer takes is under way. */
  get isFull(): boolean {
    return this.forRoom.length > 0;
  }

  get isEmpty(): boolean {
    return this.forRoom.length === 0 && this.forTopic.size === 0;
  }

  admit(record: PreparedRecord, signal?: AbortSignal): void {
    const { accumulator } = this.options;
    if (!accumulator.hasTopic(record.topic) || this.forTopic.has(record.topic)) {
      this.waitForTopic(this.waiting(record, signal));
    } else if (this.forRoom.length > 0 || !this.append(record)) {
      this.forRoom.push(this.waiting(record, signal));
    }
  }

  /** Calls back once nothing waits. */
  whenEmpty(action: () => void): void {
    if (this.isEmpty) action();
    else this.idle.push(action);
  }

  /** Takes in what waits for room, as far as there is some. */
  proceed(): void {
    while (this.forRoom.length > 0) {
      const [first] = this.forRoom;
      if (first === undefined || !(this.isWithdrawn(first) || this.append(first.record))) return;
      this.forRoom.shift();
    }
    this.tellIdle();
  }

  fail(error: Error): void {
    for (const waiting of this.forRoom.splice(0)) failOne(waiting, error);
    for (const list of this.forTopic.values()) for (const waiting of list.splice(0)) failOne(waiting, error);
    this.forTopic.clear();
    this.timer?.cancel();
    this.timer = undefined;
    this.tellIdle();
  }

  /** Returns false when there is no room. A record that cannot be written has its outcome then. */
  private append(record: PreparedRecord): boolean {
    const { accumulator, onAppended } = this.options;
    const count = accumulator.partitionCount(record.topic);
    if (record.partition >= count || count === 0) {
      record.receipt.failed(record.slot, noSuchPartition(record, count));
      return true;
    }
    try {
      const queue = accumulator.append(record);
      if (queue === undefined) return false;
      onAppended(queue);
    } catch (error) {
      record.receipt.failed(record.slot, error instanceof Error ? error : new Error(String(error)));
    }
    return true;
  }

  private waiting(record: PreparedRecord, signal: AbortSignal | undefined): Waiting {
    const { env, settings } = this.options;
    this.timer ??= env.timers.after(settings.maxBlockMs, () => this.lookForLate());
    return { record, deadlineMs: env.clock.monotonicMs() + settings.maxBlockMs, signal };
  }

  private waitForTopic(waiting: Waiting): void {
    const { topic } = waiting.record;
    const list = this.forTopic.get(topic);
    if (list !== undefined) {
      list.push(waiting);
      return;
    }
    this.forTopic.set(topic, [waiting]);
    this.askFor(topic).then(
      () => this.release(topic),
      (error: unknown) => this.failTopic(topic, error instanceof Error ? error : new Error(String(error))),
    );
  }

  private async askFor(topic: string): Promise<void> {
    const { cluster, settings, accumulator } = this.options;
    try {
      const info = await cluster.topic(topic, {
        timeoutMs: settings.maxBlockMs,
        allowAutoCreate: settings.allowAutoTopicCreation,
      });
      accumulator.setTopic(info);
    } catch (error) {
      if (!isKafkaError(error, 'UNKNOWN_TOPIC_OR_PARTITION') && !isKafkaError(error, 'UNREACHABLE'))
        throw error;
      const what = `no metadata of topic ${topic} within ${settings.maxBlockMs} ms`;
      throw new KafkaError(error.code, `${what}: ${error.message}`, { cause: error, retriable: true });
    }
  }

  private release(topic: string): void {
    const list = this.forTopic.get(topic) ?? [];
    this.forTopic.delete(topic);
    for (const waiting of list) {
      if (this.isWithdrawn(waiting)) continue;
      if (this.forRoom.length > 0 || !this.append(waiting.record)) this.forRoom.push(waiting);
    }
    this.tellIdle();
  }

  private failTopic(topic: string, error: Error): void {
    const list = this.forTopic.get(topic) ?? [];
    this.forTopic.delete(topic);
    for (const waiting of list) failOne(waiting, error);
    this.tellIdle();
  }

  /** Aborted records are not sent; their senders have been told. */
  private isWithdrawn({ record, signal }: Waiting): boolean {
    if (signal?.aborted !== true) return false;
    record.receipt.failed(record.slot, new KafkaError('INVALID_STATE', 'the send was aborted'));
    return true;
  }

  private lookForLate(): void {
    const { env, settings } = this.options;
    this.timer = undefined;
    const nowMs = env.clock.monotonicMs();
    let next = Number.POSITIVE_INFINITY;
    for (const list of [this.forRoom, ...this.forTopic.values()]) {
      // All wait equally long: the first is the first to be late.
      let late = 0;
      while (late < list.length && (list[late]?.deadlineMs ?? 0) <= nowMs) late++;
      for (const waiting of list.splice(0, late)) failOne(waiting, tooLate(waiting.record, settings));
      next = Math.min(next, list[0]?.deadlineMs ?? Number.POSITIVE_INFINITY);
    }
    if (next < Number.POSITIVE_INFINITY) {
      this.timer = env.timers.after(Math.max(1, Math.ceil(next - nowMs)), () => this.lookForLate());
    }
    this.tellIdle();
  }

  private tellIdle(): void {
    if (!this.isEmpty) return;
    this.timer?.cancel();
    this.timer = undefined;
    for (const action of this.idle.splice(0)) action();
  }
}

function failOne({ record }: Waiting, error: Error): void {
  record.receipt.failed(record.slot, error);
}

function tooLate({ topic }: PreparedRecord, { maxBlockMs, bufferBytes }: ProducerSettings): KafkaError {
  return new KafkaError(
    'TIMED_OUT',
    `a record for topic ${topic} found neither metadata nor room within ${maxBlockMs} ms: ` +
      `the buffer of ${bufferBytes} bytes is full, or no broker answers`,
    { retriable: true },
  );
}

function noSuchPartition({ topic, partition }: PreparedRecord, count: number): KafkaError {
  const which = partition < 0 ? 'partitions at the moment' : `partition ${partition}`;
  return new KafkaError('INVALID_ARGUMENT', `topic ${topic} has no ${which}: it has ${count}`);
}
