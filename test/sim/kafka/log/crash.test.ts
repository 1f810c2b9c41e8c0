import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Env } from '../../../../src/env/env.ts';
import type { SimRandom } from '../../../../src/env/sim/sim-random.ts';
import { Simulation } from '../../../../src/env/sim/simulation.ts';
import { LogError } from '../../../../src/kafka/log/log-error.ts';
import type { LogManager } from '../../../../src/kafka/log/log-manager.ts';
import type { UnifiedLog } from '../../../../src/kafka/log/unified-log.ts';
import { batchesIn, type RecordBatch } from '../../../../src/wire/kafka/records/batch.ts';
import { readEndTransactionMarker } from '../../../../src/wire/kafka/records/control.ts';
import { readBatch } from '../../../../src/wire/kafka/records/records.ts';
import { endMarker, testBatch } from '../../../support/log-batches.ts';
import { loadedManager, logConfig } from '../../../support/log-env.ts';

const SEEDS = Array.from({ length: 150 }, (_, index) => index);
const TOPIC = { topic: 'orders', partition: 0 };
const TOPIC_ID = 'QLqWiat0RLeviCrrsGBWGA';
const CONFIG = logConfig({ segmentBytes: 1500, indexIntervalBytes: 150, segmentMs: 1e12, retentionMs: -1 });

interface Entry {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly bytes: Buffer;
}

/** What was appended, and how much of it was promised to be durable. */
class Model {
  readonly entries: Entry[] = [];
  durableOffset = 0;
  private readonly sequences = new Map<bigint, number>();
  private readonly open = new Set<bigint>();
  private readonly random: SimRandom;
  private readonly log: UnifiedLog;

  constructor(random: SimRandom, log: UnifiedLog) {
    this.random = random;
    this.log = log;
  }

  async step(timestamp: number): Promise<void> {
    const chance = this.random.below(10);
    if (chance === 0) await this.flush();
    else if (chance < 3 && this.open.size > 0) this.endTransaction();
    else this.produce(timestamp);
  }

  private async flush(): Promise<void> {
    const end = this.log.logEndOffset;
    await this.log.flush();
    this.durableOffset = end;
  }

  private produce(timestamp: number): void {
    const producerId = BigInt(1 + this.random.below(4));
    const transactional = producerId > 2n;
    const baseSequence = this.sequences.get(producerId) ?? 0;
    const count = 1 + this.random.below(3);
    const valueBytes = this.random.below(120);
    this.append(
      testBatch({ producerId, baseSequence, count, valueBytes, transactional, timestamp }),
      'client',
    );
    this.sequences.set(producerId, baseSequence + count);
    if (transactional) this.open.add(producerId);
  }

  private endTransaction(): void {
    const [producerId] = this.open;
    if (producerId === undefined) return;
    this.open.delete(producerId);
    this.append(endMarker(this.random.below(2) === 0 ? 'COMMIT' : 'ABORT', producerId), 'coordinator');
  }

  private append(bytes: Buffer, origin: 'client' | 'coordinator'): void {
    const { firstOffset, lastOffset } = this.log.appendAsLeader(bytes, 0, origin);
    this.entries.push({ baseOffset: firstOffset, lastOffset, bytes: Buffer.from(bytes) });
  }
}

function manage(env: Env): Promise<LogManager> {
  return loadedManager(env, {
    configFor: () => CONFIG,
    hotTailBytes: 500,
    flushOffsetCheckpointIntervalMs: 200,
    highWatermarkCheckpointIntervalMs: 100,
  });
}

function batchesOf(log: UnifiedLog): RecordBatch[] {
  const batches: RecordBatch[] = [];
  for (let next = log.logStartOffset; next < log.logEndOffset; ) {
    const read = log.read({ startOffset: next, maxBytes: 400, isolation: 'log-end', minOneMessage: true });
    assert.ok(read.bytes > 0, `nothing to read at ${next}`);
    for (const batch of read.chunks.flatMap((chunk) => [...batchesIn(chunk)])) {
      batches.push(batch);
      next = batch.nextOffset;
    }
  }
  return batches;
}

/** Last sequence, open transactions and aborted ones, found by going through the batches once more. */
function producersOf(batches: readonly RecordBatch[]) {
  const last = new Map<bigint, number>();
  const open = new Map<bigint, number>();
  const aborted: { producerId: bigint; firstOffset: number }[] = [];
  for (const batch of batches) {
    const { producerId, baseOffset } = batch;
    if (!batch.isControl) {
      last.set(producerId, batch.lastSequence);
      if (batch.isTransactional && !open.has(producerId)) open.set(producerId, baseOffset);
      continue;
    }
    const firstOffset = open.get(producerId);
    open.delete(producerId);
    const [record] = readBatch(batch);
    assert.ok(record);
    const isAbort = readEndTransactionMarker(record)?.type === 'ABORT';
    if (firstOffset !== undefined && isAbort) aborted.push({ producerId, firstOffset });
  }
  return { last, open, aborted: aborted.sort((a, b) => a.firstOffset - b.firstOffset) };
}

function checkRecovered(log: UnifiedLog, model: Model, seed: number): void {
  const batches = batchesOf(log);
  const expected = model.entries.filter(({ lastOffset }) => lastOffset < log.logEndOffset);
  assert.equal(batches.length, expected.length, `seed ${seed}: batches`);
  for (const [index, batch] of batches.entries()) {
    assert.deepEqual(batch.bytes(), expected[index]?.bytes, `seed ${seed}: batch ${index}`);
  }
  assert.ok(log.logEndOffset >= model.durableOffset, `seed ${seed}: flushed records are lost`);
  const { last, open } = producersOf(batches);
  for (const producer of log.activeProducers()) {
    if (last.has(producer.producerId) && producer.lastSequence >= 0) {
      assert.equal(producer.lastSequence, last.get(producer.producerId), `seed ${seed}: sequence`);
    }
    const first = open.get(producer.producerId) ?? -1;
    assert.equal(producer.currentTxnStartOffset, first, `seed ${seed}: open transaction`);
  }
  log.updateHighWatermark(log.logEnd);
  const stable = Math.min(log.logEndOffset, ...open.values());
  assert.equal(log.lastStableOffset, stable, `seed ${seed}: last stable offset`);
}

describe('log after a crash', () => {
  for (const end of ['crash', 'kill'] as const) {
    it(`keeps a prefix of what was appended, and all that was flushed (${end})`, async () => {
      for (const seed of SEEDS) {
        const sim = new Simulation({ seed });
        const host = sim.host('broker');
        const random = sim.random.fork();
        await sim.run(async () => {
          const manager = await manage(host.env);
          const log = manager.getOrCreate(TOPIC, { isNew: true, topicId: TOPIC_ID });
          const model = new Model(random, log);
          for (let steps = 5 + random.below(60); steps > 0; steps--) {
            await model.step(host.env.clock.nowMs());
            if (random.below(8) === 0) await sim.advance(random.below(50));
          }
          host[end]();
          const again = await manage(host.restart());
          const recovered = again.get(TOPIC);
          if (recovered === undefined) {
            assert.ok(end === 'crash' && model.durableOffset === 0, `seed ${seed}: the log is gone`);
            return;
          }
          checkRecovered(recovered, model, seed);
          const appended = model.entries.at(-1)?.lastOffset ?? -1;
          if (end === 'kill') assert.equal(recovered.logEndOffset, appended + 1, `seed ${seed}: log end`);
          if (model.durableOffset > 0) assert.equal(recovered.topicId, TOPIC_ID, `seed ${seed}`);
          await checkCleanRestart(again, host.env, seed);
        });
      }
    });
  }

  /** What recovery has left is complete: a clean restart, and another crash, change nothing. */
  async function checkCleanRestart(manager: LogManager, env: Env, seed: number): Promise<void> {
    const log = manager.get(TOPIC);
    assert.ok(log);
    log.appendAsLeader(testBatch({ count: 2 }), 1);
    const before = batchesOf(log).map((batch) => Buffer.from(batch.bytes()));
    const producers = log.activeProducers();
    const { aborted } = producersOf(batchesOf(log));
    await manager.shutdown();
    const again = await manage(env);
    const reloaded = again.get(TOPIC);
    assert.ok(reloaded);
    assert.deepEqual(
      batchesOf(reloaded).map((batch) => batch.bytes()),
      before,
      `seed ${seed}: after a clean restart`,
    );
    const byId = (a: { producerId: bigint }, b: { producerId: bigint }) =>
      Number(a.producerId - b.producerId);
    assert.deepEqual(reloaded.activeProducers().sort(byId), producers.sort(byId), `seed ${seed}`);
    reloaded.updateHighWatermark(reloaded.logEnd);
    assert.deepEqual(
      abortedIn(reloaded),
      aborted.filter((each) => isStable(reloaded, each)),
      `seed ${seed}`,
    );
  }

  function isStable(log: UnifiedLog, { firstOffset }: { firstOffset: number }): boolean {
    return firstOffset < log.lastStableOffset;
  }

  function abortedIn(log: UnifiedLog): { producerId: bigint; firstOffset: number }[] {
    const found = new Map<string, { producerId: bigint; firstOffset: number }>();
    for (let next = log.logStartOffset; next < log.lastStableOffset; ) {
      const isolation = 'last-stable-offset';
      const read = log.read({ startOffset: next, maxBytes: 400, isolation, minOneMessage: true });
      assert.ok(read.bytes > 0, `nothing to read at ${next}`);
      for (const each of read.abortedTransactions ?? []) found.set(`${each.firstOffset}`, each);
      for (const batch of read.chunks.flatMap((chunk) => [...batchesIn(chunk)])) next = batch.nextOffset;
    }
    return [...found.values()].sort((a, b) => a.firstOffset - b.firstOffset);
  }
});

describe('log on a failing disk', () => {
  it('goes offline with KAFKA_STORAGE_ERROR when writes fail, and loses nothing that was flushed', async () => {
    const sim = new Simulation({ seed: 1 });
    const host = sim.host('broker');
    await sim.run(async () => {
      const failures: [string, string[]][] = [];
      let allFailed = 0;
      const manager = await loadedManager(host.env, {
        configFor: () => CONFIG,
        onLogDirFailure: (logDir, partitions) =>
          failures.push([logDir, partitions.map(({ topic }) => topic)]),
        onAllLogDirsFailed: () => {
          allFailed += 1;
        },
      });
      const log = manager.getOrCreate(TOPIC, { isNew: true, topicId: TOPIC_ID });
      log.appendAsLeader(testBatch({ count: 3 }), 0);
      await log.flush();
      host.disk.faults.broken = true;
      const isStorageError = (error: unknown) =>
        error instanceof LogError && error.error === 'KAFKA_STORAGE_ERROR';
      assert.throws(() => log.appendAsLeader(testBatch(), 0), isStorageError);
      await sim.advance(10);
      assert.deepEqual(failures, [['/data', ['orders']]]);
      assert.equal(allFailed, 1);
      assert.equal(manager.get(TOPIC), undefined);
      assert.throws(() => log.appendAsLeader(testBatch(), 0), isStorageError);
      assert.throws(() => manager.getOrCreate(TOPIC, { isNew: false, topicId: TOPIC_ID }), isStorageError);
      host.disk.faults.broken = false;
      host.crash();
      const again = await manage(host.restart());
      assert.equal(again.get(TOPIC)?.logEndOffset, 3);
    });
  });

  it('does not count a flush that failed', async () => {
    const sim = new Simulation({ seed: 2 });
    const host = sim.host('broker');
    await sim.run(async () => {
      const manager = await manage(host.env);
      const log = manager.getOrCreate(TOPIC, { isNew: true, topicId: TOPIC_ID });
      log.appendAsLeader(testBatch({ count: 3 }), 0);
      host.disk.faults.broken = true;
      await assert.rejects(log.flush(), (error) => error instanceof LogError);
      assert.equal(log.recoveryPoint, 0);
    });
  });
});
