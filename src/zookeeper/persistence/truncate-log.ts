import type { Disk } from '../../env/disk.ts';
import type { Env } from '../../env/env.ts';
import { type LogFile, listLogs, logsFrom } from './file-names.ts';
import { CannotTruncateError, PersistenceError } from './persistence-error.ts';
import { scanTxns } from './txn-log-scan.ts';

/**
 * Removes every transaction after `zxid` from the logs, for good: what a leader's TRUNC asks for. Files that only
 * hold later ones go away, newest first, so that a crash in between leaves no gap. With
 * `isComplete` a snapshot has all there is up to `zxid`, so no log has to reach back. Throws PersistenceError.
 */
export function truncateLog(
  env: Pick<Env, 'disk' | 'log'>,
  directory: string,
  zxid: number,
  options: { maxRecordBytes: number; isComplete: boolean },
): void {
  const { disk } = env;
  const logs = logsFrom(listLogs(disk, directory), zxid);
  const [first, ...later] = logs;
  if (first === undefined || first.zxid > zxid) {
    if (!options.isComplete) checkReachesBack(disk, directory, zxid);
    removeAll(disk, directory, logs);
    return;
  }
  let end: number | undefined;
  for (const txn of scanTxns(env, directory, first.zxid, options.maxRecordBytes)) {
    if (txn.zxid > zxid || txn.path !== first.path) break;
    end = txn.endOffset;
  }
  if (end === undefined)
    throw new PersistenceError(`${first.path} has no transaction up to 0x${zxid.toString(16)}`);
  removeAll(disk, directory, later);
  const file = disk.open(first.path, 'write');
  try {
    file.truncate(end);
    file.syncNow();
  } finally {
    file.close();
  }
}

/** Whether some log has `zxid` or what is before it. Throws CannotTruncateError. */
export function checkReachesBack(disk: Disk, directory: string, zxid: number): void {
  const [first] = logsFrom(listLogs(disk, directory), zxid);
  if (first !== undefined && first.zxid <= zxid) return;
  throw new CannotTruncateError(
    `${directory} has no log that reaches back to 0x${zxid.toString(16)}: its end cannot be cut off. ` +
      'Empty the data directory of this server; it gets the data from its leader',
  );
}

function removeAll(disk: Disk, directory: string, logs: readonly LogFile[]): void {
  for (const log of [...logs].reverse()) disk.remove(log.path);
  disk.syncDirectory(directory);
}
