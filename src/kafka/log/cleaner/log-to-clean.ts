import type { LogSegment } from '../segment.ts';
import type { CleanableLog } from './cleanable-log.ts';

/** What a cleaning of a log would have to do. */
export interface LogToClean {
  readonly log: CleanableLog;
  /** Records from here on have not been cleaned yet. */
  readonly firstDirtyOffset: number;
  /** Base offset of the first segment that must stay as it is. */
  readonly firstUncleanableOffset: number;
  /** Of all segments that a cleaning would go through. */
  readonly totalBytes: number;
  readonly cleanableBytes: number;
  /** Of the log from the first that must stay as it is. */
  readonly uncleanableBytes: number;
  /** How long the oldest dirty record waits beyond `max.compaction.lag.ms`; 0 within it. */
  readonly overdueMs: number;
  /** The checkpoint cannot be: the log begins later, or ends earlier. */
  readonly resetsCheckpoint: boolean;
}

/** Share of the log that has not been cleaned. */
export function dirtyRatio({ cleanableBytes, totalBytes }: LogToClean): number {
  return totalBytes === 0 ? 0 : cleanableBytes / totalBytes;
}

export function isWorthCleaning(candidate: LogToClean): boolean {
  if (candidate.overdueMs > 0 && candidate.cleanableBytes > 0) return true;
  return dirtyRatio(candidate) > candidate.log.config.minCleanableDirtyRatio;
}

/** Judges a log as Apache's LogCleanerManager does. */
export function logToClean(log: CleanableLog, nowMs: number): LogToClean {
  const { firstDirtyOffset, resetsCheckpoint } = findFirstDirty(log);
  const limit = Math.max(firstDirtyOffset, uncleanableLimit(log, firstDirtyOffset, nowMs));
  const firstUncleanable = log.inactiveSegmentsFrom(limit)[0] ?? log.segments.active;
  const firstUncleanableOffset = firstUncleanable.baseOffset;
  const dirty = log.segmentsIn(Math.min(firstDirtyOffset, firstUncleanableOffset), firstUncleanableOffset);
  const cleanableBytes = sizeOf(dirty);
  return {
    log,
    firstDirtyOffset,
    firstUncleanableOffset,
    totalBytes: sizeOf(log.segmentsIn(-1, firstDirtyOffset)) + cleanableBytes,
    cleanableBytes,
    uncleanableBytes: sizeOf(log.segmentsIn(firstUncleanableOffset, Number.MAX_SAFE_INTEGER)),
    overdueMs: overdueMs(log, firstDirtyOffset, nowMs),
    resetsCheckpoint,
  };
}

function findFirstDirty(log: CleanableLog): { firstDirtyOffset: number; resetsCheckpoint: boolean } {
  const { logStartOffset, logEndOffset } = log;
  const checkpoint = log.cleanedOffset ?? logStartOffset;
  const isImpossible = checkpoint < logStartOffset || checkpoint > logEndOffset;
  return { firstDirtyOffset: isImpossible ? logStartOffset : checkpoint, resetsCheckpoint: isImpossible };
}

/**
 * Nothing at or after it may be cleaned: it is not decided or not replicated, still appended to, or younger than
 * `min.compaction.lag.ms`.
 */
function uncleanableLimit(log: CleanableLog, firstDirtyOffset: number, nowMs: number): number {
  const limit = Math.min(log.lastStableOffset, log.segments.active.baseOffset);
  const { minCompactionLagMs } = log.config;
  if (minCompactionLagMs <= 0) return limit;
  const young = log
    .inactiveSegmentsFrom(firstDirtyOffset)
    .find((segment) => segment.largestTimestampMs > nowMs - minCompactionLagMs);
  return Math.min(limit, young?.baseOffset ?? limit);
}

function overdueMs(log: CleanableLog, firstDirtyOffset: number, nowMs: number): number {
  const cleanUntilMs = nowMs - Math.max(log.config.maxCompactionLagMs, 0);
  if (cleanUntilMs <= 0) return 0;
  let earliest = cleanUntilMs;
  for (const { firstBatchTimestampMs } of log.inactiveSegmentsFrom(firstDirtyOffset)) {
    if (firstBatchTimestampMs > 0) earliest = Math.min(earliest, firstBatchTimestampMs);
  }
  return cleanUntilMs - earliest;
}

function sizeOf(segments: readonly LogSegment[]): number {
  let bytes = 0;
  for (const { sizeBytes } of segments) bytes += sizeBytes;
  return bytes;
}
