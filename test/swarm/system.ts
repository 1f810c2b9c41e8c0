import type { Simulation } from '../../src/env/sim/simulation.ts';
import type { Fault } from './faults.ts';

/** A system under simulation: servers, load and rules, drawn from the simulation's seed. */
export interface SimulatedSystem {
  readonly name: string;
  build(sim: Simulation): SystemRun;
}

/** One run of a system. */
export interface SystemRun {
  /** What was drawn, in one line. */
  readonly description: string;
  readonly faults: readonly Fault[];
  /** Brings the servers up and lets the load begin. */
  start(): Promise<void>;
  /** Judges what is new; called after every event. Throws InvariantViolation. */
  judge(): void;
  /**
   * The faults are over. Resolves when everything serves again, the load has ended and the last checks have
   * passed; throws InvariantViolation.
   */
  settle(): Promise<void>;
  /** How much was done, for the report. */
  counts(): Readonly<Record<string, number>>;
}
