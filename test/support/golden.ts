import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

/** Reference data made with Apache's jars; tests run from dist/test/support. */
const GOLDEN = fileURLToPath(new URL('../../../test/golden/', import.meta.url));

/** A file under test/golden, decompressed when its name ends in `.gz`. */
export function goldenFile(path: string): Buffer {
  const bytes = readFileSync(join(GOLDEN, path));
  return path.endsWith('.gz') ? gunzipSync(bytes) : bytes;
}

export function goldenText(path: string): string {
  return goldenFile(path).toString('utf8');
}

export function goldenJson<T>(path: string): T {
  return JSON.parse(goldenText(path)) as T;
}

/** One object a line. */
export function goldenLines<T>(path: string): T[] {
  return goldenText(path)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}
