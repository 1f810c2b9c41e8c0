import type { SimRandom } from '../../src/env/sim/sim-random.ts';
import type { Simulation } from '../../src/env/sim/simulation.ts';
import type { Fault } from './faults.ts';

/** Strikes with faults at random times until it is told to stop. Each run has only some kinds, so that each gets its chance. */
export class Nemesis {
  /** How often each fault struck. */
  readonly struck = new Map<string, number>();
  private readonly sim: Simulation;
  private readonly random: SimRandom;
  private readonly faults: readonly Fault[];
  private readonly meanPauseMs: number;
  private readonly meanDurationMs: number;
  private readonly cures = new Set<() => void>();
  private isOver = false;

  constructor(sim: Simulation, faults: readonly Fault[]) {
    this.sim = sim;
    this.random = sim.random.fork();
    this.faults = faults.filter(() => this.random.chance(0.5));
    this.meanPauseMs = 50 + this.random.below(this.random.chance(0.5) ? 800 : 5000);
    this.meanDurationMs = 50 + this.random.below(this.random.chance(0.3) ? 12_000 : 2000);
  }

  get kinds(): string {
    return this.faults.map(({ name }) => name).join(', ') || 'none';
  }

  start(): void {
    const pauseMs = this.random.between(0, 2 * this.meanPauseMs);
    this.sim.schedule(pauseMs, 'nemesis', () => {
      if (this.isOver) return;
      this.strike();
      this.start();
    });
  }

  /** Undoes what it did. */
  stop(): void {
    this.isOver = true;
    for (const cure of [...this.cures]) cure();
  }

  private strike(): void {
    if (this.faults.length === 0) return;
    const fault = this.faults[this.random.below(this.faults.length)];
    const undo = fault?.strike(this.random);
    if (fault === undefined || undo === undefined) return;
    this.struck.set(fault.name, (this.struck.get(fault.name) ?? 0) + 1);
    const cure = (): void => {
      if (this.cures.delete(cure)) undo();
    };
    this.cures.add(cure);
    this.sim.schedule(0, `nemesis: ${fault.name}`, () => {});
    const durationMs = this.random.between(0, 2 * this.meanDurationMs);
    this.sim.schedule(durationMs, `nemesis: end of ${fault.name}`, cure);
  }
}
