import type { Disk } from '../env/disk.ts';
import { replaceFile, replaceFileAsync } from './replace-file.ts';

/** A checkpoint file that cannot be read. Names the file, the line and what was wanted there. */
export class CheckpointError extends Error {
  override name = 'CheckpointError';
}

/** How entries become lines, one an entry. */
export interface CheckpointFormat<T> {
  /** Version on the first line. */
  version: number;
  /** One line, without its end. */
  format(entry: T): string;
  /** Undefined when the line is not an entry. */
  parse(line: string): T | undefined;
}

/** A non-negative decimal number of a checkpoint line. */
export function parseCount(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

function parseLines<T>(path: string, format: CheckpointFormat<T>, text: string): T[] {
  const lines = text.split(/\r?\n/);
  const fail = (line: number, wanted: string): CheckpointError =>
    new CheckpointError(`${path}, line ${line}: ${wanted} expected, found '${lines[line - 1] ?? ''}'`);
  if (parseCount(lines[0]?.trim()) !== format.version) throw fail(1, `version ${format.version}`);
  const count = parseCount(lines[1]?.trim());
  if (count === undefined) throw fail(2, 'number of entries');
  const entries: T[] = [];
  for (const [index, line] of lines.slice(2).entries()) {
    if (line === '' && index === lines.length - 3) break;
    const entry = format.parse(line);
    if (entry === undefined) throw fail(index + 3, 'an entry');
    entries.push(entry);
  }
  if (entries.length !== count) throw fail(2, `number of entries ${entries.length}`);
  return entries;
}

function formatLines<T>(format: CheckpointFormat<T>, entries: readonly T[]): Buffer {
  const lines = [
    String(format.version),
    String(entries.length),
    ...entries.map((entry) => format.format(entry)),
  ];
  return Buffer.from(`${lines.join('\n')}\n`);
}

/**
 * A small text file that is replaced as a whole: a line with the version, a line with the number of entries, a
 * line for each entry (org.apache.kafka.server.common.CheckpointFile).
 */
export class CheckpointFile<T> {
  readonly path: string;
  private readonly disk: Disk;
  private readonly format: CheckpointFormat<T>;
  /** Counts writes, so that a slow one never replaces what a later one has put there. */
  private latest = 0;
  private writing: Promise<void> = Promise.resolve();

  constructor(disk: Disk, path: string, format: CheckpointFormat<T>) {
    this.disk = disk;
    this.path = path;
    this.format = format;
  }

  /**
   * The entries; undefined when there is no file, none in an empty one, as Apache's CheckpointFile leaves where nothing has
   * been written. Throws {@link CheckpointError} when it is malformed.
   */
  read(): T[] | undefined {
    const stat = this.disk.stat(this.path);
    if (stat === undefined) return undefined;
    if (stat.size === 0) return [];
    return parseLines(this.path, this.format, this.disk.readFile(this.path).toString('utf8'));
  }

  /** Resolves when these entries, or those of a later write, are durable. */
  write(entries: readonly T[]): Promise<void> {
    this.latest += 1;
    const number = this.latest;
    const content = formatLines(this.format, entries);
    const write = async (): Promise<void> => {
      if (number !== this.latest) return;
      await replaceFileAsync(this.disk, this.path, content, () => number === this.latest);
    };
    const result = this.writing.then(write);
    // The failure goes to who asked for this write; the next one tries anew.
    this.writing = result.catch(() => undefined);
    return result;
  }

  /** Writes and blocks until it is durable: for start-up and shutdown. */
  writeNow(entries: readonly T[]): void {
    this.latest += 1;
    replaceFile(this.disk, this.path, formatLines(this.format, entries));
  }
}
