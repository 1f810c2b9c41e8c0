import type { Finding } from './finding.ts';
import { lineAt, type SourceFile } from './source-file.ts';

/** Modules of Node that compute and do nothing else. */
const PURE_MODULES = [
  'assert',
  'buffer',
  'crypto',
  'diagnostics_channel',
  'events',
  'path',
  'stream',
  'url',
  'util',
  'zlib',
  'string_decoder',
];

interface Ban {
  pattern: RegExp;
  problem: string;
  remedy: string;
}

const BANS: readonly Ban[] = [
  {
    pattern: /\bDate\.now\b|\bnew Date(?:\(\s*\)|(?=\s*[;,)]))|(?<![\w$.]|new )Date\(|\bTemporal\.Now\b/g,
    problem: 'reads the clock',
    remedy: 'Use env.clock',
  },
  { pattern: /(?<![\w$.])performance\b/g, problem: 'reads the clock', remedy: 'Use env.clock' },
  {
    pattern:
      /(?<![\w$.])(?:setTimeout|setInterval|setImmediate|queueMicrotask|clearTimeout|clearInterval)\b|\bAbortSignal\.timeout\b/g,
    problem: 'uses a timer of the runtime',
    remedy: 'Use env.timers',
  },
  {
    pattern: /\bMath\.random\b|\brandom(?:Bytes|Int|UUID|Fill|FillSync)\b|\bgetRandomValues\b/g,
    problem: 'uses randomness of the runtime',
    remedy: 'Use env.random',
  },
  {
    pattern:
      /(?<![\w$.])process\.(?:env|argv|exit|on|once|nextTick|hrtime|pid|cwd|memoryUsage|std\w+|platform|kill|getBuiltinModule|binding|uptime)\b/g,
    problem: 'touches the process',
    remedy: 'Pass in what is needed, or extend env',
  },
  {
    pattern: /(?:\b(?:await|return|void|new)\s+|[=(]\s*|globalThis\.)(?:fetch|WebSocket)\s*\(/g,
    problem: 'opens a connection',
    remedy: 'Use env.net',
  },
  { pattern: /(?<![\w$.])console\./g, problem: 'writes to the console', remedy: 'Use env.log' },
  { pattern: /=\s*require\s*\(/g, problem: 'requires a module', remedy: 'Import it' },
];

interface Exemption {
  path: RegExp;
  /** Code that may stand there. */
  code: RegExp;
  /** Modules of Node that may be imported there. */
  modules: readonly string[];
}

const EXEMPTIONS: readonly Exemption[] = [
  // The hop between two events, which lets promise reactions run out.
  { path: /^src\/env\/sim\/simulation\.ts$/, code: /^setImmediate$/, modules: [] },
  // Commands have arguments, standard streams, signals and an exit code, and start daemons.
  {
    path: /^src\/cli\//,
    code: /^process\.|^console\.$/,
    modules: ['child_process', 'readline', 'readline/promises'],
  },
  { path: /^src\/embedded\//, code: /^process\./, modules: [] },
  // The program of a codec lies as a file in its package.
  { path: /^src\/wire\/kafka\/records\/zstd-program\.ts$/, code: /(?!)/, modules: ['fs', 'module'] },
];

function checkModules(file: SourceFile, allowed: readonly string[]): Finding[] {
  return file.imports
    .filter(({ specifier }) => specifier.startsWith('node:'))
    .filter(
      ({ specifier }) => !PURE_MODULES.includes(specifier.slice(5)) && !allowed.includes(specifier.slice(5)),
    )
    .map(({ specifier, line }) => ({
      path: file.path,
      line,
      problem: `imports ${specifier}`,
      remedy: 'Only src/env/node meets the outside world: use env, or extend it',
    }));
}

function checkFile(file: SourceFile): Finding[] {
  const exemptions = EXEMPTIONS.filter((exemption) => exemption.path.test(file.path));
  const findings = checkModules(
    file,
    exemptions.flatMap((exemption) => exemption.modules),
  );
  for (const { pattern, problem, remedy } of BANS) {
    for (const match of file.code.matchAll(pattern)) {
      if (exemptions.some((exemption) => exemption.code.test(match[0]))) continue;
      findings.push({
        path: file.path,
        line: lineAt(file.code, match.index),
        problem: `${problem} (${match[0]})`,
        remedy,
      });
    }
  }
  return findings;
}

/** Clocks, timers, randomness, sockets and files anywhere in src but in env/node. */
export function checkOutsideWorld(files: readonly SourceFile[]): Finding[] {
  return files
    .filter((file) => file.path.startsWith('src/') && !file.path.startsWith('src/env/node/'))
    .flatMap(checkFile);
}

/** Sleeps in tests that have no business with real time. */
export function checkSleeps(files: readonly SourceFile[]): Finding[] {
  return files
    .filter((file) => /^test\/(unit|golden|sim|scenario)\//.test(file.path))
    .flatMap((file) =>
      [...file.code.matchAll(/(?<![\w$.])(?:setTimeout|setInterval)\b/g)].map((match) => ({
        path: file.path,
        line: lineAt(file.code, match.index),
        problem: `waits in real time (${match[0]})`,
        remedy: 'Use the simulated clock',
      })),
    );
}
