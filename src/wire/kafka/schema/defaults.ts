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

/**
 * Makes the value a field has when nothing is said about it: `shared` where it can't be altered, else `make`
 * gives a new one each time.
 */
export type DefaultValue =
  | { readonly shared: unknown; readonly make?: undefined }
  | { readonly shared?: undefined; readonly make: () => unknown };

export function defaultOf(field: Field): DefaultValue {
  const { type, options } = field;
  if (options.default !== undefined) return { shared: options.default };
  if (typeof type === 'string') return { shared: scalarDefaults[type] };
  if (type.kind === 'array') return { make: () => [] };
  return { make: structDefault(type) };
}

function structDefault(type: StructType): () => unknown {
  const template: Record<string, unknown> = {};
  const fresh: (readonly [name: string, make: () => unknown])[] = [];
  for (const [name, field] of Object.entries(type.fields)) {
    const { shared, make } = defaultOf(field);
    template[name] = shared;
    if (make !== undefined) fresh.push([name, make]);
  }
  return () => {
    const value = { ...template };
    for (const [name, make] of fresh) value[name] = make();
    return value;
  };
}

/** Whether a draft's value is what {@link defaultOf} gives, so that leaving it out loses nothing. */
export function isDefault(field: Field, value: unknown): boolean {
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
  return Object.entries(type.fields).every(([name, field]) => {
    const inner = struct[name];
    return inner === undefined || isDefault(field, inner);
  });
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
