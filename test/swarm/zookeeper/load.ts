import type { SimRandom } from '../../../src/env/sim/sim-random.ts';
import type { Simulation } from '../../../src/env/sim/simulation.ts';
import { CreateMode } from '../../../src/wire/zookeeper/op-codes.ts';
import type { OperationDraft, SwarmClient } from './client.ts';
import type { Operation } from './observation.ts';

/** Parents of all that the load touches. */
export const ROOTS = ['/r', '/e', '/q'] as const;

export interface LoadShape {
  registers: number;
  meanThinkMs: number;
  /** Requests that one client has under way at most. */
  window: number;
  watchProbability: number;
  /** How often a client goes away for longer than its session lives, or closes it, per action. */
  departureProbability: number;
}

export function drawLoad(random: SimRandom): LoadShape {
  return {
    registers: 1 + random.below(6),
    meanThinkMs: 2 + random.below(random.chance(0.3) ? 300 : 40),
    window: 1 + random.below(random.chance(0.3) ? 20 : 4),
    watchProbability: random.chance(0.3) ? 0 : random.between(0.05, 0.6),
    departureProbability: random.chance(0.5) ? 0 : random.between(0.001, 0.02),
  };
}

export const registerPaths = (shape: LoadShape): string[] =>
  Array.from({ length: shape.registers }, (_, index) => `/r/${index}`);

/** What one client does: random operations after random pauses, until told to stop. */
export class ClientLoad {
  private readonly sim: Simulation;
  private readonly random: SimRandom;
  private readonly client: SwarmClient;
  private readonly shape: LoadShape;
  private readonly registers: readonly string[];
  private readonly timeoutMs: number;
  private isOver = false;
  private values = 0;
  private lastRead: Operation | undefined;

  constructor(parts: { sim: Simulation; client: SwarmClient; shape: LoadShape; timeoutMs: number }) {
    this.sim = parts.sim;
    this.random = parts.sim.random.fork();
    this.client = parts.client;
    this.shape = parts.shape;
    this.timeoutMs = parts.timeoutMs;
    this.registers = registerPaths(parts.shape);
  }

  start(): void {
    const thinkMs = this.random.between(0, 2 * this.shape.meanThinkMs);
    this.sim.schedule(thinkMs, `client ${this.client.number} acts`, () => {
      if (this.isOver) return;
      this.act();
      this.start();
    });
  }

  stop(): void {
    this.isOver = true;
    this.client.resume();
  }

  private act(): void {
    const { client, shape, random } = this;
    if (random.chance(shape.departureProbability)) {
      this.depart();
      return;
    }
    if (!client.isReady || client.outstanding >= shape.window) return;
    if (random.chance(0.2)) {
      const sync = client.send({ kind: 'sync', path: '/r' });
      client.send({ ...this.read(this.register()), afterSync: sync });
    } else if (random.chance(0.4)) {
      const read = random.chance(0.2) ? this.read(this.parent()) : this.read(this.register());
      const operation = client.send(read);
      if (operation.kind === 'get') this.lastRead = operation;
    } else {
      client.send(this.write());
    }
  }

  /** Away for so long that the session may or may not be there afterwards, or gone in good order. */
  private depart(): void {
    const { client, random } = this;
    if (client.isReady && random.chance(0.3)) {
      client.send({ kind: 'closeSession', path: '' });
      return;
    }
    client.pause();
    this.sim.schedule(random.between(0, 2.5 * this.timeoutMs), `client ${client.number} returns`, () =>
      client.resume(),
    );
  }

  private read(path: string): OperationDraft {
    const watch = this.random.chance(this.shape.watchProbability);
    if (!path.startsWith('/r/')) return { kind: 'children', path, watch };
    return { kind: this.random.chance(0.7) ? 'get' : 'exists', path, watch };
  }

  private write(): OperationDraft {
    const { random, registers } = this;
    const path = this.register();
    const value = `${this.client.number}.${this.values++}`;
    const choice = random.below(20);
    if (choice < 8) return { kind: 'set', path, value, version: this.versionFor(path) };
    if (choice < 12) return { kind: 'create', path, value, flags: CreateMode.persistent };
    if (choice < 15) return { kind: 'delete', path, version: this.versionFor(path) };
    if (choice < 17) {
      return { kind: 'create', path: `/e/${value}`, value, flags: CreateMode.ephemeral };
    }
    if (choice < 18) {
      return { kind: 'create', path: '/q/n-', value, flags: CreateMode.persistentSequential };
    }
    const paths = registers.filter(() => random.chance(0.5));
    return { kind: 'multi', path: '', value, paths: paths.length > 0 ? paths : [path] };
  }

  /** Often the version that was read last: then the write is conditional on nobody having been faster. */
  private versionFor(path: string): number {
    const seen = this.lastRead;
    if (seen?.path !== path || seen.reply?.version === undefined || this.random.chance(0.5)) return -1;
    return seen.reply.version;
  }

  private register(): string {
    return this.registers[this.random.below(this.registers.length)] ?? '/r/0';
  }

  private parent(): string {
    return ROOTS[this.random.below(ROOTS.length)] ?? '/r';
  }
}
