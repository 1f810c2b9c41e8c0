import type { Simulation } from '../../../../src/env/sim/simulation.ts';
import type { ReplicationGuards } from '../../../../src/kafka/replica/guards.ts';
import { type Broker, startBroker } from '../../../../src/kafka/server/broker.ts';
import { loadBrokerConfig } from '../../../../src/kafka/server/config/broker-config.ts';
import { ApiKey } from '../../../../src/wire/kafka/apis.ts';
import type { LeaderAndIsrRequest } from '../../../../src/wire/kafka/messages/04-leader-and-isr.ts';
import type { Infer } from '../../../../src/wire/kafka/schema/index.ts';
import { type RunningZooKeeperServer, startZooKeeperServer } from '../../../../src/zookeeper/index.ts';
import { SupervisedServer } from '../../supervised-server.ts';
import { AppliedTxns } from '../../zookeeper/applied-txns.ts';
import { ServerWatch } from '../../zookeeper/server-watch.ts';
import { ensembleConfig, STANDALONE } from '../../zookeeper/topology.ts';
import type { ClusterObservation } from './observation.ts';
import type { PartitionNames } from './partition-names.ts';
import { ReplicaTap } from './replica-tap.ts';
import { type ClusterShape, OFFSETS_PARTITIONS } from './shape.ts';
import type { ZooKeeperTap } from './zookeeper-tap.ts';

export const BROKER_PORT = 9092;
export const ZK_PORT = 2181;
const ZK_DATA_DIR = '/data';
const ZK_TICK_MS = 500;

export interface RunningBroker {
  readonly broker: Broker;
  readonly failure: Promise<unknown>;
}

/** How brokers depart from what a run draws for them. */
export interface BrokerChanges {
  /** They come last. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Rules of replication that they go without. */
  readonly guards?: Partial<ReplicationGuards>;
}

export interface ServerParts {
  readonly sim: Simulation;
  readonly shape: ClusterShape;
  readonly names: PartitionNames;
  readonly tell: (observation: ClusterObservation) => void;
}

/** Servers of the ensemble, all watched by one tap. */
export class ZooKeeperServers {
  readonly servers: readonly SupervisedServer<RunningZooKeeperServer>[];
  private readonly watches = new Map<string, ServerWatch>();

  constructor({ sim, shape }: ServerParts, tap: ZooKeeperTap) {
    const topology = { ...STANDALONE, participants: shape.zooKeepers };
    const applied = new AppliedTxns();
    this.servers = Array.from({ length: shape.zooKeepers }, (_, index) => {
      const host = sim.host(`zk${index + 1}`);
      return new SupervisedServer<RunningZooKeeperServer>({
        sim,
        host,
        start: (env, life) => {
          const nowMs = (): number => sim.nowMs;
          const parts = { history: tap, committed: tap, applied, peer: host.name, life, nowMs };
          const watch = new ServerWatch(parts);
          this.watches.set(host.name, watch);
          return startZooKeeperServer(
            env,
            {
              dataDir: ZK_DATA_DIR,
              clientPort: ZK_PORT,
              tickTimeMs: ZK_TICK_MS,
              minSessionTimeoutMs: 1000,
              snapCount: 500,
              preAllocSizeBytes: 65_536,
              ...ensembleConfig(topology, index + 1),
            },
            { observer: watch.observer },
          );
        },
        serving: (server) => this.watches.get(host.name)?.started(server),
        down: () => this.watches.delete(host.name),
        failure: (server) => server.failure,
      });
    });
  }

  look(): void {
    for (const watch of this.watches.values()) watch.look();
  }

  get serve(): boolean {
    return this.servers.every(({ server }) => server?.mode !== undefined);
  }
}

/** Brokers, each watched by a tap of its own. Ids are positions. */
export class Brokers {
  readonly servers: readonly SupervisedServer<RunningBroker>[];
  readonly logDirs: readonly string[];
  private readonly taps = new Map<number, { life: number; tap: ReplicaTap }>();
  private readonly parts: ServerParts;
  private readonly changes: BrokerChanges;

  constructor(parts: ServerParts, changes: BrokerChanges) {
    this.parts = parts;
    this.changes = changes;
    this.logDirs = Array.from({ length: parts.shape.logDirs }, (_, index) => `/kafka${index}`);
    this.servers = Array.from({ length: parts.shape.brokers }, (_, id) => this.makeBroker(id));
  }

  look(): void {
    for (const { tap } of this.taps.values()) tap.look();
  }

  get serve(): boolean {
    return this.servers.every(({ isServing }) => isServing);
  }

  /** What a replica is on a broker that runs. */
  sightOf(broker: number, partition: string) {
    const running = this.taps.get(broker);
    const sight = running?.tap.sightOf(partition);
    return running === undefined || sight === undefined ? undefined : { life: running.life, ...sight };
  }

  private makeBroker(id: number): SupervisedServer<RunningBroker> {
    const { sim, names, tell } = this.parts;
    const { guards } = this.changes;
    return new SupervisedServer<RunningBroker>({
      sim,
      host: sim.host(`broker${id}`),
      start: async (env, life) => {
        let fail: (reason: string) => void = () => {};
        const failure = new Promise<unknown>((resolve) => {
          fail = resolve;
        });
        const broker = await startBroker(env, loadBrokerConfig(this.configOf(id)).config, {
          onFatal: (reason) => fail(reason),
          ...(guards === undefined ? {} : { replicationGuards: guards }),
          onReplicas: (replicas) => {
            const tap = new ReplicaTap({ life: { broker: id, life }, replicas, names, tell });
            this.taps.set(id, { life, tap });
          },
          interceptors: [
            (request, { apiKey }, next) => {
              this.sawRequest(id, apiKey, request);
              return next();
            },
          ],
        });
        return { broker, failure };
      },
      serving: () => {},
      failure: ({ failure }) => failure,
    });
  }

  /** Whether one of its log directories has failed. */
  hasFailedLogDir(broker: number): boolean {
    return this.taps.get(broker)?.tap.hasOffline === true;
  }

  /** The process is gone: what its memory says is of no account. */
  forgetDead(): void {
    for (const [id, { life }] of this.taps) {
      const server = this.servers[id];
      if (server === undefined || !server.host.isUp || server.life !== life) this.taps.delete(id);
    }
  }

  private sawRequest(broker: number, apiKey: number, request: unknown): void {
    const { tell, names } = this.parts;
    if (apiKey !== ApiKey.LeaderAndIsr && apiKey !== ApiKey.StopReplica && apiKey !== ApiKey.UpdateMetadata)
      return;
    const { controllerId, controllerEpoch } = request as { controllerId: number; controllerEpoch: number };
    tell({ kind: 'commanded', broker, controllerId, controllerEpoch });
    if (apiKey !== ApiKey.LeaderAndIsr) return;
    for (const { topicName, topicId, partitionStates } of (request as Infer<typeof LeaderAndIsrRequest>)
      .topicStates) {
      for (const { partitionIndex, leader, leaderEpoch } of partitionStates) {
        const partition = names.of(topicName, String(topicId), partitionIndex);
        tell({ kind: 'told leader', broker, partition, leader, leaderEpoch });
      }
    }
  }

  private configOf(id: number) {
    const { shape } = this.parts;
    const zooKeepers = Array.from({ length: shape.zooKeepers }, (_, index) => `zk${index + 1}:${ZK_PORT}`);
    const properties: Record<string, string> = {
      'broker.id': String(id),
      listeners: `PLAINTEXT://broker${id}:${BROKER_PORT}`,
      'log.dirs': this.logDirs.join(','),
      'zookeeper.connect': zooKeepers.join(','),
      'zookeeper.session.timeout.ms': String(shape.sessionTimeoutMs),
      'zookeeper.connection.timeout.ms': '20000',
      'offsets.topic.num.partitions': String(OFFSETS_PARTITIONS),
      'offsets.topic.replication.factor': String(Math.min(3, shape.brokers)),
      'group.initial.rebalance.delay.ms': '0',
      'group.min.session.timeout.ms': '500',
      'replica.lag.time.max.ms': String(shape.lagTimeMs),
      'replica.fetch.wait.max.ms': '500',
      'replica.fetch.backoff.ms': '200',
      'replica.socket.timeout.ms': '3000',
      'replica.high.watermark.checkpoint.interval.ms': '1000',
      'controller.socket.timeout.ms': '3000',
      'request.timeout.ms': '3000',
      'controlled.shutdown.retry.backoff.ms': '500',
      'leader.imbalance.check.interval.seconds': '5',
      'log.cleaner.backoff.ms': '500',
      'log.segment.bytes': '8192',
      'log.index.interval.bytes': '256',
      ...(shape.durability === 'machines fall, each record flushed'
        ? { 'log.flush.interval.messages': '1' }
        : {}),
      ...this.changes.settings,
    };
    return Object.entries(properties).map(([key, value]) => ({ key, value, where: 'the simulation' }));
  }
}
