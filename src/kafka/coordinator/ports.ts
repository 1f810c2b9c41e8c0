/** What became of an append: where the batch lies now, or the protocol error that the log or partition gave. */
export type AppendResult =
  | { readonly baseOffset: number; readonly nextOffset: number }
  | { readonly error: number };

/** A stretch of a coordinator partition's log, read for loading. */
export interface LoadedChunk {
  /** Whole batches from the asked offset on, in order; empty when nothing lies there. */
  readonly records: Buffer;
  /** First offset that the log still has: where loading begins. */
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  readonly highWatermark: number;
}

/**
 * The log of an internal topic, as its coordinator needs it. The owner of the replicas implements it and also
 * calls {@link CoordinatorRuntime.highWatermarkAdvanced} when a partition's high watermark has moved, which it may
 * do inside `append`.
 */
export interface CoordinatorLog {
  /**
   * Appends one batch as the partition's leader with acks=all: refused when too few replicas are in sync. The batch
   * has base offset 0 and no leader epoch; the log fills both in. It is committed when the high watermark has
   * reached `nextOffset`.
   */
  append(partition: number, batch: Buffer): AppendResult;
  /**
   * Reads batches up to the end of the log (beyond the high watermark too). `fromOffset` undefined means the log's
   * start. `maxBytes` bounds the answer, but a first batch that is longer comes whole.
   */
  read(
    partition: number,
    fromOffset: number | undefined,
    maxBytes: number,
  ): Promise<LoadedChunk | { readonly error: number }>;
  /** The largest batch that `append` takes now (`max.message.bytes` of the topic). */
  maxBatchBytes(partition: number): number;
}
