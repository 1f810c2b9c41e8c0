/** An offset and where its batch lies, when that is known. */
export interface LogOffsetMetadata {
  readonly messageOffset: number;
  /** Base offset of the segment, or -1 when only the offset is known. */
  readonly segmentBaseOffset: number;
  /** Byte position in that segment, or -1. */
  readonly positionInSegment: number;
}

export function offsetOnly(messageOffset: number): LogOffsetMetadata {
  return { messageOffset, segmentBaseOffset: -1, positionInSegment: -1 };
}

export function isOffsetOnly(metadata: LogOffsetMetadata): boolean {
  return metadata.segmentBaseOffset < 0;
}

/** Who appends: decides which producer checks apply (AppendOrigin in Kafka). */
export type AppendOrigin = 'client' | 'coordinator' | 'replication';

export interface AppendInfo {
  /** Offset of the first record; -1 for a follower's magic 0/1 data, which does not tell. */
  readonly firstOffset: number;
  readonly lastOffset: number;
  /** Of the whole append; -1 without timestamps. */
  readonly maxTimestamp: number;
  /** Bytes written; 0 for a duplicate. */
  readonly appendedBytes: number;
  /** The log held this batch already: the offsets are those of the first time, nothing was written. */
  readonly duplicate: boolean;
  /** The time the duplicate was written first; -1 otherwise. */
  readonly duplicateTimestamp: number;
  readonly lastLeaderEpoch: number;
  readonly logStartOffset: number;
  /** Set when `flush.messages` asked for a flush: answer only once it has come back. */
  readonly flushed: Promise<void> | undefined;
}

/** How far a read may go: a follower to the log end, a consumer to the high watermark or last stable offset. */
export type ReadIsolation = 'log-end' | 'high-watermark' | 'last-stable-offset';

export interface ReadOptions {
  readonly startOffset: number;
  readonly maxBytes: number;
  readonly isolation: ReadIsolation;
  /** Return the first batch even when it is larger than `maxBytes`, so that a reader always makes progress. */
  readonly minOneMessage: boolean;
}

export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: number;
}

export interface LogReadResult {
  /** Where the batch that holds the start offset lies. */
  readonly fetchOffset: LogOffsetMetadata;
  /** Whole batches in order, sharing memory with the log: read only. The first may begin below the start offset. */
  readonly chunks: readonly Buffer[];
  readonly bytes: number;
  /** The first batch alone is larger than `maxBytes`: `chunks` holds only its beginning. */
  readonly firstEntryIncomplete: boolean;
  /** Present for `last-stable-offset` reads. */
  readonly abortedTransactions: readonly AbortedTransaction[] | undefined;
}

/** The four offsets of one moment. */
export interface LogOffsetSnapshot {
  readonly logStartOffset: number;
  readonly logEnd: LogOffsetMetadata;
  readonly highWatermark: LogOffsetMetadata;
  readonly lastStable: LogOffsetMetadata;
}

export interface TimestampAndOffset {
  readonly timestamp: number;
  readonly offset: number;
  /** -1 when unknown. */
  readonly leaderEpoch: number;
}

/** Answer to OffsetForLeaderEpoch; both -1 when the epoch is unknown. */
export interface EpochEndOffset {
  readonly leaderEpoch: number;
  readonly endOffset: number;
}

/** ListOffsets' special timestamps. */
export const ListOffsetsTimestamp = {
  LATEST: -1,
  EARLIEST: -2,
  MAX_TIMESTAMP: -3,
  EARLIEST_LOCAL: -4,
  LATEST_TIERED: -5,
} as const;

/** One producer as DescribeProducers shows it. */
export interface ActiveProducer {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly lastSequence: number;
  readonly lastTimestamp: number;
  readonly coordinatorEpoch: number;
  /** -1 when no transaction is open. */
  readonly currentTxnStartOffset: number;
}
