import type { Finding } from './finding.ts';
import { resolveImport, type SourceFile } from './source-file.ts';

/** What users and commands import, besides the `exports` of package.json. */
const ENTRY_POINTS: readonly string[] = [
  // The commands behind the launchers in bin/, bundled by rolldown.config.mjs.
  'src/cli/streamkeeper.ts',
  'src/cli/zk-server.ts',
  'src/cli/zk-cli.ts',
  'src/cli/zk-cleanup.ts',
  'src/cli/zk-snapshot-toolkit.ts',
  'src/cli/zk-txn-log-toolkit.ts',
  'src/cli/kafka-server-start.ts',
  'src/cli/kafka-server-stop.ts',
  // The simulated environment serves tests alone.
  'src/env/sim/simulation.ts',
  // The protocol's schemas are complete, whether or not a part of the broker speaks them yet.
  'src/wire/kafka/catalog.ts',
  // The partitioner of Kafka's clients, kept equal to theirs by golden vectors.
  'src/base/murmur2.ts',
];

/** Parts that are still being put together: what stands there needs no user yet. Ensembles; empty it with them. */
export const UNDER_CONSTRUCTION: readonly string[] = [
  'src/wire/zookeeper/',
  'src/zookeeper/',
  'test/support/',
  'test/swarm/',
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

export interface ReachabilityOptions {
  entries: readonly string[];
  /** Beginnings of paths that are let off. */
  tolerated: readonly string[];
}

/** Files under src that nothing reaches from an entry point; being imported by tests does not count. */
export function checkReachability(files: readonly SourceFile[], options: ReachabilityOptions): Finding[] {
  const seen = reachable(files, [...options.entries, ...ENTRY_POINTS]);
  return files
    .filter((file) => file.path.startsWith('src/') && !seen.has(file.path))
    .filter((file) => !options.tolerated.some((folder) => file.path.startsWith(folder)))
    .map((file) => ({
      path: file.path,
      line: 1,
      problem: 'nothing that users or commands reach imports this file',
      remedy: 'Use it or remove it; an entry point belongs in package.json or tools/tidy/reachability.ts',
    }));
}
