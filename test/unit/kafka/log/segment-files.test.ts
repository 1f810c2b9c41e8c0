import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Simulation } from '../../../../src/env/sim/simulation.ts';
import { buildBatch } from '../../../../src/wire/kafka/records/builder.ts';
import { compactedConfig, dataOf } from '../../../support/compaction.ts';
import { testBatch } from '../../../support/log-batches.ts';
import { type LogEnv, loadedManager, logConfig, logEnv } from '../../../support/log-env.ts';
import { settle } from '../../../support/settle.ts';

const TOPIC = { topic: 't', partition: 0 };
const FAR = 2 ** 31;

describe('preallocate', () => {
  const config = logConfig({ preallocate: true, segmentBytes: 10_000 });
  const configFor = () => config;

  async function open(env: LogEnv) {
    const manager = await loadedManager(env, { configFor, hotTailBytes: 0 });
    const log = manager.getOrCreate(TOPIC, { isNew: true, topicId: undefined });
    const size = (base: number) => env.disk.stat(`/data/t-0/${String(base).padStart(20, '0')}.log`)?.size;
    return { manager, log, size };
  }

  it('gives a new segment its full size, and cuts it when the next one begins', async () => {
    const { log, size } = await open(logEnv());
    assert.equal(size(0), 10_000);
    log.appendAsLeader(testBatch({ count: 2 }), 0);
    assert.equal(size(0), 10_000);
    const bytes = log.sizeBytes;
    assert.ok(bytes < 1000);
    log.roll();
    assert.deepEqual([size(0), size(2)], [bytes, 10_000]);
  });

  it('cuts it at a clean shutdown', async () => {
    const env = logEnv();
    const { manager, log, size } = await open(env);
    log.appendAsLeader(testBatch({ count: 2 }), 0);
    const bytes = log.sizeBytes;
    await manager.shutdown();
    assert.equal(size(0), bytes);
    const again = await open(env);
    assert.equal(again.log.logEndOffset, 2);
  });

  it('finds the end of the records after a crash', async () => {
    const sim = new Simulation({ seed: 1 });
    const host = sim.host('broker');
    await sim.run(async () => {
      const manager = await loadedManager(host.env, { configFor, hotTailBytes: 0 });
      const log = manager.getOrCreate(TOPIC, { isNew: true, topicId: undefined });
      log.appendAsLeader(testBatch({ count: 2 }), 0);
      const bytes = log.sizeBytes;
      // A kill comes between turns: what this one has begun (the leader epoch's file) is under way.
      await Promise.resolve();
      host.kill();
      const again = await loadedManager(host.restart(), { configFor, hotTailBytes: 0 });
      const recovered = again.get(TOPIC);
      assert.equal(recovered?.logEndOffset, 2);
      assert.equal(recovered?.sizeBytes, bytes);
    });
  });
});

describe('a segment whose offsets are too far apart (KAFKA-6264)', () => {
  const at = (baseOffset: number, key: string) =>
    buildBatch([{ timestamp: 1, key: Buffer.from(key), value: Buffer.from('v') }], { baseOffset });

  function write(env: LogEnv, name: string, ...chunks: Buffer[]): void {
    env.disk.makeDirectory('/data/t-0');
    const file = env.disk.open(`/data/${name}`, 'write');
    file.write(chunks, 0);
    file.close();
  }

  const configFor = () => compactedConfig({ segmentBytes: 100_000 });
  const bases = (env: LogEnv) =>
    env.disk
      .list('/data/t-0')
      .filter((name) => name.endsWith('.log'))
      .map((name) => Number(name.slice(0, 20)));

  for (const cleanShutdown of [true, false]) {
    it(`is split when it is loaded, after a ${cleanShutdown ? 'clean shutdown' : 'crash'}`, async () => {
      const env = logEnv();
      const batches = [at(0, 'a'), at(10, 'b'), at(FAR + 5, 'c'), at(FAR + 9, 'd'), at(3 * FAR, 'e')];
      write(env, 't-0/00000000000000000000.log', ...batches);
      if (cleanShutdown) write(env, '.kafka_cleanshutdown', Buffer.from('{"version":0,"brokerEpoch":-1}'));
      const manager = await loadedManager(env, { configFor, hotTailBytes: 0 });
      const log = manager.get(TOPIC);
      assert.ok(log);
      assert.deepEqual(dataOf(log), [
        '0 a=v',
        '10 b=v',
        `${FAR + 5} c=v`,
        `${FAR + 9} d=v`,
        `${3 * FAR} e=v`,
      ]);
      assert.equal(log.logEndOffset, 3 * FAR + 1);
      assert.deepEqual(bases(env), [0, FAR + 5, 3 * FAR]);
      log.appendAsLeader(testBatch(), 0);
      assert.equal(log.logEndOffset, 3 * FAR + 2);
    });
  }

  it('is split when it is cleaned, where its indexes were there and nobody looked into it', async () => {
    const env = logEnv();
    write(env, 't-0/00000000000000000000.log', at(0, 'a'), at(10, 'b'), at(FAR + 5, 'a'));
    write(env, 't-0/00000000000000000000.index');
    write(env, 't-0/00000000000000000000.timeindex');
    write(env, `t-0/${String(FAR + 6).padStart(20, '0')}.log`, at(FAR + 6, 'c'));
    write(env, '.kafka_cleanshutdown', Buffer.from('{"version":0,"brokerEpoch":-1}'));
    const manager = await loadedManager(env, { configFor, hotTailBytes: 0 });
    const log = manager.get(TOPIC);
    assert.ok(log);
    log.updateHighWatermark(log.logEnd);
    for (let turn = 0; turn < 200; turn++) {
      env.time.advance(500);
      await settle();
    }
    assert.deepEqual(dataOf(log), ['10 b=v', `${FAR + 5} a=v`, `${FAR + 6} c=v`]);
    assert.deepEqual(bases(env), [0, FAR + 5, FAR + 6]);
    assert.deepEqual(manager.cleanerState.uncleanable, []);
  });
});
