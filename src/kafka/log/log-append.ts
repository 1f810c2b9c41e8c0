import { assert } from '../../base/assert.ts';
import { batchesIn, NO_LEADER_EPOCH, type RecordBatch } from '../../wire/kafka/records/batch.ts';
import { firstOffset } from '../../wire/kafka/records/records.ts';
import { LogError } from './log-error.ts';
import type { AppendInfo } from './log-types.ts';
import type { BatchMetadata } from './producer-state-entry.ts';
import { OffsetOrderError } from './segment-errors.ts';

/** The batches of one append and what they amount to. */
export interface AnalyzedAppend {
  /** Whole batches, without a partial one at the end. */
  readonly records: Buffer;
  readonly batches: readonly RecordBatch[];
  /** -1 for a follower's magic 0 and 1, whose first offset only unpacking tells. */
  readonly firstOffset: number;
  readonly lastOffsetOfFirstBatch: number;
  readonly lastOffset: number;
  readonly maxTimestamp: number;
  readonly lastLeaderEpoch: number;
}

/**
 * Gives a leader's new batches their offsets and epoch, in place. Messages of magic 0 and 1 come with their offsets,
 * as in magic 0 those inside a wrapper are absolute. Undefined when there are no batches.
 */
export function assignOffsets(
  records: Buffer,
  logEndOffset: number,
  leaderEpoch: number,
): AnalyzedAppend | undefined {
  let next = logEndOffset;
  const batches: RecordBatch[] = [];
  for (const batch of batchesIn(records)) {
    if (batch.magic === 2) {
      batch.setBaseOffset(next);
      batch.setLeaderEpoch(leaderEpoch);
    } else {
      assert(firstOffset(batch) === next, 'messages of an old format come with their offsets');
    }
    next = batch.nextOffset;
    batches.push(batch);
  }
  const analyzed = summarize(records, batches);
  return analyzed === undefined ? undefined : { ...analyzed, firstOffset: logEndOffset };
}

/**
 * Checks a leader's batches on their way into a follower's log. Batches of a later epoch than the follower knows
 * are left out, with all behind them: the leader that sent them may have lost its place meanwhile. Undefined when
 * nothing remains.
 */
export function checkReplicated(records: Buffer, leaderEpoch: number): AnalyzedAppend | undefined {
  const batches: RecordBatch[] = [];
  let lastOffset = -1;
  for (const batch of batchesIn(records)) {
    if (batch.leaderEpoch !== NO_LEADER_EPOCH && batch.leaderEpoch > leaderEpoch) break;
    if (!batch.isValid()) {
      throw new LogError('CORRUPT_MESSAGE', `the batch at offset ${batch.baseOffset} has a wrong checksum`);
    }
    if (batch.lastOffset <= lastOffset) {
      throw new OffsetOrderError(`replicated batch ends at ${batch.lastOffset}, after one at ${lastOffset}`);
    }
    lastOffset = batch.lastOffset;
    batches.push(batch);
  }
  return summarize(records, batches);
}

function summarize(records: Buffer, batches: readonly RecordBatch[]): AnalyzedAppend | undefined {
  const first = batches[0];
  const last = batches.at(-1);
  if (first === undefined || last === undefined) return undefined;
  let maxTimestamp = -1;
  for (const batch of batches) maxTimestamp = Math.max(maxTimestamp, batch.maxTimestamp);
  return {
    records: last.end === records.length ? records : records.subarray(0, last.end),
    batches,
    firstOffset: first.magic === 2 ? first.baseOffset : -1,
    lastOffsetOfFirstBatch: first.lastOffset,
    lastOffset: last.lastOffset,
    maxTimestamp,
    lastLeaderEpoch: last.leaderEpoch,
  };
}

/** A follower was sent offsets that it has already: it must look again where it stands. */
export class UnexpectedAppendOffsetError extends Error {
  override name = 'UnexpectedAppendOffsetError';
  readonly firstOffset: number;
  readonly lastOffset: number;

  constructor(message: string, offsets: { readonly firstOffset: number; readonly lastOffset: number }) {
    super(message);
    this.firstOffset = offsets.firstOffset;
    this.lastOffset = offsets.lastOffset;
  }
}

/** A follower's batches must not go back behind its log end. */
export function checkFollowsEnd(analyzed: AnalyzedAppend, logEndOffset: number): void {
  const { firstOffset, lastOffset, lastOffsetOfFirstBatch } = analyzed;
  const first = firstOffset >= 0 ? firstOffset : lastOffsetOfFirstBatch;
  if (first >= logEndOffset) return;
  const message = `offset ${first} was sent to a log that ends at ${logEndOffset}`;
  throw new UnexpectedAppendOffsetError(message, { firstOffset: first, lastOffset });
}

export function nothingAppended(logStartOffset: number): AppendInfo {
  return {
    firstOffset: -1,
    lastOffset: -1,
    maxTimestamp: -1,
    appendedBytes: 0,
    duplicate: false,
    duplicateTimestamp: -1,
    lastLeaderEpoch: -1,
    logStartOffset,
    flushed: undefined,
  };
}

export function duplicateInfo(batch: BatchMetadata, logStartOffset: number): AppendInfo {
  return {
    ...nothingAppended(logStartOffset),
    firstOffset: batch.lastOffset - batch.offsetDelta,
    lastOffset: batch.lastOffset,
    duplicate: true,
    duplicateTimestamp: batch.timestamp,
  };
}

export function appendedInfo(
  analyzed: AnalyzedAppend,
  logStartOffset: number,
  flushed: Promise<void> | undefined,
): AppendInfo {
  return {
    firstOffset: analyzed.firstOffset,
    lastOffset: analyzed.lastOffset,
    maxTimestamp: analyzed.maxTimestamp,
    appendedBytes: analyzed.records.length,
    duplicate: false,
    duplicateTimestamp: -1,
    lastLeaderEpoch: analyzed.lastLeaderEpoch,
    logStartOffset,
    flushed,
  };
}
