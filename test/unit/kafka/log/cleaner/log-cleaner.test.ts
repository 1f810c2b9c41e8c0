import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type CleanerConfig,
  DEFAULT_CLEANER_CONFIG,
} from '../../../../../src/kafka/log/cleaner/cleaner-config.ts';
import type { LogConfig } from '../../../../../src/kafka/log/log-config.ts';
import { readBatch } from '../../../../../src/wire/kafka/records/records.ts';
import {
  appendKeyed,
  batchesOf,
  compactedConfig,
  dataOf,
  type KeyValue,
} from '../../../../support/compaction.ts';
import { endMarker } from '../../../../support/log-batches.ts';
import { loadedManager, logEnv } from '../../../../support/log-env.ts';
import { settle } from '../../../../support/settle.ts';

const TOPIC = { topic: 'table', partition: 0 };
const DAY_MS = 86_400_000;

async function openTable(changes: Partial<LogConfig> = {}, cleaner: Partial<CleanerConfig> = {}) {
  const env = logEnv();
  const config = compactedConfig(changes);
  const manager = await loadedManager(env, {
    configFor: () => config,
    cleaner: { ...DEFAULT_CLEANER_CONFIG, ...cleaner },
    // Reads see the files.
    hotTailBytes: 0,
  });
  const log = manager.getOrCreate(TOPIC, { isNew: true, topicId: undefined });
  const files = (suffix: string) => env.disk.list(log.directory).filter((name) => name.endsWith(suffix));
  const append = (records: readonly KeyValue[], options: object = {}) =>
    appendKeyed(log, { records, timestamp: env.clock.nowMs(), ...options });
  const end = (type: 'COMMIT' | 'ABORT', producerId: bigint) => {
    log.appendAsLeader(endMarker(type, producerId), 0, 'coordinator');
    log.updateHighWatermark(log.logEnd);
  };
  /** A round of the cleaner, with all that can be cleaned cleaned. */
  const clean = async (waitMs = 15_000) => {
    for (let turn = 0; turn < 100; turn++) {
      env.time.advance(turn === 0 ? waitMs : 0);
      await settle();
    }
  };
  /** Time passes evenly, for a cleaner that waits on its way. */
  const cleanSlowly = async (waitMs: number) => {
    for (let turn = 0; turn < 100; turn++) {
      env.time.advance(waitMs / 100);
      await settle();
    }
  };
  await clean(0);
  return { env, manager, log, files, append, end, clean, cleanSlowly };
}

describe('log cleaner', () => {
  it('keeps the last record of each key, with its offset', async () => {
    const { log, append, clean } = await openTable();
    append([
      ['a', '1'],
      ['b', '1'],
    ]);
    append([['a', '2']]);
    log.roll();
    append([
      ['b', '2'],
      ['c', '1'],
    ]);
    log.roll();
    append([['a', '3']]);
    await clean();
    assert.deepEqual(dataOf(log), ['2 a=2', '3 b=2', '4 c=1', '5 a=3']);
    assert.equal(log.cleanable.cleanedOffset, 5);
    assert.equal(log.segmentCount, 2);
    log.roll();
    await clean();
    assert.deepEqual(dataOf(log), ['3 b=2', '4 c=1', '5 a=3']);
  });

  it('leaves the active segment alone, and what is not below the high watermark', async () => {
    const { log, append, clean } = await openTable();
    append([['a', '1']]);
    append([['a', '2']]);
    await clean();
    assert.equal(dataOf(log).length, 2);
    log.roll();
    append([['a', '3']]);
    log.roll();
    log.updateHighWatermark(1);
    await clean();
    assert.equal(dataOf(log).length, 3);
    log.updateHighWatermark(2);
    await clean();
    assert.deepEqual(dataOf(log), ['1 a=2', '2 a=3']);
  });

  it('cleans when the dirty share is large enough, or the oldest dirty record waits too long', async () => {
    const { log, env, append, clean } = await openTable({
      minCleanableDirtyRatio: 0.9,
      maxCompactionLagMs: DAY_MS,
    });
    append([['a', '1']]);
    append([['a', '2']]);
    log.roll();
    await clean();
    assert.deepEqual(dataOf(log), ['1 a=2']);
    append([['a', '3']]);
    log.roll();
    await clean();
    assert.equal(dataOf(log).length, 2);
    env.time.advance(DAY_MS);
    await clean();
    assert.deepEqual(dataOf(log), ['2 a=3']);
  });

  it('leaves segments alone that are younger than min.compaction.lag.ms', async () => {
    const { log, env, append, clean } = await openTable({ minCompactionLagMs: 60_000 });
    append([['a', '1']]);
    append([['a', '2']]);
    log.roll();
    env.time.advance(50_000);
    append([['a', '3']]);
    log.roll();
    env.time.advance(5000);
    await clean();
    assert.deepEqual(dataOf(log), ['1 a=2', '2 a=3']);
    env.time.advance(60_000);
    await clean();
    assert.deepEqual(dataOf(log), ['2 a=3']);
  });

  it('removes tombstones delete.retention.ms after the cleaning that met them first', async () => {
    const { log, env, append, clean } = await openTable({ deleteRetentionMs: DAY_MS });
    append([
      ['a', '1'],
      ['b', '1'],
    ]);
    append([['a', null]]);
    log.roll();
    await clean();
    assert.deepEqual(dataOf(log), ['1 b=1', '2 a=null']);
    const [, tombstone] = batchesOf(log);
    assert.equal(tombstone?.deleteHorizonMs, env.clock.nowMs() + DAY_MS);
    const [record] = tombstone === undefined ? [] : readBatch(tombstone);
    assert.equal(record?.timestamp, env.clock.nowMs() - 15_000, 'the time of the record stays');
    append([['c', '1']]);
    log.roll();
    await clean();
    assert.deepEqual(dataOf(log), ['1 b=1', '2 a=null', '3 c=1']);
    env.time.advance(DAY_MS);
    append([['d', '1']]);
    log.roll();
    await clean();
    assert.deepEqual(dataOf(log), ['1 b=1', '3 c=1', '4 d=1']);
  });

  it('drops records without a key, which came before the topic was compacted', async () => {
    const { log, append, clean } = await openTable();
    append([
      [null, '1'],
      ['a', '1'],
    ]);
    log.roll();
    await clean();
    assert.deepEqual(dataOf(log), ['1 a=1']);
  });

  it('keeps compression, and the offsets, sequences and epoch of batches that lose records', async () => {
    for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
      const { log, append, clean } = await openTable();
      append(
        [
          ['a', '1'],
          ['b', '1'],
          ['c', '1'],
        ],
        { compression, producerId: 7n, baseSequence: 0 },
      );
      append(
        [
          ['a', '2'],
          ['c', '2'],
        ],
        { compression, producerId: 7n, baseSequence: 3 },
      );
      log.roll();
      await clean();
      assert.deepEqual(dataOf(log), ['1 b=1', '3 a=2', '4 c=2']);
      const [first] = batchesOf(log);
      assert.ok(first);
      const { baseOffset, lastOffset, baseSequence, lastSequence, producerId, producerEpoch } = first;
      assert.deepEqual(
        { baseOffset, lastOffset, baseSequence, lastSequence, producerId, producerEpoch },
        { baseOffset: 0, lastOffset: 2, baseSequence: 0, lastSequence: 2, producerId: 7n, producerEpoch: 0 },
      );
      assert.equal(first.compression, compression);
      assert.equal(first.leaderEpoch, 0);
    }
  });

  it('keeps the last batch of a producer, empty, so that a restarted broker knows its sequence', async () => {
    const { env, log, manager, append, clean } = await openTable();
    append([['a', '1']], { producerId: 7n, baseSequence: 0 });
    append(
      [
        ['a', '2'],
        ['b', '2'],
      ],
      { producerId: 7n, baseSequence: 1 },
    );
    append([
      ['a', '3'],
      ['b', '3'],
    ]);
    log.roll();
    await clean();
    const batches = batchesOf(log);
    assert.deepEqual(
      batches.map(({ baseOffset, count, lastSequence }) => [baseOffset, count, lastSequence]),
      [
        [1, 0, 2],
        [3, 2, -1],
      ],
    );
    for (const name of env.disk.list(log.directory)) {
      if (name.endsWith('.snapshot')) env.disk.remove(`${log.directory}/${name}`);
    }
    await manager.shutdown();
    env.disk.remove('/data/.kafka_cleanshutdown');
    const again = await loadedManager(env, { configFor: () => compactedConfig() });
    assert.deepEqual(
      again
        .get(TOPIC)
        ?.activeProducers()
        .map(({ producerId, lastSequence }) => [producerId, lastSequence]),
      [[7n, 2]],
    );
  });

  it('keeps the last batch that it reads, empty, so that the log end stays', async () => {
    const { log, append, clean } = await openTable();
    append([['a', '1']]);
    append([[null, '2']]);
    log.roll();
    await clean();
    assert.deepEqual(
      batchesOf(log).map(({ baseOffset, count }) => [baseOffset, count]),
      [
        [0, 1],
        [1, 0],
      ],
    );
  });

  it('drops aborted data at once, and markers when nothing is left and readers had time', async () => {
    const { env, log, append, end, clean } = await openTable({ deleteRetentionMs: DAY_MS });
    append([['a', '1']]);
    append(
      [
        ['a', 'aborted'],
        ['b', 'aborted'],
      ],
      { producerId: 1n, baseSequence: 0, transactional: true },
    );
    append([['b', '1']], { producerId: 2n, baseSequence: 0, transactional: true });
    end('ABORT', 1n);
    end('COMMIT', 2n);
    // The producers' last batches are elsewhere, so that these may go.
    append([['x', '1']], { producerId: 1n, baseSequence: 2 });
    append([['y', '1']], { producerId: 2n, baseSequence: 1 });
    log.roll();
    await clean();
    assert.deepEqual(dataOf(log), ['0 a=1', '3 b=1', '6 x=1', '7 y=1']);
    const controls = () =>
      batchesOf(log)
        .filter((batch) => batch.isControl)
        .map(({ baseOffset }) => baseOffset);
    assert.deepEqual(controls(), [4, 5]);
    const read = log.read({
      startOffset: 0,
      maxBytes: 9999,
      isolation: 'last-stable-offset',
      minOneMessage: true,
    });
    assert.deepEqual(read.abortedTransactions, [{ producerId: 1n, firstOffset: 1 }]);
    append([['z', '1']]);
    log.roll();
    await clean();
    const horizons = batchesOf(log)
      .filter((batch) => batch.isControl)
      .map((batch) => batch.deleteHorizonMs);
    assert.deepEqual(horizons, [env.clock.nowMs() + DAY_MS, undefined]);
    env.time.advance(DAY_MS);
    append([['b', '2']]);
    log.roll();
    await clean();
    assert.deepEqual(controls(), [5]);
    assert.deepEqual(
      log.read({ startOffset: 0, maxBytes: 9999, isolation: 'last-stable-offset', minOneMessage: true })
        .abortedTransactions,
      [],
    );
    append([['c', '1']]);
    log.roll();
    await clean();
    env.time.advance(DAY_MS);
    append([['c', '2']]);
    log.roll();
    await clean();
    assert.deepEqual(controls(), []);
    assert.deepEqual(dataOf(log), ['0 a=1', '6 x=1', '7 y=1', '8 z=1', '9 b=2', '11 c=2']);
  });

  it('does not pass an open transaction', async () => {
    const { log, append, end, clean } = await openTable();
    append([['a', '1']]);
    append([['a', '2']]);
    log.roll();
    append([['a', '3']], { producerId: 1n, baseSequence: 0, transactional: true });
    log.roll();
    append([['a', '4']]);
    log.roll();
    await clean();
    assert.deepEqual(dataOf(log), ['1 a=2', '2 a=3', '3 a=4']);
    end('COMMIT', 1n);
    log.roll();
    await clean();
    assert.deepEqual(dataOf(log), ['3 a=4']);
  });

  it('goes on where its memory ended', async () => {
    // Room for three keys.
    const { log, append, clean } = await openTable(
      {},
      { dedupeBufferBytes: 96, dedupeBufferLoadFactor: 0.9 },
    );
    for (const round of ['1', '2']) {
      for (const key of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) append([[key, round]]);
    }
    log.roll();
    await clean();
    assert.deepEqual(
      dataOf(log),
      ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((key, index) => `${index + 8} ${key}=2`),
    );
  });

  it('reads batches that are larger than its buffer', async () => {
    const { log, append, clean } = await openTable({ segmentBytes: 100_000 }, { ioBufferBytes: 1 });
    append([
      ['a', 'x'.repeat(20_000)],
      ['b', '1'],
    ]);
    append([['a', '2']]);
    log.roll();
    await clean();
    assert.deepEqual(dataOf(log), ['1 b=1', '2 a=2']);
  });

  it('puts small segments together, up to segment.bytes', async () => {
    const { log, append, clean, files } = await openTable({ segmentBytes: 400 });
    for (let index = 0; index < 20; index++) append([[`key-${index}`, 'value']]);
    log.roll();
    for (let index = 0; index < 20; index++) if (index % 4 > 0) append([[`key-${index}`, 'new']]);
    log.roll();
    const before = log.segmentCount;
    await clean();
    append([['another', '1']]);
    log.roll();
    await clean();
    assert.ok(log.segmentCount < before - 1, `${log.segmentCount} segments of ${before}`);
    assert.equal(dataOf(log).length, 21);
    assert.deepEqual(files('.cleaned').concat(files('.swap')), []);
    assert.equal(files('.snapshot').length, log.segmentCount - 1, 'one for each segment but the first');
  });

  it('writes cleaner-offset-checkpoint, and goes on from it after a restart', async () => {
    const { env, log, manager, append, clean } = await openTable();
    append([['a', '1']]);
    append([['a', '2']]);
    log.roll();
    await clean();
    assert.equal(env.disk.readFile('/data/cleaner-offset-checkpoint').toString(), '0\n1\ntable 0 2\n');
    await manager.shutdown();
    const again = await loadedManager(env, { configFor: () => compactedConfig() });
    assert.equal(again.get(TOPIC)?.cleanable.cleanedOffset, 2);
  });

  it('moves what it knows of a log along with it to another log directory', async () => {
    const env = logEnv();
    const manager = await loadedManager(env, { logDirs: ['/a', '/b'], configFor: () => compactedConfig() });
    const log = manager.getOrCreate(TOPIC, { isNew: true, topicId: undefined });
    appendKeyed(log, { records: [['a', '1']] });
    log.cleanable.cleanedOffset = 1;
    const other = log.logDir === '/a' ? '/b' : '/a';
    const future = manager.createFuture(log, other);
    future.appendAsFollower(Buffer.concat(batchesOf(log).map((batch) => batch.bytes())), 0);
    manager.replaceWithFuture(TOPIC);
    await settle();
    assert.equal(manager.get(TOPIC)?.cleanable.cleanedOffset, 1);
    const checkpoint = (logDir: string) =>
      env.disk.readFile(`${logDir}/cleaner-offset-checkpoint`).toString();
    assert.deepEqual([checkpoint(log.logDir), checkpoint(other)], ['0\n0\n', '0\n1\ntable 0 1\n']);
  });

  it('begins anew where the log was truncated', async () => {
    const { log, append, clean } = await openTable();
    append([['a', '1']]);
    append([
      ['a', '2'],
      ['b', '2'],
    ]);
    log.roll();
    await clean();
    assert.equal(log.cleanable.cleanedOffset, 3);
    log.truncateTo(2);
    assert.equal(log.cleanable.cleanedOffset, 2);
    append([['a', '3']]);
    append([['a', '4']]);
    log.roll();
    await clean();
    assert.equal(dataOf(log).at(-1), `${log.logEndOffset - 1} a=4`);
  });

  it('gives a cleaning up when the log is truncated, paused or removed meanwhile', async () => {
    for (const event of ['truncate', 'pause', 'delete'] as const) {
      const table = await openTable({}, { maxIoBytesPerSecond: 1 });
      const { log, manager, append, clean, cleanSlowly, files } = table;
      append([['a', '1']]);
      append([['a', '2']]);
      log.roll();
      append([['a', '3']]);
      await clean();
      const before = files('.log');
      if (event === 'truncate') log.truncateTo(2);
      else if (event === 'pause') manager.pauseCleaning(TOPIC);
      else manager.delete(TOPIC);
      await cleanSlowly(200_000);
      if (event === 'delete') continue;
      assert.deepEqual(files('.log'), before, event);
      assert.deepEqual(files('.cleaned'), [], event);
      if (event === 'pause') {
        manager.resumeCleaning(TOPIC);
        await cleanSlowly(2_000_000);
        assert.deepEqual(dataOf(log), ['1 a=2', '2 a=3']);
      }
    }
  });

  it('holds itself to log.cleaner.io.max.bytes.per.second', async () => {
    const { log, append, clean, cleanSlowly } = await openTable({}, { maxIoBytesPerSecond: 20 });
    append([['a', '1']]);
    append([['a', '2']]);
    log.roll();
    await clean();
    assert.equal(dataOf(log).length, 2, 'it still waits');
    await cleanSlowly(60_000);
    assert.deepEqual(dataOf(log), ['1 a=2']);
  });

  it('leaves a log alone that is damaged, and says so', async () => {
    const { env, log, manager, append, clean, files } = await openTable();
    append([['a', '1']]);
    append([['a', '2']]);
    log.roll();
    const [name] = files('.log');
    const file = env.disk.open(`${log.directory}/${name}`, 'write');
    file.write([Buffer.from([0xff])], log.sizeBytes - 1);
    await clean();
    assert.ok(files('.log').length === 2);
    const [uncleanable] = manager.cleanerState.uncleanable;
    assert.deepEqual(uncleanable?.topicPartition, TOPIC);
    assert.match(uncleanable?.reason ?? '', /checksum/);
    assert.deepEqual(files('.cleaned'), []);
  });

  it('applies retention to compacted topics with `delete`, between cleanings', async () => {
    const { env, log, append, clean } = await openTable({
      delete: true,
      retentionMs: DAY_MS,
      minCleanableDirtyRatio: 1,
    });
    append([['a', '1']]);
    log.roll();
    env.time.advance(DAY_MS * 2);
    append([['b', '1']]);
    log.roll();
    await clean();
    assert.deepEqual(dataOf(log), ['1 b=1']);
    assert.equal(log.logStartOffset, 1);
  });

  it('takes over other settings while it runs', async () => {
    const { manager, log, append, clean } = await openTable({}, { enabled: false });
    append([['a', '1']]);
    append([['a', '2']]);
    log.roll();
    await clean();
    assert.equal(dataOf(log).length, 2);
    await manager.updateCleanerConfig({ ...DEFAULT_CLEANER_CONFIG, threads: 2 });
    await clean();
    assert.deepEqual(dataOf(log), ['1 a=2']);
  });
});
