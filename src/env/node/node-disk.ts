import * as fs from 'node:fs';
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
    const found = fs.statSync(path, { throwIfNoEntry: false });
    if (found === undefined) return undefined;
    const kind = found.isFile() ? 'file' : found.isDirectory() ? 'directory' : 'other';
    return { kind, size: found.size, modifiedMs: found.mtimeMs };
  }

  list(path: string): string[] {
    return fs.readdirSync(path).sort();
  }

  makeDirectory(path: string, permissions = 0o755): void {
    fs.mkdirSync(path, { recursive: true, mode: permissions });
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
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
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
