import { MalformedError } from './malformed-error.ts';

const TWO_POW_32 = 0x1_0000_0000;

/** The int64 at `at`, which must be a safe integer. Throws {@link MalformedError} otherwise. */
export function readInt64(buffer: Buffer, at: number): number {
  const value = buffer.readInt32BE(at) * TWO_POW_32 + buffer.readUInt32BE(at + 4);
  if (!Number.isSafeInteger(value)) {
    throw new MalformedError(`int64 ${buffer.readBigInt64BE(at)} at ${at} is beyond 2^53`);
  }
  return value;
}

/** Writes a safe integer as int64 at `at`. */
export function writeInt64(buffer: Buffer, at: number, value: number): void {
  buffer.writeInt32BE(Math.floor(value / TWO_POW_32), at);
  buffer.writeUInt32BE(value >>> 0, at + 4);
}
