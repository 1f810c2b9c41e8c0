import { assert } from '../../base/assert.ts';
import type { Clock } from '../../env/clock.ts';
import type { Log } from '../../env/log.ts';
import type { Timer, Timers } from '../../env/timers.ts';
import { ErrorCode } from '../../wire/kafka/errors.ts';
import { BATCH_OVERHEAD, type CompressionName } from '../../wire/kafka/records/batch.ts';
import { buildBatch } from '../../wire/kafka/records/builder.ts';
import type { RecordDraft } from '../../wire/kafka/records/record.ts';
import { replayBatches } from './loader.ts';
import type { CoordinatorLog } from './ports.ts';
import type { CoordinatorCodec, CoordinatorResult, CoordinatorShard, ShardContext } from './shard.ts';
import { TimerTable } from './timer-table.ts';

/** Most that a record adds to a batch besides its key and value. */
const RECORD_OVERHEAD_BYTES = 21;

export type PartitionStatus = 'active' | 'loading' | 'failed' | 'absent';

/** Records that have been appended and wait for the high watermark. */
interface PendingWrite<R> {
  readonly baseOffset: number;
  readonly nextOffset: number;
  readonly records: readonly R[];
  /** Absent in all but the last batch of a write. */
  readonly result: CoordinatorResult<R> | undefined;
  readonly deadlineMs: number;
  answered: boolean;
}

interface Partition<R, T, S> {
  readonly index: number;
  readonly shard: S;
  readonly timers: TimerTable<T>;
  status: 'loading' | 'active' | 'failed' | 'closed';
  epoch: number;
  highWatermark: number;
  /** Where loading ended, once it has: serving begins when the high watermark is there. */
  loadedTo: number | undefined;
  readonly pending: PendingWrite<R>[];
  /** A turn is under way; what comes meanwhile waits in the inbox. */
  busy: boolean;
  readonly inbox: (() => void)[];
  wake: { readonly timer: Timer; readonly deadlineMs: number } | undefined;
}

export interface CoordinatorRuntimeOptions<R, T, S extends CoordinatorShard<R, T>> {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly partitionLog: CoordinatorLog;
  readonly codec: CoordinatorCodec<R>;
  readonly createShard: (context: ShardContext<T>) => S;
  /** How long a write may wait for its commitment before it is answered REQUEST_TIMED_OUT. */
  readonly writeTimeoutMs: number;
  readonly loadBufferBytes: number;
  readonly compression: CompressionName;
}

/**
 * Runs the shards of one coordinator: one per partition of its topic that this broker leads. States of a partition:
 *
 * - absent -> loading, when elected: the log is read and replayed. Requests are to be answered
 *   COORDINATOR_LOAD_IN_PROGRESS.
 * - loading -> active, when the log's end has been replayed and the high watermark has reached it. Apache does not wait
 *   for the latter; here nothing is ever served that another election could take back.
 * - loading -> failed, when the log cannot be read. Requests are to be answered NOT_COORDINATOR, until another
 *   election loads it again.
 * - any -> absent, when resigned: pending writes are answered NOT_COORDINATOR.
 *
 * A write goes: handler -> records -> append -> high watermark passes -> replay into the shard -> answer. State changes
 * by replay alone, so a write that fails or is lost leaves no trace, and replaying the log gives the same state.
 */
export class CoordinatorRuntime<R, T, S extends CoordinatorShard<R, T>> {
  private readonly options: CoordinatorRuntimeOptions<R, T, S>;
  private readonly partitions = new Map<number, Partition<R, T, S>>();
  /** The newest leader epoch heard of per partition: older elections and resignations come too late. */
  private readonly epochs = new Map<number, number>();

  constructor(options: CoordinatorRuntimeOptions<R, T, S>) {
    this.options = options;
  }

  status(index: number): PartitionStatus {
    const status = this.partitions.get(index)?.status;
    return status === undefined || status === 'closed' ? 'absent' : status;
  }

  /** The shards that serve. */
  activeShards(): S[] {
    return [...this.partitions.values()].filter((each) => each.status === 'active').map((each) => each.shard);
  }

  /** The shard of a partition that serves, for reading. */
  activeShard(index: number): S | undefined {
    const partition = this.partitions.get(index);
    return partition?.status === 'active' ? partition.shard : undefined;
  }

  get isLoading(): boolean {
    return [...this.partitions.values()].some((each) => each.status === 'loading');
  }

  /** This broker leads the partition in `epoch`. Resolves when loading has ended, one way or the other. */
  async elect(index: number, epoch: number): Promise<void> {
    if (!this.noteEpoch(index, epoch)) return;
    const known = this.partitions.get(index);
    if (known !== undefined && known.status !== 'failed') {
      // Leader all along, under a new epoch: the log is what it was.
      known.epoch = epoch;
      return;
    }
    if (known !== undefined) this.unload(known);
    const timers = new TimerTable<T>();
    const partition: Partition<R, T, S> = {
      index,
      shard: this.options.createShard({ partition: index, timers }),
      timers,
      status: 'loading',
      epoch,
      highWatermark: 0,
      loadedTo: undefined,
      pending: [],
      busy: false,
      inbox: [],
      wake: undefined,
    };
    this.partitions.set(index, partition);
    await this.load(partition);
  }

  /** This broker leads the partition no more: in `epoch` another does, or (undefined) the partition is gone. */
  resign(index: number, epoch: number | undefined): void {
    if (epoch !== undefined && !this.noteEpoch(index, epoch)) return;
    const partition = this.partitions.get(index);
    if (partition !== undefined) this.unload(partition);
  }

  /** Resigns from everything; nothing happens any more. */
  close(): void {
    for (const partition of [...this.partitions.values()]) this.unload(partition);
  }

  /** The partition's high watermark has moved: writes below it are committed. May be called within an append. */
  highWatermarkAdvanced(index: number, highWatermark: number): void {
    const partition = this.partitions.get(index);
    if (partition === undefined || highWatermark <= partition.highWatermark) return;
    partition.highWatermark = highWatermark;
    if (partition.status === 'loading') this.activateIfLoaded(partition);
    else this.turn(partition, () => undefined);
  }

  /**
   * Runs a handler in the partition's turn and writes its records. When the partition does not serve (any more),
   * `refuse` gets COORDINATOR_LOAD_IN_PROGRESS or NOT_COORDINATOR instead.
   */
  write(
    index: number,
    handler: (shard: S) => CoordinatorResult<R> | undefined,
    refuse: (error: number) => void,
  ): void {
    const partition = this.partitions.get(index);
    if (partition === undefined) {
      refuse(ErrorCode.NOT_COORDINATOR);
      return;
    }
    this.turn(partition, () => {
      if (partition.status === 'active') return handler(partition.shard);
      const loading = partition.status === 'loading';
      refuse(loading ? ErrorCode.COORDINATOR_LOAD_IN_PROGRESS : ErrorCode.NOT_COORDINATOR);
      return undefined;
    });
  }

  private noteEpoch(index: number, epoch: number): boolean {
    const known = this.epochs.get(index);
    if (known !== undefined && epoch < known) {
      this.options.log.info('ignoring an election that is out of date', { partition: index, epoch, known });
      return false;
    }
    this.epochs.set(index, epoch);
    return true;
  }

  private async load(partition: Partition<R, T, S>): Promise<void> {
    const { partitionLog, codec, log, loadBufferBytes, clock } = this.options;
    const startedMs = clock.monotonicMs();
    const target = { partition: partition.index, shard: partition.shard, codec, log };
    let offset: number | undefined;
    try {
      for (;;) {
        const chunk = await partitionLog.read(partition.index, offset, loadBufferBytes);
        if (partition.status !== 'loading') return;
        if ('error' in chunk) {
          this.fail(partition, `reading the log gives error ${chunk.error}`);
          return;
        }
        partition.highWatermark = Math.max(partition.highWatermark, chunk.highWatermark);
        offset ??= chunk.logStartOffset;
        const nextOffset = replayBatches(chunk.records, target);
        if (nextOffset !== undefined) offset = nextOffset;
        if (nextOffset === undefined || nextOffset >= chunk.logEndOffset) break;
      }
    } catch (error) {
      this.fail(partition, error instanceof Error ? error.message : String(error));
      return;
    }
    partition.loadedTo = offset;
    log.info('loaded coordinator partition', {
      partition: partition.index,
      epoch: partition.epoch,
      endOffset: offset,
      tookMs: Math.round(clock.monotonicMs() - startedMs),
    });
    this.activateIfLoaded(partition);
  }

  private fail(partition: Partition<R, T, S>, reason: string): void {
    if (partition.status !== 'loading') return;
    partition.status = 'failed';
    this.options.log.error('could not load coordinator partition: it is not served until elected again', {
      partition: partition.index,
      epoch: partition.epoch,
      reason,
    });
  }

  private activateIfLoaded(partition: Partition<R, T, S>): void {
    if (partition.loadedTo === undefined || partition.highWatermark < partition.loadedTo) return;
    this.turn(partition, () => {
      try {
        partition.shard.loaded();
        partition.status = 'active';
      } catch (error) {
        // What the log says makes no sense: a bug here or in whoever wrote it, but no reason to stop the broker.
        this.fail(partition, error instanceof Error ? error.message : String(error));
      }
      return undefined;
    });
  }

  private unload(partition: Partition<R, T, S>): void {
    this.turn(partition, () => {
      if (partition.status === 'closed') return undefined;
      const wasActive = partition.status === 'active';
      partition.status = 'closed';
      if (this.partitions.get(partition.index) === partition) this.partitions.delete(partition.index);
      partition.wake?.timer.cancel();
      partition.wake = undefined;
      if (!wasActive) return undefined;
      // The shard lets go first, so that what it hears about its writes finds it closed.
      partition.shard.unloaded();
      for (const write of partition.pending.splice(0))
        this.finish(partition, write, ErrorCode.NOT_LEADER_OR_FOLLOWER);
      this.options.log.info('unloaded coordinator partition', { partition: partition.index });
      return undefined;
    });
  }

  /** One turn: the action, its writes, whatever is committed by now, and then what came in meanwhile. */
  private turn(partition: Partition<R, T, S>, action: () => CoordinatorResult<R> | undefined): void {
    if (partition.busy) {
      partition.inbox.push(() => this.accept(partition, action()));
      return;
    }
    partition.busy = true;
    try {
      this.accept(partition, action());
      this.replayCommitted(partition);
      for (let next = partition.inbox.shift(); next !== undefined; next = partition.inbox.shift()) {
        next();
        this.replayCommitted(partition);
      }
    } finally {
      partition.busy = false;
    }
    this.setWake(partition);
  }

  private accept(partition: Partition<R, T, S>, result: CoordinatorResult<R> | undefined): void {
    if (result === undefined) return;
    if (partition.status !== 'active') {
      this.conclude(partition, result, ErrorCode.NOT_LEADER_OR_FOLLOWER);
      return;
    }
    if (result.records.length === 0) {
      this.conclude(partition, result, ErrorCode.NONE);
      return;
    }
    this.append(partition, result);
  }

  private append(partition: Partition<R, T, S>, result: CoordinatorResult<R>): void {
    const { clock, partitionLog, compression, writeTimeoutMs } = this.options;
    const batches = this.batches(partition, result);
    for (const [i, { records, drafts }] of batches.entries()) {
      const outcome = partitionLog.append(partition.index, buildBatch(drafts, { compression }));
      if ('error' in outcome) {
        // Batches before this one will still be replayed.
        this.conclude(partition, result, outcome.error);
        return;
      }
      assert(outcome.nextOffset > outcome.baseOffset, 'an appended batch has offsets');
      partition.pending.push({
        ...outcome,
        records,
        result: i === batches.length - 1 ? result : undefined,
        deadlineMs: clock.monotonicMs() + writeTimeoutMs,
        answered: false,
      });
    }
  }

  /** The records of a write in as many batches as it may take. */
  private batches(
    partition: Partition<R, T, S>,
    result: CoordinatorResult<R>,
  ): { records: R[]; drafts: RecordDraft[] }[] {
    const timestamp = this.options.clock.nowMs();
    const limit =
      result.splittable === true ? this.options.partitionLog.maxBatchBytes(partition.index) : Infinity;
    const batches: { records: R[]; drafts: RecordDraft[] }[] = [];
    let bytes = Infinity;
    for (const record of result.records) {
      const { key, value } = this.options.codec.encode(record);
      const size = key.length + (value?.length ?? 0) + RECORD_OVERHEAD_BYTES;
      let batch = batches.at(-1);
      if (batch === undefined || bytes + size > limit) {
        batch = { records: [], drafts: [] };
        batches.push(batch);
        bytes = BATCH_OVERHEAD;
      }
      bytes += size;
      batch.records.push(record);
      batch.drafts.push({ timestamp, key, value });
    }
    return batches;
  }

  private replayCommitted(partition: Partition<R, T, S>): void {
    for (;;) {
      const write = partition.pending[0];
      if (write === undefined || write.nextOffset > partition.highWatermark) return;
      partition.pending.shift();
      const position = { baseOffset: write.baseOffset, producerId: undefined };
      for (const record of write.records) partition.shard.replay(record, position);
      this.finish(partition, write, ErrorCode.NONE);
    }
  }

  private finish(partition: Partition<R, T, S>, write: PendingWrite<R>, error: number): void {
    if (write.result === undefined) return;
    if (write.answered) write.result.settled?.();
    else this.conclude(partition, write.result, error);
  }

  private conclude(partition: Partition<R, T, S>, result: CoordinatorResult<R>, error: number): void {
    result.settled?.();
    this.accept(partition, result.committed?.(error));
  }

  /** Answers writes that have waited too long. They stay pending: the log may still commit them. */
  private timeOutWrites(partition: Partition<R, T, S>, nowMs: number): void {
    for (const write of [...partition.pending]) {
      if (write.deadlineMs > nowMs) return;
      if (write.answered) continue;
      write.answered = true;
      this.accept(partition, write.result?.committed?.(ErrorCode.REQUEST_TIMED_OUT));
    }
  }

  private onWake(partition: Partition<R, T, S>): void {
    partition.wake = undefined;
    this.turn(partition, () => {
      if (partition.status !== 'active') return undefined;
      const nowMs = this.options.clock.monotonicMs();
      this.timeOutWrites(partition, nowMs);
      for (
        let due = partition.timers.takeDue(nowMs);
        due !== undefined;
        due = partition.timers.takeDue(nowMs)
      ) {
        this.accept(partition, partition.shard.timer(due.event));
        this.replayCommitted(partition);
      }
      return undefined;
    });
  }

  /** Has the partition called at its next deadline. */
  private setWake(partition: Partition<R, T, S>): void {
    if (partition.status !== 'active') return;
    const waiting = partition.pending.find((write) => !write.answered);
    const deadlineMs = Math.min(
      partition.timers.nextDeadlineMs() ?? Infinity,
      waiting?.deadlineMs ?? Infinity,
    );
    if (partition.wake !== undefined && partition.wake.deadlineMs <= deadlineMs) return;
    partition.wake?.timer.cancel();
    partition.wake = undefined;
    if (deadlineMs === Infinity) return;
    const delayMs = Math.max(0, deadlineMs - this.options.clock.monotonicMs());
    partition.wake = { timer: this.options.timers.after(delayMs, () => this.onWake(partition)), deadlineMs };
  }
}
