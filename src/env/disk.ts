/** How a file is opened: `read` must exist; `write` is read and write and creates; `create` must not exist. */
export type OpenMode = 'read' | 'write' | 'create';

/**
 * An open file, addressed by position. Writes go to the page cache and are lost with the machine until `sync`
 * has come back; the simulated disk takes that literally.
 */
export interface DiskFile {
  readonly path: string;
  size(): number;
  /** Writes all chunks at `position` in one vectored call; throws on a full disk. */
  write(chunks: readonly Uint8Array[], position: number): void;
  /** Fills `target` from `position` as far as the file goes; returns the bytes read. */
  read(target: Uint8Array, position: number): number;
  /** As `read`, off the main thread: for long reads that may have to wait for the disk. */
  readAsync(target: Uint8Array, position: number): Promise<number>;
  truncate(length: number): void;
  /** fdatasync off the main thread. Covers every write made before the call. */
  sync(): Promise<void>;
  /** fdatasync that blocks; for start-up and shutdown. */
  syncNow(): void;
  close(): void;
}

export interface DiskStat {
  kind: 'file' | 'directory' | 'other';
  size: number;
  modifiedMs: number;
}

/**
 * Files and directories. Calls are synchronous unless they wait for the device; failures carry Node's error
 * codes (`ENOENT`, `EACCES`, `ENOSPC`, ...) in `code`.
 */
export interface Disk {
  open(path: string, mode: OpenMode, permissions?: number): DiskFile;
  readFile(path: string): Buffer;
  /** Undefined when nothing is there. */
  stat(path: string): DiskStat | undefined;
  /** Names in a directory, sorted. */
  list(path: string): string[];
  /** Creates a directory and its parents; silent when it exists. */
  makeDirectory(path: string, permissions?: number): void;
  /** Atomic; replaces a file at `to`. Durable only after `syncDirectory` of the parent. */
  rename(from: string, to: string): void;
  setModified(path: string, modifiedMs: number): void;
  /** Removes a file; silent when it is gone already. */
  remove(path: string): void;
  /** Removes a directory with all that is in it; silent when it is gone already. */
  removeDirectory(path: string): void;
  /** Makes creations, renames and removals in a directory durable. */
  syncDirectory(path: string): void;
  /**
   * Takes a directory for this process alone by its `.lock` file, until released (or the process ends).
   * Undefined when a living process has it, this one included.
   */
  lock(path: string): DiskLock | undefined;
  /** Bytes of the volume that holds `path`. */
  volume(path: string): { totalBytes: number; usableBytes: number };
}

export interface DiskLock {
  release(): void;
}
