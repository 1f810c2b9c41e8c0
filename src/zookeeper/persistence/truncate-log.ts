import type { Env } from '../../env/env.ts';
import { listLogs, logsFrom } from './file-names.ts';
import { PersistenceError } from './persistence-error.ts';
import { scanTxns } from './txn-log-scan.ts';

/**
 * Removes every transaction after `zxid` from the logs, for good: what a leader's TRUNC asks for. Files that only
 * hold later ones go away, newest first, so that a crash in between leaves no gap.
 */
export function truncateLog(
  env: Pick<Env, 'disk' | 'log'>,
  directory: string,
  zxid: number,
  maxRecordBytes: number,
): void {
  const { disk } = env;
  const logs = logsFrom(listLogs(disk, directory), zxid);
  const [first, ...later] = logs;
  if (first === undefined || first.zxid > zxid) {
    throw new PersistenceError(
      `${directory} has no log that reaches back to 0x${zxid.toString(16)}: its end cannot be cut off. ` +
        'Empty the data directory of this server; it gets the data from its leader',
    );
  }
  let end: number | undefined;
  for (const txn of scanTxns(env, directory, first.zxid, maxRecordBytes)) {
    if (txn.zxid > zxid || txn.path !== first.path) break;
    end = txn.endOffset;
  }
  if (end === undefined)
    throw new PersistenceError(`${first.path} has no transaction up to 0x${zxid.toString(16)}`);
  for (const log of later.reverse()) disk.remove(log.path);
  disk.syncDirectory(directory);
  const file = disk.open(first.path, 'write');
  try {
    file.truncate(end);
    file.syncNow();
  } finally {
    file.close();
  }
}
