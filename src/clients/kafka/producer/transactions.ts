import type { Env } from '../../../env/env.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { KafkaError } from '../kafka-error.ts';
import type { Accumulator } from './accumulator.ts';
import type { PartitionQueue } from './partition-queue.ts';
import type { ProducerSettings } from './producer-options.ts';
import { ProducerState } from './producer-state.ts';
import { TransactionCoordinator } from './transaction-coordinator.ts';
import type { GroupMembership, TransactionOffset } from './transaction-offsets.ts';
import { TransactionState } from './transaction-state.ts';

interface TransactionsOptions {
  readonly env: Env;
  readonly cluster: Cluster;
  readonly settings: ProducerSettings;
  readonly transactionalId: string;
  readonly accumulator: Accumulator;
  /** Resolves when no record waits and no batch is without outcome. */
  readonly drained: () => Promise<void>;
  /** There is something to send, or to drop. */
  readonly wake: () => void;
}

/** The version of the feature from which on brokers take part (KIP-890). */
const NEW_TRANSACTIONS = 2;

/**
 * The transactions of one producer: the calls, in the order in which they are made, upon {@link TransactionState}.
 * What a call has begun goes on when its time is over; the same call again waits for it.
 */
export class Transactions {
  readonly state: TransactionState;
  readonly producer: ProducerState;
  private readonly options: TransactionsOptions;
  private readonly coordinator: TransactionCoordinator;
  /** Requests to coordinators, one at a time. */
  private last: Promise<unknown> = Promise.resolve();
  private pending: { readonly operation: string; readonly done: Promise<void> } | undefined;
  private isAdding = false;

  constructor(options: TransactionsOptions) {
    const { env, cluster, settings, transactionalId } = options;
    const { transactionTimeoutMs } = settings;
    this.options = options;
    this.state = new TransactionState(transactionalId);
    this.producer = new ProducerState(this.state);
    this.coordinator = new TransactionCoordinator({ env, cluster, state: this.state, transactionTimeoutMs });
  }

  init(): Promise<void> {
    return this.run('initTransactions', async () => {
      this.state.to('initializing', 'initTransactions');
      await this.initialize();
    });
  }

  begin(): void {
    this.throwIfPending('beginTransaction');
    this.state.to('open', 'beginTransaction');
  }

  commit(): Promise<void> {
    return this.run('commitTransaction', async () => {
      this.state.to('committing', 'commitTransaction');
      this.options.wake();
      await this.options.drained();
      await this.last;
      this.state.throwIfFailed();
      await this.end(true);
    });
  }

  abort(): Promise<void> {
    return this.run('abortTransaction', async () => {
      this.state.to('aborting', 'abortTransaction');
      this.state.dropPartitionsToAdd();
      this.options.wake();
      await this.options.drained();
      await this.last;
      this.state.throwIfFailed();
      await this.end(false);
    });
  }

  sendOffsets(offsets: readonly TransactionOffset[], group: GroupMembership): Promise<void> {
    this.throwIfPending('sendOffsetsToTransaction');
    this.state.throwUnlessOpen('sendOffsetsToTransaction');
    if (offsets.length === 0) return Promise.resolve();
    const done = this.inTurn(async () => {
      const { producer } = this.producer;
      if (!this.state.isNew) await this.coordinator.addOffsets(producer, group.groupId);
      this.state.hasBegun = true;
      await this.coordinator.commitOffsets(producer, offsets, group);
    });
    return this.inTime('sendOffsetsToTransaction', done);
  }

  /** A record was written into a batch of this partition. */
  join(queue: PartitionQueue): void {
    this.state.join(queue);
    if (!this.isAdding && this.state.partitionsToAdd.length > 0) this.addPartitions();
  }

  /** Throws what keeps a record from being sent. */
  throwUnlessOpen(operation: string): void {
    this.throwIfPending(operation);
    this.state.throwUnlessOpen(operation);
  }

  /** Waits for what is under way, and aborts a transaction that is open. */
  async finish(): Promise<void> {
    await this.pending?.done;
    if (this.state.canAbort) await this.abort();
  }

  close(): void {
    this.coordinator.close();
  }

  private addPartitions(): void {
    this.isAdding = true;
    this.inTurn(async () => {
      // All that were written in the same turn, and while another request was under way.
      while (this.state.partitionsToAdd.length > 0) {
        const queues = this.state.partitionsToAdd;
        await this.coordinator.addPartitions(this.producer.producer, queues);
        this.state.added(queues);
        this.options.wake();
      }
    })
      .catch((error: unknown) => {
        this.options.env.log.debug('partitions were not added to the transaction', { error });
      })
      .finally(() => {
        this.isAdding = false;
        this.options.wake();
      });
  }

  private async initialize(): Promise<void> {
    const { accumulator } = this.options;
    try {
      const isBump = this.producer.hasId;
      const producer = await this.inTurn(() =>
        this.coordinator.initProducerId(isBump ? this.producer.producer : undefined),
      );
      this.producer.setProducer(producer);
      this.producer.resetSequences(accumulator.allQueues());
      this.lookForNewTransactions();
      this.state.to('ready', 'InitProducerId');
    } catch (error) {
      // It may be called again, when it was refused and can be allowed.
      if (this.state.phase === 'initializing') this.state.to('uninitialized', 'InitProducerId');
      throw error;
    }
  }

  private async end(isCommit: boolean): Promise<void> {
    const { accumulator } = this.options;
    if (this.state.hasBegun) {
      const next = await this.inTurn(() => this.coordinator.end(this.producer.producer, isCommit));
      if (next !== undefined) {
        this.producer.setProducer(next);
        this.producer.resetSequences(accumulator.allQueues());
      }
    }
    const wasNew = this.state.isNew;
    this.lookForNewTransactions();
    // The broker learns of the new kind with the epoch.
    if (this.state.isNew && !wasNew) this.state.needsBump = true;
    this.state.ended();
    if (this.state.phase === 'initializing') await this.initialize();
  }

  private lookForNewTransactions(): void {
    this.state.isNew = this.options.cluster.finalizedFeature('transaction.version') >= NEW_TRANSACTIONS;
  }

  /** Runs an operation, or waits for the same one that is under way. */
  private run(operation: string, action: () => Promise<void>): Promise<void> {
    const { pending } = this;
    if (pending !== undefined && pending.operation !== operation) {
      return Promise.reject(stillPending(operation, pending.operation));
    }
    let done = pending?.done;
    if (done === undefined) {
      done = action();
      this.pending = { operation, done };
      const forget = (): void => {
        this.pending = undefined;
      };
      done.then(forget, forget);
    }
    return this.inTime(operation, done);
  }

  private throwIfPending(operation: string): void {
    if (this.pending !== undefined) throw stillPending(operation, this.pending.operation);
  }

  /** After the requests before it, whatever became of them. Not when the transaction has failed. */
  private inTurn<T>(action: () => Promise<T>): Promise<T> {
    const done = this.last.then(() => {
      if (this.state.phase !== 'aborting') this.state.throwIfFailed();
      return action();
    });
    this.last = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  private inTime(operation: string, done: Promise<void>): Promise<void> {
    const { env, settings } = this.options;
    return new Promise((resolve, reject) => {
      const timer = env.timers.after(settings.maxBlockMs, () => {
        const message = `${operation} is not done within ${settings.maxBlockMs} ms: call it again to wait for it`;
        reject(new KafkaError('TIMED_OUT', message, { retriable: true }));
      });
      done.then(resolve, reject).finally(() => timer.cancel());
    });
  }
}

function stillPending(operation: string, other: string): KafkaError {
  return new KafkaError('INVALID_STATE', `${operation} while ${other} is under way: wait for that first`);
}
