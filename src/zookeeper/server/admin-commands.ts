import type { PeerSpec } from '../election/peer-spec.ts';
import type { AdminRecord } from './admin-json.ts';
import { JavaDouble } from './admin-json.ts';
import type { ClientConnection } from './client-connection.ts';
import type { HttpResponse } from './http-server.ts';
import { dumpMetrics, isDouble, type Monitored, metricsOf } from './monitor.ts';
import type { ObserverView } from './peer-term.ts';
import type { ServerRole } from './server-role.ts';
import { SERVER_VERSION } from './version.ts';

/** What an ensemble's member knows of it. */
export interface MemberView {
  readonly id: number;
  /** Undefined while it looks for one. */
  readonly leaderId: number | undefined;
  readonly state: string;
  readonly isServing: boolean;
  readonly members: ReadonlyMap<number, PeerSpec>;
  readonly participants: ReadonlyMap<number, PeerSpec>;
  /** Observers that this server leads. */
  readonly observers: readonly ObserverView[];
}

export interface AdminContext extends Monitored {
  /** Undefined for a standalone server. */
  readonly ensemble: MemberView | undefined;
  takeSnapshot(query: ReadonlyMap<string, string>): Promise<HttpResponse | AdminAnswer>;
}

/** Fields of the answer, to which the command and its error are added. */
export interface AdminAnswer {
  readonly fields: AdminRecord;
  readonly error?: string;
  readonly status?: number;
}

export interface AdminCommand {
  /** The first one is how the answer calls it. */
  readonly names: readonly [string, ...string[]];
  /** Whether it is answered only while the server serves. */
  readonly needsService: boolean;
  /** Whether it takes somebody who may do anything to the root node. */
  readonly needsAuth?: boolean;
  run(
    context: AdminContext,
    query: ReadonlyMap<string, string>,
  ): AdminAnswer | Promise<AdminAnswer | HttpResponse>;
}

const nothing: AdminAnswer = { fields: {} };

function command(
  names: readonly [string, ...string[]],
  fields: (context: AdminContext) => AdminRecord,
  needsService = true,
): AdminCommand {
  return { names, needsService, run: (context) => ({ fields: fields(context) }) };
}

function entries<T>(pairs: Iterable<readonly [string, T]>): Record<string, T> {
  return Object.fromEntries(pairs);
}

function connectionInfo(connection: ClientConnection, isBrief: boolean): AdminRecord {
  const { stats, remoteHost } = connection;
  const host = remoteHost.includes(':') ? `[${remoteHost}]` : remoteHost;
  const brief = {
    remote_socket_address: `${host}:${connection.remotePort}`,
    interest_ops: connection.interestOps,
    outstanding_requests: connection.outstanding,
    packets_received: stats.packetsReceived,
    packets_sent: stats.packetsSent,
  };
  if (isBrief) return brief;
  const { latencyMs } = stats;
  return {
    ...brief,
    session_id: connection.sessionId,
    last_operation: stats.lastOperation,
    established: connection.establishedMs,
    session_timeout: connection.sessionTimeoutMs,
    last_cxid: stats.lastCxid,
    last_zxid: stats.lastZxid,
    last_response_time: Math.floor(stats.lastResponseMs),
    last_latency: latencyMs.last,
    min_latency: latencyMs.min,
    avg_latency: Math.floor(latencyMs.average),
    max_latency: latencyMs.max,
  };
}

function observerInfo({
  id,
  remote,
  establishedMs,
  queued,
  packetsSent,
  received,
}: ObserverView): AdminRecord {
  return {
    remote_socket_address: remote,
    sid: id,
    established: establishedMs,
    queued_packets: queued.packets,
    queued_packets_size: queued.bytes,
    packets_received: received.packets,
    packets_sent: packetsSent,
    requests: received.requests,
    last_zxid: received.lastZxid,
  };
}

function serverStats({ core }: AdminContext): AdminRecord {
  const { stats, storage, tree, role } = core;
  const { latencyMs, responseBytes } = stats;
  const sizes = {
    last_buffer_size: responseBytes.count === 0 ? -1 : responseBytes.last,
    min_buffer_size: responseBytes.count === 0 ? -1 : responseBytes.min,
    max_buffer_size: responseBytes.count === 0 ? -1 : responseBytes.max,
  };
  return {
    version: SERVER_VERSION,
    read_only: role?.mode === 'read-only',
    server_stats: {
      packets_sent: stats.packetsSent,
      packets_received: stats.packetsReceived,
      fsync_threshold_exceed_count: storage.metrics.slowSyncs,
      client_response_stats: sizes,
      uptime: Math.floor(core.monotonicMs() - core.startedAtMs),
      data_dir_size: storage.dataDirBytes(),
      log_dir_size: storage.logDirBytes(),
      provider_null: false,
      last_processed_zxid: tree.lastProcessedZxid,
      outstanding_requests: core.outstandingRequests,
      server_state: role?.mode ?? 'null',
      avg_latency: new JavaDouble(Math.round(latencyMs.average * 10_000) / 10_000),
      max_latency: latencyMs.max,
      min_latency: latencyMs.min,
      num_alive_client_connections: core.connections.size,
      auth_failed_count: stats.authFailures,
      non_mtlsremote_conn_count: 0,
      non_mtlslocal_conn_count: 0,
    },
    client_response: sizes,
    ...proposalStats(role),
    node_count: tree.nodeCount,
  };
}

/** Sizes of what a leader has proposed. */
function proposalStats(role: ServerRole | undefined): AdminRecord {
  if (role?.mode !== 'leader') return {};
  const values = new Map(role.monitorValues());
  const size = (which: string) => Number(values.get(`${which}_proposal_size`) ?? -1);
  return {
    proposal_stats: {
      last_buffer_size: size('last'),
      min_buffer_size: size('min'),
      max_buffer_size: size('max'),
    },
  };
}

function address(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function peerView({ addresses, client, role }: PeerSpec): AdminRecord {
  return {
    server_addresses: addresses.map(({ host, quorumPort }) => address(host, quorumPort)),
    election_addresses: addresses.map(({ host, electionPort }) => address(host, electionPort)),
    client_address: client === undefined ? '' : address(client.host, client.port),
    learner_type: role,
  };
}

/**
 * One port of a member as Jackson prints Java's MultipleAddresses, in the order of the names; those that Java gets by
 * knocking at each address are left out.
 */
function addressesView(addresses: readonly { readonly host: string; readonly port: number }[]): AdminRecord {
  const all = addresses.map(({ host, port }) => address(host, port));
  return {
    all_addresses: all,
    all_host_strings: addresses.map(({ host }) => host),
    all_ports: addresses.map(({ port }) => port),
    empty: all.length === 0,
    one: all[0] ?? '',
    wildcard_addresses: addresses.map(({ port }) => address('0.0.0.0', port)),
  };
}

const ZAB_STATES: Readonly<Record<string, string>> = { LOOKING: 'election', STOPPED: 'election' };

function zabState({ core, ensemble }: AdminContext): AdminRecord {
  if (ensemble === undefined) return { voting: false, zabstate: '' };
  const { lastProcessedZxid } = core.tree;
  const own = ensemble.members.get(ensemble.id);
  const addresses = own?.addresses ?? [];
  const client = own?.client;
  return {
    myid: ensemble.id,
    is_leader: ensemble.leaderId === ensemble.id,
    quorum_address: addressesView(addresses.map(({ host, quorumPort: port }) => ({ host, port }))),
    election_address: addressesView(addresses.map(({ host, electionPort: port }) => ({ host, port }))),
    client_address: client === undefined ? '' : address(client.host, client.port),
    voting: ensemble.participants.has(ensemble.id),
    last_zxid: `0x${lastProcessedZxid.toString(16)}`,
    zab_epoch: Math.floor(lastProcessedZxid / 2 ** 32),
    zab_counter: lastProcessedZxid % 2 ** 32,
    zabstate: ZAB_STATES[ensemble.state] ?? (ensemble.isServing ? 'broadcast' : 'synchronization'),
  };
}

function watchesBySession({ core }: AdminContext): AdminRecord {
  const sessions = new Map<string, string[]>();
  for (const [watcher, paths] of core.watches.data.byWatcher()) {
    sessions.set((watcher as ClientConnection).sessionId.toString(), [...paths.keys()]);
  }
  return { session_id_to_watched_paths: entries(sessions) };
}

function watchesByPath({ core }: AdminContext): AdminRecord {
  const paths = new Map<string, bigint[]>();
  for (const [path, watchers] of core.watches.data.byPath()) {
    paths.set(
      path,
      [...watchers].map((watcher) => (watcher as ClientConnection).sessionId),
    );
  }
  return { path_to_session_ids: entries(paths) };
}

function dump({ core }: AdminContext): AdminRecord {
  const buckets = new Map<string, bigint[]>();
  for (const sessionId of core.sessionTimeouts.keys()) {
    const atMs = core.role?.sessions.expiresAtMs(sessionId);
    if (atMs === undefined) continue;
    buckets.set(String(atMs), [...(buckets.get(String(atMs)) ?? []), sessionId]);
  }
  const owners = [...core.tree.sessionsWithEphemerals()];
  return {
    expiry_time_to_session_ids: entries(buckets),
    session_id_to_ephemeral_paths: entries(owners.map(([id, paths]) => [id.toString(), [...paths]] as const)),
  };
}

function monitor(context: AdminContext): AdminRecord {
  const values = [...dumpMetrics(metricsOf(context))];
  return entries(
    values.map(([name, value]) => [name, isDouble(name) ? new JavaDouble(Number(value)) : value] as const),
  );
}

function leader({ ensemble }: AdminContext): AdminAnswer {
  if (ensemble === undefined) return { fields: {}, error: 'server is not initialized' };
  const { leaderId, id, members } = ensemble;
  const [first] = (leaderId === undefined ? undefined : members.get(leaderId))?.addresses ?? [];
  return {
    fields: {
      is_leader: leaderId === id,
      leader_id: leaderId ?? -1,
      leader_ip: first?.host ?? '',
    },
  };
}

function setTraceMask({ core }: AdminContext, query: ReadonlyMap<string, string>): AdminAnswer {
  const text = query.get('traceMask');
  if (text === undefined) return { fields: {}, error: 'setTraceMask requires long traceMask argument' };
  if (!/^[+-]?\d{1,19}$/.test(text)) {
    return { fields: {}, error: `setTraceMask requires long traceMask argument, got ${text}` };
  }
  core.traceMask = BigInt.asIntN(64, BigInt(text));
  return { fields: { tracemask: core.traceMask } };
}

/** The AdminServer's commands (org.apache.zookeeper.server.admin.Commands of 3.9), in the order of their names. */
export const ADMIN_COMMANDS: readonly AdminCommand[] = [
  command(['configuration', 'conf', 'config'], ({ core: { config, port } }) => ({
    client_port: port,
    data_dir: `${config.dataDir}/version-2`,
    data_log_dir: `${config.dataLogDir}/version-2`,
    tick_time: config.tickTimeMs,
    max_client_cnxns: config.maxClientCnxns,
    min_session_timeout: config.minSessionTimeoutMs,
    max_session_timeout: config.maxSessionTimeoutMs,
    server_id: config.serverId,
    client_port_listen_backlog: config.clientPortListenBacklog,
  })),
  {
    names: ['connection_stat_reset', 'crst'],
    needsService: true,
    run: ({ core }) => {
      for (const connection of core.connections) connection.stats.reset();
      return nothing;
    },
  },
  command(['connections', 'cons'], ({ core }) => ({
    connections: [...core.connections].map((connection) => connectionInfo(connection, false)),
    secure_connections: [],
  })),
  command(['dirs'], ({ core: { storage } }) => ({
    datadir_size: storage.dataDirBytes(),
    logdir_size: storage.logDirBytes(),
  })),
  command(['dump'], dump),
  command(
    ['environment', 'env', 'envi'],
    ({ core, process }) => ({
      'zookeeper.version': SERVER_VERSION,
      'host.name': core.env.net.hostname(),
      ...entries(process?.environment() ?? []),
    }),
    false,
  ),
  command(['get_trace_mask', 'gtmk'], ({ core }) => ({ tracemask: core.traceMask }), false),
  command(['hash'], ({ core }) => ({
    digests: core.digestLog.map(({ zxid, digest }) => ({ zxid, digest, digestVersion: DIGEST_VERSION })),
  })),
  command(['initial_configuration', 'icfg'], ({ core }) => ({
    initial_configuration: core.config.initialConfig,
  })),
  command(['is_read_only', 'isro'], ({ core }) => ({ read_only: core.role?.mode === 'read-only' })),
  command(['last_snapshot', 'lsnp'], ({ core: { storage } }) => {
    const lastSnapshot = storage.lastSnapshot();
    return {
      zxid: lastSnapshot === undefined ? 'ffffffffffffffff' : lastSnapshot.zxid.toString(16),
      timestamp: lastSnapshot === undefined ? -1 : Math.floor(lastSnapshot.takenAtMs / 1000),
    };
  }),
  { names: ['leader', 'lead'], needsService: true, run: leader },
  command(['monitor', 'mntr'], monitor, false),
  {
    names: ['observer_connection_stat_reset', 'orst'],
    needsService: true,
    run: ({ ensemble }) => {
      for (const observer of ensemble?.observers ?? []) observer.reset();
      return nothing;
    },
  },
  command(['observers', 'obsr'], ({ ensemble }) => ({
    synced_observers: ensemble?.observers.length ?? 0,
    observers: (ensemble?.observers ?? []).map(observerInfo),
  })),
  { names: ['ruok'], needsService: true, run: () => nothing },
  command(['server_stats', 'srvr'], serverStats),
  { names: ['set_trace_mask', 'stmk'], needsService: false, run: setTraceMask },
  {
    names: ['snapshot', 'snap'],
    needsService: true,
    needsAuth: true,
    run: (context, query) => context.takeSnapshot(query),
  },
  {
    names: ['stat_reset', 'srst'],
    needsService: true,
    run: ({ core }) => {
      core.stats.reset();
      return nothing;
    },
  },
  command(['stats', 'stat'], (context) => ({
    ...serverStats(context),
    connections: [...context.core.connections].map((connection) => connectionInfo(connection, true)),
    secure_connections: [],
  })),
  command(
    ['system_properties', 'sysp'],
    ({ core }) => entries([...core.config.systemProperties].sort()),
    false,
  ),
  command(['voting_view'], ({ ensemble }) => ({
    current_config: entries(
      [...(ensemble?.participants ?? [])].map(([id, peer]) => [String(id), peerView(peer)] as const),
    ),
  })),
  command(['watch_summary', 'wchs'], ({ core: { watches } }) => {
    let total = 0;
    for (const [, paths] of watches.data.byWatcher()) total += paths.size;
    return {
      num_connections: watches.data.watcherCount,
      num_paths: watches.data.pathCount,
      num_total_watches: total,
    };
  }),
  command(['watches', 'wchc'], watchesBySession),
  command(['watches_by_path', 'wchp'], watchesByPath),
  command(['zabstate'], zabState, false),
];

const DIGEST_VERSION = 2;
