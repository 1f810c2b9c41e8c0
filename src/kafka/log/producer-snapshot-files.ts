import type { Disk } from '../../env/disk.ts';
import { FileSuffix, offsetFileName, offsetOfFileName } from './file-names.ts';

/** The snapshot files in a log's directory, by offset. */
export class ProducerSnapshotFiles {
  private readonly disk: Disk;
  private directory: string;
  /** Ascending. */
  private offsets: number[] = [];

  constructor(disk: Disk, directory: string) {
    this.disk = disk;
    this.directory = directory;
    this.reload();
  }

  /** Looks into the directory again. */
  reload(): void {
    const names = this.disk.list(this.directory).filter((name) => name.endsWith(FileSuffix.producerSnapshot));
    const offsets = names.map(offsetOfFileName).filter((offset) => offset !== undefined);
    this.offsets = offsets.sort((a, b) => a - b);
  }

  get all(): readonly number[] {
    return this.offsets;
  }

  get latest(): number | undefined {
    return this.offsets.at(-1);
  }

  path(offset: number): string {
    return `${this.directory}/${offsetFileName(offset, FileSuffix.producerSnapshot)}`;
  }

  read(offset: number): Buffer {
    return this.disk.readFile(this.path(offset));
  }

  /** Writes a snapshot; with `sync` it is durable on return. */
  write(offset: number, bytes: Buffer, sync: boolean): void {
    const file = this.disk.open(this.path(offset), 'write');
    try {
      file.truncate(0);
      file.write([bytes], 0);
      if (sync) file.syncNow();
    } finally {
      file.close();
    }
    if (!this.offsets.includes(offset)) {
      this.offsets.push(offset);
      this.offsets.sort((a, b) => a - b);
    }
  }

  /** Makes a snapshot durable that was written without `sync`; one that is gone by now is no matter. */
  async sync(offset: number): Promise<void> {
    if (this.disk.stat(this.path(offset)) === undefined) return;
    const file = this.disk.open(this.path(offset), 'write');
    try {
      await file.sync();
    } finally {
      file.close();
    }
  }

  remove(offset: number): void {
    this.forget(offset);
    this.disk.remove(this.path(offset));
  }

  /** Renames a snapshot away for a later removal; returns the path it has then. */
  markDeleted(offset: number): string | undefined {
    if (!this.offsets.includes(offset)) return undefined;
    this.forget(offset);
    const path = this.path(offset);
    if (this.disk.stat(path) === undefined) return undefined;
    this.disk.rename(path, path + FileSuffix.deleted);
    return path + FileSuffix.deleted;
  }

  /** As {@link ProducerSnapshotFiles.markDeleted} for several; returns the paths of those that were there. */
  markAllDeleted(offsets: readonly number[]): string[] {
    return offsets.map((offset) => this.markDeleted(offset)).filter((path) => path !== undefined);
  }

  moved(directory: string): void {
    this.directory = directory;
  }

  /**
   * Removes snapshots that belong to no segment, except the last one when it is past every segment's base: it was
   * taken at the log end by a clean shutdown.
   */
  removeStray(segmentBaseOffsets: readonly number[]): void {
    this.reload();
    const bases = new Set(segmentBaseOffsets);
    const strays = this.offsets.filter((offset) => !bases.has(offset));
    const last = strays.pop();
    for (const stray of strays) this.remove(stray);
    const lastBase = segmentBaseOffsets.at(-1);
    if (last !== undefined && lastBase !== undefined && last < lastBase) this.remove(last);
  }

  private forget(offset: number): void {
    this.offsets = this.offsets.filter((each) => each !== offset);
  }
}
