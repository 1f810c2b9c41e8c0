import { join } from 'node:path';
import { ZooKeeperClient } from '../../src/clients/zookeeper/zookeeper-client.ts';
import { isZooKeeperError } from '../../src/clients/zookeeper/zookeeper-error.ts';
import { createNodeEnv } from '../../src/env/node/create-node-env.ts';
import { until } from '../until.ts';
import type { Workspace } from '../workspace.ts';
import { Ensemble, type Kind } from './ensemble.ts';
import type { Daemon } from './process.ts';
import { freePorts, startApacheBroker, startOurBroker } from './targets.ts';
import type { Toolbox } from './toolbox.ts';

export interface Broker {
  readonly id: number;
  /** What its next start runs. */
  kind: Kind;
  readonly port: number;
  /** Its log directories. */
  readonly logDirs: readonly string[];
  daemon: Daemon | undefined;
}

/** A partition as ZooKeeper describes it. */
export interface PartitionState {
  readonly topic: string;
  readonly partition: number;
  readonly replicas: readonly number[];
  /** -1 without one. */
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly isr: readonly number[];
}

interface ClusterOptions {
  /** What each broker is at first; their ids count from 0. */
  readonly brokers: readonly Kind[];
  /** One ZooKeeper server or several. */
  readonly zookeeper: readonly Kind[];
  /** Settings of zoo.cfg instead of `Ensemble`'s. */
  readonly zookeeperConfig?: Readonly<Record<string, string>>;
  /** Settings of all brokers instead of those below. */
  readonly config?: Readonly<Record<string, string>>;
  /** Log directories of each broker. Default 1. */
  readonly logDirs?: number;
}

const CHROOT = '/kafka';

/** Both implementations run on these, so that what differs is not their settings. */
function settingsOf(brokers: number): Record<string, string> {
  const replicas = `${Math.min(3, brokers)}`;
  return {
    'zookeeper.session.timeout.ms': '10000',
    'zookeeper.connection.timeout.ms': '30000',
    'num.partitions': '3',
    'default.replication.factor': replicas,
    'min.insync.replicas': brokers < 3 ? '1' : '2',
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': '5',
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.num.partitions': '5',
    'controlled.shutdown.retry.backoff.ms': '500',
  };
}

/**
 * Brokers of Apache's and ours that are one cluster, each a process with a server.properties and directories of its
 * own, below a chroot of an ensemble.
 */
export class KafkaCluster {
  readonly brokers: Broker[] = [];
  readonly ensemble: Ensemble;
  readonly zookeeper: ZooKeeperClient;
  private readonly toolbox: Toolbox;
  private readonly options: ClusterOptions;
  /** What ran last on a broker's directories. */
  private readonly lastKinds = new Map<Broker, Kind>();

  private constructor(parts: {
    toolbox: Toolbox;
    options: ClusterOptions;
    ensemble: Ensemble;
    zookeeper: ZooKeeperClient;
  }) {
    this.toolbox = parts.toolbox;
    this.options = parts.options;
    this.ensemble = parts.ensemble;
    this.zookeeper = parts.zookeeper;
  }

  static async start(
    { toolbox }: { readonly toolbox: Toolbox },
    options: ClusterOptions,
  ): Promise<KafkaCluster> {
    const { zookeeperConfig: config } = options;
    const ensemble = await Ensemble.start(
      { toolbox },
      options.zookeeper,
      config === undefined ? {} : { config },
    );
    let cluster: KafkaCluster | undefined;
    try {
      const zookeeper = await ZooKeeperClient.connect(createNodeEnv({ logLevel: 'silent' }), {
        connectString: ensemble.connectString + CHROOT,
        sessionTimeoutMs: 10_000,
      });
      cluster = new KafkaCluster({ toolbox, options, ensemble, zookeeper });
      await cluster.startBrokers();
      return cluster;
    } catch (error) {
      await (cluster ?? ensemble).stop();
      throw error;
    }
  }

  private async startBrokers(): Promise<void> {
    const { brokers: kinds, logDirs: count = 1 } = this.options;
    const ports = await freePorts(kinds.length);
    for (const [id, kind] of kinds.entries()) {
      const logDirs = Array.from({ length: count }, (_, i) => this.workspace.dir(`broker-${id}/logs-${i}`));
      this.brokers.push({ id, kind, port: ports[id] ?? 0, logDirs, daemon: undefined });
    }
    // All of them come to an end, so that a failure leaves none behind that nobody knows of.
    const boots = await Promise.allSettled(this.brokers.map((broker) => this.boot(broker)));
    for (const boot of boots) if (boot.status === 'rejected') throw boot.reason;
  }

  get workspace(): Workspace {
    return this.ensemble.workspace;
  }

  /** All brokers, those that are down included. */
  get bootstrap(): string {
    return this.brokers.map(({ port }) => `127.0.0.1:${port}`).join(',');
  }

  /** For `zookeeper.connect`, the chroot included. */
  get connectString(): string {
    return this.ensemble.connectString + CHROOT;
  }

  get running(): readonly Broker[] {
    return this.brokers.filter(({ daemon }) => daemon !== undefined);
  }

  broker(id: number): Broker {
    const broker = this.brokers.find((candidate) => candidate.id === id);
    if (broker === undefined) throw new Error(`there is no broker ${id}`);
    return broker;
  }

  /** The file that takes what a broker of that kind prints on its port. */
  logFile({ port }: Broker, kind: Kind): string {
    return join(this.workspace.path, `${kind === 'apache' ? 'apache-kafka' : 'kafka'}-${port}.log`);
  }

  /** Starts a broker; resolves once it says that it serves. */
  async boot(broker: Broker): Promise<void> {
    // Apache's broker refuses to start while a killed one is registered. Ours ends the session of its last life.
    const lastKind = this.lastKinds.get(broker) ?? 'ours';
    if (broker.kind === 'apache' || lastKind === 'apache') await this.unregistered(broker);
    this.lastKinds.set(broker, broker.kind);
    const options = {
      logDir: broker.logDirs.join(','),
      port: broker.port,
      zookeeper: this.connectString,
      workspace: this.workspace,
      config: {
        'broker.id': `${broker.id}`,
        ...settingsOf(this.brokers.length),
        ...this.options.config,
      },
    };
    if (broker.kind === 'ours') broker.daemon = await startOurBroker(this.toolbox, options);
    else broker.daemon = await this.bootApache(broker, options);
  }

  /** A JVM that starts while the machine is busy may lose its session, and Apache's broker gives up then. */
  private async bootApache(
    broker: Broker,
    options: Parameters<typeof startApacheBroker>[1],
  ): Promise<Daemon> {
    try {
      return await startApacheBroker(this.toolbox, options);
    } catch (error) {
      if (!/SessionExpired|getEphemeralOwner/.test(String(error))) throw error;
      await this.unregistered(broker);
      return startApacheBroker(this.toolbox, options);
    }
  }

  /** Ends a broker: `SIGKILL` for a crash, `SIGTERM` for a controlled shutdown. */
  async kill(broker: Broker, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await broker.daemon?.stop(signal, 60_000);
    broker.daemon = undefined;
  }

  /** Runs the other implementation on the same directories, port and id. */
  async replace(broker: Broker, kind: Kind, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.kill(broker, signal);
    broker.kind = kind;
    await this.boot(broker);
  }

  /** Waits until ZooKeeper knows nothing of a broker, its session having ended. */
  async unregistered({ id }: Broker): Promise<void> {
    await until(`broker ${id} is not registered`, async () => !(await this.registered()).includes(id));
  }

  /** Ids of the brokers that are registered. */
  async registered(): Promise<number[]> {
    const children = await this.read(() => this.zookeeper.getChildren('/brokers/ids'), []);
    return children.map(Number).sort();
  }

  /** The broker that is controller; undefined while none is. */
  async controller(): Promise<Broker | undefined> {
    const { brokerid } = await this.json<{ brokerid?: number }>('/controller', {});
    return brokerid === undefined ? undefined : this.broker(brokerid);
  }

  /**
   * Makes a running broker the controller: takes the office from whoever has it, while the others are stopped for
   * a moment and cannot run for it.
   */
  async elect(broker: Broker): Promise<void> {
    if ((await this.controller()) === broker) return;
    const others = this.running.filter((other) => other !== broker);
    try {
      for (const { daemon } of others) daemon?.child.kill('SIGSTOP');
      await this.zookeeper.delete('/controller').catch((error: unknown) => {
        if (!isZooKeeperError(error, 'NONODE')) throw error;
      });
      const isElected = async () => (await this.controller()) === broker;
      await until(`broker ${broker.id} is controller`, isElected, { withinMs: 5000 });
    } finally {
      for (const { daemon } of others) daemon?.child.kill('SIGCONT');
    }
  }

  /** The partitions of one topic, or of all; those whose creation the controller has not finished are left out. */
  async partitions(only?: string): Promise<PartitionState[]> {
    const names =
      only === undefined ? await this.read(() => this.zookeeper.getChildren('/brokers/topics'), []) : [only];
    const topics = await Promise.all(names.sort().map((topic) => this.partitionsOf(topic)));
    return topics.flat();
  }

  /** Names of the partitions whose replicas are being changed. */
  async reassigning(): Promise<string[]> {
    type Topic = { adding_replicas?: Record<string, number[]>; removing_replicas?: Record<string, number[]> };
    const topics = await this.read(() => this.zookeeper.getChildren('/brokers/topics'), []);
    const found = topics.map(async (topic) => {
      const { adding_replicas = {}, removing_replicas = {} } = await this.json<Topic>(
        `/brokers/topics/${topic}`,
        {},
      );
      const partitions = new Set([...Object.keys(adding_replicas), ...Object.keys(removing_replicas)]);
      return [...partitions].map((partition) => `${topic}-${partition}`);
    });
    return (await Promise.all(found)).flat();
  }

  private async partitionsOf(topic: string): Promise<PartitionState[]> {
    type Topic = { partitions: Record<string, number[]> };
    type State = { leader: number; leader_epoch: number; isr: number[] };
    const path = `/brokers/topics/${topic}`;
    const { partitions } = await this.json<Topic>(path, { partitions: {} });
    const states = Object.entries(partitions).map(async ([partition, replicas]) => {
      const state = await this.json<State | undefined>(`${path}/partitions/${partition}/state`, undefined);
      if (state === undefined) return [];
      const { leader, leader_epoch: leaderEpoch, isr } = state;
      return [{ topic, partition: Number(partition), replicas, leader, leaderEpoch, isr }];
    });
    return (await Promise.all(states)).flat().sort((a, b) => a.partition - b.partition);
  }

  /** Waits until all replicas of all partitions, or of those of one topic, are in sync and there is a leader. */
  async inSync(topic?: string, withinMs = 90_000): Promise<void> {
    let behind: PartitionState[] = [];
    const isDone = async () => {
      const partitions = await this.partitions(topic);
      behind = partitions.filter(({ leader, isr, replicas }) => leader < 0 || isr.length < replicas.length);
      return behind.length === 0 && partitions.length > 0;
    };
    try {
      await until('all replicas are in sync', isDone, { withinMs, everyMs: 100 });
    } catch (error) {
      throw new Error(`replicas are behind: ${JSON.stringify(behind.slice(0, 5))}`, { cause: error });
    }
  }

  /** The broker that leads a partition; waits for one. */
  async leader(topic: string, partition: number): Promise<Broker> {
    return until(`${topic}-${partition} has a leader`, async () => {
      const states = await this.partitions(topic);
      const id = states.find((state) => state.partition === partition)?.leader ?? -1;
      return id < 0 ? undefined : this.broker(id);
    });
  }

  private async json<T>(path: string, absent: T): Promise<T> {
    const text = await this.read(async () => String((await this.zookeeper.getData(path)).data), undefined);
    return text === undefined ? absent : (JSON.parse(text) as T);
  }

  /** Reads on, whatever happens to ZooKeeper's servers; `absent` for a node that is not there. */
  private async read<T, A>(ask: () => Promise<T>, absent: A): Promise<T | A> {
    const { value } = await until('ZooKeeper answers', async () => {
      try {
        return { value: await ask() };
      } catch (error) {
        if (isZooKeeperError(error, 'NONODE')) return { value: absent };
        if (isZooKeeperError(error, 'CONNECTIONLOSS')) return undefined;
        throw error;
      }
    });
    return value;
  }

  /** Ends everything without ceremony and removes the directories. */
  async stop(): Promise<void> {
    await this.zookeeper.close().catch(() => undefined);
    await Promise.all(this.brokers.map((broker) => this.kill(broker)));
    await this.ensemble.stop();
  }
}
