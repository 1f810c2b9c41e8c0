import type { Env } from '../../src/env/env.ts';
import type { SimHost } from '../../src/env/sim/sim-host.ts';
import { ProcessGoneError } from '../../src/env/sim/sim-process.ts';
import type { Simulation } from '../../src/env/sim/simulation.ts';

const RESTART_AFTER_MS = 500;

export interface SupervisedOptions<S> {
  sim: Simulation;
  host: SimHost;
  /** Runs the program. `life` counts its runs from 1. */
  start(env: Env, life: number): Promise<S>;
  /** The program serves. */
  serving(server: S, life: number): void;
  /** The process is gone. */
  down?(life: number): void;
  /** Resolves when the program has given up by itself; it is then started anew. */
  failure?(server: S): Promise<unknown>;
}

/**
 * A server program on a host, started again whenever it ends, as an init system does.
 *
 *     down --bringUp--> starting --ready--> serving
 *     starting --rejected--> down, and up again after a while
 *     serving --failed--> down, and up again after a while
 *     any --kill, losePower--> down, until bringUp
 */
export class SupervisedServer<S> {
  readonly host: SimHost;
  life = 0;
  server: S | undefined;
  /** Why the program could not start or go on the last time that happened. */
  lastError: unknown;
  failures = 0;
  private readonly options: SupervisedOptions<S>;

  constructor(options: SupervisedOptions<S>) {
    this.options = options;
    this.host = options.host;
  }

  get name(): string {
    return this.host.name;
  }

  get isServing(): boolean {
    return this.server !== undefined;
  }

  /** Starts the program unless it runs. */
  bringUp(): void {
    if (this.life > 0 && this.host.isUp) return;
    const env = this.host.isUp ? this.host.env : this.host.restart();
    this.life++;
    this.run(env, this.life).catch((error: unknown) => {
      // What the program of a dead process still says is of no account.
      if (!isDeath(error)) this.failed(error);
    });
  }

  /** As `kill -9`. */
  kill(): void {
    this.host.kill();
    this.wentDown();
  }

  losePower(): void {
    this.host.crash();
    this.wentDown();
  }

  private async run(env: Env, life: number): Promise<void> {
    const server = await this.options.start(env, life);
    if (life !== this.life || !this.host.isUp) return;
    this.server = server;
    this.options.serving(server, life);
    this.options.failure?.(server).then(
      (error) => {
        if (life === this.life && this.host.isUp) this.failed(error);
      },
      (error: unknown) => {
        if (!isDeath(error)) throw error;
      },
    );
  }

  private failed(error: unknown): void {
    this.lastError = error;
    this.failures++;
    this.kill();
    this.options.sim.schedule(RESTART_AFTER_MS, `supervisor: start ${this.name}`, () => this.bringUp());
  }

  private wentDown(): void {
    if (this.server === undefined) return;
    this.server = undefined;
    this.options.down?.(this.life);
  }
}

/** Raised by what still ran in a process when that was ended. */
export function isDeath(error: unknown): boolean {
  if (error instanceof ProcessGoneError) return true;
  return error instanceof Error && error.cause !== undefined && isDeath(error.cause);
}
