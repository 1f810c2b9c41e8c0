import { batchesIn } from '../../wire/kafka/records/batch.ts';
import { UnexpectedAppendOffsetError } from '../log/log-append.ts';
import { LogError } from '../log/log-error.ts';
import type { AppendInfo } from '../log/log-types.ts';
import type { UnifiedLog } from '../log/unified-log.ts';

/**
 * Appends a leader's batches as they are; one by one where they are more than a segment may hold, as after
 * `segment.bytes` was lowered. The first of an empty log may begin below the log's start, when the
 * leader's log starts in the middle of a batch (after DeleteRecords). Throws LogError and
 * {@link UnexpectedAppendOffsetError}.
 */
export function appendReplicated(log: UnifiedLog, records: Buffer, leaderEpoch: number): AppendInfo {
  try {
    return log.appendAsFollower(records, leaderEpoch);
  } catch (error) {
    if (error instanceof LogError && error.error === 'RECORD_LIST_TOO_LARGE') {
      return appendOneByOne(log, records, leaderEpoch);
    }
    const isFirst =
      error instanceof UnexpectedAppendOffsetError &&
      log.logEndOffset === log.logStartOffset &&
      error.firstOffset < log.logEndOffset &&
      error.lastOffset >= log.logEndOffset;
    if (!isFirst) throw error;
    log.truncateFullyAndStartAt(error.firstOffset);
    return log.appendAsFollower(records, leaderEpoch);
  }
}

function appendOneByOne(log: UnifiedLog, records: Buffer, leaderEpoch: number): AppendInfo {
  let all: AppendInfo | undefined;
  for (const { start, end } of batchesIn(records)) {
    const info = log.appendAsFollower(records.subarray(start, end), leaderEpoch);
    if (info.lastOffset < 0) break;
    all = all === undefined ? info : { ...info, firstOffset: all.firstOffset };
  }
  return all ?? log.appendAsFollower(records, leaderEpoch);
}
