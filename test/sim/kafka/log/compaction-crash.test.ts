import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Env } from '../../../../src/env/env.ts';
import type { SimRandom } from '../../../../src/env/sim/sim-random.ts';
import { Simulation } from '../../../../src/env/sim/simulation.ts';
import { DEFAULT_CLEANER_CONFIG } from '../../../../src/kafka/log/cleaner/cleaner-config.ts';
import type { LogManager } from '../../../../src/kafka/log/log-manager.ts';
import type { UnifiedLog } from '../../../../src/kafka/log/unified-log.ts';
import { readBatch } from '../../../../src/wire/kafka/records/records.ts';
import { batchesOf, compactedConfig, describeRecord, keyedBatch } from '../../../support/compaction.ts';
import { endMarker } from '../../../support/log-batches.ts';
import { loadedManager } from '../../../support/log-env.ts';

const SEEDS = Array.from({ length: 80 }, (_, index) => index);
const TOPIC = { topic: 'table', partition: 0 };
const CONFIG = compactedConfig({ segmentBytes: 600, deleteRetentionMs: 1e12 });

interface Written {
  readonly offset: number;
  readonly key: string;
  readonly text: string;
  readonly producerId: bigint | undefined;
}

/** Everything that was appended, and how much of it was promised to be durable. */
class Model {
  readonly written: Written[] = [];
  readonly aborted: { readonly offset: number; readonly producerId: bigint; readonly from: number }[] = [];
  durableOffset = 0;
  private readonly sequences = new Map<bigint, number>();
  private readonly open = new Map<bigint, number>();
  private readonly random: SimRandom;
  log: UnifiedLog;

  constructor(random: SimRandom, log: UnifiedLog) {
    this.random = random;
    this.log = log;
  }

  async step(timestamp: number): Promise<void> {
    const chance = this.random.below(20);
    if (chance === 0) {
      const end = this.log.logEndOffset;
      await this.log.flush();
      this.durableOffset = end;
    } else if (chance < 3 && this.open.size > 0) this.endTransaction();
    else this.produce(timestamp);
    this.log.updateHighWatermark(this.log.logEnd);
  }

  private produce(timestamp: number): void {
    const producer = this.random.below(4);
    const producerId = producer === 0 ? undefined : BigInt(producer);
    const transactional = producer > 2;
    const baseSequence = producerId === undefined ? 0 : (this.sequences.get(producerId) ?? 0);
    const records = Array.from({ length: 1 + this.random.below(4) }, (): [string, string | null] => [
      `key-${this.random.below(12)}`,
      this.random.below(6) === 0 ? null : `value-${this.written.length}-${'x'.repeat(this.random.below(40))}`,
    ]);
    const compression = this.random.below(3) === 0 ? 'gzip' : 'none';
    const idempotence = producerId === undefined ? {} : { producerId, baseSequence, transactional };
    const bytes = keyedBatch({ records, timestamp, compression, ...idempotence });
    const { firstOffset } = this.log.appendAsLeader(bytes, 0);
    for (const [index, [key, value]] of records.entries()) {
      const offset = firstOffset + index;
      this.written.push({
        offset,
        key,
        text: `${offset} ${key}=${value}`,
        producerId: transactional ? producerId : undefined,
      });
    }
    if (producerId === undefined) return;
    this.sequences.set(producerId, baseSequence + records.length);
    if (transactional && !this.open.has(producerId)) this.open.set(producerId, firstOffset);
  }

  private endTransaction(): void {
    for (const [producerId, from] of this.open) {
      this.open.delete(producerId);
      const type = this.random.below(2) === 0 ? 'COMMIT' : 'ABORT';
      const { firstOffset } = this.log.appendAsLeader(endMarker(type, producerId), 0, 'coordinator');
      if (type === 'ABORT') this.aborted.push({ offset: firstOffset, producerId, from });
      return;
    }
  }

  /** Whether a record was taken back: that stays so if a power failure takes the marker and not the record. */
  isAborted({ offset, producerId }: Written): boolean {
    return this.aborted.some(
      (abort) => abort.producerId === producerId && abort.from <= offset && offset < abort.offset,
    );
  }
}

function manage(env: Env): Promise<LogManager> {
  return loadedManager(env, {
    configFor: () => CONFIG,
    hotTailBytes: 500,
    cleaner: { ...DEFAULT_CLEANER_CONFIG, backoffMs: 5, ioBufferBytes: 1000 },
    flushOffsetCheckpointIntervalMs: 200,
    highWatermarkCheckpointIntervalMs: 100,
  });
}

/**
 * All that is there was written so, and each key has its last record. Of what was never flushed a power failure may
 * have taken any part, a compacted log being allowed holes: then a key has its last durable record, or a later one.
 */
function check(log: UnifiedLog, model: Model, what: string, durableOffset = log.logEndOffset): void {
  const found = batchesOf(log)
    .filter((batch) => !batch.isControl)
    .flatMap((batch) => [...readBatch(batch)]);
  const texts = new Set(model.written.map(({ text }) => text));
  const last = new Map<string, number>();
  for (const record of found) {
    const text = describeRecord(record);
    assert.ok(texts.has(text), `${what}: ${text} was never written`);
    last.set(String(record.key), record.offset);
  }
  for (const record of model.written) {
    if (record.offset >= durableOffset || model.isAborted(record)) continue;
    assert.ok((last.get(record.key) ?? -1) >= record.offset, `${what}: ${record.text} is lost`);
  }
}

describe('compaction and crashes', () => {
  for (const end of ['crash', 'kill'] as const) {
    it(`never loses the last record of a key (${end})`, async () => {
      let cleaned = 0;
      for (const seed of SEEDS) {
        const sim = new Simulation({ seed });
        const host = sim.host('broker');
        const random = sim.random.fork();
        await sim.run(async () => {
          let manager = await manage(host.env);
          const log = manager.getOrCreate(TOPIC, { isNew: true, topicId: undefined });
          const model = new Model(random, log);
          for (let round = 0; round < 3; round++) {
            for (let steps = 5 + random.below(60); steps > 0; steps--) {
              await model.step(host.env.clock.nowMs());
              if (random.below(6) === 0) await sim.advance(random.below(30));
            }
            check(model.log, model, `seed ${seed}, before the crash`);
            cleaned += model.log.cleanable.cleanedOffset ?? 0;
            host[end]();
            manager = await manage(host.restart());
            const recovered = manager.get(TOPIC);
            if (recovered === undefined) {
              assert.ok(end === 'crash' && model.durableOffset === 0, `seed ${seed}: the log is gone`);
              return;
            }
            assert.ok(
              recovered.logEndOffset >= model.durableOffset,
              `seed ${seed}: flushed records are lost`,
            );
            const promised = end === 'kill' ? recovered.logEndOffset : model.durableOffset;
            check(recovered, model, `seed ${seed}, after a ${end}`, promised);
            if (end === 'crash') return;
            model.log = recovered;
          }
        });
      }
      assert.ok(cleaned > 1000, `only ${cleaned} offsets were cleaned`);
    });
  }
});

describe('compaction on a failing disk', () => {
  it('takes the log directory offline, and loses nothing', async () => {
    const sim = new Simulation({ seed: 3 });
    const host = sim.host('broker');
    await sim.run(async () => {
      const failed: string[] = [];
      const changes = {
        configFor: () => CONFIG,
        cleaner: { ...DEFAULT_CLEANER_CONFIG, backoffMs: 5 },
        onLogDirFailure: (logDir: string) => failed.push(logDir),
      };
      const manager = await loadedManager(host.env, changes);
      const log = manager.getOrCreate(TOPIC, { isNew: true, topicId: undefined });
      for (const value of ['1', '2']) log.appendAsLeader(keyedBatch({ records: [['a', value]] }), 0);
      log.roll();
      await log.flush();
      await sim.advance(20);
      host.disk.faults.broken = true;
      log.updateHighWatermark(log.logEnd);
      await sim.advance(100);
      assert.deepEqual(failed, ['/data']);
      host.disk.faults.broken = false;
      host.kill();
      const again = await loadedManager(host.restart(), changes);
      const recovered = again.get(TOPIC);
      assert.ok(recovered);
      recovered.updateHighWatermark(recovered.logEnd);
      await sim.advance(100);
      const left = batchesOf(recovered).flatMap((batch) => [...readBatch(batch)].map(describeRecord));
      assert.deepEqual(left, ['1 a=2']);
    });
  });
});
