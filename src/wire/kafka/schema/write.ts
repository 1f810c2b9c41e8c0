import { assert } from '../../../base/assert.ts';
import { ByteWriter } from '../../../base/byte-writer.ts';
import { type DefaultValue, defaultOf, isDefault } from './defaults.ts';
import {
  type ArrayType,
  type Field,
  type ScalarType,
  type StructType,
  type UnknownTag,
  unknownTags,
} from './field.ts';
import { type FieldState, fieldState, type Place } from './place.ts';
import { UnsupportedVersionError } from './unsupported-version-error.ts';

export type Write = (writer: ByteWriter, value: unknown) => void;

const MAX_STRING_BYTES = 0x7fff;
const MAX_INT32 = 0x7fff_ffff;

type Struct = Readonly<Record<string | typeof unknownTags, unknown>>;

/** A field of the ordinary sequence. */
interface Slot {
  readonly name: string;
  readonly field: Field;
  /** Left out of a draft it is a bug: it has no default. */
  readonly required: boolean;
  readonly default: DefaultValue;
  readonly path: string;
  readonly write: Write;
}

/**
 * Compiles the writer of a struct in one version. `since` is the version range of the field that holds the
 * struct: fields with the same range are there whenever the struct is.
 */
export function structWriter(type: StructType, since: string, place: Place): Write {
  const slots: Slot[] = [];
  const tagged: (Slot & { readonly tag: number })[] = [];
  const absent: Slot[] = [];
  for (const [name, field] of Object.entries(type.fields)) {
    const state = fieldState(name, field, place);
    const slot = slotOf(name, field, state, since);
    if (!state.present) {
      if (!field.options.ignorable) absent.push(slot);
    } else if (state.tag === undefined) slots.push(slot);
    else tagged.push({ ...slot, tag: state.tag });
  }
  tagged.sort((a, b) => a.tag - b.tag);
  const writeTags = place.flexible ? tagWriter(tagged, place) : refuseTags(tagged, place);
  return (writer, value) => {
    assert(typeof value === 'object' && value !== null, `${place.path} is not a struct`);
    const struct = value as Struct;
    for (const slot of absent) {
      const left = struct[slot.name];
      if (left !== undefined && !isDefault(slot.field, left)) {
        throw new UnsupportedVersionError(`${slot.path}: this version has no such field, and it is set`);
      }
    }
    for (const slot of slots) slot.write(writer, slotValue(slot, struct));
    writeTags(writer, struct);
  };
}

function slotOf(name: string, field: Field, state: FieldState, since: string): Slot {
  const always = field.versions === '0+' || field.versions === since;
  const required = always && field.options.default === undefined && field.options.tag === undefined;
  const write: Write = state.present
    ? fieldWriter(field, state)
    : () => assert(false, `${state.place.path} is absent`);
  return { name, field, required, default: defaultOf(field), path: state.place.path, write };
}

function slotValue(slot: Slot, struct: Struct): unknown {
  const value = struct[slot.name];
  if (value !== undefined) return value;
  assert(!slot.required, `${slot.path} is missing`);
  return slot.default.make === undefined ? slot.default.shared : slot.default.make();
}

type WriteTags = (writer: ByteWriter, struct: Struct) => void;

/** Writes tagged fields that differ from their default, and unknown ones, in ascending order. */
function tagWriter(tagged: readonly (Slot & { readonly tag: number })[], place: Place): WriteTags {
  return (writer, struct) => {
    const unknown = struct[unknownTags] as readonly UnknownTag[] | undefined;
    const entries: { readonly tag: number; readonly chunks: readonly Buffer[] }[] = [];
    for (const slot of tagged) {
      const value = struct[slot.name];
      if (value === undefined || isDefault(slot.field, value)) continue;
      const body = new ByteWriter();
      slot.write(body, value);
      entries.push({ tag: slot.tag, chunks: body.chunks() });
    }
    if (unknown === undefined && entries.length === 0) {
      writer.uint8(0);
      return;
    }
    for (const { tag, data } of unknown ?? []) {
      assert(!tagged.some((slot) => slot.tag === tag), `${place.path}: tag ${tag} is not unknown`);
      entries.push({ tag, chunks: [data] });
    }
    entries.sort((a, b) => a.tag - b.tag);
    writer.uvarint(entries.length);
    for (const { tag, chunks } of entries) {
      writer.uvarint(tag);
      writer.uvarint(totalBytes(chunks));
      for (const chunk of chunks) writer.bytes(chunk);
    }
  };
}

function refuseTags(tagged: readonly Slot[], place: Place): WriteTags {
  assert(tagged.length === 0, `${place.path} has tagged fields but is not flexible`);
  return (_writer, struct) => {
    if (struct[unknownTags] !== undefined) {
      throw new UnsupportedVersionError(
        `${place.path}: this version has no tagged fields, and there are some`,
      );
    }
  };
}

function fieldWriter(field: Field, state: FieldState): Write {
  const write = valueWriter(field, state.place);
  if (state.nullable) return nullableWriter(field, write, state);
  return (writer, value) => {
    if (value === null) {
      // Null is a value of the field's type only if some version can say it.
      if (field.options.nullable !== undefined) {
        throw new UnsupportedVersionError(`${state.place.path}: this version can't say null`);
      }
      assert(false, `${state.place.path} is null`);
    }
    write(writer, value);
  };
}

function nullableWriter(field: Field, write: Write, { tag, place }: FieldState): Write {
  const { type } = field;
  if (typeof type === 'object' && type.kind === 'struct') {
    const nullMarker = tag === undefined ? -1 : 0;
    return (writer, value) => {
      writer.int8(value === null ? nullMarker : 1);
      if (value !== null) write(writer, value);
    };
  }
  const writeNull = nullLength(type === 'string', place);
  return (writer, value) => {
    if (value === null) writeNull(writer);
    else write(writer, value);
  };
}

function nullLength(isString: boolean, place: Place): (writer: ByteWriter) => void {
  if (place.flexible) return (writer) => writer.uint8(0);
  return isString ? (writer) => writer.int16(-1) : (writer) => writer.int32(-1);
}

function valueWriter(field: Field, place: Place): Write {
  const { type } = field;
  if (typeof type === 'string') return scalarWriter(type, place);
  if (type.kind === 'array') return arrayWriter(type, field.versions, place);
  return structWriter(type, field.versions, place);
}

/** The casts below hold by the types of drafts; the assertions catch drafts that dodged them. */
function scalarWriter(type: ScalarType, place: Place): Write {
  const { path } = place;
  switch (type) {
    case 'int8':
      return (writer, value) => writer.int8(integer(value, path));
    case 'int16':
      return (writer, value) => writer.int16(integer(value, path));
    case 'uint16':
      return (writer, value) => writer.uint16(integer(value, path));
    case 'int32':
      return (writer, value) => writer.int32(integer(value, path));
    case 'uint32':
      return (writer, value) => writer.uint32(integer(value, path));
    case 'int64':
      return place.wide ? wideInt64 : (writer, value) => writer.int64(integer(value, path));
    case 'bigint64':
      return (writer, value) => writer.bigint64(value as bigint);
    case 'float64':
      return (writer, value) => writer.float64(value as number);
    case 'bool':
      return (writer, value) => writer.uint8(value === true ? 1 : 0);
    case 'uuid':
      return (writer, value) => writer.bytes(uuidBytes(value as string, path));
    case 'string':
      return (writer, value) => writeString(writer, value as string, place);
    case 'bytes':
      return (writer, value) => writeBytes(writer, [value as Buffer], place);
    case 'records':
      return (writer, value) => {
        writeBytes(writer, Array.isArray(value) ? (value as Buffer[]) : [value as Buffer], place);
      };
  }
}

function integer(value: unknown, path: string): number {
  assert(Number.isInteger(value), `${path}: ${String(value)} is not an integer`);
  return value as number;
}

function wideInt64(writer: ByteWriter, value: unknown): void {
  writer.bigint64(BigInt(value as number | bigint));
}

function uuidBytes(text: string, path: string): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  assert(bytes.length === 16, `${path}: '${text}' is not a uuid`);
  return bytes;
}

function writeString(writer: ByteWriter, value: string, place: Place): void {
  const length = Buffer.byteLength(value, 'utf8');
  assert(length <= MAX_STRING_BYTES, `${place.path}: a string of ${length} bytes is too long`);
  if (place.flexible) writer.uvarint(length + 1);
  else writer.int16(length);
  writer.utf8(value);
}

function writeBytes(writer: ByteWriter, chunks: readonly Buffer[], place: Place): void {
  const length = totalBytes(chunks);
  assert(length < MAX_INT32, `${place.path}: ${length} bytes are too many`);
  if (place.flexible) writer.uvarint(length + 1);
  else writer.int32(length);
  for (const chunk of chunks) writer.bytes(chunk);
}

function totalBytes(chunks: readonly Buffer[]): number {
  let sum = 0;
  for (const chunk of chunks) sum += chunk.length;
  return sum;
}

function arrayWriter(type: ArrayType, since: string, place: Place): Write {
  const write =
    typeof type.of === 'string' ? scalarWriter(type.of, place) : structWriter(type.of, since, place);
  return (writer, value) => {
    assert(Array.isArray(value), `${place.path} is not an array`);
    if (place.flexible) writer.uvarint(value.length + 1);
    else writer.int32(value.length);
    for (const element of value) write(writer, element);
  };
}
