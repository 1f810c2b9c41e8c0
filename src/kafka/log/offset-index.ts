import { assert } from '../../base/assert.ts';
import type { Disk } from '../../env/disk.ts';
import { floorSlot, IndexFile } from './index-file.ts';
import { OffsetOrderError } from './segment-errors.ts';

const ENTRY_BYTES = 8;
/** How far an offset may be from the base of its segment. */
export const MAX_RELATIVE_OFFSET = 0x7fff_ffff;

export interface OffsetPosition {
  readonly offset: number;
  readonly position: number;
}

/**
 * Sparse map from offsets to byte positions in a segment (`.index`): int32 offset relative to the segment's base,
 * int32 position, both ascending. An entry names the last offset of the batch at its position.
 */
export class OffsetIndex {
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

  get isFull(): boolean {
    return this.index.entries >= this.maxEntries;
  }

  /** Whether an offset can be told relative to the base, in 31 bits. */
  fits(offset: number): boolean {
    const relative = offset - this.baseOffset;
    return relative >= 0 && relative <= MAX_RELATIVE_OFFSET;
  }

  /** Of the last entry; the segment's base offset when there is none. */
  get lastOffset(): number {
    const entries = this.index.entries;
    return entries === 0 ? this.baseOffset : this.offsetAt(entries - 1);
  }

  entry(slot: number): OffsetPosition {
    return { offset: this.offsetAt(slot), position: this.positionAt(slot) };
  }

  /** The entry with the largest offset at or below the target; the segment's start when there is none. */
  lookup(target: number): OffsetPosition {
    const slot = floorSlot(this.index.entries, target, (at) => this.offsetAt(at));
    return slot < 0 ? { offset: this.baseOffset, position: 0 } : this.entry(slot);
  }

  /** The first entry at or after a byte position. */
  firstFrom(position: number): OffsetPosition | undefined {
    const slot = floorSlot(this.index.entries, position - 1, (at) => this.positionAt(at)) + 1;
    return slot < this.index.entries ? this.entry(slot) : undefined;
  }

  /** Throws OffsetOrderError when the offset does not follow the last: the segment holds disordered batches. */
  append(offset: number, position: number): void {
    assert(!this.isFull, `the offset index of segment ${this.baseOffset} is full`);
    if (this.index.entries > 0 && offset <= this.lastOffset) {
      throw new OffsetOrderError(`offset ${offset} after ${this.lastOffset} in segment ${this.baseOffset}`);
    }
    assert(this.fits(offset), `offset ${offset} is too far from its segment ${this.baseOffset}`);
    const { buffer, at } = this.index.append();
    buffer.writeInt32BE(offset - this.baseOffset, at);
    buffer.writeInt32BE(position, at + 4);
  }

  /** Drops the entries for `offset` and later. */
  truncateTo(offset: number): void {
    this.index.truncate(floorSlot(this.index.entries, offset - 1, (at) => this.offsetAt(at)) + 1);
  }

  reset(): void {
    this.index.truncate(0);
  }

  /** What is wrong with the file, judged by its length and last entry; undefined when nothing is. */
  damage(): string | undefined {
    if (this.index.hasPartialEntry) return 'its length is no multiple of its entries';
    if (this.index.entries > 0 && this.lastOffset < this.baseOffset)
      return 'its last entry is before its base';
    return undefined;
  }

  private offsetAt(slot: number): number {
    const { buffer, at } = this.index.locate(slot);
    return this.baseOffset + buffer.readInt32BE(at);
  }

  private positionAt(slot: number): number {
    const { buffer, at } = this.index.locate(slot);
    return buffer.readInt32BE(at + 4);
  }
}
