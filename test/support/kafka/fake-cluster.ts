import type { Env } from '../../../src/env/env.ts';
import { Controller } from '../../../src/kafka/controller/controller.ts';
import type { BrokerChannel } from '../../../src/kafka/controller/ports.ts';
import type { CommandResult, ControllerCommand } from '../../../src/kafka/metadata/controller-commands.ts';
import { MetadataCache } from '../../../src/kafka/metadata/metadata-cache.ts';
import type { OpenSession } from '../../../src/kafka/zk/port.ts';
import { createZkStores, type ZkStores } from '../../../src/kafka/zk/stores.ts';
import { ZkConnection } from '../../../src/kafka/zk/zk-connection.ts';
import type { RegisteredEndpoint } from '../../../src/kafka/zk/znodes/broker-id.ts';
import { ErrorCode } from '../../../src/wire/kafka/errors.ts';

/** A broker without logs: it keeps what the controller tells it. */
export class FakeBroker {
  readonly id: number;
  readonly zk: ZkConnection;
  readonly stores: ZkStores;
  readonly metadata = new MetadataCache();
  readonly commands: ControllerCommand[] = [];
  /** Leaders this broker was told, by `topic-partition`; gone again with StopReplica. */
  readonly replicas = new Map<string, { leader: number; leaderEpoch: number; isr: readonly number[] }>();
  /** Error code that StopReplica answers for every partition. */
  stopReplicaError = 0;
  /** Partitions, as `topic-partition`, whose log directory has failed here. */
  readonly failedPartitions = new Set<string>();
  controller: Controller | null = null;
  alive = true;

  constructor(id: number, zk: ZkConnection, stores: ZkStores) {
    this.id = id;
    this.zk = zk;
    this.stores = stores;
  }

  handle(command: ControllerCommand): CommandResult {
    this.commands.push(command);
    if (command.kind === 'updateMetadata') {
      this.metadata.apply(command.change);
      return { errorCode: 0, partitions: [] };
    }
    if (command.kind === 'leaderAndIsr') {
      for (const { topic, partition, leader, leaderEpoch, isr } of command.partitions) {
        this.replicas.set(`${topic}-${partition}`, { leader, leaderEpoch, isr });
      }
      return {
        errorCode: 0,
        partitions: command.partitions.map(({ topic, partition }) => ({
          topic,
          partition,
          errorCode: this.failedPartitions.has(`${topic}-${partition}`) ? ErrorCode.KAFKA_STORAGE_ERROR : 0,
        })),
      };
    }
    return {
      errorCode: 0,
      partitions: command.partitions.map(({ topic, partition }) => {
        if (this.stopReplicaError === 0) this.replicas.delete(`${topic}-${partition}`);
        return { topic, partition, errorCode: this.stopReplicaError };
      }),
    };
  }
}

export interface FakeBrokerOptions {
  deleteTopicEnable?: boolean;
  endpoints?: readonly RegisteredEndpoint[];
  rack?: string;
  uncleanElection?: boolean;
  /** Registers only: the test has it take part in the election by `controller.start()`. */
  staysOut?: boolean;
  autoBalance?: { intervalMs: number; percentage: number };
}

/** Several brokers' controllers on one ZooKeeper, in virtual time. */
export class FakeCluster {
  readonly brokers = new Map<number, FakeBroker>();
  readonly #open: OpenSession;
  readonly #env: Env;
  readonly #registrationWaitMs: number;

  constructor(open: OpenSession, env: Env, registrationWaitMs = 10_000) {
    this.#registrationWaitMs = registrationWaitMs;
    this.#open = open;
    this.#env = env;
  }

  async start(id: number, options: FakeBrokerOptions = {}): Promise<FakeBroker> {
    const zk = await ZkConnection.open(this.#env, this.#open);
    const stores = createZkStores(zk, this.#env);
    const broker = new FakeBroker(id, zk, stores);
    this.brokers.set(id, broker);
    await stores.cluster.ensurePersistentPaths();
    await stores.cluster.createOrGetClusterId('NRBzb6wMQDe2AWZcLU4ykg');
    const register = async () => {
      await stores.brokers.register(
        {
          brokerId: id,
          endpoints: options.endpoints ?? [
            { listenerName: 'PLAINTEXT', securityProtocol: 'PLAINTEXT', host: '127.0.0.1', port: 9090 + id },
          ],
          rack: options.rack ?? null,
          jmxPort: -1,
        },
        this.#registrationWaitMs,
      );
    };
    await register();
    await stores.cluster.ensureDelegationTokenPaths();
    const controller = new Controller({
      env: this.#env,
      brokerId: id,
      store: stores,
      channel: this.#channel(),
      deleteTopicEnable: options.deleteTopicEnable ?? true,
      uncleanElectionDefault: () => options.uncleanElection ?? false,
      protocol: { topicIds: true, leaderRecovery: true, features: { version: 2, enabled: true } },
      autoBalance: options.autoBalance ?? null,
      registerBroker: register,
    });
    broker.controller = controller;
    zk.listen({
      sessionLost: () => controller.sessionLost(),
      sessionRenewed: () => controller.sessionRenewed(),
    });
    if (!options.staysOut) controller.start();
    return broker;
  }

  /** The broker is killed and its session runs out. */
  async kill(id: number): Promise<void> {
    const broker = this.broker(id);
    broker.alive = false;
    this.brokers.delete(id);
    await broker.controller?.stop();
    await broker.zk.close();
  }

  broker(id: number): FakeBroker {
    const broker = this.brokers.get(id);
    if (broker === undefined) throw new Error(`broker ${id} is not up`);
    return broker;
  }

  async stop(): Promise<void> {
    for (const id of [...this.brokers.keys()]) await this.kill(id);
  }

  #channel(): BrokerChannel {
    let known = new Set<number>();
    return {
      setBrokers: (brokers) => {
        known = new Set(brokers.map((broker) => broker.id));
      },
      send: (brokerId, command, done) => {
        if (!known.has(brokerId)) return;
        this.#env.timers.soon(() => {
          const broker = this.brokers.get(brokerId);
          if (broker?.alive) done(broker.handle(command));
        });
      },
    };
  }
}
