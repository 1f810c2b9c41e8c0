import type { ByteReader } from '../../base/byte-reader.ts';
import type { ByteWriter } from '../../base/byte-writer.ts';

/**
 * Strings as `org.apache.jute.BinaryOutputArchive` writes them: an int32 length in bytes, then every UTF-16
 * unit for itself as one to three bytes. A character outside the BMP therefore takes two three-byte sequences
 * (CESU-8), which Java's reader turns into two replacement characters, and so does ours.
 */

/** Bytes of `text` in this encoding, without the length. */
export function stringBytes(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) bytes += unit < 0x800 ? 1 : 2;
  }
  return bytes;
}

const SURROGATE = /[\ud800-\udfff]/;

export function writeString(writer: ByteWriter, text: string): void {
  const bytes = stringBytes(text);
  writer.int32(bytes);
  // Plain UTF-8 differs from this encoding only where surrogates are.
  if (bytes === text.length || !SURROGATE.test(text)) writer.utf8(text);
  else writer.bytes(encodeUnits(text, bytes));
}

function encodeUnits(text: string, bytes: number): Buffer {
  const target = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) {
      target[at++] = unit;
    } else if (unit < 0x800) {
      target[at++] = 0xc0 | (unit >> 6);
      target[at++] = 0x80 | (unit & 0x3f);
    } else {
      target[at++] = 0xe0 | (unit >> 12);
      target[at++] = 0x80 | ((unit >> 6) & 0x3f);
      target[at++] = 0x80 | (unit & 0x3f);
    }
  }
  return target;
}

/** Reads `length` bytes of text as Java's `new String(bytes, UTF_8)` does. */
export function readString(reader: ByteReader, length: number): string {
  const start = reader.offset;
  const text = reader.utf8(length);
  if (!text.includes('\ufffd')) return text;
  return decodeAsJava(reader.buffer.subarray(start, start + length));
}

/**
 * Java and the WHATWG decoder replace malformed bytes alike, but for an encoded surrogate: Java makes one
 * replacement character of the whole sequence, Node one of each byte.
 */
function decodeAsJava(bytes: Buffer): string {
  let text = '';
  let plain = 0;
  for (let at = 0; at < bytes.length; at++) {
    const second = bytes[at + 1] ?? 0;
    if (bytes[at] !== 0xed || second < 0xa0 || second > 0xbf) continue;
    text += `${bytes.toString('utf8', plain, at)}\ufffd`;
    const hasThird = ((bytes[at + 2] ?? 0) & 0xc0) === 0x80;
    plain = at + (hasThird ? 3 : 2);
    at = plain - 1;
  }
  return text + bytes.toString('utf8', plain);
}
