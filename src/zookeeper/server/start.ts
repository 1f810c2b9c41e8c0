import type { Env } from '../../env/env.ts';
import type { Timer } from '../../env/timers.ts';
import { storedLimitBytes } from '../../wire/jute/limits.ts';
import { Store } from '../persistence/store.ts';
import { DataTree, type TxnObserver } from '../tree/data-tree.ts';
import { completeConfig, type ZooKeeperServerConfig, type ZooKeeperServerOptions } from './config.ts';
import { ServerCore } from './server-core.ts';
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
  /** Resolves with the reason if the log can no longer be written, which ends service; pending until then. */
  readonly failure: Promise<unknown>;
  /** Stops serving and lets go of the data directory. Sessions live on in the data until they time out. */
  close(): Promise<void>;
}

export interface ZooKeeperServerHooks {
  /** See {@link TxnObserver}. */
  observer?: TxnObserver;
}

/**
 * Starts a standalone server: recovers the data, then listens. Rejects with ZooKeeperConfigError,
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
  { observer }: ZooKeeperServerHooks,
): Promise<RunningZooKeeperServer> {
  const tree = new DataTree({
    observer,
    extendedTypes: config.extendedTypesEnabled,
    digest: config.digestEnabled,
  });
  const recovered = await store.recover(tree);
  const sessionTimeouts = recovered.sessions;
  const storage = new StoreStorage({
    env,
    config,
    store,
    tree,
    sessionTimeouts,
    txnsSinceSnapshot: recovered.txns,
  });
  let hasFailed = false;
  let fail: (error: unknown) => void = () => {};
  const failure = new Promise<unknown>((resolve) => {
    fail = resolve;
  });
  const core = new ServerCore({ env, config, tree, sessionTimeouts, storage });
  const server = new StandaloneServer(core, (error) => {
    env.log.error('the server has stopped, for its log cannot be written', { error: String(error) });
    hasFailed = true;
    fail(error);
  });
  const listener = await core.listen();
  server.start();
  const host = reachableHost(listener.host);
  const address = `${host.includes(':') ? `[${host}]` : host}:${listener.port}`;
  env.log.info('zookeeper is serving', { address, zxid: `0x${recovered.lastZxid.toString(16)}` });
  let closing: Promise<void> | undefined;
  const purging = startPurging(env, config, store);
  const closeAll = async () => {
    purging?.cancel();
    server.stop();
    await core.close();
    try {
      await storage.close();
    } catch (error) {
      // A log that failed cannot be closed in order; who runs the server knows from `failure`.
      if (!hasFailed) throw error;
    }
  };
  const close = () => {
    closing ??= closeAll();
    return closing;
  };
  return { address, host, port: listener.port, config, tree, failure, close, [Symbol.asyncDispose]: close };
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
