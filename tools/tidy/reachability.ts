import type { Finding } from './finding.ts';
import { resolveImport, type SourceFile } from './source-file.ts';

/** What users and commands import, besides the `exports` and `bin` of package.json. */
const ENTRY_POINTS: readonly string[] = [
  // The commands behind the launchers in bin/, bundled by rolldown.config.mjs.
  'src/cli/streamkeeper.ts',
  'src/cli/zk-server.ts',
  'src/cli/kafka-server-start.ts',
  'src/cli/kafka-server-stop.ts',
  // The simulated environment serves tests alone.
  'src/env/sim/simulation.ts',
  // The protocol's schemas are complete, whether or not a part of the broker speaks them yet.
  'src/wire/kafka/catalog.ts',
  // The partitioner of Kafka's clients, kept equal to theirs by golden vectors.
  'src/base/murmur2.ts',
];

/** Parts that are still being put together: what stands there needs no user yet. Keep it short. */
export const UNDER_CONSTRUCTION: readonly string[] = [
  'src/zookeeper/election/',
  'src/zookeeper/zab/',
  // What ensembles need of the parts that stand.
  'src/wire/zookeeper/quorum.ts',
  'src/zookeeper/server/election-port.ts',
  'src/zookeeper/server/quorum-peer.ts',
  'src/zookeeper/pipeline/zxid.ts',
  'src/zookeeper/persistence/txn-log-scan.ts',
  'src/zookeeper/tree/ephemeral-type.ts',
  'test/support/kafka/real-broker.ts',
];

export interface PackageFacts {
  exports: Readonly<Record<string, { default: string }>>;
  bin?: Readonly<Record<string, string>>;
}

/** The sources behind the compiled files that package.json names. */
export function entryPointsOf(facts: PackageFacts): string[] {
  const compiled = [
    ...Object.values(facts.exports).map((entry) => entry.default),
    ...Object.values(facts.bin ?? {}),
  ];
  return compiled.map((path) => path.replace(/^(\.\/)?dist\//, '').replace(/\.js$/, '.ts'));
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
