import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { UnexpectedAppendOffsetError } from '../../../../src/kafka/log/log-append.ts';
import type { LogConfig } from '../../../../src/kafka/log/log-config.ts';
import type { ReadIsolation } from '../../../../src/kafka/log/log-types.ts';
import type { UnifiedLog } from '../../../../src/kafka/log/unified-log.ts';
import { batchesIn } from '../../../../src/wire/kafka/records/batch.ts';
import { buildBatch } from '../../../../src/wire/kafka/records/builder.ts';
import { testBatch } from '../../../support/log-batches.ts';
import { loadedManager, logConfig, logEnv, refused } from '../../../support/log-env.ts';
import { settle } from '../../../support/settle.ts';

const TOPIC = { topic: 't', partition: 0 };

async function openLog(changes: Partial<LogConfig> = {}, hotTailBytes = 1024 * 1024) {
  const env = logEnv();
  const configFor = () => logConfig(changes);
  const manager = await loadedManager(env, { configFor, hotTailBytes });
  const log = manager.getOrCreate(TOPIC, { isNew: true, topicId: undefined });
  const files = (suffix: string) => env.disk.list(log.directory).filter((name) => name.endsWith(suffix));
  return { env, manager, log, configFor, files };
}

function append(log: UnifiedLog, batch: Parameters<typeof testBatch>[0] = {}, leaderEpoch = 0) {
  const info = log.appendAsLeader(testBatch(batch), leaderEpoch);
  log.updateHighWatermark(log.logEnd);
  return info;
}

function read(log: UnifiedLog, startOffset: number, isolation: ReadIsolation = 'high-watermark') {
  return log.read({ startOffset, isolation, maxBytes: 1_000_000, minOneMessage: true });
}

function offsetsOf(chunks: readonly Buffer[]): [number, number][] {
  return chunks.flatMap((chunk) =>
    [...batchesIn(chunk)].map((batch): [number, number] => [batch.baseOffset, batch.lastOffset]),
  );
}

describe('append', () => {
  it('gives batches offsets from the log end and the leader epoch, in place', async () => {
    const { log } = await openLog();
    append(log, { count: 3 });
    const records = Buffer.concat([testBatch({ count: 2 }), testBatch()]);
    const info = log.appendAsLeader(records, 4);
    assert.deepEqual([info.firstOffset, info.lastOffset, info.appendedBytes], [3, 5, records.length]);
    const batches = [...batchesIn(records)];
    assert.deepEqual(
      batches.map((batch) => [batch.baseOffset, batch.leaderEpoch, batch.isValid()]),
      [
        [3, 4, true],
        [5, 4, true],
      ],
    );
    assert.deepEqual(log.endOffsetForEpoch(0), { leaderEpoch: 0, endOffset: 3 });
    assert.equal(log.latestEpoch, 4);
  });

  it('as a follower keeps offsets, leaves later epochs out, refuses damage and overlap', async () => {
    const { log } = await openLog();
    const at = (baseOffset: number, leaderEpoch: number) =>
      buildBatch([{ timestamp: 1, key: null, value: Buffer.from('v') }], { baseOffset, leaderEpoch });
    const info = log.appendAsFollower(Buffer.concat([at(10, 1), at(15, 1), at(16, 3), at(17, 1)]), 2);
    assert.deepEqual([info.firstOffset, info.lastOffset, log.logEndOffset], [10, 15, 16]);
    assert.throws(() => log.appendAsFollower(at(15, 1), 2), UnexpectedAppendOffsetError);
    const damaged = at(20, 1);
    damaged.writeUInt8(damaged.readUInt8(60) ^ 1, 60);
    refused('CORRUPT_MESSAGE', () => log.appendAsFollower(damaged, 2));
    assert.deepEqual(offsetsOf(read(log, 0, 'log-end').chunks), [
      [10, 10],
      [15, 15],
    ]);
  });

  it('refuses more than a segment holds', async () => {
    const { log } = await openLog({ segmentBytes: 500 });
    refused('RECORD_LIST_TOO_LARGE', () => append(log, { valueBytes: 600 }));
    assert.equal(log.logEndOffset, 0);
  });

  it('leaves out a partial batch at the end', async () => {
    const { log } = await openLog();
    const whole = testBatch();
    append(log);
    const info = log.appendAsLeader(Buffer.concat([whole, testBatch().subarray(0, 40)]), 0);
    assert.equal(info.appendedBytes, whole.length);
    assert.equal(log.logEndOffset, 2);
  });
});

describe('rolling', () => {
  it('by size', async () => {
    const size = testBatch().length;
    const { log, files } = await openLog({ segmentBytes: size * 2 });
    for (let index = 0; index < 5; index++) append(log);
    assert.deepEqual(files('.log'), [
      '00000000000000000000.log',
      '00000000000000000002.log',
      '00000000000000000004.log',
    ]);
  });

  it('by time between the first record and the new one', async () => {
    const { log } = await openLog({ segmentMs: 100 });
    append(log, { timestamp: 1000 });
    append(log, { timestamp: 1100 });
    assert.equal(log.segmentCount, 1);
    append(log, { timestamp: 1101 });
    assert.equal(log.segmentCount, 2);
  });

  it('by a full index', async () => {
    const { log } = await openLog({ indexIntervalBytes: 0, segmentIndexBytes: 24 });
    for (let index = 0; index < 5; index++) append(log, { timestamp: 1000 + index });
    assert.ok(log.segmentCount >= 2);
  });

  it('by an offset too far from the base', async () => {
    const { log, files } = await openLog();
    append(log);
    const far = 0x8000_0000 + 5;
    log.appendAsFollower(
      buildBatch([{ timestamp: 1, key: null, value: null }], { baseOffset: far, leaderEpoch: 0 }),
      0,
    );
    assert.deepEqual(files('.log'), ['00000000000000000000.log', `0000000000${far}.log`]);
    assert.deepEqual(offsetsOf(read(log, 1, 'log-end').chunks), [[far, far]]);
  });

  it('moves the recovery point behind the flushed segment', async () => {
    const size = testBatch().length;
    const { log } = await openLog({ segmentBytes: size });
    append(log);
    append(log);
    await settle();
    assert.equal(log.recoveryPoint, 1);
  });
});

describe('reading', () => {
  it('goes up to the high watermark, or the log end for a follower', async () => {
    const { log } = await openLog();
    append(log, { count: 2 });
    log.appendAsLeader(testBatch(), 0);
    assert.deepEqual(offsetsOf(read(log, 0).chunks), [[0, 1]]);
    assert.deepEqual(offsetsOf(read(log, 0, 'log-end').chunks), [
      [0, 1],
      [2, 2],
    ]);
    assert.equal(read(log, 2).bytes, 0);
    assert.equal(read(log, 3, 'log-end').bytes, 0);
    refused('OFFSET_OUT_OF_RANGE', () => read(log, 4));
  });

  it('gives the first batch even when it is too large, if asked', async () => {
    for (const hotTailBytes of [0, 1024 * 1024]) {
      const { log } = await openLog({}, hotTailBytes);
      append(log, { valueBytes: 500 });
      const options = { startOffset: 0, maxBytes: 100, isolation: 'high-watermark' } as const;
      const whole = log.read({ ...options, minOneMessage: true });
      assert.deepEqual([whole.bytes, whole.firstEntryIncomplete], [log.sizeBytes, false]);
      const part = log.read({ ...options, minOneMessage: false });
      assert.deepEqual([part.bytes, part.firstEntryIncomplete], [100, true]);
    }
  });

  it('returns the same from the hot tail, from the file, and off the main thread', async () => {
    const sizes = fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 300 })), {
      minLength: 1,
      maxLength: 40,
    });
    const reads = fc.array(
      fc.record({
        start: fc.nat(100),
        maxBytes: fc.nat(3000),
        minOneMessage: fc.boolean(),
        isolation: fc.constantFrom<ReadIsolation>('log-end', 'high-watermark'),
      }),
      { maxLength: 20 },
    );
    await fc.assert(
      fc.asyncProperty(sizes, reads, fc.nat(40), async (batches, wanted, replicated) => {
        const config = { segmentBytes: 2000, indexIntervalBytes: 200 };
        const [hot, cold, mixed] = await Promise.all([
          openLog(config),
          openLog(config, 0),
          openLog(config, 3000),
        ]);
        for (const { log } of [hot, cold, mixed]) {
          for (const [index, [count, valueBytes]] of batches.entries()) {
            log.appendAsLeader(testBatch({ count, valueBytes }), 0);
            if (index < replicated) log.updateHighWatermark(log.logEnd);
          }
        }
        for (const { start, ...options } of wanted) {
          const startOffset = start % (hot.log.logEndOffset + 1);
          const results = await Promise.all([
            hot.log.read({ ...options, startOffset }),
            cold.log.read({ ...options, startOffset }),
            cold.log.readAsync({ ...options, startOffset }),
            mixed.log.read({ ...options, startOffset }),
          ]);
          const [first, ...others] = results.map((result) => offsetsOf(result.chunks));
          // One read of a file ends with its segment; the hot tail goes on.
          for (const other of others) assert.deepEqual(other, first?.slice(0, other.length));
          for (const result of results) {
            assert.equal(result.bytes, Buffer.concat(result.chunks).length);
            assert.equal(result.firstEntryIncomplete, results[0]?.firstEntryIncomplete);
            assert.equal(result.bytes > 0, (results[0]?.bytes ?? 0) > 0);
            assert.deepEqual(result.fetchOffset, results[0]?.fetchOffset);
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it('says which reads need no file', async () => {
    const { log } = await openLog({}, 1000);
    const options = { maxBytes: 100, isolation: 'high-watermark', minOneMessage: true } as const;
    for (let index = 0; index < 20; index++) append(log);
    assert.equal(log.isHot({ ...options, startOffset: 0 }), false);
    assert.equal(log.isHot({ ...options, startOffset: 19 }), true);
    assert.equal(log.isHot({ ...options, startOffset: 20 }), true);
  });
});

describe('truncating', () => {
  it('leaves no reader at a place that was cut off', async () => {
    const { log } = await openLog({ indexIntervalBytes: 0 }, 0);
    append(log, { count: 2, valueBytes: 100 });
    append(log, { count: 2, valueBytes: 100 });
    assert.deepEqual(offsetsOf(read(log, 0).chunks), [
      [0, 1],
      [2, 3],
    ]);
    log.truncateTo(2);
    append(log, { count: 1, valueBytes: 10 });
    append(log, { count: 1, valueBytes: 300 });
    append(log, { count: 1, valueBytes: 10 });
    assert.deepEqual(offsetsOf(read(log, 4).chunks), [[4, 4]]);
    assert.deepEqual(offsetsOf(read(log, 3).chunks), [
      [3, 3],
      [4, 4],
    ]);
  });

  it('drops records, epochs and whole segments behind an offset', async () => {
    const size = testBatch().length;
    const { env, log, files } = await openLog({ segmentBytes: size * 2, fileDeleteDelayMs: 100 });
    for (let index = 0; index < 6; index++) append(log, {}, index < 3 ? 0 : 1);
    assert.equal(log.truncateTo(3), true);
    assert.deepEqual([log.logEndOffset, log.highWatermark, log.latestEpoch], [3, 3, 0]);
    assert.deepEqual(offsetsOf(read(log, 2).chunks), [[2, 2]]);
    assert.deepEqual(files('.log.deleted'), ['00000000000000000004.log.deleted']);
    await settle();
    env.time.advance(100);
    assert.deepEqual(files('.deleted'), []);
    assert.equal(log.truncateTo(3), false);
    append(log, {}, 2);
    assert.deepEqual(offsetsOf(read(log, 3).chunks), [[3, 3]]);
  });

  it('cuts a batch away whole when the offset is inside it', async () => {
    const { log } = await openLog();
    append(log, { count: 2 });
    append(log, { count: 4 });
    log.truncateTo(4);
    assert.deepEqual(offsetsOf(read(log, 0).chunks), [[0, 1]]);
  });

  it('empties the log to begin anew elsewhere', async () => {
    const { log } = await openLog();
    append(log, { count: 5 });
    log.truncateFullyAndStartAt(100);
    assert.deepEqual(
      [log.logStartOffset, log.logEndOffset, log.highWatermark, log.latestEpoch, log.sizeBytes],
      [100, 100, 100, undefined, 0],
    );
    append(log);
    assert.deepEqual(offsetsOf(read(log, 100).chunks), [[100, 100]]);
  });
});

describe('retention', () => {
  const size = testBatch().length;

  async function segmentsOf(changes: Partial<LogConfig>, count = 5) {
    const opened = await openLog({ segmentBytes: size, retentionMs: -1, ...changes });
    const { env, log } = opened;
    for (let index = 0; index < count; index++) append(log, { timestamp: env.time.nowMs() + index * 1000 });
    return opened;
  }

  it('by size keeps at least retention.bytes', async () => {
    const { log } = await segmentsOf({ retentionBytes: size * 2 + 1 });
    assert.equal(log.deleteOldSegments(), 2);
    assert.deepEqual([log.logStartOffset, log.sizeBytes], [2, size * 3]);
  });

  it('by time goes by the records, and begins a new segment when all are old', async () => {
    const { env, log, files } = await segmentsOf({ retentionMs: 2000 });
    env.time.advance(4500);
    assert.equal(log.deleteOldSegments(), 3);
    assert.deepEqual([log.logStartOffset, log.segmentCount], [3, 2]);
    env.time.advance(10_000);
    assert.equal(log.deleteOldSegments(), 2);
    assert.deepEqual([log.logStartOffset, log.logEndOffset, log.segmentCount], [5, 5, 1]);
    assert.equal(log.deleteOldSegments(), 0);
    await settle();
    env.time.advance(60_000);
    assert.deepEqual(files('.log'), ['00000000000000000005.log']);
    assert.deepEqual(files('.deleted'), []);
  });

  it('keeps what is not replicated yet', async () => {
    const { env, log } = await openLog({ segmentBytes: size, retentionMs: 10 });
    for (let index = 0; index < 3; index++) log.appendAsLeader(testBatch(), 0);
    log.updateHighWatermark(1);
    env.time.advance(1000);
    assert.equal(log.deleteOldSegments(), 1);
    assert.equal(log.logStartOffset, 1);
  });

  it('removes segments below the log start, compacted or not', async () => {
    const { log } = await segmentsOf({ compact: true, delete: false, retentionBytes: 1 });
    assert.equal(log.deleteOldSegments(), 0);
    refused('OFFSET_OUT_OF_RANGE', () => log.maybeIncrementLogStartOffset(6, 'test'));
    assert.equal(log.maybeIncrementLogStartOffset(3, 'test'), true);
    assert.equal(log.maybeIncrementLogStartOffset(2, 'test'), false);
    refused('OFFSET_OUT_OF_RANGE', () => read(log, 2));
    assert.equal(log.deleteOldSegments(), 3);
    assert.equal(log.firstSegmentBaseOffset, 3);
  });
});

describe('offsets by time', () => {
  it('finds the first record at or after a time, over segments', async () => {
    const size = testBatch({ count: 2 }).length;
    const { log } = await openLog({ segmentBytes: size, retentionMs: -1 });
    for (const timestamp of [1000, 2000, 1500, 3000]) append(log, { count: 2, timestamp });
    const find = async (timestamp: number) => (await log.offsetForTimestamp(timestamp))?.offset;
    assert.deepEqual(
      [await find(1001), await find(1002), await find(2500), await find(3002)],
      [1, 2, 6, undefined],
    );
    assert.deepEqual([await find(-1), await find(-2), await find(-3)], [8, 0, 7]);
    log.maybeIncrementLogStartOffset(3, 'test');
    assert.deepEqual([await find(-2), await find(1000)], [3, 3]);
  });

  it('answers version 0 by the ages of segments', async () => {
    const size = testBatch().length;
    const { env, log } = await openLog({ segmentBytes: size });
    const starts: number[] = [];
    for (let index = 0; index < 3; index++) {
      starts.push(env.time.nowMs());
      append(log);
      env.time.advance(1000);
    }
    assert.deepEqual(log.legacyOffsetsBefore(-1, 10), [3, 2, 1, 0]);
    assert.deepEqual(log.legacyOffsetsBefore(-1, 1), [3]);
    assert.deepEqual(log.legacyOffsetsBefore(-2, 10), [0]);
    assert.deepEqual(log.legacyOffsetsBefore(starts[1] ?? 0, 10), [1, 0]);
    assert.deepEqual(log.legacyOffsetsBefore(5, 10), []);
  });
});

describe('flushing', () => {
  it('by flush.messages makes the append wait for the disk', async () => {
    const { log } = await openLog({ flushMessages: 2 });
    assert.equal(append(log).flushed, undefined);
    const { flushed } = append(log);
    assert.equal(log.recoveryPoint, 0);
    await flushed;
    assert.equal(log.recoveryPoint, 2);
  });

  it('does not count what a truncation took away meanwhile', async () => {
    const { log } = await openLog();
    append(log, { count: 5 });
    const flushed = log.flush();
    log.truncateTo(0);
    append(log, { count: 5 });
    await flushed;
    assert.equal(log.recoveryPoint, 0);
  });
});
