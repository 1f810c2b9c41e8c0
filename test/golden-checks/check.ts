import { posix } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** A directory of golden data. */
export interface GoldenTree {
  /** Content of the file at a path relative to the directory. Throws when there is none. */
  read(path: string): Buffer;
  has(path: string): boolean;
}

/** One file of golden data, with its path relative to the golden directory. */
export class GoldenFile {
  readonly path: string;
  private readonly tree: GoldenTree;

  constructor(path: string, tree: GoldenTree) {
    this.path = path;
    this.tree = tree;
  }

  /** The content, decompressed when the name ends in `.gz`. */
  bytes(): Buffer {
    const raw = this.tree.read(this.path);
    return this.path.endsWith('.gz') ? gunzipSync(raw) : raw;
  }

  /** Another file of the same folder, which belongs to this one. */
  sibling(name: string): GoldenFile {
    return new GoldenFile(posix.join(posix.dirname(this.path), name), this.tree);
  }

  exists(): boolean {
    return this.tree.has(this.path);
  }

  /** The name within its folder. */
  get name(): string {
    return posix.basename(this.path);
  }

  text(): string {
    return this.bytes().toString('utf8');
  }

  json<T>(): T {
    return JSON.parse(this.text()) as T;
  }

  /** One object a line. */
  lines<T>(): T[] {
    return this.text()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as T);
  }
}

/** One fact that a golden file states. `run` throws when this implementation disagrees. */
export interface GoldenCase {
  readonly label: string;
  run(): void | Promise<void>;
}

/**
 * Checks the files of one kind. Tests and `npm run golden -- DIR` run the same checks: add new ones to the list
 * in `index.ts`.
 */
export interface GoldenCheck {
  readonly name: string;
  /** Whether the check knows this file; paths are relative and use `/`. */
  matches(path: string): boolean;
  cases(file: GoldenFile): Iterable<GoldenCase>;
}

export interface GoldenFailure {
  readonly label: string;
  readonly error: unknown;
}

export interface GoldenResult {
  readonly path: string;
  readonly passed: number;
  readonly failures: readonly GoldenFailure[];
}

/** Runs all checks that know the file; undefined when there is none. */
export async function checkFile(
  file: GoldenFile,
  checks: readonly GoldenCheck[],
): Promise<GoldenResult | undefined> {
  const matching = checks.filter((check) => check.matches(file.path));
  if (matching.length === 0) return undefined;
  let passed = 0;
  const failures: GoldenFailure[] = [];
  for (const check of matching) {
    try {
      for (const { label, run } of check.cases(file)) {
        try {
          await run();
          passed++;
        } catch (error) {
          failures.push({ label, error });
        }
      }
    } catch (error) {
      failures.push({ label: `${check.name} can't read the file`, error });
    }
  }
  return { path: file.path, passed, failures };
}
