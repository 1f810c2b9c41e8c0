import { assert } from '../../../base/assert.ts';
import { murmur3 } from '../../../base/murmur3.ts';

/** What Apache's SkimpyOffsetMap takes for a key: a hash of 16 bytes and an offset. */
const ENTRY_BYTES = 24;
const HASH_WORDS = 4;
/** Above this share of taken slots, looking for one takes many steps. */
const COMFORTABLE_LOAD = 0.75;

export interface OffsetMapLimits {
  /** Memory for the map; `log.cleaner.dedupe.buffer.size` shared among the cleaner's threads. */
  readonly bufferBytes: number;
  /** How much of the memory keys may take: `log.cleaner.io.buffer.load.factor`. */
  readonly loadFactor: number;
}

/**
 * The last offset of each key in the dirty part of a log. Keys are known by a hash of 128 bits alone, so that
 * memory is bounded; two keys of one hash are as unlikely as with Apache's MD5. It holds as many keys as Apache's
 * SkimpyOffsetMap of the same settings.
 */
export class OffsetMap {
  /** How many keys may be put. */
  readonly capacity: number;
  private readonly slots: number;
  private readonly seed: number;
  private readonly hashes: Int32Array;
  /** Plus one, so that 0 says that the slot is free. */
  private readonly offsets: Float64Array;
  private readonly hash = new Int32Array(HASH_WORDS);
  private keys = 0;
  private latest = -1;

  /** `maxKeys` is the most that can come: no more memory is taken than they need. */
  constructor(limits: OffsetMapLimits, maxKeys: number, seed: number) {
    const slots = Math.floor(limits.bufferBytes / ENTRY_BYTES);
    this.capacity = Math.floor(slots * limits.loadFactor);
    assert(this.capacity > 0, 'log.cleaner.dedupe.buffer.size has room for keys');
    this.slots = Math.min(slots, Math.ceil(maxKeys / COMFORTABLE_LOAD) + 1);
    this.seed = seed;
    this.hashes = new Int32Array(this.slots * HASH_WORDS);
    this.offsets = new Float64Array(this.slots);
  }

  get size(): number {
    return this.keys;
  }

  /** Share of the memory allowed that keys take, for metrics. */
  get utilization(): number {
    return this.keys / this.capacity;
  }

  /** All records up to here are in the map. */
  get latestOffset(): number {
    return this.latest;
  }

  set latestOffset(offset: number) {
    this.latest = offset;
  }

  /** Returns false, and changes nothing, when the map is full. */
  put(bytes: Buffer, key: { start: number; end: number }, offset: number): boolean {
    if (this.keys >= this.capacity) return false;
    const slot = this.find(bytes, key);
    if (this.offsets[slot] === 0) {
      this.hashes.set(this.hash, slot * HASH_WORDS);
      this.keys += 1;
    }
    this.offsets[slot] = offset + 1;
    this.latest = offset;
    return true;
  }

  /** -1 for a key that is not there. */
  get(bytes: Buffer, key: { start: number; end: number }): number {
    return (this.offsets[this.find(bytes, key)] ?? 0) - 1;
  }

  /** The key's slot, or the free one where it would go. */
  private find(bytes: Buffer, key: { start: number; end: number }): number {
    const { hash, hashes, offsets, slots } = this;
    murmur3(bytes, key, this.seed, hash);
    let slot = ((hash[0] ?? 0) >>> 0) % slots;
    while (offsets[slot] !== 0 && !this.isAt(hashes, slot * HASH_WORDS)) {
      slot += 1;
      if (slot === slots) slot = 0;
    }
    return slot;
  }

  private isAt(hashes: Int32Array, at: number): boolean {
    const { hash } = this;
    return (
      hashes[at] === hash[0] &&
      hashes[at + 1] === hash[1] &&
      hashes[at + 2] === hash[2] &&
      hashes[at + 3] === hash[3]
    );
  }
}
