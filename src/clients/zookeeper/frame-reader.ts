import { MalformedError } from '../../base/malformed-error.ts';

const LENGTH_BYTES = 4;

/** Cuts a byte stream into frames: four bytes of length, then as many bytes. */
export class FrameReader {
  private readonly maxBytes: number;
  private chunks: Buffer[] = [];
  private waitingBytes = 0;
  /** Length of the frame under way; undefined while its length is not there yet. */
  private frameBytes: number | undefined;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Takes bytes and returns the frames that are complete now. Throws MalformedError on an absurd length. */
  push(bytes: Buffer): Buffer[] {
    this.chunks.push(bytes);
    this.waitingBytes += bytes.length;
    const frames: Buffer[] = [];
    for (;;) {
      if (this.frameBytes === undefined) {
        if (this.waitingBytes < LENGTH_BYTES) return frames;
        this.frameBytes = this.take(LENGTH_BYTES).readInt32BE(0);
        if (this.frameBytes < 0 || this.frameBytes > this.maxBytes) {
          throw new MalformedError(
            `frame of ${this.frameBytes} bytes, at most ${this.maxBytes} are accepted`,
          );
        }
      }
      if (this.waitingBytes < this.frameBytes) return frames;
      frames.push(this.take(this.frameBytes));
      this.frameBytes = undefined;
    }
  }

  /** Takes `count` bytes that are known to be there. */
  private take(count: number): Buffer {
    let joined = this.chunks[0] ?? Buffer.alloc(0);
    if (joined.length < count) joined = Buffer.concat(this.chunks);
    const isJoined = joined !== this.chunks[0];
    const rest = joined.subarray(count);
    this.chunks = [...(rest.length > 0 ? [rest] : []), ...(isJoined ? [] : this.chunks.slice(1))];
    this.waitingBytes -= count;
    return joined.subarray(0, count);
  }
}
