import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Simulation } from '../../../../src/env/sim/simulation.ts';
import { buildBatch } from '../../../../src/wire/kafka/records/builder.ts';
import { compactedConfig, dataOf } from '../../../support/compaction.ts';
import { testBatch } from '../../../support/log-batches.ts';
import { type LogEnv, loadedManager, logConfig, logEnv } from '../../../support/log-env.ts';

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
      host.kill();
      const again = await loadedManager(host.restart(), { configFor, hotTailBytes: 0 });
      const recovered = again.get(TOPIC);
      assert.equal(recovered?.logEndOffset, 2);
      assert.equal(recovered?.sizeBytes, bytes);
    });
  });
});

describe('a segment whose offsets are too far apart (KAFKA-6264)', () => {
  for (const cleanShutdown of [true, false]) {
    it(`is split when it is loaded, after a ${cleanShutdown ? 'clean shutdown' : 'crash'}`, async () => {
      const env = logEnv();
      const at = (baseOffset: number, key: string) =>
        buildBatch([{ timestamp: 1, key: Buffer.from(key), value: Buffer.from('v') }], { baseOffset });
      const batches = [at(0, 'a'), at(10, 'b'), at(FAR + 5, 'c'), at(FAR + 9, 'd'), at(3 * FAR, 'e')];
      env.disk.makeDirectory('/data/t-0');
      const file = env.disk.open('/data/t-0/00000000000000000000.log', 'write');
      file.write(batches, 0);
      file.close();
      if (cleanShutdown) {
        env.disk.open('/data/.kafka_cleanshutdown', 'write').close();
        const marker = env.disk.open('/data/.kafka_cleanshutdown', 'write');
        marker.write([Buffer.from('{"version":0,"brokerEpoch":-1}')], 0);
        marker.close();
      }
      const configFor = () => compactedConfig({ segmentBytes: 100_000 });
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
      const names = env.disk.list(log.directory).filter((name) => name.endsWith('.log'));
      assert.deepEqual(
        names.map((name) => Number(name.slice(0, 20))),
        [0, FAR + 5, 3 * FAR],
      );
      log.appendAsLeader(testBatch(), 0);
      assert.equal(log.logEndOffset, 3 * FAR + 2);
    });
  }
});
