import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { ZooKeeperClient } from '../../src/clients/zookeeper/zookeeper-client.ts';
import { createNodeEnv } from '../../src/env/node/create-node-env.ts';
import { until } from '../until.ts';
import { Workspace } from '../workspace.ts';
import type { Daemon } from './process.ts';
import { freePorts, startApacheZooKeeper, startOurZooKeeper, type ZooKeeperOptions } from './targets.ts';
import type { Toolbox } from './toolbox.ts';

export type Kind = 'apache' | 'ours';

export interface Member {
  readonly id: number;
  kind: Kind;
  readonly port: number;
  readonly quorumPort: number;
  readonly electionPort: number;
  readonly dataDir: string;
  daemon: Daemon | undefined;
}

/** Asks often: the time until a server serves is what some want to know. */
const POLL = { everyMs: 10 };

/** The answer to a four-letter word; undefined from a server that is not there. */
export function ask(port: number, word: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: 5000 });
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (part: string) => {
      text += part;
    });
    socket.on('timeout', () => socket.destroy());
    socket.on('error', () => resolve(undefined));
    socket.on('close', () => resolve(text === '' ? undefined : text));
    socket.write(word);
  });
}

interface EnsembleOptions {
  /** How many servers are started, and known to all, at first; the others know these and themselves. */
  readonly initial?: number;
  /** Whether servers may be taken in and let go: their lines name client ports then. */
  readonly reconfigEnabled?: boolean;
  /** Settings instead of those below. */
  readonly config?: Readonly<Record<string, string>>;
}

/** Servers, of Apache's and ours, that are one ensemble; or one server alone. */
export class Ensemble {
  readonly members: Member[] = [];
  readonly workspace = new Workspace();
  private readonly clients: ZooKeeperClient[] = [];
  private readonly toolbox: Toolbox;
  private readonly options: EnsembleOptions;
  /** Servers that have their zoo.cfg, which reconfigurations change. */
  private readonly configured = new Set<Member>();

  private constructor(toolbox: Toolbox, options: EnsembleOptions) {
    this.toolbox = toolbox;
    this.options = options;
  }

  static async start(
    { toolbox }: { readonly toolbox: Toolbox },
    kinds: readonly Kind[],
    options: EnsembleOptions = {},
  ): Promise<Ensemble> {
    const ensemble = new Ensemble(toolbox, options);
    const ports = await freePorts(kinds.length * 3);
    for (const [i, kind] of kinds.entries()) {
      const [port = 0, quorumPort = 0, electionPort = 0] = ports.slice(i * 3);
      const dataDir = ensemble.workspace.dir(`data-${i + 1}`);
      ensemble.members.push({ id: i + 1, kind, port, quorumPort, electionPort, dataDir, daemon: undefined });
    }
    try {
      await Promise.all(ensemble.initial.map((member) => ensemble.boot(member)));
      await ensemble.serving();
    } catch (error) {
      await ensemble.stop();
      throw error;
    }
    return ensemble;
  }

  /** The servers that are there from the start. */
  get initial(): readonly Member[] {
    return this.members.slice(0, this.options.initial);
  }

  /** The value of a server's line. */
  line({ quorumPort, electionPort, port }: Member): string {
    const client = this.options.reconfigEnabled === true ? `:participant;127.0.0.1:${port}` : '';
    return `127.0.0.1:${quorumPort}:${electionPort}${client}`;
  }

  get connectString(): string {
    return this.initial.map(({ port }) => `127.0.0.1:${port}`).join(',');
  }

  async boot(member: Member): Promise<void> {
    writeFileSync(join(member.dataDir, 'myid'), `${member.id}\n`);
    const known = this.members.filter((other) => other === member || this.initial.includes(other));
    // One server alone knows of no others: it is no ensemble, and serves as soon as it is up.
    const isAlone = this.members.length === 1;
    const servers = isAlone ? [] : known.map((other) => [`server.${other.id}`, this.line(other)]);
    const isReconfigurable = this.options.reconfigEnabled === true;
    const options: ZooKeeperOptions = {
      dataDir: member.dataDir,
      port: member.port,
      workspace: this.workspace,
      isMember: !isAlone,
      isConfigured: isReconfigurable && this.configured.has(member),
      config: {
        tickTime: '500',
        initLimit: '20',
        syncLimit: '10',
        maxClientCnxns: '0',
        ...this.options.config,
        ...(isReconfigurable ? { reconfigEnabled: 'true', skipACL: 'yes' } : {}),
        ...Object.fromEntries(servers),
      },
    };
    this.configured.add(member);
    const begin = member.kind === 'apache' ? startApacheZooKeeper : startOurZooKeeper;
    member.daemon = await begin(this.toolbox, options);
  }

  async kill(member: Member, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await member.daemon?.stop(signal);
    member.daemon = undefined;
  }

  /** Takes a server that is down its data. */
  empty(member: Member): void {
    rmSync(join(member.dataDir, 'version-2'), { recursive: true });
  }

  /** `leader`, `follower`, `standalone`; undefined while a server does not serve. */
  async mode(member: Member): Promise<string | undefined> {
    const answer = member.daemon === undefined ? undefined : await ask(member.port, 'srvr');
    return /^Mode: (\S+)/m.exec(answer ?? '')?.[1];
  }

  /** Waits until all that run serve; the leader. */
  serving(): Promise<Member> {
    return until(
      'all servers serve',
      async () => {
        const running = this.members.filter(({ daemon }) => daemon !== undefined);
        const modes = await Promise.all(running.map((member) => this.mode(member)));
        if (modes.includes(undefined)) return undefined;
        return running[modes.findIndex((mode) => mode === 'leader' || mode === 'standalone')];
      },
      POLL,
    );
  }

  /** Waits until one of these servers leads. */
  leads(among: readonly Member[]): Promise<Member> {
    return until(
      'one of the servers leads',
      async () => {
        const modes = await Promise.all(among.map((member) => this.mode(member)));
        return among[modes.indexOf('leader')];
      },
      POLL,
    );
  }

  async client(member?: Member): Promise<ZooKeeperClient> {
    const connectString = member === undefined ? this.connectString : `127.0.0.1:${member.port}`;
    const env = createNodeEnv({ logLevel: 'silent' });
    const client = await ZooKeeperClient.connect(env, {
      connectString,
      sessionTimeoutMs: 10_000,
      connectTimeoutMs: 60_000,
    });
    this.clients.push(client);
    return client;
  }

  /** What a server says of every node: data, stat, ACL. */
  async dump(member: Member): Promise<string[]> {
    const client = await this.client(member);
    const lines: string[] = [];
    try {
      await client.sync('/');
      const visit = async (path: string): Promise<void> => {
        const { data, stat } = await client.getData(path);
        const { acl } = await client.getACL(path);
        lines.push(
          [path, data?.toString('base64'), ...Object.values(stat), JSON.stringify(acl)].map(String).join(' '),
        );
        const children = (await client.getChildren(path)).sort();
        for (const child of children) {
          if (child !== 'zookeeper') await visit(path === '/' ? `/${child}` : `${path}/${child}`);
        }
      };
      await visit('/');
    } finally {
      await client.close();
    }
    return lines;
  }

  /** Fails unless all servers that run have the same tree; the number of nodes. */
  async assertSame(): Promise<number> {
    const running = this.members.filter(({ daemon }) => daemon !== undefined);
    const [first, ...others] = await Promise.all(running.map((member) => this.dump(member)));
    for (const [i, other] of others.entries()) {
      assert.deepEqual(
        other,
        first,
        `the trees of server ${running[0]?.id} and ${running[i + 1]?.id} differ`,
      );
    }
    return first?.length ?? 0;
  }

  async stop(): Promise<void> {
    // Before the servers go: a client without a server would keep the process waiting for its session's end.
    await Promise.all(this.clients.map((client) => client.close().catch(() => undefined)));
    await Promise.all(this.members.map((member) => member.daemon?.stop('SIGKILL')));
    this.workspace.remove();
  }
}
