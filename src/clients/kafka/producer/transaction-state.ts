import { ErrorCode, type ErrorName } from '../../../wire/kafka/errors.ts';
import { type ClientErrorCode, KafkaError } from '../kafka-error.ts';
import type { PartitionQueue } from './partition-queue.ts';
import type { BatchWatcher } from './producer-state.ts';

export type TransactionPhase =
  /** No producer id yet. */
  | 'uninitialized'
  | 'initializing'
  /** Between transactions. */
  | 'ready'
  | 'open'
  | 'committing'
  | 'aborting'
  /** The transaction can only be aborted. */
  | 'abortable'
  /** The producer can only be closed. */
  | 'fatal';

const TRANSITIONS: Readonly<Record<TransactionPhase, readonly TransactionPhase[]>> = {
  uninitialized: ['initializing', 'fatal'],
  initializing: ['ready', 'uninitialized', 'abortable', 'fatal'],
  ready: ['open', 'fatal'],
  open: ['committing', 'aborting', 'abortable', 'fatal'],
  committing: ['ready', 'initializing', 'abortable', 'fatal'],
  aborting: ['ready', 'initializing', 'fatal'],
  abortable: ['aborting', 'abortable', 'fatal'],
  fatal: [],
};

/** What a transactional producer cannot go on after. */
const FATAL: ReadonlySet<ErrorName | ClientErrorCode> = new Set<ErrorName | ClientErrorCode>([
  'CLUSTER_AUTHORIZATION_FAILED',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'PRODUCER_FENCED',
  'UNSUPPORTED',
  'UNSUPPORTED_VERSION',
  'INVALID_PRODUCER_ID_MAPPING',
]);

/**
 * Where a producer's transactions are (Apache's `TransactionManager`). Only what is listed can happen:
 *
 *     uninitialized --initTransactions--> initializing --id given--> ready --beginTransaction--> open
 *     open --commitTransaction--> committing --end written--> ready
 *     open, abortable --abortTransaction--> aborting --end written--> ready
 *     committing, aborting --end written, a new epoch is needed--> initializing
 *     open, committing, initializing --a batch or request is lost, TRANSACTION_ABORTABLE--> abortable
 *     any --fenced, not authorized, no longer known--> fatal
 */
export class TransactionState implements BatchWatcher {
  readonly transactionalId: string;
  private current: TransactionPhase = 'uninitialized';
  private lastError: KafkaError | undefined;
  /** Partitions of the transaction. */
  private readonly members = new Set<PartitionQueue>();
  /** Partitions that the coordinator is to be told of before they are written; not with new transactions. */
  private readonly toAdd = new Set<PartitionQueue>();
  /** There is something that the coordinator has to end. */
  hasBegun = false;
  /** Whether brokers add partitions to the transaction as they are written (KIP-890, transaction version 2). */
  isNew = false;
  /** Whether the producer can ask for the next epoch (InitProducerId of version 3, KIP-360). */
  canBumpEpoch = false;
  /** Once the transaction is over, the next epoch is to be asked for. */
  needsBump = false;

  constructor(transactionalId: string) {
    this.transactionalId = transactionalId;
  }

  get phase(): TransactionPhase {
    return this.current;
  }

  get error(): KafkaError | undefined {
    return this.lastError;
  }

  get isEnding(): boolean {
    return this.current === 'committing' || this.current === 'aborting';
  }

  get canAbort(): boolean {
    return this.current === 'open' || this.current === 'abortable';
  }

  /** Whether records that wait are not to be sent any more. */
  get drops(): KafkaError | undefined {
    if (this.current === 'abortable' || this.current === 'fatal') return this.lastError;
    return this.current === 'aborting' ? aborted() : undefined;
  }

  get partitionsToAdd(): readonly PartitionQueue[] {
    return [...this.toAdd];
  }

  get hasPartitions(): boolean {
    return this.members.size > 0;
  }

  /** Throws INVALID_STATE when it cannot happen now, or the error that stands in the way. */
  to(phase: TransactionPhase, operation: string): void {
    if (phase !== 'aborting' || this.current === 'fatal') this.throwIfFailed();
    if (!TRANSITIONS[this.current].includes(phase)) {
      throw new KafkaError('INVALID_STATE', `${operation} while the transactions are ${this.current}`);
    }
    this.current = phase;
    if (phase === 'ready' || phase === 'uninitialized') this.lastError = undefined;
  }

  /** Throws what keeps a record from being sent in a transaction now. */
  throwUnlessOpen(operation: string): void {
    this.throwIfFailed();
    if (this.current === 'open') return;
    throw new KafkaError(
      'INVALID_STATE',
      `${operation} while the transactions are ${this.current}: call beginTransaction first`,
    );
  }

  /** Throws the error that the producer is in. */
  throwIfFailed(): void {
    if (this.current === 'fatal' && this.lastError !== undefined) throw this.lastError;
    if (this.current === 'abortable') throw abortable(this.lastError);
  }

  /** A record was written into a batch of this partition: it is part of the transaction. */
  join(queue: PartitionQueue): void {
    if (this.members.has(queue) || this.current !== 'open') return;
    if (this.isNew) {
      this.members.add(queue);
      this.hasBegun = true;
    } else this.toAdd.add(queue);
  }

  /** The coordinator knows of these partitions. */
  added(queues: readonly PartitionQueue[]): void {
    for (const queue of queues) {
      this.toAdd.delete(queue);
      this.members.add(queue);
    }
    this.hasBegun = true;
  }

  /** They need not be told any more: nothing will be written. */
  dropPartitionsToAdd(): void {
    this.toAdd.clear();
  }

  /** The transaction has ended. */
  ended(): void {
    this.members.clear();
    this.toAdd.clear();
    this.hasBegun = false;
    this.lastError = undefined;
    this.current = this.needsBump ? 'initializing' : 'ready';
    this.needsBump = false;
  }

  mayWrite(queue: PartitionQueue): boolean {
    return this.current !== 'fatal' && this.members.has(queue);
  }

  batchFailed(error: Error): void {
    const known =
      error instanceof KafkaError ? error : new KafkaError('TRANSACTION_ABORTABLE', error.message);
    if (FATAL.has(known.code)) {
      this.failForGood(known);
      return;
    }
    if (!this.isEnding) this.wantBump();
    this.failAbortable(known);
  }

  sequencesLost(): void {
    const error = new KafkaError(
      'TRANSACTION_ABORTABLE',
      'records may be written or not, and cannot be sent again',
    );
    if (this.canBumpEpoch || this.isNew) {
      this.wantBump();
      this.failAbortable(error);
    } else this.failForGood(error);
  }

  /** The transaction can only be aborted from now on; while it is being aborted nothing changes. */
  failAbortable(error: KafkaError): void {
    if (!TRANSITIONS[this.current].includes('abortable')) return;
    // Without an id there is nothing to go on with once it is aborted.
    if (this.current === 'initializing') this.needsBump = true;
    this.current = 'abortable';
    this.lastError = error;
  }

  /** As {@link failAbortable} where the producer can get another epoch; else it is over. */
  failAbortableIfPossible(error: KafkaError): void {
    if (this.canBumpEpoch || this.isNew) {
      this.wantBump();
      this.failAbortable(error);
    } else this.failForGood(error);
  }

  failForGood(error: KafkaError): void {
    if (this.current === 'fatal') return;
    this.current = 'fatal';
    this.lastError = error;
  }

  private wantBump(): void {
    // New transactions have another epoch each.
    if (this.canBumpEpoch && !this.isNew) this.needsBump = true;
  }
}

/** What calls reject with while the transaction can only be aborted. */
function abortable(cause: KafkaError | undefined): KafkaError {
  return new KafkaError(
    'TRANSACTION_ABORTABLE',
    `the transaction has failed and can only be aborted: ${cause?.message ?? 'no reason is known'}`,
    { cause },
  );
}

function aborted(): KafkaError {
  return new KafkaError('TRANSACTION_ABORTED', 'the transaction was aborted before the record was sent');
}

/** Errors of transactions' requests, by what they mean for the producer. */
export type TransactionVerdict = 'retry' | 'fenced' | 'abortable' | 'abortable-if-possible' | 'fatal';

const ABORTABLE: ReadonlySet<number> = new Set([
  ErrorCode.TRANSACTION_ABORTABLE,
  ErrorCode.GROUP_AUTHORIZATION_FAILED,
  ErrorCode.TOPIC_AUTHORIZATION_FAILED,
  ErrorCode.FENCED_INSTANCE_ID,
  ErrorCode.UNKNOWN_MEMBER_ID,
  ErrorCode.ILLEGAL_GENERATION,
  ErrorCode.STALE_MEMBER_EPOCH,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.INVALID_TOPIC_EXCEPTION,
  ErrorCode.OPERATION_NOT_ATTEMPTED,
]);

/** `isRetriable` as the table of errors says. */
export function transactionVerdict(errorCode: number, isRetriable: boolean): TransactionVerdict {
  if (errorCode === ErrorCode.INVALID_PRODUCER_EPOCH || errorCode === ErrorCode.PRODUCER_FENCED)
    return 'fenced';
  if (errorCode === ErrorCode.UNKNOWN_PRODUCER_ID) return 'abortable-if-possible';
  if (isRetriable) return 'retry';
  return ABORTABLE.has(errorCode) ? 'abortable' : 'fatal';
}
