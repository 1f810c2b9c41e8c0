import type { Env } from '../../../env/env.ts';
import { ErrorCode, errorOf } from '../../../wire/kafka/errors.ts';
import {
  InitProducerIdRequest,
  InitProducerIdResponse,
} from '../../../wire/kafka/messages/22-init-producer-id.ts';
import {
  AddPartitionsToTxnRequest,
  AddPartitionsToTxnResponse,
} from '../../../wire/kafka/messages/24-add-partitions-to-txn.ts';
import {
  AddOffsetsToTxnRequest,
  AddOffsetsToTxnResponse,
} from '../../../wire/kafka/messages/25-add-offsets-to-txn.ts';
import { EndTxnRequest, EndTxnResponse } from '../../../wire/kafka/messages/26-end-txn.ts';
import {
  TxnOffsetCommitRequest,
  TxnOffsetCommitResponse,
} from '../../../wire/kafka/messages/28-txn-offset-commit.ts';
import { backoffMs } from '../cluster/backoff.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { TopicPartition } from '../cluster/cluster-metadata.ts';
import { pause } from '../cluster/pause.ts';
import { BrokerError, KafkaError } from '../kafka-error.ts';
import type { ProducerIdAndEpoch } from './producer-batch.ts';
import { NO_PRODUCER } from './producer-batch.ts';
import type { GroupMembership, TransactionOffset } from './transaction-offsets.ts';
import { type TransactionState, transactionVerdict } from './transaction-state.ts';

/** The last version by which clients add partitions; later ones are for brokers. */
const ADD_PARTITIONS = { min: 0, max: 3 };
const END_TXN_OF_OLD = { min: 0, max: 4 };
const OFFSET_COMMIT_OF_OLD = { min: 0, max: 4 };
const OFFSET_COMMIT_OF_NEW = { min: 5, max: 5 };
const BUMP_EPOCH_VERSION = 3;
const NOT_ALLOWED: ReadonlySet<number> = new Set([
  ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
  ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
]);
/** A coordinator is soon done with the transaction before. */
const SOON_MS = 20;

interface Attempt {
  /** NONE when it is done. */
  readonly errorCode: number;
  readonly what: string;
  /** Errors that the next call may not meet: they leave no mark. */
  readonly passing?: ReadonlySet<number>;
  /** Whether this pause is enough before it is tried again. */
  readonly isSoonOver?: boolean;
}

interface CoordinatorOptions {
  readonly env: Env;
  readonly cluster: Cluster;
  readonly state: TransactionState;
  readonly transactionTimeoutMs: number;
}

/**
 * The requests of transactions. Each is tried again until it is answered for good; an error that ends the transaction
 * or the producer is told to the state, and rejects.
 */
export class TransactionCoordinator {
  private readonly options: CoordinatorOptions;
  private readonly target: { readonly coordinator: 'transaction'; readonly key: string };
  private isClosed = false;

  constructor(options: CoordinatorOptions) {
    this.options = options;
    this.target = { coordinator: 'transaction', key: options.state.transactionalId };
  }

  close(): void {
    this.isClosed = true;
  }

  /** An id, or the next epoch of the one given; what was left unfinished under the transactional id is aborted. */
  async initProducerId(current: ProducerIdAndEpoch = NO_PRODUCER): Promise<ProducerIdAndEpoch> {
    const { cluster, state, transactionTimeoutMs } = this.options;
    let producer = NO_PRODUCER;
    await this.repeat(async () => {
      const { response, version } = await cluster.ask(
        this.target,
        { request: InitProducerIdRequest, response: InitProducerIdResponse },
        {
          transactionalId: state.transactionalId,
          transactionTimeoutMs,
          ...(current.id < 0n ? {} : { producerId: current.id, producerEpoch: current.epoch }),
        },
      );
      state.canBumpEpoch = version >= BUMP_EPOCH_VERSION;
      producer = { id: response.producerId, epoch: response.producerEpoch };
      const what = `transactional id ${state.transactionalId}`;
      return { errorCode: response.errorCode, what, passing: NOT_ALLOWED };
    });
    return producer;
  }

  async addPartitions(producer: ProducerIdAndEpoch, partitions: readonly TopicPartition[]): Promise<void> {
    const { cluster, state } = this.options;
    const topics = [...byTopic(partitions)].map(([name, list]) => ({
      name,
      partitions: list.map(({ partition }) => partition),
    }));
    await this.repeat(async () => {
      const response = await cluster.request(
        this.target,
        { request: AddPartitionsToTxnRequest, response: AddPartitionsToTxnResponse },
        {
          v3AndBelowTransactionalId: state.transactionalId,
          v3AndBelowProducerId: producer.id,
          v3AndBelowProducerEpoch: producer.epoch,
          v3AndBelowTopics: topics,
        },
        { versions: ADD_PARTITIONS },
      );
      const failed = response.resultsByTopicV3AndBelow
        .flatMap(({ name, resultsByPartition }) =>
          resultsByPartition.map(({ partitionIndex, partitionErrorCode }) => ({
            errorCode: partitionErrorCode,
            what: `${name}-${partitionIndex}`,
          })),
        )
        .filter(({ errorCode }) => errorCode !== ErrorCode.NONE);
      // Others were not attempted because of the one that matters.
      const first =
        failed.find(({ errorCode }) => errorCode !== ErrorCode.OPERATION_NOT_ATTEMPTED) ?? failed[0];
      return {
        errorCode: first?.errorCode ?? ErrorCode.NONE,
        what: first?.what ?? '',
        isSoonOver: first?.errorCode === ErrorCode.CONCURRENT_TRANSACTIONS && !state.hasPartitions,
      };
    });
  }

  async addOffsets(producer: ProducerIdAndEpoch, groupId: string): Promise<void> {
    const { cluster, state } = this.options;
    await this.repeat(async () => {
      const { errorCode } = await cluster.request(
        this.target,
        { request: AddOffsetsToTxnRequest, response: AddOffsetsToTxnResponse },
        {
          transactionalId: state.transactionalId,
          producerId: producer.id,
          producerEpoch: producer.epoch,
          groupId,
        },
      );
      return { errorCode, what: `group ${groupId}` };
    });
  }

  async commitOffsets(
    producer: ProducerIdAndEpoch,
    offsets: readonly TransactionOffset[],
    group: GroupMembership,
  ): Promise<void> {
    const { cluster, state } = this.options;
    let left = offsets;
    await this.repeat(async () => {
      const response = await cluster.request(
        { coordinator: 'group', key: group.groupId },
        { request: TxnOffsetCommitRequest, response: TxnOffsetCommitResponse },
        (version) => ({
          transactionalId: state.transactionalId,
          groupId: group.groupId,
          producerId: producer.id,
          producerEpoch: producer.epoch,
          topics: offsetTopics(left),
          ...(version < 3 ? {} : membership(group)),
        }),
        { versions: state.isNew ? OFFSET_COMMIT_OF_NEW : OFFSET_COMMIT_OF_OLD },
      );
      const errors = new Map<string, number>();
      for (const { name, partitions } of response.topics) {
        for (const { partitionIndex, errorCode } of partitions)
          errors.set(`${name}-${partitionIndex}`, errorCode);
      }
      const errorAt = ({ topic, partition }: TopicPartition) =>
        errors.get(`${topic}-${partition}`) ?? ErrorCode.UNKNOWN_SERVER_ERROR;
      left = left.filter((offset) => errorAt(offset) !== ErrorCode.NONE);
      const codes = left.map(errorAt);
      // What is not retriable decides.
      const errorCode = codes.find((code) => !errorOf(code).retriable) ?? codes[0] ?? ErrorCode.NONE;
      const isElsewhere = errorCode === ErrorCode.REQUEST_TIMED_OUT ? ErrorCode.NOT_COORDINATOR : errorCode;
      cluster.coordinatorMoved('group', group.groupId, isElsewhere);
      return { errorCode, what: `the offsets of group ${group.groupId}` };
    });
  }

  /** Returns the id and epoch of the next transaction, where the coordinator tells. */
  async end(producer: ProducerIdAndEpoch, isCommit: boolean): Promise<ProducerIdAndEpoch | undefined> {
    const { cluster, state } = this.options;
    let next: ProducerIdAndEpoch | undefined;
    await this.repeat(async () => {
      const response = await cluster.request(
        this.target,
        { request: EndTxnRequest, response: EndTxnResponse },
        {
          transactionalId: state.transactionalId,
          producerId: producer.id,
          producerEpoch: producer.epoch,
          committed: isCommit,
        },
        state.isNew ? {} : { versions: END_TXN_OF_OLD },
      );
      if (response.producerId >= 0n) next = { id: response.producerId, epoch: response.producerEpoch };
      return { errorCode: response.errorCode, what: isCommit ? 'the commit' : 'the abort' };
    });
    return next;
  }

  private async repeat(attempt: () => Promise<Attempt>): Promise<void> {
    const { env, cluster } = this.options;
    const { retryBackoffMs, retryBackoffMaxMs } = cluster.settings;
    for (let failures = 1; ; failures++) {
      if (this.isClosed) throw new KafkaError('CLOSED', 'the producer is closed');
      let answer: Attempt | undefined;
      try {
        answer = await attempt();
      } catch (error) {
        if (!(error instanceof KafkaError) || !error.retriable) throw this.failed(error);
      }
      if (answer?.errorCode === ErrorCode.NONE) return;
      if (answer !== undefined) this.judge(answer);
      const waitMs = backoffMs(env.random, retryBackoffMs, retryBackoffMaxMs, failures);
      await pause(env.timers, answer?.isSoonOver === true ? Math.min(SOON_MS, waitMs) : waitMs);
    }
  }

  /** Returns when it may be tried again; throws otherwise. */
  private judge({ errorCode, what, passing }: Attempt): void {
    const { cluster, state } = this.options;
    cluster.coordinatorMoved('transaction', state.transactionalId, errorCode);
    const error = new BrokerError(errorCode, what);
    if (passing?.has(errorCode)) throw error;
    switch (transactionVerdict(errorCode, error.retriable)) {
      case 'retry':
        return;
      case 'fenced': {
        const fenced = new BrokerError(
          ErrorCode.PRODUCER_FENCED,
          `transactional id ${state.transactionalId}`,
        );
        state.failForGood(fenced);
        throw fenced;
      }
      case 'abortable':
        state.failAbortable(error);
        throw error;
      case 'abortable-if-possible':
        state.failAbortableIfPossible(error);
        throw error;
      default:
        state.failForGood(error);
        throw error;
    }
  }

  /** What went wrong without an answer of the API itself, such as a coordinator that may not be asked for. */
  private failed(error: unknown): unknown {
    const { state } = this.options;
    if (!(error instanceof KafkaError) || error.code === 'CLOSED') return error;
    const isAbortable =
      error instanceof BrokerError && transactionVerdict(error.errorCode, error.retriable) === 'abortable';
    if (isAbortable) state.failAbortable(error);
    else state.failForGood(error);
    return error;
  }
}

function byTopic<T extends TopicPartition>(items: readonly T[]): Map<string, T[]> {
  const topics = new Map<string, T[]>();
  for (const item of items) {
    const list = topics.get(item.topic);
    if (list === undefined) topics.set(item.topic, [item]);
    else list.push(item);
  }
  return topics;
}

function offsetTopics(offsets: readonly TransactionOffset[]) {
  return [...byTopic(offsets)].map(([name, list]) => ({
    name,
    partitions: list.map(({ partition, offset, leaderEpoch = -1, metadata = '' }) => ({
      partitionIndex: partition,
      committedOffset: offset,
      committedLeaderEpoch: leaderEpoch,
      committedMetadata: metadata,
    })),
  }));
}

function membership({ generationId = -1, memberId = '', groupInstanceId = null }: GroupMembership) {
  return { generationId, memberId, groupInstanceId };
}
