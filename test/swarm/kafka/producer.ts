import type { SimRandom } from '../../../src/env/sim/sim-random.ts';
import { ErrorCode } from '../../../src/wire/kafka/errors.ts';
import { ProduceRequest, ProduceResponse } from '../../../src/wire/kafka/messages/00-produce.ts';
import {
  InitProducerIdRequest,
  InitProducerIdResponse,
} from '../../../src/wire/kafka/messages/22-init-producer-id.ts';
import { buildBatch } from '../../../src/wire/kafka/records/builder.ts';
import type { BrokerConnection } from './connection.ts';
import type { KafkaHistory, SentBatch } from './observation.ts';

const Produce = { request: ProduceRequest, response: ProduceResponse };
const InitProducerId = { request: InitProducerIdRequest, response: InitProducerIdResponse };

const RETRY_AFTER_MS = 50;
const SEQUENCE_ERRORS: ReadonlySet<number> = new Set([
  ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
  ErrorCode.UNKNOWN_PRODUCER_ID,
  ErrorCode.INVALID_PRODUCER_EPOCH,
]);

export interface ProducerOptions {
  number: number;
  topic: string;
  partitions: number;
  /** Numbers its batches and tries again until it has an answer; without, it tries once. */
  isIdempotent: boolean;
  meanThinkMs: number;
  valueBytes: number;
  connection: BrokerConnection;
  random: SimRandom;
  history: KafkaHistory;
  wallMs(): number;
}

/** Appends batches of unique values with acks=-1, one at a time. */
export class SwarmProducer {
  acknowledged = 0;
  isOver = false;
  private readonly options: ProducerOptions;
  private nextValue = 0;
  private id: { producerId: bigint; producerEpoch: number } | undefined;
  private readonly sequences = new Map<number, number>();

  constructor(options: ProducerOptions) {
    this.options = options;
  }

  async run(): Promise<void> {
    const { connection, random, meanThinkMs } = this.options;
    while (!this.isOver) {
      await connection.pause(random.between(0, 2 * meanThinkMs));
      if (!this.isOver) await this.append(this.draw());
    }
  }

  /** One more batch, until it is acknowledged. */
  async appendForSure(): Promise<void> {
    const before = this.acknowledged;
    while (this.acknowledged === before) await this.append(this.draw());
  }

  private draw(): SentBatch {
    const { number, isIdempotent, partitions, random, valueBytes, wallMs } = this.options;
    const padding = '.'.repeat(random.below(valueBytes));
    const values = Array.from(
      { length: 1 + random.below(4) },
      () => `${number}-${this.nextValue++}${padding}`,
    );
    return {
      producer: number,
      isIdempotent,
      partition: random.below(partitions),
      values,
      timestamp: wallMs(),
    };
  }

  private async append(batch: SentBatch): Promise<void> {
    const { history, connection, isIdempotent } = this.options;
    if (isIdempotent && !(await this.hasId())) return;
    const records = this.encode(batch);
    history.record({ kind: 'sent', batch });
    do {
      const outcome = await this.attempt(batch, records);
      if (outcome !== undefined) return;
      await connection.pause(RETRY_AFTER_MS);
    } while (isIdempotent);
  }

  /** Undefined when trying again makes sense. */
  private async attempt(batch: SentBatch, records: Buffer): Promise<'acknowledged' | 'refused' | undefined> {
    const { topic, history, connection } = this.options;
    const { partition, values } = batch;
    const { era } = history;
    const response = await connection.call(Produce, 9, {
      acks: -1,
      timeoutMs: 3000,
      topicData: [{ name: topic, partitionData: [{ index: partition, records }] }],
    });
    const answer = response?.responses[0]?.partitionResponses[0];
    if (answer === undefined) return undefined;
    if (answer.errorCode === ErrorCode.NONE) {
      history.record({ kind: 'acknowledged', batch, baseOffset: answer.baseOffset, era });
      this.acknowledged++;
      this.sequences.set(partition, (this.sequences.get(partition) ?? 0) + values.length);
      return 'acknowledged';
    }
    if (!SEQUENCE_ERRORS.has(answer.errorCode)) return undefined;
    history.record({ kind: 'out of sequence', batch, errorCode: answer.errorCode });
    this.id = undefined;
    this.sequences.clear();
    return 'refused';
  }

  private encode({ partition, values, timestamp }: SentBatch): Buffer {
    const records = values.map((value) => ({ timestamp, key: null, value: Buffer.from(value) }));
    if (this.id === undefined) return buildBatch(records);
    return buildBatch(records, { ...this.id, baseSequence: this.sequences.get(partition) ?? 0 });
  }

  private async hasId(): Promise<boolean> {
    if (this.id !== undefined) return true;
    const { connection } = this.options;
    const response = await connection.call(InitProducerId, 4, {
      transactionalId: null,
      transactionTimeoutMs: 60_000,
    });
    if (response?.errorCode !== ErrorCode.NONE) {
      await connection.pause(RETRY_AFTER_MS);
      return false;
    }
    const { producerId, producerEpoch } = response;
    this.id = { producerId, producerEpoch };
    return true;
  }
}
