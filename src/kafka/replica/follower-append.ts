import { UnexpectedAppendOffsetError } from '../log/log-append.ts';
import type { AppendInfo } from '../log/log-types.ts';
import type { UnifiedLog } from '../log/unified-log.ts';

/**
 * Appends a leader's batches as they are. The first of an empty log may begin below the log's start, when the
 * leader's log starts in the middle of a batch (after DeleteRecords). Throws LogError and
 * {@link UnexpectedAppendOffsetError}.
 */
export function appendReplicated(log: UnifiedLog, records: Buffer, leaderEpoch: number): AppendInfo {
  try {
    return log.appendAsFollower(records, leaderEpoch);
  } catch (error) {
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
