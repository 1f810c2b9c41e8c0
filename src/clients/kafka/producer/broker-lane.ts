import { ErrorCode, errorOf } from '../../../wire/kafka/errors.ts';
import { ProduceRequest, ProduceResponse } from '../../../wire/kafka/messages/00-produce.ts';
import { type Infer, ZERO_UUID } from '../../../wire/kafka/schema/index.ts';
import type { OpenConnection } from '../cluster/broker-pool.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { BrokerError, KafkaError } from '../kafka-error.ts';
import type { PartitionQueue } from './partition-queue.ts';
import type { ProducerBatch } from './producer-batch.ts';
import type { ProducerSettings } from './producer-options.ts';
import type { BatchAnswer } from './producer-state.ts';

const PRODUCE = { request: ProduceRequest, response: ProduceResponse };
/** Batches of magic 2 begin with version 3, topics by id with 13. */
const FIRST_VERSION = 3;
const FIRST_VERSION_BY_ID = 13;
const FIRST_VERSION_OF_ZSTD = 7;
/** The last with which a transaction's partitions are added by a request of their own (KIP-890). */
const LAST_VERSION_OF_OLD_TRANSACTIONS = 11;

/** What became of a batch: what the broker said, or that it said nothing. */
export interface ProduceOutcome extends BatchAnswer {
  readonly errorMessage: string | null;
  /** Errors of single records, by their index. */
  readonly recordErrors: ReadonlyMap<number, Error>;
  /** Why there is no answer. */
  readonly failure: KafkaError | undefined;
}

type ProduceAnswer = Infer<typeof ProduceResponse>;
type PartitionAnswer = ProduceAnswer['responses'][number]['partitionResponses'][number];

const NO_RECORD_ERRORS: ReadonlyMap<number, Error> = new Map();
/** With acks 0 there is nothing to know. */
const UNKNOWN: ProduceOutcome = {
  errorCode: ErrorCode.NONE,
  baseOffset: -1,
  logAppendTimeMs: -1,
  logStartOffset: -1,
  errorMessage: null,
  recordErrors: NO_RECORD_ERRORS,
  failure: undefined,
};

interface LaneOptions {
  readonly cluster: Cluster;
  readonly settings: ProducerSettings;
  /** The connection is there, or is not to be had. */
  readonly onChange: () => void;
  /** Whether partitions of a transaction need no request of their own. */
  readonly hasNewTransactions: () => boolean;
}

/** The way to one broker: its connection and the produce requests that it has not answered. */
export class BrokerLane {
  readonly nodeId: number;
  /** Queues whose first batch is to be sent. */
  readonly ready: PartitionQueue[] = [];
  /** Requests that are not answered. */
  inFlight = 0;
  private readonly options: LaneOptions;
  private open: OpenConnection | undefined;
  private isConnecting = false;
  /** The broker asks not to be sent anything before (KIP-219), on the monotonic clock. */
  private throttledUntilMs = 0;

  constructor(nodeId: number, options: LaneOptions) {
    this.nodeId = nodeId;
    this.options = options;
  }

  /** Whether requests can be sent; begins to connect when not. */
  isReady(): boolean {
    if (this.throttledUntilMs > this.options.cluster.env.clock.monotonicMs()) return false;
    if (this.open?.connection.isOpen === true) return true;
    if (!this.isConnecting) this.connect();
    return false;
  }

  /** Sends a request of these batches; the outcomes come in their order. Only when it is ready. */
  send(batches: readonly ProducerBatch[], done: (outcomes: readonly ProduceOutcome[]) => void): void {
    this.inFlight++;
    this.exchange(batches).then(
      (outcomes) => {
        this.inFlight--;
        done(outcomes);
      },
      (error: unknown) => {
        this.inFlight--;
        const outcome = failed(error);
        done(batches.map(() => outcome));
      },
    );
  }

  private connect(): void {
    this.isConnecting = true;
    const { cluster, onChange } = this.options;
    cluster
      .connectTo(this.nodeId)
      .then(
        (open) => {
          this.open = open;
        },
        // The pool pauses between attempts; what cannot be sent in time fails by that.
        () =>
          cluster.refresh().then(
            () => undefined,
            () => undefined,
          ),
      )
      .finally(() => {
        this.isConnecting = false;
        onChange();
      });
  }

  private async exchange(batches: readonly ProducerBatch[]): Promise<readonly ProduceOutcome[]> {
    const { settings, cluster } = this.options;
    const { acks, transactionalId = null } = settings;
    const { open } = this;
    if (open === undefined) throw new KafkaError('DISCONNECTED', 'no connection', { retriable: true });
    const version = this.version(open, batches);
    const topicData = this.topicData(batches);
    const body = { transactionalId, acks, timeoutMs: cluster.settings.requestTimeoutMs, topicData };
    if (acks !== 0) {
      const response = await open.connection.request(PRODUCE, version, body);
      if (response.throttleTimeMs > 0) this.throttle(response.throttleTimeMs);
      // By then a topic may be known under another id.
      const names = new Map(topicData.map(({ name, topicId }) => [topicId, name]));
      this.learnLeaders(response, names);
      return outcomes(batches, response, names);
    }
    await open.connection.send(ProduceRequest, version, body);
    return batches.map(() => UNKNOWN);
  }

  private throttle(forMs: number): void {
    const { cluster, onChange } = this.options;
    this.throttledUntilMs = cluster.env.clock.monotonicMs() + forMs;
    cluster.env.timers.after(forMs, onChange);
  }

  private version({ versions }: OpenConnection, batches: readonly ProducerBatch[]): number {
    const { settings, cluster, hasNewTransactions } = this.options;
    const isOldTransaction = settings.transactionalId !== undefined && !hasNewTransactions();
    const areIdsKnown = batches.every(({ topic }) => {
      const info = cluster.metadata.topics.get(topic);
      return info !== undefined && info.topicId !== ZERO_UUID;
    });
    let max = ProduceRequest.versions.max;
    if (!areIdsKnown) max = Math.min(max, FIRST_VERSION_BY_ID - 1);
    if (isOldTransaction) max = Math.min(max, LAST_VERSION_OF_OLD_TRANSACTIONS);
    const min = settings.compression === 'zstd' ? FIRST_VERSION_OF_ZSTD : FIRST_VERSION;
    return versions.highest(ProduceRequest, { min, max });
  }

  private topicData(batches: readonly ProducerBatch[]) {
    const { cluster } = this.options;
    const topics = new Map<string, { index: number; records: Buffer }[]>();
    for (const batch of batches) {
      const partition = { index: batch.partition, records: batch.bytes() };
      const list = topics.get(batch.topic);
      if (list === undefined) topics.set(batch.topic, [partition]);
      else list.push(partition);
    }
    return [...topics].map(([name, partitionData]) => ({
      name,
      topicId: cluster.metadata.topics.get(name)?.topicId ?? ZERO_UUID,
      partitionData,
    }));
  }

  /** Where partitions have gone that are led here no more (KIP-951). */
  private learnLeaders(
    { responses, nodeEndpoints }: ProduceAnswer,
    names: ReadonlyMap<string, string>,
  ): void {
    const leaders = responses.flatMap((topic) =>
      topic.partitionResponses
        .filter(({ currentLeader }) => currentLeader.leaderId >= 0 && currentLeader.leaderEpoch >= 0)
        .map(({ index, currentLeader }) => ({
          topic: nameOf(topic, names),
          partition: index,
          leader: currentLeader.leaderId,
          leaderEpoch: currentLeader.leaderEpoch,
        })),
    );
    if (leaders.length === 0) return;
    const nodes = nodeEndpoints.map(({ nodeId, host, port, rack }) => ({ id: nodeId, host, port, rack }));
    this.options.cluster.learnLeaders(leaders, nodes);
  }
}

function nameOf(
  { name, topicId }: ProduceAnswer['responses'][number],
  names: ReadonlyMap<string, string>,
): string {
  return name !== '' ? name : (names.get(topicId) ?? topicId);
}

function outcomes(
  batches: readonly ProducerBatch[],
  { responses }: ProduceAnswer,
  names: ReadonlyMap<string, string>,
): readonly ProduceOutcome[] {
  const answers = new Map<string, Map<number, PartitionAnswer>>();
  for (const topic of responses) {
    const partitions = new Map(topic.partitionResponses.map((answer) => [answer.index, answer]));
    answers.set(nameOf(topic, names), partitions);
  }
  return batches.map((batch) => {
    const answer = answers.get(batch.topic)?.get(batch.partition);
    return answer === undefined ? failed(missing(batch)) : outcomeOf(batch, answer);
  });
}

function missing(batch: ProducerBatch): KafkaError {
  return new KafkaError('MALFORMED', `the answer does not mention ${batch.topic}-${batch.partition}`);
}

function failed(error: unknown): ProduceOutcome {
  const failure =
    error instanceof KafkaError
      ? error
      : new KafkaError('INVALID_ARGUMENT', error instanceof Error ? error.message : String(error), {
          cause: error,
        });
  const errorCode = failure.retriable ? ErrorCode.NETWORK_EXCEPTION : ErrorCode.UNKNOWN_SERVER_ERROR;
  return { ...UNKNOWN, errorCode, failure };
}

function outcomeOf(batch: ProducerBatch, answer: PartitionAnswer): ProduceOutcome {
  const { errorCode, baseOffset, logAppendTimeMs, logStartOffset, errorMessage } = answer;
  const recordErrors = answer.recordErrors.length === 0 ? NO_RECORD_ERRORS : errorsOfRecords(batch, answer);
  return {
    errorCode,
    baseOffset,
    logAppendTimeMs,
    logStartOffset,
    errorMessage: errorMessage ?? null,
    recordErrors,
    failure: undefined,
  };
}

/** The records that are to blame, and for the others that they were in their company. */
function errorsOfRecords(batch: ProducerBatch, answer: PartitionAnswer): ReadonlyMap<number, Error> {
  const where = `${batch.topic}-${batch.partition}`;
  const { recordErrors, errorMessage } = answer;
  // Which error a record has is told only when it is the only one.
  const code = recordErrors.length === 1 ? answer.errorCode : ErrorCode.INVALID_RECORD;
  const errors = new Map<number, Error>();
  for (let index = 0; index < batch.count; index++) {
    const own = recordErrors.find(({ batchIndex }) => batchIndex === index);
    const text = own?.batchIndexErrorMessage ?? errorMessage ?? errorOf(answer.errorCode).text;
    errors.set(
      index,
      own === undefined
        ? new KafkaError(errorOf(answer.errorCode).name, `${where}: another record of the batch is invalid`)
        : new BrokerError(code, where, text),
    );
  }
  return errors;
}
