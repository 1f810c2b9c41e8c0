import { assert } from '../../base/assert.ts';
import type { Log } from '../../env/log.ts';
import { runBlocking } from './file-io.ts';
import { FileSuffix, offsetFileName } from './file-names.ts';
import type { LogConfig } from './log-config.ts';
import type { LogContext } from './log-context.ts';
import { LogError } from './log-error.ts';
import type { LogOffsetMetadata } from './log-types.ts';
import { type AppendedBatch, LogSegment } from './segment.ts';
import { swapIn } from './segment-swap.ts';
import type { Segments } from './segments.ts';
import { splitSegment } from './split-segment.ts';

export interface LocalLogState {
  readonly segments: Segments;
  readonly recoveryPoint: number;
  readonly logEndOffset: number;
}

export interface LogPlace {
  /** The log directory (one of `log.dirs`), and the log's own directory in it. */
  readonly logDir: string;
  readonly directory: string;
  readonly log: Log;
  /** Waits for what must be durable, besides the segments, before the recovery point moves. */
  readonly companions: () => Promise<void> | undefined;
}

/**
 * The segments of one log on disk: appending, rolling, flushing, truncating and removing them. What producers,
 * replicas and consumers make of it is {@link UnifiedLog}'s.
 */
export class LocalLog {
  private readonly context: LogContext;
  private readonly log: Log;
  readonly segments: Segments;
  readonly logDir: string;
  private path: string;
  config: LogConfig;
  /** Everything below is durable: recovery begins here. */
  private recoveryOffset: number;
  private end: LogOffsetMetadata;
  private lastFlush: number;
  /** The log cleaner has been through everything below; undefined before its first time. */
  cleanedOffset: number | undefined;
  private directoryIsDurable = false;
  /** Counts truncations, so that a flush or read that spans one knows. */
  private truncationCount = 0;
  private readonly companions: () => Promise<void> | undefined;
  private users = 0;
  private whenUnused: (() => void)[] = [];

  constructor(context: LogContext, place: LogPlace, config: LogConfig, state: LocalLogState) {
    this.context = context;
    this.log = place.log;
    this.logDir = place.logDir;
    this.path = place.directory;
    this.companions = place.companions;
    this.config = config;
    this.segments = state.segments;
    this.recoveryOffset = state.recoveryPoint;
    this.end = this.endAt(state.logEndOffset);
    this.lastFlush = context.env.clock.nowMs();
  }

  get directory(): string {
    return this.path;
  }

  get recoveryPoint(): number {
    return this.recoveryOffset;
  }

  get logEnd(): LogOffsetMetadata {
    return this.end;
  }

  get logEndOffset(): number {
    return this.end.messageOffset;
  }

  get lastFlushMs(): number {
    return this.lastFlush;
  }

  get truncations(): number {
    return this.truncationCount;
  }

  /** Records are gone below this offset: nothing there needs recovery. */
  raiseRecoveryPoint(offset: number): void {
    if (this.recoveryOffset < offset) this.recoveryOffset = offset;
  }

  private endAt(offset: number): LogOffsetMetadata {
    const { active } = this.segments;
    return {
      messageOffset: offset,
      segmentBaseOffset: active.baseOffset,
      positionInSegment: active.sizeBytes,
    };
  }

  private setEnd(offset: number): void {
    this.end = this.endAt(offset);
    if (this.recoveryOffset > offset) this.recoveryOffset = offset;
    if (this.cleanedOffset !== undefined && this.cleanedOffset > offset) this.cleanedOffset = offset;
  }

  /** Returns the position of the first batch in the active segment. */
  append(chunk: Buffer, batches: readonly AppendedBatch[], lastOffset: number): number {
    const position = this.segments.active.append(chunk, batches);
    this.setEnd(lastOffset + 1);
    return position;
  }

  /** Begins a new segment at the log end, or at a later offset that the next append is known to have. */
  roll(expectedNextOffset = 0): LogSegment {
    const { active } = this.segments;
    const baseOffset = Math.max(expectedNextOffset, this.logEndOffset);
    if (active.baseOffset === baseOffset) {
      assert(active.sizeBytes === 0, `segment ${baseOffset} exists already and has records`);
      // An index without room for a single entry makes an empty segment roll (KAFKA-6388).
      this.log.warn(`Replacing the empty segment ${baseOffset}`);
      return this.replaceActive(baseOffset);
    }
    assert(baseOffset > active.baseOffset, `segment ${baseOffset} would be before the active one`);
    return this.context.failures.guardRepeatable(this.logDir, `begin a segment of ${this.path}`, () => {
      this.removeLeftovers(baseOffset);
      active.seal();
      const segment = this.create(baseOffset);
      this.setEnd(this.logEndOffset);
      return segment;
    });
  }

  private create(baseOffset: number): LogSegment {
    const { segmentBytes, preallocate } = this.config;
    const place = {
      directory: this.path,
      baseOffset,
      ...(preallocate ? { preallocatedBytes: segmentBytes } : {}),
    };
    const segment = new LogSegment(this.context.env, place, this.config);
    this.segments.add(segment);
    return segment;
  }

  /** A segment that is no part of the log yet: {@link LocalLog.replaceSegments} makes it one. */
  createCleaned(baseOffset: number): LogSegment {
    this.removeLeftovers(baseOffset, FileSuffix.cleaned);
    const place = { directory: this.path, baseOffset, suffix: FileSuffix.cleaned };
    return new LogSegment(this.context.env, place, this.config);
  }

  splitIntoPieces(segment: LogSegment): ReturnType<typeof splitSegment> {
    return splitSegment(segment, { context: this.context.env, directory: this.path, config: this.config });
  }

  /**
   * Puts segments that were written aside, and are durable, in the place of others, which go after
   * `file.delete.delay.ms`.
   */
  replaceSegments(segments: readonly LogSegment[], old: readonly LogSegment[]): void {
    swapIn(this.context.env.disk, this.path, segments, () => this.discard(old));
    for (const segment of segments) this.segments.add(segment);
  }

  private removeLeftovers(baseOffset: number, suffix = ''): void {
    const names = [FileSuffix.log, FileSuffix.offsetIndex, FileSuffix.timeIndex, FileSuffix.transactionIndex];
    for (const name of names) {
      const path = `${this.path}/${offsetFileName(baseOffset, name)}${suffix}`;
      if (this.context.env.disk.stat(path) === undefined) continue;
      this.log.warn(`Removing ${path}, left over where a new segment begins`);
      this.context.env.disk.remove(path);
    }
  }

  private replaceActive(baseOffset: number): LogSegment {
    const { active } = this.segments;
    this.discard([active]);
    const segment = this.create(baseOffset);
    this.setEnd(this.logEndOffset);
    return segment;
  }

  /** Takes segments out of the log; their files go after `file.delete.delay.ms`. */
  discard(segments: readonly LogSegment[]): void {
    if (segments.length === 0) return;
    for (const segment of segments) {
      this.segments.remove(segment);
      segment.changeSuffix(FileSuffix.deleted);
    }
    this.removeLater(segments, []);
  }

  /** Removes segments that were taken out of the log, and other files, after `file.delete.delay.ms`. */
  removeLater(segments: readonly LogSegment[], paths: readonly string[]): void {
    if (segments.length === 0 && paths.length === 0) return;
    this.context.removals.schedule(this.config.fileDeleteDelayMs, () => {
      this.onceUnused(() => this.removeNow(segments, paths));
    });
  }

  private removeNow(segments: readonly LogSegment[], paths: readonly string[]): void {
    const { failures, env } = this.context;
    if (failures.isOffline(this.logDir)) {
      for (const segment of segments) segment.release();
      return;
    }
    try {
      failures.guard(this.logDir, `remove old files of ${this.path}`, () => {
        for (const segment of segments) segment.remove();
        for (const path of paths) env.disk.remove(path);
      });
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      this.log.error(error.message);
    }
  }

  /**
   * Runs work that nobody waits for. A disk error takes the directory offline and is told in the broker's log;
   * any other is a bug, and is thrown.
   */
  inBackground(what: string, work: () => Promise<void>): void {
    this.hold();
    const done = this.context.failures
      .guardRepeatableAsync(this.logDir, `${what} of ${this.path}`, work)
      .catch((error: unknown) => {
        if (!(error instanceof LogError)) throw error;
        this.log.error(error.message);
      })
      .finally(() => this.release());
    void done;
  }

  /** A computation over the files goes on over several turns: they stay open until {@link release}. */
  hold(): void {
    this.users += 1;
  }

  release(): void {
    this.users -= 1;
    if (this.users > 0) return;
    const actions = this.whenUnused;
    this.whenUnused = [];
    for (const action of actions) action();
  }

  /** Runs now, or once nobody uses the files. */
  onceUnused(action: () => void): void {
    if (this.users === 0) action();
    else this.whenUnused.push(action);
  }

  /** Drops everything from `offset` on; returns the segments dropped whole. */
  truncateTo(offset: number): LogSegment[] {
    this.truncationCount += 1;
    const dropped = this.segments.all.filter((segment) => segment.baseOffset > offset);
    this.discard(dropped);
    runBlocking(this.segments.active.truncateTo(offset));
    this.setEnd(offset);
    return dropped;
  }

  truncateFullyAndStartAt(offset: number): LogSegment[] {
    this.truncationCount += 1;
    const dropped = [...this.segments.all];
    this.discard(dropped);
    this.create(offset);
    this.setEnd(offset);
    return dropped;
  }

  /**
   * Makes the log durable up to an offset and moves the recovery point there. With `force` an active segment that
   * begins at the offset is synced too, empty as it is.
   */
  async flush(upTo: number, force: boolean): Promise<void> {
    const from = this.recoveryOffset;
    const end = force ? upTo + 1 : upTo;
    if (end <= from) return;
    const truncations = this.truncationCount;
    const segments = this.segments.range(from, end);
    await this.context.failures.guardRepeatableAsync(this.logDir, `flush ${this.path}`, async () => {
      const names = async () => {
        if (segments.some((segment) => segment.hasNewFiles)) this.syncDirectories(segments);
      };
      // All in one turn, and each failure a rejection: several at once must not leave one that nobody hears.
      await Promise.all([this.companions(), ...segments.map(async (segment) => segment.sync()), names()]);
    });
    if (truncations === this.truncationCount) {
      this.raiseRecoveryPoint(Math.min(upTo, this.logEndOffset));
      this.lastFlush = this.context.env.clock.nowMs();
    }
  }

  /** New files are durable only with their directory, and that with the log directory. */
  private syncDirectories(segments: readonly LogSegment[]): void {
    const { disk } = this.context.env;
    if (disk.stat(this.path) === undefined) return;
    disk.syncDirectory(this.path);
    for (const segment of segments) segment.namesSynced();
    if (this.directoryIsDurable) return;
    disk.syncDirectory(this.logDir);
    this.directoryIsDurable = true;
  }

  rename(name: string): void {
    const path = `${this.logDir}/${name}`;
    this.context.env.disk.rename(this.path, path);
    this.context.env.disk.syncDirectory(this.logDir);
    this.path = path;
    for (const segment of this.segments.all) segment.moved(path);
  }

  close(): void {
    for (const segment of this.segments.all) segment.close();
  }

  /** Lets all descriptors go and writes nothing more. */
  abandon(): void {
    for (const segment of this.segments.all) segment.release();
  }
}
