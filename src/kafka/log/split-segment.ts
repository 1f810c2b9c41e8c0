import { firstOffset } from '../../wire/kafka/records/records.ts';
import { scanBatches } from './batch-scan.ts';
import type { FileComputation } from './file-io.ts';
import { FileSuffix } from './file-names.ts';
import type { LogConfig } from './log-config.ts';
import { MAX_RELATIVE_OFFSET } from './offset-index.ts';
import { LogSegment, type SegmentContext } from './segment.ts';

export interface SplitOptions {
  readonly context: SegmentContext;
  readonly directory: string;
  readonly config: LogConfig;
}

/**
 * Copies a segment whose offsets are too far apart for its index (KAFKA-6264) into several that are not, durable
 * `.cleaned` ones, ready for `swapIn`. The segment itself stays as it is; what follows a damaged batch is not copied.
 */
export function* splitSegment(
  segment: LogSegment,
  options: SplitOptions,
): FileComputation<{ readonly pieces: LogSegment[]; readonly lostBytes: number }> {
  const { context, directory, config } = options;
  const pieces: LogSegment[] = [];
  let isDone = false;
  try {
    yield* scanBatches(segment.records, { from: 0, to: segment.sizeBytes }, (batch) => {
      if (!batch.isValid()) return false;
      const { lastOffset, maxTimestamp, sizeInBytes } = batch;
      let piece = pieces.at(-1);
      if (piece === undefined || lastOffset - piece.baseOffset > MAX_RELATIVE_OFFSET) {
        const place = { directory, baseOffset: firstOffset(batch), suffix: FileSuffix.cleaned };
        piece = new LogSegment(context, place, config);
        pieces.push(piece);
      }
      piece.append(batch.bytes(), [{ lastOffset, maxTimestamp, bytes: sizeInBytes }]);
      return true;
    });
    for (const piece of pieces) {
      piece.seal();
      piece.syncNow();
      piece.setModified(segment.modifiedMs);
    }
    isDone = true;
    const copied = pieces.reduce((bytes, piece) => bytes + piece.sizeBytes, 0);
    return { pieces, lostBytes: segment.sizeBytes - copied };
  } finally {
    if (!isDone) for (const piece of pieces) piece.remove();
  }
}
