import type { CompressionName } from '../../wire/kafka/records/batch.ts';

/**
 * What a topic's configuration says about appending and fetching: its overrides over the broker's defaults,
 * resolved by the caller. What concerns the log itself is in `LogConfig`.
 */
export interface TopicSettings {
  /** `compression.type`; `producer` keeps each batch as it came. */
  readonly compressionType: CompressionName | 'producer';
  /** `compression.gzip.level` or `compression.zstd.level`, where `compressionType` is that codec. */
  readonly compressionLevel: number | undefined;
  /** `message.timestamp.type` */
  readonly timestampType: 'CreateTime' | 'LogAppendTime';
  /** `message.timestamp.before.max.ms` */
  readonly timestampBeforeMaxMs: number;
  /** `message.timestamp.after.max.ms` */
  readonly timestampAfterMaxMs: number;
  /** `min.insync.replicas` */
  readonly minInsyncReplicas: number;
  /** `message.downconversion.enable` */
  readonly downConversionEnable: boolean;
}
