const C1 = 0x239b_961b;
const C2 = 0xab0e_9789;
const C3 = 0x38b3_4ae5;
const C4 = 0xa1e3_8b93;

/**
 * MurmurHash3 (x86, 128 bit) of bytes [start, end), as four numbers of 32 bits in `into`. With a secret seed, keys
 * from outside do not collide but by chance.
 */
export function murmur3(
  bytes: Buffer,
  range: { start: number; end: number },
  seed: number,
  into: Int32Array,
): void {
  const { start, end } = range;
  const length = end - start;
  let h1 = seed | 0;
  let h2 = h1;
  let h3 = h1;
  let h4 = h1;
  let at = start;
  for (const last = end - 16; at <= last; at += 16) {
    h1 ^= mix1(word(bytes, at));
    h1 = (Math.imul(rotate(h1, 19) + h2, 5) + 0x561c_cd1b) | 0;
    h2 ^= mix2(word(bytes, at + 4));
    h2 = (Math.imul(rotate(h2, 17) + h3, 5) + 0x0bca_a747) | 0;
    h3 ^= mix3(word(bytes, at + 8));
    h3 = (Math.imul(rotate(h3, 15) + h4, 5) + 0x96cd_1c35) | 0;
    h4 ^= mix4(word(bytes, at + 12));
    h4 = (Math.imul(rotate(h4, 13) + h1, 5) + 0x32ac_3b17) | 0;
  }
  h4 ^= mix4(partialWord(bytes, at + 12, end));
  h3 ^= mix3(partialWord(bytes, at + 8, end));
  h2 ^= mix2(partialWord(bytes, at + 4, end));
  h1 ^= mix1(partialWord(bytes, at, end));
  h1 ^= length;
  h2 ^= length;
  h3 ^= length;
  h4 ^= length;
  h1 = (h1 + h2 + h3 + h4) | 0;
  h2 = finish((h2 + h1) | 0);
  h3 = finish((h3 + h1) | 0);
  h4 = finish((h4 + h1) | 0);
  h1 = finish(h1);
  h1 = (h1 + h2 + h3 + h4) | 0;
  into[0] = h1;
  into[1] = h2 + h1;
  into[2] = h3 + h1;
  into[3] = h4 + h1;
}

function word(bytes: Buffer, at: number): number {
  return (
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)
  );
}

/** Bytes at and after `end` count as zero. */
function partialWord(bytes: Buffer, at: number, end: number): number {
  let value = 0;
  for (let index = Math.min(at + 4, end) - 1; index >= at; index--)
    value = (value << 8) | (bytes[index] ?? 0);
  return value;
}

function mix1(value: number): number {
  return Math.imul(rotate(Math.imul(value, C1), 15), C2);
}

function mix2(value: number): number {
  return Math.imul(rotate(Math.imul(value, C2), 16), C3);
}

function mix3(value: number): number {
  return Math.imul(rotate(Math.imul(value, C3), 17), C4);
}

function mix4(value: number): number {
  return Math.imul(rotate(Math.imul(value, C4), 18), C1);
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function finish(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return hash ^ (hash >>> 16);
}
