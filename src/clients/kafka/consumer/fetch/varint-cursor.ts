import { MalformedError } from '../../../../base/malformed-error.ts';

/** Reads what a record consists of, on the hot path of consumers. Checks its bounds and throws {@link MalformedError}. */
export class VarintCursor {
  readonly buffer: Buffer;
  readonly end: number;
  at: number;

  constructor(buffer: Buffer, start = 0, end = buffer.length) {
    this.buffer = buffer;
    this.at = start;
    this.end = end;
  }

  /** Zig-zag varint of at most 32 bits. */
  varint(): number {
    const byte = this.byte();
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1);
    const raw = this.restOfVarint(byte);
    return (raw >>> 1) ^ -(raw & 1);
  }

  /** Zig-zag varint of at most 64 bits that must be a safe integer. */
  varlong(): number {
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (low >>> 1) ^ -(low & 1);
    }
    return this.restOfVarlong(low);
  }

  /** Bytes behind their length; every negative length is null, as Java's client reads it. Shares memory. */
  nullableBytes(): Buffer | null {
    const length = this.varint();
    if (length < 0) return null;
    const start = this.at;
    const end = start + length;
    if (end > this.end)
      throw new MalformedError(`${length} bytes wanted at ${start}, ${this.end - start} left`);
    this.at = end;
    return this.buffer.subarray(start, end);
  }

  private byte(): number {
    const { at } = this;
    if (at >= this.end) throw new MalformedError('a record ends inside a number');
    this.at = at + 1;
    // Below the end of a buffer.
    return this.buffer[at] as number;
  }

  private restOfVarint(first: number): number {
    let value = first & 0x7f;
    for (let shift = 7; shift <= 28; shift += 7) {
      const byte = this.byte();
      if (shift === 28 && byte > 0x0f) break;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw new MalformedError(`varint longer than 32 bits before ${this.at}`);
  }

  private restOfVarlong(low: number): number {
    let raw = BigInt(low);
    for (let shift = 28n; shift <= 63n; shift += 7n) {
      const byte = this.byte();
      if (shift === 63n && byte > 1) break;
      raw |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        const value = Number((raw >> 1n) ^ -(raw & 1n));
        if (!Number.isSafeInteger(value)) throw new MalformedError(`varlong ${value} is beyond 2^53`);
        return value;
      }
    }
    throw new MalformedError(`varint longer than 64 bits before ${this.at}`);
  }
}
