/**
 * Settings of one log: the topic's overrides over the broker's defaults, resolved by the caller. Field names are
 * the topic configuration keys in camelCase; a limit of -1 means none.
 */
export interface LogConfig {
  readonly segmentBytes: number;
  readonly segmentMs: number;
  readonly segmentJitterMs: number;
  /** Size limit of each index file of a segment. */
  readonly segmentIndexBytes: number;
  readonly indexIntervalBytes: number;
  /** Flush after this many records since the last flush. */
  readonly flushMessages: number;
  readonly flushMs: number;
  readonly retentionBytes: number;
  readonly retentionMs: number;
  readonly fileDeleteDelayMs: number;
  readonly maxMessageBytes: number;
  /** `cleanup.policy` holds `compact`. */
  readonly compact: boolean;
  /** `cleanup.policy` holds `delete`. */
  readonly delete: boolean;
  readonly minCompactionLagMs: number;
  readonly maxCompactionLagMs: number;
  readonly deleteRetentionMs: number;
  readonly minCleanableDirtyRatio: number;
  /** Record format written to this log: 2, or 0 and 1 with an inter-broker protocol before 3.0. */
  readonly messageFormatMagic: 0 | 1 | 2;
  /** New segments' files get their full size at once. */
  readonly preallocate: boolean;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Kafka's own defaults. */
export const DEFAULT_LOG_CONFIG: LogConfig = {
  segmentBytes: 1024 * 1024 * 1024,
  segmentMs: 7 * DAY_MS,
  segmentJitterMs: 0,
  segmentIndexBytes: 10 * 1024 * 1024,
  indexIntervalBytes: 4096,
  flushMessages: Number.MAX_SAFE_INTEGER,
  flushMs: Number.MAX_SAFE_INTEGER,
  retentionBytes: -1,
  retentionMs: 7 * DAY_MS,
  fileDeleteDelayMs: 60_000,
  maxMessageBytes: 1024 * 1024 + 12,
  compact: false,
  delete: true,
  minCompactionLagMs: 0,
  maxCompactionLagMs: Number.MAX_SAFE_INTEGER,
  deleteRetentionMs: DAY_MS,
  minCleanableDirtyRatio: 0.5,
  messageFormatMagic: 2,
  preallocate: false,
};

/** How old the first record of a segment may get before a new one is begun. */
export function maxSegmentMs(config: LogConfig): number {
  return config.compact && config.maxCompactionLagMs > 0
    ? Math.min(config.maxCompactionLagMs, config.segmentMs)
    : config.segmentMs;
}
