/** Golden JSON <-> values of messages, see the conventions in the golden README. */
import { strict as assert } from 'node:assert';
import { type Field, type Fields, hasVersion, unknownTags } from '../../src/wire/kafka/schema/index.ts';
import { parseVersionRange } from '../../src/wire/kafka/schema/version-range.ts';

type JsonObject = { [name: string]: unknown };
type Value = { [name: string]: unknown; [unknownTags]?: { tag: number; data: Buffer }[] };

/** The draft that golden JSON stands for; the schema says which strings are bytes or big integers. */
export function draftFromJson(fields: Fields, json: JsonObject): Value {
  const draft: Value = {};
  for (const [name, value] of Object.entries(json)) {
    const field = fields[name];
    assert(field !== undefined, `the schema has no field ${name}`);
    draft[name] = value === null ? null : fromJson(field.type, value);
  }
  return draft;
}

function fromJson(type: Field['type'], value: unknown): unknown {
  if (type === 'int64') return typeof value === 'string' ? BigInt(value) : value;
  if (type === 'bigint64') return BigInt(value as string | number);
  if (type === 'bytes' || type === 'records') return Buffer.from(value as string, 'base64');
  if (typeof type === 'string') return value;
  if (type.kind === 'struct') return draftFromJson(type.fields, value as JsonObject);
  return (value as unknown[]).map((element) => fromJson(type.of, element));
}

/**
 * What golden JSON says about a decoded value: fields that the version lacks and tagged fields that equal
 * their default are left out, and the value must hold defaults there.
 */
export function jsonFromValue(fields: Fields, value: Value, version: number): JsonObject {
  const names = Object.keys(value);
  assert.deepEqual(names, Object.keys(fields), 'a decoded value has every field of the schema');
  const json: JsonObject = {};
  for (const [name, field] of Object.entries(fields)) {
    const present = hasVersion(parseVersionRange(field.versions), version);
    const tagged = field.options.tag !== undefined;
    const converted = toJson(field.type, value[name], version);
    const isDefault = JSON.stringify(converted) === JSON.stringify(defaultJson(field, version));
    if (!present) assert(isDefault, `${name} is absent in version ${version} but not its default`);
    if (present && !(tagged && isDefault)) json[name] = converted;
  }
  return json;
}

function toJson(type: Field['type'], value: unknown, version: number): unknown {
  if (value === null) return null;
  if (type === 'int64' || type === 'bigint64') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  if (type === 'bytes' || type === 'records') return (value as Buffer).toString('base64');
  if (typeof type === 'string') return value;
  if (type.kind === 'struct') return jsonFromValue(type.fields, value as Value, version);
  return (value as unknown[]).map((element) => toJson(type.of, element, version));
}

const zeros: JsonObject = {
  bool: false,
  string: '',
  bytes: '',
  records: '',
  uuid: 'AAAAAAAAAAAAAAAAAAAAAA',
};

function defaultJson({ type, options }: Field, version: number): unknown {
  if (options.default !== undefined) return toJson(type, options.default, version);
  if (typeof type === 'string') return zeros[type] ?? 0;
  if (type.kind === 'array') return [];
  const json: JsonObject = {};
  for (const [name, field] of Object.entries(type.fields)) {
    const present = hasVersion(parseVersionRange(field.versions), version);
    if (present && field.options.tag === undefined) json[name] = defaultJson(field, version);
  }
  return json;
}

export interface TagFact {
  /** Names and indexes from the top: `topics[0].partitions[1]`; empty for the message itself. */
  readonly path: string;
  readonly tag: number;
  readonly hex: string;
}

/** Adds unknown tagged fields to a draft; `rename` gives the schema's name of a step. */
export function addUnknownTags(
  draft: Value,
  facts: readonly TagFact[],
  rename: (name: string) => string,
): void {
  for (const { path, tag, hex } of facts) {
    const target = structAt(
      draft,
      path
        .split(/[.[\]]+/)
        .filter((step) => step !== '')
        .map(rename),
    );
    const tags = target[unknownTags] ?? [];
    tags.push({ tag, data: Buffer.from(hex, 'hex') });
    target[unknownTags] = tags;
  }
}

function structAt(root: Value, path: readonly string[]): Value {
  let at: unknown = root;
  for (const step of path) at = Array.isArray(at) ? at[Number(step)] : (at as Value)[step];
  assert(typeof at === 'object' && at !== null, `${path.join('.')} is not a struct`);
  return at as Value;
}
