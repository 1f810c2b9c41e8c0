import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_CLEANER_CONFIG } from '../../../../../src/kafka/log/cleaner/cleaner-config.ts';
import { COMPRESSION_NAMES } from '../../../../../src/wire/kafka/records/batch.ts';
import { appendKeyed, compactedConfig, dataOf, type KeyValue } from '../../../../support/compaction.ts';
import { endMarker } from '../../../../support/log-batches.ts';
import { loadedManager, logEnv } from '../../../../support/log-env.ts';
import { settle } from '../../../../support/settle.ts';

const TOPIC = { topic: 'table', partition: 0 };
const TRANSACTIONAL_ID = 9n;

/** What a producer wrote, with the outcome of its transaction. */
interface ModelRecord {
  readonly offset: number;
  readonly key: string | null;
  readonly value: string | null;
  aborted: boolean;
}

/** Compaction in one sentence: below the cleaned offset only the last record of each key is left. */
function survivors(records: readonly ModelRecord[], cleanedOffset: number): string[] {
  const last = new Map<string, number>();
  for (const { offset, key, aborted } of records) {
    if (offset < cleanedOffset && key !== null && !aborted) last.set(key, offset);
  }
  return records
    .filter(({ offset, key }) => offset >= cleanedOffset || (key !== null && last.get(key) === offset))
    .map(({ offset, key, value }) => `${offset} ${key}=${value}`);
}

const key: fc.Arbitrary<string | null> = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', null);
const value: fc.Arbitrary<string | null> = fc.oneof(fc.string({ maxLength: 60 }), fc.constant(null));
const record: fc.Arbitrary<KeyValue> = fc.tuple(key, value);

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      records: fc.array(record, { minLength: 1, maxLength: 6 }),
      compression: fc.constantFrom(...COMPRESSION_NAMES),
      producer: fc.constantFrom('none' as const, 'idempotent' as const, 'transactional' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      type: fc.constantFrom('COMMIT' as const, 'ABORT' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('roll' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('clean' as const) }) },
);

describe('log cleaner against a model', () => {
  it('leaves of each key the last record that was not aborted, whatever came before', async () => {
    const scenario = fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      // From room for two keys on.
      fc.integer({ min: 3, max: 12 }),
      async (steps, slots) => {
        const env = logEnv();
        const manager = await loadedManager(env, {
          configFor: () => compactedConfig({ segmentBytes: 700, deleteRetentionMs: 1e12 }),
          cleaner: { ...DEFAULT_CLEANER_CONFIG, dedupeBufferBytes: slots * 24, ioBufferBytes: 600 },
          hotTailBytes: 0,
        });
        const log = manager.getOrCreate(TOPIC, { isNew: true, topicId: undefined });
        const clean = async () => {
          env.time.advance(15_000);
          for (let turn = 0; turn < 400; turn++) {
            await settle();
            env.time.advance(0);
          }
        };
        const written: ModelRecord[] = [];
        const sequences = { none: 0, idempotent: 0, transactional: 0 };
        let open: ModelRecord[] = [];
        const endTransaction = (type: 'COMMIT' | 'ABORT') => {
          if (open.length === 0) return;
          log.appendAsLeader(endMarker(type, TRANSACTIONAL_ID), 0, 'coordinator');
          log.updateHighWatermark(log.logEnd);
          for (const each of open) each.aborted = type === 'ABORT';
          open = [];
        };
        for (const each of steps) {
          if (each.kind === 'roll' && log.logEnd.positionInSegment > 0) log.roll();
          else if (each.kind === 'clean') await clean();
          else if (each.kind === 'end') endTransaction(each.type);
          else if (each.kind === 'append') {
            const { records, compression, producer } = each;
            const baseSequence = sequences[producer];
            sequences[producer] += records.length;
            const transactional = producer === 'transactional';
            const producerId = transactional ? TRANSACTIONAL_ID : 8n;
            const idempotence = producer === 'none' ? {} : { producerId, baseSequence, transactional };
            const first = appendKeyed(log, {
              records,
              compression,
              timestamp: env.clock.nowMs(),
              ...idempotence,
            });
            const added = records.map(([key, value], index) => ({
              offset: first + index,
              key,
              value,
              aborted: false,
            }));
            written.push(...added);
            if (transactional) open.push(...added);
          }
          assert.deepEqual(dataOf(log), survivors(written, log.cleanable.cleanedOffset ?? 0));
        }
        endTransaction('ABORT');
        if (log.logEnd.positionInSegment > 0) log.roll();
        await clean();
        assert.equal(log.cleanable.cleanedOffset ?? 0, log.logEndOffset, 'all was cleaned');
        assert.deepEqual(dataOf(log), survivors(written, log.logEndOffset));
      },
    );
    await fc.assert(scenario, { numRuns: 60 });
  });
});
