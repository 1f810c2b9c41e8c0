import { javaAbs, javaStringHash } from '../../../base/java-string-hash.ts';

/**
 * The partition of a key as the producer of 0.8 chooses it: Java's hash code of the text (`DefaultPartitioner`), or of
 * the array of bytes (`ByteArrayPartitioner`). Later producers hash the bytes with murmur2 and put keys elsewhere.
 */
export function partitionOfKey(key: string | Uint8Array, partitionCount: number): number {
  const hash = typeof key === 'string' ? javaStringHash(key) : javaBytesHash(key);
  return javaAbs(hash) % partitionCount;
}

/** `java.util.Arrays.hashCode(byte[])`. */
function javaBytesHash(bytes: Uint8Array): number {
  let hash = 1;
  for (const byte of bytes) hash = (Math.imul(hash, 31) + ((byte << 24) >> 24)) | 0;
  return hash;
}
