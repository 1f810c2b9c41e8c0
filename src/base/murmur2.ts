/** MurmurHash2 (32 bit) with the seed that Kafka's producers use to choose a partition by key. */
export function murmur2(bytes: Buffer): number {
  const multiplier = 0x5bd1_e995;
  const blocks = bytes.length >> 2;
  let hash = 0x9747_b28c ^ bytes.length;
  for (let index = 0; index < blocks; index++) {
    let word = Math.imul(bytes.readInt32LE(index * 4), multiplier);
    word = Math.imul(word ^ (word >>> 24), multiplier);
    hash = Math.imul(hash, multiplier) ^ word;
  }
  const rest = bytes.length & 3;
  if (rest > 0) hash = Math.imul(hash ^ bytes.readUIntLE(blocks * 4, rest), multiplier);
  hash = Math.imul(hash ^ (hash >>> 13), multiplier);
  return hash ^ (hash >>> 15);
}

/** The hash without its sign bit: what is taken modulo the number of partitions. */
export function positive(hash: number): number {
  return hash & 0x7fff_ffff;
}
