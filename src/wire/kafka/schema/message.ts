import { assert } from '../../../base/assert.ts';
import { ByteReader } from '../../../base/byte-reader.ts';
import { ByteWriter } from '../../../base/byte-writer.ts';
import { MalformedError } from '../../../base/malformed-error.ts';
import type { FieldDrafts, Fields, FieldValues, StructType } from './field.ts';
import { structReader } from './read.ts';
import { UnsupportedVersionError } from './unsupported-version-error.ts';
import { hasVersion, parseVersionRange, type VersionRange } from './version-range.ts';
import { structWriter } from './write.ts';

export type MessageKind =
  | 'request'
  | 'response'
  | 'header'
  | 'data'
  | 'metadata'
  | 'coordinator-key'
  | 'coordinator-value';

/** Bytes <-> values of one message in one version. */
export interface Codec<Value, Draft> {
  readonly name: string;
  readonly version: number;
  readonly flexible: boolean;
  /** Reads one message and leaves the reader behind it. Throws MalformedError. */
  read(reader: ByteReader): Value;
  /** Throws UnsupportedVersionError when the draft says something that this version can't. */
  write(writer: ByteWriter, draft: Draft): void;
  /** Reads a buffer that holds this message and nothing else. */
  decode(buffer: Buffer): Value;
  encode(draft: Draft): Buffer;
}

/** A message with all its versions. */
export interface Message<Value = unknown, Draft = unknown> {
  readonly name: string;
  /** API key of requests and responses, record type of stored records; undefined where there is none. */
  readonly key: number | undefined;
  readonly kind: MessageKind;
  readonly versions: VersionRange;
  readonly flexible: VersionRange;
  readonly fields: Fields;
  /** The codec of one version, compiled at first use. */
  at(version: number): Codec<Value, Draft>;
  /**
   * Like {@link at}, but int64 values beyond 2^53 are read as bigint instead of being refused, and every
   * int64 may be written as number or bigint. For tools that must show any value.
   */
  wideAt(version: number): Codec<unknown, unknown>;
  readonly phantom?: { readonly value: Value; readonly draft: Draft };
}

/** What a message decodes to. */
export type Infer<M extends Message> = NonNullable<M['phantom']>['value'];
/** What a message encodes from. */
export type Draft<M extends Message> = NonNullable<M['phantom']>['draft'];

export interface MessageHead {
  readonly key?: number;
  readonly kind: MessageKind;
  readonly versions: string;
  /** Versions with compact lengths and tagged fields. */
  readonly flexible: string;
}

/** Schemas are trees, so nesting on the wire is bounded by the deepest schema. */
const MAX_NESTING = 8;

/** Declares a message: one schema for all its versions. */
export function message<const F extends Fields>(
  name: string,
  head: MessageHead,
  fields: F,
): Message<FieldValues<F>, FieldDrafts<F>> {
  return new SchemaMessage<FieldValues<F>, FieldDrafts<F>>(name, head, fields);
}

class SchemaMessage<Value, D> implements Message<Value, D> {
  readonly name: string;
  readonly key: number | undefined;
  readonly kind: MessageKind;
  readonly versions: VersionRange;
  readonly flexible: VersionRange;
  readonly fields: Fields;
  private readonly codecs: Codec<Value, D>[] = [];
  private readonly wideCodecs: Codec<unknown, unknown>[] = [];

  constructor(name: string, head: MessageHead, fields: Fields) {
    this.name = name;
    this.key = head.key;
    this.kind = head.kind;
    this.versions = parseVersionRange(head.versions);
    this.flexible = parseVersionRange(head.flexible);
    this.fields = fields;
  }

  at(version: number): Codec<Value, D> {
    const known = this.codecs[version];
    if (known !== undefined) return known;
    const codec = this.compile<Value, D>(version, false);
    this.codecs[version] = codec;
    return codec;
  }

  wideAt(version: number): Codec<unknown, unknown> {
    const known = this.wideCodecs[version];
    if (known !== undefined) return known;
    const codec = this.compile<unknown, unknown>(version, true);
    this.wideCodecs[version] = codec;
    return codec;
  }

  private compile<V, W>(version: number, wide: boolean): Codec<V, W> {
    if (!Number.isInteger(version) || !hasVersion(this.versions, version)) {
      const { min, max } = this.versions;
      throw new UnsupportedVersionError(`${this.name} has no version ${version}, only ${min} to ${max}`);
    }
    const type: StructType = { kind: 'struct', fields: this.fields };
    assert(nesting(type) <= MAX_NESTING, `${this.name} nests deeper than ${MAX_NESTING}`);
    const flexible = hasVersion(this.flexible, version);
    const place = { path: `${this.name} v${version}`, version, flexible, wide };
    return new SchemaCodec<V, W>({
      name: this.name,
      version,
      flexible,
      // The readers and writers follow the schema that the types are inferred from.
      read: structReader(type, place) as (reader: ByteReader) => V,
      write: structWriter(type, '0+', place) as (writer: ByteWriter, draft: W) => void,
    });
  }
}

interface CodecParts<V, D> {
  readonly name: string;
  readonly version: number;
  readonly flexible: boolean;
  readonly read: (reader: ByteReader) => V;
  readonly write: (writer: ByteWriter, draft: D) => void;
}

class SchemaCodec<V, D> implements Codec<V, D> {
  readonly name: string;
  readonly version: number;
  readonly flexible: boolean;
  readonly read: (reader: ByteReader) => V;
  readonly write: (writer: ByteWriter, draft: D) => void;

  constructor(parts: CodecParts<V, D>) {
    this.name = parts.name;
    this.version = parts.version;
    this.flexible = parts.flexible;
    this.read = parts.read;
    this.write = parts.write;
  }

  decode(buffer: Buffer): V {
    const reader = new ByteReader(buffer);
    const value = this.read(reader);
    if (reader.remaining > 0) {
      throw new MalformedError(
        `${this.name} v${this.version} is followed by ${reader.remaining} stray bytes`,
      );
    }
    return value;
  }

  encode(draft: D): Buffer {
    const writer = new ByteWriter();
    this.write(writer, draft);
    return writer.toBuffer();
  }
}

function nesting(type: StructType): number {
  let deepest = 0;
  for (const field of Object.values(type.fields)) {
    const inner = typeof field.type === 'object' && field.type.kind === 'array' ? field.type.of : field.type;
    if (typeof inner === 'object' && inner.kind === 'struct') deepest = Math.max(deepest, nesting(inner));
  }
  return deepest + 1;
}
