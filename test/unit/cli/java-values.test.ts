import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hashOrder, partitionHash, stringHashOrder } from '../../../src/cli/java-hash-order.ts';
import { parseDateTimeMs, parseDurationMs } from '../../../src/cli/java-time.ts';

describe('values as Java has them', () => {
  it('strings of a HashMap come by their hashes', () => {
    // `new HashMap` of version and brokers prints {brokers=.., version=..} in Java.
    assert.deepEqual(stringHashOrder(['version', 'brokers']), ['brokers', 'version']);
    assert.deepEqual(stringHashOrder(['logDir', 'error', 'partitions']), ['partitions', 'error', 'logDir']);
  });

  it('partitions come by their hashes, those of one bin in the order in which they were put', () => {
    const partitions = [2, 1, 0].map((partition) => ({ topic: 'wide', partition }));
    const ordered = hashOrder(partitions, partitionHash).map(({ partition }) => partition);
    assert.deepEqual(ordered, [0, 1, 2]);
    assert.deepEqual(
      hashOrder(['b', 'a'], () => 7),
      ['b', 'a'],
    );
  });

  it('durations', () => {
    assert.equal(parseDurationMs('PT1.5S'), 1500);
    assert.equal(parseDurationMs('P1DT2H3M4S'), ((26 * 60 + 3) * 60 + 4) * 1000);
    assert.equal(parseDurationMs('-PT1S'), -1000);
    for (const text of ['5', 'P', 'PT', 'P1DT', '1S']) {
      assert.throws(() => parseDurationMs(text), /Text cannot be parsed to a Duration/, text);
    }
  });

  it('times, in UTC unless they say otherwise', () => {
    const noon = Date.UTC(2026, 10, 28, 12, 0, 0, 5);
    assert.equal(parseDateTimeMs('2026-11-28T12:00:00.005'), noon);
    assert.equal(parseDateTimeMs('2026-11-28T14:00:00.005+02:00'), noon);
    assert.throws(() => parseDateTimeMs('2026-11-28'), /does not contain a 'T'/);
    assert.throws(
      () => parseDateTimeMs('2026-13-28T12:00:00.000'),
      /Unparseable date: "2026-13-28T12:00:00.000Z"/,
    );
  });
});
