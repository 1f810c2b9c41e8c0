import * as fs from 'node:fs';
import { dirname } from 'node:path';
import type { Disk, DiskFile, DiskLock, DiskStat, OpenMode } from '../disk.ts';
import { NodeDiskFile } from './node-disk-file.ts';
import { lockDirectory } from './node-disk-lock.ts';

const OPEN_FLAGS: Readonly<Record<OpenMode, number>> = {
  read: fs.constants.O_RDONLY,
  write: fs.constants.O_RDWR | fs.constants.O_CREAT,
  create: fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_EXCL,
};

/** The file system of the machine. */
export class NodeDisk implements Disk {
  open(path: string, mode: OpenMode, permissions = 0o644): DiskFile {
    const descriptor = fs.openSync(path, OPEN_FLAGS[mode], permissions);
    try {
      return new NodeDiskFile(path, descriptor);
    } catch (error) {
      fs.closeSync(descriptor);
      throw error;
    }
  }

  readFile(path: string): Buffer {
    return fs.readFileSync(path);
  }

  stat(path: string): DiskStat | undefined {
    const found = statOrNothing(path);
    if (found === undefined) return undefined;
    const kind = found.isFile() ? 'file' : found.isDirectory() ? 'directory' : 'other';
    return { kind, size: found.size, modifiedMs: found.mtimeMs };
  }

  list(path: string): string[] {
    return fs.readdirSync(path).sort();
  }

  makeDirectory(path: string, permissions = 0o755): void {
    // Not by mkdir's own recursion, which never ends where the kernel denies a directory that it shows (/proc).
    try {
      fs.mkdirSync(path, permissions);
    } catch (error) {
      if (isCode(error, 'EEXIST') && this.stat(path)?.kind === 'directory') return;
      const parent = dirname(path);
      if (!isCode(error, 'ENOENT') || parent === path || this.stat(parent) !== undefined) throw error;
      this.makeDirectory(parent, permissions);
      fs.mkdirSync(path, permissions);
    }
  }

  rename(from: string, to: string): void {
    fs.renameSync(from, to);
  }

  setModified(path: string, modifiedMs: number): void {
    fs.utimesSync(path, modifiedMs / 1000, modifiedMs / 1000);
  }

  remove(path: string): void {
    try {
      fs.unlinkSync(path);
    } catch (error) {
      if (!isCode(error, 'ENOENT')) throw error;
    }
  }

  removeDirectory(path: string): void {
    fs.rmSync(path, { recursive: true, force: true });
  }

  syncDirectory(path: string): void {
    // Windows opens no directories; its file systems order these changes themselves.
    if (process.platform === 'win32') return;
    const descriptor = fs.openSync(path, fs.constants.O_RDONLY);
    try {
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
  }

  lock(path: string): DiskLock | undefined {
    return lockDirectory(path);
  }

  volume(path: string): { totalBytes: number; usableBytes: number } {
    const volume = fs.statfsSync(path);
    return { totalBytes: volume.blocks * volume.bsize, usableBytes: volume.bavail * volume.bsize };
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** Below a file there is nothing, which the system calls an error of its own. */
function statOrNothing(path: string): fs.Stats | undefined {
  try {
    return fs.statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (isCode(error, 'ENOTDIR')) return undefined;
    throw error;
  }
}
