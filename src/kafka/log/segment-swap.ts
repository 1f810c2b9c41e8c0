import type { Disk } from '../../env/disk.ts';
import { FileSuffix } from './file-names.ts';
import type { LogSegment } from './segment.ts';

/**
 * Gives durable `.cleaned` segments their places in a log's directory. A crash on the way leaves the old ones or the
 * new ones: as soon as all new ones are `.swap`, loading completes the exchange, before that it forgets it (Apache's
 * LocalLog.replaceSegments and LogLoader). `removeOld` renames the old ones away.
 */
export function swapIn(
  disk: Disk,
  directory: string,
  segments: readonly LogSegment[],
  removeOld: () => void,
): void {
  disk.syncDirectory(directory);
  // The last one first: with a `.cleaned` before it, loading knows that a `.swap` is not complete.
  for (const segment of segments.toReversed()) segment.changeSuffix(FileSuffix.swap);
  disk.syncDirectory(directory);
  removeOld();
  for (const segment of segments) segment.changeSuffix('');
  disk.syncDirectory(directory);
  for (const segment of segments) segment.namesSynced();
}
