import { getOrPut } from '../../../base/get-or-put.ts';
import { ErrorCode } from '../../../wire/kafka/errors.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { pause } from '../cluster/pause.ts';
import { BrokerError, KafkaError } from '../kafka-error.ts';
import type { Acknowledgements } from './acknowledgements.ts';
import { type AcquiredBatch, ShareBroker, type ShareRequestSettings } from './share-broker.ts';
import type { SharePartition } from './share-partition.ts';

export interface FetcherOptions extends ShareRequestSettings {
  /** What this member may fetch from, by topic id. */
  readonly assignment: () => ReadonlyMap<string, readonly number[]>;
  /** Takes records; what it gives is to be acknowledged at once. */
  readonly onAcquired: (batch: AcquiredBatch) => Acknowledgements[];
  /** An error that the user is to be told of. */
  readonly onError: (error: KafkaError) => void;
}

/**
 * Fetches from the leaders of the partitions that are assigned, and carries acknowledgements to where the records came
 * from (`ShareConsumeRequestManager` of 4.3). One request at a time goes to each broker; acknowledgements ride on
 * fetches, unless they are urgent or there is nothing to fetch.
 */
export class ShareFetcher {
  /** How long the broker keeps records for who acquired them; undefined before it has told. */
  lockTimeoutMs: number | undefined;
  private readonly cluster: Cluster;
  private readonly options: FetcherOptions;
  private readonly brokers = new Map<number, ShareBroker>();
  /** Acknowledgements that no broker has answered. */
  private readonly outstanding = new Set<Acknowledgements>();
  private isWanted = false;
  private isClosing = false;
  private refreshing = false;
  /** Of record limit: whose turn it is to be fetched from. */
  private turn = 0;
  private readonly stopListening: () => void;

  constructor(cluster: Cluster, options: FetcherOptions) {
    this.cluster = cluster;
    this.options = options;
    this.stopListening = cluster.onMetadata(() => this.pump());
  }

  /** Fetches until records have come, or `unwant`. */
  want(): void {
    this.isWanted = true;
    this.pump();
  }

  unwant(): void {
    this.isWanted = false;
  }

  /** Takes over acknowledgements. Urgent ones do not wait for a fetch. */
  acknowledge(all: readonly Acknowledgements[], isUrgent: boolean): void {
    for (const acknowledgements of all) {
      this.outstanding.add(acknowledgements);
      void acknowledgements.settled.then(() => this.outstanding.delete(acknowledgements));
      const broker = this.brokers.get(acknowledgements.nodeId);
      if (broker === undefined)
        acknowledgements.settle(new BrokerError(ErrorCode.NOT_LEADER_OR_FOLLOWER, 'acknowledgement'));
      else broker.put(acknowledgements, isUrgent);
    }
    this.pump();
  }

  /** Whether what was acquired from a broker may still be this member's: the session may have ended, and the records be others'. */
  holds({ nodeId, generation }: { readonly nodeId: number; readonly generation: number }): boolean {
    return this.brokers.get(nodeId)?.holds(generation) ?? false;
  }

  /** Acknowledgements under way. */
  get pending(): readonly Acknowledgements[] {
    return [...this.outstanding];
  }

  /** Gives every broker something to do that may have something to do. */
  pump(): void {
    if (this.isClosing) return;
    const wanted = this.wantedPartitions();
    for (const nodeId of wanted.keys()) this.broker(nodeId);
    const chosen = this.options.isRecordLimit ? this.choose([...wanted.keys()]) : undefined;
    for (const [nodeId, broker] of this.brokers) {
      const partitions = wanted.get(nodeId) ?? [];
      const isFetched = this.isWanted && partitions.length > 0;
      broker.next({
        partitions,
        fetch: !isFetched ? 'no' : chosen === undefined || chosen === nodeId ? 'full' : 'quiet',
      });
    }
  }

  /** Says the last acknowledgements, and ends the sessions: what was acquired and not acknowledged is free then. */
  async close(): Promise<void> {
    this.isClosing = true;
    this.stopListening();
    await Promise.all([...this.brokers.values()].map((broker) => broker.close()));
    for (const acknowledgements of this.outstanding) {
      acknowledgements.settle(new KafkaError('CLOSED', 'the share consumer is closed'));
    }
  }

  private broker(nodeId: number): ShareBroker {
    return getOrPut(this.brokers, nodeId, () => {
      return new ShareBroker(this.cluster, nodeId, this.options, {
        onAcquired: (batch) => this.acquired(batch),
        onLockTimeout: (lockTimeoutMs) => {
          this.lockTimeoutMs = lockTimeoutMs;
        },
        onError: this.options.onError,
        onStale: () => void this.refresh(),
        onIdle: () => this.pump(),
      });
    });
  }

  private acquired(batch: AcquiredBatch): void {
    this.isWanted = false;
    const verdicts = this.options.onAcquired(batch);
    if (verdicts.length > 0) this.acknowledge(verdicts, true);
  }

  /** The assigned partitions by their leaders, as far as these are known. */
  private wantedPartitions(): Map<number, SharePartition[]> {
    const { metadata } = this.cluster;
    const wanted = new Map<number, SharePartition[]>();
    let isLacking = false;
    for (const [topicId, partitions] of this.options.assignment()) {
      const topic = metadata.topicName(topicId);
      for (const partition of partitions) {
        const leader = topic === undefined ? undefined : metadata.leaderOf(topic, partition);
        if (topic === undefined || leader === undefined) isLacking = true;
        else getOrPut(wanted, leader.id, () => []).push({ topicId, topic, partition });
      }
    }
    if (isLacking) void this.refresh();
    return wanted;
  }

  /** One broker at a time; the turn goes on when its fetch is over. */
  private choose(nodeIds: readonly number[]): number | undefined {
    const busy = nodeIds.find((nodeId) => this.brokers.get(nodeId)?.isFetching === true);
    if (busy !== undefined || nodeIds.length === 0) return busy;
    if (!this.isWanted) return nodeIds[0];
    this.turn++;
    return nodeIds.toSorted((a, b) => a - b)[this.turn % nodeIds.length];
  }

  /** What is known of the cluster is outdated; the new metadata pumps. */
  private async refresh(): Promise<void> {
    if (this.refreshing || this.isClosing) return;
    this.refreshing = true;
    try {
      await pause(this.cluster.env.timers, this.cluster.settings.retryBackoffMs);
      if (!this.isClosing) await this.cluster.retry(() => this.cluster.refresh());
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error;
      if (!this.isClosing) this.options.onError(error);
    } finally {
      this.refreshing = false;
    }
  }
}
