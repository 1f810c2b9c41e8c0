import { javaStringHash } from '../base/java-string-hash.ts';

/**
 * Things in the order in which a `java.util.HashMap` or `HashSet` gives them, that they were put into in the order of
 * `items`. Apache's tools print several tables in that order: who compares outputs, or reads the first line, sees the
 * same. `expected` is the capacity the map was made with, 16 where Java code names none.
 */
export function hashOrder<T>(items: readonly T[], hashOf: (item: T) => number, expected = 16): T[] {
  let size = 1;
  while (size < expected) size *= 2;
  while (items.length > size * 0.75) size *= 2;
  const bins = items.map((item, put) => {
    const hash = hashOf(item);
    return { item, put, bin: (hash ^ (hash >>> 16)) & (size - 1) };
  });
  return bins.sort((a, b) => a.bin - b.bin || a.put - b.put).map(({ item }) => item);
}

/** As {@link hashOrder}, of texts. */
export function stringHashOrder(texts: readonly string[], expected?: number): string[] {
  return hashOrder(texts, javaStringHash, expected);
}

/** `TopicPartition.hashCode`. */
export function partitionHash({ topic, partition }: { topic: string; partition: number }): number {
  return (Math.imul(31, 31 + partition) + javaStringHash(topic)) | 0;
}
