import type { CheckedValue } from '../../../base/config-keys/config-def.ts';
import { ConfigError } from '../../../base/config-keys/config-error.ts';
import type { BrokerValues } from './broker-config.ts';
import { highestMagic, isProtocolAtLeast } from './protocol-version.ts';

/** Throws when a rule that spans several keys is broken. */
function require(condition: boolean, key: string, message: string): void {
  if (!condition) throw new ConfigError(message, key);
}

/** Rules between keys, as KafkaConfig.validateValues has them for ZooKeeper mode. Throws ConfigError. */
export function checkBrokerConfig(
  config: BrokerValues,
  logDirectories: readonly string[],
  topics: ReadonlyMap<string, CheckedValue>,
): void {
  checkMode(config);
  checkLogs(config, logDirectories, topics);
  checkReplication(config);
  checkConnections(config);
}

function checkMode(config: BrokerValues): void {
  require(config.processRoles.length === 0 &&
    !config.zookeeperMetadataMigrationEnable, 'process.roles', 'KRaft is not supported: remove process.roles and zookeeper.metadata.migration.enable, set zookeeper.connect');
  require(config.controllerListenerNames === null ||
    config.controllerListenerNames ===
      '', 'controller.listener.names', `controller.listener.names must be empty when not running in KRaft mode: ${config.controllerListenerNames}`);
  require(config.nodeId ===
    config.brokerId, 'node.id', 'You must set `node.id` to the same value as `broker.id`.');
  require(config.zookeeperConnect !==
    null, 'zookeeper.connect', 'Missing required configuration `zookeeper.connect` which has no default value.');
  if (!config.brokerIdGenerationEnable) {
    require(config.brokerId >= 0, 'broker.id', 'broker.id must be greater than or equal to 0');
    return;
  }
  require(config.brokerId >= -1 &&
    config.brokerId <=
      config.reservedBrokerMaxId, 'broker.id', 'broker.id must be greater than or equal to -1 and not greater than reserved.broker.max.id');
}

function checkLogs(
  config: BrokerValues,
  logDirectories: readonly string[],
  topics: ReadonlyMap<string, CheckedValue>,
): void {
  const topicNumber = (name: string): number => Number(topics.get(name)?.value);
  require(topicNumber('segment.ms') >= 1, 'log.roll.ms', 'log.roll.ms must be greater than or equal to 1');
  require(topicNumber('segment.jitter.ms') >=
    0, 'log.roll.jitter.ms', 'log.roll.jitter.ms must be greater than or equal to 0');
  require(topicNumber('retention.ms') !==
    0, 'log.retention.ms', 'log.retention.ms must be unlimited (-1) or, greater than or equal to 1');
  require(logDirectories.length >
    0, 'log.dirs', 'At least one log directory must be defined via log.dirs or log.dir.');
  require(config.logCleanerThreads === 0 ||
    config.logCleanerDedupeBufferSize / config.logCleanerThreads >
      1024 *
        1024, 'log.cleaner.dedupe.buffer.size', 'log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.');
  const [minLag, maxLag] = [topicNumber('min.compaction.lag.ms'), topicNumber('max.compaction.lag.ms')];
  require(minLag <= maxLag, 'log.cleaner.min.compaction.lag.ms', compactionLagConflict(minLag, maxLag));
  const ibp = config.interBrokerProtocolVersion;
  const format = isProtocolAtLeast(ibp, '3.0-IV1') ? '3.0-IV1' : config.logMessageFormatVersion;
  require(highestMagic(ibp) >=
    highestMagic(
      format,
    ), 'log.message.format.version', `log.message.format.version ${format} can only be used when inter.broker.protocol.version is as new or newer`);
}

export function compactionLagConflict(minLag: number, maxLag: number): string {
  return `conflict topic config setting min.compaction.lag.ms (${minLag}) > max.compaction.lag.ms (${maxLag})`;
}

function checkReplication(config: BrokerValues): void {
  require(config.replicaFetchWaitMaxMs <=
    config.replicaSocketTimeoutMs, 'replica.socket.timeout.ms', 'replica.socket.timeout.ms should always be at least replica.fetch.wait.max.ms to prevent unnecessary socket timeouts');
  require(config.replicaFetchWaitMaxMs <=
    config.replicaLagTimeMaxMs, 'replica.fetch.wait.max.ms', 'replica.fetch.wait.max.ms should always be less than or equal to replica.lag.time.max.ms to prevent frequent changes in ISR');
}

function checkConnections(config: BrokerValues): void {
  require(config.queuedMaxRequestBytes <= 0 ||
    config.queuedMaxRequestBytes >=
      config.socketRequestMaxBytes, 'queued.max.request.bytes', 'queued.max.request.bytes must be larger or equal to socket.request.max.bytes');
  require(config.maxConnectionsPerIp > 0 ||
    config.maxConnectionsPerIpOverrides !==
      '', 'max.connections.per.ip', 'max.connections.per.ip can be set to zero only if max.connections.per.ip.overrides property is set.');
  const delay = config.connectionFailedAuthenticationDelayMs;
  const idle = config.connectionsMaxIdleMs;
  require(idle < 0 ||
    delay <
      idle, 'connection.failed.authentication.delay.ms', `connection.failed.authentication.delay.ms=${delay} should always be less than connections.max.idle.ms=${idle} ` +
    'to prevent failed authentication responses from timing out');
}
