import type { ByteReader } from '../../../base/byte-reader.ts';
import { MalformedError } from '../../../base/malformed-error.ts';
import { defaultOf } from './defaults.ts';
import {
  type ArrayType,
  type Field,
  type FieldType,
  type ScalarType,
  type StructType,
  type UnknownTag,
  unknownTags,
} from './field.ts';
import { type FieldState, fieldState, type Place } from './place.ts';

export type Read = (reader: ByteReader) => unknown;

/** Kafka refuses longer strings in every encoding. */
const MAX_STRING_BYTES = 0x7fff;

interface Struct {
  [name: string]: unknown;
  [unknownTags]?: UnknownTag[];
}

/** Compiles the reader of a struct in one version. */
export function structReader(type: StructType, place: Place): Read {
  const names: string[] = [];
  const reads: Read[] = [];
  const tagged = new Map<number, TaggedRead>();
  // Cloning a template gives every struct its final shape in one step.
  const template: Struct = {};
  const fresh: (readonly [name: string, make: () => unknown])[] = [];
  for (const [name, field] of Object.entries(type.fields)) {
    const state = fieldState(name, field, place);
    const { shared, make } = defaultOf(field);
    template[name] = shared;
    if (state.present && state.tag === undefined) {
      names.push(name);
      reads.push(fieldReader(field, state));
    } else if (make !== undefined) {
      fresh.push([name, make]);
    }
    if (state.present && state.tag !== undefined) {
      tagged.set(state.tag, { name, read: fieldReader(field, state) });
    }
  }
  const count = names.length;
  const readTags = place.flexible ? tagReader(tagged, place) : undefined;
  return (reader) => {
    const value: Struct = { ...template };
    for (let i = 0; i < count; i++) {
      // Both arrays have `count` entries.
      value[names[i] as string] = (reads[i] as Read)(reader);
    }
    for (const [name, make] of fresh) value[name] = make();
    if (readTags !== undefined) readTags(reader, value);
    return value;
  };
}

interface TaggedRead {
  readonly name: string;
  readonly read: Read;
}

/** Reads the tagged fields at the end of a flexible struct; tags must ascend (KIP-482). */
function tagReader(tagged: ReadonlyMap<number, TaggedRead>, place: Place) {
  return (reader: ByteReader, value: Struct): void => {
    const count = reader.uvarint();
    if (count === 0) return;
    let last = -1;
    for (let i = 0; i < count; i++) {
      const tag = reader.uvarint();
      if (tag <= last) throw new MalformedError(`${place.path}: tag ${tag} follows tag ${last}`);
      last = tag;
      const size = reader.uvarint();
      const known = tagged.get(tag);
      if (known === undefined) {
        const data = Buffer.from(reader.bytes(size));
        const unknown = value[unknownTags];
        if (unknown === undefined) value[unknownTags] = [{ tag, data }];
        else unknown.push({ tag, data });
        continue;
      }
      reader.checkCount(size);
      const end = reader.offset + size;
      value[known.name] = known.read(reader);
      if (reader.offset !== end) {
        throw new MalformedError(
          `${place.path} ${known.name}: ${size} bytes announced, ends at ${reader.offset}`,
        );
      }
    }
  };
}

function fieldReader(field: Field, state: FieldState): Read {
  const { type, options } = field;
  const { nullable, place } = state;
  if (typeof type === 'string') {
    return type === 'int64' && options.saturate && !place.wide
      ? saturatedInt64
      : scalarReader(type, nullable, place);
  }
  if (type.kind === 'array') return arrayReader(type, nullable, place);
  const read = structReader(type, place);
  return nullable ? nullableStructReader(read, state) : read;
}

/** A struct that may be null has a marker: in sequence -1 for null, as a tagged field 0, else 1. */
function nullableStructReader(read: Read, { tag, place }: FieldState): Read {
  const isNull = tag === undefined ? (marker: number) => marker < 0 : (marker: number) => marker === 0;
  return (reader) => {
    const marker = reader.int8();
    if (marker === 1) return read(reader);
    if (isNull(marker)) return null;
    throw new MalformedError(`${place.path}: ${marker} marks neither a struct nor null`);
  };
}

function scalarReader(type: ScalarType, nullable: boolean, place: Place): Read {
  switch (type) {
    case 'int8':
      return (reader) => reader.int8();
    case 'int16':
      return (reader) => reader.int16();
    case 'uint16':
      return (reader) => reader.uint16();
    case 'int32':
      return (reader) => reader.int32();
    case 'uint32':
      return (reader) => reader.uint32();
    case 'int64':
      return place.wide ? wideInt64 : (reader) => reader.int64();
    case 'bigint64':
      return (reader) => reader.bigint64();
    case 'float64':
      return (reader) => reader.float64();
    case 'bool':
      return (reader) => reader.int8() !== 0;
    case 'uuid':
      return (reader) => reader.bytes(16).toString('base64url');
    case 'string':
      return stringReader(nullable, place);
    case 'bytes':
      return sized(nullable, place, (reader, length) => Buffer.from(reader.bytes(length)));
    case 'records':
      return sized(nullable, place, (reader, length) => reader.bytes(length));
  }
}

function wideInt64(reader: ByteReader): number | bigint {
  const exact = reader.bigint64();
  const value = Number(exact);
  return Number.isSafeInteger(value) ? value : exact;
}

function saturatedInt64(reader: ByteReader): number {
  const value = Number(reader.bigint64());
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, value));
}

function stringReader(nullable: boolean, place: Place): Read {
  const { flexible } = place;
  return (reader) => {
    const length = flexible ? reader.uvarint() - 1 : reader.int16();
    if (length > MAX_STRING_BYTES) throw new MalformedError(`${place.path}: a string of ${length} bytes`);
    return length < 0 ? nullOf(length, nullable, place) : reader.utf8(length);
  };
}

function sized(nullable: boolean, place: Place, read: (reader: ByteReader, length: number) => Buffer): Read {
  const { flexible } = place;
  return (reader) => {
    const length = flexible ? reader.uvarint() - 1 : reader.int32();
    return length < 0 ? nullOf(length, nullable, place) : read(reader, length);
  };
}

function arrayReader(type: ArrayType, nullable: boolean, place: Place): Read {
  const { flexible } = place;
  const read =
    typeof type.of === 'string' ? scalarReader(type.of, false, place) : structReader(type.of, place);
  const elementBytes = Math.max(1, minBytes(type.of, place));
  return (reader) => {
    const count = flexible ? reader.uvarint() - 1 : reader.int32();
    if (count < 0) return nullOf(count, nullable, place);
    reader.checkCount(count, elementBytes);
    const values: unknown[] = [];
    for (let i = 0; i < count; i++) values.push(read(reader));
    return values;
  };
}

/** Answers a negative length or count. */
function nullOf(length: number, nullable: boolean, place: Place): null {
  if (length !== -1) throw new MalformedError(`${place.path}: negative length ${length}`);
  if (!nullable) throw new MalformedError(`${place.path} must not be null`);
  return null;
}

const fixedBytes: Readonly<Record<ScalarType, number>> = {
  int8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  bigint64: 8,
  float64: 8,
  bool: 1,
  uuid: 16,
  string: 2,
  bytes: 4,
  records: 4,
};

/** Smallest encoding of a value, so that a hostile count is refused before anything is read. */
function minBytes(type: FieldType, place: Place): number {
  if (typeof type === 'string') {
    const prefixed = type === 'string' || type === 'bytes' || type === 'records';
    return prefixed && place.flexible ? 1 : fixedBytes[type];
  }
  if (type.kind === 'array') return place.flexible ? 1 : 4;
  let sum = place.flexible ? 1 : 0;
  for (const [name, field] of Object.entries(type.fields)) {
    const state = fieldState(name, field, place);
    if (!state.present || state.tag !== undefined) continue;
    const nullableStruct = state.nullable && typeof field.type === 'object' && field.type.kind === 'struct';
    sum += nullableStruct ? 1 : minBytes(field.type, state.place);
  }
  return sum;
}
