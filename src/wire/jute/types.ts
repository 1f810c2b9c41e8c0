import type { ByteReader } from '../../base/byte-reader.ts';
import type { ByteWriter } from '../../base/byte-writer.ts';
import { MalformedError } from '../../base/malformed-error.ts';
import { readString, writeString } from './string-codec.ts';

/** One type of a field: how its values are read and written. */
export interface FieldType<T> {
  /** The name that ZooKeeper's own schema gives it: `int`, `ustring`, `vector<data.ACL>`, ... */
  readonly name: string;
  /** Bytes of the shortest encoding; bounds announced counts. */
  readonly minBytes: number;
  /** Throws MalformedError. */
  read(reader: ByteReader): T;
  write(writer: ByteWriter, value: T): void;
}

/** A length or count: -1 stands for null, everything below is hostile. */
function readLength(reader: ByteReader, what: string): number {
  const length = reader.int32();
  if (length < -1) throw new MalformedError(`${what} length ${length} before byte ${reader.offset}`);
  return length;
}

export const int: FieldType<number> = {
  name: 'int',
  minBytes: 4,
  read: (reader) => reader.int32(),
  write: (writer, value) => writer.int32(value),
};

/** An int64 within the safe integers: zxids, timestamps, TTLs. Anything beyond is malformed. */
export const long: FieldType<number> = {
  name: 'long',
  minBytes: 8,
  read: (reader) => reader.int64(),
  write: (writer, value) => writer.int64(value),
};

/** An int64 of which every bit may matter: session ids, ephemeral owners, digests. */
export const bigLong: FieldType<bigint> = {
  name: 'long',
  minBytes: 8,
  read: (reader) => reader.bigint64(),
  write: (writer, value) => writer.bigint64(value),
};

export const bool: FieldType<boolean> = {
  name: 'boolean',
  minBytes: 1,
  read: (reader) => reader.int8() !== 0,
  write: (writer, value) => writer.int8(value ? 1 : 0),
};

export const ustring: FieldType<string | null> = {
  name: 'ustring',
  minBytes: 4,
  read(reader) {
    const length = readLength(reader, 'string');
    return length === -1 ? null : readString(reader, length);
  },
  write(writer, value) {
    if (value === null) writer.int32(-1);
    else writeString(writer, value);
  },
};

/** Bytes. What is read is a view of the frame: copy it to keep it beyond the frame's life. */
export const buffer: FieldType<Buffer | null> = {
  name: 'buffer',
  minBytes: 4,
  read(reader) {
    const length = readLength(reader, 'buffer');
    return length === -1 ? null : reader.bytes(length);
  },
  write(writer, value) {
    if (value === null) {
      writer.int32(-1);
    } else {
      writer.int32(value.length);
      writer.bytes(value);
    }
  },
};

export interface VectorType<T> extends FieldType<T[] | null> {
  readonly element: FieldType<T>;
}

export function vector<T>(of: FieldType<T>): VectorType<T> {
  return {
    element: of,
    name: `vector<${of.name}>`,
    minBytes: 4,
    read(reader) {
      const count = readLength(reader, 'vector');
      if (count === -1) return null;
      reader.checkCount(count, of.minBytes);
      const values: T[] = [];
      for (let i = 0; i < count; i++) values.push(of.read(reader));
      return values;
    },
    write(writer, values) {
      if (values === null) {
        writer.int32(-1);
        return;
      }
      writer.int32(values.length);
      for (const value of values) of.write(writer, value);
    },
  };
}
