import { assert } from '../../base/assert.ts';
import { readInt64, writeInt64 } from '../../base/int64.ts';
import { MalformedError } from '../../base/malformed-error.ts';
import type { Disk } from '../../env/disk.ts';
import { IndexFile } from './index-file.ts';

const ENTRY_BYTES = 34;
const CURRENT_VERSION = 0;

/** A transaction that was aborted in this partition, with the last stable offset when its marker came. */
export interface AbortedTransactionEntry {
  readonly producerId: bigint;
  readonly firstOffset: number;
  /** Of the abort marker. */
  readonly lastOffset: number;
  readonly lastStableOffset: number;
}

/**
 * The aborted transactions whose markers lie in a segment (`.txnindex`): int16 version 0, int64 producer id, first
 * offset, last offset, last stable offset. The file exists only once there is an entry.
 */
export class TransactionIndex {
  private readonly disk: Disk;
  private path: string;
  private readonly baseOffset: number;
  private index: IndexFile | undefined;

  constructor(disk: Disk, path: string, baseOffset: number) {
    this.disk = disk;
    this.path = path;
    this.baseOffset = baseOffset;
    if (disk.stat(path) !== undefined) this.index = new IndexFile(disk, path, ENTRY_BYTES);
  }

  /** Undefined while there is no file. */
  get file(): IndexFile | undefined {
    return this.index;
  }

  append(entry: AbortedTransactionEntry): void {
    this.index ??= new IndexFile(this.disk, this.path, ENTRY_BYTES);
    const count = this.index.entries;
    assert(
      count === 0 || this.entry(this.index, count - 1).lastOffset < entry.lastOffset,
      `aborted transactions out of order in ${this.path}`,
    );
    const { buffer, at } = this.index.append();
    buffer.writeInt16BE(CURRENT_VERSION, at);
    buffer.writeBigInt64BE(entry.producerId, at + 2);
    writeInt64(buffer, at + 10, entry.firstOffset);
    writeInt64(buffer, at + 18, entry.lastOffset);
    writeInt64(buffer, at + 26, entry.lastStableOffset);
  }

  /**
   * Adds to `into` the aborted transactions that touch a fetch of [fetchOffset, upperBound). Returns true when no
   * later segment can hold more of them.
   */
  collect(fetchOffset: number, upperBound: number, into: AbortedTransactionEntry[]): boolean {
    for (const entry of this.all()) {
      if (entry.lastOffset >= fetchOffset && entry.firstOffset < upperBound) into.push(entry);
      if (entry.lastStableOffset >= upperBound) return true;
    }
    return false;
  }

  *all(): Generator<AbortedTransactionEntry, void> {
    if (this.index === undefined) return;
    for (let slot = 0; slot < this.index.entries; slot++) yield this.entry(this.index, slot);
  }

  /** Drops the transactions whose markers are at `offset` or later. */
  truncateTo(offset: number): void {
    if (this.index === undefined) return;
    let keep = 0;
    for (const entry of this.all()) {
      if (entry.lastOffset >= offset) break;
      keep += 1;
    }
    this.index.truncate(keep);
  }

  reset(): void {
    this.index?.truncate(0);
  }

  /** What is wrong with the entries; undefined when nothing is. */
  damage(): string | undefined {
    if (this.index?.hasPartialEntry === true) return 'its length is no multiple of its entries';
    try {
      for (const entry of this.all()) {
        if (entry.lastOffset < this.baseOffset) return 'a transaction ends before its base';
      }
    } catch (error) {
      if (error instanceof MalformedError) return error.message;
      throw error;
    }
    return undefined;
  }

  moved(path: string): void {
    this.path = path;
    this.index?.moved(path);
  }

  private entry(index: IndexFile, slot: number): AbortedTransactionEntry {
    const { buffer, at } = index.locate(slot);
    const version = buffer.readInt16BE(at);
    if (version > CURRENT_VERSION) {
      throw new MalformedError(`an entry has version ${version}; ${CURRENT_VERSION} is the latest known`);
    }
    return {
      producerId: buffer.readBigInt64BE(at + 2),
      firstOffset: readInt64(buffer, at + 10),
      lastOffset: readInt64(buffer, at + 18),
      lastStableOffset: readInt64(buffer, at + 26),
    };
  }
}
