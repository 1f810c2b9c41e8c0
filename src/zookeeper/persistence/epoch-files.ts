import type { Disk } from '../../env/disk.ts';
import { replaceFile } from '../../storage/replace-file.ts';
import { PersistenceError } from './persistence-error.ts';

/** The files in which a server of an ensemble keeps what it has promised and what it has joined. */
export type EpochName = 'acceptedEpoch' | 'currentEpoch';

const MAX_EPOCH = 0x7fff_ffff;

/** The epoch in the file, a bare decimal number; undefined when there is no file. Throws PersistenceError. */
export function readEpoch(disk: Disk, directory: string, name: EpochName): number | undefined {
  const path = `${directory}/${name}`;
  if (disk.stat(path) === undefined) return undefined;
  const text = disk.readFile(path).toString('utf8').split('\n', 1)[0]?.trim() ?? '';
  const epoch = Number(text);
  if (!/^\d{1,10}$/.test(text) || epoch > MAX_EPOCH) {
    throw new PersistenceError(
      `${path} holds "${text.slice(0, 40)}" instead of an epoch. Restore it from a backup, or empty the data ` +
        'directory of this server if the other servers of its ensemble have the data',
    );
  }
  return epoch;
}

/** Durable when it returns: the promise must not be forgotten. */
export function writeEpoch(disk: Disk, directory: string, name: EpochName, epoch: number): void {
  replaceFile(disk, `${directory}/${name}`, Buffer.from(String(epoch)));
}
