import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDirectoryName } from '../../../../src/kafka/log/directory-names.ts';
import { LogDirectoryError } from '../../../../src/kafka/log/log-directory.ts';
import { LogError } from '../../../../src/kafka/log/log-error.ts';
import {
  checkMetaProperties,
  MetaPropertiesError,
  writeMetaProperties,
} from '../../../../src/kafka/log/meta-properties.ts';
import { BreakableDisk } from '../../../support/breakable-disk.ts';
import { testBatch } from '../../../support/log-batches.ts';
import { loadedManager, logConfig, logEnv } from '../../../support/log-env.ts';

const NEW = { isNew: true, topicId: undefined };

function partition(number: number, topic = 't') {
  return { topic, partition: number };
}

describe('log manager', () => {
  it('puts a new log into the directory with the fewest', async () => {
    const env = logEnv();
    const manager = await loadedManager(env, { logDirs: ['/a', '/b', '/c'] });
    const dirs = [0, 1, 2, 3].map((number) => manager.getOrCreate(partition(number), NEW).logDir);
    assert.deepEqual(dirs, ['/a', '/b', '/c', '/a']);
    manager.delete(partition(1));
    assert.equal(manager.getOrCreate(partition(4), NEW).logDir, '/b');
  });

  it('renames a deleted log at once and removes it after the delay', async () => {
    const env = logEnv();
    const configFor = () => logConfig({ fileDeleteDelayMs: 500 });
    const manager = await loadedManager(env, { configFor });
    manager.getOrCreate(partition(0), NEW).appendAsLeader(testBatch(), 0);
    manager.delete(partition(0));
    assert.equal(manager.get(partition(0)), undefined);
    const logs = () => env.disk.list('/data').filter((name) => parseDirectoryName(name) !== undefined);
    assert.match(logs().join(), /^t-0\.[0-9a-f]{32}-delete$/);
    assert.equal(manager.getOrCreate(partition(0), NEW).logEndOffset, 0);
    env.time.advance(500);
    assert.deepEqual(logs(), ['t-0']);
  });

  it('keeps topic ids and refuses another topic of the same name', async () => {
    const env = logEnv();
    const [id, other] = ['QLqWiat0RLeviCrrsGBWGA', 'MEaEaG4FR3OjpHRrT6Z-Xg'];
    const manager = await loadedManager(env);
    manager.getOrCreate(partition(0), { isNew: true, topicId: id });
    await manager.shutdown();
    const again = await loadedManager(env);
    assert.equal(again.get(partition(0))?.topicId, id);
    assert.throws(
      () => again.getOrCreate(partition(0), { isNew: false, topicId: other }),
      (error) => error instanceof LogError && error.error === 'INCONSISTENT_TOPIC_ID',
    );
  });

  it('checkpoints the high watermark and takes it up again', async () => {
    const env = logEnv();
    const manager = await loadedManager(env);
    const log = manager.getOrCreate(partition(0), NEW);
    for (let index = 0; index < 5; index++) log.appendAsLeader(testBatch(), 0);
    log.updateHighWatermark(3);
    await manager.shutdown();
    const again = await loadedManager(env);
    const reloaded = again.get(partition(0));
    assert.deepEqual([reloaded?.highWatermark, reloaded?.logEndOffset], [3, 5]);
  });

  it('keeps a log start inside a segment', async () => {
    const env = logEnv();
    const manager = await loadedManager(env);
    const log = manager.getOrCreate(partition(0), NEW);
    for (let index = 0; index < 5; index++) log.appendAsLeader(testBatch(), 0);
    log.updateHighWatermark(log.logEnd);
    log.maybeIncrementLogStartOffset(2, 'test');
    await manager.shutdown();
    const again = await loadedManager(env);
    assert.equal(again.get(partition(0))?.logStartOffset, 2);
  });

  it('applies retention and flush.ms by its timers, with settings as they are then', async () => {
    const env = logEnv();
    const size = testBatch().length;
    let config = logConfig({ segmentBytes: size, retentionMs: -1 });
    const manager = await loadedManager(env, {
      configFor: () => config,
      retentionCheckIntervalMs: 1000,
      flushSchedulerIntervalMs: 100,
    });
    const log = manager.getOrCreate(partition(0), NEW);
    for (let index = 0; index < 3; index++) {
      log.appendAsLeader(testBatch({ timestamp: env.time.nowMs() }), 0);
    }
    log.updateHighWatermark(log.logEnd);
    env.time.advance(5000);
    assert.equal(log.segmentCount, 3);
    config = logConfig({ segmentBytes: size, retentionMs: 1000, flushMs: 50 });
    manager.updateTopicConfig('t');
    env.time.advance(1000);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([log.logStartOffset, log.segmentCount, log.recoveryPoint], [3, 1, 3]);
  });

  it('goes on with the other directories when one fails, and creates no old partition meanwhile', async () => {
    const env = logEnv();
    const failures: string[] = [];
    const disks = new BreakableDisk(env.disk);
    const manager = await loadedManager(
      { ...env, disk: disks.disk },
      {
        logDirs: ['/a', '/b'],
        configFor: () => logConfig({ segmentBytes: testBatch().length }),
        onLogDirFailure: (logDir) => failures.push(logDir),
      },
    );
    const [a, b] = [0, 1].map((number) => manager.getOrCreate(partition(number), NEW));
    assert.ok(a !== undefined && b !== undefined);
    a.appendAsLeader(testBatch(), 0);
    disks.break('/a');
    const isStorageError = (error: unknown) =>
      error instanceof LogError && error.error === 'KAFKA_STORAGE_ERROR';
    assert.throws(() => a.appendAsLeader(testBatch(), 0), isStorageError);
    env.time.advance(1);
    assert.deepEqual([failures, manager.liveLogDirs, manager.offlineLogDirs], [['/a'], ['/b'], ['/a']]);
    b.appendAsLeader(testBatch(), 0);
    assert.throws(
      () => manager.getOrCreate(partition(0), { isNew: false, topicId: undefined }),
      isStorageError,
    );
    assert.equal(manager.getOrCreate(partition(7), NEW).logDir, '/b');
    assert.deepEqual(
      manager.describe().map(({ logDir, online }) => [logDir, online]),
      [
        ['/a', false],
        ['/b', true],
      ],
    );
  });

  it('stays online while no more files can be opened, and goes on when there are some again', async () => {
    const env = logEnv();
    const failures: string[] = [];
    const disks = new BreakableDisk(env.disk);
    const manager = await loadedManager(
      { ...env, disk: disks.disk },
      {
        configFor: () => logConfig({ segmentBytes: 20 * testBatch().length, indexIntervalBytes: 0 }),
        onLogDirFailure: (logDir) => failures.push(logDir),
      },
    );
    const log = manager.getOrCreate(partition(0), NEW);
    log.appendAsLeader(testBatch(), 0);
    await log.flush();
    const named = manager.getOrCreate(partition(2), NEW);
    // Neither its files nor their names are durable: both fail at once, and nobody may miss either failure.
    const fresh = manager.getOrCreate(partition(3), NEW);
    fresh.appendAsLeader(testBatch(), 0);
    disks.isOutOfDescriptors = true;
    const namesRemedy = (error: unknown) =>
      error instanceof LogError && error.error === 'KAFKA_STORAGE_ERROR' && /ulimit -n/.test(error.message);
    assert.throws(() => manager.getOrCreate(partition(1), NEW), namesRemedy);
    named.assignTopicId('AAAAAAAAAAAAAAAAAAAAAQ');
    assert.throws(() => named.appendAsLeader(testBatch(), 0), namesRemedy);
    while (log.logEndOffset < 20) log.appendAsLeader(testBatch(), 1);
    assert.throws(() => log.appendAsLeader(testBatch(), 1), namesRemedy);
    await assert.rejects(log.flush(), namesRemedy);
    await assert.rejects(fresh.flush(), namesRemedy);
    manager.checkpointHighWatermarks();
    env.time.advance(1);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([failures, manager.offlineLogDirs, log.segmentCount], [[], [], 1]);
    disks.isOutOfDescriptors = false;
    log.appendAsLeader(testBatch(), 1);
    await log.flush();
    const epochs = () => env.disk.readFile(`${log.directory}/leader-epoch-checkpoint`).toString();
    assert.equal(epochs(), '0\n2\n0 0\n1 1\n');
    assert.deepEqual([log.segmentCount, log.logEndOffset, log.recoveryPoint], [2, 21, 21]);
    assert.equal(manager.getOrCreate(partition(1), NEW).logEndOffset, 0);
    assert.deepEqual(failures, []);
  });

  it('says what to do about a directory in use, a stray name and a partition that is there twice', async () => {
    const env = logEnv();
    const manager = await loadedManager(env);
    await assert.rejects(loadedManager(env), /in use by another broker/);
    await manager.shutdown();
    env.disk.makeDirectory('/data/notes');
    await assert.rejects(loadedManager(env), (error) => {
      return error instanceof LogDirectoryError && /data\/notes/.test(error.message);
    });
    const twice = logEnv();
    for (const path of ['/a/t-0', '/b/t-0']) twice.disk.makeDirectory(path);
    await assert.rejects(loadedManager(twice, { logDirs: ['/a', '/b'] }), /t-0 has a log in/);
  });
});

describe('names of directories', () => {
  const names: [string, string, number, string][] = [
    ['a-b-3', 'a-b', 3, 'current'],
    ['t-0.0123456789abcdef0123456789abcdef-delete', 't', 0, 'delete'],
    ['a-1-12.00-future', 'a-1', 12, 'future'],
    ['t-0.00-stray', 't', 0, 'stray'],
  ];
  for (const [name, topic, number, kind] of names) {
    it(`reads ${name}`, () => {
      assert.deepEqual(parseDirectoryName(name), { topicPartition: partition(number, topic), kind });
    });
  }

  it('refuses others', () => {
    for (const name of ['t', '-0', 't-', 't-x', 't-0-delete'])
      assert.equal(parseDirectoryName(name), undefined);
  });
});

describe('meta.properties', () => {
  it('ties a directory to its cluster and broker', () => {
    const env = logEnv();
    for (const path of ['/a', '/b']) env.disk.makeDirectory(path);
    const clusterId = 'NMjdDZQtTeKWe8UvCX0zmg';
    writeMetaProperties(env.disk, env.clock, '/a', { clusterId, brokerId: 4 });
    const check = (expected: { clusterId: string; brokerId: number | undefined }) =>
      checkMetaProperties(env.disk, ['/a', '/b'], expected);
    assert.equal(check({ clusterId, brokerId: undefined }), 4);
    assert.equal(check({ clusterId, brokerId: 4 }), 4);
    assert.throws(() => check({ clusterId, brokerId: 5 }), MetaPropertiesError);
    assert.throws(() => check({ clusterId: 'another', brokerId: 4 }), /belongs to cluster NMjd/);
  });
});
