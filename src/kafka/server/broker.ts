import { isDeepStrictEqual } from 'node:util';
import type { Env } from '../../env/env.ts';
import type { Timer } from '../../env/timers.ts';
import { HandlerTable } from '../api/table.ts';
import { CommandChannel } from '../controller/command-channel.ts';
import { Controller } from '../controller/controller.ts';
import type { GroupCoordinator } from '../coordinator/group/group-coordinator.ts';
import { LogManager } from '../log/log-manager.ts';
import type { TopicPartition } from '../log/topic-partition.ts';
import type { AlterPartitionCommand, AlterPartitionResult } from '../metadata/alter-partition.ts';
import { MetadataCache } from '../metadata/metadata-cache.ts';
import type { ReplicationGuards } from '../replica/guards.ts';
import type { ReplicaManager } from '../replica/replica-manager.ts';
import type { OpenSession } from '../zk/port.ts';
import { createZkStores, type ZkStores } from '../zk/stores.ts';
import type { ZkConnection } from '../zk/zk-connection.ts';
import type { BrokerRegistration } from '../zk/znodes/broker-id.ts';
import { BrokerCommands } from './broker-commands.ts';
import { type BrokerIdentity, establishIdentity } from './broker-identity.ts';
import { connectTimeouts } from './broker-link.ts';
import { localCommandPath, NetworkCommandPath } from './command-paths.ts';
import type { BrokerConfig } from './config/broker-config.ts';
import { cleanerConfig } from './config/cleaner-config.ts';
import { connectionLimits } from './config/connection-limits.ts';
import { ConfigWatcher } from './config-watcher.ts';
import { ControllerClient } from './controller-client.ts';
import { controllerSettings } from './controller-settings.ts';
import { createGroupCoordinator, OFFSETS_TOPIC } from './coordinators.ts';
import { DynamicConfig } from './dynamic-config.ts';
import { FeatureWatcher } from './feature-watcher.ts';
import { createHandlers } from './handlers.ts';
import { interBrokerVersions } from './inter-broker-versions.ts';
import { createReplication, type Replication } from './replication.ts';
import { ReplicationThrottles } from './replication-throttles.ts';
import { RequestDispatcher, type RequestInterceptor } from './request-dispatcher.ts';
import { type BoundListener, SocketServer } from './socket-server.ts';
import { TopicConfigs } from './topic-configs.ts';
import { refuseUnsupportedGuards } from './unsupported-guards.ts';
import { connectZooKeeper, linkTo, type ZooKeeperLink } from './zookeeper.ts';

/** Memory for what was appended last, over all partitions: what a follower is behind that keeps up. */
const HOT_TAIL_BYTES = 8 * 1024 * 1024;
/** How much longer than a session's life the registration of an earlier life of this broker is waited for. */
const REGISTRATION_GRACE_MS = 2_000;

const NO_OVERRIDES: ReadonlyMap<string, string> = new Map();

const UNCLEAN_ELECTION = 'unclean.leader.election.enable';

/** How often a broker says that it waits to be told of the cluster. */
const METADATA_PATIENCE_MS = 10_000;

/** How long closing waits for what the controller has begun. */
const CONTROLLER_PATIENCE_MS = 3_000;

export interface BrokerOptions {
  /** Where sessions come from, instead of `zookeeper.connect`. */
  readonly zookeeper?: OpenSession;
  /** Stand before every request, first one outermost. */
  readonly interceptors?: readonly RequestInterceptor[];
  /** All log directories have failed: the owner must stop the broker. */
  readonly onFatal?: (reason: string) => void;
  /**
   * Given the replicas before the broker serves: for who watches them from within the process.
   * @internal No part of the published declarations, for it drags in half of the broker.
   */
  readonly onReplicas?: (replicas: ReplicaManager) => void;
  /** Rules of replication to go without, to show what they are for. */
  readonly replicationGuards?: Partial<ReplicationGuards>;
}

/** A Kafka broker that serves. */
export interface Broker extends AsyncDisposable {
  readonly brokerId: number;
  readonly clusterId: string;
  /** In the order of `listeners`, with the ports in fact bound. */
  readonly listeners: readonly BoundListener[];
  /** `host:port` of the advertised listeners, comma-separated: what clients need. */
  readonly bootstrapServers: string;
  /** Stops serving, flushes the logs and leaves ZooKeeper. */
  close(): Promise<void>;
}

/** Nothing leads yet that could ask the controller for anything. */
class BrokerStartingError extends Error {
  override name = 'BrokerStartingError';
}

/** Starts a broker in ZooKeeper mode. Rejects with what is wrong, having let go of everything it held. */
export async function startBroker(
  env: Env,
  config: BrokerConfig,
  options: BrokerOptions = {},
): Promise<Broker> {
  const broker = new BrokerServer(env, config, options);
  try {
    await broker.start();
  } catch (error) {
    await broker.close();
    throw error;
  }
  return broker;
}

/**
 * The composition root of one broker.
 *
 * States: new -> starting -> serving -> closed; starting -> closed when something fails.
 */
class BrokerServer implements Broker {
  brokerId = -1;
  clusterId = '';
  listeners: readonly BoundListener[] = [];
  private readonly env: Env;
  private readonly options: BrokerOptions;
  private readonly metadata = new MetadataCache();
  private readonly dynamicConfig: DynamicConfig;
  private readonly topicConfigs: TopicConfigs;
  private readonly throttles: ReplicationThrottles;
  /** Epoch of the registration that stands (KIP-380). */
  private brokerEpoch = -1;
  private markRegistered: () => void = () => {};
  private readonly registered = new Promise<void>((resolve) => {
    this.markRegistered = resolve;
  });
  private readonly ownSessions = new Set<bigint>();
  private zk: ZooKeeperLink | undefined;
  private stores: ZkStores | undefined;
  private logs: LogManager | undefined;
  private replication: Replication | undefined;
  private groups: GroupCoordinator | undefined;
  private controller: Controller | undefined;
  private channel: CommandChannel | undefined;
  private controllerClient: ControllerClient | undefined;
  private serving = false;
  private sockets: SocketServer | undefined;
  private configWatcher: ConfigWatcher | undefined;
  private featureWatcher: FeatureWatcher | undefined;
  private closing: Promise<void> | undefined;

  constructor(env: Env, config: BrokerConfig, options: BrokerOptions) {
    this.env = { ...env, log: env.log.child({ part: 'kafka' }) };
    this.dynamicConfig = new DynamicConfig(config, this.env.log);
    this.options = options;
    this.topicConfigs = new TopicConfigs(config, this.env.log);
    this.throttles = new ReplicationThrottles(config);
  }

  /** As it is now. */
  private get config(): BrokerConfig {
    return this.dynamicConfig.current;
  }

  get bootstrapServers(): string {
    return this.registration()
      .endpoints.map(({ host, port }) => `${host}:${port}`)
      .join(',');
  }

  async start(): Promise<void> {
    const { env, options } = this;
    refuseUnsupportedGuards(this.config);
    // First of all: whoever has the log directories is this broker.
    const logs = this.openLogs();
    const [logDir = ''] = logs.liveLogDirs;
    this.zk = await (options.zookeeper === undefined
      ? connectZooKeeper(env, this.config, logDir)
      : linkTo(env, options.zookeeper));
    const zk = this.zk.connection;
    this.ownSessions.add(await zk.sessionId());
    const stores = createZkStores(zk, env);
    this.stores = stores;
    await stores.cluster.ensurePersistentPaths();
    const identity = await establishIdentity(env, this.config, logs.liveLogDirs, zk, stores);
    this.brokerId = identity.brokerId;
    this.clusterId = identity.clusterId;
    await this.followConfig(stores, zk, logs);
    await logs.load();
    const { brokerId, metadata, topicConfigs, throttles } = this;
    const replication = createReplication({
      env,
      config: () => this.config,
      brokerId,
      brokerEpoch: () => this.brokerEpoch,
      logs,
      metadata,
      topicConfigs,
      throttles,
      stores,
      controller: { alterPartition: (command) => this.askController(command) },
      guards: this.options.replicationGuards,
    });
    this.replication = replication;
    const { replicas } = replication;
    this.options.onReplicas?.(replicas);
    await this.serve({ identity, stores, zk, logs, replicas });
  }

  /** Opens the ports, then lets the cluster know of this broker. */
  private async serve(parts: {
    identity: BrokerIdentity;
    stores: ZkStores;
    zk: ZkConnection;
    logs: LogManager;
    replicas: ReplicaManager;
  }): Promise<void> {
    const { env, metadata, topicConfigs } = this;
    const { stores, zk, replicas } = parts;
    const groups = createGroupCoordinator({
      env,
      config: this.config,
      topicConfigs,
      replicas,
      metadata,
      offsetsTopicPartitions: await this.offsetsTopicPartitions(stores),
    });
    this.groups = groups;
    const commands = new BrokerCommands({
      log: env.log,
      metadata,
      replicas,
      registered: this.registered,
      brokerEpoch: () => this.brokerEpoch,
      loadTopicConfig: async (topic) => this.configWatcher?.loadTopic(topic),
    });
    const controller = this.createController(stores, commands);
    this.controller = controller;
    this.controllerClient = new ControllerClient(env, {
      brokerId: this.brokerId,
      metadata,
      controller,
      ...this.interBrokerSettings(),
    });
    const features = new FeatureWatcher(env, stores.election);
    this.featureWatcher = features;
    await features.start(zk);
    const config = () => this.config;
    const handlers = createHandlers({
      ...parts,
      env,
      config,
      metadata,
      topicConfigs,
      controller,
      commands,
      groups,
    });
    const dispatcher = new RequestDispatcher(
      env,
      new HandlerTable(handlers, () => features.features),
      this.options.interceptors,
    );
    const sockets = new SocketServer(
      env,
      socketOptions(this.config),
      connectionLimits(this.config),
      dispatcher,
    );
    this.sockets = sockets;
    this.listeners = await sockets.start(this.config.resolvedListeners.endpoints);
    this.brokerEpoch = await this.register(stores);
    this.markRegistered();
    this.dynamicConfig.react((config, before) => this.changeListeners(sockets, stores, config, before));
    this.followSessions(zk, controller);
    controller.start();
    await this.metadataReady();
    this.serving = true;
    env.log.info('the broker serves', { brokerId: this.brokerId, bootstrapServers: this.bootstrapServers });
  }

  private openLogs(): LogManager {
    const { config } = this;
    const logs = new LogManager(this.env, {
      logDirs: config.logDirectories,
      configFor: (topic) => this.topicConfigs.logConfigOf(topic),
      retentionCheckIntervalMs: config.logRetentionCheckIntervalMs,
      flushSchedulerIntervalMs: config.logFlushSchedulerIntervalMs,
      flushOffsetCheckpointIntervalMs: config.logFlushOffsetCheckpointIntervalMs,
      flushStartOffsetCheckpointIntervalMs: config.logFlushStartOffsetCheckpointIntervalMs,
      highWatermarkCheckpointIntervalMs: config.replicaHighWatermarkCheckpointIntervalMs,
      producerIdExpirationMs: () => this.config.producerIdExpirationMs,
      producerIdExpirationCheckIntervalMs: config.producerIdExpirationCheckIntervalMs,
      initialTaskDelayMs: config.logInitialTaskDelayMs,
      recoveryThreadsPerDataDir: config.numRecoveryThreadsPerDataDir,
      cleaner: cleanerConfig(config),
      hotTailBytes: HOT_TAIL_BYTES,
      onLogDirFailure: (logDir, partitions) => this.logDirFailed(logDir, partitions),
      onAllLogDirsFailed: () => this.options.onFatal?.('all log directories have failed'),
    });
    this.logs = logs;
    return logs;
  }

  private logDirFailed(logDir: string, partitions: readonly TopicPartition[]): void {
    this.replication?.replicas.markOffline(partitions);
    // Before the registration the controller learns of it by the replicas that cannot be opened.
    if (this.brokerEpoch < 0 || this.stores === undefined) return;
    this.stores.notifications.logDirFailed(this.brokerId).catch((error: unknown) => {
      this.env.log.error('cannot tell the controller of a failed log directory', { logDir, error });
    });
  }

  private async followConfig(stores: ZkStores, zk: ZkConnection, logs: LogManager): Promise<void> {
    this.configWatcher = new ConfigWatcher(this.env, stores.configs, this.brokerId, {
      topicChanged: (topic, overrides) => {
        this.topicConfigs.set(topic, overrides);
        this.throttles.setTopic(topic, overrides, this.brokerId);
        logs.updateTopicConfig(topic);
        if (overrides.get(UNCLEAN_ELECTION)?.trim().toLowerCase() === 'true') {
          this.controller?.uncleanElectionsAllowed(topic);
        }
      },
      brokerChanged: (forAll, forThis) => this.dynamicConfig.apply(forAll, forThis),
    });
    this.dynamicConfig.react((config, before) => {
      this.topicConfigs.setBroker(config);
      if (config.uncleanLeaderElectionEnable && !before.uncleanLeaderElectionEnable) {
        this.controller?.uncleanElectionsAllowed(null);
      }
      this.throttles.setRates(config);
      this.replication?.replicas.resizeFetchers();
      void logs.updateCleanerConfig(cleanerConfig(config));
      const topics = new Set(Array.from(logs.allLogs(), ({ topicPartition }) => topicPartition.topic));
      for (const topic of topics) logs.updateTopicConfig(topic);
    });
    this.metadata.listen((image, before) => {
      for (const { name } of before.topics()) {
        if (image.topic(name) !== undefined) continue;
        this.topicConfigs.set(name, NO_OVERRIDES);
        this.throttles.setTopic(name, NO_OVERRIDES, this.brokerId);
      }
    });
    await this.configWatcher.start(zk);
  }

  /** What the topic has decides where a group is kept; the configuration only how the topic is made. */
  private async offsetsTopicPartitions(stores: ZkStores): Promise<number> {
    const existing = await stores.topics.assignment(OFFSETS_TOPIC);
    return existing?.partitions.size ?? this.config.offsetsTopicNumPartitions;
  }

  private async askController(command: AlterPartitionCommand): Promise<AlterPartitionResult> {
    if (this.controllerClient === undefined) throw new BrokerStartingError('the broker is starting');
    return this.controllerClient.alterPartition(command);
  }

  private createController(stores: ZkStores, commands: BrokerCommands): Controller {
    const { brokerId, env } = this;
    const channel = new CommandChannel(env, (id, brokers) => {
      if (id === brokerId) return localCommandPath(env, commands);
      const settings = this.interBrokerSettings();
      const listenerName = this.config.controlPlaneListenerName ?? settings.interBrokerListener;
      return new NetworkCommandPath(env, {
        brokerId: id,
        brokers,
        controllerId: brokerId,
        listenerName,
        ...settings,
      });
    });
    this.channel = channel;
    return new Controller({
      env,
      brokerId,
      store: stores,
      channel,
      deleteTopicEnable: this.config.deleteTopicEnable,
      uncleanElectionDefault: () => this.config.uncleanLeaderElectionEnable,
      ...controllerSettings(this.config),
      registerBroker: async () => {
        this.brokerEpoch = await this.register(stores);
      },
    });
  }

  private interBrokerSettings() {
    const { resolvedListeners, controllerSocketTimeoutMs, requestTimeoutMs } = this.config;
    return {
      interBrokerListener: resolvedListeners.interBrokerListener,
      versions: () => interBrokerVersions(this.config.interBrokerProtocolVersion),
      connectTimeouts: connectTimeouts(this.config),
      requestTimeoutMs: Math.min(controllerSocketTimeoutMs, requestTimeoutMs),
    };
  }

  private register(stores: ZkStores): Promise<number> {
    const waitMs = this.config.zookeeperSessionTimeoutMs + REGISTRATION_GRACE_MS;
    return stores.brokers.register(this.registration(), waitMs, this.ownSessions);
  }

  private registration(): BrokerRegistration {
    const ports = new Map(this.listeners.map(({ listenerName, port }) => [listenerName, port]));
    return {
      brokerId: this.brokerId,
      endpoints: this.config.resolvedListeners.advertised.map(
        ({ listenerName, securityProtocol, host, port }) => ({
          listenerName,
          securityProtocol,
          host: host === '' ? this.env.net.hostname() : host,
          // Port 0 is known only once it is bound.
          port: port === 0 ? (ports.get(listenerName) ?? 0) : port,
        }),
      ),
      rack: this.config.brokerRack,
      jmxPort: -1,
    };
  }

  /** Where this broker listens, and how others find it, may change while it runs. */
  private async changeListeners(
    sockets: SocketServer,
    stores: ZkStores,
    config: BrokerConfig,
    before: BrokerConfig,
  ): Promise<void> {
    sockets.setLimits(connectionLimits(config));
    const [now, then] = [config.resolvedListeners, before.resolvedListeners];
    try {
      if (!isDeepStrictEqual(now.endpoints, then.endpoints)) {
        this.listeners = await sockets.setListeners(now.endpoints);
      }
      if (isDeepStrictEqual(now, then)) return;
    } catch (error) {
      this.env.log.error(
        'cannot listen where the changed configuration says; others are told of what was before',
        {
          error,
        },
      );
      return;
    }
    await stores.brokers.update(this.registration());
    this.env.log.info('listeners have changed', { bootstrapServers: this.bootstrapServers });
  }

  private followSessions(zk: ZkConnection, controller: Controller): void {
    zk.listen({
      sessionLost: () => controller.sessionLost(),
      sessionRenewed: () => {
        zk.sessionId().then(
          (id) => {
            this.ownSessions.add(id);
            controller.sessionRenewed();
          },
          (error: unknown) => this.env.log.debug('the renewed session is gone again', { error }),
        );
      },
    });
  }

  /** Resolves when the controller has told of the cluster, this broker included: clients find something then. */
  private metadataReady(): Promise<void> {
    if (this.metadata.image.broker(this.brokerId) !== undefined) return Promise.resolve();
    const { brokerId, bootstrapServers } = this;
    return new Promise((resolve) => {
      const timer = this.env.timers.every(METADATA_PATIENCE_MS, () => {
        this.env.log.warn(
          'no controller has reached this broker so far: is there one, and are the advertised listeners right?',
          { brokerId, bootstrapServers },
        );
      });
      const stop = this.metadata.listen((image) => {
        if (image.broker(brokerId) === undefined) return;
        timer.cancel();
        stop();
        resolve();
      });
    });
  }

  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private async shutDown(): Promise<void> {
    if (this.serving) await this.leaveCluster();
    this.controllerClient?.close();
    this.configWatcher?.stop();
    this.featureWatcher?.stop();
    try {
      await this.sockets?.stop();
      await this.stopController();
      this.groups?.close();
      this.replication?.close();
    } finally {
      // Whatever went wrong before, the logs are closed properly and the cluster learns that the broker is gone.
      try {
        await this.logs?.shutdown(this.brokerEpoch);
      } finally {
        await this.zk?.close();
      }
    }
  }

  /** Has others take over what this broker leads, while it still serves. */
  private async leaveCluster(): Promise<void> {
    const { config, env } = this;
    const isAlone = [...this.metadata.image.brokers.keys()].every((id) => id === this.brokerId);
    if (!config.controlledShutdownEnable || isAlone) return;
    const isDone = await this.controllerClient?.controlledShutdown(this.brokerEpoch, {
      maxRetries: config.controlledShutdownMaxRetries,
      retryBackoffMs: config.controlledShutdownRetryBackoffMs,
    });
    if (isDone === false) env.log.warn('stopping although not all leaderships have been moved away');
  }

  /** What the controller is about may wait for a ZooKeeper that does not answer; closing does not. */
  private async stopController(): Promise<void> {
    const { controller, channel, env } = this;
    if (controller === undefined) return;
    const stopped = controller.stop().then(() => channel?.idle());
    let timer: Timer | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = env.timers.after(CONTROLLER_PATIENCE_MS, () => resolve('late'));
    });
    const first = await Promise.race([stopped, late]);
    timer?.cancel();
    if (first !== 'late') return;
    env.log.warn('ZooKeeper does not answer: leaving it before the logs are closed');
    await this.zk?.close();
    await stopped;
  }
}

function socketOptions(config: BrokerConfig) {
  return {
    requestMaxBytes: config.socketRequestMaxBytes,
    backlog: config.socketListenBacklogSize,
    connectionsMaxIdleMs: config.connectionsMaxIdleMs,
  };
}
