import type { Env } from '../../../env/env.ts';
import type { Timer } from '../../../env/timers.ts';
import { ErrorCode, errorOf } from '../../../wire/kafka/errors.ts';
import { backoffMs } from '../cluster/backoff.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { BrokerError, KafkaError } from '../kafka-error.ts';
import type { Accumulator } from './accumulator.ts';
import { BrokerLane, type ProduceOutcome } from './broker-lane.ts';
import type { PartitionQueue } from './partition-queue.ts';
import type { ProducerBatch } from './producer-batch.ts';
import type { ProducerMetrics } from './producer-metrics.ts';
import type { ProducerSettings } from './producer-options.ts';
import type { ProducerState } from './producer-state.ts';

/** Errors after which the leader is to be asked for anew (Apache's `InvalidMetadataException`s). */
const METADATA_ERRORS: ReadonlySet<number> = new Set([
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.LEADER_NOT_AVAILABLE,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.REPLICA_NOT_AVAILABLE,
  ErrorCode.NETWORK_EXCEPTION,
  ErrorCode.KAFKA_STORAGE_ERROR,
  ErrorCode.LISTENER_NOT_FOUND,
  ErrorCode.FENCED_LEADER_EPOCH,
  ErrorCode.UNKNOWN_LEADER_EPOCH,
  ErrorCode.UNKNOWN_TOPIC_ID,
  ErrorCode.INCONSISTENT_TOPIC_ID,
]);

interface SenderOptions {
  readonly env: Env;
  readonly cluster: Cluster;
  readonly settings: ProducerSettings;
  readonly accumulator: Accumulator;
  /** undefined without idempotence. */
  readonly state: ProducerState | undefined;
  readonly metrics: ProducerMetrics;
  /** Batches must not wait for more records: a flush is on, or records wait for room. */
  readonly isHurried: () => boolean;
  /** The producer has no id: one is needed before anything can be sent. */
  readonly onIdNeeded: () => void;
  /** Whether partitions of a transaction need no request of their own (KIP-890). */
  readonly hasNewTransactions: () => boolean;
  /** Why records that were never sent are not to be sent any more, while that is so; whether all are lost. */
  readonly drops: () => { readonly error: Error; readonly isFatal: boolean } | undefined;
  /** Batches have got their outcome: there may be room. */
  readonly onReleased: () => void;
}

/**
 * Sends batches to the leaders of their partitions and sees to what becomes of them (Apache's `Sender`). It runs when
 * something has happened (a batch was begun or is full, an answer came, time has passed), once for all that happened
 * in a turn.
 *
 *     waiting --sent--> under way --acknowledged--> done
 *                                 --refused for good, time is up--> failed
 *                                 --refused for now, connection lost--> waiting, to be sent again
 *                                 --too large--> split: its parts wait
 */
export class Sender {
  private readonly options: SenderOptions;
  private readonly lanes = new Map<number, BrokerLane>();
  /** Batches under way, in the order of their sending. */
  private readonly underWay = new Set<ProducerBatch>();
  private isAwake = false;
  private timer: Timer | undefined;
  private timerAtMs = Number.POSITIVE_INFINITY;
  private isRefreshing = false;
  private refreshPause: Timer | undefined;
  private refreshFailures = 0;
  private closed = false;

  constructor(options: SenderOptions) {
    this.options = options;
  }

  /** Looks for work once the turn is over. */
  wake(): void {
    if (this.isAwake || this.closed) return;
    this.isAwake = true;
    this.options.env.timers.soon(() => {
      this.isAwake = false;
      if (!this.closed) this.run();
    });
  }

  close(): void {
    this.closed = true;
    this.timer?.cancel();
    this.refreshPause?.cancel();
  }

  private run(): void {
    const { accumulator, state, env, onIdNeeded, drops, onReleased } = this.options;
    const nowMs = env.clock.monotonicMs();
    state?.settle();
    const drop = drops();
    if (drop !== undefined) {
      accumulator.abort(drop.error, drop.isFatal ? 'all' : 'unsent');
      onReleased();
    }
    this.expire(nowMs);
    if (accumulator.active.size === 0 && this.underWay.size === 0) return;
    if (state !== undefined && !state.hasId) onIdNeeded();
    let nextMs = this.collect(nowMs);
    for (const lane of this.lanes.values()) this.send(lane);
    nextMs = Math.min(nextMs, this.nextExpiryMs());
    this.wakeAt(nextMs, nowMs);
  }

  /** Gives each broker's lane the queues that it is to send from. Returns when to look again. */
  private collect(nowMs: number): number {
    const { accumulator, cluster } = this.options;
    let nextMs = Number.POSITIVE_INFINITY;
    let leaderMissing = false;
    for (const lane of this.lanes.values()) lane.ready.length = 0;
    for (const queue of accumulator.active) {
      const info = cluster.metadata.partition(queue.topic, queue.partition);
      if (info === undefined || info.leader < 0) {
        leaderMissing = true;
        continue;
      }
      const lane = this.lane(info.leader);
      const readyMs = this.readyAtMs(queue, lane, info.leaderEpoch, nowMs);
      if (readyMs > nowMs) nextMs = Math.min(nextMs, readyMs);
      else if (this.maySend(queue)) lane.ready.push(queue);
    }
    if (leaderMissing) this.refreshMetadata();
    return nextMs;
  }

  private lane(nodeId: number): BrokerLane {
    let lane = this.lanes.get(nodeId);
    if (lane === undefined) {
      const { cluster, settings } = this.options;
      const { hasNewTransactions } = this.options;
      lane = new BrokerLane(nodeId, { cluster, settings, hasNewTransactions, onChange: () => this.wake() });
      this.lanes.set(nodeId, lane);
    }
    return lane;
  }

  /** When the first batch of a queue is to be sent; in the past when at once. */
  private readyAtMs(queue: PartitionQueue, lane: BrokerLane, leaderEpoch: number, nowMs: number): number {
    const { accumulator, settings, isHurried } = this.options;
    const { first } = queue;
    if (first === undefined) return Number.POSITIVE_INFINITY;
    if (first.attempts > 0) {
      // A new leader may be asked at once (KIP-951).
      if (leaderEpoch > first.lastLeaderEpoch && first.lastLeaderEpoch >= 0) return nowMs;
      return first.notBeforeMs;
    }
    if (accumulator.isQueueFull(queue) || isHurried()) return nowMs;
    if (settings.lingersOnlyWhileBusy && lane.inFlight === 0) return nowMs;
    return first.createdMs + settings.lingerMs;
  }

  private maySend(queue: PartitionQueue): boolean {
    const { settings, state } = this.options;
    const { first } = queue;
    if (first === undefined) return false;
    // One at a time keeps the order without sequences.
    if (settings.maxInFlightRequests === 1 && queue.inFlight > 0) return false;
    return state === undefined || state.maySend(queue, first);
  }

  /** Sends requests of batches, one of each queue, until the broker has enough of them. */
  private send(lane: BrokerLane): void {
    if (lane.ready.length === 0 || !lane.isReady()) return;
    const { accumulator, settings, cluster } = this.options;
    while (lane.inFlight < settings.maxInFlightRequests && lane.ready.length > 0) {
      const batches: ProducerBatch[] = [];
      let bytes = 0;
      const left: PartitionQueue[] = [];
      for (const queue of lane.ready) {
        const { first } = queue;
        if (first === undefined) continue;
        if (batches.length > 0 && bytes + first.sizeBytes > settings.maxRequestBytes) {
          left.push(queue);
          continue;
        }
        const batch = accumulator.take(queue);
        if (batch === undefined) continue;
        this.options.state?.assign(queue, batch);
        batch.attempts++;
        batch.lastLeaderEpoch = cluster.metadata.partition(queue.topic, queue.partition)?.leaderEpoch ?? -1;
        queue.inFlight++;
        batches.push(batch);
        bytes += batch.sizeBytes;
        // The next batch of the same queue, in another request; those that had to wait come first.
        if (accumulator.isQueueFull(queue) && queue.first?.attempts === 0 && this.maySend(queue)) {
          left.push(queue);
        }
      }
      lane.ready.length = 0;
      lane.ready.push(...left);
      if (batches.length > 0) this.sendRequest(lane, batches);
    }
  }

  private sendRequest(lane: BrokerLane, batches: readonly ProducerBatch[]): void {
    const { metrics, env } = this.options;
    for (const batch of batches) this.underWay.add(batch);
    const sentMs = env.clock.monotonicMs();
    metrics.sent(batches);
    lane.send(batches, (outcomes) => {
      metrics.answered(env.clock.monotonicMs() - sentMs);
      for (const [index, batch] of batches.entries()) this.take(batch, outcomes[index]);
      this.options.onReleased();
      this.wake();
    });
  }

  /** What became of a batch. */
  private take(batch: ProducerBatch, outcome: ProduceOutcome | undefined): void {
    const { accumulator } = this.options;
    this.underWay.delete(batch);
    const queue = accumulator.queueOf(batch.topic, batch.partition);
    if (queue === undefined || outcome === undefined) return;
    queue.inFlight--;
    const { errorCode } = outcome;
    if (errorCode === ErrorCode.NONE || errorCode === ErrorCode.DUPLICATE_SEQUENCE_NUMBER) {
      this.complete(queue, batch, outcome);
    } else if (errorCode === ErrorCode.MESSAGE_TOO_LARGE && batch.count > 1 && !batch.isDone) {
      this.options.metrics.split();
      accumulator.split(queue, batch);
    } else this.refused(queue, batch, outcome);
  }

  private complete(queue: PartitionQueue, batch: ProducerBatch, outcome: ProduceOutcome): void {
    const { accumulator, state, metrics } = this.options;
    state?.acknowledged(queue, batch, outcome.baseOffset);
    // An earlier request may hold the memory still, when this is not the first.
    const isMemoryFree = batch.attempts === 1 && !batch.isDone;
    if (batch.acknowledge(outcome.baseOffset, outcome.logAppendTimeMs)) metrics.acknowledged(batch);
    accumulator.release(batch, isMemoryFree);
  }

  private refused(queue: PartitionQueue, batch: ProducerBatch, outcome: ProduceOutcome): void {
    const { accumulator, state, metrics, settings } = this.options;
    const { errorCode } = outcome;
    const isRetriable = outcome.failure?.retriable ?? errorOf(errorCode).retriable;
    const hasAttempts = batch.attempts <= settings.retries;
    if (!batch.isDone && hasAttempts && !this.isExpired(batch)) {
      if (state?.mayRetry(queue, batch, outcome, isRetriable) ?? isRetriable) {
        batch.notBeforeMs = this.afterPause(batch.attempts);
        accumulator.putBack(queue, batch);
        metrics.retried(batch);
      } else this.fail(queue, batch, outcome, true);
    } else this.fail(queue, batch, outcome, hasAttempts && outcome.failure === undefined);
    if (METADATA_ERRORS.has(errorCode)) this.refreshMetadata();
  }

  private fail(
    queue: PartitionQueue,
    batch: ProducerBatch,
    outcome: ProduceOutcome,
    isUnwritten: boolean,
  ): void {
    const { accumulator, state, metrics } = this.options;
    const error = outcome.failure ?? errorOfBatch(batch, outcome);
    const errors = outcome.recordErrors;
    if (batch.fail((index) => errors.get(index) ?? error)) {
      metrics.failed(batch);
      state?.failed(queue, batch, error, isUnwritten);
      if (!isUnwritten && batch.hasSequence) state?.lostTrack(queue, batch);
    }
    accumulator.release(batch, false);
  }

  private afterPause(failures: number): number {
    const { env, cluster } = this.options;
    const { retryBackoffMs, retryBackoffMaxMs } = cluster.settings;
    return env.clock.monotonicMs() + backoffMs(env.random, retryBackoffMs, retryBackoffMaxMs, failures);
  }

  private isExpired(batch: ProducerBatch): boolean {
    const { env, settings } = this.options;
    return env.clock.monotonicMs() - batch.createdMs >= settings.deliveryTimeoutMs;
  }

  private expire(nowMs: number): void {
    const { accumulator, settings } = this.options;
    const before = nowMs - settings.deliveryTimeoutMs;
    let any = false;
    for (const batch of accumulator.incomplete) {
      // The oldest come first, but for parts of those that were split.
      if (batch.createdMs > before) break;
      const queue = accumulator.queueOf(batch.topic, batch.partition);
      if (queue === undefined || batch.isDone) continue;
      any = true;
      accumulator.discard(queue, batch);
      this.expireOne(queue, batch);
    }
    if (any) this.options.onReleased();
  }

  private expireOne(queue: PartitionQueue, batch: ProducerBatch): void {
    const { accumulator, state, metrics, settings } = this.options;
    const error = new KafkaError(
      'TIMED_OUT',
      `${batch.count} records of ${batch.topic}-${batch.partition} were not acknowledged within ${settings.deliveryTimeoutMs} ms`,
      { retriable: true },
    );
    batch.fail(() => error);
    metrics.failed(batch);
    state?.failed(queue, batch, error, false);
    if (batch.attempts > 0 && batch.hasSequence) state?.lostTrack(queue, batch);
    accumulator.release(batch, false);
  }

  private nextExpiryMs(): number {
    const { accumulator, settings } = this.options;
    for (const batch of accumulator.incomplete) return batch.createdMs + settings.deliveryTimeoutMs;
    return Number.POSITIVE_INFINITY;
  }

  /** Asks who leads what, once at a time, with pauses after failures. */
  private refreshMetadata(): void {
    if (this.isRefreshing || this.closed) return;
    this.isRefreshing = true;
    const { cluster, env, accumulator, settings } = this.options;
    cluster
      .askMetadata([...accumulator.topicNames], settings.allowAutoTopicCreation)
      .then(
        () => {
          this.refreshFailures = 0;
        },
        (error: unknown) => {
          this.refreshFailures++;
          env.log.debug('metadata could not be had', { error });
        },
      )
      .finally(() => {
        if (this.closed) return;
        // A leader that is elected anew is not known at once: one question after another, not all the time.
        const waitMs = this.afterPause(1 + this.refreshFailures) - env.clock.monotonicMs();
        this.refreshPause = env.timers.after(waitMs, () => {
          this.isRefreshing = false;
          this.wake();
        });
        this.wake();
      });
  }

  private wakeAt(atMs: number, nowMs: number): void {
    if (atMs === Number.POSITIVE_INFINITY || (this.timerAtMs <= atMs && this.timerAtMs > nowMs)) return;
    this.timer?.cancel();
    this.timerAtMs = atMs;
    this.timer = this.options.env.timers.after(Math.max(0, Math.ceil(atMs - nowMs)), () => {
      this.timerAtMs = Number.POSITIVE_INFINITY;
      if (!this.closed) this.run();
    });
  }
}

function errorOfBatch(batch: ProducerBatch, { errorCode, errorMessage }: ProduceOutcome): KafkaError {
  return new BrokerError(errorCode, `${batch.topic}-${batch.partition}`, errorMessage);
}
