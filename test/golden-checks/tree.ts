import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GoldenFile } from './check.ts';

/** The golden data of this repository; tests run from dist/test/golden-checks. */
export const GOLDEN_ROOT = fileURLToPath(new URL('../../../test/golden/', import.meta.url));

/** Relative paths of all data files below `root`, sorted. */
export function goldenPaths(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(join(root, '/').length))
    .sort();
}

export function openGolden(root: string, path: string): GoldenFile {
  return new GoldenFile(path, readFileSync(join(root, path)));
}
