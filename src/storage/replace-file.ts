import { dirname } from 'node:path';
import type { Disk, DiskFile } from '../env/disk.ts';

/** Where the new content waits until it takes the old one's place. */
function draftPath(path: string): string {
  return `${path}.tmp`;
}

function writeDraft(disk: Disk, path: string, content: Uint8Array): DiskFile {
  const draft = draftPath(path);
  // What an interrupted replacement left behind.
  disk.remove(draft);
  const file = disk.open(draft, 'create');
  try {
    file.write([content], 0);
  } catch (error) {
    file.close();
    disk.remove(draft);
    throw error;
  }
  return file;
}

function putInPlace(disk: Disk, path: string): void {
  disk.rename(draftPath(path), path);
  disk.syncDirectory(dirname(path));
}

/**
 * Replaces a file, or creates it, so that at every moment a crash leaves the old content or the new one: the new
 * content is written beside it, synced, renamed over it, and the directory synced. Blocks until it is durable.
 */
export function replaceFile(disk: Disk, path: string, content: Uint8Array): void {
  const file = writeDraft(disk, path, content);
  try {
    file.syncNow();
  } finally {
    file.close();
  }
  putInPlace(disk, path);
}

/**
 * As {@link replaceFile}, with the long part off the main thread. One replacement of a path at a time; `isWanted`
 * is asked before the new content takes its place, which a later one may have done meanwhile.
 */
export async function replaceFileAsync(
  disk: Disk,
  path: string,
  content: Uint8Array,
  isWanted: () => boolean = () => true,
): Promise<void> {
  const file = writeDraft(disk, path, content);
  try {
    await file.sync();
  } finally {
    file.close();
  }
  if (isWanted()) putInPlace(disk, path);
}
