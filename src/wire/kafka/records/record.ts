import type { ByteReader } from '../../../base/byte-reader.ts';
import type { ByteWriter } from '../../../base/byte-writer.ts';
import { MalformedError } from '../../../base/malformed-error.ts';
import { InvalidRecordError } from './errors.ts';

export interface RecordHeader {
  key: string;
  value: Buffer | null;
}

/** One record as read from a batch; key, value and header values are slices of the (unpacked) batch. */
export interface LogRecord {
  /** Absolute. */
  offset: number;
  /** Milliseconds since the epoch; -1 in magic 0. The append time where the batch says so. */
  timestamp: number;
  key: Buffer | null;
  value: Buffer | null;
  headers: readonly RecordHeader[];
  /** The producer's sequence number, -1 without an idempotent producer. */
  sequence: number;
}

/** One record to be written. */
export interface RecordDraft {
  timestamp: number;
  key: Uint8Array | null;
  value: Uint8Array | null;
  headers?: readonly { key: string; value: Uint8Array | null }[];
}

const NO_HEADERS: readonly RecordHeader[] = [];
const HEADER_MIN_BYTES = 2;

/** What a magic 2 record says itself: its position relative to the batch. */
export interface RelativeRecord {
  timestampDelta: number;
  offsetDelta: number;
  key: Buffer | null;
  value: Buffer | null;
  headers: readonly RecordHeader[];
}

/** Reads one magic 2 record. Throws {@link InvalidRecordError}. */
export function readRecord(reader: ByteReader): RelativeRecord {
  try {
    const length = reader.varint();
    if (length < 0 || length > reader.remaining) {
      throw new InvalidRecordError(`a record of ${length} bytes where ${reader.remaining} are left`);
    }
    const end = reader.offset + length;
    reader.skip(1); // Attributes: no bit has a meaning yet.
    const timestampDelta = reader.varlong();
    const offsetDelta = reader.varint();
    const key = readNullable(reader);
    const value = readNullable(reader);
    const headers = readHeaders(reader);
    if (reader.offset !== end) {
      throw new InvalidRecordError(
        `a record announces ${length} bytes and has ${length + reader.offset - end}`,
      );
    }
    return { timestampDelta, offsetDelta, key, value, headers };
  } catch (error) {
    if (error instanceof InvalidRecordError || !(error instanceof MalformedError)) throw error;
    throw new InvalidRecordError(error.message, { cause: error });
  }
}

/** Bytes behind a varint length; every negative length is null, as the Java client reads it. */
export function readNullable(reader: ByteReader): Buffer | null {
  const length = reader.varint();
  return length < 0 ? null : reader.bytes(length);
}

/** The headers of a record: their number and as many pairs. */
export function readHeaders(reader: ByteReader): readonly RecordHeader[] {
  const count = reader.varint();
  if (count === 0) return NO_HEADERS;
  reader.checkCount(count, HEADER_MIN_BYTES);
  const headers: RecordHeader[] = [];
  for (let index = 0; index < count; index++) {
    const length = reader.varint();
    if (length < 0) throw new InvalidRecordError('a record header has no key');
    headers.push({ key: reader.utf8(length), value: readNullable(reader) });
  }
  return headers;
}

/** Writes one magic 2 record. */
export function writeRecord(
  writer: ByteWriter,
  timestampDelta: number,
  offsetDelta: number,
  draft: RecordDraft,
): void {
  const headers = draft.headers ?? NO_HEADERS;
  writer.varint(bodySize(timestampDelta, offsetDelta, draft));
  writer.int8(0);
  writer.varlong(timestampDelta);
  writer.varint(offsetDelta);
  writeNullable(writer, draft.key);
  writeNullable(writer, draft.value);
  writer.varint(headers.length);
  for (const header of headers) {
    writer.varint(Buffer.byteLength(header.key, 'utf8'));
    writer.utf8(header.key);
    writeNullable(writer, header.value);
  }
}

/** As {@link writeRecord}, with key, value and headers as they were written before. */
export function writeRecordContent(
  writer: ByteWriter,
  timestampDelta: number,
  offsetDelta: number,
  content: Uint8Array,
): void {
  writer.varint(1 + varlongSize(timestampDelta) + varlongSize(offsetDelta) + content.length);
  writer.int8(0);
  writer.varlong(timestampDelta);
  writer.varint(offsetDelta);
  writer.bytes(content);
}

function writeNullable(writer: ByteWriter, bytes: Uint8Array | null): void {
  if (bytes === null) {
    writer.varint(-1);
    return;
  }
  writer.varint(bytes.length);
  writer.bytes(bytes);
}

/** Bytes of a record after its length field. */
function bodySize(timestampDelta: number, offsetDelta: number, draft: RecordDraft): number {
  const headers = draft.headers ?? NO_HEADERS;
  let size = 1 + varlongSize(timestampDelta) + varlongSize(offsetDelta);
  size += nullableSize(draft.key) + nullableSize(draft.value) + varlongSize(headers.length);
  for (const header of headers) {
    const keyBytes = Buffer.byteLength(header.key, 'utf8');
    size += varlongSize(keyBytes) + keyBytes + nullableSize(header.value);
  }
  return size;
}

function nullableSize(bytes: Uint8Array | null): number {
  return bytes === null ? 1 : varlongSize(bytes.length) + bytes.length;
}

/** Bytes of a number as zig-zag varint. */
export function varlongSize(value: number): number {
  let rest = value >= 0 ? value * 2 : -value * 2 - 1;
  let size = 1;
  while (rest >= 0x80) {
    rest = Math.floor(rest / 0x80);
    size++;
  }
  return size;
}
