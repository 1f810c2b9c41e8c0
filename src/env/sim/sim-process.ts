import type { Clock } from '../clock.ts';
import type { Env } from '../env.ts';
import type { Timer, Timers } from '../timers.ts';
import { SimDiskView } from './sim-disk.ts';
import type { SimHost } from './sim-host.ts';
import { createSimLog } from './sim-log.ts';
import { SimNet } from './sim-net.ts';
import type { Simulation } from './simulation.ts';

/** Raised when code of a process that was killed or crashed goes on and calls its environment. */
export class ProcessGoneError extends Error {
  override name = 'ProcessGoneError';
}

/**
 * One run of the programs of a host, from start (or restart) to a crash or a kill. Its timers and connections
 * end with it; calls that come from it afterwards fail or have no effect.
 */
export class SimProcess {
  readonly host: SimHost;
  readonly clock: Clock;
  readonly env: Env;
  private readonly simulation: Simulation;
  private alive = true;

  constructor(simulation: Simulation, host: SimHost) {
    this.simulation = simulation;
    this.host = host;
    // Every process counts monotonic time from an origin of its own, so that nobody compares two of them.
    const origin = simulation.random.below(1_000_000_000);
    this.clock = {
      nowMs: () => Math.floor(simulation.epochMs + simulation.nowMs + host.clockSkewMs),
      monotonicMs: () => origin + simulation.nowMs,
    };
    this.env = {
      clock: this.clock,
      timers: this.timers(),
      random: simulation.random.fork(),
      net: new SimNet(simulation.network, this),
      disk: new SimDiskView(host.disk, this),
      log: createSimLog(simulation, host.name),
    };
  }

  get isAlive(): boolean {
    return this.alive;
  }

  /** Throws when the process has ended. */
  check(): void {
    if (!this.alive) throw new ProcessGoneError(`a process of host ${this.host.name} is gone`);
  }

  /** Runs `action` in a turn of its own after `delayMs`, if the process is still there. */
  after(delayMs: number, label: string, action: () => void): Timer {
    if (!this.alive) return { cancel: () => undefined };
    const event = this.simulation.schedule(delayMs, `${this.host.name}: ${label}`, () => {
      if (this.alive) action();
    });
    return {
      cancel: () => {
        event.cancelled = true;
      },
    };
  }

  end(): void {
    this.alive = false;
  }

  private timers(): Timers {
    return {
      after: (delayMs, action) => this.after(delayMs, 'timer', action),
      every: (intervalMs, action) => {
        let current: Timer;
        const arm = (): void => {
          current = this.after(intervalMs, 'interval', () => {
            arm();
            action();
          });
        };
        arm();
        return { cancel: () => current.cancel() };
      },
      soon: (action) => void this.after(0, 'soon', action),
    };
  }
}
