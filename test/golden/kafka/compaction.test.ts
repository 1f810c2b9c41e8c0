import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFAULT_CLEANER_CONFIG } from '../../../src/kafka/log/cleaner/cleaner-config.ts';
import type { UnifiedLog } from '../../../src/kafka/log/unified-log.ts';
import { readEndTransactionMarker } from '../../../src/wire/kafka/records/control.ts';
import { readBatch } from '../../../src/wire/kafka/records/records.ts';
import { batchesOf, compactedConfig } from '../../support/compaction.ts';
import { goldenFile } from '../../support/golden.ts';
import { type LogEnv, loadedManager, logEnv } from '../../support/log-env.ts';
import { settle } from '../../support/settle.ts';
import { untar } from '../../support/tar.ts';

/** After all timestamps of the archive. */
const NOW_MS = 1_795_300_000_000;
const COMPACTED = ['kilo-compacted', 'kilo-compact-txn', '__consumer_offsets'];

/** A directory that Apache's broker has left, with partitions that its own cleaner has been through. */
function apacheDirectory(): LogEnv {
  const env = logEnv(NOW_MS);
  for (const [path, content] of untar(goldenFile('kafka/logdirs/clean.tar.gz'))) {
    const full = `/data/${path.replace(/^(\.\/)?(data\/)?/, '')}`;
    env.disk.makeDirectory(full.slice(0, full.lastIndexOf('/')));
    const file = env.disk.open(full, 'create');
    file.write([content], 0);
    file.close();
  }
  return env;
}

/** `offset key=value` of everything that was not aborted. */
function committed(log: UnifiedLog): Map<number, { key: string; text: string }> {
  const found = new Map<number, { key: string; text: string }>();
  const open = new Map<bigint, number[]>();
  for (const batch of batchesOf(log)) {
    for (const record of readBatch(batch)) {
      if (batch.isControl) {
        const isAbort = readEndTransactionMarker(record)?.type === 'ABORT';
        if (isAbort) for (const offset of open.get(batch.producerId) ?? []) found.delete(offset);
        open.delete(batch.producerId);
        continue;
      }
      const { offset, value } = record;
      const key = String(record.key?.toString('hex'));
      found.set(offset, { key, text: `${offset} ${key}=${value?.toString('hex')}` });
      if (batch.isTransactional) open.set(batch.producerId, [...(open.get(batch.producerId) ?? []), offset]);
    }
  }
  return found;
}

/** Without deletions: the horizon of those in the archive is over. */
function lastOfEachKey(records: Iterable<{ key: string; text: string }>): Map<string, string> {
  const last = new Map(Array.from(records, ({ key, text }): [string, string] => [key, text]));
  return new Map([...last].filter(([, text]) => !text.endsWith('=undefined')));
}

describe('compaction of what Apache has compacted', () => {
  it('takes over its checkpoint, cleans on, and loses no last value', async () => {
    const env = apacheDirectory();
    const manager = await loadedManager(env, {
      configFor: (topic) => compactedConfig({ compact: COMPACTED.includes(topic), segmentBytes: 2000 }),
      cleaner: { ...DEFAULT_CLEANER_CONFIG, backoffMs: 100 },
      hotTailBytes: 0,
    });
    const logs = [...manager.allLogs()].filter((log) => COMPACTED.includes(log.topicPartition.topic));
    assert.equal(logs.length, 5);
    assert.ok((manager.get({ topic: 'kilo-compacted', partition: 0 })?.cleanable.cleanedOffset ?? 0) > 0);
    const before = new Map(logs.map((log) => [log, committed(log)]));
    for (const log of logs) {
      log.updateHighWatermark(log.logEnd);
      log.roll();
      // Everything anew, as if the checkpoint were lost.
      log.cleanable.cleanedOffset = log.logStartOffset;
    }
    for (let turn = 0; turn < 500; turn++) {
      env.time.advance(10);
      await settle();
    }
    for (const log of logs) {
      const { directory } = log;
      const was = before.get(log) ?? new Map();
      assert.equal(log.cleanable.cleanedOffset, log.logEndOffset, directory);
      const is = committed(log);
      for (const [offset, record] of is) assert.deepEqual(record, was.get(offset), directory);
      assert.deepEqual(lastOfEachKey(is.values()), lastOfEachKey(was.values()), directory);
      const values = [...is.values()].filter(({ text }) => !text.endsWith('=undefined'));
      assert.equal(values.length, lastOfEachKey(was.values()).size, `${directory}: one value for each key`);
    }
    assert.deepEqual(manager.cleanerState.uncleanable, []);
  });
});
