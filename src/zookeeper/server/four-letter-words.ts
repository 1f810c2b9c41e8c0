import { hex } from '../../base/hex.ts';
import type { Env } from '../../env/env.ts';
import { limitPath, parseStatsTrack, usagePath } from '../../wire/zookeeper/quota.ts';
import { topNamespace } from '../tree/path.ts';
import type { ClientConnection } from './client-connection.ts';
import { javaDate } from './java-date.ts';
import type { ServerCore } from './server-core.ts';
import type { ServerRole, SessionOverview } from './server-role.ts';
import type { Gauge } from './server-stats.ts';
import { SERVER_VERSION } from './version.ts';

/** A double as Java prints it. */
function javaDouble(value: number): string {
  const rounded = Math.round(value * 10_000) / 10_000;
  return Number.isInteger(rounded) ? `${rounded}.0` : String(rounded);
}

function lines(...text: readonly string[]): string {
  return text.map((line) => `${line}\n`).join('');
}

/** What words about the server answer between two elections. */
const NOT_SERVING = lines('This ZooKeeper instance is not currently serving requests');

/** The word as the int32 that a frame's length would be. */
function codeOf(word: string): number {
  return Buffer.from(word, 'latin1').readInt32BE(0);
}

/**
 * The commands of four letters that come instead of a first frame, with the answers of Apache's server in its
 * own format. A word that is not on the whitelist gets Apache's refusal. `stmk` is missing: this server has no
 * trace mask to set, so the word is a frame length that closes the connection.
 */
export class FourLetterWords {
  private readonly server: ServerCore;
  private readonly env: Env;
  private readonly words: ReadonlyMap<number, { word: string; answer: () => string }>;
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
      mntr: (role) => this.mntr(role),
      srst: () => this.srst(),
      srvr: (role) => lines(`Zookeeper version: ${SERVER_VERSION}`) + this.status(role),
      stat: (role) => this.stat(role),
      wchc: () => this.wchc(),
      wchp: () => this.wchp(),
      wchs: () => this.wchs(),
    };
    const answers: Record<string, () => string> = {
      envi: () => this.envi(),
      gtmk: () => '0',
      isro: () => this.isReadOnly(),
      ruok: () => 'imok',
    };
    for (const [word, answer] of Object.entries(served)) {
      answers[word] = () => (server.role === undefined ? NOT_SERVING : answer(server.role));
    }
    this.words = new Map(Object.entries(answers).map(([word, answer]) => [codeOf(word), { word, answer }]));
    const { fourLetterWhitelist } = server.config;
    const all = fourLetterWhitelist.includes('*') ? Object.keys(answers) : fourLetterWhitelist;
    // As in 3.9, srvr cannot be switched off: zkServer.sh needs it.
    this.enabled = new Set([...all, 'srvr']);
  }

  /** Undefined when `code` is no word. */
  answer(code: number): string | undefined {
    const found = this.words.get(code);
    if (found === undefined) return undefined;
    const { word, answer } = found;
    return this.enabled.has(word)
      ? answer()
      : lines(`${word} is not executed because it is not in the whitelist.`);
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
    );
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
    );
  }

  private status(role: ServerRole): string {
    const { stats, tree } = this.server;
    const { min, average, max } = stats.latencyMs;
    return lines(
      `Latency min/avg/max: ${min}/${javaDouble(average)}/${max}`,
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

  /** The values that this server has, under Apache's names; those of parts that it has not are left out. */
  private mntr(role: ServerRole): string {
    const { server } = this;
    const { stats, tree } = server;
    const uptimeMs = Math.floor(server.monotonicMs() - server.startedAtMs);
    const values: [string, string | number][] = [
      ['version', SERVER_VERSION],
      ['server_state', role.mode],
      ['ephemerals_count', tree.ephemeralCount],
      ['num_alive_connections', server.connections.size],
      ['avg_latency', javaDouble(stats.latencyMs.average)],
      ['outstanding_requests', server.outstandingRequests],
      ['znode_count', tree.nodeCount],
      ['global_sessions', role.sessions.size],
      ['local_sessions', 0],
      ['last_client_response_size', lastOr(stats.responseBytes, 'last')],
      ['max_client_response_size', lastOr(stats.responseBytes, 'max')],
      ['min_client_response_size', lastOr(stats.responseBytes, 'min')],
      ['packets_sent', stats.packetsSent],
      ['packets_received', stats.packetsReceived],
      ['connection_drop_probability', '0.0'],
      ['watch_count', server.watches.size],
      ['auth_failed_count', stats.authFailures],
      ['min_latency', stats.latencyMs.min],
      ['max_latency', stats.latencyMs.max],
      ['approximate_data_size', tree.approximateDataBytes],
      ['uptime', uptimeMs],
      ...this.quotaValues(),
      ['watch_bytes', stats.watchBytes],
      ['connection_rejected', stats.connectionsRejected],
      ['sessionless_connections_expired', stats.sessionlessExpired],
      ['connection_drop_count', stats.connectionsDropped],
      ['bytes_received_count', stats.bytesReceived],
      ['response_bytes', stats.responseBytes.sum],
      ['connection_revalidate_count', stats.sessionsRevalidated],
      ['commit_count', stats.commits],
      ['stale_sessions_expired', stats.staleSessionsExpired],
      ...role.monitorValues(),
    ];
    return lines(...values.map(([name, value]) => `zk_${name}\t${value}`));
  }

  /** Sums of limits and usage by the first component of the paths with quotas. */
  private quotaValues(): [string, number][] {
    const { tree } = this.server;
    const values = new Map<string, number>();
    const add = (namespace: string, name: string, value: number) => {
      if (value <= -1) return;
      const key = `${namespace}_quota_${name}_per_namespace`;
      values.set(key, (values.get(key) ?? 0) + value);
    };
    for (const path of tree.quotaPaths()) {
      const namespace = topNamespace(path);
      if (namespace === undefined) continue;
      const limits = parseStatsTrack(tree.get(limitPath(path))?.data ?? null);
      const usage = parseStatsTrack(tree.get(usagePath(path))?.data ?? null);
      add(namespace, 'count_limit', limits.countHardLimit > -1 ? limits.countHardLimit : limits.count);
      add(namespace, 'bytes_limit', limits.byteHardLimit > -1 ? limits.byteHardLimit : limits.bytes);
      add(namespace, 'count_usage', usage.count);
      add(namespace, 'bytes_usage', usage.bytes);
    }
    return [...values];
  }
}

/** Apache reports -1 before the first response. */
function lastOr(gauge: Gauge, key: 'last' | 'min' | 'max'): number {
  return gauge.count === 0 ? -1 : gauge[key];
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
