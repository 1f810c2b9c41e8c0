import type { DiskFile } from '../../env/disk.ts';

/** A piece of file wanted by a computation over files. */
export interface FileRead {
  readonly file: DiskFile;
  readonly position: number;
  readonly length: number;
}

/**
 * A computation that reads files: it yields what it wants to read and is given the bytes, fewer than wanted at
 * the end of the file. Written once, it runs blocking ({@link runBlocking}) or off the main thread
 * ({@link runAsync}).
 */
export type FileComputation<T> = Generator<FileRead, T, Buffer>;

export function* readAt(file: DiskFile, position: number, length: number): FileComputation<Buffer> {
  return yield { file, position, length };
}

export function runBlocking<T>(computation: FileComputation<T>): T {
  let step = computation.next();
  while (!step.done) {
    const { file, position, length } = step.value;
    const target = Buffer.allocUnsafe(length);
    const count = file.read(target, position);
    step = computation.next(count === length ? target : target.subarray(0, count));
  }
  return step.value;
}

/** `onRead` hears of every read's bytes, for progress. */
export async function runAsync<T>(
  computation: FileComputation<T>,
  onRead?: (bytes: number) => void,
): Promise<T> {
  let step = computation.next();
  while (!step.done) {
    const { file, position, length } = step.value;
    const target = Buffer.allocUnsafe(length);
    const count = await file.readAsync(target, position);
    onRead?.(count);
    step = computation.next(count === length ? target : target.subarray(0, count));
  }
  return step.value;
}
