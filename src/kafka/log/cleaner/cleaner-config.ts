/** The settings of the log cleaner, `log.cleaner.*`. */
export interface CleanerConfig {
  /** `log.cleaner.enable` */
  readonly enabled: boolean;
  /** `log.cleaner.threads`: how many logs are cleaned at the same time. */
  readonly threads: number;
  /** `log.cleaner.dedupe.buffer.size`: memory for keys and their offsets, of all threads together. */
  readonly dedupeBufferBytes: number;
  /** `log.cleaner.io.buffer.load.factor` */
  readonly dedupeBufferLoadFactor: number;
  /** `log.cleaner.io.buffer.size`: for reads and writes of all threads together. */
  readonly ioBufferBytes: number;
  /** `log.cleaner.io.max.bytes.per.second`, reads and writes of all threads together. */
  readonly maxIoBytesPerSecond: number;
  /** `log.cleaner.backoff.ms`: the pause when there is nothing to clean. */
  readonly backoffMs: number;
}

/** Kafka's own defaults. */
export const DEFAULT_CLEANER_CONFIG: CleanerConfig = {
  enabled: true,
  threads: 1,
  dedupeBufferBytes: 134_217_728,
  dedupeBufferLoadFactor: 0.9,
  ioBufferBytes: 524_288,
  maxIoBytesPerSecond: Number.MAX_VALUE,
  backoffMs: 15_000,
};
