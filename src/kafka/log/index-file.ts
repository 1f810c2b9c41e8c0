import { assert } from '../../base/assert.ts';
import type { Disk, DiskFile } from '../../env/disk.ts';

const PAGE_BYTES = 4096;

/**
 * A file of fixed-size entries that grows at its end. New entries wait in a page of memory and reach the file a
 * page at a time, or by {@link persist}; entries on file are read a page at a time. So an index costs two pages
 * of memory at most, however large it is. The file is open only while it is used: a broker has thousands of them,
 * and the number of descriptors is limited.
 *
 * The file holds the entries and nothing else. Apache's brokers fill the active segment's index with zeros up to
 * its limit; they (and this one) rebuild it after a crash and trim it otherwise.
 */
export class IndexFile {
  private readonly disk: Disk;
  private path: string;
  readonly entryBytes: number;
  private count: number;
  /** Entries below this are on file; the rest are in `tail`. */
  private persisted: number;
  /** Allocated with the first append: most indexes are only read. */
  private tail: Buffer | undefined;
  private readonly usableBytes: number;
  private page: Buffer | undefined;
  private pageStart = 0;
  /** Counts what was done to the file; it may hold what is not durable when it is opened. */
  private changes = 1;
  /** How many of the changes are durable. */
  private syncedChanges = 0;

  constructor(disk: Disk, path: string, entryBytes: number) {
    this.disk = disk;
    this.path = path;
    this.entryBytes = entryBytes;
    this.usableBytes = PAGE_BYTES - (PAGE_BYTES % entryBytes);
    const size = disk.stat(path)?.size;
    if (size === undefined) disk.open(path, 'write').close();
    this.count = Math.floor((size ?? 0) / entryBytes);
    this.persisted = this.count;
  }

  get entries(): number {
    return this.count;
  }

  /** Whether the file ends in the middle of an entry. */
  get hasPartialEntry(): boolean {
    return (this.disk.stat(this.path)?.size ?? 0) % this.entryBytes !== 0;
  }

  /** The buffer and the position in it where entry `index` lies, until the next call. */
  locate(index: number): { readonly buffer: Buffer; readonly at: number } {
    assert(index >= 0 && index < this.count, `entry ${index} of ${this.count} in ${this.path}`);
    if (index >= this.persisted) {
      return { buffer: this.waiting(), at: (index - this.persisted) * this.entryBytes };
    }
    const position = index * this.entryBytes;
    const page = this.page;
    if (page !== undefined && position >= this.pageStart && position < this.pageStart + page.length) {
      return { buffer: page, at: position - this.pageStart };
    }
    return { buffer: this.readPage(position), at: position - this.pageStart };
  }

  private readPage(position: number): Buffer {
    const start = position - (position % this.usableBytes);
    const length = Math.min(this.usableBytes, this.persisted * this.entryBytes - start);
    const page = Buffer.alloc(length);
    this.use('read', (file) => file.read(page, start));
    this.page = page;
    this.pageStart = start;
    return page;
  }

  /** Room for one more entry at the end, to be filled before anything else is called. */
  append(): { readonly buffer: Buffer; readonly at: number } {
    if ((this.count - this.persisted + 1) * this.entryBytes > this.usableBytes) this.persist();
    const at = (this.count - this.persisted) * this.entryBytes;
    this.count += 1;
    return { buffer: this.waiting(), at };
  }

  /** Writes what waits in memory. */
  persist(): void {
    const waiting = (this.count - this.persisted) * this.entryBytes;
    if (waiting === 0) return;
    const bytes = this.waiting().subarray(0, waiting);
    this.use('write', (file) => file.write([bytes], this.persisted * this.entryBytes));
    this.persisted = this.count;
    this.changes += 1;
    this.page = undefined;
  }

  /** Keeps the first `entries` and cuts the file there. */
  truncate(entries: number): void {
    assert(entries <= this.count, `truncating ${this.path} to more than it has`);
    if (entries < this.persisted) {
      this.persisted = entries;
      this.page = undefined;
    }
    this.count = entries;
    this.use('write', (file) => file.truncate(this.persisted * this.entryBytes));
    this.changes += 1;
  }

  /** Writes and makes durable. */
  async sync(): Promise<void> {
    this.persist();
    const covered = this.changes;
    if (covered === this.syncedChanges) return;
    await this.use('write', (file) => file.sync());
    this.syncedChanges = Math.max(this.syncedChanges, covered);
  }

  /** As {@link IndexFile.sync}, waiting for it. */
  syncNow(): void {
    this.persist();
    if (this.changes === this.syncedChanges) return;
    this.use('write', (file) => file.syncNow());
    this.syncedChanges = this.changes;
  }

  /** Writes, cuts off whatever follows the entries, and lets the memory go. */
  close(): void {
    this.persist();
    const length = this.count * this.entryBytes;
    if ((this.disk.stat(this.path)?.size ?? 0) > length) {
      this.use('write', (file) => file.truncate(length));
      this.changes += 1;
    }
    this.page = undefined;
    this.tail = undefined;
  }

  moved(path: string): void {
    this.path = path;
  }

  private waiting(): Buffer {
    this.tail ??= Buffer.alloc(this.usableBytes);
    return this.tail;
  }

  /** Opens the file for `action`; its closing waits for a sync under way. */
  private use<T>(mode: 'read' | 'write', action: (file: DiskFile) => T): T {
    const file = this.disk.open(this.path, mode);
    try {
      return action(file);
    } finally {
      file.close();
    }
  }
}

/** The last of `count` ascending keys that is at most `target`; -1 when all are larger. */
export function floorSlot(count: number, target: number, keyAt: (slot: number) => number): number {
  let low = -1;
  let high = count - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (keyAt(middle) <= target) low = middle;
    else high = middle - 1;
  }
  return low;
}
