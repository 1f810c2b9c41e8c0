import { assert } from './assert.ts';

const TWO_POW_32 = 0x1_0000_0000;
/** Slices at least this long are appended by reference instead of being copied. */
const REFERENCE_BYTES = 1024;

/**
 * Writes big-endian primitives. Small values are collected in a growing buffer; long byte slices are kept by
 * reference, so that record data passes through unchanged: the caller must not alter them until the chunks
 * have been sent.
 */
export class ByteWriter {
  private readonly done: Buffer[] = [];
  private doneBytes = 0;
  private buffer: Buffer;
  /** Where the chunk under way begins in `buffer`. */
  private start = 0;
  private offset = 0;

  constructor(initialBytes = 256) {
    this.buffer = Buffer.allocUnsafe(initialBytes);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.doneBytes + this.offset - this.start;
  }

  private room(length: number): number {
    const at = this.offset;
    if (at + length > this.buffer.length) this.grow(length);
    const from = this.offset;
    this.offset = from + length;
    return from;
  }

  private grow(length: number): void {
    const used = this.offset - this.start;
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, used + length));
    this.buffer.copy(larger, 0, this.start, this.offset);
    this.buffer = larger;
    this.start = 0;
    this.offset = used;
  }

  int8(value: number): void {
    const at = this.room(1);
    this.buffer.writeInt8(value, at);
  }

  uint8(value: number): void {
    const at = this.room(1);
    this.buffer.writeUInt8(value, at);
  }

  int16(value: number): void {
    const at = this.room(2);
    this.buffer.writeInt16BE(value, at);
  }

  uint16(value: number): void {
    const at = this.room(2);
    this.buffer.writeUInt16BE(value, at);
  }

  int32(value: number): void {
    const at = this.room(4);
    this.buffer.writeInt32BE(value, at);
  }

  uint32(value: number): void {
    const at = this.room(4);
    this.buffer.writeUInt32BE(value, at);
  }

  int64(value: number): void {
    assert(Number.isSafeInteger(value), () => `int64 value ${value} is not a safe integer`);
    const at = this.room(8);
    this.buffer.writeInt32BE(Math.floor(value / TWO_POW_32), at);
    this.buffer.writeUInt32BE(value >>> 0, at + 4);
  }

  bigint64(value: bigint): void {
    const at = this.room(8);
    this.buffer.writeBigInt64BE(value, at);
  }

  float64(value: number): void {
    const at = this.room(8);
    this.buffer.writeDoubleBE(value, at);
  }

  uvarint(value: number): void {
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.uint8((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.uint8(rest);
  }

  varint(value: number): void {
    this.uvarint((value << 1) ^ (value >> 31));
  }

  varlong(value: number): void {
    if (value >= -0x4000_0000 && value < 0x4000_0000) {
      this.varint(value);
      return;
    }
    const wide = BigInt(value);
    let rest = BigInt.asUintN(64, (wide << 1n) ^ (wide >> 63n));
    while (rest >= 0x80n) {
      this.uint8(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.uint8(Number(rest));
  }

  /** Appends bytes: copied when short, by reference when long. */
  bytes(value: Uint8Array): void {
    if (value.length < REFERENCE_BYTES) {
      const at = this.room(value.length);
      this.buffer.set(value, at);
      return;
    }
    this.seal();
    this.done.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
    this.doneBytes += value.length;
  }

  /** Appends UTF-8 text without any length; returns the bytes written. */
  utf8(value: string): number {
    const length = Buffer.byteLength(value, 'utf8');
    const at = this.room(length);
    this.buffer.write(value, at, length, 'utf8');
    return length;
  }

  /** Ends the chunk under way, so that the next bytes go to a new one. */
  private seal(): void {
    if (this.offset === this.start) return;
    this.done.push(this.buffer.subarray(this.start, this.offset));
    this.doneBytes += this.offset - this.start;
    this.start = this.offset;
  }

  /** Everything written, as chunks in order, ready for one vectored write. */
  chunks(): Buffer[] {
    this.seal();
    return this.done.slice();
  }

  /** Everything written, as one buffer. */
  toBuffer(): Buffer {
    const chunks = this.chunks();
    const only = chunks[0];
    return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
  }
}
