import { type Field, type FieldType, type ScalarType, type StructType, unknownTags } from './field.ts';

/** Kafka's reserved all-zero uuid, the implicit default of uuid fields. */
export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA';

const EMPTY = Buffer.alloc(0);

const scalarDefaults: Readonly<Record<ScalarType, unknown>> = {
  int8: 0,
  int16: 0,
  uint16: 0,
  int32: 0,
  uint32: 0,
  int64: 0,
  bigint64: 0n,
  float64: 0,
  bool: false,
  string: '',
  bytes: EMPTY,
  records: EMPTY,
  uuid: ZERO_UUID,
};

/** The value a field has when nothing is said about it; a new one each time where it can be altered. */
export function defaultOf(field: Field): unknown {
  if (field.options.default !== undefined) return field.options.default;
  return implicitDefault(field.type);
}

function implicitDefault(type: FieldType): unknown {
  if (typeof type === 'string') return scalarDefaults[type];
  if (type.kind === 'array') return [];
  return structDefault(type);
}

function structDefault(type: StructType): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(type.fields)) value[name] = defaultOf(field);
  return value;
}

/** Whether a draft's value is what {@link defaultOf} gives, so that leaving it out loses nothing. */
export function isDefault(field: Field, value: unknown): boolean {
  if (value === undefined) return true;
  const explicit = field.options.default;
  if (explicit !== undefined) return value === explicit || sameInteger(value, explicit);
  return value !== null && isImplicitDefault(field.type, value);
}

function isImplicitDefault(type: FieldType, value: unknown): boolean {
  if (typeof type === 'string') {
    if (type === 'bytes' || type === 'records') return byteLength(value) === 0;
    return value === scalarDefaults[type] || sameInteger(value, scalarDefaults[type]);
  }
  if (type.kind === 'array') return Array.isArray(value) && value.length === 0;
  if (typeof value !== 'object' || value === null) return false;
  const struct = value as Readonly<Record<string | typeof unknownTags, unknown>>;
  if (struct[unknownTags] !== undefined) return false;
  return Object.entries(type.fields).every(([name, field]) => isDefault(field, struct[name]));
}

/** Wide codecs take 5 and 5n for the same value. */
function sameInteger(value: unknown, other: unknown): boolean {
  return typeof value === 'bigint' && typeof other === 'number' && value === BigInt(other);
}

function byteLength(value: unknown): number {
  if (value instanceof Uint8Array) return value.length;
  if (!Array.isArray(value)) return -1;
  return value.reduce((sum: number, part: Uint8Array) => sum + part.length, 0);
}
