import { assert } from '../../base/assert.ts';
import type { Disk, DiskFile, DiskLock, DiskStat, OpenMode } from '../disk.ts';
import { FileSystemError } from '../memory/file-system-error.ts';
import { canonical, FileTree, parentOf } from '../memory/file-tree.ts';
import { SimFile } from './sim-file.ts';
import type { SimProcess } from './sim-process.ts';
import type { SimRandom } from './sim-random.ts';

type NameChange =
  | { kind: 'put'; path: string; file: SimFile }
  | { kind: 'makeDirectory'; path: string }
  | { kind: 'rename'; from: string; to: string }
  | { kind: 'remove'; path: string }
  | { kind: 'removeDirectory'; path: string };

/** Faults and speed of a simulated disk; tests set them at any time. */
export interface DiskFaults {
  /** How long `sync` and `readAsync` take, drawn between the two. */
  minSyncMs: number;
  maxSyncMs: number;
  /** Writes beyond this fail with ENOSPC, after taking what still fits. */
  capacityBytes: number;
  /** While set, every write and sync fails with EIO. */
  broken: boolean;
  /** Directories, as mounted disks: while one is in here, every write and sync below it fails with EIO. */
  readonly brokenDirectories: Set<string>;
}

function touches(change: NameChange, directory: string): boolean {
  if (change.kind !== 'rename') return parentOf(change.path) === directory;
  return parentOf(change.from) === directory || parentOf(change.to) === directory;
}

function applyTo(tree: FileTree<SimFile>, change: NameChange): void {
  if (change.kind === 'put') tree.put(change.path, change.file);
  else if (change.kind === 'rename') tree.rename(change.from, change.to);
  else tree[change.kind](change.path);
}

/**
 * The disk of a simulated host. It outlives the host's processes; a power loss takes from it what was not
 * synced. Creations, renames and removals keep their order, as in a journaling file system: syncing a directory
 * makes its changes durable and all that came before them; a power loss keeps a random number of the rest.
 */
export class SimDisk {
  readonly faults: DiskFaults = {
    minSyncMs: 0.05,
    maxSyncMs: 2,
    capacityBytes: 2 ** 40,
    broken: false,
    brokenDirectories: new Set(),
  };
  tree = new FileTree<SimFile>();
  readonly locks = new Map<string, SimProcess>();
  private readonly durableTree = new FileTree<SimFile>();
  private journal: NameChange[] = [];
  private readonly random: SimRandom;

  constructor(random: SimRandom) {
    this.random = random;
  }

  change(change: NameChange): void {
    applyTo(this.tree, change);
    this.journal.push(change);
  }

  syncDirectory(path: string): void {
    const directory = canonical(path);
    const last = this.journal.findLastIndex((change) => touches(change, directory));
    for (const change of this.journal.splice(0, last + 1)) applyTo(this.durableTree, change);
  }

  losePower(): void {
    const kept = this.random.below(this.journal.length + 1);
    for (const change of this.journal.slice(0, kept)) applyTo(this.durableTree, change);
    this.journal = [];
    for (const [, file] of this.durableTree.files()) file.losePower(this.random);
    this.tree = this.durableTree.clone();
  }

  syncDelayMs(): number {
    return this.random.between(this.faults.minSyncMs, this.faults.maxSyncMs);
  }

  isBroken(path: string): boolean {
    if (this.faults.broken) return true;
    for (const directory of this.faults.brokenDirectories) {
      if (canonical(path).startsWith(`${canonical(directory)}/`)) return true;
    }
    return false;
  }

  usedBytes(): number {
    let used = 0;
    for (const [, file] of this.tree.files()) used += file.size;
    return used;
  }
}

/** What one process of the host sees of its disk; useless once the process is gone. */
export class SimDiskView implements Disk {
  private readonly disk: SimDisk;
  private readonly process: SimProcess;

  constructor(disk: SimDisk, process: SimProcess) {
    this.disk = disk;
    this.process = process;
  }

  open(path: string, mode: OpenMode): DiskFile {
    let file = this.tree.file(path);
    if (file === undefined) {
      if (mode === 'read') throw new FileSystemError('ENOENT', `no file ${path}`);
      file = new SimFile(this.process.clock.nowMs());
      this.disk.change({ kind: 'put', path: canonical(path), file });
    } else if (mode === 'create') {
      throw new FileSystemError('EEXIST', `${path} exists`);
    }
    return new SimDiskFile({ path, mode, file, disk: this.disk, process: this.process });
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
    const steps = canonical(path).split('/').slice(1);
    steps.forEach((_, index) => {
      const step = `/${steps.slice(0, index + 1).join('/')}`;
      if (this.tree.stat(step)?.kind !== 'directory') this.disk.change({ kind: 'makeDirectory', path: step });
    });
  }

  rename(from: string, to: string): void {
    this.process.check();
    this.disk.change({ kind: 'rename', from: canonical(from), to: canonical(to) });
  }

  setModified(path: string, modifiedMs: number): void {
    const file = this.tree.file(path);
    if (file === undefined) throw new FileSystemError('ENOENT', `no file ${path}`);
    file.modifiedMs = modifiedMs;
  }

  remove(path: string): void {
    if (this.tree.stat(path) !== undefined) this.disk.change({ kind: 'remove', path: canonical(path) });
  }

  removeDirectory(path: string): void {
    if (this.tree.stat(path) !== undefined) {
      this.disk.change({ kind: 'removeDirectory', path: canonical(path) });
    }
  }

  syncDirectory(path: string): void {
    this.tree.list(path);
    this.disk.syncDirectory(path);
  }

  lock(path: string): DiskLock | undefined {
    this.tree.list(path);
    const key = canonical(path);
    if (this.disk.locks.get(key)?.isAlive) return undefined;
    this.disk.locks.set(key, this.process);
    let held = true;
    const release = (): void => {
      if (held && this.disk.locks.get(key) === this.process) this.disk.locks.delete(key);
      held = false;
    };
    return { release };
  }

  volume(): { totalBytes: number; usableBytes: number } {
    const totalBytes = this.disk.faults.capacityBytes;
    return { totalBytes, usableBytes: Math.max(0, totalBytes - this.disk.usedBytes()) };
  }

  private get tree(): FileTree<SimFile> {
    this.process.check();
    return this.disk.tree;
  }
}

class SimDiskFile implements DiskFile {
  readonly path: string;
  private readonly mode: OpenMode;
  private readonly file: SimFile;
  private readonly disk: SimDisk;
  private readonly process: SimProcess;
  private closed = false;

  constructor(parts: { path: string; mode: OpenMode; file: SimFile; disk: SimDisk; process: SimProcess }) {
    this.path = parts.path;
    this.mode = parts.mode;
    this.file = parts.file;
    this.disk = parts.disk;
    this.process = parts.process;
  }

  size(): number {
    return this.file.size;
  }

  write(chunks: readonly Uint8Array[], position: number): void {
    this.checkWritable();
    let at = position;
    for (const chunk of chunks) {
      const fitting = this.fittingBytes(at, chunk.length);
      this.file.write(chunk.subarray(0, fitting), at);
      if (fitting < chunk.length) throw new FileSystemError('ENOSPC', `no space left for ${this.path}`);
      at += chunk.length;
    }
    this.file.modifiedMs = this.process.clock.nowMs();
  }

  read(target: Uint8Array, position: number): number {
    this.checkOpen();
    return this.file.read(target, position);
  }

  readAsync(target: Uint8Array, position: number): Promise<number> {
    this.checkOpen();
    return new Promise((resolve) => {
      this.process.after(this.disk.syncDelayMs(), `read ${this.path}`, () => {
        resolve(this.file.read(target, position));
      });
    });
  }

  truncate(length: number): void {
    this.checkWritable();
    this.file.truncate(length);
    this.file.modifiedMs = this.process.clock.nowMs();
  }

  sync(): Promise<void> {
    this.checkOpen();
    const covered = this.file.changeCount;
    return new Promise((resolve, reject) => {
      this.process.after(this.disk.syncDelayMs(), `sync ${this.path}`, () => {
        if (this.disk.isBroken(this.path)) {
          reject(this.brokenError());
          return;
        }
        this.file.sync(covered);
        resolve();
      });
    });
  }

  syncNow(): void {
    this.checkOpen();
    if (this.disk.isBroken(this.path)) throw this.brokenError();
    this.file.sync(this.file.changeCount);
  }

  close(): void {
    this.closed = true;
  }

  private fittingBytes(position: number, length: number): number {
    const grows = position + length - this.file.size;
    if (grows <= 0) return length;
    const capacity = this.disk.faults.capacityBytes;
    const free = capacity - (capacity < 2 ** 40 ? this.disk.usedBytes() : 0);
    return Math.max(0, Math.min(length, length - (grows - free)));
  }

  private checkOpen(): void {
    this.process.check();
    assert(!this.closed, `${this.path} is closed`);
  }

  private checkWritable(): void {
    this.checkOpen();
    if (this.mode === 'read') throw new FileSystemError('EBADF', `${this.path} is open for reading`);
    if (this.disk.isBroken(this.path)) throw this.brokenError();
  }

  private brokenError(): FileSystemError {
    return new FileSystemError('EIO', `the disk under ${this.path} is broken`);
  }
}
