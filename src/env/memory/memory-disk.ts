import { assert } from '../../base/assert.ts';
import type { Clock } from '../clock.ts';
import type { Disk, DiskFile, DiskLock, DiskStat, OpenMode } from '../disk.ts';
import { FileSystemError } from './file-system-error.ts';
import { canonical, FileTree } from './file-tree.ts';
import { PagedBytes } from './paged-bytes.ts';

const DEFAULT_CAPACITY_BYTES = 2 ** 40;

/** Content with the time of its last change. */
class MemoryFile extends PagedBytes {
  modifiedMs: number;

  constructor(modifiedMs: number) {
    super();
    this.modifiedMs = modifiedMs;
  }
}

/** Files in memory, gone with the process: for tests and for servers whose data need not outlive them. */
export class MemoryDisk implements Disk {
  private readonly tree = new FileTree<MemoryFile>();
  private readonly locked = new Set<string>();
  private readonly clock: Clock;
  private readonly capacityBytes: number;

  constructor(clock: Clock, capacityBytes = DEFAULT_CAPACITY_BYTES) {
    this.clock = clock;
    this.capacityBytes = capacityBytes;
  }

  open(path: string, mode: OpenMode): DiskFile {
    let file = this.tree.file(path);
    if (file === undefined) {
      if (mode === 'read') throw new FileSystemError('ENOENT', `no file ${path}`);
      file = new MemoryFile(this.clock.nowMs());
      this.tree.put(path, file);
    } else if (mode === 'create') {
      throw new FileSystemError('EEXIST', `${path} exists`);
    }
    return new MemoryDiskFile(path, file, mode, this.clock);
  }

  readFile(path: string): Buffer {
    const file = this.tree.file(path);
    if (file === undefined) throw new FileSystemError('ENOENT', `no file ${path}`);
    const content = Buffer.allocUnsafe(file.size);
    file.read(content, 0);
    return content;
  }

  stat(path: string): DiskStat | undefined {
    return this.tree.stat(path);
  }

  list(path: string): string[] {
    return this.tree.list(path);
  }

  makeDirectory(path: string): void {
    this.tree.makeDirectory(path);
  }

  rename(from: string, to: string): void {
    this.tree.rename(from, to);
  }

  setModified(path: string, modifiedMs: number): void {
    const file = this.tree.file(path);
    if (file === undefined) throw new FileSystemError('ENOENT', `no file ${path}`);
    file.modifiedMs = modifiedMs;
  }

  remove(path: string): void {
    this.tree.remove(path);
  }

  removeDirectory(path: string): void {
    this.tree.removeDirectory(path);
  }

  syncDirectory(path: string): void {
    this.tree.list(path);
  }

  lock(path: string): DiskLock | undefined {
    const key = canonical(path);
    this.tree.list(key);
    if (this.locked.has(key)) return undefined;
    this.locked.add(key);
    let held = true;
    const release = (): void => {
      if (held) this.locked.delete(key);
      held = false;
    };
    return { release };
  }

  volume(): { totalBytes: number; usableBytes: number } {
    let used = 0;
    for (const [, file] of this.tree.files()) used += file.allocatedBytes;
    return { totalBytes: this.capacityBytes, usableBytes: Math.max(0, this.capacityBytes - used) };
  }
}

class MemoryDiskFile implements DiskFile {
  readonly path: string;
  private readonly file: MemoryFile;
  private readonly mode: OpenMode;
  private readonly clock: Clock;
  private closed = false;

  constructor(path: string, file: MemoryFile, mode: OpenMode, clock: Clock) {
    this.path = path;
    this.file = file;
    this.mode = mode;
    this.clock = clock;
  }

  size(): number {
    return this.file.size;
  }

  write(chunks: readonly Uint8Array[], position: number): void {
    this.checkWritable();
    let at = position;
    for (const chunk of chunks) {
      this.file.write(chunk, at);
      at += chunk.length;
    }
    this.file.modifiedMs = this.clock.nowMs();
  }

  read(target: Uint8Array, position: number): number {
    this.checkOpen();
    return this.file.read(target, position);
  }

  async readAsync(target: Uint8Array, position: number): Promise<number> {
    return this.read(target, position);
  }

  truncate(length: number): void {
    this.checkWritable();
    this.file.truncate(length);
    this.file.modifiedMs = this.clock.nowMs();
  }

  async sync(): Promise<void> {
    this.checkOpen();
  }

  syncNow(): void {
    this.checkOpen();
  }

  close(): void {
    this.closed = true;
  }

  private checkOpen(): void {
    assert(!this.closed, `${this.path} is closed`);
  }

  private checkWritable(): void {
    this.checkOpen();
    if (this.mode === 'read') throw new FileSystemError('EBADF', `${this.path} is open for reading`);
  }
}
