import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const root = join(import.meta.dirname, '../../../..');
const bundles = join(root, 'dist/bundle');

/** What Node loads before a bundle runs: the file and its static imports. */
function loadedBytes(file: string, seen = new Set<string>()): number {
  if (seen.has(file)) return 0;
  seen.add(file);
  const text = readFileSync(join(bundles, file), 'utf8');
  const imports = [...text.matchAll(/^import\s(?:[^'"]*\sfrom\s)?["']\.\/([^"']+)["'];?$/gm)];
  return text.length + imports.reduce((sum, [, name = '']) => sum + loadedBytes(name, seen), 0);
}

/** `--help` and a mistyped flag answer in no time because hardly anything is loaded for them. */
describe('what a command loads before it has read its arguments', () => {
  for (const launcher of readdirSync(join(root, 'bin')).filter((name) => /^kafka-.*\.sh$/.test(name))) {
    const [, bundle = ''] =
      /dist\/bundle\/([\w-]+\.js)/.exec(readFileSync(join(root, 'bin', launcher), 'utf8')) ?? [];
    // Servers and what ends them are another matter.
    if (launcher.startsWith('kafka-server-')) continue;
    it(launcher, () => {
      const bytes = loadedBytes(bundle);
      assert.ok(bytes > 100 && bytes < 80_000, `${launcher} loads ${bytes} bytes before it starts`);
    });
  }
});
