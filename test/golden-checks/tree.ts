import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GoldenFile, type GoldenTree } from './check.ts';

/** The golden data of this repository; tests run from dist/test/golden-checks. */
export const GOLDEN_ROOT = fileURLToPath(new URL('../../../test/golden/', import.meta.url));

function goldenPaths(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(join(root, '/').length))
    .sort();
}

/** Golden data in a directory of this machine; notes the files that were read. */
export class GoldenDirectory implements GoldenTree {
  readonly root: string;
  readonly filesRead = new Set<string>();

  constructor(root: string) {
    this.root = root;
  }

  read(path: string): Buffer {
    this.filesRead.add(path);
    return readFileSync(join(this.root, path));
  }

  has(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  /** Relative paths of all data files, sorted. */
  paths(): string[] {
    return goldenPaths(this.root);
  }

  file(path: string): GoldenFile {
    return new GoldenFile(path, this);
  }
}
