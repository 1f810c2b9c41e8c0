import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { checkDeadExports } from './dead-exports.ts';
import type { Finding } from './finding.ts';
import { checkImports } from './import-matrix.ts';
import { checkOutsideWorld, checkSleeps } from './outside-world.ts';
import {
  checkReachability,
  entryPointsOf,
  entryPointsOfLaunchers,
  type PackageFacts,
} from './reachability.ts';
import { parseSourceFile } from './source-file.ts';
import { checkAlienText, checkCode, checkMachinePaths } from './text-rules.ts';

const SKIPPED = new Set(['node_modules', 'dist', '.git', 'data', '.cache']);
/** Reference data, which says what others wrote. */
const DATA_FILE = /^test\/golden\/.*(?<!\.ts)$/;
const TEXT_FILE = /(?:^|\/)(?:\.[\w-]+|[\w-]+)$|\.(?:ts|js|mjs|json|md|sh|yml|yaml|properties|cfg|txt)$/;

/** Paths of the repository's own text files, from its root, with slashes. */
function listFiles(root: string, folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    if (SKIPPED.has(path) || entry.name === 'node_modules') return [];
    if (entry.isDirectory()) return listFiles(root, path);
    return entry.isFile() && TEXT_FILE.test(path) && !DATA_FILE.test(path) ? [path] : [];
  });
}

/** Everything that is out of order in the repository at `root`. */
export function checkRepository(root: string): Finding[] {
  const texts = listFiles(root).map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
  const files = texts
    .filter(({ path }) => /^(?:src|test|tools|bench)\/.*\.ts$/.test(path))
    .map(({ path, text }) => parseSourceFile(path, text));
  const facts = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as PackageFacts;
  const launchers = texts.filter(({ path }) => path.startsWith('bin/')).map(({ text }) => text);
  return [
    ...checkImports(files),
    ...checkOutsideWorld(files),
    ...checkSleeps(files),
    ...checkReachability(files, [...entryPointsOf(facts), ...entryPointsOfLaunchers(launchers)]),
    ...checkDeadExports(files),
    ...checkCode(files),
    ...texts.flatMap(({ path, text }) => [...checkMachinePaths(path, text), ...checkAlienText(path, text)]),
  ];
}
