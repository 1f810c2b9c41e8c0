import type { ZooKeeperServerConfig } from './config.ts';
import {
  fraction,
  hashName,
  integer,
  kibibytes,
  metricsProvider,
  oneOf,
  text,
  trueOrFalse,
  urlPath,
  userDigest,
  words,
  yesOrNo,
} from './config-values.ts';

const MAX_INT = 2 ** 31 - 1;
const port = integer(0, 65_535);
const millis = integer(0, MAX_INT);

/** A key that sets a field of the configuration. */
export interface Setting {
  /** As in zoo.cfg. */
  readonly name: string;
  /** The Java system property of the same meaning; undefined for keys of the file only. */
  readonly property: string | undefined;
  readonly field: keyof ZooKeeperServerConfig;
  /** Throws BadValue. */
  readonly parse: (value: string) => unknown;
}

/** A key of the file only (QuorumPeerConfig). */
function fileKey<K extends keyof ZooKeeperServerConfig>(
  name: string,
  field: K,
  parse: (value: string) => ZooKeeperServerConfig[K],
): Setting {
  return { name, property: undefined, field, parse };
}

/** A key that Java reads as a system property, which the file can set too. */
function propertyKey<K extends keyof ZooKeeperServerConfig>(
  name: string,
  field: K,
  parse: (value: string) => ZooKeeperServerConfig[K],
  property = `zookeeper.${name}`,
): Setting {
  return { name, property, field, parse };
}

export const SETTINGS: readonly Setting[] = [
  fileKey('dataDir', 'dataDir', text),
  fileKey('dataLogDir', 'dataLogDir', text),
  fileKey('clientPort', 'clientPort', port),
  fileKey('clientPortAddress', 'clientPortAddress', text),
  fileKey('clientPortListenBacklog', 'clientPortListenBacklog', integer(-1, MAX_INT)),
  fileKey('tickTime', 'tickTimeMs', integer(1, MAX_INT)),
  fileKey('minSessionTimeout', 'minSessionTimeoutMs', integer(1, MAX_INT)),
  fileKey('maxSessionTimeout', 'maxSessionTimeoutMs', integer(1, MAX_INT)),
  fileKey('maxClientCnxns', 'maxClientCnxns', integer(0, MAX_INT)),
  fileKey('autopurge.snapRetainCount', 'snapRetainCount', integer(0, MAX_INT)),
  fileKey('autopurge.purgeInterval', 'purgeIntervalHours', integer(0, 24 * 365)),
  fileKey('reconfigEnabled', 'reconfigEnabled', trueOrFalse),
  fileKey('metricsProvider.className', 'metricsProvider', metricsProvider),
  fileKey('metricsProvider.httpPort', 'metricsPort', port),
  fileKey('metricsProvider.httpHost', 'metricsHost', text),
  fileKey('metricsProvider.exportJvmInfo', 'metricsExportProcess', trueOrFalse),
  propertyKey('admin.enableServer', 'adminEnabled', trueOrFalse),
  propertyKey('admin.serverPort', 'adminPort', port),
  propertyKey('admin.serverAddress', 'adminAddress', text),
  propertyKey('admin.commandURL', 'adminCommandUrl', urlPath),
  propertyKey('admin.idleTimeout', 'adminIdleTimeoutMs', integer(1, MAX_INT)),
  propertyKey('admin.snapshot.enabled', 'adminSnapshotEnabled', trueOrFalse),
  propertyKey('admin.rateLimiterIntervalInMS', 'adminSnapshotIntervalMs', millis),
  propertyKey('request_throttle_max_requests', 'requestThrottleMaxRequests', integer(0, MAX_INT)),
  propertyKey('maxCnxns', 'maxCnxns', integer(0, MAX_INT)),
  propertyKey('largeRequestThreshold', 'largeRequestThreshold', integer(-1, MAX_INT)),
  propertyKey('largeRequestMaxBytes', 'largeRequestMaxBytes', integer(1, MAX_INT)),
  propertyKey('connection_throttle_tokens', 'connectionThrottleTokens', integer(0, MAX_INT)),
  propertyKey('connection_throttle_fill_time', 'connectionThrottleFillTimeMs', integer(1, MAX_INT)),
  propertyKey('connection_throttle_fill_count', 'connectionThrottleFillCount', integer(0, MAX_INT)),
  propertyKey('connection_throttle_freeze_time', 'connectionThrottleFreezeTimeMs', integer(-1, MAX_INT)),
  propertyKey('connection_throttle_drop_increase', 'connectionThrottleDropIncrease', fraction),
  propertyKey('connection_throttle_drop_decrease', 'connectionThrottleDropDecrease', fraction),
  propertyKey('connection_throttle_decrease_ratio', 'connectionThrottleDecreaseRatio', fraction),
  propertyKey('connection_throttle_weight_enabled', 'connectionThrottleWeightEnabled', trueOrFalse),
  propertyKey(
    'connection_throttle_global_session_weight',
    'connectionThrottleGlobalWeight',
    integer(1, MAX_INT),
  ),
  propertyKey(
    'connection_throttle_local_session_weight',
    'connectionThrottleLocalWeight',
    integer(1, MAX_INT),
  ),
  propertyKey(
    'connection_throttle_renew_session_weight',
    'connectionThrottleRenewWeight',
    integer(1, MAX_INT),
  ),
  propertyKey('4lw.commands.whitelist', 'fourLetterWhitelist', words),
  propertyKey('globalOutstandingLimit', 'globalOutstandingLimit', integer(1, MAX_INT)),
  propertyKey('nio.sessionlessCnxnTimeout', 'sessionlessTimeoutMs', integer(1, MAX_INT)),
  propertyKey('skipACL', 'skipAcl', yesOrNo),
  propertyKey('DigestAuthenticationProvider.superDigest', 'superDigest', userDigest),
  propertyKey('DigestAuthenticationProvider.digestAlg', 'digestAlgorithm', hashName),
  propertyKey('enforceQuota', 'enforceQuota', trueOrFalse),
  propertyKey('extendedTypesEnabled', 'extendedTypesEnabled', trueOrFalse),
  propertyKey('digest.enabled', 'digestEnabled', trueOrFalse),
  propertyKey('snapCount', 'snapCount', integer(2, MAX_INT)),
  propertyKey('snapSizeLimitInKb', 'snapSizeLimitBytes', kibibytes(0)),
  propertyKey('txnLogSizeLimitInKb', 'txnLogSizeLimitBytes', kibibytes(1)),
  propertyKey('preAllocSize', 'preAllocSizeBytes', kibibytes(0)),
  propertyKey('forceSync', 'forceSync', yesOrNo),
  propertyKey('fsync.warningthresholdms', 'syncWarningThresholdMs', millis),
  propertyKey('snapshot.trust.empty', 'trustEmptySnapshot', trueOrFalse),
  propertyKey('snapshot.compression.method', 'snapshotCompression', (value) =>
    value === '' ? 'none' : oneOf('gz', 'snappy')(value),
  ),
  propertyKey('datadir.autocreate', 'autoCreateDirectories', trueOrFalse),
  propertyKey('db.autocreate', 'autoCreateDatabase', trueOrFalse),
  propertyKey('jute.maxbuffer', 'maxBufferBytes', integer(1024, MAX_INT), 'jute.maxbuffer'),
  propertyKey('jute.maxbuffer.extrasize', 'maxBufferExtraBytes', integer(0, MAX_INT)),
  propertyKey(
    'znode.container.checkIntervalMs',
    'containerCheckIntervalMs',
    integer(1, MAX_INT),
    'znode.container.checkIntervalMs',
  ),
  propertyKey(
    'znode.container.maxPerMinute',
    'containerMaxPerMinute',
    integer(1, MAX_INT),
    'znode.container.maxPerMinute',
  ),
  propertyKey(
    'znode.container.maxNeverUsedIntervalMs',
    'containerMaxNeverUsedMs',
    millis,
    'znode.container.maxNeverUsedIntervalMs',
  ),
];

/** Keys of an ensemble's peer that the file sets, with the test of their values. */
export const ENSEMBLE_KEYS: ReadonlyMap<string, (value: string) => unknown> = new Map<
  string,
  (value: string) => unknown
>([
  ['initLimit', integer(0, MAX_INT)],
  ['syncLimit', integer(0, MAX_INT)],
  ['connectToLearnerMasterLimit', integer(0, MAX_INT)],
  ['electionAlg', integer(3, 3)],
  ['peerType', oneOf('participant', 'observer')],
  ['observerMasterPort', integer(0, 65_535)],
  ['syncEnabled', trueOrFalse],
  ['standaloneEnabled', trueOrFalse],
  ['quorumListenOnAllIPs', trueOrFalse],
  ['localSessionsEnabled', trueOrFalse],
  ['localSessionsUpgradingEnabled', trueOrFalse],
  ['multiAddress.enabled', trueOrFalse],
  ['multiAddress.reachabilityCheckEnabled', trueOrFalse],
  ['multiAddress.reachabilityCheckTimeoutMs', millis],
  ['quorum.cnxn.threads.size', integer(1, MAX_INT)],
  ['portUnification', trueOrFalse],
  ['sslQuorumReloadCertFiles', trueOrFalse],
  ['leaderServes', yesOrNo],
  ['readonlymode.enabled', trueOrFalse],
  ['cnxTimeout', integer(1, MAX_INT)],
  ['electionPortBindRetry', integer(0, MAX_INT)],
  ['fastleader.minNotificationInterval', integer(1, MAX_INT)],
  ['fastleader.maxNotificationInterval', integer(1, MAX_INT)],
  ['dynamicConfigFile', text],
  ['oraclePath', text],
]);

/**
 * Keys that keep clients or servers out. To ignore them would leave a door open that the operator believes shut,
 * so anything but `harmless` is refused.
 */
export const UNSUPPORTED_GUARDS: ReadonlyMap<string, { harmless: string; what: string }> = new Map([
  ['secureClientPort', { harmless: '-1', what: 'TLS for clients' }],
  ['secureClientPortAddress', { harmless: '', what: 'TLS for clients' }],
  ['sslQuorum', { harmless: 'false', what: 'TLS between servers' }],
  ['client.portUnification', { harmless: 'false', what: 'TLS for clients' }],
  ['sessionRequireClientSASLAuth', { harmless: 'false', what: 'SASL' }],
  ['enforce.auth.enabled', { harmless: 'false', what: 'enforced authentication' }],
  ['requireClientAuthScheme', { harmless: '', what: 'SASL' }],
  ['quorum.auth.enableSasl', { harmless: 'false', what: 'SASL between servers' }],
  ['quorum.auth.serverRequireSasl', { harmless: 'false', what: 'SASL between servers' }],
  ['quorum.auth.learnerRequireSasl', { harmless: 'false', what: 'SASL between servers' }],
]);

/** Keys of Apache 3.9 that mean something there and change nothing here, by name. */
export const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  'DigestAuthenticationProvider.enabled',
  'IPAuthenticationProvider.usexforwardedfor',
  'SASLAuthenticationProvider.superPassword',
  'X509AuthenticationProvider.superUser',
  'allowSaslFailedClients',
  'bitHashCacheSize',
  'clientTcpKeepAlive',
  'closeSessionTxn.enabled',
  'commitLogCount',
  'emulate353TTLNodes',
  'enableEagerACLCheck',
  'enforce.auth.schemes',
  'ensembleAuthName',
  'flushDelay',
  'follower.nodelay',
  'follower.skipLearnerRequestToNextProcessor',
  'forceSnapshotSync',
  'intBufferStartingSizeBytes',
  'leaderConnectDelayDuringRetryMs',
  'letAnySaslUserDoX',
  'maxBatchSize',
  'maxGetChildrenResponseCacheSize',
  'maxInProcessingDeadWatchers',
  'maxResponseCacheSize',
  'maxWriteQueuePollTime',
  'quorumCnxnTimeoutMs',
  'request.timeout',
  'requireKerberosConfig',
  'sasl.serverconfig',
  'serializeLastProcessedZxid.enabled',
  'server.principal',
  'server.realm',
  'serverCnxnFactory',
  'snapshotSizeFactor',
  'superUser',
  'tcpKeepAlive',
  'throttled_op_wait_time',
  'watchManagerName',
  'watcherCleanIntervalInSeconds',
  'watcherCleanThreadsNum',
  'watcherCleanThreshold',
]);

/** The same, by how their names begin. */
export const WITHOUT_EFFECT_PREFIXES: readonly string[] = [
  'admin.',
  'audit.',
  'authProvider.',
  'client.',
  'commitProcessor.',
  'jmx.',
  'jvm.pause.',
  'kerberos.',
  'leader.',
  'learner.',
  'messageTracker.',
  'metricsProvider.',
  'netty.',
  'nio.',
  'observer.',
  'observerMaster.',
  'pathStats.',
  'quorum.auth.',
  'request_',
  'security.',
  'ssl.',
];
