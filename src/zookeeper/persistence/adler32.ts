const MODULUS = 65_521;
/** The most bytes whose sums stay within 31 bits before they have to be reduced. */
const STRIDE = 3800;

/** Adler-32 (RFC 1950) of `bytes`; `start` continues a checksum. Unsigned. */
export function adler32(bytes: Uint8Array, start = 1): number {
  let low = start & 0xffff;
  let high = start >>> 16;
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(at + STRIDE, bytes.length);
    for (; at < end; at++) {
      low += bytes[at] as number;
      high += low;
    }
    low %= MODULUS;
    high %= MODULUS;
  }
  return ((high << 16) | low) >>> 0;
}
