import { javaStringHash } from '../../../../../base/java-string-hash.ts';

const FIRST_CAPACITY = 16;
const LOAD_FACTOR = 0.75;

/** Java's hash code of a TopicPartition. */
export function partitionHash(topic: string, partition: number): number {
  return (Math.imul(31, 31 + partition) + javaStringHash(topic)) | 0;
}

/**
 * A map that iterates in the order of Java's `HashMap`: Apache's sticky assignors hand partitions out in that order, and
 * the members of a group must come to the same result whoever leads it. (Trees, into which Java turns buckets of eight
 * and more, are left out.)
 */
export class JavaHashMap<V> {
  private readonly entries = new Map<string, { readonly hash: number; value: V }>();
  private readonly hashOf: (key: string) => number;
  private capacity = FIRST_CAPACITY;

  constructor(hashOf: (key: string) => number = javaStringHash) {
    this.hashOf = hashOf;
  }

  get size(): number {
    return this.entries.size;
  }

  get(key: string): V | undefined {
    return this.entries.get(key)?.value;
  }

  has(key: string): boolean {
    return this.entries.has(key);
  }

  set(key: string, value: V): this {
    const known = this.entries.get(key);
    if (known !== undefined) {
      known.value = value;
      return this;
    }
    const hash = this.hashOf(key);
    this.entries.set(key, { hash: hash ^ (hash >>> 16), value });
    if (this.entries.size > this.capacity * LOAD_FACTOR) this.capacity *= 2;
    return this;
  }

  delete(key: string): boolean {
    return this.entries.delete(key);
  }

  /** By bucket, then in the order in which they came. */
  keys(): string[] {
    const mask = this.capacity - 1;
    return [...this.entries]
      .map(([key, { hash }]) => ({ key, bucket: hash & mask }))
      .sort((a, b) => a.bucket - b.bucket)
      .map(({ key }) => key);
  }
}
