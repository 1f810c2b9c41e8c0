import type { EpochEndOffset } from './log-types.ts';

export interface EpochEntry {
  readonly epoch: number;
  /** Offset of the first record written in this epoch. */
  readonly startOffset: number;
}

export const UNDEFINED_EPOCH = -1;
export const UNDEFINED_EPOCH_OFFSET = -1;

/** Where the entries are kept: the partition's `leader-epoch-checkpoint`. */
export interface EpochStore {
  /** Soon, not at once: what a crash leaves out or too many is found again, or cut, when the log is loaded. */
  write(entries: readonly EpochEntry[]): void;
  /**
   * Resolves when what was written so far is durable. The recovery point must not pass records of an epoch before:
   * only behind it are epochs found again. Rejects with the disk's error.
   */
  written(): Promise<void>;
  /** The log's directory has another name now, under which this is durable on return. */
  moveTo(directory: string, entries: readonly EpochEntry[]): void;
  /** Nothing is written any more: the log is closed or goes away. */
  close(): void;
}

/**
 * At which offset each leader's epoch began in this log (KIP-101). Entries ascend strictly in epoch and in start
 * offset. Replicas find by it where their logs part.
 */
export class LeaderEpochCache {
  private entries: EpochEntry[] = [];
  private readonly store: EpochStore;

  constructor(store: EpochStore, entries: readonly EpochEntry[]) {
    this.store = store;
    for (const entry of entries) this.put(entry);
  }

  get all(): readonly EpochEntry[] {
    return this.entries;
  }

  get latest(): EpochEntry | undefined {
    return this.entries.at(-1);
  }

  get earliest(): EpochEntry | undefined {
    return this.entries[0];
  }

  /** Records that an epoch began here, unless that is known. */
  assign(epoch: number, startOffset: number): void {
    if (this.put({ epoch, startOffset })) this.store.write(this.entries);
  }

  private put(entry: EpochEntry): boolean {
    const latest = this.latest;
    if (latest !== undefined && latest.epoch === entry.epoch && entry.startOffset >= latest.startOffset) {
      return false;
    }
    const keep = this.entries.findIndex(
      (each) => each.epoch >= entry.epoch || each.startOffset >= entry.startOffset,
    );
    // Entries that the new one contradicts were never committed.
    this.entries = [...(keep < 0 ? this.entries : this.entries.slice(0, keep)), entry];
    return true;
  }

  /**
   * Where the records of an epoch end: the largest epoch at or below the requested one, and the start of the next
   * (the log end for the latest). Undefined epoch and offset (-1) when nothing can be said.
   */
  endOffsetFor(epoch: number, logEndOffset: number): EpochEndOffset {
    const unknown = { leaderEpoch: UNDEFINED_EPOCH, endOffset: UNDEFINED_EPOCH_OFFSET };
    if (epoch === UNDEFINED_EPOCH) return unknown;
    if (this.latest?.epoch === epoch) return { leaderEpoch: epoch, endOffset: logEndOffset };
    const next = this.entries.find((entry) => entry.epoch > epoch);
    if (next === undefined) return unknown;
    const floor = this.entries.findLast((entry) => entry.epoch <= epoch);
    return { leaderEpoch: floor?.epoch ?? epoch, endOffset: next.startOffset };
  }

  /** The epoch of the record at an offset; undefined before the first known. */
  epochFor(offset: number): number | undefined {
    return this.entries.findLast((entry) => entry.startOffset <= offset)?.epoch;
  }

  /** The log ends here now: epochs that began here or later are gone. */
  truncateFromEnd(endOffset: number): void {
    const kept = this.entries.filter((entry) => entry.startOffset < endOffset);
    if (endOffset < 0 || kept.length === this.entries.length) return;
    this.entries = kept;
    this.store.write(kept);
  }

  /** The log starts here now: the epoch of its first record starts here too, earlier ones are gone. */
  truncateFromStart(startOffset: number): void {
    const first = this.entries.findLastIndex((entry) => entry.startOffset <= startOffset);
    const entry = this.entries[first];
    if (entry === undefined) return;
    const changed = first > 0 || entry.startOffset !== startOffset;
    this.entries = [{ epoch: entry.epoch, startOffset }, ...this.entries.slice(first + 1)];
    if (changed) this.store.write(this.entries);
  }

  /** Resolves when all that is known here is durable; rejects with the disk's error. */
  written(): Promise<void> {
    return this.store.written();
  }

  /** The log's directory has another name now. */
  moveTo(directory: string): void {
    this.store.moveTo(directory, this.entries);
  }

  stopWriting(): void {
    this.store.close();
  }

  clear(): void {
    this.entries = [];
    this.store.write(this.entries);
  }
}
