import type { Log } from '../../env/log.ts';
import type { FileComputation } from './file-io.ts';
import { FileSuffix, offsetFileName, offsetOfFileName } from './file-names.ts';
import type { LeaderEpochCache } from './leader-epoch-cache.ts';
import type { LogConfig } from './log-config.ts';
import type { LogContext } from './log-context.ts';
import { replayProducers } from './producer-replay.ts';
import { ProducerStateManager } from './producer-state-manager.ts';
import { LogSegment } from './segment.ts';
import { OffsetOrderError, SegmentOverflowError } from './segment-errors.ts';
import { swapIn } from './segment-swap.ts';
import { Segments } from './segments.ts';
import { splitSegment } from './split-segment.ts';

export interface LoadOptions {
  readonly directory: string;
  readonly config: LogConfig;
  readonly log: Log;
  readonly cleanShutdown: boolean;
  /** From `log-start-offset-checkpoint`; 0 when it is not there. */
  readonly logStartOffset: number;
  /** From `recovery-point-offset-checkpoint`; 0 when it is not there. */
  readonly recoveryPoint: number;
  /** The log cleaner has been here: offsets may be left out, whatever the topic's policy is now. */
  readonly wasCleaned: boolean;
  readonly epochs: LeaderEpochCache | undefined;
  readonly producers: ProducerStateManager;
  /** A segment has been recovered, or was found to need none any more. */
  readonly onSegmentRecovered: () => void;
}

export interface LoadedLog {
  readonly segments: Segments;
  readonly logStartOffset: number;
  readonly recoveryPoint: number;
  readonly logEndOffset: number;
}

/**
 * Loads a log from its directory:
 * 1. removes what a crash has left half done, and completes finished swaps of the cleaner or of a split;
 * 2. opens the segments, rebuilding the indexes that are missing or damaged;
 * 3. after an unclean shutdown checks every batch from the recovery point on, cuts at the first damaged one and
 *    drops the segments behind it;
 * 4. brings leader epochs and producer state to the end that was found.
 */
export class LogLoader {
  private readonly context: LogContext;
  private readonly options: LoadOptions;
  private readonly segments = new Segments();
  /** What the check of the last segment has found of producers. */
  private recovered: ProducerStateManager | undefined;

  constructor(context: LogContext, options: LoadOptions) {
    this.context = context;
    this.options = options;
  }

  *load(): FileComputation<LoadedLog> {
    yield* this.finishSwaps(this.removeTemporaryFiles());
    yield* this.openSegments();
    const { options, segments } = this;
    const end = yield* this.recoverLog();
    options.epochs?.truncateFromEnd(end.logEndOffset);
    const logStartOffset = Math.max(options.logStartOffset, segments.first?.baseOffset ?? 0);
    options.epochs?.truncateFromStart(options.logStartOffset);
    options.producers.snapshots.removeStray(segments.all.map((segment) => segment.baseOffset));
    yield* replayProducers(options.producers, segments, {
      clock: this.context.env.clock,
      logStartOffset,
      lastOffset: end.logEndOffset,
      messageFormatMagic: options.config.messageFormatMagic,
      cleanShutdown: options.cleanShutdown,
    });
    // Who has several requests in flight to a broker that crashes sends them all again. UnifiedLog of 3.9 comes back with
    // the last batch alone, that of its snapshot, and takes the others for new: the producer begins an epoch with them.
    if (this.recovered !== undefined) options.producers.rememberBatches(this.recovered);
    return { segments, logStartOffset, ...end };
  }

  private get names(): string[] {
    return this.context.env.disk.list(this.options.directory);
  }

  private pathOf(name: string): string {
    return `${this.options.directory}/${name}`;
  }

  private remove(name: string): void {
    this.context.env.disk.remove(this.pathOf(name));
  }

  private open(baseOffset: number, isNew = false): LogSegment {
    const { directory, config } = this.options;
    const preallocated = isNew && config.preallocate ? { preallocatedBytes: config.segmentBytes } : {};
    return new LogSegment(this.context.env, { directory, baseOffset, ...preallocated }, config);
  }

  /** Returns the `.swap` files that are complete. */
  private removeTemporaryFiles(): string[] {
    const { names } = this;
    const cleaned = names.filter((name) => name.endsWith(FileSuffix.cleaned));
    const firstCleaned = Math.min(...cleaned.map((name) => offsetOfFileName(name) ?? 0));
    // A split renames its last segment first: swap files behind a cleaned one belong to a split cut short.
    const isComplete = (name: string) => (offsetOfFileName(name) ?? 0) < firstCleaned;
    const swaps = names.filter((name) => name.endsWith(FileSuffix.swap));
    const rest = names.filter((name) => name.endsWith(FileSuffix.deleted));
    for (const name of [...rest, ...cleaned, ...swaps.filter((swap) => !isComplete(swap))]) this.remove(name);
    return swaps.filter(isComplete);
  }

  private *finishSwaps(swaps: readonly string[]): FileComputation<void> {
    if (swaps.length === 0) return;
    const { directory, config, log } = this.options;
    let from = Number.MAX_SAFE_INTEGER;
    let to = -1;
    for (const name of swaps.filter((swap) => swap.endsWith(FileSuffix.log + FileSuffix.swap))) {
      const place = { directory, baseOffset: offsetOfFileName(name) ?? 0, suffix: FileSuffix.swap };
      const segment = new LogSegment(this.context.env, place, config);
      from = Math.min(from, segment.baseOffset);
      to = Math.max(to, yield* segment.readNextOffset());
      segment.release();
    }
    for (const name of this.names.filter((each) => !each.endsWith(FileSuffix.swap))) {
      const offset = offsetOfFileName(name);
      if (offset === undefined || offset < from || offset >= to) continue;
      log.info(`Removing ${this.pathOf(name)}, which a finished compaction or split has replaced`);
      this.remove(name);
    }
    for (const name of this.names.filter((each) => each.endsWith(FileSuffix.swap))) {
      const path = this.pathOf(name);
      this.context.env.disk.rename(path, path.slice(0, -FileSuffix.swap.length));
    }
  }

  private *openSegments(): FileComputation<void> {
    const names = new Set(this.names);
    const checkedFrom = this.firstToCheck([...names]);
    for (const name of names) {
      const offset = offsetOfFileName(name);
      if (offset === undefined) continue;
      if (isIndexName(name) && !names.has(offsetFileName(offset, FileSuffix.log))) {
        this.options.log.warn(`Removing index ${this.pathOf(name)}, which has no segment`);
        this.remove(name);
      }
      if (name.endsWith(FileSuffix.log)) yield* this.openSegment(offset, names, offset >= checkedFrom);
    }
  }

  /** Base offset of the first segment that {@link recoverUnflushed} will check, and so rebuild anyway. */
  private firstToCheck(names: readonly string[]): number {
    if (this.options.cleanShutdown) return Number.POSITIVE_INFINITY;
    const bases = names
      .filter((name) => name.endsWith(FileSuffix.log))
      .map((name) => offsetOfFileName(name) ?? 0);
    return Math.max(0, ...bases.filter((base) => base <= this.options.recoveryPoint));
  }

  private *openSegment(
    baseOffset: number,
    names: ReadonlySet<string>,
    checkedLater: boolean,
  ): FileComputation<void> {
    const { log } = this.options;
    const missing = [FileSuffix.offsetIndex, FileSuffix.timeIndex].filter(
      (suffix) => !names.has(offsetFileName(baseOffset, suffix)),
    );
    const segment = this.open(baseOffset);
    if (!checkedLater) {
      const damage = missing.length > 0 ? `${missing.join(' and ')} missing` : segment.indexDamage();
      if (damage !== undefined) {
        log.warn(`Rebuilding the indexes of ${segment.path(FileSuffix.log)}: ${damage}`);
        if (yield* this.recoverOrSplit(segment)) return;
      }
    }
    this.segments.add(segment);
  }

  /** Returns true when the segment had to be split: then its pieces are in the log, recovered. */
  private *recoverOrSplit(segment: LogSegment): FileComputation<boolean> {
    try {
      yield* this.recoverSegment(segment);
      return false;
    } catch (error) {
      if (!(error instanceof SegmentOverflowError)) throw error;
      yield* this.split(segment, error);
      return true;
    }
  }

  /** Puts pieces into the log in the place of a segment that is not in it; returns the bytes that were damaged. */
  private *split(segment: LogSegment, why: SegmentOverflowError): FileComputation<number> {
    const { directory, config, log } = this.options;
    log.warn(`Splitting ${segment.path(FileSuffix.log)}: ${why.message}`);
    const { pieces, lostBytes } = yield* splitSegment(segment, {
      context: this.context.env,
      directory,
      config,
    });
    swapIn(this.context.env.disk, directory, pieces, () => this.renameAway([segment]));
    for (const piece of pieces) {
      yield* this.recoverSegment(piece);
      this.segments.add(piece);
    }
    return lostBytes;
  }

  /** Checks every batch and rebuilds the indexes; returns the bytes cut off. */
  private *recoverSegment(segment: LogSegment): FileComputation<number> {
    const { options } = this;
    const producers = new ProducerStateManager(this.context.env.disk, options.directory, {
      log: options.log,
      expirationMs: this.context.producerIdExpirationMs,
    });
    yield* replayProducers(producers, this.segments, {
      clock: this.context.env.clock,
      logStartOffset: options.logStartOffset,
      lastOffset: segment.baseOffset,
      messageFormatMagic: options.config.messageFormatMagic,
      cleanShutdown: false,
    });
    const cut = yield* segment.recover(
      (batch) => {
        if (batch.magic < 2) return;
        const latest = options.epochs?.latest?.epoch ?? -1;
        if (batch.leaderEpoch > latest) options.epochs?.assign(batch.leaderEpoch, batch.baseOffset);
        const ended = producers.replay(batch);
        if (ended?.completed.aborted === true) {
          segment.transactionIndex.append({ ...ended.completed, lastStableOffset: ended.lastStableOffset });
        }
        producers.mapEndOffset = batch.nextOffset;
      },
      (at, error) => {
        options.log.warn(`Damaged batch at byte ${at} of ${segment.path(FileSuffix.log)}: ${error.message}`);
      },
    );
    // The next segment's recovery goes on from here.
    producers.takeSnapshot(true);
    this.recovered = producers;
    return cut;
  }

  private *recoverLog(): FileComputation<{ recoveryPoint: number; logEndOffset: number }> {
    const { options, segments } = this;
    if (!options.cleanShutdown) yield* this.recoverUnflushed();
    const end = yield* this.dropAllIfBehindStart();
    if (segments.count === 0) segments.add(this.open(options.logStartOffset, true));
    const logEndOffset = end ?? (yield* segments.active.readNextOffset());
    // The recovery point only moves by a flush: what was just checked is not yet known to be durable.
    const recoveryPoint =
      options.cleanShutdown && end !== undefined
        ? logEndOffset
        : Math.min(options.recoveryPoint, logEndOffset);
    return { recoveryPoint, logEndOffset };
  }

  private *recoverUnflushed(): FileComputation<void> {
    const { options, segments } = this;
    const unflushed = segments.range(options.recoveryPoint, Number.MAX_SAFE_INTEGER);
    for (const [index, segment] of unflushed.entries()) {
      options.log.info(
        `Recovering segment ${segment.baseOffset} of ${options.directory}, ${index + 1} of ${unflushed.length}`,
      );
      const cut = yield* this.recoverOrEmpty(segment);
      options.onSegmentRecovered();
      const rest = unflushed.slice(index + 1);
      const last = rest[0] === undefined ? segments.active : segments.lower(rest[0].baseOffset);
      const end = yield* (last ?? segment).readNextOffset();
      if (cut === 0 && !this.isTailLost(end, rest[0])) continue;
      options.log.warn(
        `Cut ${cut} bytes from segment ${segment.baseOffset} of ${options.directory}, which ends at offset ` +
          `${end} now, and dropped ${rest.length} segments behind it`,
      );
      this.drop(rest);
      for (const _ of rest) options.onSegmentRecovered();
      return;
    }
  }

  /**
   * A power failure can take the end of a segment away between two batches and keep the next segment. Only
   * compaction leaves offsets out, so elsewhere the rest has to go as well: a log is a prefix of what was
   * appended. Departs from Apache's LogLoader 3.9, which keeps the hole.
   */
  private isTailLost(end: number, next: LogSegment | undefined): boolean {
    const { compact, messageFormatMagic } = this.options.config;
    const mayHaveGaps = compact || this.options.wasCleaned || messageFormatMagic < 2;
    return next !== undefined && next.baseOffset > end && !mayHaveGaps;
  }

  private *recoverOrEmpty(segment: LogSegment): FileComputation<number> {
    try {
      return yield* this.recoverSegment(segment);
    } catch (error) {
      if (error instanceof SegmentOverflowError) {
        this.segments.remove(segment);
        return yield* this.split(segment, error);
      }
      if (!(error instanceof OffsetOrderError)) throw error;
      this.options.log.warn(
        `Emptying segment ${segment.baseOffset} of ${this.options.directory}: ${error.message}`,
      );
      return yield* segment.truncateTo(segment.baseOffset);
    }
  }

  /** Segment files were removed by hand: records between the end and the start checkpoint are gone. */
  private *dropAllIfBehindStart(): FileComputation<number | undefined> {
    const { options, segments } = this;
    if (segments.count === 0) return undefined;
    const end = yield* segments.active.readNextOffset();
    if (end >= options.logStartOffset) return end;
    options.log.warn(
      `Dropping all segments of ${options.directory}: the log ends at ${end}, before its start offset ` +
        `${options.logStartOffset}. Have files been removed?`,
    );
    this.drop([...segments.all]);
    options.epochs?.clear();
    options.producers.truncateFullyAndStartAt(options.logStartOffset);
    return undefined;
  }

  /** Takes segments and their snapshots out; their files go after the usual delay. */
  private drop(segments: readonly LogSegment[]): void {
    for (const segment of segments) this.segments.remove(segment);
    this.renameAway(segments);
  }

  private renameAway(segments: readonly LogSegment[]): void {
    if (segments.length === 0) return;
    const { disk } = this.context.env;
    const snapshots: string[] = [];
    for (const segment of segments) {
      segment.changeSuffix(FileSuffix.deleted);
      const snapshot = this.options.producers.snapshots.markDeleted(segment.baseOffset);
      if (snapshot !== undefined) snapshots.push(snapshot);
    }
    this.context.removals.schedule(this.options.config.fileDeleteDelayMs, () => {
      for (const segment of segments) segment.remove();
      for (const snapshot of snapshots) disk.remove(snapshot);
    });
  }
}

function isIndexName(name: string): boolean {
  return (
    name.endsWith(FileSuffix.offsetIndex) ||
    name.endsWith(FileSuffix.timeIndex) ||
    name.endsWith(FileSuffix.transactionIndex)
  );
}
