import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { batchesIn } from '../../../../../src/wire/kafka/records/batch.ts';
import { buildBatch } from '../../../../../src/wire/kafka/records/builder.ts';
import { downConvert } from '../../../../../src/wire/kafka/records/convert.ts';
import { readAll } from '../../../../../src/wire/kafka/records/records.ts';

describe('conversion for old clients', () => {
  it('stops where it would come to more than it may, but never before the first batch', () => {
    const drafts = Array.from({ length: 10 }, (_, index) => ({
      timestamp: index,
      key: null,
      value: Buffer.from(`${index}`),
    }));
    const log = Buffer.concat([0, 10, 20].map((baseOffset) => buildBatch(drafts, { baseOffset })));
    const convert = (limitBytes?: number) =>
      [...readAll(Buffer.concat(downConvert(batchesIn(log), 1, 0, limitBytes)))].length;
    const [whole] = downConvert(batchesIn(log), 1, 0);
    const oneBytes = whole?.length ?? 0;
    assert.deepEqual(
      [undefined, 3 * oneBytes, 3 * oneBytes - 1, oneBytes, 1].map(convert),
      [30, 30, 20, 10, 10],
    );
  });
});
