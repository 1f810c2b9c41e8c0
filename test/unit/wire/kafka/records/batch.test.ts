import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32c } from '@node-rs/crc32';
import {
  batchAt,
  decrementSequence,
  incrementSequence,
} from '../../../../../src/wire/kafka/records/batch.ts';
import { buildBatch } from '../../../../../src/wire/kafka/records/builder.ts';
import {
  buildEndTransactionMarker,
  readEndTransactionMarker,
} from '../../../../../src/wire/kafka/records/control.ts';
import { CorruptBatchError } from '../../../../../src/wire/kafka/records/errors.ts';
import { buildLegacySet } from '../../../../../src/wire/kafka/records/legacy.ts';
import { readBatch } from '../../../../../src/wire/kafka/records/records.ts';

function view(bytes: Buffer) {
  const batch = batchAt(bytes, 0);
  assert.ok(batch !== undefined);
  return batch;
}

const key = Buffer.from('k');
const drafts = [10, 30, 20].map((timestamp) => ({ timestamp, key, value: Buffer.from(`at ${timestamp}`) }));

test('base offset and leader epoch change in place without a new checksum', () => {
  const batch = view(buildBatch(drafts));
  const crc = batch.crc;
  batch.setBaseOffset(2 ** 40 + 7);
  batch.setLeaderEpoch(5);
  assert.equal(batch.crc, crc);
  assert.equal(batch.crc, crc32c(batch.buffer.subarray(21)));
  assert.equal(batch.leaderEpoch, 5);
  assert.deepEqual(
    [...readBatch(batch)].map(({ offset }) => offset - 2 ** 40),
    [7, 8, 9],
  );
});

test('append time covers every record and mends the checksum', () => {
  for (const bytes of [
    buildBatch(drafts),
    buildLegacySet(
      drafts.map((draft, offset) => ({ ...draft, offset })),
      { magic: 1, compression: 'gzip' },
    ),
  ]) {
    const batch = view(bytes);
    batch.setMaxTimestamp('LogAppendTime', 99);
    batch.ensureValid();
    assert.equal(batch.timestampType, 'LogAppendTime');
    assert.deepEqual(
      [...readBatch(batch)].map(({ timestamp }) => timestamp),
      [99, 99, 99],
    );
    batch.setMaxTimestamp('CreateTime', 30);
    batch.ensureValid();
    assert.equal(batch.timestampType, 'CreateTime');
  }
});

test('any flipped bit after the checksum is found', () => {
  const batch = view(buildBatch(drafts));
  for (let index = 17; index < batch.sizeInBytes; index++) {
    batch.buffer.writeUInt8(batch.buffer.readUInt8(index) ^ 0x10, index);
    assert.throws(() => batch.ensureValid(), CorruptBatchError);
    batch.buffer.writeUInt8(batch.buffer.readUInt8(index) ^ 0x10, index);
  }
  batch.ensureValid();
});

test('sequences wrap at the largest int32', () => {
  assert.equal(incrementSequence(0x7fff_fffe, 1), 0x7fff_ffff);
  assert.equal(incrementSequence(0x7fff_ffff, 1), 0);
  assert.equal(decrementSequence(0, 1), 0x7fff_ffff);
  assert.equal(decrementSequence(5, 5), 0);
});

test('end-of-transaction markers read back', () => {
  for (const type of ['COMMIT', 'ABORT'] as const) {
    const batch = view(
      buildEndTransactionMarker(
        { type, coordinatorEpoch: 3 },
        { timestampMs: 5, producerId: 9n, producerEpoch: 2 },
      ),
    );
    assert.ok(batch.isControl && batch.isTransactional);
    const [record] = readBatch(batch);
    assert.ok(record !== undefined);
    assert.deepEqual(readEndTransactionMarker(record), { type, coordinatorEpoch: 3 });
  }
});
