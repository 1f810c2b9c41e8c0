import { batchesIn } from '../../wire/kafka/records/batch.ts';

/** A piece of log as it was appended: whole batches, and where they lie. */
export interface HotChunk {
  readonly buffer: Buffer;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly segmentBaseOffset: number;
  readonly position: number;
}

export interface HotRead {
  readonly chunks: readonly Buffer[];
  readonly bytes: number;
  /** Of the last batch returned; undefined when none is. */
  readonly lastOffset: number | undefined;
  readonly segmentBaseOffset: number;
  readonly position: number;
  readonly firstEntryIncomplete: boolean;
}

export interface HotReadOptions {
  readonly startOffset: number;
  /** Batches that end at or after this offset are not returned. */
  readonly limitOffset: number;
  readonly maxBytes: number;
  readonly minOneMessage: boolean;
}

/** A slice that pins a much larger buffer is copied instead. */
const LEAST_SHARE = 0.5;
/**
 * A log that has grown by this much since its last read has no reader to keep a tail for. Memory that is kept
 * outlives the collector's cheap rounds: keeping none of it saves a broker that only takes records in most of
 * its full collections.
 */
const UNREAD_LIMIT_BYTES = 8 * 1024 * 1024;
/** What a chunk costs besides its bytes, so that very small ones are counted fairly. */
const CHUNK_OVERHEAD_BYTES = 256;

/**
 * Memory of the hot tails of all logs of a broker. What was appended longest ago, to whichever log, goes first.
 */
export class HotTailBudget {
  private readonly limitBytes: number;
  private usedBytes = 0;
  private queue: HotTail[] = [];
  private head = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  get bytes(): number {
    return this.usedBytes;
  }

  /** A tail has taken a chunk: one entry in the queue per chunk, in order of the appends. */
  added(tail: HotTail, bytes: number): void {
    this.usedBytes += bytes;
    this.queue.push(tail);
    for (;;) {
      const oldest = this.queue[this.head];
      if (oldest === undefined || (this.usedBytes <= this.limitBytes && !oldest.hasForgotten)) break;
      this.head += 1;
      oldest.dropOldest();
    }
    if (this.head > 1024 && this.head * 2 > this.queue.length) {
      this.queue = this.queue.slice(this.head);
      this.head = 0;
    }
  }

  released(bytes: number): void {
    this.usedBytes -= bytes;
  }
}

/**
 * The end of one log as the buffers that were appended, so that a consumer or follower that has caught up reads
 * no file. Its chunks follow one another without a hole; a truncation empties it, and so does a long time in
 * which nobody reads, until the next read.
 */
export class HotTail {
  private readonly budget: HotTailBudget;
  private chunks: HotChunk[] = [];
  private head = 0;
  /** Queue entries whose chunks are gone already, for the budget's count of one entry a chunk. */
  private forgotten = 0;
  /** Bytes appended since anybody read the log. */
  private unreadBytes = 0;

  constructor(budget: HotTailBudget) {
    this.budget = budget;
  }

  /** The first offset that can be read from here. */
  get startOffset(): number | undefined {
    return this.chunks[this.head]?.baseOffset;
  }

  get hasForgotten(): boolean {
    return this.forgotten > 0;
  }

  /** Somebody reads the log: what is appended from now on may be wanted. */
  noteReader(): void {
    this.unreadBytes = 0;
  }

  add(chunk: HotChunk): void {
    const { buffer } = chunk;
    this.unreadBytes += buffer.length;
    if (this.unreadBytes > UNREAD_LIMIT_BYTES) {
      this.clear();
      return;
    }
    const kept =
      buffer.length < buffer.buffer.byteLength * LEAST_SHARE
        ? { ...chunk, buffer: Buffer.from(buffer) }
        : chunk;
    this.chunks.push(kept);
    this.budget.added(this, costOf(kept));
  }

  /** Called by the budget, once for each chunk added. */
  dropOldest(): void {
    if (this.forgotten > 0) {
      this.forgotten -= 1;
      return;
    }
    const chunk = this.chunks[this.head];
    if (chunk === undefined) return;
    this.head += 1;
    this.budget.released(costOf(chunk));
    if (this.head > 64 && this.head * 2 > this.chunks.length) {
      this.chunks = this.chunks.slice(this.head);
      this.head = 0;
    }
  }

  clear(): void {
    if (this.chunks.length === 0) return;
    for (const chunk of this.chunks.slice(this.head)) {
      this.forgotten += 1;
      this.budget.released(costOf(chunk));
    }
    this.chunks = [];
    this.head = 0;
  }

  /** Undefined when the tail does not reach back to the start offset. */
  read(options: HotReadOptions): HotRead | undefined {
    const start = this.startOffset;
    if (start === undefined || options.startOffset < start) return undefined;
    const first = this.find(options.startOffset);
    const chunk = this.chunks[first];
    if (chunk === undefined) return undefined;
    return new HotReader(chunk, options).readFrom(this.chunks, first);
  }

  /** Index of the first chunk that ends at or after an offset. */
  private find(offset: number): number {
    let low = this.head;
    let high = this.chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.chunks[middle]?.lastOffset ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function costOf(chunk: HotChunk): number {
  return chunk.buffer.length + CHUNK_OVERHEAD_BYTES;
}

/** One read: collects whole batches until a limit is met. */
class HotReader {
  private readonly options: HotReadOptions;
  private readonly result: Buffer[] = [];
  private bytes = 0;
  private lastOffset: number | undefined;
  private readonly segmentBaseOffset: number;
  private position: number;
  private incomplete = false;

  constructor(first: HotChunk, options: HotReadOptions) {
    this.options = options;
    this.segmentBaseOffset = first.segmentBaseOffset;
    this.position = first.position;
  }

  readFrom(chunks: readonly HotChunk[], first: number): HotRead {
    for (let index = first; index < chunks.length; index++) {
      const chunk = chunks[index];
      // As reads of files do: a follower's segments begin where the leader's do.
      if (chunk === undefined || chunk.segmentBaseOffset !== this.segmentBaseOffset) break;
      if (!this.take(chunk, index === first)) break;
    }
    return {
      chunks: this.result,
      bytes: this.bytes,
      lastOffset: this.lastOffset,
      segmentBaseOffset: this.segmentBaseOffset,
      position: this.position,
      firstEntryIncomplete: this.incomplete,
    };
  }

  /** Returns false when the read is at its end. */
  private take(chunk: HotChunk, isFirst: boolean): boolean {
    const { limitOffset, maxBytes } = this.options;
    const whole = chunk.lastOffset < limitOffset && this.bytes + chunk.buffer.length <= maxBytes;
    if (whole && (!isFirst || this.options.startOffset <= chunk.baseOffset)) {
      this.push(chunk.buffer, chunk.lastOffset);
      return true;
    }
    return this.takeBatches(chunk, isFirst);
  }

  private takeBatches(chunk: HotChunk, isFirst: boolean): boolean {
    const { startOffset, limitOffset, maxBytes, minOneMessage } = this.options;
    let from = -1;
    let to = 0;
    let last: number | undefined;
    let ended = false;
    for (const batch of batchesIn(chunk.buffer)) {
      const { lastOffset } = batch;
      if (lastOffset < startOffset) continue;
      if (from < 0) {
        from = batch.start;
        to = from;
        if (isFirst) this.position = chunk.position + from;
      }
      const isFirstBatch = this.bytes === 0 && to === from;
      const tooLarge = this.bytes + batch.end - from > maxBytes && !(isFirstBatch && minOneMessage);
      if (lastOffset >= limitOffset || tooLarge) {
        ended = true;
        if (tooLarge && lastOffset < limitOffset && isFirstBatch && maxBytes > 0) {
          this.incomplete = true;
          to = from + maxBytes;
        }
        break;
      }
      to = batch.end;
      last = lastOffset;
    }
    if (to > from && from >= 0) this.push(chunk.buffer.subarray(from, to), last);
    return !ended;
  }

  private push(buffer: Buffer, lastOffset: number | undefined): void {
    this.result.push(buffer);
    this.bytes += buffer.length;
    this.lastOffset = lastOffset ?? this.lastOffset;
  }
}
