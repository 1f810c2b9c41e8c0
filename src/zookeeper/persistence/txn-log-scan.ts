import type { Env } from '../../env/env.ts';
import { TxnHeader } from '../../wire/zookeeper/txn.ts';
import { type LogFile, listLogs, logsFrom } from './file-names.ts';
import { PersistenceError } from './persistence-error.ts';
import { TxnLogFile } from './txn-log-file.ts';

/** One logged transaction, not decoded yet. */
export interface LoggedTxn {
  readonly zxid: number;
  /** Header, record and digest: what `decodeTxnEntry` takes. */
  readonly payload: Buffer;
  readonly path: string;
  /** Where its record begins and ends in the file. */
  readonly offset: number;
  readonly endOffset: number;
}

/**
 * All logged transactions from `zxid` on, in order, over all log files of the directory. A record that was
 * written in part ends its file. Throws PersistenceError where a log is damaged.
 */
export function* scanTxns(
  env: Pick<Env, 'disk' | 'log'>,
  directory: string,
  zxid: number,
  maxRecordBytes: number,
): Generator<LoggedTxn> {
  const logs = logsFrom(listLogs(env.disk, directory), zxid);
  for (const log of logs) {
    const file = openLog(env, log, log === logs.at(-1), maxRecordBytes);
    if (file === undefined) continue;
    try {
      for (let record = file.next(); record !== undefined; record = file.next()) {
        const { zxid: own } = TxnHeader.decode(record.payload);
        if (own >= zxid) yield { zxid: own, path: log.path, ...record };
      }
      if (file.end === 'torn') {
        env.log.warn('dropping a transaction that was written only in part, and so never acknowledged', {
          path: log.path,
          offset: file.position,
        });
      }
    } finally {
      file.close();
    }
  }
}

/** Undefined for a log that a crash cut off before its header was on disk: nothing in it was acknowledged. */
function openLog(
  env: Pick<Env, 'disk' | 'log'>,
  log: LogFile,
  isNewest: boolean,
  maxRecordBytes: number,
): TxnLogFile | undefined {
  const file = openWhole(env, log, maxRecordBytes);
  if (file !== undefined) return file;
  if (!isNewest) {
    throw new PersistenceError(
      `${log.path} has no header, though there are newer logs: its transactions are lost. ` +
        'Restore the file from a backup, or move it away if a snapshot contains what it held',
    );
  }
  env.log.warn('ignoring an empty transaction log, begun when the server went down', { path: log.path });
  return undefined;
}

function openWhole(
  env: Pick<Env, 'disk'>,
  { path }: LogFile,
  maxRecordBytes: number,
): TxnLogFile | undefined {
  const file = new TxnLogFile(env.disk, path, maxRecordBytes);
  try {
    if (file.readHeader()) return file;
  } catch (error) {
    file.close();
    throw error;
  }
  file.close();
  return undefined;
}

/**
 * Removes the newest log when it was left without a header. What comes next may be logged under any name (a new
 * leader's epoch begins elsewhere); behind a newer log the empty one would look like lost transactions.
 */
export function removeEmptyLog(
  env: Pick<Env, 'disk' | 'log'>,
  directory: string,
  maxRecordBytes: number,
): void {
  const newest = listLogs(env.disk, directory).at(-1);
  if (newest === undefined) return;
  const file = openWhole(env, newest, maxRecordBytes);
  file?.close();
  if (file === undefined) env.disk.remove(newest.path);
}

/**
 * Zxid of the last logged transaction; -1 without any log. An empty log counts with the zxid in its name, as
 * Apache has it.
 */
export function lastLoggedZxid(
  env: Pick<Env, 'disk' | 'log'>,
  directory: string,
  maxRecordBytes: number,
): number {
  const newest = listLogs(env.disk, directory).at(-1);
  if (newest === undefined) return -1;
  let last = newest.zxid;
  for (const { zxid } of scanTxns(env, directory, newest.zxid, maxRecordBytes)) last = zxid;
  return last;
}
