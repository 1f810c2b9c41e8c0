import { type Simulation, SimulationError } from '../../src/env/sim/simulation.ts';
import { InvariantViolation } from './invariant.ts';

/** Waits until `isThere`; a system that does not get there in time is not live. */
export async function eventually(
  sim: Simulation,
  what: string,
  isThere: () => boolean,
  withinMs: number,
  why: () => string = () => '',
): Promise<void> {
  try {
    await sim.runUntil(isThere, { withinMs });
  } catch (error) {
    if (!(error instanceof SimulationError) || !error.message.includes('did not come true')) throw error;
    throw new InvariantViolation('liveness', `not so within ${withinMs} ms: ${what}. ${why()}`.trimEnd());
  }
}
