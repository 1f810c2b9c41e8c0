import { ZooKeeperClient } from '../../../src/clients/zookeeper/index.ts';
import type { SimRandom } from '../../../src/env/sim/sim-random.ts';
import type { Simulation } from '../../../src/env/sim/simulation.ts';
import { type RunningZooKeeperServer, startZooKeeperServer } from '../../../src/zookeeper/index.ts';
import {
  brokenConnections,
  type Fault,
  isolations,
  leaderFalls,
  partitions,
  powerLosses,
  processKills,
  rackPowerLosses,
  slowLinks,
} from '../faults.ts';
import { InvariantViolation } from '../invariant.ts';
import { eventually } from '../liveness.ts';
import { SupervisedServer } from '../supervised-server.ts';
import type { SimulatedSystem, SystemRun } from '../system.ts';
import { serves } from '../zookeeper/server-watch.ts';
import {
  CLIENT_PORT,
  describeTopology,
  ensembleConfig,
  STANDALONE,
  serverIds,
  TICK_MS,
  type Topology,
} from '../zookeeper/topology.ts';
import { BarrierPlay } from './barriers.ts';
import { CachePlay } from './caches.ts';
import { GRACE_MS } from './exclusion.ts';
import { CounterPlay, DoubleBarrierPlay, LeasePlay, MembershipPlay } from './gatherings.ts';
import { ElectionPlay, LockPlay, ReadWriteLockPlay, SemaphorePlay } from './locks.ts';
import { PartitionerPlay } from './partitions.ts';
import type { Play, Stage } from './play.ts';
import { QueuePlay } from './queues.ts';
import { ServicePlay } from './services.ts';
import { Worker } from './worker.ts';

const ENSEMBLE: Topology = { ...STANDALONE, participants: 3 };
const SETTLE_WITHIN_MS = 240_000;

/** A standalone ZooKeeper or an ensemble of three, and workers that go through the recipes of the client together. */
export function recipes(): SimulatedSystem {
  return { name: 'recipes', build: (sim) => new RecipesRun(sim, { ensembleChance: 0.4, guestChance: 0.3 }) };
}

/** As it was before there were ensembles and guests: what the seeds of the regressions were found with. */
export function standaloneRecipes(): SimulatedSystem {
  return {
    name: 'recipes-standalone',
    build: (sim) => new RecipesRun(sim, { ensembleChance: 0, guestChance: 0 }),
  };
}

interface Chances {
  readonly ensembleChance: number;
  /** That a recipe joins which standalone runs do not draw. */
  readonly guestChance: number;
}

class RecipesRun implements SystemRun, Stage {
  readonly description: string;
  readonly faults: readonly Fault[];
  readonly sim: Simulation;
  readonly random: SimRandom;
  /** Where workers find the servers. */
  readonly connectString: string;
  private readonly topology: Topology;
  private readonly servers: readonly SupervisedServer<RunningZooKeeperServer>[];
  private readonly workers: readonly Worker[];
  private readonly plays: readonly Play[];
  private broken: unknown;
  private working: Promise<void>[] = [];

  constructor(sim: Simulation, { ensembleChance, guestChance }: Chances) {
    this.sim = sim;
    this.random = sim.random.fork();
    // The first server's host is there before those of the workers, as it always was: seeds keep their meaning.
    sim.host('zk1');
    this.workers = Array.from(
      { length: 2 + this.random.below(4) },
      (_, index) => new Worker(this, `worker${index}`),
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
    const guest = this.random.chance(guestChance) ? this.random.below(2) : undefined;
    const guests = [new BarrierPlay(this), new ServicePlay(this)].filter((_, index) => index === guest);
    this.plays = [...all.filter((_, index) => index === first || index === second), ...guests];
    this.topology = this.random.chance(ensembleChance) ? ENSEMBLE : STANDALONE;
    const ids = serverIds(this.topology);
    this.connectString = ids.map((id) => `zk${id}:${CLIENT_PORT}`).join(',');
    this.servers = ids.map((id) => this.makeServer(id));
    this.faults = this.drawFaults();
    const plays = this.plays.map(({ name }) => name).join(', ');
    this.description = `${describeTopology(this.topology)}, ${this.workers.length} workers: ${plays}`;
  }

  violated(rule: string, text: string): void {
    this.broken ??= new InvariantViolation(rule, text);
  }

  async start(): Promise<void> {
    for (const server of this.servers) server.bringUp();
    await eventually(this.sim, 'ZooKeeper serves at first', () => this.allServe(), 30_000);
    this.working = this.workers.map((worker) => this.keptInMind(worker.run(this.plays)));
  }

  judge(): void {
    if (this.broken !== undefined) throw this.broken;
  }

  async settle(): Promise<void> {
    for (const server of this.servers) server.bringUp();
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
    return { answers, lives: this.servers.reduce((sum, { life }) => sum + life, 0) };
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

  private allServe(): boolean {
    return this.servers.every(({ server }) => server !== undefined && serves(server));
  }

  private makeServer(id: number): SupervisedServer<RunningZooKeeperServer> {
    const options = { dataDir: '/data', clientPort: CLIENT_PORT, tickTimeMs: TICK_MS };
    const config = { ...options, ...ensembleConfig(this.topology, id) };
    return new SupervisedServer<RunningZooKeeperServer>({
      sim: this.sim,
      host: this.sim.host(`zk${id}`),
      start: (env) => startZooKeeperServer(env, config),
      serving: () => {},
      failure: (server) => server.failure,
    });
  }

  private drawFaults(): Fault[] {
    const { sim, servers } = this;
    const serverNames = servers.map(({ name }) => name);
    const names = [...serverNames, ...this.workers.map(({ name }) => name)];
    const leads = ({ name }: { name: string }) =>
      servers.some((each) => each.name === name && each.server?.mode === 'leader');
    const ofEnsembles = [
      leaderFalls(sim, servers, leads),
      leaderFalls(sim, servers, leads),
      rackPowerLosses(servers),
      partitions(sim, serverNames, false),
    ];
    return [
      processKills(servers),
      powerLosses(servers),
      partitions(sim, names, false),
      partitions(sim, names, true),
      isolations(sim, names),
      slowLinks(sim, names),
      brokenConnections(sim, names),
      this.sessionEnds(),
      this.sessionEnds(),
      ...(servers.length === 1 ? [] : ofEnsembles),
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
        const { connectString } = this;
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
