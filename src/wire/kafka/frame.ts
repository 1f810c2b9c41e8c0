import { MalformedError } from '../../base/malformed-error.ts';

const LENGTH_BYTES = 4;

/**
 * Cuts a byte stream into frames: an int32 length, then as many bytes. Memory grows with the bytes that have
 * arrived, never with an announced length.
 */
export class FrameSplitter {
  private readonly maxFrameBytes: number;
  private chunks: Buffer[] = [];
  private buffered = 0;
  /** Length of the frame under way; undefined while its length is not complete. */
  private frameBytes: number | undefined;

  constructor(maxFrameBytes: number) {
    this.maxFrameBytes = maxFrameBytes;
  }

  /**
   * Takes the next bytes and gives the frames that they complete, without their lengths. A frame that lies in
   * one chunk is a view of it. Throws MalformedError for a length that is negative or above the limit; the
   * stream can't be read any further then.
   */
  push(chunk: Buffer): Buffer[] {
    this.chunks.push(chunk);
    this.buffered += chunk.length;
    const frames: Buffer[] = [];
    for (;;) {
      if (this.frameBytes === undefined) {
        if (this.buffered < LENGTH_BYTES) return frames;
        this.frameBytes = this.checkLength(this.take(LENGTH_BYTES).readInt32BE(0));
      }
      if (this.buffered < this.frameBytes) return frames;
      frames.push(this.take(this.frameBytes));
      this.frameBytes = undefined;
    }
  }

  /** Bytes that wait for the rest of their frame. */
  get pendingBytes(): number {
    return this.buffered;
  }

  private checkLength(length: number): number {
    if (length < 0 || length > this.maxFrameBytes) {
      throw new MalformedError(`a frame of ${length} bytes, the limit is ${this.maxFrameBytes}`);
    }
    return length;
  }

  /** Removes the first `length` buffered bytes, which must be there. */
  private take(length: number): Buffer {
    const first = this.chunks[0];
    if (first !== undefined && first.length >= length) {
      this.buffered -= length;
      if (first.length === length) this.chunks.shift();
      else this.chunks[0] = first.subarray(length);
      return first.length === length ? first : first.subarray(0, length);
    }
    const whole = Buffer.allocUnsafe(length);
    let filled = 0;
    let used = 0;
    for (const chunk of this.chunks) {
      const count = chunk.copy(whole, filled);
      filled += count;
      if (count < chunk.length) {
        this.chunks[used] = chunk.subarray(count);
        break;
      }
      used += 1;
      if (filled === length) break;
    }
    this.chunks.splice(0, used);
    this.buffered -= length;
    return whole;
  }
}

/** Puts the length in front of a frame's chunks. */
export function frame(chunks: readonly Buffer[]): Buffer[] {
  let length = 0;
  for (const chunk of chunks) length += chunk.length;
  const prefix = Buffer.allocUnsafe(LENGTH_BYTES);
  prefix.writeInt32BE(length, 0);
  return [prefix, ...chunks];
}
