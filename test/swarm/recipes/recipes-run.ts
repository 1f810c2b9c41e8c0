import { ZooKeeperClient } from '../../../src/clients/zookeeper/index.ts';
import type { SimRandom } from '../../../src/env/sim/sim-random.ts';
import type { Simulation } from '../../../src/env/sim/simulation.ts';
import { type RunningZooKeeperServer, startZooKeeperServer } from '../../../src/zookeeper/index.ts';
import {
  brokenConnections,
  type Fault,
  isolations,
  partitions,
  powerLosses,
  processKills,
  slowLinks,
} from '../faults.ts';
import { InvariantViolation } from '../invariant.ts';
import { eventually } from '../liveness.ts';
import { SupervisedServer } from '../supervised-server.ts';
import type { SimulatedSystem, SystemRun } from '../system.ts';
import { CachePlay } from './caches.ts';
import { GRACE_MS } from './exclusion.ts';
import { CounterPlay, DoubleBarrierPlay, LeasePlay, MembershipPlay } from './gatherings.ts';
import { ElectionPlay, LockPlay, ReadWriteLockPlay, SemaphorePlay } from './locks.ts';
import { PartitionerPlay } from './partitions.ts';
import type { Play, Stage } from './play.ts';
import { QueuePlay } from './queues.ts';
import { Worker } from './worker.ts';

const PORT = 2181;
const SERVER = 'zk1';
const SETTLE_WITHIN_MS = 240_000;

/** A standalone ZooKeeper and workers that go through the recipes of the client together. */
export function recipes(): SimulatedSystem {
  return { name: 'recipes', build: (sim) => new RecipesRun(sim) };
}

class RecipesRun implements SystemRun, Stage {
  readonly description: string;
  readonly faults: readonly Fault[];
  readonly sim: Simulation;
  readonly random: SimRandom;
  private readonly zookeeper: SupervisedServer<RunningZooKeeperServer>;
  private readonly workers: readonly Worker[];
  private readonly plays: readonly Play[];
  private broken: unknown;
  private working: Promise<void>[] = [];

  constructor(sim: Simulation) {
    this.sim = sim;
    this.random = sim.random.fork();
    this.zookeeper = new SupervisedServer<RunningZooKeeperServer>({
      sim,
      host: sim.host(SERVER),
      start: (env) => startZooKeeperServer(env, { dataDir: '/data', clientPort: PORT, tickTimeMs: 500 }),
      serving: () => {},
      failure: (server) => server.failure,
    });
    this.workers = Array.from(
      { length: 2 + this.random.below(4) },
      (_, index) => new Worker(this, `worker${index}`, `${SERVER}:${PORT}`),
    );
    const all = [
      new LockPlay(this),
      new ReadWriteLockPlay(this),
      new SemaphorePlay(this),
      new ElectionPlay(this),
      new QueuePlay(this, false),
      new QueuePlay(this, true),
      new DoubleBarrierPlay(this),
      new CounterPlay(this),
      new MembershipPlay(this),
      new LeasePlay(this),
      new PartitionerPlay(this),
      new CachePlay(this),
    ];
    // Few at a time, so that the workers meet.
    const first = this.random.below(all.length);
    const second = this.random.below(all.length);
    this.plays = all.filter((_, index) => index === first || index === second);
    this.faults = this.drawFaults();
    this.description = `${this.workers.length} workers: ${this.plays.map(({ name }) => name).join(', ')}`;
  }

  violated(rule: string, text: string): void {
    this.broken ??= new InvariantViolation(rule, text);
  }

  async start(): Promise<void> {
    this.zookeeper.bringUp();
    await eventually(this.sim, 'ZooKeeper serves at first', () => this.zookeeper.isServing, 10_000);
    this.working = this.workers.map((worker) => this.keptInMind(worker.run(this.plays)));
  }

  judge(): void {
    if (this.broken !== undefined) throw this.broken;
  }

  async settle(): Promise<void> {
    this.zookeeper.bringUp();
    for (const worker of this.workers) worker.isOver = true;
    await this.eventuallyDone('every worker ends its round', async () => {
      await Promise.all(this.working);
    });
    for (const play of this.plays) {
      await this.eventuallyDone(`every worker gets through with the ${play.name}`, async () => {
        for (const worker of this.workers) {
          while (!(await worker.attempt(() => play.finish(worker)))) await worker.dawdle();
        }
      });
    }
    await this.letGracePass();
  }

  /** Long enough for what was granted last to be judged. */
  private async letGracePass(): Promise<void> {
    await this.sim.advance(GRACE_MS);
    this.judge();
  }

  counts(): Record<string, number> {
    const answers = this.workers.reduce((sum, { rounds }) => sum + rounds, 0);
    return { answers, lives: this.zookeeper.life };
  }

  private async eventuallyDone(what: string, action: () => Promise<void>): Promise<void> {
    let isDone = false;
    const done = action().then(() => {
      isDone = true;
    });
    void this.keptInMind(done);
    await eventually(this.sim, what, () => isDone, SETTLE_WITHIN_MS);
  }

  /** What fails in the background fails the run. */
  private async keptInMind(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.broken ??= error;
    }
  }

  private drawFaults(): Fault[] {
    const { sim, zookeeper } = this;
    const names = [SERVER, ...this.workers.map(({ name }) => name)];
    return [
      processKills([zookeeper]),
      powerLosses([zookeeper]),
      partitions(sim, names, false),
      partitions(sim, names, true),
      isolations(sim, names),
      slowLinks(sim, names),
      brokenConnections(sim, names),
      this.sessionEnds(),
      this.sessionEnds(),
    ];
  }

  /** A worker's session ends behind its back, at whatever step it is. */
  private sessionEnds(): Fault {
    const { env } = this.sim.host('operator');
    return {
      name: 'session end',
      strike: (random) => {
        const session = this.workers[random.below(this.workers.length)]?.session;
        if (session === undefined || session.id === 0n) return undefined;
        const connectString = `${SERVER}:${PORT}`;
        const client = ZooKeeperClient.open(env, { connectString, sessionTimeoutMs: 2000, session });
        client
          .connected()
          // It may have ended already, which is as well.
          .catch(() => undefined)
          .then(() => client.close());
        return () => undefined;
      },
    };
  }
}
