import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ByteReader } from '../../../src/base/byte-reader.ts';
import { MalformedError } from '../../../src/base/malformed-error.ts';
import { juteRecord } from '../../golden-checks/jute.ts';
import { goldenJson, goldenLines } from '../../support/golden.ts';
import { fits, type Json, widened } from '../../support/jute-json.ts';

interface Vector {
  record: string;
  json: Json;
  hex: string;
}

/** What the vectors say is checked with all other golden data; here is what can't be said of one vector. */
const names = Object.keys(goldenJson<Record<string, unknown>>('zookeeper/jute/schema.json'));
const vectors = goldenLines<Vector>('zookeeper/jute/vectors.jsonl.gz');

describe("Apache's jute vectors", () => {
  it('cover all 72 records', () => {
    assert.equal(names.length, 72);
    assert.equal(vectors.length, 576);
    assert.deepEqual([...new Set(vectors.map(({ record }) => record))].sort(), names.toSorted());
  });

  for (const name of names) {
    const own = vectors.filter(({ record }) => record === name);

    it(`hold safe integers at least once: ${name}`, () => {
      assert.ok(own.some(({ json }) => fits(juteRecord(name), json)));
    });

    it(`cut short anywhere are malformed: ${name}`, () => {
      const type = widened(juteRecord(name));
      for (const { hex } of own) {
        const bytes = Buffer.from(hex, 'hex');
        for (let end = 0; end < bytes.length; end++) {
          assert.throws(() => type.read(new ByteReader(bytes, 0, end)), MalformedError);
        }
      }
    });
  }
});
