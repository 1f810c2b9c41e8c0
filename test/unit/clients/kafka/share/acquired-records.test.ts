import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KafkaError } from '../../../../../src/clients/kafka/kafka-error.ts';
import { stringSerde } from '../../../../../src/clients/kafka/serde.ts';
import { readAcquired } from '../../../../../src/clients/kafka/share/acquired-records.ts';
import { buildBatch } from '../../../../../src/wire/kafka/records/builder.ts';

const PARTITION = { topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', topic: 'jobs', partition: 0 };
const RULES = {
  keyDeserializer: stringSerde,
  valueDeserializer: stringSerde,
  onUnparsable: 'fail',
  checkCrcs: true,
} as const;

function batch(baseOffset: number, count: number, control = false): Buffer {
  const drafts = Array.from({ length: count }, (_, index) => ({
    timestamp: 1,
    key: null,
    value: Buffer.from(`v${baseOffset + index}`),
  }));
  return buildBatch(drafts, { baseOffset, control });
}

function read(bytes: Buffer, ...ranges: readonly (readonly [first: number, last: number])[]) {
  const acquired = ranges.map(([firstOffset, lastOffset], index) => ({
    firstOffset,
    lastOffset,
    deliveryCount: index + 1,
  }));
  const { items, verdicts } = readAcquired(PARTITION, bytes, acquired, RULES);
  return {
    items: items.map((item) =>
      item instanceof KafkaError ? item.code : `${item.value} ${item.deliveryCount}`,
    ),
    verdicts: [...verdicts].map(([offset, type]) => `${offset} ${type}`),
  };
}

describe('acquired records', () => {
  it('are those of the batches that were acquired, and no others', () => {
    assert.deepEqual(read(Buffer.concat([batch(0, 4), batch(4, 4)]), [1, 2], [6, 6]), {
      items: ['v1 1', 'v2 1', 'v6 2'],
      verdicts: [],
    });
  });

  it('leave gaps where the log has no record, or a control record', () => {
    assert.deepEqual(read(Buffer.concat([batch(0, 2), batch(2, 1, true), batch(5, 1)]), [0, 5]), {
      items: ['v0 1', 'v1 1', 'v5 1'],
      verdicts: ['2 gap', '3 gap', '4 gap'],
    });
  });

  it('are rejected with a batch that is damaged, while the others are delivered', () => {
    const damaged = batch(2, 2);
    damaged.writeUInt8(damaged.readUInt8(damaged.length - 1) ^ 1, damaged.length - 1);
    assert.deepEqual(read(Buffer.concat([batch(0, 2), damaged, batch(4, 1)]), [0, 4]), {
      items: ['v0 1', 'v1 1', 'CORRUPT_MESSAGE', 'v4 1'],
      verdicts: ['2 reject', '3 reject'],
    });
  });

  it('are released where the bytes are no batches', () => {
    const garbage = batch(2, 1);
    garbage.writeInt32BE(1, 8);
    assert.deepEqual(read(Buffer.concat([batch(0, 2), garbage]), [0, 2]), {
      items: ['v0 1', 'v1 1', 'CORRUPT_MESSAGE'],
      verdicts: ['2 release'],
    });
  });
});
