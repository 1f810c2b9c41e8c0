import type { SimRandom } from '../../../src/env/sim/sim-random.ts';
import type { Simulation } from '../../../src/env/sim/simulation.ts';
import type { Worker } from './worker.ts';

/** What the plays of one run share. */
export interface Stage {
  readonly sim: Simulation;
  readonly random: SimRandom;
  /** Where workers find the servers. */
  readonly connectString: string;
  /** Ends the run: a rule is broken. */
  violated(rule: string, text: string): void;
}

/** Something that several workers do together by a recipe, and the rules it has to keep. */
export interface Play {
  readonly name: string;
  /** One turn of a worker. What the end of its session makes of it is the worker's business. */
  round(worker: Worker): Promise<void>;
  /** The faults are over and no worker is in a round any more: the last judgement, with a worker that is served. */
  finish(worker: Worker): Promise<void>;
}
