import * as fs from 'node:fs';
import { assert } from '../../base/assert.ts';
import type { DiskFile } from '../disk.ts';

/** A file descriptor; closing waits for the asynchronous calls under way, so that none meets a reused number. */
export class NodeDiskFile implements DiskFile {
  readonly path: string;
  private readonly descriptor: number;
  private length: number;
  private underWay = 0;
  private closed = false;

  constructor(path: string, descriptor: number) {
    this.path = path;
    this.descriptor = descriptor;
    this.length = fs.fstatSync(descriptor).size;
  }

  size(): number {
    return this.length;
  }

  write(chunks: readonly Uint8Array[], position: number): void {
    this.checkOpen();
    let rest: readonly Uint8Array[] = chunks.filter((chunk) => chunk.length > 0);
    let at = position;
    while (rest.length > 0) {
      const written = fs.writevSync(this.descriptor, rest, at);
      at += written;
      this.length = Math.max(this.length, at);
      rest = skipBytes(rest, written);
    }
  }

  read(target: Uint8Array, position: number): number {
    this.checkOpen();
    let done = 0;
    while (done < target.length) {
      const count = fs.readSync(this.descriptor, target, done, target.length - done, position + done);
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  async readAsync(target: Uint8Array, position: number): Promise<number> {
    let done = 0;
    while (done < target.length) {
      const from = done;
      const count = await this.call<number>((settle) =>
        fs.read(this.descriptor, target, from, target.length - from, position + from, settle),
      );
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  truncate(length: number): void {
    this.checkOpen();
    fs.ftruncateSync(this.descriptor, length);
    this.length = length;
  }

  async sync(): Promise<void> {
    await this.call<void>((settle) => fs.fdatasync(this.descriptor, (error) => settle(error, undefined)));
  }

  syncNow(): void {
    this.checkOpen();
    fs.fdatasyncSync(this.descriptor);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    if (this.underWay === 0) fs.closeSync(this.descriptor);
  }

  private checkOpen(): void {
    assert(!this.closed, `${this.path} is closed`);
  }

  private call<T>(start: (settle: (error: Error | null, value: T) => void) => void): Promise<T> {
    this.checkOpen();
    this.underWay += 1;
    return new Promise((resolve, reject) => {
      start((error, value) => {
        this.underWay -= 1;
        if (this.closed && this.underWay === 0) fs.closeSync(this.descriptor);
        if (error === null) resolve(value);
        else reject(error);
      });
    });
  }
}

/** What is left of `chunks` after a write that took `count` bytes of them. */
function skipBytes(chunks: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let skip = count;
  let index = 0;
  for (const chunk of chunks) {
    if (skip < chunk.length) break;
    skip -= chunk.length;
    index += 1;
  }
  const rest = chunks.slice(index);
  const first = rest[0];
  if (first !== undefined && skip > 0) rest[0] = first.subarray(skip);
  return rest;
}
