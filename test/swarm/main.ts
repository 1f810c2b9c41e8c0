/** `npm run sim`: simulated systems under faults, seed by seed. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { runSeed, type SeedReport } from './run-seed.ts';
import { LostError, runSeeds, type SeedTask } from './seed-pool.ts';
import type { SimulatedSystem } from './system.ts';
import { systems } from './systems.ts';

const DEFAULT_SEEDS = 20;
const DEFAULT_STEPS = 10_000;
const LAST_EVENTS = 40;
const PROGRESS_EVERY_MS = 10_000;

const names = systems.map(({ name }) => name);
const usage = `usage: npm run sim -- [--system ${[...new Set(names.map((name) => name.split('-')[0]))].join('|')}|all] [--seed N] [--seeds K] [--steps M] [--jobs J] [--verbose]
  --system   whose servers are simulated (${names.join(', ')}; a first word takes all that begin with it); default all
  --seed     the first seed; alone, the only one
  --seeds    how many seeds, from --seed (or 1) on; default ${DEFAULT_SEEDS}
  --steps    events for which load and faults go on, before the faults stop and all has to settle; default ${DEFAULT_STEPS}
  --jobs     threads; default one per processor
  --verbose  prints every event of one seed of one system

The same seed and steps give the same run, event by event; the trace's hash says so. A failure prints the broken
rule, the last events and the command that repeats it; the exit code is then 1.`;

interface Options {
  chosen: readonly SimulatedSystem[];
  firstSeed: number;
  seeds: number;
  steps: number;
  verbose: boolean;
  jobs: number;
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
      jobs: { type: 'string' },
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
  const seeds = integer('seeds', values.seeds, values.seed === undefined ? DEFAULT_SEEDS : 1, 1);
  if (verbose && (seeds > 1 || chosen.length > 1)) {
    throw new UsageError(`--verbose is for one seed of one system: add --seed N and --system NAME`);
  }
  return {
    chosen,
    firstSeed: integer('seed', values.seed, 1, 0),
    seeds,
    steps: integer('steps', values.steps, DEFAULT_STEPS, 1),
    jobs: integer('jobs', values.jobs, availableParallelism(), 1),
    verbose,
  };
}

function commandFor({ system, seed, steps }: SeedTask): string {
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

/** What has come of the seeds so far. */
class Tally {
  failures = 0;
  private done = 0;
  private readonly total: number;
  private readonly options: Options;
  private readonly startedMs = performance.now();
  private progressMs = this.startedMs;

  constructor(options: Options, total: number) {
    this.options = options;
    this.total = total;
  }

  async take(report: SeedReport): Promise<void> {
    const { verbose, seeds, chosen } = this.options;
    this.done++;
    if (verbose) console.log(report.trace.join('\n'));
    if (verbose || seeds <= DEFAULT_SEEDS || report.failure !== undefined) console.log(describe(report));
    if (verbose) console.log(`    ${report.description}`);
    const system = chosen.find(({ name }) => name === report.system);
    if (report.failure !== undefined && system !== undefined) {
      this.failures++;
      await explain(system, report);
    }
    if (performance.now() - this.progressMs < PROGRESS_EVERY_MS) return;
    this.progressMs = performance.now();
    console.log(`    ${report.system}: ${this.done} of ${this.total} done, ${this.failures} failed`);
  }

  summary(): string {
    const seconds = ((performance.now() - this.startedMs) / 1000).toFixed(1);
    return `\n${this.done - this.failures} passed, ${this.failures} failed in ${seconds} s`;
  }
}

async function runAll(options: Options): Promise<number> {
  const { chosen, firstSeed, seeds, steps, verbose, jobs } = options;
  const tasks = chosen.flatMap(({ name: system }) =>
    Array.from({ length: seeds }, (_, index) => ({ system, seed: firstSeed + index, steps })),
  );
  const tally = new Tally(options, tasks.length);
  if (verbose) {
    const [only] = chosen;
    if (only !== undefined)
      await tally.take(await runSeed(only, { seed: firstSeed, steps, keepTrace: true }));
  } else {
    try {
      await runSeeds(tasks, jobs, (report) => tally.take(report));
    } catch (error) {
      if (!(error instanceof LostError)) throw error;
      // It would have ended a server: what comes after it in the run is of no account.
      console.log(`BAD ${error.task.system} seed ${error.task.seed}:`, error.cause);
      console.log(`    ${error.message}\n    repeat with: ${commandFor(error.task)}`);
      return 1;
    }
  }
  console.log(tally.summary());
  return tally.failures === 0 ? 0 : 1;
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
