import type { Env } from '../../../env/env.ts';
import { ErrorCode, errorOf } from '../../../wire/kafka/errors.ts';
import { FetchRequest, FetchResponse } from '../../../wire/kafka/messages/01-fetch.ts';
import { ListOffsetsRequest, ListOffsetsResponse } from '../../../wire/kafka/messages/02-list-offsets.ts';
import { batchesIn } from '../../../wire/kafka/records/batch.ts';
import { readBatch } from '../../../wire/kafka/records/records.ts';
import type { Infer } from '../../../wire/kafka/schema/index.ts';
import { isZooKeeperError } from '../../zookeeper/zookeeper-error.ts';
import type { BrokerPool } from '../cluster/broker-pool.ts';
import type { BrokerNode } from '../cluster/cluster-metadata.ts';
import { pause } from '../cluster/pause.ts';
import { KafkaError } from '../kafka-error.ts';
import type { BrokerRegistry } from './broker-registry.ts';
import type { OwnedPartition } from './owned-partition.ts';
import { WakeUp } from './wake-up.ts';

export interface FetchSettings {
  readonly fetchMessageMaxBytes: number;
  readonly fetchMinBytes: number;
  readonly fetchWaitMaxMs: number;
  readonly queuedMaxMessageChunks: number;
  readonly refreshLeaderBackoffMs: number;
  readonly autoOffsetReset: 'smallest' | 'largest';
}

interface FetcherContext {
  readonly env: Env;
  readonly pool: BrokerPool;
  readonly registry: BrokerRegistry;
  readonly settings: FetchSettings;
}

const TIMESTAMPS = { smallest: -2, largest: -1 } as const;
/** From version 13 on topics go by ids, which ZooKeeper's old nodes do not have. */
const FETCH_VERSIONS = { min: 0, max: 12 };
const LIST_OFFSETS_VERSIONS = { min: 1, max: 9 };

type PartitionAnswer = Infer<typeof FetchResponse>['responses'][number]['partitions'][number];

/**
 * Fetches the partitions that a member has claimed from the brokers that lead them.
 *
 *     leaderless --ZooKeeper names a leader that is alive--> with a broker's loop
 *     with a broker's loop --the broker is gone, or does not lead it any more--> leaderless
 *
 * A stream that is not read holds back its partitions alone: they are left out of the requests.
 */
export class PartitionFetchers {
  private readonly context: FetcherContext;
  private readonly leaderless = new Set<OwnedPartition>();
  private readonly led = new Map<number, Set<OwnedPartition>>();
  private readonly stopping = new AbortController();
  private readonly lostLeader = new WakeUp();
  private readonly room = new Set<WakeUp>();

  constructor(context: FetcherContext) {
    this.context = context;
  }

  start(): void {
    void this.guarded(() => this.findLeaders());
  }

  /** Fetches a partition until it is revoked. */
  add(owned: OwnedPartition): void {
    this.leaderless.add(owned);
    this.lostLeader.call();
  }

  /** Nothing comes of requests that are under way. */
  stop(): void {
    this.stopping.abort(new KafkaError('CLOSED', 'the partitions are given up'));
    this.lostLeader.call();
    this.roomCame();
  }

  /** A stream has taken up what it was given. */
  roomCame(): void {
    for (const wakeUp of this.room) wakeUp.call();
  }

  private get isStopped(): boolean {
    return this.stopping.signal.aborted;
  }

  /** Runs a loop to its end. What ends it but a stop goes to those who read the streams. */
  private async guarded(loop: () => Promise<void>): Promise<void> {
    try {
      await loop();
    } catch (error) {
      // A session that has expired is its owner's to replace.
      if (this.isStopped || isZooKeeperError(error, 'SESSIONEXPIRED')) return;
      this.context.env.log.error('fetching ended', { error: String(error) });
      const failure = error instanceof Error ? error : new Error(String(error));
      for (const owned of [...this.leaderless, ...[...this.led.values()].flatMap((each) => [...each])]) {
        owned.stream.end(failure);
      }
      this.stop();
    }
  }

  private async findLeaders(): Promise<void> {
    const { env, registry, settings } = this.context;
    while (!this.isStopped) {
      if (this.leaderless.size === 0) {
        await this.lostLeader.wait();
        continue;
      }
      const brokers = await registry.brokers();
      for (const owned of [...this.leaderless]) {
        const node = brokers.get(await registry.leader(owned.topic, owned.partition));
        if (this.isStopped) return;
        if (owned.isRevoked) this.leaderless.delete(owned);
        else if (node !== undefined) this.follow(node, owned);
      }
      if (this.leaderless.size > 0) {
        await pause(env.timers, settings.refreshLeaderBackoffMs, this.stopping.signal);
      }
    }
  }

  private follow(node: BrokerNode, owned: OwnedPartition): void {
    this.leaderless.delete(owned);
    const partitions = this.led.get(node.id);
    if (partitions !== undefined) {
      partitions.add(owned);
      this.roomCame();
      return;
    }
    const fresh = new Set([owned]);
    this.led.set(node.id, fresh);
    void this.guarded(() => this.fetchFrom(node, fresh));
  }

  private loseLeader(partitions: Set<OwnedPartition>, owned: OwnedPartition): void {
    partitions.delete(owned);
    if (!owned.isRevoked) this.add(owned);
  }

  private async fetchFrom(node: BrokerNode, partitions: Set<OwnedPartition>): Promise<void> {
    const wakeUp = new WakeUp();
    this.room.add(wakeUp);
    try {
      while (!this.isStopped && partitions.size > 0) await this.fetchOnce(node, partitions, wakeUp);
    } catch (error) {
      if (!(error instanceof KafkaError) || !error.retriable) throw error;
      if (this.isStopped) return;
      this.context.env.log.warn('fetching from a broker failed', { broker: node.id, error: error.message });
    } finally {
      this.room.delete(wakeUp);
      this.led.delete(node.id);
      for (const owned of [...partitions]) this.loseLeader(partitions, owned);
    }
  }

  private async fetchOnce(node: BrokerNode, partitions: Set<OwnedPartition>, wakeUp: WakeUp): Promise<void> {
    const { settings } = this.context;
    for (const owned of [...partitions]) if (owned.isRevoked) partitions.delete(owned);
    const wanted = [...partitions].filter(
      (owned) => owned.stream.chunksOf(owned) < settings.queuedMaxMessageChunks,
    );
    if (wanted.length === 0) return partitions.size === 0 ? undefined : wakeUp.wait();
    for (const owned of wanted) {
      if (owned.fetchOffset === undefined) await this.resetOffset(node, partitions, owned);
    }
    const ready = wanted.filter((owned) => partitions.has(owned) && owned.fetchOffset !== undefined);
    if (ready.length === 0 || this.isStopped) return;
    const { responses } = await this.fetch(node, ready);
    if (this.isStopped) return;
    for (const { topic, partitions: answers } of responses) {
      for (const answer of answers) {
        const owned = ready.find((each) => each.topic === topic && each.partition === answer.partitionIndex);
        if (owned !== undefined) this.take(partitions, owned, answer);
      }
    }
  }

  private async fetch(
    node: BrokerNode,
    ready: readonly OwnedPartition[],
  ): Promise<Infer<typeof FetchResponse>> {
    const { pool, settings } = this.context;
    const { connection, versions } = await pool.toBroker(node, 'data');
    const { fetchWaitMaxMs: maxWaitMs, fetchMinBytes: minBytes, fetchMessageMaxBytes } = settings;
    return connection.request(
      { request: FetchRequest, response: FetchResponse },
      versions.highest(FetchRequest, FETCH_VERSIONS),
      {
        maxWaitMs,
        minBytes,
        topics: ready.map(({ topic, partition, fetchOffset = 0 }) => ({
          topic,
          partitions: [{ partition, fetchOffset, partitionMaxBytes: fetchMessageMaxBytes }],
        })),
        forgottenTopicsData: [],
      },
    );
  }

  private take(partitions: Set<OwnedPartition>, owned: OwnedPartition, answer: PartitionAnswer): void {
    const { errorCode } = answer;
    if (errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) {
      owned.fetchOffset = undefined;
      return;
    }
    if (errorCode !== ErrorCode.NONE) {
      this.context.env.log.warn('a partition cannot be fetched', {
        topic: owned.topic,
        partition: owned.partition,
        error: errorOf(errorCode).name,
      });
      this.loseLeader(partitions, owned);
      return;
    }
    const from = owned.fetchOffset ?? 0;
    for (const batch of batchesIn(answer.records ?? Buffer.alloc(0))) {
      batch.ensureValid();
      // Batches are sent whole, from the one on that holds the offset. Control batches end transactions.
      const records = batch.isControl ? [] : [...readBatch(batch)].filter(({ offset }) => offset >= from);
      owned.fetchOffset = Math.max(from, batch.nextOffset);
      if (records.length > 0) owned.stream.push(owned, records);
    }
  }

  private async resetOffset(
    node: BrokerNode,
    partitions: Set<OwnedPartition>,
    owned: OwnedPartition,
  ): Promise<void> {
    const { pool, settings } = this.context;
    const { connection, versions } = await pool.toBroker(node, 'data');
    const { topic, partition } = owned;
    const { topics } = await connection.request(
      { request: ListOffsetsRequest, response: ListOffsetsResponse },
      versions.highest(ListOffsetsRequest, LIST_OFFSETS_VERSIONS),
      {
        replicaId: -1,
        isolationLevel: 0,
        topics: [
          {
            name: topic,
            partitions: [{ partitionIndex: partition, timestamp: TIMESTAMPS[settings.autoOffsetReset] }],
          },
        ],
      },
    );
    const answer = topics[0]?.partitions[0];
    if (answer?.errorCode === ErrorCode.NONE) owned.fetchOffset = answer.offset;
    else this.loseLeader(partitions, owned);
  }
}
