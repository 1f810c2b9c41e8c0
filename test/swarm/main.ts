/** `npm run sim`: simulated systems under faults, seed by seed. */
import { parseArgs } from 'node:util';
import { runSeed, type SeedReport } from './run-seed.ts';
import type { SimulatedSystem } from './system.ts';
import { systems } from './systems.ts';

const DEFAULT_SEEDS = 20;
const DEFAULT_STEPS = 10_000;
const LAST_EVENTS = 40;
const PROGRESS_EVERY_MS = 10_000;

const names = systems.map(({ name }) => name);
const usage = `usage: npm run sim -- [--system ${[...new Set(names.map((name) => name.split('-')[0]))].join('|')}|all] [--seed N] [--seeds K] [--steps M] [--verbose]
  --system   whose servers are simulated (${names.join(', ')}; a first word takes all that begin with it); default all
  --seed     the first seed; alone, the only one
  --seeds    how many seeds, from --seed (or 1) on; default ${DEFAULT_SEEDS}
  --steps    events for which load and faults go on, before the faults stop and all has to settle; default ${DEFAULT_STEPS}
  --verbose  prints every event, with one seed

The same seed and steps give the same run, event by event; the trace's hash says so. A failure prints the broken
rule, the last events and the command that repeats it; the exit code is then 1.`;

interface Options {
  chosen: readonly SimulatedSystem[];
  firstSeed: number;
  seeds: number;
  steps: number;
  verbose: boolean;
}

class UsageError extends Error {}

function integer(name: string, text: string | undefined, fallback: number, least: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least) {
    throw new UsageError(`--${name} ${text}: give an integer from ${least} on`);
  }
  return value;
}

function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      system: { type: 'string', default: 'all' },
      seed: { type: 'string' },
      seeds: { type: 'string' },
      steps: { type: 'string' },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const { system, verbose } = values;
  const chosen = systems.filter(
    ({ name }) => system === 'all' || name === system || name.startsWith(`${system}-`),
  );
  if (chosen.length === 0) {
    throw new UsageError(`--system ${system}: there are ${names.join(', ')}, and all`);
  }
  return {
    chosen,
    firstSeed: integer('seed', values.seed, 1, 0),
    seeds: integer('seeds', values.seeds, values.seed === undefined ? DEFAULT_SEEDS : 1, 1),
    steps: integer('steps', values.steps, DEFAULT_STEPS, 1),
    verbose,
  };
}

function commandFor({ system, seed, steps }: Pick<SeedReport, 'system' | 'seed' | 'steps'>): string {
  return `npm run sim -- --system ${system} --seed ${seed} --steps ${steps}`;
}

function describe(report: SeedReport): string {
  const { system, seed, events, virtualMs, digest, counts, failure } = report;
  const verdict = failure === undefined ? 'ok ' : 'BAD';
  const what = Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
  return `${verdict} ${system} seed ${seed}: ${events} events, ${(virtualMs / 1000).toFixed(1)} s simulated, trace ${digest}; ${what}`;
}

/** A failed seed once more, with its events: what it cost the first time was only its name. */
async function explain(system: SimulatedSystem, report: SeedReport): Promise<void> {
  const { seed, steps, failure } = report;
  if (failure === undefined) return;
  const again = await runSeed(system, { seed, steps, keepTrace: true });
  console.log(`    ${report.description}`);
  console.log(`    last events:\n${again.trace.slice(-LAST_EVENTS).join('\n').replace(/^/gm, '      ')}`);
  console.log(`    ${failure.stack.replace(/\n/g, '\n    ')}`);
  if (again.digest !== report.digest) {
    console.log(`    and a second run from this seed went another way: trace ${again.digest}`);
  }
  console.log(`    invariant: ${failure.invariant}`);
  console.log(`    ${failure.text}`);
  console.log(`    repeat with: ${commandFor(report)}`);
}

/** A promise that fails with nobody to hear it would end the process without a word on the seed. */
function nameSeedOfLostErrors(current: () => string): void {
  process.on('unhandledRejection', (error) => {
    console.log(`BAD an error that nobody handled:`, error);
    console.log(`    repeat with: ${current()}`);
    process.exit(1);
  });
}

async function runAll({ chosen, firstSeed, seeds, steps, verbose }: Options): Promise<number> {
  let failures = 0;
  let done = 0;
  const startedMs = performance.now();
  let progressMs = startedMs;
  let current = '';
  nameSeedOfLostErrors(() => current);
  for (const system of chosen) {
    for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
      current = commandFor({ system: system.name, seed, steps });
      const report = await runSeed(system, { seed, steps, keepTrace: verbose });
      done++;
      if (verbose) console.log(report.trace.join('\n'));
      if (verbose || seeds <= DEFAULT_SEEDS || report.failure !== undefined) console.log(describe(report));
      if (verbose) console.log(`    ${report.description}`);
      if (report.failure !== undefined) {
        failures++;
        await explain(system, report);
      }
      if (performance.now() - progressMs > PROGRESS_EVERY_MS) {
        progressMs = performance.now();
        console.log(
          `    ${system.name}: seed ${seed}, ${done} of ${seeds * chosen.length} done, ${failures} failed`,
        );
      }
    }
  }
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(`\n${done - failures} passed, ${failures} failed in ${seconds} s`);
  return failures === 0 ? 0 : 1;
}

try {
  const options = readOptions();
  if (options === undefined) console.log(usage);
  else process.exitCode = await runAll(options);
} catch (error) {
  if (!(error instanceof UsageError) && !(error instanceof TypeError && 'code' in error)) throw error;
  console.error(`${(error as Error).message}\n\n${usage}`);
  process.exitCode = 2;
}
