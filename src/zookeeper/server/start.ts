import type { Env } from '../../env/env.ts';
import type { Listener } from '../../env/net.ts';
import type { ProcessFacts } from '../../env/process-facts.ts';
import type { Timer } from '../../env/timers.ts';
import { storedLimitBytes } from '../../wire/jute/limits.ts';
import { Store } from '../persistence/store.ts';
import { DataTree, type TxnObserver } from '../tree/data-tree.ts';
import type { ZabGuards } from '../zab/guards.ts';
import type { MemberView } from './admin-commands.ts';
import { completeConfig, type ZooKeeperServerConfig, type ZooKeeperServerOptions } from './config.ts';
import type { EnsembleConfig } from './ensemble-config.ts';
import { openOperatorPorts } from './operator-ports.ts';
import { QuorumPeer } from './quorum-peer.ts';
import { ServerCore } from './server-core.ts';
import type { ServerMode } from './server-role.ts';
import { StandaloneServer } from './standalone-server.ts';
import { StoreStorage } from './store-storage.ts';

/** A server that serves. */
export interface RunningZooKeeperServer extends AsyncDisposable {
  /** `host:port` for connect strings on this machine. */
  readonly address: string;
  readonly host: string;
  /** The port in fact bound. */
  readonly port: number;
  readonly config: ZooKeeperServerConfig;
  /** The data, as far as it is committed. For reading only. */
  readonly tree: DataTree;
  /** What the server is to its clients; undefined while it does not serve, for want of a leader. */
  readonly mode: ServerMode | undefined;
  /** The ports of the AdminServer and of the metrics provider; undefined where they do not run. */
  readonly adminPort: number | undefined;
  readonly metricsPort: number | undefined;
  /** Resolves with the reason if the log can no longer be written, which ends service; pending until then. */
  readonly failure: Promise<unknown>;
  /** Stops serving and lets go of the data directory. Sessions live on in the data until they time out. */
  close(): Promise<void>;
}

export interface ZooKeeperServerHooks {
  /** See {@link TxnObserver}. */
  observer?: TxnObserver;
  /** What the system tells of this process, for `mntr`, `envi` and metrics. */
  process?: ProcessFacts;
  /** Takes out rules of an ensemble's protocol, to show what each is for: no server in use has any business here. */
  guards?: Partial<ZabGuards>;
}

/**
 * Starts a server, standalone or as a member of an ensemble: recovers the data, then listens. A member serves once it
 * leads, or follows a leader. Rejects with ZooKeeperConfigError,
 * PersistenceError, or the network's error when the port cannot be had.
 */
export async function startZooKeeperServer(
  env: Env,
  options: ZooKeeperServerOptions,
  hooks: ZooKeeperServerHooks = {},
): Promise<RunningZooKeeperServer> {
  const config = completeConfig(options);
  const store = Store.open(env, {
    dataDir: config.dataDir,
    dataLogDir: config.dataLogDir,
    preAllocSizeBytes: config.preAllocSizeBytes,
    forceSync: config.forceSync,
    trustEmptySnapshot: config.trustEmptySnapshot,
    txnLogSizeLimitBytes: config.txnLogSizeLimitBytes,
    syncWarningThresholdMs: config.syncWarningThresholdMs,
    snapshotCompression: config.snapshotCompression,
    autoCreateDirectories: config.autoCreateDirectories,
    autoCreateDatabase: config.autoCreateDatabase,
    maxStoredBytes: storedLimitBytes(config.maxBufferBytes, config.maxBufferExtraBytes),
  });
  try {
    return await serve(env, config, store, hooks);
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function serve(
  env: Env,
  config: ZooKeeperServerConfig,
  store: Store,
  hooks: ZooKeeperServerHooks,
): Promise<RunningZooKeeperServer> {
  let hasFailed = false;
  let fail: (error: unknown) => void = () => {};
  const failure = new Promise<unknown>((resolve) => {
    fail = resolve;
  });
  const failed = (error: unknown): void => {
    env.log.error('the server has stopped, for its data cannot be written', { error: String(error) });
    hasFailed = true;
    fail(error);
  };
  const parts = { env, config, store, hooks, failed };
  const { ensemble } = config;
  const server = await (ensemble === undefined ? standalone(parts) : member(parts, ensemble));
  const { core, listener } = server;
  const { tree } = core;
  const host = reachableHost(listener.host);
  const address = `${host.includes(':') ? `[${host}]` : host}:${listener.port}`;
  env.log.info('listening for clients', { address, zxid: `0x${tree.lastProcessedZxid.toString(16)}` });
  core.process = hooks.process;
  const ports = await openOperatorPorts({ env, core, process: hooks.process, ensemble: server.ensemble });
  let closing: Promise<void> | undefined;
  const purging = startPurging(env, config, store);
  const closeAll = async () => {
    purging?.cancel();
    await ports.close();
    await server.stop();
    try {
      await server.storage.close();
    } catch (error) {
      // A log that failed cannot be closed in order; who runs the server knows from `failure`.
      if (!hasFailed) throw error;
    }
  };
  const close = () => {
    closing ??= closeAll();
    return closing;
  };
  return {
    address,
    host,
    port: listener.port,
    config,
    tree,
    adminPort: ports.adminPort,
    metricsPort: ports.metricsPort,
    get mode() {
      return core.role?.mode;
    },
    failure,
    close,
    [Symbol.asyncDispose]: close,
  };
}

interface Parts {
  env: Env;
  config: ZooKeeperServerConfig;
  store: Store;
  hooks: ZooKeeperServerHooks;
  failed(error: unknown): void;
}

interface Started {
  core: ServerCore;
  listener: Listener;
  storage: StoreStorage;
  ensemble: MemberView | undefined;
  stop(): Promise<void>;
}

async function standalone({ env, config, store, hooks, failed }: Parts): Promise<Started> {
  const { extendedTypesEnabled: extendedTypes, digestEnabled: digest } = config;
  const tree = new DataTree({ observer: hooks.observer, extendedTypes, digest });
  const recovered = await store.recover(tree);
  const sessionTimeouts = recovered.sessions;
  const storage = new StoreStorage({ env, config, store, tree, sessionTimeouts });
  storage.recovered(recovered);
  const core = new ServerCore({ env, config, tree, sessionTimeouts, storage });
  const server = new StandaloneServer(core, failed);
  const listener = await core.listen();
  server.start();
  const stop = (): Promise<void> => {
    server.stop();
    return core.close();
  };
  return { core, listener, storage, ensemble: undefined, stop };
}

async function member(parts: Parts, ensemble: EnsembleConfig): Promise<Started> {
  const { env, config, store, hooks, failed } = parts;
  const { observer, guards } = hooks;
  const peer = await QuorumPeer.load({ env, config, ensemble, store, observer, guards, failed });
  const { core } = peer;
  const listener = await core.listen();
  try {
    await peer.start();
  } catch (error) {
    await core.close();
    throw error;
  }
  return { core, listener, storage: peer.database.storage, ensemble: peer, stop: () => peer.close() };
}

const HOUR_MS = 60 * 60 * 1000;

/** Purges at once and then at every interval (DatadirCleanupManager). */
function startPurging(env: Env, config: ZooKeeperServerConfig, store: Store): Timer | undefined {
  if (config.purgeIntervalHours === 0) return undefined;
  const purge = (): void => {
    try {
      store.purge(config.snapRetainCount);
    } catch (error) {
      // Old files do no harm but take room: the next purge tries again.
      env.log.error('cannot purge old snapshots and logs', { error: String(error) });
    }
  };
  purge();
  // Counted in hours, for a timer of a month would be longer than the system's longest.
  let hours = 0;
  return env.timers.every(HOUR_MS, () => {
    hours++;
    if (hours % config.purgeIntervalHours === 0) purge();
  });
}

/** Who listens everywhere can be reached at the loopback address. */
function reachableHost(host: string): string {
  if (host === '0.0.0.0' || host === '') return '127.0.0.1';
  return host === '::' ? '127.0.0.1' : host;
}
