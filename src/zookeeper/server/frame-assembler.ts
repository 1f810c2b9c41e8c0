import { checkFrameLength } from '../../wire/jute/limits.ts';

const LENGTH_BYTES = 4;

/** Cuts a byte stream into frames: an int32 length, then so many bytes. */
export class FrameAssembler {
  private readonly maxFrameBytes: number;
  /** Received and not yet consumed; more than one only while a frame is incomplete. */
  private chunks: Buffer[] = [];
  private size = 0;

  constructor(maxFrameBytes: number) {
    this.maxFrameBytes = maxFrameBytes;
  }

  get bufferedBytes(): number {
    return this.size;
  }

  push(bytes: Buffer): void {
    this.chunks.push(bytes);
    this.size += bytes.length;
  }

  /** The int32 that comes next, left where it is; undefined until it is there. */
  peekInt32(): number | undefined {
    if (this.size < LENGTH_BYTES) return undefined;
    return this.front(LENGTH_BYTES).readInt32BE(0);
  }

  /** So many bytes that come next, left where they are; undefined until they are there. */
  peek(bytes: number): Buffer | undefined {
    return this.size < bytes ? undefined : this.front(bytes).subarray(0, bytes);
  }

  skip(bytes: number): void {
    const front = this.front(bytes);
    this.consume(front, bytes);
  }

  /** The next frame, a view of the received bytes; undefined until it is complete. Throws MalformedError. */
  next(): Buffer | undefined {
    if (this.size < LENGTH_BYTES) return undefined;
    const length = checkFrameLength(this.front(LENGTH_BYTES).readInt32BE(0), this.maxFrameBytes);
    const end = LENGTH_BYTES + length;
    if (this.size < end) return undefined;
    const front = this.front(end);
    const frame = front.subarray(LENGTH_BYTES, end);
    this.consume(front, end);
    return frame;
  }

  /** The first chunk, made to hold at least `bytes`. A frame is put together once, when all of it is there. */
  private front(bytes: number): Buffer {
    const [first] = this.chunks;
    if (first !== undefined && first.length >= bytes) return first;
    const joined = Buffer.concat(this.chunks);
    this.chunks = [joined];
    return joined;
  }

  private consume(front: Buffer, bytes: number): void {
    if (front.length === bytes) this.chunks.shift();
    else this.chunks[0] = front.subarray(bytes);
    this.size -= bytes;
  }
}
