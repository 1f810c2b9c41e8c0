import type { Simulation } from '../../../src/env/sim/simulation.ts';
import {
  type RunningZooKeeperServer,
  startZooKeeperServer,
  type ZooKeeperServerOptions,
} from '../../../src/zookeeper/index.ts';
import {
  brokenConnections,
  brokenDisks,
  clockJumps,
  fullDisks,
  isolations,
  partitions,
  powerLosses,
  processKills,
  slowDisks,
  slowLinks,
} from '../faults.ts';
import { History, InvariantViolation } from '../invariant.ts';
import { eventually } from '../liveness.ts';
import { SupervisedServer } from '../supervised-server.ts';
import type { SimulatedSystem, SystemRun } from '../system.ts';
import { SwarmClient } from './client.ts';
import { CommittedHistory } from './committed-history.ts';
import * as rules from './invariants.ts';
import { ClientLoad, drawLoad, ROOTS, registerPaths } from './load.ts';
import type { Operation, ZkObservation } from './observation.ts';
import { findNonLinearizableRegister } from './register-model.ts';
import { ServerWatch } from './server-watch.ts';
import * as sessionRules from './session-invariants.ts';
import { watchRules } from './watch-invariants.ts';

const PORT = 2181;
const TICK_MS = 500;
const SETTLE_WITHIN_MS = 120_000;

/** A standalone ZooKeeper server and several clients. */
export function standaloneZooKeeper(config: Partial<ZooKeeperServerOptions> = {}): SimulatedSystem {
  return { name: 'zookeeper', build: (sim) => new StandaloneRun(sim, config) };
}

class StandaloneRun implements SystemRun {
  readonly description: string;
  readonly faults: SystemRun['faults'];
  private readonly sim: Simulation;
  private readonly history: History<ZkObservation>;
  private readonly committed = new CommittedHistory();
  private readonly server: SupervisedServer<RunningZooKeeperServer>;
  private readonly clients: SwarmClient[] = [];
  private readonly loads: ClientLoad[] = [];
  private readonly registers: readonly string[];

  constructor(sim: Simulation, config: Partial<ZooKeeperServerOptions>) {
    this.sim = sim;
    const random = sim.random.fork();
    const { committed } = this;
    this.history = new History<ZkObservation>([
      { name: 'committed history', see: (observation) => void committed.see(observation) },
      rules.totalOrder(),
      rules.agreement(),
      rules.equalDigestPerZxid(),
      rules.nothingAppliedIsLost(committed),
      rules.acknowledgedWriteIsCommitted(committed),
      rules.clientFifo(),
      rules.readShowsItsZxid(committed),
      rules.realTimeOrder(),
      sessionRules.sessionEndsOnce(),
      sessionRules.expiryIsTrue(committed),
      sessionRules.livingSessionIsKept(),
      sessionRules.ephemeralsGoWithTheirSession(committed),
      ...watchRules(committed),
    ]);
    const shape = drawLoad(random);
    this.registers = registerPaths(shape);
    const snapCount = 20 + random.below(random.chance(0.5) ? 60 : 2000);
    const preAllocSizeBytes = 4096 << random.below(5);
    const timeoutMs = 2 * TICK_MS + random.below(8000);
    this.server = this.makeServer({ snapCount, preAllocSizeBytes, ...config });
    const count = 1 + random.below(6);
    for (let number = 0; number < count; number++) this.addClient(number, timeoutMs, shape);
    const names = [this.server.name, ...this.clients.map(({ number }) => `client${number}`)];
    const hosts = [this.server.host];
    this.faults = [
      processKills([this.server]),
      powerLosses([this.server]),
      partitions(sim, names, false),
      partitions(sim, names, true),
      isolations(sim, names),
      slowLinks(sim, names),
      brokenConnections(sim, names),
      slowDisks(hosts),
      fullDisks(hosts),
      brokenDisks(hosts),
      clockJumps(hosts),
    ];
    this.description = `1 server (snapCount ${snapCount}), ${count} clients (session timeout ${timeoutMs} ms, window ${shape.window}, think time ${shape.meanThinkMs} ms, ${shape.registers} registers)`;
  }

  async start(): Promise<void> {
    this.server.bringUp();
    await eventually(this.sim, 'the server serves at first', () => this.server.isServing, 10_000);
    const [first] = this.clients;
    first?.resume();
    await eventually(this.sim, 'a first client is served', () => first?.isReady === true, 10_000);
    for (const path of ROOTS) first?.send({ kind: 'create', path, value: '', flags: 0 });
    for (const client of this.clients) client.resume();
    for (const load of this.loads) load.start();
  }

  judge(): void {
    this.history.judge();
  }

  async settle(): Promise<void> {
    for (const load of this.loads) load.stop();
    this.server.bringUp();
    const why = (): string =>
      this.server.lastError === undefined ? '' : `The server said last: ${String(this.server.lastError)}`;
    await eventually(this.sim, 'the server serves', () => this.server.isServing, SETTLE_WITHIN_MS, why);
    await this.everyClientIsServed(why);
    await eventually(
      this.sim,
      'sessions without a client have ended',
      () => this.onlyLivingSessions(),
      SETTLE_WITHIN_MS,
    );
    const nonLinearizable = findNonLinearizableRegister(this.history, this.committed, this.registers);
    if (nonLinearizable !== undefined) throw new InvariantViolation('linearizability', nonLinearizable);
    this.history.judgeEnd();
  }

  counts(): Record<string, number> {
    const { observations } = this.history;
    const countOf = (kind: ZkObservation['kind']): number =>
      observations.reduce((count, observation) => count + (observation.kind === kind ? 1 : 0), 0);
    return {
      transactions: this.committed.size,
      answers: countOf('answered'),
      unanswered: countOf('unanswered'),
      watchEvents: countOf('event'),
      expired: countOf('expired'),
      lives: this.server.life,
    };
  }

  /** Each client gets through with a write and, behind it, with a read that shows it. */
  private async everyClientIsServed(why: () => string): Promise<void> {
    for (const client of this.clients) {
      const name = `client ${client.number}`;
      let last: Operation | undefined;
      // A connection that breaks only now, for what was done to it before, may take a request with it.
      const isServed = (): boolean => {
        if (last?.reply !== undefined) return true;
        if (client.isReady && client.outstanding === 0) {
          client.send({ kind: 'create', path: '/q/last-', value: 'last', flags: 2 });
          const sync = client.send({ kind: 'sync', path: '/r' });
          last = client.send({ kind: 'children', path: '/q', afterSync: sync });
        }
        return false;
      };
      await eventually(this.sim, `${name} is served again`, isServed, SETTLE_WITHIN_MS, why);
    }
  }

  private onlyLivingSessions(): boolean {
    const living = new Set(this.clients.map(({ session }) => session?.id));
    for (const [id, { closedZxid }] of this.committed.sessions) {
      if (closedZxid === undefined && !living.has(id)) return false;
    }
    return true;
  }

  private makeServer(options: Partial<ZooKeeperServerOptions>): SupervisedServer<RunningZooKeeperServer> {
    const { sim, history } = this;
    const nowMs = (): number => sim.nowMs;
    const host = sim.host('zk1');
    let watch: ServerWatch | undefined;
    return new SupervisedServer<RunningZooKeeperServer>({
      sim,
      host,
      start: (env, life) => {
        watch = new ServerWatch({ history, peer: host.name, life, nowMs });
        const config = { dataDir: '/data', clientPort: PORT, tickTimeMs: TICK_MS, ...options };
        return startZooKeeperServer(env, config, { observer: watch.observer });
      },
      serving: (server) => watch?.serving(server.tree),
      down: (life) => history.record({ kind: 'down', peer: host.name, life }),
      failure: (server) => server.failure,
    });
  }

  private addClient(number: number, timeoutMs: number, shape: ReturnType<typeof drawLoad>): void {
    const { sim, history } = this;
    const servers = [{ host: this.server.name, port: PORT }];
    const { env } = sim.host(`client${number}`);
    const random = sim.random.fork();
    const nowMs = (): number => sim.nowMs;
    const client = new SwarmClient({ env, random, number, servers, timeoutMs, history, nowMs });
    this.clients.push(client);
    this.loads.push(new ClientLoad({ sim, client, shape, timeoutMs }));
  }
}
