import { Simulation } from '../../src/env/sim/simulation.ts';
import { InvariantViolation } from './invariant.ts';
import { Nemesis } from './nemesis.ts';
import type { SimulatedSystem } from './system.ts';

/** No run is meant to last so long. */
const WITHIN_MS = 24 * 60 * 60_000;
const DIGEST_DIGITS = 8;

export interface SeedOptions {
  seed: number;
  /** Events for which load and faults go on; then the faults stop. */
  steps: number;
  /** Keeps the text of every event. */
  keepTrace?: boolean;
}

export interface SeedReport {
  readonly system: string;
  readonly seed: number;
  readonly steps: number;
  readonly description: string;
  readonly events: number;
  readonly virtualMs: number;
  /** Equal for equal sequences of events. */
  readonly digest: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly failure: { readonly invariant: string; readonly text: string; readonly stack: string } | undefined;
  readonly trace: readonly string[];
}

/** One run from a seed: load under faults for so many events, then calm, and the last judgement. */
export async function runSeed(system: SimulatedSystem, options: SeedOptions): Promise<SeedReport> {
  const { seed, steps, keepTrace = false } = options;
  const sim = new Simulation({ seed, keepTrace });
  const run = system.build(sim);
  const nemesis = new Nemesis(sim, run.faults);
  let events = 0;
  let isOver = false;
  let failure: SeedReport['failure'];

  const story = async (): Promise<void> => {
    await run.start();
    nemesis.start();
    const until = events + steps;
    await sim.runUntil(() => events >= until, { withinMs: WITHIN_MS });
    nemesis.stop();
    await run.settle();
  };
  const judging = sim.runUntil(
    () => {
      events++;
      run.judge();
      return isOver;
    },
    { withinMs: WITHIN_MS },
  );
  const telling = sim.run(story, { withinMs: WITHIN_MS }).finally(() => {
    isOver = true;
  });
  try {
    await Promise.all([telling, judging]);
  } catch (error) {
    failure = describeFailure(error);
  }
  await Promise.allSettled([telling, judging]);
  return {
    system: system.name,
    seed,
    steps,
    description: `${run.description}; faults: ${nemesis.kinds}`,
    events,
    virtualMs: Math.round(sim.nowMs),
    digest: sim.traceDigest.toString(16).padStart(DIGEST_DIGITS, '0'),
    counts: { ...run.counts(), faults: [...nemesis.struck.values()].reduce((sum, count) => sum + count, 0) },
    failure,
    trace: sim.trace,
  };
}

function describeFailure(error: unknown): { invariant: string; text: string; stack: string } {
  const text = error instanceof Error ? error.message : String(error);
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return {
    invariant: error instanceof InvariantViolation ? error.invariant : 'no crash of the program',
    text,
    stack: cause instanceof Error ? (cause.stack ?? text) : text,
  };
}
