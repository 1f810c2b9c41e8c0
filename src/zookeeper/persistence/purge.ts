import type { Env } from '../../env/env.ts';
import { listLogs, listSnapshots, logsFrom } from './file-names.ts';
import { looksWhole } from './snapshot-reader.ts';

/** Fewer snapshots than these are never kept: one or two may turn out damaged. */
export const LEAST_SNAPSHOTS_KEPT = 3;

/**
 * Removes what is older than the newest `retainCount` whole snapshots, and the logs that none of these needs
 * (PurgeTxnLog). Returns the paths removed.
 */
export function purge(
  env: Pick<Env, 'disk' | 'log'>,
  directories: { snapDirectory: string; logDirectory: string },
  retainCount: number,
): string[] {
  const { disk, log } = env;
  const snapshots = listSnapshots(disk, directories.snapDirectory);
  const kept = snapshots
    .filter((snapshot) => looksWhole(disk, snapshot))
    .slice(0, Math.max(retainCount, LEAST_SNAPSHOTS_KEPT));
  const oldest = kept.at(-1);
  if (oldest === undefined) return [];
  const logs = listLogs(disk, directories.logDirectory);
  // The log that begins before the oldest snapshot may go on beyond it.
  const neededLogs = new Set(logsFrom(logs, oldest.zxid));
  const removable = [
    ...snapshots.filter((snapshot) => snapshot.zxid < oldest.zxid),
    ...logs.filter((file) => file.zxid < oldest.zxid && !neededLogs.has(file)),
  ];
  for (const { path } of removable) {
    log.info('purging a file', { path });
    disk.remove(path);
  }
  return removable.map((file) => file.path);
}
