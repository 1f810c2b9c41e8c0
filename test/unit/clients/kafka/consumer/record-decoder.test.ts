import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type {
  ConsumerRecord,
  UnparsablePolicy,
} from '../../../../../src/clients/kafka/consumer/consumer-record.ts';
import type { AbortedTransaction } from '../../../../../src/clients/kafka/consumer/fetch/aborted-transactions.ts';
import { recordMaker } from '../../../../../src/clients/kafka/consumer/fetch/make-record.ts';
import { RecordDecoder } from '../../../../../src/clients/kafka/consumer/fetch/record-decoder.ts';
import { isKafkaError } from '../../../../../src/clients/kafka/kafka-error.ts';
import { type Deserializer, stringSerde } from '../../../../../src/clients/kafka/serde.ts';
import { type BatchOptions, buildBatch } from '../../../../../src/wire/kafka/records/builder.ts';
import { buildEndTransactionMarker } from '../../../../../src/wire/kafka/records/control.ts';
import { buildLegacySet } from '../../../../../src/wire/kafka/records/legacy.ts';

interface Rules {
  fromOffset?: number;
  aborted?: readonly AbortedTransaction[];
  onUnparsable?: UnparsablePolicy;
}

/** Refuses what contains an `!`. */
const picky: Deserializer<string> = {
  deserialize(bytes) {
    const text = String(bytes);
    if (text.includes('!')) throw new Error('an exclamation');
    return text;
  },
};

function decoderOf(bytes: Buffer, { fromOffset = 0, aborted, onUnparsable = 'fail' }: Rules = {}) {
  const rules = { keyDeserializer: stringSerde, valueDeserializer: picky, onUnparsable };
  return new RecordDecoder<ConsumerRecord<string, string>>(
    {
      topic: 't',
      partition: 3,
      bytes,
      fromOffset,
      abortedTransactions: aborted ?? null,
      checkCrcs: true,
    },
    recordMaker('t', rules),
  );
}

function readAll(decoder: RecordDecoder<ConsumerRecord<string, string>>): string[] {
  const values: string[] = [];
  for (let record = decoder.next(); record !== undefined; record = decoder.next()) {
    values.push(`${record.offset}:${record.value}`);
  }
  return values;
}

function batch(values: readonly string[], options: BatchOptions): Buffer {
  return buildBatch(
    values.map((value) => ({ timestamp: 1000, key: null, value: Buffer.from(value) })),
    options,
  );
}

const transactional = (producer: number, baseOffset: number, ...values: string[]): Buffer =>
  batch(values, {
    baseOffset,
    producerId: BigInt(producer),
    producerEpoch: 0,
    baseSequence: 0,
    transactional: true,
  });

const marker = (type: 'ABORT' | 'COMMIT', producer: number, baseOffset: number): Buffer =>
  buildEndTransactionMarker(
    { type, coordinatorEpoch: 0 },
    { baseOffset, timestampMs: 1, producerId: BigInt(producer), producerEpoch: 0 },
  );

describe('records of a fetch', () => {
  it('come with all that they have, in every codec', () => {
    for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
      const bytes = buildBatch(
        [
          {
            timestamp: 5,
            key: Buffer.from('k'),
            value: Buffer.from('v'),
            headers: [
              { key: 'h', value: Buffer.from('1') },
              { key: 'h', value: null },
            ],
          },
          { timestamp: 7, key: null, value: null },
        ],
        { baseOffset: 40, leaderEpoch: 6, compression },
      );
      const decoder = decoderOf(bytes, { fromOffset: 40 });
      const common = { topic: 't', partition: 3, timestampType: 'CreateTime', leaderEpoch: 6 };
      const rest = { deliveryCount: undefined, unparsed: undefined };
      assert.deepEqual(decoder.next(), {
        ...common,
        offset: 40,
        timestamp: 5,
        key: 'k',
        value: 'v',
        headers: [
          { key: 'h', value: Buffer.from('1') },
          { key: 'h', value: null },
        ],
        ...rest,
      });
      assert.deepEqual(decoder.next(), {
        ...common,
        offset: 41,
        timestamp: 7,
        key: null,
        value: null,
        headers: [],
        ...rest,
      });
      assert.equal(decoder.next(), undefined);
      assert.equal(decoder.nextOffset, 42);
    }
  });

  it('begin where the fetch was to begin, and end with the last whole batch', () => {
    const bytes = Buffer.concat([
      batch(['a', 'b', 'c'], { baseOffset: 10 }),
      // Compaction has taken its end.
      batch(['d'], { baseOffset: 13, lastOffset: 19 }),
      batch(['e', 'f'], { baseOffset: 20 }).subarray(0, 70),
    ]);
    const decoder = decoderOf(bytes, { fromOffset: 11 });
    assert.deepEqual(readAll(decoder), ['11:b', '12:c', '13:d']);
    assert.equal(decoder.nextOffset, 20);
  });

  it('of old formats are read as well', () => {
    for (const magic of [0, 1] as const) {
      for (const compression of ['none', 'gzip'] as const) {
        const bytes = buildLegacySet(
          ['a', 'b', 'c'].map((value, index) => ({
            offset: 5 + index,
            timestamp: 9,
            key: null,
            value: Buffer.from(value),
          })),
          { magic, compression },
        );
        assert.deepEqual(readAll(decoderOf(bytes, { fromOffset: 6 })), ['6:b', '7:c']);
      }
    }
  });

  it('leave out what was aborted, when the answer tells', () => {
    const bytes = Buffer.concat([
      transactional(1, 0, 'aborted'),
      transactional(2, 1, 'committed'),
      batch(['plain'], { baseOffset: 2 }),
      marker('ABORT', 1, 3),
      transactional(1, 4, 'committed later'),
      marker('COMMIT', 2, 5),
      marker('COMMIT', 1, 6),
    ]);
    const aborted = [{ producerId: 1n, firstOffset: 0 }];
    const decoder = decoderOf(bytes, { aborted });
    assert.deepEqual(readAll(decoder), ['1:committed', '2:plain', '4:committed later']);
    assert.equal(decoder.nextOffset, 7);
    assert.equal(readAll(decoderOf(bytes)).length, 4);
  });

  it('take the markers behind them along, so that nothing seems to be left', () => {
    const bytes = Buffer.concat([transactional(1, 0, 'a'), marker('COMMIT', 1, 1)]);
    const decoder = decoderOf(bytes, { aborted: [] });
    assert.equal(decoder.next()?.value, 'a');
    assert.equal(decoder.nextOffset, 2);
  });

  it('that do not parse fail again and again, are skipped, or come raw', () => {
    const bytes = batch(['a', 'b!', 'c'], { baseOffset: 0 });
    const failing = decoderOf(bytes);
    assert.equal(failing.next()?.value, 'a');
    for (let attempt = 0; attempt < 2; attempt++) {
      assert.throws(
        () => failing.next(),
        (error) => isKafkaError(error, 'SERIALIZATION') && /t-3 at offset 1/.test(error.message),
      );
      assert.equal(failing.nextOffset, 1);
    }
    assert.deepEqual(readAll(decoderOf(bytes, { fromOffset: 2 })), ['2:c']);
    assert.deepEqual(readAll(decoderOf(bytes, { onUnparsable: 'skip' })), ['0:a', '2:c']);
    const raw = decoderOf(bytes, {
      fromOffset: 1,
      onUnparsable: ({ part }) => (part === 'value' ? 'raw' : 'fail'),
    });
    const record = raw.next();
    assert.equal(record?.value, null);
    assert.equal(String(record?.unparsed?.value), 'b!');
    assert.equal(record?.unparsed?.part, 'value');
  });

  it('that are damaged are told by their offset', () => {
    const bytes = Buffer.concat([batch(['a'], { baseOffset: 0 }), batch(['b'], { baseOffset: 1 })]);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 2) ^ 1, bytes.length - 2);
    const decoder = decoderOf(bytes);
    assert.equal(decoder.next()?.value, 'a');
    for (let attempt = 0; attempt < 2; attempt++) {
      assert.throws(
        () => decoder.next(),
        (error) => isKafkaError(error, 'CORRUPT_MESSAGE') && /t-3 at offset 1/.test(error.message),
      );
    }
  });
});
