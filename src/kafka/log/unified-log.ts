import { AssertionError } from '../../base/assert.ts';
import type { LogConfig } from './log-config.ts';
import type {
  ActiveProducer,
  AppendInfo,
  AppendOrigin,
  EpochEndOffset,
  LogOffsetMetadata,
  LogOffsetSnapshot,
  LogReadResult,
  ReadOptions,
  TimestampAndOffset,
} from './log-types.ts';
import type { TopicPartition } from './topic-partition.ts';

function unfinished(): never {
  throw new AssertionError('not written yet');
}

/** The log of one partition: what is appended, read, truncated and asked about. */
export abstract class UnifiedLog {
  abstract readonly topicPartition: TopicPartition;
  abstract readonly config: LogConfig;
  /** 22 characters of base64url; undefined when nobody has told yet. */
  abstract readonly topicId: string | undefined;
  /** The log directory (one of `log.dirs`) that holds this log. */
  abstract readonly logDir: string;
  /** This log's own directory. */
  abstract readonly directory: string;

  abstract readonly logStartOffset: number;
  abstract readonly logEndOffset: number;
  abstract readonly logEnd: LogOffsetMetadata;
  abstract readonly highWatermark: number;
  abstract readonly lastStableOffset: number;
  abstract readonly sizeBytes: number;
  abstract readonly segmentCount: number;
  abstract readonly latestEpoch: number | undefined;

  /** All four offsets with their positions. */
  offsets(): LogOffsetSnapshot {
    return unfinished();
  }

  /**
   * Appends validated magic 2 batches as the leader: sets base offsets (from the log end) and leader epoch in
   * place, checks producers, writes. The buffer must not change afterwards: readers share it.
   */
  appendAsLeader(_records: Buffer, _leaderEpoch: number, _origin?: AppendOrigin): AppendInfo {
    return unfinished();
  }

  /** Appends a leader's batches as they are; offsets must follow the log end. */
  appendAsFollower(_records: Buffer, _leaderEpoch: number): AppendInfo {
    return unfinished();
  }

  /** Whether a read from here needs no file: in the hot tail, or nothing to return. */
  isHot(_options: ReadOptions): boolean {
    return unfinished();
  }

  /** Reads at once, from the hot tail or, blocking, from the segment. Throws OFFSET_OUT_OF_RANGE. */
  read(_options: ReadOptions): LogReadResult {
    return unfinished();
  }

  /** As {@link read}, waiting for the disk off the main thread. */
  readAsync(_options: ReadOptions): Promise<LogReadResult> {
    return unfinished();
  }

  /** ListOffsets: a time, or one of {@link ListOffsetsTimestamp}. Undefined when no record is that late. */
  offsetForTimestamp(_timestamp: number): Promise<TimestampAndOffset | undefined> {
    return unfinished();
  }

  /** ListOffsets version 0: segment starts last changed before a time, newest first. */
  legacyOffsetsBefore(_timestamp: number, _maxOffsets: number): number[] {
    return unfinished();
  }

  endOffsetForEpoch(_leaderEpoch: number): EpochEndOffset {
    return unfinished();
  }

  /** A new leader records where its epoch begins. */
  assignEpochStartOffset(_leaderEpoch: number, _startOffset: number): void {
    unfinished();
  }

  /** Sets the high watermark, held between log start and log end; returns what it became. */
  updateHighWatermark(_highWatermark: number | LogOffsetMetadata): number {
    return unfinished();
  }

  /** Raises the high watermark; returns the old one, or undefined when it stays. */
  maybeIncrementHighWatermark(_highWatermark: LogOffsetMetadata): LogOffsetMetadata | undefined {
    return unfinished();
  }

  /** DeleteRecords and replication of it. Throws OFFSET_OUT_OF_RANGE past the high watermark. */
  maybeIncrementLogStartOffset(_newLogStartOffset: number, _reason: string): boolean {
    return unfinished();
  }

  /** Drops records from this offset on; false when there are none. */
  truncateTo(_targetOffset: number): boolean {
    return unfinished();
  }

  truncateFullyAndStartAt(_newOffset: number, _logStartOffset?: number): void {
    unfinished();
  }

  flush(): Promise<void> {
    return unfinished();
  }

  updateConfig(_config: LogConfig): void {
    unfinished();
  }

  assignTopicId(_topicId: string): void {
    unfinished();
  }

  activeProducers(): ActiveProducer[] {
    return unfinished();
  }
}
