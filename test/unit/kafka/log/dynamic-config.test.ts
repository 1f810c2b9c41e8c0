import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFAULT_CLEANER_CONFIG } from '../../../../src/kafka/log/cleaner/cleaner-config.ts';
import type { LogConfig } from '../../../../src/kafka/log/log-config.ts';
import { batchesOf, dataOf, keyedBatch } from '../../../support/compaction.ts';
import { testBatch } from '../../../support/log-batches.ts';
import { loadedManager, logConfig, logEnv } from '../../../support/log-env.ts';
import { settle } from '../../../support/settle.ts';

const TOPIC = { topic: 't', partition: 0 };
const HOUR_MS = 3_600_000;

async function openLog(initial: Partial<LogConfig> = {}) {
  const env = logEnv();
  let config = logConfig({ segmentMs: 1e15, retentionMs: -1, ...initial });
  const manager = await loadedManager(env, {
    configFor: () => config,
    flushSchedulerIntervalMs: 10,
    cleaner: { ...DEFAULT_CLEANER_CONFIG, backoffMs: 100 },
    hotTailBytes: 0,
  });
  const log = manager.getOrCreate(TOPIC, { isNew: true, topicId: undefined });
  /** What AlterConfigs does in the end. */
  const set = (changes: Partial<LogConfig>) => {
    config = { ...config, ...changes };
    manager.updateTopicConfig(TOPIC.topic);
  };
  const append = (timestamp = env.clock.nowMs(), key = 'a') => {
    const info = log.appendAsLeader(keyedBatch({ records: [[key, 'v']], timestamp }), 0);
    log.updateHighWatermark(log.logEnd);
    return info;
  };
  /** Time passes, and all that waits for it happens. */
  const pass = async (ms: number) => {
    for (let turn = 0; turn < 40; turn++) {
      env.time.advance(ms / 40);
      await settle();
    }
  };
  const files = (suffix: string) => env.disk.list(log.directory).filter((name) => name.endsWith(suffix));
  const size = (name: string) => env.disk.stat(`${log.directory}/${name}`)?.size ?? 0;
  return { env, log, set, append, pass, files, size };
}

/** Two records of one key in an old segment, ready to be compacted. */
async function openDirty(initial: Partial<LogConfig> = {}) {
  const opened = await openLog({ compact: true, delete: false, minCleanableDirtyRatio: 0, ...initial });
  opened.append();
  opened.append();
  opened.log.roll();
  return opened;
}

/** For each setting of a log: that a change takes effect while the log is open. */
const TABLE: Record<keyof LogConfig, () => Promise<void>> = {
  segmentBytes: async () => {
    const { log, set, append } = await openLog();
    append();
    set({ segmentBytes: 80 });
    append();
    assert.equal(log.segmentCount, 2);
  },
  segmentMs: async () => {
    const { log, set, append } = await openLog();
    append(1000);
    set({ segmentMs: 10 });
    append(1011);
    assert.equal(log.segmentCount, 2);
  },
  segmentJitterMs: async () => {
    const { log, set, append } = await openLog({ segmentMs: 1_000_000 });
    set({ segmentJitterMs: 1_000_000 });
    append();
    // Like Apache's, a segment draws its jitter when it begins.
    log.roll();
    append(1);
    append(1_000_000);
    assert.equal(log.segmentCount, 3);
  },
  segmentIndexBytes: async () => {
    const { log, set, append } = await openLog({ indexIntervalBytes: 0 });
    set({ segmentIndexBytes: 36 });
    append();
    log.roll();
    for (let index = 0; index < 10; index++) append(1000 + index);
    assert.ok(log.segmentCount > 3, `${log.segmentCount} segments`);
  },
  indexIntervalBytes: async () => {
    const { log, set, append, files, size } = await openLog();
    set({ indexIntervalBytes: 0 });
    append();
    log.roll();
    for (let index = 0; index < 5; index++) append();
    await log.flush();
    const [first = '', second = ''] = files('.index');
    assert.deepEqual([size(first), size(second)], [0, 32]);
  },
  flushMessages: async () => {
    const { set, append } = await openLog();
    assert.equal(append().flushed, undefined);
    set({ flushMessages: 1 });
    assert.ok(append().flushed);
  },
  flushMs: async () => {
    const { log, set, append, pass } = await openLog();
    append();
    await pass(HOUR_MS);
    assert.equal(log.recoveryPoint, 0);
    set({ flushMs: 1000 });
    await pass(2000);
    assert.equal(log.recoveryPoint, 1);
  },
  retentionBytes: async () => {
    const { log, set, append } = await openLog();
    append();
    log.roll();
    append();
    assert.equal(log.deleteOldSegments(), 0);
    set({ retentionBytes: -2 });
    assert.equal(log.deleteOldSegments(), 0, 'any negative number is no limit');
    set({ retentionBytes: 60 });
    assert.equal(log.deleteOldSegments(), 1);
  },
  retentionMs: async () => {
    const { env, log, set, append } = await openLog();
    append();
    env.time.advance(HOUR_MS);
    assert.equal(log.deleteOldSegments(), 0);
    set({ retentionMs: 1000 });
    assert.equal(log.deleteOldSegments(), 1);
    assert.equal(log.logStartOffset, 1);
  },
  fileDeleteDelayMs: async () => {
    const { log, set, append, pass, files } = await openLog({ retentionBytes: 0 });
    append();
    log.roll();
    set({ fileDeleteDelayMs: 10 });
    log.deleteOldSegments();
    assert.ok(files('.deleted').length > 0);
    await pass(20);
    assert.deepEqual(files('.deleted'), []);
  },
  maxMessageBytes: async () => {
    const { log, set } = await openLog();
    set({ maxMessageBytes: 5 });
    assert.equal(log.config.maxMessageBytes, 5, 'what the validation of produced records reads');
  },
  compact: async () => {
    const { log, set, append, pass } = await openLog({ delete: false, minCleanableDirtyRatio: 0 });
    append();
    append();
    log.roll();
    await pass(1000);
    assert.equal(dataOf(log).length, 2);
    set({ compact: true });
    await pass(1000);
    assert.equal(dataOf(log).length, 1);
  },
  delete: async () => {
    const { env, log, set, append, pass } = await openLog({
      compact: true,
      delete: false,
      retentionMs: 1000,
      minCleanableDirtyRatio: 1,
    });
    append();
    log.roll();
    append(env.clock.nowMs() + HOUR_MS);
    await pass(HOUR_MS / 2);
    assert.equal(log.logStartOffset, 0);
    set({ delete: true });
    await pass(1000);
    assert.equal(log.logStartOffset, 1);
  },
  minCompactionLagMs: async () => {
    const { log, set, pass } = await openDirty({ minCompactionLagMs: HOUR_MS });
    await pass(1000);
    assert.equal(dataOf(log).length, 2);
    set({ minCompactionLagMs: 0 });
    await pass(1000);
    assert.equal(dataOf(log).length, 1);
  },
  maxCompactionLagMs: async () => {
    const { log, set, pass } = await openDirty({ minCleanableDirtyRatio: 1 });
    await pass(1000);
    assert.equal(dataOf(log).length, 2);
    set({ maxCompactionLagMs: 100 });
    await pass(1000);
    assert.equal(dataOf(log).length, 1);
  },
  deleteRetentionMs: async () => {
    const { env, log, set, pass } = await openDirty({ minCleanableDirtyRatio: 1 });
    log.appendAsLeader(keyedBatch({ records: [['a', null]], timestamp: 1 }), 0);
    log.updateHighWatermark(log.logEnd);
    log.roll();
    set({ deleteRetentionMs: 5, minCleanableDirtyRatio: 0 });
    const before = env.clock.nowMs();
    await pass(1000);
    const horizon = batchesOf(log)[0]?.deleteHorizonMs ?? 0;
    assert.ok(horizon >= before && horizon <= before + 1005, `${horizon} after ${before}`);
  },
  minCleanableDirtyRatio: async () => {
    const { log, set, pass } = await openDirty({ minCleanableDirtyRatio: 1 });
    await pass(1000);
    assert.equal(dataOf(log).length, 2);
    set({ minCleanableDirtyRatio: 0.5 });
    await pass(1000);
    assert.equal(dataOf(log).length, 1);
  },
  messageFormatMagic: async () => {
    const { log, set } = await openLog();
    log.appendAsLeader(testBatch(), 3);
    assert.equal(log.latestEpoch, 3);
    set({ messageFormatMagic: 1 });
    assert.equal(log.latestEpoch, undefined, 'old formats carry no leader epochs');
    set({ messageFormatMagic: 2 });
    log.appendAsLeader(testBatch(), 4);
    assert.equal(log.latestEpoch, 4);
  },
  preallocate: async () => {
    const { log, set, append, files, size } = await openLog({ segmentBytes: 10_000 });
    set({ preallocate: true });
    append();
    log.roll();
    assert.equal(size(files('.log')[1] ?? ''), 10_000);
  },
};

describe('settings of a topic that change while its log is open', () => {
  for (const [key, check] of Object.entries(TABLE)) it(key, check);
});
