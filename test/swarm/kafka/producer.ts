import type { SimRandom } from '../../../src/env/sim/sim-random.ts';
import { type TopicPartition, topicPartitionKey } from '../../../src/kafka/log/topic-partition.ts';
import { ErrorCode } from '../../../src/wire/kafka/errors.ts';
import { buildBatch } from '../../../src/wire/kafka/records/builder.ts';
import { InitProducerId, Produce } from '../../support/kafka/pairs.ts';
import type { ClientHistory, SentBatch, SentRecord } from './observation.ts';
import type { Route } from './route.ts';

const RETRY_AFTER_MS = 50;
const SEQUENCE_ERRORS: ReadonlySet<number> = new Set([
  ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
  ErrorCode.UNKNOWN_PRODUCER_ID,
  ErrorCode.INVALID_PRODUCER_EPOCH,
]);
const TOMBSTONE_PROBABILITY = 0.15;

/** A partition to append to; `keys` is how many keys a compacted one has. */
export interface ProducerTarget extends TopicPartition {
  readonly keys?: number;
}

export interface ProducerOptions {
  number: number;
  targets: readonly ProducerTarget[];
  /** With acks=1 nothing is promised, and nothing remembered. */
  acks: -1 | 1;
  /** Numbers its batches and tries again until it has an answer; without, it tries once. Has acks=all. */
  isIdempotent: boolean;
  meanThinkMs: number;
  valueBytes: number;
  route: Route;
  random: SimRandom;
  history: ClientHistory;
  wallMs(): number;
}

interface Draft {
  readonly target: ProducerTarget;
  readonly batch: SentBatch;
}

/** Appends batches of unique values, one at a time. */
export class SwarmProducer {
  acknowledged = 0;
  isOver = false;
  private readonly options: ProducerOptions;
  private nextValue = 0;
  private id: { producerId: bigint; producerEpoch: number } | undefined;
  private readonly sequences = new Map<string, number>();

  constructor(options: ProducerOptions) {
    this.options = options;
  }

  async run(): Promise<void> {
    const { route, random, meanThinkMs } = this.options;
    while (!this.isOver) {
      await route.pause(random.between(0, 2 * meanThinkMs));
      if (!this.isOver) await this.append(this.draw());
    }
  }

  /** One more batch, until it is acknowledged. */
  async appendForSure(): Promise<void> {
    const before = this.acknowledged;
    while (this.acknowledged === before) await this.append(this.draw());
  }

  private draw(): Draft {
    const { number, isIdempotent, targets, random, valueBytes, wallMs } = this.options;
    const padding = '.'.repeat(random.below(valueBytes));
    const values = Array.from(
      { length: 1 + random.below(4) },
      () => `${number}-${this.nextValue++}${padding}`,
    );
    const target = targets[random.below(targets.length)];
    if (target === undefined) throw new Error('a producer has nothing to append to');
    const records = values.map((value) => this.recordOf(target, value));
    const partition = topicPartitionKey(target);
    return { target, batch: { producer: number, isIdempotent, partition, records, timestamp: wallMs() } };
  }

  private recordOf({ keys }: ProducerTarget, value: string): SentRecord {
    const { random } = this.options;
    if (keys === undefined) return { key: null, value };
    return { key: `k${random.below(keys)}`, value: random.chance(TOMBSTONE_PROBABILITY) ? null : value };
  }

  private async append(draft: Draft): Promise<void> {
    const { history, route, isIdempotent } = this.options;
    if (isIdempotent && !(await this.hasId())) return;
    const records = this.encode(draft.batch);
    history.record({ kind: 'sent', batch: draft.batch });
    do {
      const outcome = await this.attempt(draft, records);
      if (outcome !== undefined) return;
      await route.pause(RETRY_AFTER_MS);
    } while (isIdempotent);
  }

  /** Undefined when trying again makes sense. */
  private async attempt(
    { target, batch }: Draft,
    records: Buffer,
  ): Promise<'acknowledged' | 'refused' | undefined> {
    const { history, route, acks } = this.options;
    const { partition } = batch;
    const leader = (await route.leaderOf(target))?.broker;
    if (leader === undefined) return undefined;
    const standing = history.standing(partition, leader);
    const response = await route.call(leader, Produce, 9, {
      acks,
      timeoutMs: 3000,
      topicData: [{ name: target.topic, partitionData: [{ index: target.partition, records }] }],
    });
    const answer = response?.responses[0]?.partitionResponses[0];
    if (answer?.errorCode !== ErrorCode.NONE) route.forget(target);
    if (answer === undefined) return undefined;
    const counts = standing !== undefined && standing === history.standing(partition, leader);
    if (answer.errorCode === ErrorCode.NONE) {
      const { baseOffset } = answer;
      if (counts && acks === -1) history.record({ kind: 'acknowledged', batch, baseOffset });
      this.acknowledged++;
      this.sequences.set(partition, (this.sequences.get(partition) ?? 0) + batch.records.length);
      return 'acknowledged';
    }
    if (!SEQUENCE_ERRORS.has(answer.errorCode)) return undefined;
    if (counts) history.record({ kind: 'out of sequence', batch, errorCode: answer.errorCode });
    this.id = undefined;
    this.sequences.clear();
    return 'refused';
  }

  private encode({ partition, records, timestamp }: SentBatch): Buffer {
    const drafts = records.map(({ key, value }) => ({
      timestamp,
      key: key === null ? null : Buffer.from(key),
      value: value === null ? null : Buffer.from(value),
    }));
    if (this.id === undefined) return buildBatch(drafts);
    return buildBatch(drafts, { ...this.id, baseSequence: this.sequences.get(partition) ?? 0 });
  }

  private async hasId(): Promise<boolean> {
    if (this.id !== undefined) return true;
    const { route } = this.options;
    const response = await route.call(route.anyBroker(), InitProducerId, 4, {
      transactionalId: null,
      transactionTimeoutMs: 60_000,
    });
    if (response?.errorCode !== ErrorCode.NONE) {
      await route.pause(RETRY_AFTER_MS);
      return false;
    }
    const { producerId, producerEpoch } = response;
    this.id = { producerId, producerEpoch };
    return true;
  }
}
