import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RecordsRejectedError, validateRecords } from '../../../../src/kafka/replica/validate-records.ts';
import { batchesIn, type CompressionName, type Magic } from '../../../../src/wire/kafka/records/batch.ts';
import { buildBatch } from '../../../../src/wire/kafka/records/builder.ts';
import { buildLegacySet } from '../../../../src/wire/kafka/records/legacy.ts';
import { readAll } from '../../../../src/wire/kafka/records/records.ts';
import { TOPIC_SETTINGS } from '../../../support/kafka/replicas.ts';
import { testBatch } from '../../../support/log-batches.ts';
import { loadedManager, logConfig, logEnv } from '../../../support/log-env.ts';

const NOW_MS = 5000;

function options(magic: Magic, changes: object = {}, nextOffset = 0) {
  return {
    settings: { ...TOPIC_SETTINGS, ...changes },
    maxMessageBytes: 100_000,
    compact: false,
    magic,
    nextOffset,
    nowMs: NOW_MS,
    uncompressedLimitBytes: 1_000_000,
  };
}

function rejectedAs(error: string, action: () => unknown): void {
  assert.throws(action, (thrown) => thrown instanceof RecordsRejectedError && thrown.error === error);
}

const record = (index: number) => ({
  timestamp: 1000 + index,
  key: Buffer.from(`key-${index}`),
  value: Buffer.from('value'),
});

describe('appending to a log of an old format', () => {
  for (const magic of [0, 1] as const) {
    for (const compression of ['none', 'gzip', 'snappy', 'lz4'] satisfies CompressionName[]) {
      it(`converts to magic ${magic}, ${compression}, under the offsets of the log`, async () => {
        const env = logEnv();
        const configFor = () => logConfig({ messageFormatMagic: magic });
        const manager = await loadedManager(env, { configFor, hotTailBytes: 0 });
        const log = manager.getOrCreate({ topic: 't', partition: 0 }, { isNew: true, topicId: undefined });
        const drafts = [0, 1, 2].map((index) => ({ ...record(index), offset: index }));
        const produced = [
          buildBatch([0, 1, 2].map(record), { compression }),
          buildLegacySet(drafts, { magic: 0, compression }),
          buildLegacySet(drafts, { magic: 1, compression }),
        ];
        for (const records of produced) {
          const validated = validateRecords(records, options(magic, {}, log.logEndOffset));
          const { firstOffset } = log.appendAsLeader(validated.records, 0);
          assert.equal(firstOffset, log.logEndOffset - 3);
        }
        log.updateHighWatermark(log.logEnd);
        const isolation = 'high-watermark';
        const read = log.read({ startOffset: 0, maxBytes: 99_999, isolation, minOneMessage: true });
        const chunk = Buffer.concat(read.chunks);
        assert.ok([...batchesIn(chunk)].every((batch) => batch.magic === magic && batch.isValid()));
        assert.deepEqual(
          [...readAll(chunk)].map(({ offset, key, timestamp }) => [offset, String(key), timestamp]),
          Array.from({ length: 9 }, (_, index) => {
            const hasTime = magic === 1 && Math.floor(index / 3) !== 1;
            return [index, `key-${index % 3}`, hasTime ? 1000 + (index % 3) : -1];
          }),
        );
      });
    }
  }

  it('gives append time where the format has any', () => {
    const { records, logAppendTimeMs } = validateRecords(
      testBatch(),
      options(1, { timestampType: 'LogAppendTime' }),
    );
    assert.deepEqual([[...readAll(records)][0]?.timestamp, logAppendTimeMs], [NOW_MS, NOW_MS]);
    assert.equal(
      validateRecords(testBatch(), options(0, { timestampType: 'LogAppendTime' })).logAppendTimeMs,
      -1,
    );
  });

  it('refuses what the format does not know', () => {
    rejectedAs('UNSUPPORTED_FOR_MESSAGE_FORMAT', () =>
      validateRecords(testBatch({ producerId: 1n, baseSequence: 0 }), options(1)),
    );
    const headers = [{ key: 'h', value: null }];
    rejectedAs('UNKNOWN_SERVER_ERROR', () =>
      validateRecords(buildBatch([{ ...record(0), headers }]), options(1)),
    );
    rejectedAs('UNSUPPORTED_COMPRESSION_TYPE', () =>
      validateRecords(buildBatch([record(0)], { compression: 'zstd' }), options(1)),
    );
  });
});

describe('the codec of a topic', () => {
  it('packs by its level, gzip and zstd', () => {
    const value = Buffer.from(Array.from({ length: 3000 }, (_, index) => `${index * 7919}`).join(' '));
    const batch = () => buildBatch([{ ...record(0), value }]);
    for (const [compressionType, low, high] of [
      ['gzip', 1, 9],
      ['zstd', 1, 19],
    ] as const) {
      const size = (compressionLevel: number | undefined) => {
        const { records } = validateRecords(batch(), options(2, { compressionType, compressionLevel }));
        assert.deepEqual([...readAll(records)][0]?.value, value);
        return records.length;
      };
      assert.ok(size(high) < size(low), `${compressionType}: ${size(high)} and ${size(low)}`);
    }
  });
});
