import type { SimRandom } from '../../../src/env/sim/sim-random.ts';
import type { Simulation } from '../../../src/env/sim/simulation.ts';
import type { TopicPartition } from '../../../src/kafka/log/topic-partition.ts';
import { type Broker, startBroker } from '../../../src/kafka/server/broker.ts';
import { loadBrokerConfig } from '../../../src/kafka/server/config/broker-config.ts';
import { ErrorCode } from '../../../src/wire/kafka/errors.ts';
import { type RunningZooKeeperServer, startZooKeeperServer } from '../../../src/zookeeper/index.ts';
import { CreateTopics } from '../../support/kafka/pairs.ts';
import {
  brokenConnections,
  clockJumps,
  fullDisks,
  isolations,
  partitions,
  powerLosses,
  processKills,
  slowDisks,
  slowLinks,
} from '../faults.ts';
import { eventually } from '../liveness.ts';
import { SupervisedServer } from '../supervised-server.ts';
import type { SimulatedSystem, SystemRun } from '../system.ts';
import { ClusterRoute } from './connection.ts';
import { GroupMember } from './group-member.ts';
import * as rules from './invariants.ts';
import { KafkaHistory, type KafkaObservation } from './observation.ts';
import { SwarmProducer } from './producer.ts';
import { SwarmReader } from './reader.ts';
import type { Route } from './route.ts';

const TOPIC = 'numbers';
const GROUP = 'readers';
/** All partitions are on one broker: any stands for the one that keeps the group. */
const HOME = TOPIC;
const BROKER_PORT = 9092;
const ZK_PORT = 2181;
const SETTLE_WITHIN_MS = 240_000;
/** Fits the machine's page cache and no more: every log has several segments, every index several entries. */
const SMALL = { 'log.segment.bytes': '8192', 'log.index.interval.bytes': '256' };

/**
 * What a machine's power loss may take. An acknowledgement of Kafka's promises no more than the page cache: with
 * one replica, a record outlives a power loss for sure only when each is flushed.
 */
type Durability = 'processes fall' | 'machines fall, each record flushed' | 'machines fall, nothing flushed';

/** A standalone ZooKeeper, one broker, producers and a consumer group; `settings` of the broker come last. */
export function singleBroker(settings: Readonly<Record<string, string>> = {}): SimulatedSystem {
  return { name: 'kafka', build: (sim) => new SingleBrokerRun(sim, settings) };
}

class SingleBrokerRun implements SystemRun {
  readonly description: string;
  readonly faults: SystemRun['faults'];
  private readonly sim: Simulation;
  private readonly random: SimRandom;
  private readonly history = new KafkaHistory([
    rules.noInventions(),
    rules.contiguousOffsets(),
    rules.equalLogs(),
    rules.monotoneHighWatermark(),
    rules.committedOffsetsNeverGoBack(),
    rules.committedIsInRange(),
    rules.groupReadsEverything(),
    rules.producerStateIsKept(),
    rules.noAcknowledgedRecordLost(),
    rules.noDuplicates(),
    rules.timeIndexIsRight(),
  ]);
  private readonly durability: Durability;
  private readonly targets: readonly TopicPartition[];
  private readonly zookeeper: SupervisedServer<RunningZooKeeperServer>;
  private readonly broker: SupervisedServer<{ broker: Broker; failure: Promise<unknown> }>;
  private readonly producers: SwarmProducer[] = [];
  private readonly members: GroupMember[] = [];
  private broken: unknown;
  private producing: Promise<void>[] = [];
  private consuming: Promise<void>[] = [];
  private readonly reader: SwarmReader;
  private readonly admin: Route;

  constructor(sim: Simulation, settings: Readonly<Record<string, string>>) {
    this.sim = sim;
    const random = sim.random.fork();
    this.random = random;
    const kinds: readonly Durability[] = [
      'processes fall',
      'machines fall, each record flushed',
      'machines fall, nothing flushed',
    ];
    this.durability = kinds[random.below(kinds.length)] ?? 'processes fall';
    const partitions = 1 + random.below(3);
    this.targets = Array.from({ length: partitions }, (_, partition) => ({ topic: TOPIC, partition }));
    this.zookeeper = this.makeZooKeeper();
    this.broker = this.makeBroker(settings);
    const producers = 1 + random.below(3);
    const members = 1 + random.below(3);
    for (let number = 0; number < producers; number++) this.addProducer(number);
    for (let number = 0; number < members; number++) this.addMember(number);
    this.admin = this.routeOf('admin');
    this.reader = this.readerOf('checker', this.admin);
    this.faults = this.drawFaults();
    this.description = `1 broker (${this.durability}), ${partitions} partitions, ${producers} producers, ${members} members`;
  }

  async start(): Promise<void> {
    this.zookeeper.bringUp();
    await eventually(this.sim, 'ZooKeeper serves at first', () => this.zookeeper.isServing, 10_000);
    this.broker.bringUp();
    await eventually(this.sim, 'the broker serves at first', () => this.broker.isServing, 30_000);
    await this.createTopic();
    this.producing = this.producers.map((producer) => this.keptInMind(producer.run()));
    this.consuming = this.members.map((member) => this.keptInMind(member.run()));
  }

  judge(): void {
    if (this.broken !== undefined) throw this.broken;
    this.history.judge();
  }

  /** What fails in the background fails the run. */
  private async keptInMind(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.broken ??= error;
    }
  }

  async settle(): Promise<void> {
    this.zookeeper.bringUp();
    this.broker.bringUp();
    const { sim } = this;
    const why = (): string => {
      const errors = [this.zookeeper, this.broker].map(
        ({ name, lastError }) => `${name}: ${String(lastError)}`,
      );
      return `The servers said last: ${errors.join('; ')}`;
    };
    const serving = (): boolean => this.zookeeper.isServing && this.broker.isServing;
    await eventually(sim, 'both servers serve', serving, SETTLE_WITHIN_MS, why);
    for (const producer of this.producers) producer.isOver = true;
    let appended = false;
    const appending = this.appendLast().then(() => {
      appended = true;
    });
    void this.keptInMind(appending);
    await eventually(sim, 'every producer is served again', () => appended, SETTLE_WITHIN_MS, why);
    let caughtUp = false;
    const catchingUp = this.groupCatchesUp().then(() => {
      caughtUp = true;
    });
    void this.keptInMind(catchingUp);
    await eventually(sim, 'the group catches up', () => caughtUp, SETTLE_WITHIN_MS, why);
    for (const member of this.members) member.isOver = true;
    await Promise.all(this.consuming);
    await this.checkIndexes();
    this.history.judgeEnd();
  }

  counts(): Record<string, number> {
    const countOf = (kind: KafkaObservation['kind']): number =>
      this.history.observations.reduce((count, each) => count + (each.kind === kind ? 1 : 0), 0);
    return {
      answers: countOf('acknowledged'),
      fetches: countOf('fetched'),
      commits: countOf('committed'),
      lives: this.broker.life,
      zooKeeperLives: this.zookeeper.life,
    };
  }

  private async createTopic(): Promise<void> {
    const topic = {
      name: TOPIC,
      numPartitions: this.targets.length,
      replicationFactor: 1,
      assignments: [],
      configs: [],
    };
    for (;;) {
      const response = await this.admin.call(0, CreateTopics, 5, { topics: [topic], timeoutMs: 10_000 });
      const code = response?.topics[0]?.errorCode;
      if (code === ErrorCode.NONE || code === ErrorCode.TOPIC_ALREADY_EXISTS) return;
      await this.admin.pause(100);
    }
  }

  private async appendLast(): Promise<void> {
    await Promise.all(this.producing);
    for (const producer of this.producers) await producer.appendForSure();
  }

  private async groupCatchesUp(): Promise<void> {
    for (const target of this.targets) {
      const { highWatermark } = await this.reader.readWhole(target);
      for (;;) {
        const offset = await this.reader.committed({ groupId: GROUP, home: HOME, coordinator: 0 }, target);
        if (offset !== undefined && offset >= highWatermark) break;
        await this.admin.pause(200);
      }
    }
  }

  /** Reads from the middle and by time find the same records as reading from the beginning. */
  private async checkIndexes(): Promise<void> {
    for (const target of this.targets) {
      const { records, highWatermark } = await this.reader.readWhole(target);
      for (let round = 0; round < 10 && highWatermark > 0; round++) {
        const offset = this.random.below(highWatermark);
        await this.reader.fetch(target, offset, { maxWaitMs: 10, maxBytes: 1 });
        const timestamp = records[offset]?.timestamp;
        if (timestamp !== undefined) await this.reader.offsetByTime(target, timestamp);
      }
    }
  }

  private drawFaults(): SystemRun['faults'] {
    const { sim, zookeeper, broker } = this;
    const servers = [zookeeper, broker];
    const hosts = servers.map(({ host }) => host);
    const names = [...sim.network.hosts.keys()];
    const lost = (): void => {
      if (this.durability === 'machines fall, nothing flushed') this.history.promiseLapsed();
    };
    const machines = this.durability === 'processes fall' ? [] : [powerLosses([broker], lost)];
    return [
      processKills([broker]),
      processKills([broker]),
      processKills([zookeeper]),
      powerLosses([zookeeper]),
      ...machines,
      ...machines,
      partitions(sim, names, false),
      partitions(sim, names, true),
      isolations(sim, names),
      slowLinks(sim, names),
      brokenConnections(sim, names),
      slowDisks(hosts),
      fullDisks([zookeeper.host]),
      clockJumps([zookeeper.host]),
    ];
  }

  private makeZooKeeper(): SupervisedServer<RunningZooKeeperServer> {
    return new SupervisedServer<RunningZooKeeperServer>({
      sim: this.sim,
      host: this.sim.host('zk1'),
      start: (env) =>
        startZooKeeperServer(env, {
          dataDir: '/data',
          clientPort: ZK_PORT,
          tickTimeMs: 500,
          snapCount: 100,
          preAllocSizeBytes: 16_384,
        }),
      serving: () => {},
      failure: (server) => server.failure,
    });
  }

  private makeBroker(
    overrides: Readonly<Record<string, string>>,
  ): SupervisedServer<{ broker: Broker; failure: Promise<unknown> }> {
    const settings: Record<string, string> = {
      'broker.id': '0',
      listeners: `PLAINTEXT://broker0:${BROKER_PORT}`,
      'log.dirs': '/kafka',
      'zookeeper.connect': `zk1:${ZK_PORT}`,
      'zookeeper.session.timeout.ms': String(2000 + this.random.below(5000)),
      'offsets.topic.num.partitions': '2',
      'offsets.topic.replication.factor': '1',
      'group.initial.rebalance.delay.ms': '0',
      'group.min.session.timeout.ms': '500',
      ...SMALL,
    };
    if (this.durability === 'machines fall, each record flushed')
      settings['log.flush.interval.messages'] = '1';
    Object.assign(settings, overrides);
    const given = Object.entries(settings).map(([key, value]) => ({ key, value, where: 'the simulation' }));
    return new SupervisedServer<{ broker: Broker; failure: Promise<unknown> }>({
      sim: this.sim,
      host: this.sim.host('broker0'),
      start: async (env) => {
        let fail: (reason: string) => void = () => {};
        const failure = new Promise<unknown>((resolve) => {
          fail = resolve;
        });
        const broker = await startBroker(env, loadBrokerConfig(given).config, {
          onFatal: (reason) => fail(reason),
        });
        return { broker, failure };
      },
      serving: () => {},
      failure: ({ failure }) => failure,
    });
  }

  private routeOf(hostName: string): Route {
    return new ClusterRoute(this.sim.host(hostName).env, [{ host: 'broker0', port: BROKER_PORT }]);
  }

  private readerOf(name: string, route: Route): SwarmReader {
    return new SwarmReader({ name, route, history: this.history });
  }

  private addProducer(number: number): void {
    const { random, sim, history, targets } = this;
    const name = `producer${number}`;
    this.producers.push(
      new SwarmProducer({
        number,
        targets,
        acks: -1,
        isIdempotent: random.chance(0.7),
        meanThinkMs: 10 + random.below(random.chance(0.5) ? 1000 : 150),
        valueBytes: 1 + random.below(400),
        route: this.routeOf(name),
        random: random.fork(),
        history,
        wallMs: () => sim.host(name).env.clock.nowMs(),
      }),
    );
  }

  private addMember(number: number): void {
    const { random, history, targets } = this;
    const name = `member${number}`;
    const route = this.routeOf(name);
    this.members.push(
      new GroupMember({
        name,
        groupId: GROUP,
        home: HOME,
        targets,
        sessionTimeoutMs: 1000 + random.below(5000),
        maxWaitMs: 20 + random.below(500),
        fetchBytes: 200 + random.below(8000),
        departureProbability: random.chance(0.5) ? 0 : random.between(0.001, 0.05),
        route,
        reader: this.readerOf(name, route),
        random: random.fork(),
        history,
      }),
    );
  }
}
