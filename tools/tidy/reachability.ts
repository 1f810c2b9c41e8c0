import type { Finding } from './finding.ts';
import { resolveImport, type SourceFile } from './source-file.ts';

/** What stands for itself, besides what package.json and the launchers in bin/ name. */
const ENTRY_POINTS: readonly string[] = [
  // The simulated environment serves tests alone.
  'src/env/sim/simulation.ts',
  // The protocol's schemas are complete, whether or not a part of the broker speaks them yet.
  'src/wire/kafka/catalog.ts',
  // The partitioner of Kafka's clients, kept equal to theirs by golden vectors.
  'src/base/murmur2.ts',
];

export interface PackageFacts {
  exports: Readonly<Record<string, { types: string }>>;
}

/** The sources behind the declarations that package.json names. */
export function entryPointsOf(facts: PackageFacts): string[] {
  return Object.values(facts.exports).map(({ types }) =>
    types.replace(/^\.\/dist\/types\//, 'src/').replace(/\.d\.ts$/, '.ts'),
  );
}

/** The commands that launchers start, which tools/bundle.mjs bundles. */
export function entryPointsOfLaunchers(launchers: readonly string[]): string[] {
  return launchers.flatMap((text) =>
    [...text.matchAll(/dist\/bundle\/([\w-]+)\.js/g)].map(([, name]) => `src/cli/${name}.ts`),
  );
}

function reachable(files: readonly SourceFile[], entries: readonly string[]): Set<string> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const seen = new Set<string>();
  const waiting = entries.filter((entry) => byPath.has(entry));
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const file = byPath.get(path);
    if (file === undefined || seen.has(path)) continue;
    seen.add(path);
    for (const { specifier } of file.imports) {
      const target = resolveImport(file, specifier);
      if (target !== undefined) waiting.push(target);
    }
  }
  return seen;
}

/** Files under src that nothing reaches from an entry point; being imported by tests does not count. */
export function checkReachability(files: readonly SourceFile[], entries: readonly string[]): Finding[] {
  const seen = reachable(files, [...entries, ...ENTRY_POINTS]);
  return files
    .filter((file) => file.path.startsWith('src/') && !seen.has(file.path))
    .map((file) => ({
      path: file.path,
      line: 1,
      problem: 'nothing that users or commands reach imports this file',
      remedy: 'Use it or remove it; an entry point belongs in package.json or tools/tidy/reachability.ts',
    }));
}
