import type { Clock } from '../../env/clock.ts';
import { scanBatches } from './batch-scan.ts';
import type { FileComputation } from './file-io.ts';
import type { ProducerStateManager } from './producer-state-manager.ts';
import type { LogSegment } from './segment.ts';
import type { Segments } from './segments.ts';

export interface ReplayOptions {
  readonly clock: Clock;
  readonly logStartOffset: number;
  readonly lastOffset: number;
  readonly messageFormatMagic: number;
  readonly cleanShutdown: boolean;
}

/**
 * Brings producer state to an offset of the log: from the last snapshot at or before it, replaying what follows,
 * and taking snapshots where the last two segments begin and at the end.
 */
export function* replayProducers(
  state: ProducerStateManager,
  segments: Segments,
  options: ReplayOptions,
): FileComputation<void> {
  const { lastOffset } = options;
  const last = segments.count > 0 ? segments.active.baseOffset : undefined;
  const beforeLast = last === undefined ? undefined : segments.lower(last)?.baseOffset;
  const snapshotAt = [beforeLast, last, lastOffset].filter((offset) => offset !== undefined);
  const neverHadProducers = state.snapshots.latest === undefined && options.cleanShutdown;
  if (options.messageFormatMagic < 2 || neverHadProducers) {
    // A log from before idempotent producers: empty snapshots spare the scan, now and after a truncation.
    for (const offset of snapshotAt) {
      state.mapEndOffset = offset;
      state.takeSnapshot(true);
    }
    return;
  }
  const nothingToFind = state.isEmpty && state.mapEndOffset >= lastOffset;
  state.truncateAndReload(options.logStartOffset, lastOffset, options.clock.nowMs());
  if (lastOffset > state.mapEndOffset && !nothingToFind) {
    for (const segment of segments.range(state.mapEndOffset, lastOffset)) {
      const start = Math.max(segment.baseOffset, state.mapEndOffset, options.logStartOffset);
      state.mapEndOffset = start;
      if (snapshotAt.includes(segment.baseOffset)) state.takeSnapshot(true);
      yield* replaySegment(state, segment, start, lastOffset);
    }
  }
  state.mapEndOffset = lastOffset;
  state.takeSnapshot(true);
}

function* replaySegment(
  state: ProducerStateManager,
  segment: LogSegment,
  from: number,
  to: number,
): FileComputation<void> {
  const first = yield* segment.locate(from);
  if (first === undefined) return;
  const end = yield* segment.locate(to);
  const range = { from: first.position, to: end?.position ?? segment.sizeBytes };
  yield* scanBatches(segment.records, range, (batch) => {
    state.replay(batch);
    return true;
  });
}
