import { strict as assert } from 'node:assert';
import { ByteReader } from '../../src/base/byte-reader.ts';
import { ByteWriter } from '../../src/base/byte-writer.ts';
import { MalformedError } from '../../src/base/malformed-error.ts';
import { type FieldType, ustring } from '../../src/wire/jute/types.ts';
import * as data from '../../src/wire/zookeeper/data.ts';
import * as protocol from '../../src/wire/zookeeper/protocol.ts';
import * as quorum from '../../src/wire/zookeeper/quorum.ts';
import * as snapshot from '../../src/wire/zookeeper/snapshot.ts';
import * as txn from '../../src/wire/zookeeper/txn.ts';
import { fits, fromJson, isRecord, type Json, toJson, widened } from '../support/jute-json.ts';
import type { GoldenCheck } from './check.ts';

interface JuteVector {
  readonly record: string;
  readonly variant: string;
  readonly json: Json;
  readonly hex: string;
}

type Schema = Readonly<Record<string, { name: string; type: string }[]>>;

/** Every record type that the modules export, by name. */
const records: ReadonlyMap<string, FieldType<unknown>> = new Map(
  [data, protocol, quorum, snapshot, txn]
    .flatMap((module) => Object.values(module) as unknown[])
    .filter(isFieldType)
    .map((type) => [type.name, type]),
);

function isFieldType(value: unknown): value is FieldType<unknown> {
  return typeof value === 'object' && value !== null && 'read' in value && 'minBytes' in value;
}

export function juteRecord(name: string): FieldType<unknown> {
  const type = records.get(name);
  assert(type !== undefined, `no record ${name}`);
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

const juteSchema: GoldenCheck = {
  name: 'jute schema',
  matches: (path) => path === 'zookeeper/jute/schema.json',
  *cases(file) {
    for (const [name, fields] of Object.entries(file.json<Schema>())) {
      yield {
        label: name,
        run() {
          const type = juteRecord(name);
          assert(isRecord(type), `${name} is not a record`);
          const ours = Object.entries(type.fields).map(([field, { name: typeName }]) => ({
            name: field,
            type: typeName,
          }));
          assert.deepEqual(ours, fields);
        },
      };
    }
  },
};

const juteVectors: GoldenCheck = {
  name: 'jute record vectors',
  matches: (path) => /^zookeeper\/jute\/vectors[^/]*\.jsonl(\.gz)?$/.test(path),
  *cases(file) {
    for (const vector of file.lines<JuteVector>()) {
      yield { label: `${vector.record} ${vector.variant}`, run: () => checkVector(vector) };
    }
  },
};

function checkVector({ record, json, hex }: JuteVector): void {
  const type = juteRecord(record);
  const wide = widened(type);
  assert.deepEqual(toJson(decodeWhole(wide, hex)), json);
  assert.equal(encode(wide, fromJson(wide, json)), hex);
  if (!fits(type, json)) {
    assert.throws(() => decodeWhole(type, hex), MalformedError);
    return;
  }
  assert.deepEqual(toJson(decodeWhole(type, hex)), json);
  assert.equal(encode(type, fromJson(type, json)), hex);
}

const juteStrings: GoldenCheck = {
  name: 'jute strings',
  matches: (path) => path === 'zookeeper/jute/strings.jsonl',
  *cases(file) {
    for (const { text, hex, readBack } of file.lines<{ text: string; hex: string; readBack: string }>()) {
      yield {
        label: JSON.stringify(text),
        run() {
          assert.equal(encode(ustring as FieldType<unknown>, text), hex);
          assert.equal(decodeWhole(ustring, hex), readBack);
        },
      };
    }
  },
};

/** Records of ZooKeeper's protocol, logs and snapshots, as Apache's classes write them. */
export const juteChecks: readonly GoldenCheck[] = [juteSchema, juteVectors, juteStrings];
