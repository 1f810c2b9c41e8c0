const shardCount = 64;

/**
 * An immutable map of text keys whose change costs one 64th of a copy, for images that change one topic at a
 * time and have thousands.
 */
export class ShardedMap<V> {
  static readonly empty: ShardedMap<never> = new ShardedMap<never>(
    Array.from({ length: shardCount }, () => new Map<string, never>()),
    0,
  );

  readonly size: number;
  readonly #shards: readonly ReadonlyMap<string, V>[];

  private constructor(shards: readonly ReadonlyMap<string, V>[], size: number) {
    this.#shards = shards;
    this.size = size;
  }

  get(key: string): V | undefined {
    return this.#shards[shardOf(key)]?.get(key);
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  *entries(): Generator<[string, V]> {
    for (const shard of this.#shards) yield* shard;
  }

  /** A map with these changes; undefined removes a key. */
  with(changes: Iterable<readonly [string, V | undefined]>): ShardedMap<V> {
    const shards = [...this.#shards];
    const copied = new Map<number, Map<string, V>>();
    let size = this.size;
    for (const [key, value] of changes) {
      const index = shardOf(key);
      let shard = copied.get(index);
      if (shard === undefined) {
        shard = new Map(shards[index]);
        copied.set(index, shard);
        shards[index] = shard;
      }
      size -= shard.size;
      if (value === undefined) shard.delete(key);
      else shard.set(key, value);
      size += shard.size;
    }
    return copied.size === 0 ? this : new ShardedMap(shards, size);
  }
}

function shardOf(key: string): number {
  let hash = 0;
  for (let i = 0; i < key.length; i++) hash = (Math.imul(31, hash) + key.charCodeAt(i)) | 0;
  return (hash ^ (hash >>> 16)) & (shardCount - 1);
}
