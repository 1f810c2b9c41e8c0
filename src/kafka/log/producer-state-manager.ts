import { assert } from '../../base/assert.ts';
import { MalformedError } from '../../base/malformed-error.ts';
import type { Disk } from '../../env/disk.ts';
import type { Log } from '../../env/log.ts';
import type { RecordBatch } from '../../wire/kafka/records/batch.ts';
import { type ActiveProducer, type AppendOrigin, type LogOffsetMetadata, offsetOnly } from './log-types.ts';
import { type CompletedTransaction, ProducerAppend, type StartedTransaction } from './producer-append.ts';
import { decodeProducerSnapshot, encodeProducerSnapshot } from './producer-snapshot.ts';
import { ProducerSnapshotFiles } from './producer-snapshot-files.ts';
import { ProducerStateEntry } from './producer-state-entry.ts';

interface UnreplicatedTransaction {
  readonly firstOffset: LogOffsetMetadata;
  readonly lastOffset: number;
}

/**
 * Idempotent and transactional producers of one partition: their last sequences and epochs, open transactions,
 * and the snapshots that save a restart from reading the whole log.
 *
 * A transaction goes open -> (marker appended) unreplicated -> (high watermark past the marker) forgotten. The
 * first offset of the oldest that is not forgotten bounds what a read_committed consumer sees.
 */
export class ProducerStateManager {
  private readonly log: Log;
  private readonly expirationMs: () => number;
  private readonly producers = new Map<bigint, ProducerStateEntry>();
  /** By first offset, which always grows, so that the first in order of insertion is the oldest. */
  private readonly open = new Map<number, StartedTransaction>();
  private readonly unreplicated = new Map<number, UnreplicatedTransaction>();
  readonly snapshots: ProducerSnapshotFiles;
  /** State covers the log up to here. */
  private endOffset = 0;
  private lastSnapshotOffset = 0;

  constructor(
    disk: Disk,
    directory: string,
    options: { readonly log: Log; readonly expirationMs: () => number },
  ) {
    this.log = options.log;
    this.expirationMs = options.expirationMs;
    this.snapshots = new ProducerSnapshotFiles(disk, directory);
  }

  get mapEndOffset(): number {
    return this.endOffset;
  }

  set mapEndOffset(offset: number) {
    this.endOffset = offset;
  }

  get isEmpty(): boolean {
    return this.producers.size === 0 && this.unreplicated.size === 0;
  }

  entry(producerId: bigint): ProducerStateEntry | undefined {
    return this.producers.get(producerId);
  }

  hasOpenTransaction(producerId: bigint): boolean {
    return this.producers.get(producerId)?.currentTransactionFirstOffset !== undefined;
  }

  active(): ActiveProducer[] {
    return [...this.producers.values()].map((entry) => ({
      producerId: entry.producerId,
      producerEpoch: entry.producerEpoch,
      lastSequence: entry.lastSequence,
      lastTimestamp: entry.lastTimestamp,
      coordinatorEpoch: entry.coordinatorEpoch,
      currentTxnStartOffset: entry.currentTransactionFirstOffset ?? -1,
    }));
  }

  /** What of each producer must stay in the log, so that its state can be found there again. */
  lastRecords(): Map<bigint, { lastDataOffset: number; producerEpoch: number }> {
    const records = new Map<bigint, { lastDataOffset: number; producerEpoch: number }>();
    for (const { producerId, lastOffset, producerEpoch } of this.producers.values()) {
      records.set(producerId, { lastDataOffset: lastOffset, producerEpoch });
    }
    return records;
  }

  /** First offset of the oldest transaction that is open or whose marker is not yet replicated. */
  get firstUnstableOffset(): LogOffsetMetadata | undefined {
    let first = this.oldestOpen()?.firstOffset;
    for (const { firstOffset } of this.unreplicated.values()) {
      if (first === undefined || firstOffset.messageOffset < first.messageOffset) first = firstOffset;
    }
    return first;
  }

  private oldestOpen(): StartedTransaction | undefined {
    for (const transaction of this.open.values()) return transaction;
    return undefined;
  }

  onHighWatermark(highWatermark: number): void {
    this.forgetReplicated(highWatermark);
  }

  private forgetReplicated(offset: number): void {
    for (const [firstOffset, transaction] of this.unreplicated) {
      if (transaction.lastOffset < offset) this.unreplicated.delete(firstOffset);
    }
  }

  prepare(producerId: bigint, origin: AppendOrigin): ProducerAppend {
    return new ProducerAppend(this.producers.get(producerId) ?? new ProducerStateEntry(producerId), origin);
  }

  /** Takes over an append that is in the log now. */
  update(append: ProducerAppend): void {
    const { updated } = append;
    const entry = this.producers.get(updated.producerId);
    if (entry === undefined) this.producers.set(updated.producerId, updated);
    else entry.update(updated);
    for (const started of append.started) this.open.set(started.firstOffset.messageOffset, started);
  }

  /** The last stable offset once this transaction is complete: where the oldest other open one begins. */
  lastStableOffset(completed: CompletedTransaction): number {
    for (const transaction of this.open.values()) {
      if (transaction.producerId !== completed.producerId) return transaction.firstOffset.messageOffset;
    }
    return completed.lastOffset + 1;
  }

  complete(completed: CompletedTransaction): void {
    const transaction = this.open.get(completed.firstOffset);
    assert(transaction !== undefined, `no open transaction begins at ${completed.firstOffset}`);
    this.open.delete(completed.firstOffset);
    const { firstOffset } = transaction;
    this.unreplicated.set(completed.firstOffset, { firstOffset, lastOffset: completed.lastOffset });
  }

  /** Replays a batch of the log. Returns the transaction that it ended, already completed here. */
  replay(batch: RecordBatch): { completed: CompletedTransaction; lastStableOffset: number } | undefined {
    if (!batch.hasProducerId) return undefined;
    const append = this.prepare(batch.producerId, 'replication');
    const completed = append.append(batch);
    this.update(append);
    if (completed === undefined) return undefined;
    const lastStableOffset = this.lastStableOffset(completed);
    this.complete(completed);
    return { completed, lastStableOffset };
  }

  /** Takes over batches that a replay of the same log has seen, of which a snapshot keeps the last one only. */
  rememberBatches(other: ProducerStateManager): void {
    for (const [producerId, entry] of this.producers) {
      const seen = other.producers.get(producerId);
      if (seen !== undefined) entry.remember(seen);
    }
  }

  /** Writes a snapshot of the present state unless there is one already; returns its offset. */
  takeSnapshot(sync: boolean): number | undefined {
    if (this.endOffset <= this.lastSnapshotOffset) return undefined;
    this.snapshots.write(this.endOffset, encodeProducerSnapshot(this.producers.values()), sync);
    this.lastSnapshotOffset = this.endOffset;
    return this.endOffset;
  }

  /** Goes back to the state of the last snapshot at or before `logEndOffset`; the caller replays the rest. */
  truncateAndReload(logStartOffset: number, logEndOffset: number, nowMs: number): void {
    for (const offset of [...this.snapshots.all]) {
      if (offset > logEndOffset || offset <= logStartOffset) this.snapshots.remove(offset);
    }
    if (logEndOffset === this.endOffset) {
      this.onLogStartOffset(logStartOffset);
      return;
    }
    this.clear();
    this.loadLatestSnapshot(logStartOffset, nowMs);
  }

  private clear(): void {
    this.producers.clear();
    this.open.clear();
    this.unreplicated.clear();
  }

  private loadLatestSnapshot(logStartOffset: number, nowMs: number): void {
    for (;;) {
      const offset = this.snapshots.latest;
      if (offset === undefined) {
        this.lastSnapshotOffset = logStartOffset;
        this.endOffset = logStartOffset;
        return;
      }
      try {
        this.load(decodeProducerSnapshot(this.snapshots.read(offset)), nowMs);
        this.lastSnapshotOffset = offset;
        this.endOffset = offset;
        return;
      } catch (error) {
        if (!(error instanceof MalformedError)) throw error;
        this.log.warn(`Removing damaged producer snapshot ${this.snapshots.path(offset)}: ${error.message}`);
        this.snapshots.remove(offset);
      }
    }
  }

  private load(entries: readonly ProducerStateEntry[], nowMs: number): void {
    const transactions: StartedTransaction[] = [];
    for (const entry of entries) {
      if (this.isExpired(entry, nowMs)) continue;
      this.producers.set(entry.producerId, entry);
      const first = entry.currentTransactionFirstOffset;
      if (first !== undefined) {
        transactions.push({ producerId: entry.producerId, firstOffset: offsetOnly(first) });
      }
    }
    transactions.sort((a, b) => a.firstOffset.messageOffset - b.firstOffset.messageOffset);
    for (const each of transactions) this.open.set(each.firstOffset.messageOffset, each);
  }

  private isExpired(entry: ProducerStateEntry, nowMs: number): boolean {
    return (
      entry.currentTransactionFirstOffset === undefined && nowMs - entry.lastTimestamp >= this.expirationMs()
    );
  }

  removeExpired(nowMs: number): void {
    for (const [producerId, entry] of this.producers) {
      if (this.isExpired(entry, nowMs)) this.producers.delete(producerId);
    }
  }

  onLogStartOffset(logStartOffset: number): void {
    this.forgetReplicated(logStartOffset);
    if (this.endOffset < logStartOffset) this.endOffset = logStartOffset;
    this.lastSnapshotOffset = this.snapshots.latest ?? logStartOffset;
  }

  truncateFullyAndStartAt(offset: number): void {
    this.clear();
    for (const snapshot of [...this.snapshots.all]) this.snapshots.remove(snapshot);
    this.lastSnapshotOffset = 0;
    this.endOffset = offset;
  }
}
