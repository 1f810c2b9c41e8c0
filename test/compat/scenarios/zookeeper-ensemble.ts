import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ZooKeeperClient } from '../../../src/clients/zookeeper/zookeeper-client.ts';
import { createNodeEnv } from '../../../src/env/node/create-node-env.ts';
import type { Daemon } from '../../../tools/peers/process.ts';
import {
  freePorts,
  startApacheZooKeeper,
  startOurZooKeeper,
  type ZooKeeperOptions,
} from '../../../tools/peers/targets.ts';
import { Workspace } from '../../../tools/workspace.ts';
import type { Context, Scenario } from '../scenario.ts';
import { until } from '../until.ts';

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

/** The answer to a four-letter word; undefined from a server that is not there. */
function ask(port: number, word: string): Promise<string | undefined> {
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

/** Servers, of Apache's and ours, that are one ensemble. */
export class Ensemble {
  readonly members: Member[] = [];
  readonly workspace = new Workspace();
  private readonly clients: ZooKeeperClient[] = [];
  private readonly context: Context;
  private readonly options: EnsembleOptions;
  /** Servers that have their zoo.cfg, which reconfigurations change. */
  private readonly configured = new Set<Member>();

  private constructor(context: Context, options: EnsembleOptions) {
    this.context = context;
    this.options = options;
  }

  static async start(
    context: Context,
    kinds: readonly Kind[],
    options: EnsembleOptions = {},
  ): Promise<Ensemble> {
    const ensemble = new Ensemble(context, options);
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
    const servers = known.map((other) => [`server.${other.id}`, this.line(other)]);
    const isReconfigurable = this.options.reconfigEnabled === true;
    const options: ZooKeeperOptions = {
      dataDir: member.dataDir,
      port: member.port,
      workspace: this.workspace,
      isMember: true,
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
    member.daemon = await begin(this.context.toolbox, options);
  }

  async kill(member: Member, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await member.daemon?.stop(signal);
    member.daemon = undefined;
  }

  /** Takes a server that is down its data. */
  empty(member: Member): void {
    rmSync(join(member.dataDir, 'version-2'), { recursive: true });
  }

  /** `leader`, `follower`; undefined while a server does not serve. */
  async mode(member: Member): Promise<string | undefined> {
    const answer = member.daemon === undefined ? undefined : await ask(member.port, 'srvr');
    return /^Mode: (\S+)/m.exec(answer ?? '')?.[1];
  }

  /** Waits until all that run serve; the leader. */
  serving(): Promise<Member> {
    return until('all servers serve', async () => {
      const running = this.members.filter(({ daemon }) => daemon !== undefined);
      const modes = await Promise.all(running.map((member) => this.mode(member)));
      if (modes.includes(undefined)) return undefined;
      return running[modes.indexOf('leader')];
    });
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

/** Writes until it is told to end, whatever happens to servers; knows what has been acknowledged. */
export class Load {
  readonly acknowledged: string[] = [];
  failures = 0;
  private isEnding = false;
  private readonly done: Promise<void>;
  private readonly client: ZooKeeperClient;

  constructor(client: ZooKeeperClient, prefix: string) {
    this.client = client;
    this.done = this.run(prefix);
  }

  private async run(prefix: string): Promise<void> {
    for (let i = 0; !this.isEnding; i++) {
      const path = `${prefix}-${i}`;
      try {
        await this.client.create(path, Buffer.from(`value ${i}`), i % 10 === 0 ? { mode: 'ephemeral' } : {});
        if (i % 3 === 0) await this.client.setData(path, Buffer.from(`changed ${i}`));
        this.acknowledged.push(path);
      } catch {
        // Under way when a server died: nobody knows whether it was done.
        this.failures++;
        await delay(20);
      }
    }
  }

  async end(): Promise<void> {
    this.isEnding = true;
    await this.done;
  }
}

/** The story that every mixture has to live through. */
async function story(context: Context, kinds: readonly Kind[]): Promise<string> {
  const ensemble = await Ensemble.start(context, kinds);
  const led = new Set<Kind>();
  const synced: string[] = [];
  try {
    const client = await ensemble.client();
    await client.create('/load');
    const load = new Load(client, '/load/n');
    const rounds = context.quick ? 3 : 9;
    for (let round = 0; round < rounds; round++) {
      const leader = await ensemble.serving();
      led.add(leader.kind);
      // In turn: a follower that lags a little, an emptied one, and the leader in the middle of its writes.
      const others = ensemble.members.filter((member) => member !== leader);
      const victim = round % 3 === 2 ? leader : (others[round % others.length] ?? leader);
      await ensemble.kill(victim);
      await delay(context.quick ? 500 : 1000);
      if (round % 3 === 1) ensemble.empty(victim);
      await ensemble.boot(victim);
      await ensemble.serving();
      synced.push(`${victim.kind} ${['behind', 'emptied', 'was leader'][round % 3]}`);
      context.say(
        `round ${round + 1} of ${rounds}: ${synced.at(-1)}, ${load.acknowledged.length} writes so far`,
      );
    }
    for (const kind of new Set(kinds)) await letLead(ensemble, kind, led);
    await load.end();
    await client.sync('/');
    const children = new Set(await client.getChildren('/load'));
    const lost = load.acknowledged.filter((path) => !children.has(path.slice('/load/'.length)));
    assert.deepEqual(lost, [], 'acknowledged writes are missing');
    await client.close();
    if (!context.quick) for (const kind of new Set(kinds)) await takeBack(ensemble, kind);
    const nodes = await ensemble.assertSame();
    await noMismatches(ensemble);
    return `${load.acknowledged.length} acknowledged writes on all servers, ${nodes} nodes the same; both led`;
  } finally {
    await ensemble.stop();
  }
}

/** Kills leaders until a server of that kind leads. */
async function letLead(ensemble: Ensemble, kind: Kind, led: Set<Kind>): Promise<void> {
  for (let attempt = 0; attempt < 6 && !led.has(kind); attempt++) {
    const leader = await ensemble.serving();
    led.add(leader.kind);
    if (led.has(kind)) break;
    // Servers of the other kind stay down until one of the wanted kind leads, as far as a majority remains.
    await ensemble.kill(leader);
    await ensemble.serving().then((next) => led.add(next.kind));
    await ensemble.boot(leader);
    await ensemble.serving();
  }
  assert.ok(led.has(kind), `no server of ${kind} has led`);
}

/** A leader of that kind logs what its followers never get; as a follower it has to take that back. */
async function takeBack(ensemble: Ensemble, kind: Kind): Promise<void> {
  const attempts = 8;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const leader = await ensemble.serving();
    const followers = ensemble.members.filter((member) => member !== leader);
    const isWanted = leader.kind === kind;
    const client = isWanted ? await ensemble.client(leader) : undefined;
    await Promise.all((isWanted ? followers : [leader]).map((member) => ensemble.kill(member)));
    if (client === undefined) {
      await ensemble.serving();
      await ensemble.boot(leader);
      continue;
    }
    // Logged by the leader alone, before it notices that nobody follows.
    const writes = [1, 2, 3].map((i) => client.create(`/load/alone-${attempt}-${i}`).catch(() => undefined));
    await delay(150);
    await ensemble.kill(leader);
    void client.close().catch(() => undefined);
    await Promise.all(writes);
    await Promise.all(followers.map((member) => ensemble.boot(member)));
    await ensemble.serving();
    await ensemble.boot(leader);
    await ensemble.serving();
    const sign = kind === 'apache' ? /Truncating log to get in sync/ : /TRUNC/;
    const isSeen = await leader.daemon?.shows(sign, 500).then(
      () => true,
      () => false,
    );
    if (isSeen === true) return;
  }
  assert.fail(`no server of ${kind} had to take back what it had logged alone, in ${attempts} attempts`);
}

/** Apache's servers compare the digest of every transaction with their tree's. */
export async function noMismatches(ensemble: Ensemble): Promise<void> {
  for (const member of ensemble.members.filter(({ kind }) => kind === 'apache')) {
    const answer = (await ask(member.port, 'mntr')) ?? '';
    const count = /^zk_digest_mismatches_count\t(\d+)/m.exec(answer)?.[1];
    assert.equal(count, '0', `server ${member.id} found transactions whose digest is not its tree's`);
  }
}

function mixed(name: string, kinds: readonly Kind[]): Scenario {
  return {
    name,
    shows:
      'kill -9 and restart under load, also emptied; each side leads; all acknowledged writes, same trees',
    run: (context) => story(context, kinds),
  };
}

export const zookeeperEnsembleScenarios: readonly Scenario[] = [
  mixed('ensemble of 2 Apache + 1 ours', ['apache', 'ours', 'apache']),
  { ...mixed('ensemble of 1 Apache + 2 ours', ['ours', 'apache', 'ours']), fullOnly: true },
];
