import { pause } from '../../kafka/cluster/pause.ts';
import { hasType, isRebalancing } from '../error-kinds.ts';
import {
  KafkaJSFetcherRebalanceError,
  KafkaJSNoBrokerAvailableError,
  KafkaJSNotImplemented,
} from '../errors.ts';
import { Bail, createRetrier, type Retrier } from '../retrier.ts';
import { BatchHandler } from './batch-handler.ts';
import type { ConsumerSettings, RunSettings } from './consumer-settings.ts';
import type { FetchedBatch } from './fetched-batch.ts';
import { GroupConsumer } from './group-consumer.ts';
import type { OffsetsToCommit } from './group-session.ts';
import { Limiter } from './limiter.ts';
import { PartitionFetcher } from './partition-fetcher.ts';

/**
 * Drives a member: one loop for each broker, which fetches, has the batches worked on, and fetches again.
 *
 *     idle --start: joined--> running
 *     running --the group rebalances--> running, joined again
 *     running --something fails, again and again--> crashed: its owner hears of it
 *     running --stop--> stopped, once the batches under way are done; the group is left
 */
export class Runner {
  readonly group: GroupConsumer;
  private readonly settings: ConsumerSettings;
  private readonly run: RunSettings;
  private readonly retrier: Retrier;
  private readonly fetcher: PartitionFetcher;
  private readonly handler: BatchHandler;
  private readonly limiter: Limiter;
  private readonly onCrash: (error: unknown) => Promise<void>;
  /** Partitions whose batches are being worked on, as `topic partition`. */
  private readonly busy = new Set<string>();
  private running = false;
  private loop: Promise<void> = Promise.resolve();
  /** Aborted to end the fetches under way. */
  private round = new AbortController();
  /** Aborted when somebody who waits for something to fetch should look again. */
  private nudge = new AbortController();

  constructor(settings: ConsumerSettings, run: RunSettings, onCrash: (error: unknown) => Promise<void>) {
    this.settings = settings;
    this.run = run;
    this.onCrash = onCrash;
    this.retrier = createRetrier(settings.env, settings.retry);
    this.group = new GroupConsumer(settings, run);
    this.fetcher = new PartitionFetcher(settings, this.group);
    this.limiter = new Limiter(run.concurrency);
    this.handler = new BatchHandler(settings, run, this.group, {
      isRunning: () => this.running,
      heartbeat: () => this.heartbeat(),
    });
  }

  /** Resolves when the group has been joined, or the crash that kept it from that been dealt with. */
  async start(): Promise<void> {
    try {
      await this.group.connect();
      await this.group.joinAndSync();
    } catch (error) {
      await this.onCrash(error);
      return;
    }
    this.running = true;
    this.loop = this.consume();
  }

  /** Resolves when nothing is under way any more and the group has been left, as far as it can be reached. */
  async stop(): Promise<void> {
    if (!this.running) return;
    this.running = false;
    this.round.abort();
    this.nudge.abort();
    await this.loop;
    await this.leave();
  }

  /** Something may be fetched now that could not be before. */
  wake(): void {
    this.nudge.abort();
    this.nudge = new AbortController();
  }

  /** Commits for users, tried again while it fails. */
  async commitOffsets(offsets: { readonly topics: readonly OffsetsToCommit[] }): Promise<void> {
    if (!this.running) return;
    await this.retrier(async () => {
      try {
        await this.group.commitOffsets(offsets);
      } catch (error) {
        if (!this.running) return;
        throw error instanceof KafkaJSNotImplemented ? new Bail(error) : error;
      }
    });
  }

  private async leave(): Promise<void> {
    try {
      await this.group.leave();
    } catch (error) {
      this.settings.logger.namespace('Runner').debug('The group was not left', { error: String(error) });
    }
  }

  private async consume(): Promise<void> {
    while (this.running) {
      try {
        await this.retrier(() => this.consumeUntilFailure());
      } catch (error) {
        this.running = false;
        await this.leave();
        // Whoever stops this now has nothing to wait for: the crash is dealt with apart.
        void this.onCrash(error);
      }
    }
  }

  private async consumeUntilFailure(): Promise<void> {
    if (!this.running) return;
    const { logger, instrumentation } = this.settings;
    try {
      await this.fetchFromAll();
    } catch (error) {
      if (isRebalancing(error)) {
        const facts = this.group.memberFacts;
        const { message } = error as Error;
        logger.namespace('Runner').warn('The group is rebalancing, re-joining', { ...facts, error: message });
        instrumentation.emit(instrumentation.events.REBALANCING, facts);
        await this.group.joinAndSync();
      } else if (hasType(error, 'UNKNOWN_MEMBER_ID')) {
        logger
          .namespace('Runner')
          .error('The coordinator is not aware of this member, re-joining the group', {
            ...this.group.memberFacts,
            error: error.message,
          });
        this.group.forgetMember();
        await this.group.joinAndSync();
      } else if (error instanceof KafkaJSNotImplemented || error instanceof KafkaJSNoBrokerAvailableError) {
        throw new Bail(error);
      } else if (!(error instanceof KafkaJSFetcherRebalanceError)) throw error;
    }
  }

  /** Runs the loops of all brokers until one of them fails, then ends the others. */
  private async fetchFromAll(): Promise<void> {
    const nodeIds = this.settings.cluster.getNodeIds();
    if (nodeIds.length === 0) throw new KafkaJSNoBrokerAvailableError();
    const round = new AbortController();
    this.round = round;
    if (!this.running) return;
    let failure: { readonly error: unknown } | undefined;
    await Promise.all(
      nodeIds.map(async (nodeId) => {
        try {
          while (!round.signal.aborted) await this.fetchOnce(nodeId, nodeIds, round.signal);
        } catch (error) {
          failure ??= { error };
          round.abort();
          this.nudge.abort();
          this.nudge = new AbortController();
        }
      }),
    );
    if (failure !== undefined) throw failure.error;
  }

  private async fetchOnce(nodeId: number, nodeIds: readonly number[], signal: AbortSignal): Promise<void> {
    const { instrumentation, cluster, env, maxWaitMs } = this.settings;
    const current = cluster.getNodeIds();
    if (
      current.length > 0 &&
      (current.length !== nodeIds.length || nodeIds.some((id) => !current.includes(id)))
    ) {
      throw new KafkaJSFetcherRebalanceError();
    }
    const startMs = env.clock.nowMs();
    instrumentation.emit(instrumentation.events.FETCH_START, { nodeId });
    const nudge = this.nudge.signal;
    const batches = await this.fetcher.fetch(nodeId, this.busy, signal);
    if (batches === undefined && !signal.aborted)
      await pauseUnless(nudge, () => pause(env.timers, maxWaitMs, nudge));
    instrumentation.emit(instrumentation.events.FETCH, {
      // kafkajs has not counted them since it has several loops, and keeps the field.
      numberOfBatches: 0,
      duration: env.clock.nowMs() - startMs,
      nodeId,
    });
    if (signal.aborted) return;
    if (batches === undefined || batches.length === 0) await this.heartbeat();
    else await this.work(batches);
  }

  private async work(batches: readonly FetchedBatch[]): Promise<void> {
    const keys = batches.map(({ topic, partition }) => `${topic} ${partition}`);
    for (const key of keys) this.busy.add(key);
    try {
      const outcomes = await Promise.allSettled(
        batches.map((batch) => this.limiter.run(() => this.handler.handle(batch))),
      );
      const failed = outcomes.find((outcome) => outcome.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    } finally {
      for (const key of keys) this.busy.delete(key);
    }
  }

  private async heartbeat(): Promise<void> {
    try {
      await this.group.heartbeat();
    } catch (error) {
      if (isRebalancing(error) && this.run.autoCommit) await this.group.commitOffsets();
      throw error;
    }
  }
}

/** Waits; being nudged is no failure. */
async function pauseUnless(nudge: AbortSignal, wait: () => Promise<void>): Promise<void> {
  try {
    await wait();
  } catch (error) {
    if (!nudge.aborted) throw error;
  }
}
