import type { Disk } from '../../env/disk.ts';
import { replaceFile } from '../../storage/replace-file.ts';

const NAME = '.kafka_cleanshutdown';

/** Says that everything in the log directory is durable and consistent: JSON with the broker's epoch. */
export function writeCleanShutdownFile(disk: Disk, logDir: string, brokerEpoch: number): void {
  replaceFile(disk, `${logDir}/${NAME}`, Buffer.from(JSON.stringify({ version: 0, brokerEpoch })));
}

/** Whether the marker is there; it goes, durably, before anything changes in the directory. */
export function takeCleanShutdownFile(disk: Disk, logDir: string): boolean {
  const path = `${logDir}/${NAME}`;
  if (disk.stat(path) === undefined) return false;
  disk.remove(path);
  disk.syncDirectory(logDir);
  return true;
}
