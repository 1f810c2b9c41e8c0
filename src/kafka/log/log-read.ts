import { readInt64 } from '../../base/int64.ts';
import { BATCH_OVERHEAD, BatchField, LOG_OVERHEAD } from '../../wire/kafka/records/batch.ts';
import { headerAt } from './batch-scan.ts';
import { type FileComputation, readAt } from './file-io.ts';
import type { HotRead, HotReadOptions } from './hot-tail.ts';
import type { AbortedTransaction } from './log-types.ts';
import type { LogSegment } from './segment.ts';
import type { Segments } from './segments.ts';
import type { AbortedTransactionEntry } from './transaction-index.ts';

/**
 * Reads whole batches from the segment that holds the start offset, or from the first later one that has records.
 * Undefined when there are none.
 */
export function* readCold(segments: Segments, options: HotReadOptions): FileComputation<HotRead | undefined> {
  let segment = segments.floor(options.startOffset);
  while (segment !== undefined) {
    const read = yield* readSegment(segment, options);
    if (read !== undefined) return read;
    segment = segments.higher(segment.baseOffset);
  }
  return undefined;
}

function* readSegment(segment: LogSegment, options: HotReadOptions): FileComputation<HotRead | undefined> {
  const { startOffset, limitOffset, maxBytes, minOneMessage } = options;
  const { cuts } = segment;
  const position = segment.readEnds.positionOf(startOffset) ?? (yield* segment.locate(startOffset))?.position;
  if (position === undefined || position >= segment.sizeBytes) return undefined;
  const restBytes = segment.sizeBytes - position;
  const roomBytes = Math.max(maxBytes, BATCH_OVERHEAD);
  const buffer = yield* readAt(segment.records, position, Math.min(roomBytes, restBytes));
  const first = headerAt(buffer, 0, restBytes);
  if (first === undefined) return undefined;
  const limitBytes = minOneMessage ? Math.max(maxBytes, first.sizeInBytes) : maxBytes;
  const visible = first.lastOffset < limitOffset && limitBytes > 0;
  const isShort = visible && minOneMessage && first.sizeInBytes > buffer.length;
  const bytes = isShort ? yield* readAt(segment.records, position, first.sizeInBytes) : buffer;
  const { end, lastOffset } = wholeBatches(bytes.subarray(0, visible ? limitBytes : 0), limitOffset);
  const firstEntryIncomplete = visible && end === 0;
  const chunk = bytes.subarray(0, firstEntryIncomplete ? limitBytes : end);
  if (lastOffset !== undefined && segment.cuts === cuts) {
    segment.readEnds.moved(startOffset, { offset: lastOffset + 1, position: position + end });
  }
  return {
    chunks: chunk.length === 0 ? [] : [chunk],
    bytes: chunk.length,
    lastOffset,
    segmentBaseOffset: segment.baseOffset,
    position,
    firstEntryIncomplete,
  };
}

/** Where the last batch ends that is whole and ends below the limit. */
function wholeBatches(
  buffer: Buffer,
  limitOffset: number,
): { readonly end: number; readonly lastOffset: number | undefined } {
  let end = 0;
  let lastOffset: number | undefined;
  while (buffer.length - end > LOG_OVERHEAD) {
    const size = LOG_OVERHEAD + buffer.readInt32BE(end + BatchField.length);
    if (size <= LOG_OVERHEAD || end + size > buffer.length) break;
    const isMagic2 = size >= BATCH_OVERHEAD && buffer.readInt8(end + BatchField.magic) === 2;
    const delta = isMagic2 ? buffer.readInt32BE(end + BatchField.lastOffsetDelta) : 0;
    const last = readInt64(buffer, end) + delta;
    if (last >= limitOffset) break;
    lastOffset = last;
    end += size;
  }
  return { end, lastOffset };
}

/** The aborted transactions that a reader of [startOffset, upperBound) must know of. */
export function collectAborted(
  segments: Segments,
  startOffset: number,
  upperBound: number,
): AbortedTransaction[] {
  return collectAbortedEntries(segments, startOffset, upperBound).map(({ producerId, firstOffset }) => ({
    producerId,
    firstOffset,
  }));
}

/** The aborted transactions that touch [startOffset, upperBound), with all that the index says of them. */
export function collectAbortedEntries(
  segments: Segments,
  startOffset: number,
  upperBound: number,
): AbortedTransactionEntry[] {
  const found: AbortedTransactionEntry[] = [];
  let segment = segments.floor(startOffset);
  while (segment !== undefined && !segment.transactionIndex.collect(startOffset, upperBound, found)) {
    segment = segments.higher(segment.baseOffset);
  }
  return found;
}
