import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ByteReader } from '../../../src/base/byte-reader.ts';
import { ByteWriter } from '../../../src/base/byte-writer.ts';
import { MalformedError } from '../../../src/base/malformed-error.ts';
import { type FieldType, ustring } from '../../../src/wire/jute/types.ts';
import * as data from '../../../src/wire/zookeeper/data.ts';
import * as protocol from '../../../src/wire/zookeeper/protocol.ts';
import * as quorum from '../../../src/wire/zookeeper/quorum.ts';
import * as snapshot from '../../../src/wire/zookeeper/snapshot.ts';
import * as txn from '../../../src/wire/zookeeper/txn.ts';
import { goldenJson, goldenLines } from '../../support/golden.ts';
import { fits, fromJson, isRecord, type Json, toJson, widened } from '../../support/jute-json.ts';

interface Vector {
  record: string;
  variant: string;
  json: Json;
  hex: string;
}

type Schema = Record<string, { name: string; type: string }[]>;

const schema = goldenJson<Schema>('zookeeper/jute/schema.json');
const vectors = goldenLines<Vector>('zookeeper/jute/vectors.jsonl.gz');

/** Everything exported by the record modules that is named in Apache's schema. */
const records = new Map(
  [data, protocol, quorum, snapshot, txn]
    .flatMap((module) => Object.values(module) as unknown[])
    .filter((value): value is FieldType<unknown> => isFieldType(value) && value.name in schema)
    .map((type) => [type.name, type]),
);

function isFieldType(value: unknown): value is FieldType<unknown> {
  return typeof value === 'object' && value !== null && 'read' in value && 'minBytes' in value;
}

function recordNamed(name: string): FieldType<unknown> {
  const type = records.get(name);
  assert.ok(type, `no record ${name}`);
  return type;
}

function encode(type: FieldType<unknown>, value: unknown): string {
  const writer = new ByteWriter();
  type.write(writer, value);
  return writer.toBuffer().toString('hex');
}

function decodeWhole(type: FieldType<unknown>, hex: string): unknown {
  const reader = new ByteReader(Buffer.from(hex, 'hex'));
  const value = type.read(reader);
  assert.equal(reader.remaining, 0);
  return value;
}

describe("Apache's jute schema", () => {
  it('has 72 records, all defined here', () => {
    assert.equal(Object.keys(schema).length, 72);
    assert.deepEqual([...records.keys()].sort(), Object.keys(schema).sort());
  });

  for (const [name, fields] of Object.entries(schema)) {
    it(`agrees field by field on ${name}`, () => {
      const type = recordNamed(name);
      assert.ok(isRecord(type));
      const ours = Object.entries(type.fields).map(([name, field]) => ({ name, type: field.name }));
      assert.deepEqual(ours, fields);
    });
  }
});

describe('vectors written by Apache', () => {
  it('number 576 and cover every record', () => {
    assert.equal(vectors.length, 576);
    assert.deepEqual([...new Set(vectors.map((vector) => vector.record))].sort(), Object.keys(schema).sort());
  });

  for (const name of Object.keys(schema)) {
    it(`decode and encode: ${name}`, () => {
      const type = recordNamed(name);
      const wide = widened(type);
      let narrow = 0;
      for (const { json, hex } of vectors.filter((vector) => vector.record === name)) {
        assert.deepEqual(toJson(decodeWhole(wide, hex)), json);
        assert.equal(encode(wide, fromJson(wide, json)), hex);
        if (fits(type, json)) {
          assert.deepEqual(toJson(decodeWhole(type, hex)), json);
          assert.equal(encode(type, fromJson(type, json)), hex);
          narrow++;
        } else {
          assert.throws(() => decodeWhole(type, hex), MalformedError);
        }
      }
      assert.ok(narrow > 0, 'no vector within the safe integers');
    });
  }

  for (const name of Object.keys(schema)) {
    it(`cut short anywhere are malformed: ${name}`, () => {
      const type = widened(recordNamed(name));
      for (const { hex } of vectors.filter((vector) => vector.record === name)) {
        const bytes = Buffer.from(hex, 'hex');
        for (let end = 0; end < bytes.length; end++) {
          assert.throws(() => type.read(new ByteReader(bytes, 0, end)), MalformedError);
        }
      }
    });
  }
});

describe('strings as Java writes and reads them', () => {
  const strings = goldenLines<{ text: string; hex: string; readBack: string }>(
    'zookeeper/jute/strings.jsonl',
  );
  assert.ok(strings.length > 0);
  for (const { text, hex, readBack } of strings) {
    it(JSON.stringify(text), () => {
      assert.equal(encode(ustring as FieldType<unknown>, text), hex);
      assert.equal(decodeWhole(ustring, hex), readBack);
    });
  }
});
