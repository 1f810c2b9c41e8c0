import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Workspace } from '../workspace.ts';
import type { Daemon } from './process.ts';
import { freePorts, javaDaemon } from './targets.ts';
import type { Toolbox } from './toolbox.ts';

export interface KraftOptions {
  /** Default 1. The first one is the controller, too. */
  readonly brokers?: number;
  /** Settings of all brokers besides those below. */
  readonly config?: Readonly<Record<string, string>>;
  /** The rack of each broker. Default: none. */
  readonly racks?: readonly string[];
}

export interface KraftNode {
  /** From 1 on. */
  readonly id: number;
  readonly port: number;
  daemon: Daemon | undefined;
}

const READY = /Kafka Server started/;

/**
 * Brokers of the newest Apache Kafka, without ZooKeeper: what our broker does not serve (transactions of the second
 * version, the new group protocol, share groups) is tried on them.
 */
export class ApacheKraft {
  readonly name = 'apache-kraft';
  readonly nodes: readonly KraftNode[];
  private readonly toolbox: Toolbox;
  private readonly workspace: Workspace;
  private readonly controllerPort: number;
  private readonly config: Readonly<Record<string, string>>;
  private readonly racks: readonly string[];

  private constructor(
    parts: { readonly toolbox: Toolbox; readonly workspace: Workspace },
    ports: readonly number[],
    { config = {}, racks = [] }: KraftOptions,
  ) {
    this.toolbox = parts.toolbox;
    this.workspace = parts.workspace;
    const [controllerPort = 0, ...brokerPorts] = ports;
    this.controllerPort = controllerPort;
    this.nodes = brokerPorts.map((port, index) => ({ id: index + 1, port, daemon: undefined }));
    this.config = config;
    this.racks = racks;
  }

  static async start(
    toolbox: Toolbox,
    workspace: Workspace,
    options: KraftOptions = {},
  ): Promise<ApacheKraft> {
    const { brokers = 1 } = options;
    const ports = await freePorts(brokers + 1);
    const cluster = new ApacheKraft({ toolbox, workspace }, ports, options);
    const clusterId = randomBytes(16).toString('base64url').replace(/^-/, 'a');
    try {
      for (const node of cluster.nodes) await cluster.format(node, clusterId);
      await Promise.all(cluster.nodes.map((node) => cluster.boot(node)));
      return cluster;
    } catch (error) {
      await cluster.stop('SIGKILL');
      throw error;
    }
  }

  get bootstrap(): string {
    return this.nodes.map(({ port }) => `127.0.0.1:${port}`).join(',');
  }

  get pids(): readonly number[] {
    return this.nodes.flatMap(({ daemon }) => (daemon === undefined ? [] : [daemon.pid]));
  }

  /** Starts a broker that is down; resolves once it serves. */
  async boot(node: KraftNode): Promise<void> {
    const daemon = javaDaemon(this.toolbox, await this.toolbox.newKafkaServer(), {
      flags: ['-Xmx768m'],
      mainClass: 'kafka.Kafka',
      args: [this.properties(node)],
      logFile: join(this.workspace.path, `apache-kraft-${node.port}.log`),
    });
    node.daemon = daemon;
    await daemon.shows(READY, 180_000);
  }

  async kill(node: KraftNode, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await node.daemon?.stop(signal);
    node.daemon = undefined;
  }

  /** Ends the brokers, the controller last: the others need it to leave in good order. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const [first, ...others] = this.nodes;
    await Promise.all(others.map((node) => this.kill(node, signal)));
    if (first !== undefined) await this.kill(first, signal);
  }

  /** Runs one of the tools of the same version (`org.apache.kafka.tools.TopicCommand`) on this cluster to its end. */
  async tool(mainClass: string, args: readonly string[]): Promise<string> {
    const all = ['--bootstrap-server', this.bootstrap, ...args];
    return (await this.toolbox.java(await this.toolbox.newKafka(), mainClass, all)).stdout;
  }

  private async format(node: KraftNode, clusterId: string): Promise<void> {
    const args = ['format', '--cluster-id', clusterId, '--config', this.properties(node)];
    await this.toolbox.java(await this.toolbox.newKafkaServer(), 'kafka.tools.StorageTool', args);
  }

  private properties({ id, port }: KraftNode): string {
    const isController = id === 1;
    const rack = this.racks[id - 1];
    const replicas = `${Math.min(3, this.nodes.length)}`;
    const listener = `PLAINTEXT://127.0.0.1:${port}`;
    const settings = {
      'process.roles': isController ? 'broker,controller' : 'broker',
      'node.id': `${id}`,
      'controller.quorum.voters': `1@127.0.0.1:${this.controllerPort}`,
      'controller.listener.names': 'CONTROLLER',
      listeners: isController ? `${listener},CONTROLLER://127.0.0.1:${this.controllerPort}` : listener,
      'advertised.listeners': listener,
      'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
      'log.dirs': this.workspace.dir(`apache-kraft-${id}`),
      'default.replication.factor': replicas,
      'offsets.topic.replication.factor': replicas,
      'offsets.topic.num.partitions': '5',
      'transaction.state.log.replication.factor': replicas,
      'transaction.state.log.min.isr': '1',
      'transaction.state.log.num.partitions': '5',
      'share.coordinator.state.topic.replication.factor': replicas,
      'share.coordinator.state.topic.min.isr': '1',
      'share.coordinator.state.topic.num.partitions': '5',
      'group.initial.rebalance.delay.ms': '0',
      'group.min.session.timeout.ms': '1000',
      // Groups that tests can wait for: Apache's heartbeats are 5 s apart.
      'group.consumer.migration.policy': 'bidirectional',
      'group.consumer.min.heartbeat.interval.ms': '500',
      'group.consumer.heartbeat.interval.ms': '1000',
      'group.consumer.min.session.timeout.ms': '3000',
      'group.share.min.heartbeat.interval.ms': '500',
      'group.share.heartbeat.interval.ms': '1000',
      'group.share.min.session.timeout.ms': '3000',
      'group.share.min.record.lock.duration.ms': '1000',
      ...(rack === undefined ? {} : { 'broker.rack': rack }),
      ...this.config,
    };
    const text = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
    return this.workspace.file(`kraft-${port}.properties`, text.join('\n'));
  }
}
