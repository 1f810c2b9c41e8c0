import type { Simulation } from '../../../src/env/sim/simulation.ts';
import { ErrorCode } from '../../../src/wire/zookeeper/errors.ts';
import {
  type RunningZooKeeperServer,
  startZooKeeperServer,
  type ZooKeeperServerOptions,
} from '../../../src/zookeeper/index.ts';
import type { ZabGuards } from '../../../src/zookeeper/zab/guards.ts';
import {
  brokenConnections,
  brokenDisks,
  clockJumps,
  fullDisks,
  isolations,
  leaderFalls,
  partitions,
  powerLosses,
  processKills,
  rackPowerLosses,
  slowDisks,
  slowLinks,
} from '../faults.ts';
import { History, InvariantViolation } from '../invariant.ts';
import { eventually } from '../liveness.ts';
import { SupervisedServer } from '../supervised-server.ts';
import type { SimulatedSystem, SystemRun } from '../system.ts';
import { AppliedTxns } from './applied-txns.ts';
import { SwarmClient } from './client.ts';
import { CommittedHistory } from './committed-history.ts';
import { ClientLoad, drawLoad, ROOTS, registerPaths } from './load.ts';
import type { Operation, ZkObservation } from './observation.ts';
import { Operator } from './operator.ts';
import { ReadOnlyVisitor } from './read-only-visitor.ts';
import { findNonLinearizableRegister } from './register-model.ts';
import { rulesFor } from './rules.ts';
import { ServerWatch, serves } from './server-watch.ts';
import {
  CLIENT_PORT,
  describeTopology,
  drawTopology,
  ensembleConfig,
  fileOptions,
  STANDALONE,
  serverIds,
  TICK_MS,
  type Topology,
} from './topology.ts';

const DATA_DIR = '/data';
const SETTLE_WITHIN_MS = 120_000;

/** A standalone ZooKeeper server and several clients. */
export function standaloneZooKeeper(config: Partial<ZooKeeperServerOptions> = {}): SimulatedSystem {
  return { name: 'zookeeper-standalone', build: (sim) => new ZooKeeperRun(sim, STANDALONE, config) };
}

/** Ensembles of three or five, some with observers, and several clients; `guards` names rules that they go without. */
export function zooKeeperEnsemble(guards: Partial<ZabGuards> = {}): SimulatedSystem {
  const build = (sim: Simulation): SystemRun =>
    new ZooKeeperRun(sim, drawTopology(sim.random.fork()), {}, guards);
  return { name: 'zookeeper-ensemble', build };
}

/** Ensembles whose members leave, join and change their roles; half of them with read-only mode. */
export function changingZooKeeper(): SimulatedSystem {
  const build = (sim: Simulation): SystemRun => {
    const random = sim.random.fork();
    const topology = { ...drawTopology(random), isChanging: true, readOnlyMode: random.chance(0.5) };
    return new ZooKeeperRun(sim, topology, {});
  };
  return { name: 'zookeeper-reconfig', build };
}

class ZooKeeperRun implements SystemRun {
  readonly description: string;
  readonly faults: SystemRun['faults'];
  private readonly sim: Simulation;
  private readonly topology: Topology;
  private readonly guards: Partial<ZabGuards>;
  private readonly history: History<ZkObservation>;
  private readonly committed = new CommittedHistory();
  private readonly applied = new AppliedTxns();
  private readonly servers: readonly SupervisedServer<RunningZooKeeperServer>[];
  /** What watches the present life of each server. */
  private readonly watches = new Map<string, ServerWatch>();
  private readonly clients: SwarmClient[] = [];
  private readonly loads: ClientLoad[] = [];
  private readonly registers: readonly string[];
  private readonly operator: Operator | undefined;
  private readonly visitor: ReadOnlyVisitor | undefined;

  constructor(
    sim: Simulation,
    topology: Topology,
    config: Partial<ZooKeeperServerOptions>,
    guards: Partial<ZabGuards> = {},
  ) {
    this.sim = sim;
    this.guards = guards;
    this.topology = topology;
    const random = sim.random.fork();
    this.history = new History<ZkObservation>(rulesFor(this.committed, topology));
    const shape = drawLoad(random);
    this.registers = registerPaths(shape);
    const snapCount = 20 + random.below(random.chance(0.5) ? 60 : 2000);
    const preAllocSizeBytes = 4096 << random.below(5);
    const timeoutMs = 2 * TICK_MS + random.below(8000);
    this.servers = serverIds(topology).map((id) =>
      this.makeServer(id, { snapCount, preAllocSizeBytes, ...config }),
    );
    const count = 1 + random.below(6);
    for (let number = 0; number < count; number++) this.addClient(number, timeoutMs, shape);
    this.faults = this.makeFaults();
    const { servers } = this;
    if (topology.isChanging) this.operator = new Operator({ sim, topology, servers });
    if (topology.readOnlyMode) {
      this.visitor = new ReadOnlyVisitor({ sim, path: '/r/0', servers });
    }
    this.description = `${describeTopology(topology)} (snapCount ${snapCount}), ${count} clients (session timeout ${timeoutMs} ms, window ${shape.window}, think time ${shape.meanThinkMs} ms, ${shape.registers} registers)`;
  }

  async start(): Promise<void> {
    for (const server of this.servers) server.bringUp();
    await eventually(this.sim, 'all servers serve at first', () => this.allServe(), 30_000);
    const [first] = this.clients;
    first?.resume();
    await eventually(this.sim, 'a first client is served', () => first?.isReady === true, 10_000);
    const roots = ROOTS.map((path) => first?.send({ kind: 'create', path, value: '', flags: 0 }));
    const haveRoots = (): boolean => roots.every((each) => each?.reply?.err === ErrorCode.OK);
    await eventually(this.sim, 'a first client is answered', haveRoots, 10_000);
    for (const client of this.clients) client.resume();
    for (const load of this.loads) load.start();
    this.operator?.start();
    this.visitor?.start();
  }

  judge(): void {
    for (const watch of this.watches.values()) watch.look();
    this.history.judge();
    this.visitor?.judge();
  }

  async settle(): Promise<void> {
    const { sim } = this;
    for (const load of this.loads) load.stop();
    this.visitor?.stop();
    this.operator?.stop();
    for (const server of this.servers) server.bringUp();
    const why = (): string => this.lastWords();
    await eventually(sim, 'all servers serve', () => this.allServe(), SETTLE_WITHIN_MS, why);
    if (this.operator !== undefined) await this.putBack(this.operator, why);
    await this.everyClientIsServed(why);
    const ended = (): boolean => this.onlyLivingSessions();
    await eventually(sim, 'sessions without a client have ended', ended, SETTLE_WITHIN_MS);
    await eventually(sim, 'all servers have the same tree', () => this.allAreEqual(), SETTLE_WITHIN_MS);
    const nonLinearizable = findNonLinearizableRegister(this.history, this.committed, this.registers);
    if (nonLinearizable !== undefined) throw new InvariantViolation('linearizability', nonLinearizable);
    this.history.judgeEnd();
  }

  counts(): Record<string, number> {
    const { observations } = this.history;
    const countOf = (kind: ZkObservation['kind']): number =>
      observations.reduce((count, observation) => count + (observation.kind === kind ? 1 : 0), 0);
    const leaders = observations.filter((each) => each.kind === 'serving' && each.isLeader).length;
    return {
      transactions: this.committed.size,
      answers: countOf('answered'),
      unanswered: countOf('unanswered'),
      watchEvents: countOf('event'),
      expired: countOf('expired'),
      lives: this.servers.reduce((sum, { life }) => sum + life, 0),
      ...(leaders > 0 ? { leaders } : {}),
      ...(this.operator === undefined ? {} : { reconfigurations: this.operator.changes }),
      ...(this.visitor === undefined ? {} : { readOnlyVisits: this.visitor.visits }),
    };
  }

  private allServe(): boolean {
    return this.servers.every(({ server }) => server !== undefined && serves(server));
  }

  /** All servers are members again, in the roles that they began with, and know it. */
  private async putBack(operator: Operator, why: () => string): Promise<void> {
    const { sim } = this;
    operator.putBack();
    await eventually(sim, 'all servers are members again', () => operator.isBack(), SETTLE_WITHIN_MS, why);
    await eventually(sim, 'all servers serve as members', () => this.allServe(), SETTLE_WITHIN_MS, why);
  }

  private isLeader(name: string): boolean {
    return this.servers.some((each) => each.name === name && each.server?.mode === 'leader');
  }

  private allAreEqual(): boolean {
    return new Set(this.servers.map(({ server }) => server?.tree.digest)).size === 1;
  }

  private lastWords(): string {
    const words = this.servers.map(({ name, server, lastError }) => {
      const mode = server === undefined ? 'down' : (server.mode ?? 'looking');
      return `${name} is ${mode}${lastError === undefined ? '' : `, failed last with ${String(lastError)}`}`;
    });
    return words.join('; ');
  }

  private makeFaults(): SystemRun['faults'] {
    const { sim, servers } = this;
    const hosts = servers.map(({ host }) => host);
    const names = [...sim.network.hosts.keys()];
    const serverNames = servers.map(({ name }) => name);
    const together =
      servers.length === 1
        ? []
        : [
            leaderFalls(sim, servers, ({ name }) => this.isLeader(name)),
            leaderFalls(sim, servers, ({ name }) => this.isLeader(name)),
            rackPowerLosses(servers),
            partitions(sim, serverNames, false),
            partitions(sim, serverNames, true),
            isolations(sim, serverNames),
            slowLinks(sim, serverNames),
          ];
    return [
      processKills(servers),
      powerLosses(servers),
      partitions(sim, names, false),
      partitions(sim, names, true),
      isolations(sim, names),
      slowLinks(sim, names),
      brokenConnections(sim, names),
      slowDisks(hosts),
      fullDisks(hosts),
      brokenDisks(hosts),
      clockJumps(hosts),
      ...together,
    ];
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

  private makeServer(
    id: number,
    options: Partial<ZooKeeperServerOptions>,
  ): SupervisedServer<RunningZooKeeperServer> {
    const { sim, history, committed, applied, topology, watches, guards } = this;
    const nowMs = (): number => sim.nowMs;
    const host = sim.host(`zk${id}`);
    return new SupervisedServer<RunningZooKeeperServer>({
      sim,
      host,
      start: async (env, life) => {
        const peer = host.name;
        const watch = new ServerWatch({ history, committed, applied, peer, life, nowMs });
        watches.set(peer, watch);
        const own = topology.isChanging
          ? fileOptions(topology, id, env.disk, DATA_DIR)
          : {
              dataDir: DATA_DIR,
              clientPort: CLIENT_PORT,
              tickTimeMs: TICK_MS,
              ...ensembleConfig(topology, id),
            };
        const config = { ...own, ...options };
        return startZooKeeperServer(env, config, { observer: watch.observer, guards });
      },
      serving: (server) => watches.get(host.name)?.started(server),
      down: (life) => {
        watches.delete(host.name);
        history.record({ kind: 'down', peer: host.name, life });
      },
      failure: (server) => server.failure,
    });
  }

  private addClient(number: number, timeoutMs: number, shape: ReturnType<typeof drawLoad>): void {
    const { sim, history } = this;
    const servers = this.servers.map(({ name }) => ({ host: name, port: CLIENT_PORT }));
    const { env } = sim.host(`client${number}`);
    const random = sim.random.fork();
    const nowMs = (): number => sim.nowMs;
    const client = new SwarmClient({ env, random, number, servers, timeoutMs, history, nowMs });
    this.clients.push(client);
    this.loads.push(new ClientLoad({ sim, client, shape, timeoutMs }));
  }
}
