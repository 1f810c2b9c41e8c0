import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BrokerError, isKafkaError, KafkaError } from '../../../../../src/clients/kafka/kafka-error.ts';
import { PartitionQueue } from '../../../../../src/clients/kafka/producer/partition-queue.ts';
import {
  TransactionState,
  transactionVerdict,
} from '../../../../../src/clients/kafka/producer/transaction-state.ts';
import { ErrorCode, errorOf } from '../../../../../src/wire/kafka/errors.ts';

const partition = new PartitionQueue('t', 0);
const lost = new BrokerError(ErrorCode.NOT_ENOUGH_REPLICAS, 't-0');

/** A state in which a transaction is open. */
function open(isNew = false): TransactionState {
  const state = new TransactionState('id');
  state.to('initializing', 'init');
  state.isNew = isNew;
  state.canBumpEpoch = true;
  state.to('ready', 'init');
  state.to('open', 'begin');
  return state;
}

const withCode = (code: KafkaError['code']) => (error: unknown) => isKafkaError(error, code);

describe('the state of transactions', () => {
  it('goes round, transaction after transaction', () => {
    const state = open();
    for (const end of ['committing', 'aborting', 'committing'] as const) {
      state.to(end, 'end');
      state.ended();
      assert.equal(state.phase, 'ready');
      state.to('open', 'begin');
    }
  });

  it('refuses what does not fit, and stays where it is', () => {
    const fresh = new TransactionState('id');
    assert.throws(() => fresh.to('open', 'begin'), withCode('INVALID_STATE'));
    assert.throws(() => fresh.throwUnlessOpen('send'), withCode('INVALID_STATE'));
    const state = open();
    assert.throws(() => state.to('open', 'begin'), withCode('INVALID_STATE'));
    assert.throws(() => state.to('initializing', 'init'), withCode('INVALID_STATE'));
    assert.equal(state.phase, 'open');
  });

  it('lets a partition be written once the coordinator knows of it', () => {
    const state = open();
    state.join(partition);
    assert.deepEqual([state.mayWrite(partition), state.hasBegun], [false, false]);
    assert.deepEqual(state.partitionsToAdd, [partition]);
    state.added([partition]);
    assert.deepEqual([state.mayWrite(partition), state.hasBegun], [true, true]);
    assert.deepEqual(state.partitionsToAdd, []);
  });

  it('lets it be written at once where brokers add partitions themselves', () => {
    const state = open(true);
    state.join(partition);
    assert.deepEqual(
      [state.mayWrite(partition), state.hasBegun, state.partitionsToAdd.length],
      [true, true, 0],
    );
  });

  it('can only be aborted after a batch was lost, and asks for another epoch then', () => {
    for (const isNew of [false, true]) {
      const state = open(isNew);
      state.batchFailed(lost);
      assert.throws(() => state.throwUnlessOpen('send'), withCode('TRANSACTION_ABORTABLE'));
      assert.throws(() => state.to('committing', 'commit'), withCode('TRANSACTION_ABORTABLE'));
      assert.equal(state.drops, lost);
      state.to('aborting', 'abort');
      assert.ok(isKafkaError(state.drops, 'TRANSACTION_ABORTED'));
      // What fails while it is being aborted does not matter.
      state.batchFailed(lost);
      state.ended();
      assert.equal(state.phase, isNew ? 'ready' : 'initializing');
    }
  });

  it('is over once the producer is fenced, whatever it was about to do', () => {
    const fenced = new BrokerError(ErrorCode.PRODUCER_FENCED, 'id');
    for (const prepare of [
      () => undefined,
      (state: TransactionState) => state.to('committing', 'commit'),
      (state: TransactionState) => state.to('aborting', 'abort'),
      (state: TransactionState) => state.batchFailed(lost),
    ]) {
      const state = open();
      prepare(state);
      state.failForGood(fenced);
      state.failAbortable(lost);
      state.failForGood(new KafkaError('TIMED_OUT', 'later'));
      assert.equal(state.error, fenced);
      for (const phase of ['aborting', 'committing', 'ready', 'open'] as const) {
        assert.throws(() => state.to(phase, 'anything'), withCode('PRODUCER_FENCED'));
      }
      assert.equal(state.mayWrite(partition), false);
    }
  });

  it('is over when records are lost track of and there is no other epoch to be had', () => {
    const state = open();
    state.canBumpEpoch = false;
    state.sequencesLost();
    assert.equal(state.phase, 'fatal');
  });

  it('knows what errors of requests mean', () => {
    const verdicts = {
      COORDINATOR_NOT_AVAILABLE: 'retry',
      CONCURRENT_TRANSACTIONS: 'retry',
      COORDINATOR_LOAD_IN_PROGRESS: 'retry',
      PRODUCER_FENCED: 'fenced',
      INVALID_PRODUCER_EPOCH: 'fenced',
      UNKNOWN_PRODUCER_ID: 'abortable-if-possible',
      TRANSACTION_ABORTABLE: 'abortable',
      GROUP_AUTHORIZATION_FAILED: 'abortable',
      ILLEGAL_GENERATION: 'abortable',
      INVALID_TXN_STATE: 'fatal',
      INVALID_PRODUCER_ID_MAPPING: 'fatal',
      TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 'fatal',
    } as const;
    for (const [name, verdict] of Object.entries(verdicts)) {
      const code = ErrorCode[name as keyof typeof verdicts];
      assert.equal(transactionVerdict(code, errorOf(code).retriable), verdict, name);
    }
  });
});
