import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type HeaderValue,
  PreparedRecord,
  type RecordMetadata,
} from '../../../../../src/clients/kafka/producer/prepared-record.ts';
import { ProducerBatch } from '../../../../../src/clients/kafka/producer/producer-batch.ts';
import { batchesIn } from '../../../../../src/wire/kafka/records/batch.ts';
import { buildBatch } from '../../../../../src/wire/kafka/records/builder.ts';
import { readAll } from '../../../../../src/wire/kafka/records/records.ts';

const PLACE = { topic: 't', partition: 3 };
const FORMAT = { compression: 'none', compressionLevel: undefined, transactional: false } as const;
const PRODUCER = { id: 77n, epoch: 5 };

interface Draft {
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | string | null;
  readonly headers: readonly { readonly key: string; readonly value: HeaderValue }[];
}

const drafts: fc.Arbitrary<Draft[]> = fc.array(
  fc.record({
    timestamp: fc.oneof(fc.nat(), fc.integer({ min: 0, max: 2 ** 43 })),
    key: fc.option(fc.uint8Array({ maxLength: 300 })),
    value: fc.option(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.string({ unit: 'grapheme' }))),
    headers: fc.oneof(
      fc.constant([]),
      fc.array(fc.record({ key: fc.string({ unit: 'grapheme' }), value: fc.option(fc.string()) })),
    ),
  }),
  { minLength: 1, maxLength: 200 },
);

class Outcomes {
  readonly list: (RecordMetadata | Error | undefined)[] = [];

  acknowledged(slot: number, metadata: RecordMetadata): void {
    this.list[slot] = metadata;
  }

  failed(slot: number, error: Error): void {
    this.list[slot] = error;
  }
}

function batchOf(records: readonly Draft[], outcomes = new Outcomes(), bytes = 100): ProducerBatch {
  const batch = new ProducerBatch(PLACE, Buffer.alloc(bytes), 0, FORMAT);
  for (const [slot, { timestamp, ...content }] of records.entries()) {
    batch.append(new PreparedRecord({ ...PLACE, timestamp }, content, outcomes, slot));
  }
  return batch;
}

const values = (count: number): Draft[] =>
  Array.from({ length: count }, (_, i) => ({ timestamp: 1000 + i, key: null, value: `${i}`, headers: [] }));

describe('a batch of a producer', () => {
  it('has the bytes that the builder of batches makes', () => {
    fc.assert(
      fc.property(drafts, (records) => {
        const batch = batchOf(records);
        batch.setProducer(PRODUCER, 9);
        const bytes = (value: HeaderValue) => (typeof value === 'string' ? Buffer.from(value) : value);
        const expected = buildBatch(
          records.map(({ timestamp, key, value, headers }) => ({
            timestamp,
            key,
            value: bytes(value),
            headers: headers.map((header) => ({ key: header.key, value: bytes(header.value) })),
          })),
          { producerId: PRODUCER.id, producerEpoch: PRODUCER.epoch, baseSequence: 9 },
        );
        assert.deepEqual(batch.bytes(), expected);
      }),
    );
  });

  it('does not change what was sent when it is given another sequence', () => {
    const batch = batchOf(values(3));
    batch.setProducer(PRODUCER, 0);
    const first = batch.bytes();
    const copy = Buffer.from(first);
    batch.attempts = 1;
    batch.setProducer({ id: 77n, epoch: 6 }, 40);
    const second = batch.bytes();
    assert.deepEqual(first, copy);
    assert.equal(batch.sequenceWasReset, true);
    const [sent] = batchesIn(second);
    assert.deepEqual([sent?.baseSequence, sent?.producerEpoch, sent?.isValid()], [40, 6, true]);
  });

  it('tells each record where it went', () => {
    const outcomes = new Outcomes();
    const batch = batchOf(values(2), outcomes);
    assert.equal(batch.acknowledge(100, -1), true);
    assert.equal(batch.acknowledge(200, -1), false);
    assert.equal(
      batch.fail(() => new Error('late')),
      false,
    );
    assert.deepEqual(outcomes.list, [
      { topic: 't', partition: 3, offset: 100, timestamp: 1000 },
      { topic: 't', partition: 3, offset: 101, timestamp: 1001 },
    ]);
    const logAppend = new Outcomes();
    batchOf(values(1), logAppend).acknowledge(-1, 5555);
    assert.deepEqual(logAppend.list, [{ topic: 't', partition: 3, offset: -1, timestamp: 5555 }]);
  });

  it('comes apart into batches that keep the order, the sequences and who waits', () => {
    const outcomes = new Outcomes();
    const batch = batchOf(values(20), outcomes);
    batch.setProducer(PRODUCER, 0x7fff_fffa);
    let isDone = false;
    batch.whenDone(() => {
      isDone = true;
    });
    const parts = batch.split(130, (bytes) => new ProducerBatch(PLACE, Buffer.alloc(bytes), 0, FORMAT));
    assert.ok(parts.length > 2);
    assert.equal(isDone, false);
    let next = 0;
    let sequence = 0x7fff_fffa;
    for (const part of parts) {
      assert.ok(part.uncompressedBytes <= 130);
      assert.equal(part.baseSequence, sequence);
      sequence = (sequence + part.count) % 0x8000_0000;
      for (const { value } of readAll(part.bytes())) assert.equal(String(value), `${next++}`);
      part.acknowledge(0, -1);
    }
    assert.equal(next, 20);
    assert.equal(isDone, true);
    assert.equal(outcomes.list.length, 20);
  });
});
