import type { Disk } from '../../env/disk.ts';

/** How a snapshot is compressed, by the end of its name; `none` has no such end. */
export type SnapshotCompression = 'none' | 'gz' | 'snappy';

export interface LogFile {
  readonly path: string;
  /** Zxid of the first transaction. */
  readonly zxid: number;
}

export interface SnapshotFile {
  readonly path: string;
  /** The last transaction that the snapshot surely contains. */
  readonly zxid: number;
  readonly compression: SnapshotCompression;
}

const LOG_NAME = /^log\.([0-9a-f]{1,14})$/i;
const SNAPSHOT_NAME = /^snapshot\.([0-9a-f]{1,14})(?:\.(gz|snappy))?$/i;
/** Snapshots under way have a name that neither we nor Apache take for a snapshot. */
const UNFINISHED_PREFIX = 'unfinished.';

export function logName(zxid: number): string {
  return `log.${zxid.toString(16)}`;
}

export function snapshotName(zxid: number, compression: SnapshotCompression): string {
  return `snapshot.${zxid.toString(16)}${compression === 'none' ? '' : `.${compression}`}`;
}

export function unfinishedName(name: string): string {
  return UNFINISHED_PREFIX + name;
}

/** Transaction logs of a directory, oldest first. */
export function listLogs(disk: Disk, directory: string): LogFile[] {
  const logs: LogFile[] = [];
  for (const name of disk.list(directory)) {
    const zxid = LOG_NAME.exec(name)?.[1];
    if (zxid !== undefined) logs.push({ path: `${directory}/${name}`, zxid: Number.parseInt(zxid, 16) });
  }
  return logs.sort((a, b) => a.zxid - b.zxid);
}

/** Snapshots of a directory, newest first. */
export function listSnapshots(disk: Disk, directory: string): SnapshotFile[] {
  const snapshots: SnapshotFile[] = [];
  for (const name of disk.list(directory)) {
    const match = SNAPSHOT_NAME.exec(name);
    if (match?.[1] === undefined) continue;
    const compression = (match[2]?.toLowerCase() ?? 'none') as SnapshotCompression;
    snapshots.push({ path: `${directory}/${name}`, zxid: Number.parseInt(match[1], 16), compression });
  }
  return snapshots.sort((a, b) => b.zxid - a.zxid);
}

/** Snapshots that a process has begun and not finished. */
export function listUnfinished(disk: Disk, directory: string): string[] {
  return disk
    .list(directory)
    .filter((name) => name.startsWith(UNFINISHED_PREFIX))
    .map((name) => `${directory}/${name}`);
}

/**
 * The logs that may hold transactions from `zxid` on: those that begin there or later, and the last one that
 * begins before.
 */
export function logsFrom(logs: readonly LogFile[], zxid: number): LogFile[] {
  const later = logs.findIndex((log) => log.zxid > zxid);
  const first = later === -1 ? logs.length - 1 : later - 1;
  return logs.slice(Math.max(first, 0));
}
