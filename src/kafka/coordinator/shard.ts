import type { TimerTable } from './timer-table.ts';

/** Where a record came from, for replaying it. */
export interface RecordPosition {
  /** Offset of the batch's first record. */
  readonly baseOffset: number;
  /** Producer of a transactional batch; undefined for all others. */
  readonly producerId: bigint | undefined;
}

/**
 * What a handler makes of an event: records to append, and what to do once they are committed (or refused). The
 * shard must not have changed what replay changes; it may have changed what lives in memory only.
 */
export interface CoordinatorResult<R> {
  readonly records: readonly R[];
  /**
   * Called once: with 0 after the records have been replayed, or with the error of the append
   * (REQUEST_TIMED_OUT when they were not committed in time: they may still be, later). May ask for another write.
   */
  readonly committed?: (error: number) => CoordinatorResult<R> | undefined;
  /**
   * Called once when the records are out of the way: replayed, refused, or given up with the leadership. The same as
   * `committed` except after a timeout.
   */
  readonly settled?: () => void;
  /** The records may be appended as several batches; otherwise all in one, whole or not at all. */
  readonly splittable?: boolean;
}

/** Records of one kind of coordinator <-> keys and values in its topic. */
export interface CoordinatorCodec<R> {
  encode(record: R): { readonly key: Buffer; readonly value: Buffer | null };
  /** Undefined for a record type that this coordinator does not know; throws MalformedError for damaged ones. */
  decode(key: Buffer, value: Buffer | null): R | undefined;
}

/**
 * The state machine of one partition of a coordinator's topic. Replay is the only way its durable state changes; the
 * rest (who waits for what) lives in memory and is lost with the leadership.
 *
 * @template R records, @template T timer events
 */
export interface CoordinatorShard<R, T> {
  replay(record: R, position: RecordPosition): void;
  /** A transaction that wrote to this partition has ended. */
  replayEndTransaction(producerId: bigint, committed: boolean): void;
  /** The log has been replayed to its end: set timers, begin to serve. */
  loaded(): void;
  /** The leadership is lost: answer everyone who waits. Nothing can be appended any more. */
  unloaded(): void;
  /** A timer of this shard is due. */
  timer(event: T): CoordinatorResult<R> | undefined;
}

/** What the runtime gives to a shard. */
export interface ShardContext<T> {
  readonly partition: number;
  readonly timers: TimerTable<T>;
}
