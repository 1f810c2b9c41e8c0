import { assert } from '../../base/assert.ts';
import type { Env } from '../env.ts';
import { SimDisk } from './sim-disk.ts';
import type { SimListener } from './sim-net.ts';
import { SimProcess } from './sim-process.ts';
import type { Simulation } from './simulation.ts';

/**
 * A simulated machine.
 *
 *     up   --kill()-->    down (page cache survives)      --restart()--> up, with a new env
 *     up   --crash()-->   down (unsynced data lost, torn) --restart()--> up, with a new env
 */
export class SimHost {
  readonly name: string;
  readonly address: string;
  readonly disk: SimDisk;
  /** What the wall clock of this host is ahead of the true time; may change at any time. */
  clockSkewMs = 0;
  /** Sockets in listening state; kept by the network. */
  readonly listeners: SimListener[] = [];
  private readonly simulation: Simulation;
  private process: SimProcess;
  private lastPort = 49_151;

  constructor(simulation: Simulation, name: string, address: string) {
    this.simulation = simulation;
    this.name = name;
    this.address = address;
    this.disk = new SimDisk(simulation.random.fork());
    this.process = new SimProcess(simulation, this);
  }

  /** The environment of the process that runs now. */
  get env(): Env {
    assert(this.process.isAlive, `host ${this.name} is down: restart it before using its env`);
    return this.process.env;
  }

  get isUp(): boolean {
    return this.process.isAlive;
  }

  /** Ends the process at once, as `kill -9` does: what it has written stays. */
  kill(): void {
    if (!this.process.isAlive) return;
    this.process.end();
    this.simulation.network.dropProcess(this.process);
  }

  /** Takes the power away: the process ends and the disk forgets or tears what was not synced. */
  crash(): void {
    this.kill();
    this.disk.losePower();
  }

  /** Starts a new process; the program has to be run again with the env returned. */
  restart(): Env {
    assert(!this.process.isAlive, `host ${this.name} is up: crash or kill it before a restart`);
    this.process = new SimProcess(this.simulation, this);
    return this.process.env;
  }

  /** A port that nobody listens on, for `port: 0` and the near end of connections. */
  freePort(): number {
    do {
      this.lastPort = this.lastPort === 65_535 ? 49_152 : this.lastPort + 1;
    } while (this.listeners.some((listener) => listener.port === this.lastPort));
    return this.lastPort;
  }
}
