import { ByteWriter } from '../../../base/byte-writer.ts';
import { writeRecord } from '../../../wire/kafka/records/record.ts';
import type { PreparedRecord } from './prepared-record.ts';

/** Shorter than this, copying byte by byte is quicker than a call. */
const SHORT_BYTES = 24;
const MAX_PLAIN_DELTA = 0x3fff_ffff;

/**
 * Writes one magic 2 record at `at`, where at least `record.maxBytes` are free; returns where it ends. The same bytes
 * as `writeRecord` of the wire, without anything in between: this is where a producer's time goes.
 */
export function putRecord(
  buffer: Buffer,
  at: number,
  record: PreparedRecord,
  place: { readonly timestampDelta: number; readonly offsetDelta: number },
): number {
  const { timestampDelta, offsetDelta } = place;
  if (record.headers.length > 0 || Math.abs(timestampDelta) > MAX_PLAIN_DELTA) {
    return putRareRecord(buffer, at, record, place);
  }
  const { key, value, valueBytes } = record;
  const keySize = key === null ? 1 : varintSize(key.length) + key.length;
  const valueSize = value === null ? 1 : varintSize(valueBytes) + valueBytes;
  // One byte of attributes, one that there are no headers.
  const size = 2 + varintSize(timestampDelta) + varintSize(offsetDelta) + keySize + valueSize;
  let end = putVarint(buffer, at, size);
  buffer[end++] = 0;
  end = putVarint(buffer, end, timestampDelta);
  end = putVarint(buffer, end, offsetDelta);
  if (key === null) buffer[end++] = 1;
  else end = putBytes(buffer, putVarint(buffer, end, key.length), key);
  if (value === null) buffer[end++] = 1;
  else {
    end = putVarint(buffer, end, valueBytes);
    if (typeof value === 'string') {
      buffer.write(value, end, valueBytes, 'utf8');
      end += valueBytes;
    } else end = putBytes(buffer, end, value);
  }
  buffer[end++] = 0;
  return end;
}

function putRareRecord(
  buffer: Buffer,
  at: number,
  record: PreparedRecord,
  { timestampDelta, offsetDelta }: { readonly timestampDelta: number; readonly offsetDelta: number },
): number {
  const { timestamp, key, value, headers } = record;
  const writer = new ByteWriter(record.maxBytes);
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
  writeRecord(writer, timestampDelta, offsetDelta, { timestamp, key, value: bytes, headers });
  let end = at;
  for (const chunk of writer.chunks()) {
    buffer.set(chunk, end);
    end += chunk.length;
  }
  return end;
}

function putBytes(buffer: Buffer, at: number, bytes: Uint8Array): number {
  const { length } = bytes;
  if (length < SHORT_BYTES) {
    for (let index = 0; index < length; index++) buffer[at + index] = bytes[index] ?? 0;
  } else buffer.set(bytes, at);
  return at + length;
}

/** A number of 31 bits as zig-zag varint. */
function putVarint(buffer: Buffer, at: number, value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  while (rest >= 0x80) {
    buffer[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  buffer[at++] = rest;
  return at;
}

function varintSize(value: number): number {
  const rest = ((value << 1) ^ (value >> 31)) >>> 0;
  if (rest < 0x80) return 1;
  if (rest < 0x4000) return 2;
  if (rest < 0x20_0000) return 3;
  return rest < 0x1000_0000 ? 4 : 5;
}
