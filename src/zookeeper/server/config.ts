import { DEFAULT_MAX_BUFFER_BYTES } from '../../wire/jute/limits.ts';
import type { SnapshotCompression } from '../persistence/file-names.ts';
import { MAX_EXTENDED_SERVER_ID } from '../tree/ephemeral-type.ts';
import type { ConnectionThrottleConfig } from './connection-throttle.ts';
import type { EnsembleConfig } from './ensemble-config.ts';

/**
 * Everything a server can be told, complete and frozen. The names are those of zoo.cfg, or of the
 * `zookeeper.*` system properties, with the unit added.
 */
export interface ZooKeeperServerConfig extends ConnectionThrottleConfig {
  readonly dataDir: string;
  /** Where transaction logs go. */
  readonly dataLogDir: string;
  /** 0 takes a free port. */
  readonly clientPort: number;
  /** Undefined listens on every interface. */
  readonly clientPortAddress: string | undefined;
  /** -1 leaves it to the system. */
  readonly clientPortListenBacklog: number;
  readonly tickTimeMs: number;
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
  /** Connections from one address; 0 for any number. */
  readonly maxClientCnxns: number;
  /** Connections from anywhere (maxCnxns); 0 for any number. */
  readonly maxCnxns: number;
  /** A request of more bytes is a large one; -1 for none. */
  readonly largeRequestThreshold: number;
  /** Bytes of large requests that may be under way at a time. */
  readonly largeRequestMaxBytes: number;
  /** The top byte of session ids; 0 for a standalone server. */
  readonly serverId: number;
  /** jute.maxbuffer */
  readonly maxBufferBytes: number;
  /** Requests under way before the server stops reading from clients that have some. */
  readonly globalOutstandingLimit: number;
  /** request_throttle_max_requests: as globalOutstandingLimit, and beside it; 0 for no limit. */
  readonly requestThrottleMaxRequests: number;
  /** Connections that send no connect request are closed after this. */
  readonly sessionlessTimeoutMs: number;
  /** 4lw.commands.whitelist: words, or `*`. */
  readonly fourLetterWhitelist: readonly string[];
  readonly skipAcl: boolean;
  /** `user:base64(sha1(user:password))` of the superuser. */
  readonly superDigest: string | undefined;
  /** Hash of digest identities, in Node's spelling. */
  readonly digestAlgorithm: string;
  readonly enforceQuota: boolean;
  /** Whether TTL nodes exist. */
  readonly extendedTypesEnabled: boolean;
  /** Whether to keep the tree digest and log it with each transaction. */
  readonly digestEnabled: boolean;
  readonly reconfigEnabled: boolean;
  /** znode.container.checkIntervalMs */
  readonly containerCheckIntervalMs: number;
  /** znode.container.maxPerMinute */
  readonly containerMaxPerMinute: number;
  /** znode.container.maxNeverUsedIntervalMs; 0 keeps containers that never had a child. */
  readonly containerMaxNeverUsedMs: number;
  /** Transactions between two snapshots. */
  readonly snapCount: number;
  /** Bytes of transactions between two snapshots; 0 for any number. */
  readonly snapSizeLimitBytes: number;
  readonly preAllocSizeBytes: number;
  /** Whether a write waits for the disk. */
  readonly forceSync: boolean;
  /** zookeeper.snapshot.trust.empty */
  readonly trustEmptySnapshot: boolean;
  /** What a stored string or buffer may exceed jute.maxbuffer by; undefined for as much again. */
  readonly maxBufferExtraBytes: number | undefined;
  /** zookeeper.snapshot.compression.method */
  readonly snapshotCompression: SnapshotCompression;
  /** A log file that has grown beyond is rolled; undefined for no limit. */
  readonly txnLogSizeLimitBytes: number | undefined;
  /** Slower syncs of the log are logged. */
  readonly syncWarningThresholdMs: number;
  /** zookeeper.datadir.autocreate */
  readonly autoCreateDirectories: boolean;
  /** zookeeper.db.autocreate: whether an empty data directory is an empty database. */
  readonly autoCreateDatabase: boolean;
  /** Snapshots that a purge keeps; at least 3. */
  readonly snapRetainCount: number;
  /** Hours between two purges; 0 for none. */
  readonly purgeIntervalHours: number;
  /** Whether the AdminServer answers over HTTP. */
  readonly adminEnabled: boolean;
  /** 0 takes a free one. */
  readonly adminPort: number;
  readonly adminAddress: string;
  /** Where the commands are, without a slash at the end. */
  readonly adminCommandUrl: string;
  readonly adminIdleTimeoutMs: number;
  readonly adminSnapshotEnabled: boolean;
  /** One snapshot by the AdminServer in so much time. */
  readonly adminSnapshotIntervalMs: number;
  readonly metricsProvider: 'none' | 'prometheus';
  /** 0 takes a free one. */
  readonly metricsPort: number;
  readonly metricsHost: string;
  /** Whether values of the process are among the metrics. */
  readonly metricsExportProcess: boolean;
  /** The text of zoo.cfg, and the system properties, for those who ask for them. */
  readonly initialConfig: string;
  readonly systemProperties: ReadonlyMap<string, string>;
  /** Undefined for a standalone server. */
  readonly ensemble: EnsembleConfig | undefined;
}

/** What has to be said; everything else has Apache's default. */
export type ZooKeeperServerOptions = Partial<ZooKeeperServerConfig> & Pick<ZooKeeperServerConfig, 'dataDir'>;

const DEFAULT_TICK_MS = 2000;
const MIN_TIMEOUT_TICKS = 2;
const MAX_TIMEOUT_TICKS = 20;
/** Where Node's timers end. */
const MAX_INTERVAL_MS = 2 ** 31 - 1;

/** A configuration that makes no sense. The message names the key and the remedy. */
export class ZooKeeperConfigError extends Error {
  override name = 'ZooKeeperConfigError';
}

export function completeConfig(options: ZooKeeperServerOptions): ZooKeeperServerConfig {
  const tickTimeMs = options.tickTimeMs ?? DEFAULT_TICK_MS;
  const config: ZooKeeperServerConfig = {
    dataLogDir: options.dataDir,
    clientPort: 2181,
    clientPortAddress: undefined,
    clientPortListenBacklog: -1,
    tickTimeMs,
    minSessionTimeoutMs: tickTimeMs * MIN_TIMEOUT_TICKS,
    maxSessionTimeoutMs: tickTimeMs * MAX_TIMEOUT_TICKS,
    maxClientCnxns: 60,
    maxCnxns: 0,
    largeRequestThreshold: -1,
    largeRequestMaxBytes: 100 * 1024 * 1024,
    connectionThrottleTokens: 0,
    connectionThrottleFillCount: 1,
    connectionThrottleFillTimeMs: 1,
    connectionThrottleFreezeTimeMs: -1,
    connectionThrottleDropIncrease: 0.02,
    connectionThrottleDropDecrease: 0.002,
    connectionThrottleDecreaseRatio: 0,
    connectionThrottleWeightEnabled: false,
    connectionThrottleGlobalWeight: 3,
    connectionThrottleLocalWeight: 1,
    connectionThrottleRenewWeight: 2,
    adminEnabled: false,
    adminPort: 8080,
    adminAddress: '0.0.0.0',
    adminCommandUrl: '/commands',
    adminIdleTimeoutMs: 30_000,
    adminSnapshotEnabled: true,
    adminSnapshotIntervalMs: 300_000,
    metricsProvider: 'none',
    metricsPort: 7000,
    metricsHost: '0.0.0.0',
    metricsExportProcess: true,
    initialConfig: '',
    systemProperties: new Map(),
    maxBufferBytes: DEFAULT_MAX_BUFFER_BYTES,
    globalOutstandingLimit: 1000,
    requestThrottleMaxRequests: 0,
    sessionlessTimeoutMs: 10_000,
    fourLetterWhitelist: ['srvr'],
    skipAcl: false,
    superDigest: undefined,
    digestAlgorithm: 'sha1',
    enforceQuota: false,
    extendedTypesEnabled: false,
    digestEnabled: true,
    reconfigEnabled: false,
    containerCheckIntervalMs: 60_000,
    containerMaxPerMinute: 10_000,
    containerMaxNeverUsedMs: 0,
    snapCount: 100_000,
    snapSizeLimitBytes: 4 * 1024 * 1024 * 1024,
    preAllocSizeBytes: 64 * 1024 * 1024,
    forceSync: true,
    trustEmptySnapshot: false,
    maxBufferExtraBytes: undefined,
    snapshotCompression: 'none',
    txnLogSizeLimitBytes: undefined,
    syncWarningThresholdMs: 1000,
    autoCreateDirectories: true,
    autoCreateDatabase: true,
    snapRetainCount: 3,
    purgeIntervalHours: 0,
    ensemble: undefined,
    serverId: options.ensemble?.serverId ?? 0,
    ...withoutUndefined(options),
  };
  check(config);
  return Object.freeze(config);
}

/** An option given as undefined is one not given. */
function withoutUndefined(options: ZooKeeperServerOptions): ZooKeeperServerOptions {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...(Object.fromEntries(given) as Partial<ZooKeeperServerConfig>), dataDir: options.dataDir };
}

function check(config: ZooKeeperServerConfig): void {
  const intervals = ['tickTimeMs', 'containerCheckIntervalMs', 'sessionlessTimeoutMs'] as const;
  for (const key of intervals) {
    if (!Number.isInteger(config[key]) || config[key] < 1 || config[key] > MAX_INTERVAL_MS) {
      throw new ZooKeeperConfigError(`${key} is ${config[key]}: give 1 to ${MAX_INTERVAL_MS} milliseconds`);
    }
  }
  const { minSessionTimeoutMs, maxSessionTimeoutMs, clientPort } = config;
  if (minSessionTimeoutMs > maxSessionTimeoutMs) {
    throw new ZooKeeperConfigError(
      `minSessionTimeout ${minSessionTimeoutMs} is above maxSessionTimeout ${maxSessionTimeoutMs}: swap or widen them`,
    );
  }
  if (config.extendedTypesEnabled && config.serverId > MAX_EXTENDED_SERVER_ID) {
    throw new ZooKeeperConfigError(
      `server id ${config.serverId} cannot be told from the mark of TTL nodes: give ${MAX_EXTENDED_SERVER_ID} or less, ` +
        'or remove extendedTypesEnabled',
    );
  }
  if (!Number.isInteger(clientPort) || clientPort < 0 || clientPort > 65_535) {
    throw new ZooKeeperConfigError(`clientPort is ${clientPort}: give 0 to 65535`);
  }
  if (config.containerMaxPerMinute < 1) {
    throw new ZooKeeperConfigError(
      `znode.container.maxPerMinute is ${config.containerMaxPerMinute}: give 1 or more`,
    );
  }
  if (config.snapCount < 2) {
    throw new ZooKeeperConfigError(`snapCount is ${config.snapCount}: give 2 or more`);
  }
}
