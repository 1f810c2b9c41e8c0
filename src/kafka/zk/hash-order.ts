/**
 * The order in which Java and Scala iterate the hash maps that Kafka turns into JSON. JSON gives the order no
 * meaning; it is kept so that a znode written here is the same bytes that Kafka writes.
 */

/** `String.hashCode`. */
function hashCode(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(31, hash) + text.charCodeAt(i)) | 0;
  return hash;
}

/** The spread that both `scala.collection.mutable.HashMap` and `ConcurrentHashMap` put over a hash code. */
function spread(text: string): number {
  const hash = hashCode(text);
  return hash ^ (hash >>> 16);
}

/** Keys in the order of a `scala.collection.mutable.HashMap` (2.13) that they were added to one by one. */
export function scalaHashMapOrder(keys: readonly string[]): string[] {
  let size = 16;
  while (keys.length >= size * 0.75) size *= 2;
  return keys
    .map((key, inserted) => ({ key, inserted, hash: spread(key) }))
    .sort(
      (a, b) => (a.hash & (size - 1)) - (b.hash & (size - 1)) || a.hash - b.hash || a.inserted - b.inserted,
    )
    .map((entry) => entry.key);
}

type Bin = { key: string; hash: number }[];

/** Keys in the order of a `java.util.Properties` (a `ConcurrentHashMap` of 16 bins since Java 9). */
export function propertiesOrder(keys: Iterable<string>): string[] {
  let bins: Bin[] = Array.from({ length: 16 }, () => []);
  let count = 0;
  for (const key of keys) {
    const hash = spread(key);
    bins[hash & (bins.length - 1)]?.push({ key, hash });
    count += 1;
    if (count >= bins.length * 0.75) bins = doubled(bins);
  }
  return bins.flat().map((entry) => entry.key);
}

/** One transfer to a table of twice the size: the last run of a bin keeps its order, the rest is put before it. */
function doubled(bins: readonly Bin[]): Bin[] {
  const size = bins.length;
  const result: Bin[] = Array.from({ length: size * 2 }, () => []);
  bins.forEach((bin, index) => {
    let lastRun = 0;
    for (let i = 1; i < bin.length; i++) {
      if (((bin[i]?.hash ?? 0) & size) !== ((bin[i - 1]?.hash ?? 0) & size)) lastRun = i;
    }
    for (const entry of bin.slice(lastRun)) result[index + (entry.hash & size)]?.push(entry);
    for (const entry of bin.slice(0, lastRun)) result[index + (entry.hash & size)]?.unshift(entry);
  });
  return result;
}
