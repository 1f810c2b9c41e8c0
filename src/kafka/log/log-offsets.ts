import { runBlocking } from './file-io.ts';
import type { LocalLog } from './local-log.ts';
import {
  isOffsetOnly,
  type LogOffsetMetadata,
  type LogOffsetSnapshot,
  offsetOnly,
  type ReadIsolation,
} from './log-types.ts';
import type { ProducerStateManager } from './producer-state-manager.ts';

/**
 * The offsets that bound what readers of a log see: log start, last stable offset, high watermark. They are held
 * in this order, up to the log end.
 */
export class LogOffsets {
  private readonly local: LocalLog;
  private readonly producers: ProducerStateManager;
  private start: number;
  private highWatermarkAt: LogOffsetMetadata;
  private firstUnstable: LogOffsetMetadata | undefined;

  constructor(local: LocalLog, producers: ProducerStateManager, logStartOffset: number) {
    this.local = local;
    this.producers = producers;
    this.start = logStartOffset;
    this.highWatermarkAt = offsetOnly(logStartOffset);
    local.raiseRecoveryPoint(logStartOffset);
    this.producersChanged();
  }

  get logStart(): number {
    return this.start;
  }

  get highWatermark(): number {
    return this.highWatermarkAt.messageOffset;
  }

  get lastStable(): number {
    return Math.min(this.firstUnstable?.messageOffset ?? this.highWatermark, this.highWatermark);
  }

  /** What a reader may see ends here. */
  limitOf(isolation: ReadIsolation): LogOffsetMetadata {
    if (isolation === 'log-end') return this.local.logEnd;
    const isUnstable = isolation === 'last-stable-offset' && this.lastStable < this.highWatermark;
    return isUnstable ? (this.firstUnstable ?? this.highWatermarkAt) : this.highWatermarkAt;
  }

  /** All offsets with their positions, looked up where they are not known. */
  snapshot(): LogOffsetSnapshot {
    this.highWatermarkAt = this.resolve(this.highWatermarkAt);
    const unstable = this.firstUnstable;
    let lastStable = this.highWatermarkAt;
    if (unstable !== undefined && unstable.messageOffset < this.highWatermark) {
      lastStable = this.resolve(unstable);
      this.firstUnstable = lastStable;
    }
    const { logEnd } = this.local;
    return { logStartOffset: this.start, logEnd, highWatermark: this.highWatermarkAt, lastStable };
  }

  private resolve(at: LogOffsetMetadata): LogOffsetMetadata {
    if (!isOffsetOnly(at)) return at;
    const { messageOffset } = at;
    if (messageOffset >= this.local.logEndOffset) return this.local.logEnd;
    const segment = this.local.segments.floor(messageOffset);
    if (segment === undefined) return at;
    const place = runBlocking(segment.locate(messageOffset));
    if (place === undefined) return at;
    return { messageOffset, segmentBaseOffset: segment.baseOffset, positionInSegment: place.position };
  }

  /** Sets the high watermark, held between log start and log end. */
  updateHighWatermark(wanted: LogOffsetMetadata): void {
    if (wanted.messageOffset < this.start) this.setHighWatermark(offsetOnly(this.start));
    else if (wanted.messageOffset >= this.local.logEndOffset) this.setHighWatermark(this.local.logEnd);
    else this.setHighWatermark(wanted);
  }

  /** Returns the old one, or undefined when it stays. */
  maybeIncrementHighWatermark(wanted: LogOffsetMetadata): LogOffsetMetadata | undefined {
    const old = this.highWatermarkAt;
    // At the same offset a new segment may have begun.
    const moves =
      old.messageOffset < wanted.messageOffset ||
      (old.messageOffset === wanted.messageOffset && old.segmentBaseOffset < wanted.segmentBaseOffset);
    if (!moves || wanted.messageOffset > this.local.logEndOffset) return undefined;
    this.setHighWatermark(wanted);
    return old;
  }

  private setHighWatermark(at: LogOffsetMetadata): void {
    this.highWatermarkAt = at;
    this.producers.onHighWatermark(at.messageOffset);
    this.producersChanged();
  }

  /** The log end has moved back to or below the high watermark, or into a new segment. */
  holdHighWatermarkAtEnd(): void {
    if (this.highWatermark >= this.local.logEndOffset) this.setHighWatermark(this.local.logEnd);
  }

  /** Transactions may have begun or ended. */
  producersChanged(): void {
    const first = this.producers.firstUnstableOffset;
    const isBelowStart = first !== undefined && first.messageOffset < this.start;
    this.firstUnstable = isBelowStart ? offsetOnly(this.start) : first;
  }

  raiseLogStart(offset: number): void {
    this.start = offset;
    if (this.highWatermark < offset) this.updateHighWatermark(offsetOnly(offset));
    this.local.raiseRecoveryPoint(offset);
    this.producers.onLogStartOffset(offset);
    this.producersChanged();
  }

  /** After a truncation, which can only lower it or begin anew. */
  resetLogStart(offset: number): void {
    this.start = offset;
  }
}
