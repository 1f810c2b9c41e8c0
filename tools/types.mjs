// Puts into dist/types the declarations that users of the package need: those that its entry points reach.
// All others, the schemas of Kafka's messages above all, would only slow their compilers down.
//
//   node tools/types.mjs [DIR]     into another directory
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const TYPES = resolve(process.argv[2] ?? join(ROOT, 'dist/types'));
const EMITTED = `${TYPES}-emitted`;
const RELATIVE_IMPORT = /(\bfrom\s*|\bimport\s*\(?\s*)(['"])(\.{1,2}\/[^'"]+)\.ts\2/g;

rmSync(EMITTED, { recursive: true, force: true });
rmSync(TYPES, { recursive: true, force: true });
const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.types.json', '--outDir', EMITTED], {
  cwd: ROOT,
  stdio: 'inherit',
});
if (status !== 0) process.exit(1);

const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const waiting = Object.values(exports)
  .filter((entry) => entry.types !== undefined)
  .map((entry) => join(EMITTED, relative('dist/types', entry.types)));
const seen = new Set();
for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
  if (seen.has(file)) continue;
  seen.add(file);
  // The compiler leaves `.ts` in declarations, which stands for a source that users do not have.
  const text = readFileSync(file, 'utf8').replace(RELATIVE_IMPORT, (_, before, quote, path) => {
    waiting.push(join(dirname(file), `${path}.d.ts`));
    return `${before}${quote}${path}.js${quote}`;
  });
  const target = join(TYPES, relative(EMITTED, file));
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
}
rmSync(EMITTED, { recursive: true });
