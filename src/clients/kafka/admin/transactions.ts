import {
  InitProducerIdRequest,
  InitProducerIdResponse,
} from '../../../wire/kafka/messages/22-init-producer-id.ts';
import { AddPartitionsToTxnRequest } from '../../../wire/kafka/messages/24-add-partitions-to-txn.ts';
import {
  WriteTxnMarkersRequest,
  WriteTxnMarkersResponse,
} from '../../../wire/kafka/messages/27-write-txn-markers.ts';
import {
  DescribeProducersRequest,
  DescribeProducersResponse,
} from '../../../wire/kafka/messages/61-describe-producers.ts';
import {
  DescribeTransactionsRequest,
  DescribeTransactionsResponse,
} from '../../../wire/kafka/messages/65-describe-transactions.ts';
import {
  ListTransactionsRequest,
  ListTransactionsResponse,
} from '../../../wire/kafka/messages/66-list-transactions.ts';
import type { TopicPartition } from '../cluster/cluster-metadata.ts';
import { throwIfError } from '../kafka-error.ts';
import { type AdminCall, type AskItems, byTopic, keyed, outcomeOf } from './admin-call.ts';
import type { CallOptions } from './call-options.ts';
import { type ItemResults, partitionKey } from './item-results.ts';

/** What a partition's log knows of a producer. */
export interface ProducerState {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly lastSequence: number;
  readonly lastTimestampMs: number;
  /** Of the last marker; undefined before there was one. */
  readonly coordinatorEpoch: number | undefined;
  /** Where its open transaction begins here. */
  readonly currentTransactionStartOffset: number | undefined;
}

export interface DescribeProducersOptions extends CallOptions {
  /** Whose replicas are asked. Default: the leaders. */
  readonly brokerId?: number;
}

export interface TransactionDescription {
  readonly transactionalId: string;
  readonly coordinatorId: number;
  /** `Empty`, `Ongoing`, `PrepareCommit`, `PrepareAbort`, `CompleteCommit`, `CompleteAbort`, ... */
  readonly state: string;
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly timeoutMs: number;
  /** Undefined while there is no transaction. */
  readonly startTimeMs: number | undefined;
  readonly partitions: readonly TopicPartition[];
}

export interface ListTransactionsOptions extends CallOptions {
  readonly states?: readonly string[];
  readonly producerIds?: readonly bigint[];
  /** Only those that have been open for longer (from 3.8 on). */
  readonly durationMs?: number;
  /** A regular expression of RE2 (from 4.1 on). */
  readonly transactionalIdPattern?: string;
}

export interface TransactionListing {
  readonly transactionalId: string;
  readonly producerId: bigint;
  readonly state: string;
}

/** A transaction that hangs in one partition, as {@link ProducerState} tells. */
export interface HangingTransaction extends TopicPartition {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly coordinatorEpoch: number;
}

export interface FencedProducer {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/** @internal */
export function describeProducers(
  call: AdminCall,
  partitions: readonly TopicPartition[],
  { brokerId }: DescribeProducersOptions,
): ItemResults<string, readonly ProducerState[]> {
  const ask: AskItems<string, TopicPartition, readonly ProducerState[]> = async (target, open) => {
    const { topics } = await call.request(
      target,
      { request: DescribeProducersRequest, response: DescribeProducersResponse },
      {
        topics: byTopic(open.values()).map(([name, group]) => ({
          name,
          partitionIndexes: group.map(({ partition }) => partition),
        })),
      },
    );
    return new Map(
      topics.flatMap(({ name: topic, partitions }) =>
        partitions.map(({ partitionIndex: partition, errorCode, errorMessage, activeProducers }) => {
          const key = partitionKey({ topic, partition });
          const value = () =>
            activeProducers.map((producer) => ({
              producerId: producer.producerId,
              producerEpoch: producer.producerEpoch,
              lastSequence: producer.lastSequence,
              lastTimestampMs: producer.lastTimestamp,
              coordinatorEpoch: producer.coordinatorEpoch < 0 ? undefined : producer.coordinatorEpoch,
              currentTransactionStartOffset:
                producer.currentTxnStartOffset < 0 ? undefined : producer.currentTxnStartOffset,
            }));
          return [key, outcomeOf(errorCode, `partition ${key}`, errorMessage, value)] as const;
        }),
      ),
    );
  };
  if (brokerId === undefined) return call.toLeaders(partitions, ask);
  return call.toBrokers(keyed(partitions, partitionKey), () => brokerId, ask);
}

/** @internal */
export function describeTransactions(
  call: AdminCall,
  transactionalIds: readonly string[],
): ItemResults<string, TransactionDescription> {
  return call.toCoordinators(
    'transaction',
    keyed(transactionalIds, (id) => id),
    async (target, open) => {
      const { transactionStates } = await call.request(
        target,
        { request: DescribeTransactionsRequest, response: DescribeTransactionsResponse },
        { transactionalIds: [...open.keys()] },
      );
      return new Map(
        transactionStates.map((state) => {
          const { transactionalId } = state;
          const value = (): TransactionDescription => ({
            transactionalId,
            coordinatorId: Number(target),
            state: state.transactionState,
            producerId: state.producerId,
            producerEpoch: state.producerEpoch,
            timeoutMs: state.transactionTimeoutMs,
            startTimeMs: state.transactionStartTimeMs < 0 ? undefined : state.transactionStartTimeMs,
            partitions: state.topics.flatMap(({ topic, partitions }) =>
              partitions.map((partition) => ({ topic, partition })),
            ),
          });
          return [transactionalId, outcomeOf(state.errorCode, `transaction ${transactionalId}`, null, value)];
        }),
      );
    },
    { needs: DescribeTransactionsRequest },
  );
}

/** @internal */
export function listTransactions(
  call: AdminCall,
  options: ListTransactionsOptions,
): ItemResults<number, readonly TransactionListing[], readonly TransactionListing[]> {
  const { states = [], producerIds = [], durationMs, transactionalIdPattern } = options;
  return call.toAllBrokers(
    async (brokerId): Promise<readonly TransactionListing[]> => {
      const response = await call.request(
        brokerId,
        { request: ListTransactionsRequest, response: ListTransactionsResponse },
        {
          stateFilters: [...states],
          producerIdFilters: [...producerIds],
          ...(durationMs === undefined ? {} : { durationFilter: durationMs }),
          ...(transactionalIdPattern === undefined ? {} : { transactionalIdPattern }),
        },
      );
      throwIfError(response.errorCode, `transactions of broker ${brokerId}`);
      return response.transactionStates.map(({ transactionalId, producerId, transactionState }) => ({
        transactionalId,
        producerId,
        state: transactionState,
      }));
    },
    (byBroker) => [...byBroker.values()].flat(),
  );
}

/** @internal */
export async function abortTransaction(call: AdminCall, transaction: HangingTransaction): Promise<void> {
  await call.toLeaders([transaction], async (target, open) => {
    const { producerId, producerEpoch, coordinatorEpoch, topic, partition } = transaction;
    const { markers } = await call.request(
      target,
      { request: WriteTxnMarkersRequest, response: WriteTxnMarkersResponse },
      {
        markers: [
          {
            producerId,
            producerEpoch,
            coordinatorEpoch,
            transactionResult: false,
            topics: [{ name: topic, partitionIndexes: [partition] }],
          },
        ],
      },
    );
    const answers = markers
      .filter((marker) => marker.producerId === producerId)
      .flatMap((marker) => marker.topics.flatMap(({ partitions }) => partitions));
    return new Map(
      [...open.keys()].flatMap((key) =>
        answers.map(({ errorCode }) => [
          key,
          outcomeOf(errorCode, `transaction of producer ${producerId} in ${key}`, null, () => undefined),
        ]),
      ),
    );
  });
}

/** @internal */
export function fenceProducers(
  call: AdminCall,
  transactionalIds: readonly string[],
): ItemResults<string, FencedProducer> {
  return call.toCoordinators(
    'transaction',
    keyed(transactionalIds, (id) => id),
    async (target, open) => {
      const answers = [...open.keys()].map(async (transactionalId) => {
        const { errorCode, producerId, producerEpoch } = await call.request(
          target,
          { request: InitProducerIdRequest, response: InitProducerIdResponse },
          // How long the coordinator may take to write the new epoch.
          { transactionalId, transactionTimeoutMs: call.requestTimeoutMs },
        );
        const value = () => ({ producerId, producerEpoch });
        const outcome = outcomeOf(errorCode, `transactional id ${transactionalId}`, null, value);
        return [transactionalId, outcome] as const;
      });
      return new Map(await Promise.all(answers));
    },
    {
      alsoPasses: ({ code }) => code === 'CONCURRENT_TRANSACTIONS',
      // Brokers without transactions have producer ids all the same.
      needs: AddPartitionsToTxnRequest,
    },
  );
}
