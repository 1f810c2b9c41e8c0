import assert from 'node:assert/strict';
import type { Disk } from '../../../src/env/disk.ts';
import { MemoryDisk } from '../../../src/env/memory/memory-disk.ts';
import type { Timer, Timers } from '../../../src/env/timers.ts';
import { fetchHandler } from '../../../src/kafka/api/01-fetch.ts';
import { listOffsetsHandler } from '../../../src/kafka/api/02-list-offsets.ts';
import { offsetForLeaderEpochHandler } from '../../../src/kafka/api/23-offset-for-leader-epoch.ts';
import type { Handler } from '../../../src/kafka/api/handler.ts';
import type { LogConfig } from '../../../src/kafka/log/log-config.ts';
import type { LogManager } from '../../../src/kafka/log/log-manager.ts';
import type { UnifiedLog } from '../../../src/kafka/log/unified-log.ts';
import type {
  AlterPartitionCommand,
  AlterPartitionResult,
} from '../../../src/kafka/metadata/alter-partition.ts';
import type { LeaderAndIsrPartition } from '../../../src/kafka/metadata/controller-commands.ts';
import { MetadataCache } from '../../../src/kafka/metadata/metadata-cache.ts';
import type { LeaderAndIsr } from '../../../src/kafka/metadata/model.ts';
import type { ReplicaQuota } from '../../../src/kafka/quota/replication-quota.ts';
import type { PartitionAppended } from '../../../src/kafka/replica/delayed-produce.ts';
import { FetchSessions } from '../../../src/kafka/replica/fetch-session.ts';
import type { LeaderPort } from '../../../src/kafka/replica/fetcher/leader-port.ts';
import { REPLICATION_GUARDS, type ReplicationGuards } from '../../../src/kafka/replica/guards.ts';
import { AlterPartitionQueue } from '../../../src/kafka/replica/isr-changes.ts';
import { isRefused, type Partition } from '../../../src/kafka/replica/partition.ts';
import { ReplicaManager } from '../../../src/kafka/replica/replica-manager.ts';
import { replicationProtocol } from '../../../src/kafka/server/config/replication-protocol.ts';
import { ErrorCode } from '../../../src/wire/kafka/errors.ts';
import { buildBatch } from '../../../src/wire/kafka/records/builder.ts';
import { readAll } from '../../../src/wire/kafka/records/records.ts';
import type { Draft, Infer, Message } from '../../../src/wire/kafka/schema/index.ts';
import { BreakableDisk } from '../breakable-disk.ts';
import { loadedManager, logConfig } from '../log-env.ts';
import { memoryEnv } from '../memory-env.ts';
import { settle } from '../settle.ts';
import { VirtualTime } from '../virtual-time.ts';
import { callHandler } from './call-handler.ts';
import { replicaManagerOptions, TOPIC_SETTINGS } from './replicas.ts';

export const PARTITION = { topic: 't', partition: 0 };
const TOPIC_ID = 'Bjv0gMjFRrS1EkfKZmOutg';
const STEP_MS = 10;

export interface ClusterOptions {
  readonly guards?: Partial<ReplicationGuards>;
  /** `inter.broker.protocol.version` */
  readonly protocol?: string;
  readonly minInsyncReplicas?: number;
  readonly log?: Partial<LogConfig>;
  readonly replicaLagTimeMaxMs?: number;
  readonly logDirs?: readonly string[];
  readonly leaderQuota?: ReplicaQuota;
  readonly followerQuota?: ReplicaQuota;
}

/** Timers of one process: they end with it. */
class ProcessTimers implements Timers {
  isUp = true;
  private readonly time: VirtualTime;

  constructor(time: VirtualTime) {
    this.time = time;
  }

  after(delayMs: number, action: () => void): Timer {
    return this.time.after(delayMs, () => this.isUp && action());
  }

  every(intervalMs: number, action: () => void): Timer {
    return this.time.every(intervalMs, () => this.isUp && action());
  }

  soon(action: () => void): void {
    this.time.soon(() => this.isUp && action());
  }
}

/** The replica of one broker, without the broker around it. */
export class ReplicaNode {
  readonly id: number;
  readonly disk: Disk;
  readonly disks: BreakableDisk;
  /** Epoch of the registration: of this life. */
  epoch = 0;
  replicas: ReplicaManager | undefined;
  private readonly cluster: ReplicaCluster;
  private timers: ProcessTimers | undefined;
  private logs: LogManager | undefined;
  private handlers: readonly Handler[] = [];

  constructor(cluster: ReplicaCluster, id: number) {
    this.cluster = cluster;
    this.id = id;
    this.disks = new BreakableDisk(new MemoryDisk(cluster.time));
    this.disk = this.disks.disk;
  }

  get isUp(): boolean {
    return this.timers?.isUp === true;
  }

  async start(): Promise<void> {
    const { time, options } = this.cluster;
    this.epoch = this.cluster.nextBrokerEpoch();
    const timers = new ProcessTimers(time);
    this.timers = timers;
    const env = { ...memoryEnv(), clock: time, timers, disk: this.disk };
    const config = logConfig(options.log ?? {});
    const { logDirs = ['/data'] } = options;
    const logs = await loadedManager(env, {
      logDirs,
      configFor: () => config,
      onLogDirFailure: (_, partitions) => this.replicas?.markOffline(partitions),
    });
    this.logs = logs;
    const brokerEpoch = () => this.epoch;
    const metadata = this.cluster.metadata;
    const controller = {
      alterPartition: (command: AlterPartitionCommand) => this.cluster.alterPartition(command),
    };
    const settingsFor = () => ({ ...TOPIC_SETTINGS, minInsyncReplicas: options.minInsyncReplicas ?? 1 });
    const defaults = replicaManagerOptions(this.id, logs);
    const replicas = new ReplicaManager(env, {
      ...defaults,
      brokerEpoch,
      metadata,
      settingsFor,
      replicaLagTimeMaxMs: options.replicaLagTimeMaxMs ?? 10_000,
      isrChanges: new AlterPartitionQueue(env, { brokerId: this.id, brokerEpoch }, controller),
      guards: { ...REPLICATION_GUARDS, ...options.guards },
      leaderQuota: options.leaderQuota ?? defaults.leaderQuota,
      fetching: {
        ...defaults.fetching,
        quota: options.followerQuota ?? defaults.fetching.quota,
        protocol: replicationProtocol(options.protocol ?? '3.9-IV0'),
        backoffMs: 100,
        connect: (leaderId) => this.cluster.connect(this.id, leaderId),
      },
    });
    this.replicas = replicas;
    const sessions = new FetchSessions({ clock: time, random: env.random, slots: 10, evictionMs: 1000 });
    this.handlers = [
      fetchHandler({ env, replicas, metadata, sessions, settingsFor, maxBytes: 1_000_000 }),
      listOffsetsHandler({ replicas }),
      offsetForLeaderEpochHandler({ replicas }),
    ];
  }

  /** Ends the process. What was written below an offset is on the disk; the rest was in memory only. */
  async stop({ durableEnd = Number.POSITIVE_INFINITY } = {}): Promise<void> {
    if (this.timers !== undefined) this.timers.isUp = false;
    this.replicas?.close();
    if (durableEnd < this.log.logEndOffset) this.log.truncateTo(durableEnd);
    await this.logs?.shutdown();
    await this.cluster.settled();
    this.replicas = undefined;
  }

  get logManager(): LogManager {
    assert.ok(this.logs !== undefined, `broker ${this.id} is not up`);
    return this.logs;
  }

  handlerFor(request: Message): Handler {
    const handler = this.handlers.find((each) => each.request === request);
    assert.ok(handler !== undefined, `${request.name} is not served`);
    return handler;
  }

  get partition(): Partition {
    const partition = this.replicas?.lookup(PARTITION);
    assert.ok(partition !== undefined && !isRefused(partition), `broker ${this.id} has no replica`);
    return partition;
  }

  get log(): UnifiedLog {
    const log = this.logs?.get(PARTITION);
    assert.ok(log !== undefined, `broker ${this.id} has no log`);
    return log;
  }

  /** The values of all its records. */
  get records(): string[] {
    const { log } = this;
    const values: string[] = [];
    for (let offset = log.logStartOffset; offset < log.logEndOffset; ) {
      const options = {
        startOffset: offset,
        maxBytes: 1_000_000,
        isolation: 'log-end',
        minOneMessage: true,
      } as const;
      const { chunks } = log.read(options);
      for (const record of readAll(Buffer.concat(chunks))) {
        if (record.offset >= offset) values.push(String(record.value));
        offset = record.offset + 1;
      }
    }
    return values;
  }

  /** Appends a record as the leader; what came of it shows in the object later. */
  append(value: string, acks = -1): { error: ErrorCode | 'waiting' } {
    const outcome: { error: ErrorCode | 'waiting' } = { error: 'waiting' };
    const records = buildBatch([{ timestamp: 1000, key: null, value: Buffer.from(value) }]);
    assert.ok(this.replicas !== undefined);
    const params = { acks, timeoutMs: 60_000, origin: 'client' } as const;
    const answer = this.replicas.append(params, [{ topicPartition: PARTITION, records }]);
    const take = (results: readonly PartitionAppended[]) => {
      outcome.error = results[0]?.error ?? ErrorCode.UNKNOWN_SERVER_ERROR;
    };
    if (answer instanceof Promise) answer.then(take);
    else take(answer);
    return outcome;
  }
}

/** The next request or answer, which a test holds back. */
export interface Held {
  /** It is there. */
  isTaken: boolean;
  release(): void;
}

type Stage = 'request' | 'answer';

/**
 * The replicas of one partition on several brokers, with a network and a controller that do what the test says:
 * lines may be cut, messages held back, ISR changes left unanswered.
 */
export class ReplicaCluster {
  readonly time = new VirtualTime();
  readonly metadata = new MetadataCache();
  readonly nodes: readonly ReplicaNode[];
  readonly options: ClusterOptions;
  /** What the controller has decided. */
  state: LeaderAndIsr;
  /** While true, the controller does not look at what leaders ask it. */
  controllerHangs = false;
  private readonly registered = new Map<number, number>();
  private readonly cuts = new Set<string>();
  private holding: { from: number; stage: Stage; held: Held } | undefined;
  private brokerEpochs = 100;
  private waitingForController: (() => void)[] = [];

  constructor(count: number, options: ClusterOptions = {}) {
    this.options = options;
    this.nodes = Array.from({ length: count }, (_, index) => new ReplicaNode(this, index + 1));
    const ids = this.nodes.map(({ id }) => id);
    this.state = { leader: noOne, leaderEpoch: 0, isr: ids, leaderRecovering: false, partitionEpoch: 0 };
  }

  /** Starts all brokers, the first of them the leader. */
  static async start(count: number, options: ClusterOptions = {}): Promise<ReplicaCluster> {
    const cluster = new ReplicaCluster(count, options);
    for (const node of cluster.nodes) await cluster.startNode(node.id);
    cluster.elect(1);
    await cluster.run(100);
    return cluster;
  }

  node(id: number): ReplicaNode {
    const node = this.nodes[id - 1];
    assert.ok(node !== undefined);
    return node;
  }

  nextBrokerEpoch(): number {
    this.brokerEpochs += 1;
    return this.brokerEpochs;
  }

  /** Starts a broker, registers it, and has the controller tell it what it has to do. */
  async startNode(id: number): Promise<void> {
    const node = this.node(id);
    await node.start();
    this.registered.set(id, node.epoch);
    this.tellBrokers();
    if (this.state.leader !== noOne) this.tell(id);
  }

  /** The broker's process ends, and its session with it. */
  async stopNode(id: number, options: { durableEnd?: number } = {}): Promise<void> {
    await this.node(id).stop(options);
    this.registered.delete(id);
    this.tellBrokers();
  }

  private tellBrokers(): void {
    const brokers = Array.from(this.registered, ([id, epoch]) => ({ id, epoch, rack: null, endpoints: [] }));
    const topicIds = new Map([[PARTITION.topic, TOPIC_ID]]);
    this.metadata.apply({ brokers, topicIds, partitions: [{ ...this.command(), offlineReplicas: [] }] });
  }

  private command(): LeaderAndIsrPartition {
    const replicas = this.nodes.map(({ id }) => id);
    return {
      ...PARTITION,
      ...this.state,
      topicId: TOPIC_ID,
      isNew: false,
      replicas,
      addingReplicas: [],
      removingReplicas: [],
      controllerEpoch: 1,
    };
  }

  /** A new leader, with an ISR other than before if the test says so; those told hear of it at once. */
  elect(leader: number, options: { isr?: readonly number[]; told?: readonly number[] } = {}): void {
    const { isr = this.state.isr, told = this.nodes.map(({ id }) => id) } = options;
    const { leaderEpoch, partitionEpoch } = this.state;
    this.state = {
      ...this.state,
      leader,
      isr,
      leaderEpoch: leaderEpoch + 1,
      partitionEpoch: partitionEpoch + 1,
    };
    this.tellBrokers();
    for (const id of told) this.tell(id);
  }

  /** Has a broker hear what the controller has decided. */
  tell(id: number): void {
    const header = { controllerId: 9, controllerEpoch: 1, brokerEpoch: this.node(id).epoch };
    this.node(id).replicas?.applyLeaderAndIsr({
      kind: 'leaderAndIsr',
      ...header,
      partitions: [this.command()],
    });
  }

  /** The rules of the controller that matter here. */
  async alterPartition(command: AlterPartitionCommand): Promise<AlterPartitionResult> {
    while (this.controllerHangs)
      await new Promise<void>((resolve) => this.waitingForController.push(resolve));
    const partitions = command.partitions.map((asked) => {
      const { leaderEpoch, partitionEpoch } = this.state;
      const isEligible = asked.isr.every(({ brokerId, brokerEpoch }) => {
        const registered = this.registered.get(brokerId);
        return registered !== undefined && (brokerEpoch === -1 || brokerEpoch === registered);
      });
      const answer = (errorCode: number) => ({ ...PARTITION, topicId: TOPIC_ID, errorCode, state: null });
      if (asked.leaderEpoch < leaderEpoch) return answer(ErrorCode.FENCED_LEADER_EPOCH);
      if (asked.partitionEpoch !== partitionEpoch) return answer(ErrorCode.INVALID_UPDATE_VERSION);
      if (!isEligible) return answer(ErrorCode.INELIGIBLE_REPLICA);
      const isr = asked.isr.map(({ brokerId }) => brokerId);
      this.state = { ...this.state, isr, partitionEpoch: partitionEpoch + 1 };
      return { ...PARTITION, topicId: TOPIC_ID, errorCode: ErrorCode.NONE, state: this.state };
    });
    return { errorCode: ErrorCode.NONE, partitions };
  }

  /** The controller looks at what it was asked meanwhile. */
  async controllerGoesOn(): Promise<void> {
    this.controllerHangs = false;
    for (const resolve of this.waitingForController.splice(0)) resolve();
    await this.settled();
  }

  // --- the network between followers and leaders

  /** New requests and answers between two brokers are lost. */
  cut(one: number, other: number): void {
    this.cuts.add(pairOf(one, other));
  }

  heal(): void {
    this.cuts.clear();
  }

  /** Holds back the next request of a broker, or the next answer to it. */
  hold(from: number, stage: Stage): Held {
    const held: Held = { isTaken: false, release: () => undefined };
    this.holding = { from, stage, held };
    return held;
  }

  connect(from: number, to: number): LeaderPort {
    let closed = false;
    const isLost = () =>
      closed || this.cuts.has(pairOf(from, to)) || !this.node(to).isUp || !this.node(from).isUp;
    return {
      request: async <Q extends Message, R extends Message>(
        messages: { readonly request: Q; readonly response: R },
        version: number,
        body: Draft<Q>,
      ): Promise<Infer<R>> => {
        const wasHeld = await this.pass(from, 'request');
        // What is on its way arrives, whatever becomes of the line and of its sender.
        if (!wasHeld && isLost()) throw new Error('the line is cut');
        const answer = await callHandler(this.node(to).handlerFor(messages.request), messages, version, body);
        await this.pass(from, 'answer');
        if (isLost()) throw new Error('the line is cut');
        assert.ok(answer !== undefined);
        return answer;
      },
      close: () => {
        closed = true;
      },
    };
  }

  private async pass(from: number, stage: Stage): Promise<boolean> {
    const { holding } = this;
    if (holding === undefined || holding.from !== from || holding.stage !== stage) return false;
    this.holding = undefined;
    const { held } = holding;
    held.isTaken = true;
    await new Promise<void>((resolve) => {
      held.release = resolve;
    });
    return true;
  }

  /** Lets time pass, and everything that it sets off. */
  async run(ms: number): Promise<void> {
    await this.settled();
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      this.time.advance(STEP_MS);
      await this.settled();
    }
  }

  /** Everything that needs no time has happened. */
  async settled(): Promise<void> {
    for (let round = 0; round < 3; round++) await settle();
  }

  /** Lets time pass in small steps until a condition holds. */
  async until(what: string, condition: () => boolean, withinMs = 5_000): Promise<void> {
    for (let passed = 0; !condition(); passed += STEP_MS) {
      assert.ok(passed < withinMs, `not within ${withinMs} ms: ${what}`);
      await this.run(STEP_MS);
    }
  }

  async close(): Promise<void> {
    for (const node of this.nodes) if (node.isUp) await node.stop();
  }
}

const noOne = -1;

function pairOf(one: number, other: number): string {
  return [one, other].toSorted().join('-');
}
