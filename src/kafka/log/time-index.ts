import { assert } from '../../base/assert.ts';
import { readInt64, writeInt64 } from '../../base/int64.ts';
import type { Disk } from '../../env/disk.ts';
import { floorSlot, IndexFile } from './index-file.ts';
import { OffsetOrderError } from './segment-errors.ts';

const ENTRY_BYTES = 12;

export interface TimestampOffset {
  readonly timestamp: number;
  readonly offset: number;
}

/**
 * Sparse map from timestamps to offsets (`.timeindex`): int64 timestamp, int32 offset relative to the segment's
 * base. An entry says that no record up to its offset is later than its timestamp.
 */
export class TimeIndex {
  private readonly index: IndexFile;
  private readonly baseOffset: number;
  private readonly maxEntries: number;

  constructor(disk: Disk, path: string, baseOffset: number, maxBytes: number) {
    this.index = new IndexFile(disk, path, ENTRY_BYTES);
    this.baseOffset = baseOffset;
    this.maxEntries = Math.floor(maxBytes / ENTRY_BYTES);
  }

  get file(): IndexFile {
    return this.index;
  }

  get entries(): number {
    return this.index.entries;
  }

  get sizeBytes(): number {
    return this.index.entries * ENTRY_BYTES;
  }

  /** One entry is kept free for the last timestamp of the segment, written when it is closed. */
  get isFull(): boolean {
    return this.index.entries >= this.maxEntries - 1;
  }

  entry(slot: number): TimestampOffset {
    const { buffer, at } = this.index.locate(slot);
    return { timestamp: readInt64(buffer, at), offset: this.baseOffset + buffer.readInt32BE(at + 8) };
  }

  get lastEntry(): TimestampOffset {
    const entries = this.index.entries;
    return entries === 0 ? { timestamp: -1, offset: this.baseOffset } : this.entry(entries - 1);
  }

  /** The last entry that is not later than the target; (-1, base offset) when there is none. */
  lookup(timestamp: number): TimestampOffset {
    const slot = floorSlot(this.index.entries, timestamp, (at) => this.entry(at).timestamp);
    return slot < 0 ? { timestamp: -1, offset: this.baseOffset } : this.entry(slot);
  }

  /** Adds an entry unless the last one is as late already. `closing` may use the entry kept free. */
  maybeAppend(timestamp: number, offset: number, closing = false): void {
    assert(closing || !this.isFull, `the time index of segment ${this.baseOffset} is full`);
    const last = this.lastEntry;
    if (this.index.entries > 0 && offset < last.offset) {
      throw new OffsetOrderError(
        `offset ${offset} after ${last.offset} in the time index of ${this.baseOffset}`,
      );
    }
    if (timestamp <= last.timestamp) return;
    const { buffer, at } = this.index.append();
    writeInt64(buffer, at, timestamp);
    buffer.writeInt32BE(offset - this.baseOffset, at + 8);
  }

  /** Drops the entries for `offset` and later. */
  truncateTo(offset: number): void {
    this.index.truncate(floorSlot(this.index.entries, offset - 1, (at) => this.entry(at).offset) + 1);
  }

  reset(): void {
    this.index.truncate(0);
  }

  /** What is wrong with the file, judged by its length and its ends; undefined when nothing is. */
  damage(): string | undefined {
    if (this.index.hasPartialEntry) return 'its length is no multiple of its entries';
    if (this.index.entries === 0) return undefined;
    const last = this.lastEntry;
    if (last.timestamp < this.entry(0).timestamp) return 'its last timestamp is before its first';
    if (last.offset < this.baseOffset) return 'its last entry is before its base';
    return undefined;
  }
}
