import { batchAt, type RecordBatch } from '../../wire/kafka/records/batch.ts';
import type { LogRecord } from '../../wire/kafka/records/record.ts';
import { readBatch } from '../../wire/kafka/records/records.ts';
import { scanHeaders } from './batch-scan.ts';
import { type FileComputation, readAt } from './file-io.ts';
import type { LeaderEpochCache } from './leader-epoch-cache.ts';
import { LogError } from './log-error.ts';
import { ListOffsetsTimestamp, type TimestampAndOffset } from './log-types.ts';
import type { LogSegment } from './segment.ts';
import type { Segments } from './segments.ts';

/** What ListOffsets needs to know of a log. */
export interface OffsetSearchScope {
  readonly segments: Segments;
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  readonly messageFormatMagic: number;
  readonly epochs: LeaderEpochCache | undefined;
}

/**
 * ListOffsets: a time, or one of {@link ListOffsetsTimestamp}. Undefined when no record is that late. Throws
 * UNSUPPORTED_FOR_MESSAGE_FORMAT for a time in a magic 0 log.
 */
export function* offsetForTimestamp(
  timestamp: number,
  scope: OffsetSearchScope,
): FileComputation<TimestampAndOffset | undefined> {
  const { EARLIEST, EARLIEST_LOCAL, LATEST, LATEST_TIERED, MAX_TIMESTAMP } = ListOffsetsTimestamp;
  const { segments, epochs, logStartOffset, logEndOffset } = scope;
  if (scope.messageFormatMagic === 0 && timestamp !== EARLIEST && timestamp !== LATEST) {
    throw new LogError('UNSUPPORTED_FOR_MESSAGE_FORMAT', 'records of format 0 have no timestamps to search');
  }
  switch (timestamp) {
    case LATEST:
      return { timestamp: -1, offset: logEndOffset, leaderEpoch: epochs?.latest?.epoch ?? -1 };
    case EARLIEST:
    case EARLIEST_LOCAL: {
      const earliest = epochs?.earliest;
      const isKnown = earliest !== undefined && earliest.startOffset <= logStartOffset;
      return { timestamp: -1, offset: logStartOffset, leaderEpoch: isKnown ? earliest.epoch : -1 };
    }
    case LATEST_TIERED:
      return { timestamp: -1, offset: -1, leaderEpoch: -1 };
    case MAX_TIMESTAMP:
      return yield* searchMaxTimestamp(segments.all);
    default:
      return yield* searchByTimestamp(segments.all, timestamp, logStartOffset);
  }
}

/**
 * The first record at or after a time, not before `startOffset`. Segments that end before it are passed over,
 * which Apache's UnifiedLog 3.9 does not do: it finds nothing there until they have been deleted.
 */
function* searchByTimestamp(
  segments: readonly LogSegment[],
  timestamp: number,
  startOffset: number,
): FileComputation<TimestampAndOffset | undefined> {
  const segment = segments.find((each, index) => {
    const next = segments[index + 1];
    const isBelowStart = next !== undefined && next.baseOffset <= startOffset;
    return !isBelowStart && each.largestTimestampMs >= timestamp;
  });
  if (segment === undefined) return undefined;
  const indexed = segment.timeIndex.lookup(timestamp).offset;
  let position = segment.offsetIndex.lookup(Math.max(indexed, startOffset)).position;
  for (;;) {
    const batch = yield* findBatch(segment, position, (each) => each.maxTimestamp >= timestamp);
    if (batch === undefined) return undefined;
    const found = findRecord(
      batch.content,
      (record) => record.timestamp >= timestamp && record.offset >= startOffset,
    );
    if (found !== undefined) return found;
    position = batch.position + batch.content.sizeInBytes;
  }
}

/** The first record with the latest timestamp of the log. */
function* searchMaxTimestamp(
  segments: readonly LogSegment[],
): FileComputation<TimestampAndOffset | undefined> {
  let latest: LogSegment | undefined;
  for (const segment of segments) {
    const largest = segment.largestTimestampAndOffset.timestamp;
    if (latest === undefined || largest > latest.largestTimestampAndOffset.timestamp) latest = segment;
  }
  if (latest === undefined) return undefined;
  const { timestamp, offset } = latest.largestTimestampAndOffset;
  if (timestamp < 0) return undefined;
  const { position } = latest.offsetIndex.lookup(offset);
  const batch = yield* findBatch(latest, position, (each) => each.maxTimestamp === timestamp);
  return batch === undefined
    ? undefined
    : findRecord(batch.content, (record) => record.timestamp === timestamp);
}

interface FoundBatch {
  readonly content: RecordBatch;
  readonly position: number;
}

/** The first batch from a position on whose header satisfies a condition, read whole. */
function* findBatch(
  segment: LogSegment,
  from: number,
  wanted: (header: RecordBatch) => boolean,
): FileComputation<FoundBatch | undefined> {
  let bytes = 0;
  const range = { from, to: segment.sizeBytes };
  const position = yield* scanHeaders(segment.records, range, (header) => {
    if (!wanted(header)) return true;
    bytes = header.sizeInBytes;
    return false;
  });
  if (bytes === 0) return undefined;
  const content = batchAt(yield* readAt(segment.records, position, bytes), 0);
  return content === undefined ? undefined : { content, position };
}

function findRecord(
  batch: RecordBatch,
  wanted: (record: LogRecord) => boolean,
): TimestampAndOffset | undefined {
  for (const record of readBatch(batch)) {
    if (!wanted(record)) continue;
    return { timestamp: record.timestamp, offset: record.offset, leaderEpoch: batch.leaderEpoch };
  }
  return undefined;
}

/**
 * ListOffsets version 0: starts of segments that were last changed at or before a time, newest first. `end` is
 * the log end, counted as changed now, or undefined when the active segment is empty.
 */
export function segmentStartsBefore(
  starts: readonly { readonly offset: number; readonly modifiedMs: number }[],
  timestamp: number,
  maxOffsets: number,
): number[] {
  const upTo =
    timestamp === -1
      ? starts.length - 1
      : timestamp === -2
        ? 0
        : starts.findLastIndex((start) => start.modifiedMs <= timestamp);
  const offsets = starts.slice(Math.max(0, upTo + 1 - maxOffsets), upTo + 1).map((start) => start.offset);
  return offsets.sort((a, b) => b - a);
}
