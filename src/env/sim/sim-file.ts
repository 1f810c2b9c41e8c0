import { PagedBytes } from '../memory/paged-bytes.ts';
import type { SimRandom } from './sim-random.ts';

type Change = { kind: 'write'; position: number; bytes: Buffer } | { kind: 'truncate'; length: number };

/** What a power loss does to the changes of a file that were not synced. */
const LOSSES = ['all', 'tail', 'scattered', 'none'] as const;

/**
 * The content of a file twice: as the page cache shows it, and as the device has it. Changes reach the device by
 * `sync`; after a power loss it holds what was synced and any part of the rest.
 */
export class SimFile {
  modifiedMs: number;
  private cached = new PagedBytes();
  private readonly device = new PagedBytes();
  /** Changes that the device may not have, oldest first. */
  private unsynced: Change[] = [];
  /** Changes that were dropped from `unsynced` because the device has them. */
  private syncedCount = 0;

  constructor(modifiedMs: number) {
    this.modifiedMs = modifiedMs;
  }

  get size(): number {
    return this.cached.size;
  }

  get allocatedBytes(): number {
    return this.cached.allocatedBytes;
  }

  /** Marks what a sync that begins now has to cover. */
  get changeCount(): number {
    return this.syncedCount + this.unsynced.length;
  }

  read(target: Uint8Array, position: number): number {
    return this.cached.read(target, position);
  }

  write(bytes: Uint8Array, position: number): void {
    this.cached.write(bytes, position);
    if (bytes.length > 0) this.unsynced.push({ kind: 'write', position, bytes: Buffer.from(bytes) });
  }

  truncate(length: number): void {
    this.cached.truncate(length);
    this.unsynced.push({ kind: 'truncate', length });
  }

  /** Makes the first `changeCount` changes durable. */
  sync(changeCount: number): void {
    const count = Math.max(0, changeCount - this.syncedCount);
    for (const change of this.unsynced.splice(0, count)) this.apply(change);
    this.syncedCount += count;
  }

  /** The machine lost its power: the cache is gone, the device has some of what was not synced. */
  losePower(random: SimRandom): void {
    const pending = this.unsynced;
    this.unsynced = [];
    this.syncedCount += pending.length;
    const loss = LOSSES[random.below(LOSSES.length)];
    if (loss === 'tail') {
      const whole = random.below(pending.length + 1);
      for (const change of pending.slice(0, whole)) this.apply(change);
      const torn = pending[whole];
      if (torn?.kind === 'write') {
        this.device.write(torn.bytes.subarray(0, random.below(torn.bytes.length + 1)), torn.position);
      }
    } else if (loss !== 'all') {
      // The system writes dirty pages back in no particular order: later ones may be there without earlier ones.
      for (const change of pending) {
        if (loss === 'none' || random.chance(0.5)) this.apply(change);
      }
    }
    this.cached = this.device.clone();
  }

  private apply(change: Change): void {
    if (change.kind === 'write') this.device.write(change.bytes, change.position);
    else this.device.truncate(change.length);
  }
}
