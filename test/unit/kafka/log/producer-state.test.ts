import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MalformedError } from '../../../../src/base/malformed-error.ts';
import { Simulation } from '../../../../src/env/sim/simulation.ts';
import {
  decodeProducerSnapshot,
  encodeProducerSnapshot,
} from '../../../../src/kafka/log/producer-snapshot.ts';
import { ProducerStateEntry } from '../../../../src/kafka/log/producer-state-entry.ts';
import type { UnifiedLog } from '../../../../src/kafka/log/unified-log.ts';
import { endMarker, type TestBatch, testBatch } from '../../../support/log-batches.ts';
import { loadedManager, logConfig, logEnv, refused } from '../../../support/log-env.ts';

const PRODUCER = 9n;

async function openLog(changes: Parameters<typeof logConfig>[0] = {}) {
  const env = logEnv();
  const configFor = () => logConfig(changes);
  const manager = await loadedManager(env, { configFor, producerIdExpirationMs: () => 1000 });
  const log = manager.getOrCreate({ topic: 't', partition: 0 }, { isNew: true, topicId: undefined });
  return { env, manager, log, configFor };
}

function produce(log: UnifiedLog, batch: TestBatch) {
  return log.appendAsLeader(testBatch({ producerId: PRODUCER, ...batch }), 0);
}

describe('idempotent producers', () => {
  it('takes sequences in order and refuses a gap', async () => {
    const { log } = await openLog();
    produce(log, { baseSequence: 0, count: 3 });
    produce(log, { baseSequence: 3 });
    refused('OUT_OF_ORDER_SEQUENCE_NUMBER', () => produce(log, { baseSequence: 5 }));
    assert.equal(log.logEndOffset, 4);
    produce(log, { baseSequence: 4 });
    assert.equal(log.logEndOffset, 5);
  });

  it('answers a repeated batch with its first offsets, for the last five', async () => {
    const { log } = await openLog();
    for (let index = 0; index < 6; index++)
      produce(log, { baseSequence: index * 2, count: 2, timestamp: 50 });
    const repeated = produce(log, { baseSequence: 2, count: 2 });
    assert.deepEqual(
      [repeated.duplicate, repeated.firstOffset, repeated.lastOffset, repeated.duplicateTimestamp],
      [true, 2, 3, 51],
    );
    assert.equal(log.logEndOffset, 12);
    refused('OUT_OF_ORDER_SEQUENCE_NUMBER', () => produce(log, { baseSequence: 0, count: 2 }));
  });

  it('lets the sequence wrap after 2147483647', async () => {
    const { log } = await openLog();
    produce(log, { baseSequence: 2_147_483_646, count: 2 });
    produce(log, { baseSequence: 0 });
    assert.equal(log.logEndOffset, 3);
  });

  it('takes any sequence of a producer it knows nothing of', async () => {
    const { log } = await openLog();
    produce(log, { baseSequence: 77 });
    assert.equal(log.activeProducers()[0]?.lastSequence, 77);
  });

  it('begins a new epoch at sequence 0 and fences the old one', async () => {
    const { log } = await openLog();
    produce(log, { baseSequence: 0 });
    refused('OUT_OF_ORDER_SEQUENCE_NUMBER', () => produce(log, { producerEpoch: 1, baseSequence: 1 }));
    produce(log, { producerEpoch: 1, baseSequence: 0 });
    refused('INVALID_PRODUCER_EPOCH', () => produce(log, { producerEpoch: 0, baseSequence: 1 }));
  });

  it('forgets a producer after its expiration, not one in a transaction', async () => {
    const { log } = await openLog();
    produce(log, { baseSequence: 0, timestamp: 100 });
    log.appendAsLeader(
      testBatch({ producerId: 10n, baseSequence: 0, transactional: true, timestamp: 100 }),
      0,
    );
    log.removeExpiredProducers(1099);
    assert.equal(log.activeProducers().length, 2);
    log.removeExpiredProducers(1100);
    assert.deepEqual(
      log.activeProducers().map(({ producerId }) => producerId),
      [10n],
    );
  });

  it('goes back with a truncation', async () => {
    const { env, log } = await openLog();
    const timestamp = env.time.nowMs();
    for (let index = 0; index < 4; index++) produce(log, { baseSequence: index, timestamp });
    log.truncateTo(2);
    assert.equal(log.activeProducers()[0]?.lastSequence, 1);
    produce(log, { baseSequence: 2, timestamp });
    assert.equal(log.logEndOffset, 3);
  });

  it('survives a clean restart by its snapshot', async () => {
    const { env, manager, log, configFor } = await openLog();
    const timestamp = env.time.nowMs();
    produce(log, { baseSequence: 0, count: 4, timestamp });
    await manager.shutdown();
    const again = await loadedManager(env, { configFor });
    const reloaded = again.get(log.topicPartition);
    assert.ok(reloaded);
    const repeated = produce(reloaded, { baseSequence: 0, count: 4, timestamp });
    assert.deepEqual([repeated.duplicate, repeated.firstOffset], [true, 0]);
    await again.shutdown();
  });
});

describe('idempotent producers after a crash', () => {
  it('are told their repeated batches, the last five', async () => {
    const sim = new Simulation({ seed: 1 });
    const host = sim.host('broker');
    await sim.run(async () => {
      const topic = { topic: 't', partition: 0 };
      const log = (await loadedManager(host.env)).getOrCreate(topic, { isNew: true, topicId: undefined });
      const timestamp = host.env.clock.nowMs();
      for (let index = 0; index < 6; index++) produce(log, { baseSequence: index * 2, count: 2, timestamp });
      // A kill comes between turns: what this one has begun (the leader epoch's file) is under way.
      await Promise.resolve();
      host.kill();
      const reloaded = (await loadedManager(host.restart())).get(topic);
      assert.ok(reloaded);
      for (let index = 1; index < 6; index++) {
        const repeated = produce(reloaded, { baseSequence: index * 2, count: 2, timestamp });
        assert.deepEqual([repeated.duplicate, repeated.firstOffset], [true, index * 2]);
      }
      refused('OUT_OF_ORDER_SEQUENCE_NUMBER', () => produce(reloaded, { baseSequence: 0, count: 2 }));
      assert.equal(reloaded.logEndOffset, 12);
    });
  });
});

describe('transactions', () => {
  const data = (producerId: bigint, baseSequence: number) =>
    testBatch({ producerId, baseSequence, transactional: true });

  it('hold the last stable offset back until they end and the end is replicated', async () => {
    const { log } = await openLog();
    log.appendAsLeader(testBatch(), 0);
    log.appendAsLeader(data(1n, 0), 0);
    log.appendAsLeader(data(2n, 0), 0);
    log.updateHighWatermark(log.logEnd);
    assert.equal(log.lastStableOffset, 1);
    log.appendAsLeader(endMarker('COMMIT', 1n), 0, 'coordinator');
    assert.equal(log.lastStableOffset, 1, 'the marker is not yet replicated');
    log.updateHighWatermark(log.logEnd);
    assert.equal(log.lastStableOffset, 2, 'the other transaction is open');
    log.appendAsLeader(endMarker('ABORT', 2n), 0, 'coordinator');
    log.updateHighWatermark(log.logEnd);
    assert.equal(log.lastStableOffset, 5);
  });

  it('tell a committed reader which were aborted', async () => {
    const { log } = await openLog();
    log.appendAsLeader(data(1n, 0), 0);
    log.appendAsLeader(data(2n, 0), 0);
    log.appendAsLeader(endMarker('ABORT', 1n), 0, 'coordinator');
    log.appendAsLeader(endMarker('COMMIT', 2n), 0, 'coordinator');
    log.updateHighWatermark(log.logEnd);
    const read = log.read({
      startOffset: 0,
      maxBytes: 10_000,
      isolation: 'last-stable-offset',
      minOneMessage: true,
    });
    assert.deepEqual(read.abortedTransactions, [{ producerId: 1n, firstOffset: 0 }]);
  });

  it('allow no other write of their producer, and no older coordinator', async () => {
    const { log } = await openLog();
    log.appendAsLeader(data(1n, 0), 0);
    refused('INVALID_TXN_STATE', () => log.appendAsLeader(testBatch({ producerId: 1n, baseSequence: 1 }), 0));
    log.appendAsLeader(endMarker('COMMIT', 1n, { coordinatorEpoch: 5 }), 0, 'coordinator');
    refused('TRANSACTION_COORDINATOR_FENCED', () =>
      log.appendAsLeader(endMarker('COMMIT', 1n, { coordinatorEpoch: 4 }), 0, 'coordinator'),
    );
    refused('INVALID_PRODUCER_EPOCH', () =>
      log.appendAsLeader(
        endMarker('ABORT', 1n, { producerEpoch: -1, coordinatorEpoch: 5 }),
        0,
        'coordinator',
      ),
    );
  });

  it('are open again when a truncation takes their marker away', async () => {
    const { env, log } = await openLog();
    assert.ok(env);
    log.appendAsLeader(data(1n, 0), 0);
    log.appendAsLeader(endMarker('ABORT', 1n), 0, 'coordinator');
    log.updateHighWatermark(log.logEnd);
    log.truncateTo(1);
    assert.equal(log.lastStableOffset, 0);
    assert.equal(log.activeProducers()[0]?.currentTxnStartOffset, 0);
  });
});

describe('producer snapshot', () => {
  function entry(): ProducerStateEntry {
    const state = new ProducerStateEntry(0x7fff_ffff_ffff_fff0n);
    state.addBatch(3, { lastSequence: 9, lastOffset: 100, offsetDelta: 4, timestamp: 5000 });
    state.coordinatorEpoch = 2;
    state.currentTransactionFirstOffset = 96;
    return state;
  }

  it('keeps an entry with its last batch', () => {
    const [decoded] = decodeProducerSnapshot(encodeProducerSnapshot([entry()]));
    assert.deepEqual(decoded, entry());
  });

  it('refuses a damaged file', () => {
    const bytes = encodeProducerSnapshot([entry()]);
    const flipped = Buffer.from(bytes);
    flipped.writeUInt8(flipped.readUInt8(20) ^ 1, 20);
    for (const bad of [flipped, bytes.subarray(0, 30), Buffer.alloc(0), Buffer.from('0009', 'hex')]) {
      assert.throws(() => decodeProducerSnapshot(bad), MalformedError);
    }
  });
});
