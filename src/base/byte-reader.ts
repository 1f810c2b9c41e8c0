import { MalformedError } from './malformed-error.ts';

const TWO_POW_32 = 0x1_0000_0000;

/**
 * Reads big-endian primitives from a buffer without copying. Every read checks its bounds and throws
 * {@link MalformedError}; lengths are checked before anything is allocated for them.
 */
export class ByteReader {
  readonly buffer: Buffer;
  /** Index of the next byte to read. */
  offset: number;
  /** Index after the last byte that may be read. */
  readonly end: number;

  constructor(buffer: Buffer, offset = 0, end = buffer.length) {
    this.buffer = buffer;
    this.offset = offset;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.offset;
  }

  private take(length: number): number {
    const at = this.offset;
    if (length < 0 || length > this.end - at) {
      throw new MalformedError(`${length} bytes wanted at ${at}, ${this.end - at} left`);
    }
    this.offset = at + length;
    return at;
  }

  int8(): number {
    return this.buffer.readInt8(this.take(1));
  }

  uint8(): number {
    const { offset } = this;
    if (offset >= this.end) this.take(1);
    this.offset = offset + 1;
    // Within the buffer, whose end `end` is not beyond: varints of records are read byte by byte.
    return this.buffer[offset] as number;
  }

  int16(): number {
    return this.buffer.readInt16BE(this.take(2));
  }

  uint16(): number {
    return this.buffer.readUInt16BE(this.take(2));
  }

  int32(): number {
    return this.buffer.readInt32BE(this.take(4));
  }

  uint32(): number {
    return this.buffer.readUInt32BE(this.take(4));
  }

  /** An int64 that must be a safe integer: offsets, timestamps, zxids. */
  int64(): number {
    const at = this.take(8);
    const value = this.buffer.readInt32BE(at) * TWO_POW_32 + this.buffer.readUInt32BE(at + 4);
    if (!Number.isSafeInteger(value)) {
      throw new MalformedError(`int64 ${this.buffer.readBigInt64BE(at)} at ${at} is beyond 2^53`);
    }
    return value;
  }

  /** An int64 with all its bits: session ids, producer ids. */
  bigint64(): bigint {
    return this.buffer.readBigInt64BE(this.take(8));
  }

  float64(): number {
    return this.buffer.readDoubleBE(this.take(8));
  }

  /** Unsigned LEB128 of at most 32 bits. */
  uvarint(): number {
    const first = this.uint8();
    return first < 0x80 ? first : this.restOfUvarint(first & 0x7f);
  }

  private restOfUvarint(first: number): number {
    let value = first;
    for (let shift = 7; shift <= 28; shift += 7) {
      const byte = this.uint8();
      if (shift === 28 && byte > 0x0f) break;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw new MalformedError(`varint longer than 32 bits before ${this.offset}`);
  }

  /** Zig-zag varint of at most 32 bits. */
  varint(): number {
    const raw = this.uvarint();
    return (raw >>> 1) ^ -(raw & 1);
  }

  /** Zig-zag varint of at most 64 bits that must be a safe integer. */
  varlong(): number {
    // Nearly all record deltas fit 28 bits: stay in int32 arithmetic as long as they do.
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.uint8();
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (low >>> 1) ^ -(low & 1);
    }
    let raw = BigInt(low);
    for (let shift = 28n; shift <= 63n; shift += 7n) {
      const byte = this.uint8();
      if (shift === 63n && byte > 1) break;
      raw |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        const value = Number((raw >> 1n) ^ -(raw & 1n));
        if (!Number.isSafeInteger(value)) throw new MalformedError(`varlong ${value} is beyond 2^53`);
        return value;
      }
    }
    throw new MalformedError(`varint longer than 64 bits before ${this.offset}`);
  }

  /** A view of the next `length` bytes; shares memory with the source. */
  bytes(length: number): Buffer {
    const at = this.take(length);
    return this.buffer.subarray(at, at + length);
  }

  utf8(length: number): string {
    const at = this.take(length);
    return this.buffer.toString('utf8', at, at + length);
  }

  skip(length: number): void {
    this.take(length);
  }

  /**
   * Checks an element count against what is left, so that a hostile count allocates nothing.
   * `minElementBytes` is the smallest encoding of one element, at least 1.
   */
  checkCount(count: number, minElementBytes = 1): number {
    if (count < 0 || count * minElementBytes > this.remaining) {
      throw new MalformedError(`${count} elements announced at ${this.offset}, ${this.remaining} bytes left`);
    }
    return count;
  }
}
