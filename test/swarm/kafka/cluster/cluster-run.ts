import { javaStringHash } from '../../../../src/base/java-string-hash.ts';
import type { SimRandom } from '../../../../src/env/sim/sim-random.ts';
import type { Simulation } from '../../../../src/env/sim/simulation.ts';
import type { TopicPartition } from '../../../../src/kafka/log/topic-partition.ts';
import { ErrorCode } from '../../../../src/wire/kafka/errors.ts';
import { CreateTopics, FindCoordinator } from '../../../support/kafka/pairs.ts';
import { eventually } from '../../liveness.ts';
import type { SimulatedSystem, SystemRun } from '../../system.ts';
import { ClusterRoute } from '../connection.ts';
import { GroupMember } from '../group-member.ts';
import * as clientRules from '../invariants.ts';
import { KafkaHistory } from '../observation.ts';
import { SwarmProducer } from '../producer.ts';
import { SwarmReader } from '../reader.ts';
import type { Route } from '../route.ts';
import { clusterFaults } from './cluster-faults.ts';
import { CommittedLogs } from './committed-logs.ts';
import { batchesOnDisk, disagreement, requireEqualReplicas, unsettled } from './convergence.ts';
import { Durability } from './durability.ts';
import type { ClusterObservation, Observation } from './observation.ts';
import { Operator } from './operator.ts';
import { PartitionNames } from './partition-names.ts';
import * as rules from './rules.ts';
import { BROKER_PORT, type BrokerChanges, Brokers, ZooKeeperServers } from './servers.ts';
import {
  type ClusterShape,
  describeShape,
  drawShape,
  OFFSETS_PARTITIONS,
  OFFSETS_TOPIC,
  type TopicShape,
} from './shape.ts';
import { ZooKeeperTap } from './zookeeper-tap.ts';

const GROUP = 'readers';
const HOME = `${OFFSETS_TOPIC}-${Math.abs(javaStringHash(GROUP)) % OFFSETS_PARTITIONS}`;
const SETTLE_WITHIN_MS = 240_000;

/** Three to five brokers on an ensemble, and clients of all kinds; `fixed` is not left to the seed. */
export function kafkaCluster(
  changes: BrokerChanges = {},
  fixed: Partial<ClusterShape> = {},
): SimulatedSystem {
  return { name: 'kafka-cluster', build: (sim) => new ClusterRun(sim, changes, fixed) };
}

class ClusterRun implements SystemRun {
  readonly description: string;
  readonly faults: SystemRun['faults'];
  private readonly sim: Simulation;
  private readonly random: SimRandom;
  private readonly shape: ClusterShape;
  private readonly history: KafkaHistory<Observation>;
  private readonly durability = new Durability((partition) => this.history.promiseLapsed(partition));
  private readonly committed = new CommittedLogs(this.durability);
  private readonly tap: ZooKeeperTap;
  private readonly zooKeepers: ZooKeeperServers;
  private readonly brokers: Brokers;
  private readonly producers: SwarmProducer[] = [];
  private readonly members: GroupMember[] = [];
  private readonly readers: { reader: SwarmReader; route: Route; random: SimRandom }[] = [];
  private readonly operator: Operator;
  private readonly admin: Route;
  private readonly checker: SwarmReader;
  private broken: unknown;
  private producing: Promise<void>[] = [];
  private work: Promise<void>[] = [];
  private isOver = false;

  constructor(sim: Simulation, changes: BrokerChanges, fixed: Partial<ClusterShape>) {
    this.sim = sim;
    const random = sim.random.fork();
    this.random = random;
    this.shape = { ...drawShape(random), ...fixed };
    this.history = new KafkaHistory<Observation>(this.makeRules(), (...args) => this.standing(...args));
    const names = new PartitionNames();
    const tell = (observation: ClusterObservation): void => this.saw(observation);
    this.tap = new ZooKeeperTap(names, tell);
    const parts = { sim, shape: this.shape, names, tell };
    this.zooKeepers = new ZooKeeperServers(parts, this.tap);
    this.brokers = new Brokers(parts, changes);
    this.admin = this.routeOf('admin');
    this.checker = this.readerOf('checker', this.admin);
    const { shape, tap } = this;
    const controller = (): number | undefined => tap.controller;
    this.operator = new Operator({
      random: random.fork(),
      route: this.routeOf('operator'),
      shape,
      controller,
    });
    this.addClients();
    this.faults = clusterFaults({
      sim,
      durability: shape.durability,
      tap,
      brokers: this.brokers,
      zooKeepers: this.zooKeepers,
      powerLost: (broker) => this.saw({ kind: 'power lost', broker }),
    });
    this.description = describeShape(shape);
  }

  async start(): Promise<void> {
    const { sim, zooKeepers, brokers, shape } = this;
    for (const server of zooKeepers.servers) server.bringUp();
    await eventually(sim, 'ZooKeeper serves at first', () => zooKeepers.serve, 30_000);
    for (const server of brokers.servers) server.bringUp();
    await eventually(
      sim,
      'the brokers serve at first',
      () => brokers.serve,
      60_000,
      () => this.lastWords(),
    );
    for (const topic of shape.topics) await this.createTopic(topic);
    await this.createGroup();
    this.producing = this.producers.map((producer) => this.keptInMind(producer.run()));
    this.work = [
      ...this.members.map((member) => member.run()),
      ...this.readers.map((reader) => this.readFromAny(reader)),
      this.operator.run(),
    ].map((work) => this.keptInMind(work));
  }

  judge(): void {
    if (this.broken !== undefined) throw this.broken;
    this.zooKeepers.look();
    this.brokers.forgetDead();
    this.brokers.look();
    this.history.judge();
  }

  async settle(): Promise<void> {
    const { sim, zooKeepers, brokers, shape, tap } = this;
    const why = (): string => this.lastWords();
    this.isOver = true;
    this.operator.isOver = true;
    for (const server of zooKeepers.servers) server.bringUp();
    await eventually(sim, 'all ZooKeeper servers serve', () => zooKeepers.serve, SETTLE_WITHIN_MS, why);
    // A log directory that has failed stays so until its broker starts again.
    for (const [id, server] of brokers.servers.entries()) {
      if (server.host.isUp && brokers.hasFailedLogDir(id)) server.kill();
      server.bringUp();
    }
    await eventually(sim, 'all brokers serve', () => brokers.serve, SETTLE_WITHIN_MS, why);
    for (const producer of this.producers) producer.isOver = true;
    await this.within('every producer is served again', async () => {
      await Promise.all(this.producing);
      await Promise.all(this.producers.map((producer) => producer.appendForSure()));
    });
    const isSettled = (): boolean => unsettled(tap, shape.brokers) === undefined;
    const unmet = (): string => `${unsettled(tap, shape.brokers)}. ${why()}`;
    await eventually(sim, 'every partition is led and in sync', isSettled, SETTLE_WITHIN_MS, unmet);
    await this.within('the group catches up', () => this.groupCatchesUp());
    for (const member of this.members) member.isOver = true;
    await this.within('all clients end', async () => {
      await Promise.all(this.work);
    });
    for (const server of brokers.servers) await this.agrees(brokers.servers.indexOf(server));
    await this.within('every partition can be read', () => this.checkIndexes());
    await this.replicasAreEqual();
    this.history.judgeEnd();
  }

  counts(): Record<string, number> {
    const { observations } = this.history;
    const countOf = (kind: Observation['kind']): number =>
      observations.reduce((count, each) => count + (each.kind === kind ? 1 : 0), 0);
    return {
      answers: countOf('acknowledged'),
      fetches: countOf('fetched'),
      commits: countOf('committed'),
      states: countOf('state'),
      controllers: countOf('controller'),
      lapses: this.durability.count,
      actions: this.operator.actions,
      lives: this.brokers.servers.reduce((sum, { life }) => sum + life, 0),
    };
  }

  private makeRules() {
    const { committed, durability } = this;
    const verdicts = new rules.Verdicts(committed);
    return [
      verdicts,
      rules.electionSafety(),
      rules.leaderEpochsGrow(),
      rules.isrOfReplicas(),
      rules.oneControllerPerEpoch(),
      rules.zombieControllersAreFenced(),
      rules.leaderCompleteness(verdicts),
      rules.logMatching(verdicts),
      rules.replicaHighWatermarkIsMonotone(durability),
      rules.acknowledgedIsCommitted(committed),
      rules.compactionKeepsLastValues(committed),
      clientRules.noInventions(),
      clientRules.contiguousOffsets(),
      clientRules.equalLogs(),
      clientRules.committedIsInRange(),
      clientRules.committedOffsetsNeverGoBack(),
      clientRules.groupReadsEverything(),
      clientRules.producerStateIsKept(),
      clientRules.noAcknowledgedRecordLost(),
      clientRules.noDuplicates(),
      clientRules.timeIndexIsRight(),
    ];
  }

  private saw(observation: ClusterObservation): void {
    // First, so that a lapse of the promise comes before what it allows.
    this.durability.see(observation);
    this.history.record(observation);
  }

  /**
   * Whether a broker's word about a partition counts: not while it has not come to terms with a lapse. About groups
   * only the leader of their partition's present epoch is heard: another may not know yet that it is none.
   */
  private standing(partition: string, broker: number): number | undefined {
    const sight = this.brokers.sightOf(broker, partition);
    if (!partition.startsWith(OFFSETS_TOPIC)) {
      if (this.durability.lapseEpoch(partition) === undefined) return 0;
      if (sight === undefined || sight.leaderEpoch < (this.durability.lapseEpoch(partition) ?? 0))
        return undefined;
      return this.committed.isBound({ broker, life: sight.life }, partition) ? 0 : undefined;
    }
    const state = this.tap.states.get(partition);
    if (state?.leader !== broker || sight?.isLeader !== true) return undefined;
    return sight.leaderEpoch === state.leaderEpoch ? state.leaderEpoch : undefined;
  }

  /** What fails in the background fails the run. */
  private async keptInMind(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.broken ??= error;
    }
  }

  private async within(
    what: string,
    work: () => Promise<void>,
    why: () => string = () => this.lastWords(),
  ): Promise<void> {
    let isDone = false;
    void this.keptInMind(
      work().then(() => {
        isDone = true;
      }),
    );
    await eventually(this.sim, what, () => isDone, SETTLE_WITHIN_MS, why);
  }

  private lastWords(): string {
    const servers = [...this.zooKeepers.servers, ...this.brokers.servers];
    const words = servers
      .filter(({ isServing, lastError }) => !isServing || lastError !== undefined)
      .map(({ name, isServing, lastError }) => {
        const last = lastError === undefined ? '' : `, failed last with ${String(lastError)}`;
        return `${name} is ${isServing ? 'serving' : 'down'}${last}`;
      });
    return words.join('; ');
  }

  private get targets(): (TopicPartition & { topicShape: TopicShape })[] {
    return this.shape.topics.flatMap((topicShape) =>
      Array.from({ length: topicShape.partitions }, (_, partition) => ({
        topic: topicShape.name,
        partition,
        topicShape,
      })),
    );
  }

  private async createTopic({ name, partitions, replicationFactor, minIsr, unclean, keys }: TopicShape) {
    const configs = [
      { name: 'min.insync.replicas', value: String(minIsr) },
      { name: 'unclean.leader.election.enable', value: String(unclean) },
      { name: 'cleanup.policy', value: keys === undefined ? 'delete' : 'compact' },
      ...(keys === undefined ? [] : [{ name: 'min.cleanable.dirty.ratio', value: '0.1' }]),
    ];
    const topic = { name, numPartitions: partitions, replicationFactor, assignments: [], configs };
    for (;;) {
      const broker = this.tap.controller ?? this.admin.anyBroker();
      const response = await this.admin.call(broker, CreateTopics, 5, { topics: [topic], timeoutMs: 10_000 });
      const code = response?.topics[0]?.errorCode;
      if (code === ErrorCode.NONE || code === ErrorCode.TOPIC_ALREADY_EXISTS) return;
      await this.admin.pause(100);
    }
  }

  /** The topic of groups is made by the first who asks for a coordinator. */
  private async createGroup(): Promise<void> {
    for (;;) {
      const { admin } = this;
      const found = await admin.call(admin.anyBroker(), FindCoordinator, 2, { key: GROUP, keyType: 0 });
      if (found?.errorCode === ErrorCode.NONE) return;
      await admin.pause(100);
    }
  }

  /** From the beginning to the end of random partitions, from brokers that have a replica. */
  private async readFromAny({ reader, route, random }: (typeof this.readers)[number]): Promise<void> {
    while (!this.isOver) {
      await route.pause(random.between(0, 2000));
      const target = this.targets[random.below(this.targets.length)];
      if (target === undefined) continue;
      const broker = random.below(this.shape.brokers);
      let offset = 0;
      for (;;) {
        const fetched = await reader.fetch(target, offset, { broker, maxWaitMs: 10, maxBytes: 16_384 });
        const last = fetched === undefined || fetched === 'outOfRange' ? undefined : fetched.records.at(-1);
        if (last === undefined || this.isOver) break;
        offset = last.offset + 1;
      }
    }
  }

  private readWhole(target: TopicPartition) {
    const name = this.tap.nameOf(target.topic, target.partition);
    return this.checker.readWhole(target, this.committed.endOf(name));
  }

  private async groupCatchesUp(): Promise<void> {
    for (const target of this.targets.filter(({ topicShape }) => topicShape.keys === undefined)) {
      const { highWatermark } = await this.readWhole(target);
      for (;;) {
        const coordinator = this.tap.states.get(HOME)?.leader ?? 0;
        const offset = await this.checker.committed({ groupId: GROUP, home: HOME, coordinator }, target);
        if (offset !== undefined && offset >= highWatermark) break;
        await this.admin.pause(200);
      }
    }
  }

  /** Reads from the middle and by time find the same records as reading from the beginning. */
  private async checkIndexes(): Promise<void> {
    for (const target of this.targets) {
      const { records, highWatermark } = await this.readWhole(target);
      for (let round = 0; round < 5 && highWatermark > 0; round++) {
        const { timestamp, offset } = records[this.random.below(records.length)] ?? {};
        if (timestamp === undefined || offset === undefined) continue;
        await this.checker.fetch(target, offset, { maxWaitMs: 10, maxBytes: 1 });
        // What is compacted may be compacted further in between.
        if (target.topicShape.keys === undefined) await this.checker.offsetByTime(target, timestamp);
      }
    }
  }

  /** Every broker tells clients the same, and it is what ZooKeeper has. */
  private async agrees(broker: number): Promise<void> {
    let last: string | undefined = 'it was not asked';
    const asking = async (): Promise<void> => {
      while (last !== undefined) {
        last = await disagreement(this.admin, broker, this.tap);
        if (last !== undefined) await this.admin.pause(200);
      }
    };
    await this.within(`broker ${broker} knows the cluster as it is`, asking, () => `${last}`);
  }

  private async replicasAreEqual(): Promise<void> {
    const { tap, committed } = this;
    for (const { topic, partition, topicShape } of this.targets) {
      const name = tap.nameOf(topic, partition);
      const highWatermark = committed.endOf(name);
      const logs = new Map(
        (tap.replicas.get(name) ?? []).map((id) => [id, this.filesOf(id, `${topic}-${partition}`)]),
      );
      requireEqualReplicas(name, logs, { highWatermark, isCompacted: topicShape.keys !== undefined });
    }
  }

  private filesOf(id: number, directory: string) {
    const server = this.brokers.servers[id];
    return server === undefined ? undefined : batchesOnDisk(server.host, this.brokers.logDirs, directory);
  }

  private routeOf(hostName: string): Route {
    const addresses = this.brokers.servers.map(({ name: host }) => ({ host, port: BROKER_PORT }));
    return new ClusterRoute(this.sim.host(hostName).env, addresses);
  }

  private readerOf(name: string, route: Route): SwarmReader {
    const isCompacted = (topic: string): boolean =>
      this.shape.topics.some(({ name: each, keys }) => each === topic && keys !== undefined);
    return new SwarmReader({ name, route, history: this.history, isCompacted });
  }

  private addClients(): void {
    const { shape, random } = this;
    for (let number = 0; number < shape.producers; number++) this.addProducer(number);
    for (let number = 0; number < shape.members; number++) this.addMember(number);
    for (let number = 0; number < shape.readers; number++) {
      const name = `reader${number}`;
      const route = this.routeOf(name);
      this.readers.push({ reader: this.readerOf(name, route), route, random: random.fork() });
    }
  }

  private addProducer(number: number): void {
    const { random, sim, history } = this;
    const name = `producer${number}`;
    const targets = this.targets.map(({ topic, partition, topicShape: { keys } }) => ({
      topic,
      partition,
      ...(keys === undefined ? {} : { keys }),
    }));
    const isIdempotent = random.chance(0.6);
    this.producers.push(
      new SwarmProducer({
        number,
        targets,
        acks: isIdempotent || random.chance(0.6) ? -1 : 1,
        isIdempotent,
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
    const { random, history } = this;
    const name = `member${number}`;
    const route = this.routeOf(name);
    const targets = this.targets.filter(({ topicShape }) => topicShape.keys === undefined);
    const sessionTimeoutMs = 1000 + random.below(5000);
    // It reads partition after partition, and says that it lives after each round.
    const longestWaitMs = Math.floor(sessionTimeoutMs / (2 * targets.length));
    this.members.push(
      new GroupMember({
        name,
        groupId: GROUP,
        home: HOME,
        targets,
        sessionTimeoutMs,
        maxWaitMs: Math.min(20 + random.below(500), longestWaitMs),
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
