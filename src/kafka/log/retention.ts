import type { LogSegment } from './segment.ts';

export interface RetentionQuestion {
  readonly segments: readonly LogSegment[];
  readonly highWatermark: number;
  readonly logEndOffset: number;
}

/**
 * The segments from the oldest on that may go by a rule. None at or above the high watermark goes, as it may
 * still be truncated, nor an active segment without records.
 */
export function deletableSegments(
  question: RetentionQuestion,
  rule: (segment: LogSegment, next: LogSegment | undefined) => boolean,
): LogSegment[] {
  const deletable: LogSegment[] = [];
  for (const [index, segment] of question.segments.entries()) {
    const next = question.segments[index + 1];
    const end = next?.baseOffset ?? question.logEndOffset;
    const isEmptyActive = next === undefined && segment.sizeBytes === 0;
    if (isEmptyActive || question.highWatermark < end || !rule(segment, next)) break;
    deletable.push(segment);
  }
  return deletable;
}

/** Everything in the segment is below the log start. */
export function beforeLogStart(logStartOffset: number) {
  return (_: LogSegment, next: LogSegment | undefined): boolean =>
    next !== undefined && next.baseOffset <= logStartOffset;
}

/** The log stays at or above `retention.bytes` without the segment. */
export function beyondRetentionBytes(sizeBytes: number, retentionBytes: number) {
  let excess = sizeBytes - retentionBytes;
  return (segment: LogSegment): boolean => {
    if (retentionBytes < 0 || excess - segment.sizeBytes < 0) return false;
    excess -= segment.sizeBytes;
    return true;
  };
}

/** The segment's latest record is older than `retention.ms`. */
export function beyondRetentionMs(nowMs: number, retentionMs: number) {
  return (segment: LogSegment): boolean =>
    retentionMs >= 0 && nowMs - segment.largestTimestampMs > retentionMs;
}
