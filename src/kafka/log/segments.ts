import { assert } from '../../base/assert.ts';
import type { LogSegment } from './segment.ts';

/** The segments of a log in order of their base offsets. */
export class Segments {
  private list: LogSegment[] = [];

  get all(): readonly LogSegment[] {
    return this.list;
  }

  get count(): number {
    return this.list.length;
  }

  get sizeBytes(): number {
    let bytes = 0;
    for (const segment of this.list) bytes += segment.sizeBytes;
    return bytes;
  }

  get first(): LogSegment | undefined {
    return this.list[0];
  }

  /** The last: the one that is appended to. A loaded log always has one. */
  get active(): LogSegment {
    const last = this.list.at(-1);
    assert(last !== undefined, 'the log has no segment');
    return last;
  }

  /** The segment whose range holds an offset. */
  floor(offset: number): LogSegment | undefined {
    return this.list[this.floorIndex(offset)];
  }

  /** The next segment after a base offset. */
  higher(baseOffset: number): LogSegment | undefined {
    return this.list[this.floorIndex(baseOffset) + 1];
  }

  /** The segment before a base offset. */
  lower(baseOffset: number): LogSegment | undefined {
    return this.list[this.floorIndex(baseOffset - 1)];
  }

  has(baseOffset: number): boolean {
    return this.floor(baseOffset)?.baseOffset === baseOffset;
  }

  /** Segments that hold offsets in [from, to). */
  range(from: number, to: number): LogSegment[] {
    const first = Math.max(0, this.floorIndex(from));
    return this.list.slice(first).filter((segment) => segment.baseOffset < to);
  }

  add(segment: LogSegment): void {
    const index = this.floorIndex(segment.baseOffset);
    assert(this.list[index]?.baseOffset !== segment.baseOffset, `two segments ${segment.baseOffset}`);
    this.list.splice(index + 1, 0, segment);
  }

  remove(segment: LogSegment): void {
    const index = this.list.indexOf(segment);
    assert(index >= 0, `segment ${segment.baseOffset} is not in the log`);
    this.list.splice(index, 1);
  }

  clear(): void {
    this.list = [];
  }

  /** -1 when the offset is before the first segment. */
  private floorIndex(offset: number): number {
    let low = -1;
    let high = this.list.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.list[middle]?.baseOffset ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
