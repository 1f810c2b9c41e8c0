import { assert } from '../../base/assert.ts';

const PAGE_BYTES = 64 * 1024;
const SMALLEST_PAGE_BYTES = 512;

/**
 * The content of a file in memory: pages that exist only where something was written, and only as far. What was
 * never written reads as zeros and takes no memory, so preallocated files are cheap.
 */
export class PagedBytes {
  private pages: (Buffer | undefined)[] = [];
  private length = 0;
  private allocated = 0;

  get size(): number {
    return this.length;
  }

  /** Memory taken. */
  get allocatedBytes(): number {
    return this.allocated;
  }

  write(bytes: Uint8Array, position: number): void {
    assert(Number.isSafeInteger(position) && position >= 0, `write position ${position} is out of range`);
    let done = 0;
    while (done < bytes.length) {
      const at = position + done;
      const index = Math.floor(at / PAGE_BYTES);
      const from = at - index * PAGE_BYTES;
      const count = Math.min(bytes.length - done, PAGE_BYTES - from);
      this.page(index, from + count).set(bytes.subarray(done, done + count), from);
      done += count;
    }
    this.length = Math.max(this.length, position + done);
  }

  read(target: Uint8Array, position: number): number {
    assert(Number.isSafeInteger(position) && position >= 0, `read position ${position} is out of range`);
    const wanted = Math.max(0, Math.min(target.length, this.length - position));
    let done = 0;
    while (done < wanted) {
      const at = position + done;
      const index = Math.floor(at / PAGE_BYTES);
      const from = at - index * PAGE_BYTES;
      const count = Math.min(wanted - done, PAGE_BYTES - from);
      const stored = this.pages[index]?.subarray(from, from + count);
      if (stored !== undefined) target.set(stored, done);
      target.fill(0, done + (stored?.length ?? 0), done + count);
      done += count;
    }
    return wanted;
  }

  /** Cuts, or extends with zeros. */
  truncate(length: number): void {
    assert(Number.isSafeInteger(length) && length >= 0, `file length ${length} is out of range`);
    if (length < this.length) {
      const last = Math.floor(length / PAGE_BYTES);
      for (const page of this.pages.splice(last + 1)) this.allocated -= page?.length ?? 0;
      this.pages[last]?.fill(0, length - last * PAGE_BYTES);
    }
    this.length = length;
  }

  clone(): PagedBytes {
    const copy = new PagedBytes();
    copy.pages = this.pages.map((page) => page && Buffer.from(page));
    copy.length = this.length;
    copy.allocated = this.allocated;
    return copy;
  }

  /** The page at `index`, at least `bytes` long. */
  private page(index: number, bytes: number): Buffer {
    const page = this.pages[index];
    if (page !== undefined && page.length >= bytes) return page;
    let size = page?.length ?? SMALLEST_PAGE_BYTES;
    while (size < bytes) size *= 2;
    const larger = Buffer.alloc(size);
    page?.copy(larger);
    this.pages[index] = larger;
    this.allocated += size - (page?.length ?? 0);
    return larger;
  }
}
