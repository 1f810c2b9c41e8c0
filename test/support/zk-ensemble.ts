import assert from 'node:assert/strict';
import type { SimHost } from '../../src/env/sim/sim-host.ts';
import { Simulation } from '../../src/env/sim/simulation.ts';
import { OpCode } from '../../src/wire/zookeeper/op-codes.ts';
import { parsePeer } from '../../src/zookeeper/election/peer-spec.ts';
import { quorumVerifierOf } from '../../src/zookeeper/election/quorum-verifier.ts';
import {
  type RunningZooKeeperServer,
  startZooKeeperServer,
  type ZooKeeperServerOptions,
} from '../../src/zookeeper/index.ts';
import { loadServerConfig } from '../../src/zookeeper/server/config-file.ts';
import type { EnsembleConfig } from '../../src/zookeeper/server/ensemble-config.ts';
import type { DataTree, TxnObserver } from '../../src/zookeeper/tree/data-tree.ts';
import type { ZabGuards } from '../../src/zookeeper/zab/guards.ts';
import { RawZkClient } from './raw-zk-client.ts';

export interface ZkEnsembleOptions {
  seed?: number;
  participants?: number;
  /** Observers have the ids behind those of the participants. */
  observers?: number;
  server?: Partial<ZooKeeperServerOptions>;
  ensemble?: Partial<Omit<EnsembleConfig, 'serverId' | 'quorum'>>;
  /** Servers that know each other from the start; the others know these and themselves. All by default. */
  initial?: readonly number[];
  /** Ids of servers by id of their group, for hierarchical quorums. */
  groups?: ReadonlyMap<number, readonly number[]>;
  /** Whether servers read a zoo.cfg of their own, which reconfigurations change. */
  hasFiles?: boolean;
  /** Sees every transaction that a server applies. */
  observer?: (id: number) => TxnObserver;
  /** Rules of the protocol that the servers go without. */
  guards?: Partial<ZabGuards>;
}

export type Session = RawZkClient & { session: { sessionId: bigint; passwd: Buffer } };

const QUORUM_PORT = 2888;
const ELECTION_PORT = 3888;
const CLIENT_PORT = 2181;

/** An ensemble of whole servers, each on a simulated host of its own, and clients on another. */
export class ZkEnsemble {
  readonly sim: Simulation;
  readonly ids: readonly number[];
  readonly clientHost: SimHost;
  readonly servers = new Map<number, RunningZooKeeperServer>();
  /** Why servers have stopped for good. */
  readonly failures = new Map<number, unknown>();
  private readonly options: ZkEnsembleOptions;

  constructor(options: ZkEnsembleOptions = {}) {
    const { seed = 1, participants = 3, observers = 0 } = options;
    this.options = options;
    this.sim = new Simulation({ seed });
    this.ids = Array.from({ length: participants + observers }, (_, i) => i + 1);
    for (const id of this.ids) this.host(id);
    this.clientHost = this.sim.host('client');
  }

  host(id: number): SimHost {
    return this.sim.host(`zk${id}`);
  }

  private ensembleConfig(serverId: number): EnsembleConfig {
    const { ensemble, initial = this.ids, groups = new Map() } = this.options;
    const known = this.ids.filter((id) => id === serverId || initial.includes(id));
    const peers = known.map((id) => parsePeer(id, this.line(id)));
    return {
      serverId,
      quorum: quorumVerifierOf({ version: 0, peers, groups }),
      initLimit: 10,
      syncLimit: 5,
      connectToLearnerMasterLimit: 0,
      quorumListenOnAllIPs: false,
      leaderServes: true,
      ...ensemble,
    };
  }

  /** The value of a server's line in configurations. */
  line(id: number, role = id <= (this.options.participants ?? 3) ? 'participant' : 'observer'): string {
    return `zk${id}:${QUORUM_PORT}:${ELECTION_PORT}:${role};0.0.0.0:${CLIENT_PORT}`;
  }

  /** Writes the zoo.cfg that an operator would give a server, from what its host knows now. */
  configure(id: number): void {
    const { disk } = this.host(id).env;
    const write = (path: string, text: string): void => {
      const file = disk.open(path, 'write');
      file.truncate(0);
      file.write([Buffer.from(text)], 0);
      file.syncNow();
      file.close();
    };
    const lines = [...this.ensembleConfig(id).quorum.members.keys()].map((member) => {
      return `server.${member}=${this.line(member)}`;
    });
    const settings = [
      'dataDir=/data',
      'initLimit=10',
      'syncLimit=5',
      'reconfigEnabled=true',
      'tickTime=1000',
    ];
    disk.makeDirectory('/data');
    disk.makeDirectory('/conf');
    write('/conf/zoo.cfg', [...settings, ...lines].join('\n'));
    write('/data/myid', `${id}\n`);
    disk.syncDirectory('/data');
    disk.syncDirectory('/conf');
    disk.syncDirectory('/');
  }

  private fileOptions(id: number): ZooKeeperServerOptions {
    const { disk } = this.host(id).env;
    if (disk.stat('/conf/zoo.cfg') === undefined) this.configure(id);
    return loadServerConfig(disk, '/conf/zoo.cfg').options;
  }

  /** Starts a server, on a host that is up. */
  async start(...ids: number[]): Promise<void> {
    await Promise.all(
      ids.map(async (id) => {
        const server = await startZooKeeperServer(
          this.host(id).env,
          {
            dataDir: '/data',
            clientPort: CLIENT_PORT,
            tickTimeMs: 1000,
            // Small enough that every run sees files grow.
            preAllocSizeBytes: 16 * 1024,
            ...this.options.server,
            ...(this.options.hasFiles === true
              ? this.fileOptions(id)
              : { ensemble: this.ensembleConfig(id) }),
          },
          {
            ...(this.options.observer === undefined ? {} : { observer: this.options.observer(id) }),
            ...(this.options.guards === undefined ? {} : { guards: this.options.guards }),
          },
        );
        this.servers.set(id, server);
        void server.failure.then((error) => this.failures.set(id, error));
      }),
    );
  }

  async startAll(): Promise<void> {
    await this.start(...this.ids);
  }

  /** Ends a server as `kill -9` does. */
  kill(...ids: number[]): void {
    for (const id of ids) {
      this.host(id).kill();
      this.servers.delete(id);
    }
  }

  /** Takes the power away from a server: unsynced data is lost. */
  crash(...ids: number[]): void {
    for (const id of ids) {
      this.host(id).crash();
      this.servers.delete(id);
    }
  }

  /** Starts servers that were killed or crashed. */
  async restart(...ids: number[]): Promise<void> {
    for (const id of ids) this.host(id).restart();
    await this.start(...ids);
  }

  /** Starts a server that was killed or crashed with an empty data directory. */
  async restartEmpty(id: number): Promise<void> {
    this.host(id).restart().disk.removeDirectory('/data');
    await this.start(id);
  }

  server(id: number): RunningZooKeeperServer {
    const server = this.servers.get(id);
    assert.ok(server, `server ${id} is not running`);
    return server;
  }

  tree(id: number): DataTree {
    return this.server(id).tree;
  }

  /** The server that leads and serves; undefined while there is none. */
  get leader(): number | undefined {
    for (const [id, { mode }] of this.servers) if (mode === 'leader') return id;
    return undefined;
  }

  /** Waits until there is a leader among the servers given, and all of them serve. */
  async serving(...ids: number[]): Promise<number> {
    const all = ids.length === 0 ? [...this.servers.keys()] : ids;
    const isServing = (id: number) => this.servers.get(id)?.mode !== undefined;
    await this.sim.runUntil(
      () => all.every(isServing) && all.some((id) => this.servers.get(id)?.mode === 'leader'),
      { withinMs: 120_000 },
    );
    const leader = all.find((id) => this.servers.get(id)?.mode === 'leader');
    assert.ok(leader !== undefined);
    return leader;
  }

  /** Waits until the running servers have applied the same transactions. */
  async settled(...ids: number[]): Promise<void> {
    const all = ids.length === 0 ? [...this.servers.keys()] : ids;
    await this.sim.runUntil(
      () => {
        const zxids = new Set(all.map((id) => lastCreated(this.tree(id))));
        return zxids.size === 1;
      },
      { withinMs: 60_000 },
    );
  }

  /** A connection to a server, without a session. */
  open(id: number): Promise<RawZkClient> {
    return RawZkClient.open(this.clientHost.env.net, CLIENT_PORT, `zk${id}`);
  }

  /** A connection with a new session. */
  async client(id: number, timeOut = 10_000): Promise<Session> {
    const client = await this.open(id);
    const { sessionId, passwd } = await client.connect({ timeOut });
    assert.notEqual(sessionId, 0n, `server ${id} gave no session`);
    return Object.assign(client, { session: { sessionId, passwd: passwd ?? Buffer.alloc(0) } });
  }

  /** Moves a session to a server. */
  async reattach(id: number, session: Session['session'], timeOut = 10_000): Promise<Session | undefined> {
    const client = await this.open(id);
    const response = await client.connect({ ...session, timeOut });
    return response.sessionId === 0n ? undefined : Object.assign(client, { session });
  }

  /** Cuts a server off from all other servers, or joins it again; clients reach it all the same. */
  isolate(id: number, blocked = true): void {
    for (const other of this.ids) {
      if (other === id) continue;
      this.sim.network.setLink(`zk${id}`, `zk${other}`, { blocked });
      this.sim.network.setLink(`zk${other}`, `zk${id}`, { blocked });
    }
  }

  /** Fails the test when trees differ, stats included. */
  assertSameTrees(...ids: number[]): void {
    const all = ids.length === 0 ? [...this.servers.keys()] : ids;
    const [first, ...others] = all;
    if (first === undefined) return;
    const expected = treeLines(this.tree(first));
    for (const id of others) {
      assert.deepEqual(treeLines(this.tree(id)), expected, `the trees of ${first} and ${id} differ`);
      assert.equal(this.tree(id).digest, this.tree(first).digest, `the digests of ${first} and ${id} differ`);
    }
  }

  assertNoFailures(): void {
    assert.deepEqual([...this.failures], []);
  }
}

/** A write that has to succeed. */
export async function mustCall(client: RawZkClient, type: number, value: unknown): Promise<void> {
  const reply = await client.call(type, value);
  assert.equal(reply.header.err, 0);
}

export async function write(client: RawZkClient, path: string, data = ''): Promise<void> {
  await mustCall(client, OpCode.create, {
    path,
    data: Buffer.from(data),
    acl: [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }],
    flags: 0,
  });
}

/** Every node outside /zookeeper with data, ACL and stat, one line each. */
export function treeLines(tree: DataTree): string[] {
  const lines: string[] = [];
  const visit = (path: string): void => {
    const node = tree.get(path);
    if (node === undefined) return;
    const stat = JSON.stringify(tree.statOf(node), (_, value) =>
      typeof value === 'bigint' ? value.toString() : value,
    );
    lines.push(`${path} ${node.data?.toString('base64')} ${JSON.stringify(tree.aclOf(node))} ${stat}`);
    for (const child of [...(node.children ?? [])].sort()) {
      if (path !== '/' || child !== 'zookeeper') visit(path === '/' ? `/${child}` : `${path}/${child}`);
    }
  };
  visit('/');
  return lines;
}

function lastCreated(tree: DataTree): string {
  return treeLines(tree).join('\n');
}
