/** Java's `String.hashCode`, over UTF-16 units: chooses the coordinator's partition for a group. */
export function javaStringHash(text: string): number {
  let hash = 0;
  for (let index = 0; index < text.length; index++) {
    hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
  }
  return hash;
}

/** The absolute value as Kafka's coordinators take it before the modulus: 0 for the smallest int32. */
export function javaAbs(hash: number): number {
  return hash === -0x8000_0000 ? 0 : Math.abs(hash);
}
