/** `String.hashCode` of Java: over UTF-16 units, wrapping at 32 bits. */
export function javaHashCode(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}

/**
 * The partition of an internal topic that keeps `key`'s state (`Utils.abs(key.hashCode) % count`). The absolute value
 * is taken by masking the sign bit, as Kafka's `Utils.abs` maps the smallest integer to 0.
 */
export function coordinatorPartition(key: string, partitionCount: number): number {
  const hash = javaHashCode(key);
  return (hash === -2147483648 ? 0 : Math.abs(hash)) % partitionCount;
}
