import { MalformedError } from '../../base/malformed-error.ts';

const LENGTH_BYTES = 4;
/** What is allocated for a frame of which next to nothing has come yet. */
const FIRST_BYTES = 16 * 1024;
const NOTHING = Buffer.alloc(0);

/**
 * Cuts a byte stream into frames: an int32 length, then as many bytes. Each frame is a copy of its own: keeping one
 * keeps nothing else, and the memory of the stream may be used anew. Memory grows with the bytes that have arrived,
 * never with an announced length beyond `firstBytes`.
 */
export class FrameSplitter {
  private readonly maxFrameBytes: number;
  private readonly firstBytes: number;
  /** The length under way, of which `prefixBytes` are there. */
  private readonly prefix = Buffer.alloc(LENGTH_BYTES);
  private prefixBytes = 0;
  /** Length of the frame under way; undefined while its length is not complete. */
  private frameBytes: number | undefined;
  /** Room for the frame under way, perhaps not yet for all of it; `bodyBytes` are there. */
  private body = NOTHING;
  private bodyBytes = 0;

  /**
   * `firstBytes` is how much is taken for a frame of which only the length is known: more where its sender is trusted, for
   * every growth copies what is there.
   */
  constructor(maxFrameBytes: number, firstBytes = FIRST_BYTES) {
    this.maxFrameBytes = maxFrameBytes;
    this.firstBytes = firstBytes;
  }

  /**
   * Takes the next bytes and gives the frames that they complete, without their lengths. Throws MalformedError for
   * a length that is negative or above the limit; the stream can't be read any further then.
   */
  push(chunk: Buffer): Buffer[] {
    const frames: Buffer[] = [];
    let at = 0;
    for (;;) {
      if (this.frameBytes === undefined) {
        at += this.takePrefix(chunk, at);
        if (this.prefixBytes < LENGTH_BYTES) return frames;
        this.frameBytes = this.checkLength(this.prefix.readInt32BE(0));
        this.prefixBytes = 0;
      }
      at += this.takeBody(chunk, at, this.frameBytes);
      if (this.bodyBytes < this.frameBytes) return frames;
      frames.push(this.body);
      this.frameBytes = undefined;
      this.body = NOTHING;
      this.bodyBytes = 0;
    }
  }

  /** Bytes that wait for the rest of their frame. */
  get pendingBytes(): number {
    return this.prefixBytes + this.bodyBytes;
  }

  private checkLength(length: number): number {
    if (length < 0 || length > this.maxFrameBytes) {
      throw new MalformedError(`a frame of ${length} bytes, the limit is ${this.maxFrameBytes}`);
    }
    return length;
  }

  /** Returns how many bytes it took. */
  private takePrefix(chunk: Buffer, at: number): number {
    const count = Math.min(LENGTH_BYTES - this.prefixBytes, chunk.length - at);
    for (let i = 0; i < count; i++) this.prefix[this.prefixBytes + i] = chunk[at + i] ?? 0;
    this.prefixBytes += count;
    return count;
  }

  /** Returns how many bytes it took. */
  private takeBody(chunk: Buffer, at: number, frameBytes: number): number {
    const count = Math.min(frameBytes - this.bodyBytes, chunk.length - at);
    const needed = this.bodyBytes + count;
    if (needed > this.body.length) this.grow(needed, frameBytes);
    chunk.copy(this.body, this.bodyBytes, at, at + count);
    this.bodyBytes = needed;
    return count;
  }

  private grow(needed: number, frameBytes: number): void {
    const larger = Buffer.allocUnsafe(Math.min(frameBytes, Math.max(2 * needed, this.firstBytes)));
    this.body.copy(larger, 0, 0, this.bodyBytes);
    this.body = larger;
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
