import type { Target } from '../../tools/peers/targets.ts';
import type { Toolbox } from '../../tools/peers/toolbox.ts';

export interface Sample {
  readonly name: string;
  readonly value: number;
}

export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly better: 'more' | 'less';
}

/** What a load runs on. */
export interface Bed {
  readonly toolbox: Toolbox;
  readonly target: Pick<Target, 'bootstrap' | 'zookeeper' | 'pids'>;
  readonly quick: boolean;
}

/** A load that is ready to be repeated on one server. */
export interface Run {
  measure(): Promise<Sample[]>;
  /** Takes back what `prepare` made. */
  end(): Promise<void>;
}

/** A load on one server after the other. */
export interface LoadApart {
  readonly figures: readonly Figure[];
  /** Makes what the load needs, and warms up the server. */
  prepare(bed: Bed): Promise<Run>;
}

/** A load that goes to and fro between the servers itself. */
export interface LoadTogether {
  readonly figures: readonly Figure[];
  /** The samples of each server, in the order of the beds. */
  measureAll(beds: readonly Bed[]): Promise<Sample[][]>;
}

export type Load = LoadApart | LoadTogether;

interface Repetition {
  readonly rounds: number;
  /** What the sides' servers are, in a fixed order. */
  readonly beds: readonly Bed[];
  /** Takes what one round gave on one of the beds. */
  record(bed: number, round: number, samples: readonly Sample[]): void;
}

/** Repeats a load on all beds, which take turns. */
export function repeat(load: Load, repetition: Repetition): Promise<void> {
  return 'measureAll' in load ? repeatTogether(load, repetition) : repeatApart(load, repetition);
}

async function repeatApart(load: LoadApart, { rounds, beds, record }: Repetition): Promise<void> {
  const runs: Run[] = [];
  for (const bed of beds) runs.push(await load.prepare(bed));
  for (let round = 1; round <= rounds; round += 1) {
    const turns = [...runs.entries()];
    // Whoever comes second finds the disk busier: take turns at that too.
    for (const [bed, run] of round % 2 === 1 ? turns : turns.toReversed()) {
      record(bed, round, await run.measure());
    }
  }
  for (const run of runs) await run.end();
}

async function repeatTogether(load: LoadTogether, { rounds, beds, record }: Repetition): Promise<void> {
  for (let round = 1; round <= rounds; round += 1) {
    const samples = await load.measureAll(beds);
    for (const [bed, list] of samples.entries()) record(bed, round, list);
  }
}
