import { hex } from '../../base/hex.ts';
import type { Env } from '../../env/env.ts';
import { CONFIG_PATH } from '../tree/path.ts';
import type { ClientConnection } from './client-connection.ts';
import { javaDate } from './java-date.ts';
import { dumpMetrics, javaDouble, metricsOf, monitorText } from './monitor.ts';
import type { ServerCore } from './server-core.ts';
import type { ServerRole, SessionOverview } from './server-role.ts';
import { SERVER_VERSION } from './version.ts';

function lines(...text: readonly string[]): string {
  return text.map((line) => `${line}\n`).join('');
}

/** What words about the server answer between two elections. */
const NOT_SERVING = lines('This ZooKeeper instance is not currently serving requests');

/** The word as the int32 that a frame's length would be. */
function codeOf(word: string): number {
  return Buffer.from(word, 'latin1').readInt32BE(0);
}

/** How a word is answered. */
export interface FourLetterAnswer {
  /** Bytes that have to follow the word. */
  readonly argumentBytes: number;
  text(argument: Buffer): string;
}

const SET_TRACE_MASK = codeOf('stmk');
const TRACE_MASK_BYTES = 8;

function refusal(word: string): FourLetterAnswer {
  return {
    argumentBytes: 0,
    text: () => lines(`${word} is not executed because it is not in the whitelist.`),
  };
}

/**
 * The commands of four letters that come instead of a first frame, with the answers of Apache's server in its
 * own format. A word that is not on the whitelist gets Apache's refusal.
 */
export class FourLetterWords {
  private readonly server: ServerCore;
  private readonly env: Env;
  private readonly words: ReadonlyMap<number, { word: string; answer: () => string }>;
  private readonly setTraceMask: FourLetterAnswer;
  private readonly enabled: ReadonlySet<string>;

  constructor(server: ServerCore, env: Env) {
    this.server = server;
    this.env = env;
    const served: Readonly<Record<string, (role: ServerRole) => string>> = {
      conf: () => this.conf(),
      cons: () => this.cons(),
      crst: () => this.crst(),
      dirs: () => this.dirs(),
      dump: (role) => this.dump(role),
      hash: () => this.hash(),
      mntr: () => this.mntr(),
      srst: () => this.srst(),
      srvr: (role) => lines(`Zookeeper version: ${SERVER_VERSION}`) + this.status(role),
      stat: (role) => this.stat(role),
      wchc: () => this.wchc(),
      wchp: () => this.wchp(),
      wchs: () => this.wchs(),
    };
    const answers: Record<string, () => string> = {
      envi: () => this.envi(),
      gtmk: () => String(server.traceMask),
      isro: () => this.isReadOnly(),
      ruok: () => 'imok',
    };
    for (const [word, answer] of Object.entries(served)) {
      answers[word] = () => (server.role === undefined ? NOT_SERVING : answer(server.role));
    }
    this.words = new Map(Object.entries(answers).map(([word, answer]) => [codeOf(word), { word, answer }]));
    const { fourLetterWhitelist } = server.config;
    const all = fourLetterWhitelist.includes('*') ? [...Object.keys(answers), 'stmk'] : fourLetterWhitelist;
    this.setTraceMask = {
      argumentBytes: TRACE_MASK_BYTES,
      text: (argument) => {
        server.traceMask = argument.readBigInt64BE(0);
        return String(server.traceMask);
      },
    };
    // As in 3.9, srvr cannot be switched off, for zkServer.sh needs it, and isro is what read-only clients ask by.
    const isro = server.config.ensemble?.readOnlyMode === true ? ['isro'] : [];
    this.enabled = new Set([...all, 'srvr', ...isro]);
  }

  /** Undefined when `code` is no word. */
  answer(code: number): FourLetterAnswer | undefined {
    if (code === SET_TRACE_MASK) return this.enabled.has('stmk') ? this.setTraceMask : refusal('stmk');
    const found = this.words.get(code);
    if (found === undefined) return undefined;
    const { word, answer } = found;
    return this.enabled.has(word) ? { argumentBytes: 0, text: answer } : refusal(word);
  }

  private isReadOnly(): string {
    const { role } = this.server;
    if (role === undefined) return 'null';
    return role.mode === 'read-only' ? 'ro' : 'rw';
  }

  private conf(): string {
    const { config, storage } = this.server;
    return lines(
      `clientPort=${this.server.port}`,
      'secureClientPort=-1',
      `dataDir=${config.dataDir}/version-2`,
      `dataDirSize=${storage.dataDirBytes()}`,
      `dataLogDir=${config.dataLogDir}/version-2`,
      `dataLogSize=${storage.logDirBytes()}`,
      `tickTime=${config.tickTimeMs}`,
      `maxClientCnxns=${config.maxClientCnxns}`,
      `minSessionTimeout=${config.minSessionTimeoutMs}`,
      `maxSessionTimeout=${config.maxSessionTimeoutMs}`,
      `clientPortListenBacklog=${config.clientPortListenBacklog}`,
      `serverId=${config.serverId}`,
      ...this.ensembleConf(),
    );
  }

  /** What a member of an ensemble adds. The last line of the membership has no end, as in Apache. */
  private ensembleConf(): string[] {
    const { ensemble } = this.server.config;
    if (ensemble === undefined) return [];
    const own = ensemble.quorum.members.get(ensemble.serverId);
    const address = own?.addresses[0];
    return [
      `initLimit=${ensemble.initLimit}`,
      `syncLimit=${ensemble.syncLimit}`,
      'electionAlg=3',
      `electionPort=${address?.electionPort ?? -1}`,
      `quorumPort=${address?.quorumPort ?? -1}`,
      `peerType=${own?.role === 'observer' ? 1 : 0}`,
      'membership: ',
      this.server.tree.get(CONFIG_PATH)?.data?.toString() ?? '',
    ];
  }

  private dirs(): string {
    const { storage } = this.server;
    return lines(`datadir_size: ${storage.dataDirBytes()}`, `logdir_size: ${storage.logDirBytes()}`);
  }

  private envi(): string {
    return lines(
      'Environment:',
      `zookeeper.version=${SERVER_VERSION}`,
      `host.name=${this.env.net.hostname()}`,
      ...(this.server.process?.environment() ?? []).map(([name, value]) => `${name}=${value}`),
    );
  }

  private status(role: ServerRole): string {
    const { stats, tree } = this.server;
    const { min, average, max } = stats.latencyMs;
    return lines(
      `Latency min/avg/max: ${min}/${javaDouble(Math.round(average * 10_000) / 10_000)}/${max}`,
      `Received: ${stats.packetsReceived}`,
      `Sent: ${stats.packetsSent}`,
      `Connections: ${this.server.connections.size}`,
      `Outstanding: ${this.server.outstandingRequests}`,
      `Zxid: ${hex(tree.lastProcessedZxid)}`,
      `Mode: ${role.mode}`,
      `Node count: ${tree.nodeCount}`,
      ...role.statusLines(),
    );
  }

  private stat(role: ServerRole): string {
    const clients = [...this.server.connections]
      .map((connection) => `${describe(connection, true)}\n`)
      .join('');
    return `${lines(`Zookeeper version: ${SERVER_VERSION}`, 'Clients:')}${clients}\n${this.status(role)}`;
  }

  private cons(): string {
    const all = [...this.server.connections].map((connection) => `${describe(connection, false)}\n`);
    return `${all.join('')}\n`;
  }

  private crst(): string {
    for (const connection of this.server.connections) connection.stats.reset();
    return lines('Connection stats reset.');
  }

  private srst(): string {
    this.server.stats.reset();
    return lines('Server stats reset.');
  }

  private hash(): string {
    return lines(...this.server.digestLog.map(({ zxid, digest }) => `${zxid.toString(16)}: ${digest}`));
  }

  private dump({ sessions }: ServerRole): string {
    const { tree } = this.server;
    const text = sessions.dump((monotonicMs) => this.date(monotonicMs));
    const ephemerals = [...tree.sessionsWithEphemerals()];
    text.push('ephemeral nodes dump:', `Sessions with Ephemerals (${ephemerals.length}):`);
    for (const [sessionId, paths] of ephemerals) {
      text.push(`${hex(sessionId)}:`);
      for (const path of paths) text.push(`\t${path}`);
    }
    text.push('Connections dump:');
    return lines(...text, ...this.connectionBuckets(sessions));
  }

  /** Connections by when they would be idle for too long, which is when their sessions expire. */
  private connectionBuckets(sessions: SessionOverview): string[] {
    const { connections, config } = this.server;
    const buckets = new Map<number, ClientConnection[]>();
    for (const connection of connections) {
      const sessionMs = connection.hasSession ? sessions.expiresAtMs(connection.sessionId) : undefined;
      const atMs = sessionMs ?? connection.acceptedAtMs + config.sessionlessTimeoutMs;
      buckets.set(atMs, [...(buckets.get(atMs) ?? []), connection]);
    }
    const text = [`Connections Sets (${buckets.size})/(${connections.size}):`];
    for (const [atMs, bucket] of [...buckets].sort(([a], [b]) => a - b)) {
      text.push(`${bucket.length} expire at ${this.date(atMs)}:`);
      for (const connection of bucket)
        text.push(`\tip: ${address(connection)} sessionId: ${hex(connection.sessionId)}`);
    }
    return text;
  }

  private date(monotonicMs: number): string {
    return javaDate(this.env.clock.nowMs() + monotonicMs - this.env.clock.monotonicMs());
  }

  private wchs(): string {
    const { data } = this.server.watches;
    let pairs = 0;
    for (const [, paths] of data.byWatcher()) pairs += paths.size;
    return lines(
      `${data.watcherCount} connections watching ${data.pathCount} paths`,
      `Total watches:${pairs}`,
    );
  }

  private wchc(): string {
    const text: string[] = [];
    for (const [watcher, paths] of this.server.watches.data.byWatcher()) {
      text.push(hex((watcher as ClientConnection).sessionId));
      for (const path of paths.keys()) text.push(`\t${path}`);
    }
    return lines(...text, '');
  }

  private wchp(): string {
    const text: string[] = [];
    for (const [path, watchers] of this.server.watches.data.byPath()) {
      text.push(path);
      for (const watcher of watchers) text.push(`\t${hex((watcher as ClientConnection).sessionId)}`);
    }
    return lines(...text, '');
  }

  private mntr(): string {
    const monitored = { core: this.server, process: this.server.process };
    const values = [...dumpMetrics(metricsOf(monitored))];
    return lines(...values.map(([name, value]) => `zk_${name}\t${monitorText(name, value)}`));
  }
}

function address(connection: ClientConnection): string {
  const host = connection.remoteHost;
  return `/${host.includes(':') ? `[${host}]` : host}:${connection.remotePort}`;
}

/** One line of `stat` and `cons` (ServerCnxn.dumpConnectionInfo). */
function describe(connection: ClientConnection, isBrief: boolean): string {
  const { stats } = connection;
  const values = [
    `queued=${connection.outstanding}`,
    `recved=${stats.packetsReceived}`,
    `sent=${stats.packetsSent}`,
  ];
  if (!isBrief && connection.sessionId !== 0n) {
    const { latencyMs } = stats;
    values.push(`sid=${hex(connection.sessionId)}`, `lop=${stats.lastOperation}`);
    values.push(`est=${connection.establishedMs}`, `to=${connection.sessionTimeoutMs}`);
    if (stats.lastCxid >= 0) values.push(`lcxid=${hex(stats.lastCxid)}`);
    // A Java long: -1 before the first answer.
    values.push(`lzxid=${hex(stats.lastZxid)}`, `lresp=${Math.floor(stats.lastResponseMs)}`);
    values.push(`llat=${latencyMs.last}`, `minlat=${latencyMs.min}`);
    values.push(`avglat=${Math.floor(latencyMs.average)}`, `maxlat=${latencyMs.max}`);
  }
  return ` ${address(connection)}[${connection.interestOps.toString(16)}](${values.join(',')})`;
}
