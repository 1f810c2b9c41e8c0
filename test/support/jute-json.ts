import { assert } from '../../src/base/assert.ts';
import { type Fields, type JuteRecord, record } from '../../src/wire/jute/record.ts';
import { bigLong, type FieldType, long, type VectorType, vector } from '../../src/wire/jute/types.ts';

/** The JSON form of records in the golden data: bytes as `hex:...`, wide integers as decimal strings. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

export function toJson(value: unknown): Json {
  if (Buffer.isBuffer(value)) return `hex:${value.toString('hex')}`;
  if (typeof value === 'bigint') {
    const narrow = Number(value);
    return Number.isSafeInteger(narrow) ? narrow : value.toString();
  }
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, toJson(field)]));
  }
  return value as Json;
}

/** Turns golden JSON into the value that `type` writes. */
export function fromJson(type: FieldType<unknown>, json: Json): unknown {
  if (json === null) return null;
  if (isVector(type)) return (json as Json[]).map((element) => fromJson(type.element, element));
  if (isRecord(type)) {
    const object = json as { [name: string]: Json };
    return Object.fromEntries(
      Object.entries(type.fields).map(([name, field]) => {
        const value = object[name];
        assert(value !== undefined, `golden JSON lacks ${type.name}.${name}`);
        return [name, fromJson(field, value)];
      }),
    );
  }
  if (type === bigLong) return BigInt(json as string | number);
  if (type.name === 'buffer') return Buffer.from((json as string).slice('hex:'.length), 'hex');
  return json;
}

/** The same record with all 64 bits of every long, for vectors with extreme values. */
export function widened<T>(type: FieldType<T>): FieldType<unknown> {
  if ((type as FieldType<unknown>) === long) return bigLong;
  if (isVector(type)) return vector(widened(type.element));
  if (!isRecord(type)) return type;
  const fields = Object.entries(type.fields).map(([name, field]) => [name, widened(field)] as const);
  return record(type.name, Object.fromEntries(fields));
}

/** Whether a value fits the record's own longs, which hold safe integers only. */
export function fits(type: FieldType<unknown>, json: Json): boolean {
  if (json === null) return true;
  if (isVector(type)) return (json as Json[]).every((element) => fits(type.element, element));
  if (isRecord(type)) {
    const object = json as { [name: string]: Json };
    return Object.entries(type.fields).every(([name, field]) => fits(field, object[name] ?? null));
  }
  return type !== long || typeof json === 'number';
}

export function isVector(type: FieldType<unknown>): type is VectorType<unknown> {
  return 'element' in type;
}

export function isRecord(type: FieldType<unknown>): type is JuteRecord<Fields> {
  return 'fields' in type;
}
