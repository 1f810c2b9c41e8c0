const INITIAL_BYTES = 64 * 1024;

/** Collects what goes to standard output, so that many records are one write. */
export class OutputBuffer {
  private buffer = Buffer.allocUnsafe(INITIAL_BYTES);
  private length = 0;

  get size(): number {
    return this.length;
  }

  text(text: string): void {
    // No character of UTF-16 becomes more than three bytes.
    this.reserve(text.length * 3);
    this.length += this.buffer.write(text, this.length, 'utf8');
  }

  bytes(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Hands out what was collected, and begins anew. */
  take(): Buffer {
    const taken = this.buffer.subarray(0, this.length);
    this.buffer = Buffer.allocUnsafe(INITIAL_BYTES);
    this.length = 0;
    return taken;
  }

  private reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}
