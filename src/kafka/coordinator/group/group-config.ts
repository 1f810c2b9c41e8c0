/** The broker settings that group coordination goes by. */
export interface GroupConfig {
  /** `group.min.session.timeout.ms` */
  readonly minSessionTimeoutMs: number;
  /** `group.max.session.timeout.ms` */
  readonly maxSessionTimeoutMs: number;
  /** `group.max.size` */
  readonly maxSize: number;
  /** `group.initial.rebalance.delay.ms` */
  readonly initialRebalanceDelayMs: number;
  /** `offset.metadata.max.bytes`; compared, as Kafka does, with the length in UTF-16 units. */
  readonly offsetMetadataMaxBytes: number;
  /** `offsets.retention.minutes`, in milliseconds. */
  readonly offsetsRetentionMs: number;
  /** `offsets.retention.check.interval.ms` */
  readonly offsetsRetentionCheckIntervalMs: number;
  /** `offsets.topic.num.partitions` of the topic as it is: from its metadata when it exists. */
  readonly offsetsTopicPartitions: number;
  /** `offsets.commit.timeout.ms`: how long a write may wait for its commitment. */
  readonly offsetsCommitTimeoutMs: number;
  /** `offsets.load.buffer.size`: bytes read at a time when loading. */
  readonly offsetsLoadBufferBytes: number;
}

/** Kafka's defaults. */
export const DEFAULT_GROUP_CONFIG: GroupConfig = Object.freeze({
  minSessionTimeoutMs: 6_000,
  maxSessionTimeoutMs: 1_800_000,
  maxSize: 2_147_483_647,
  initialRebalanceDelayMs: 3_000,
  offsetMetadataMaxBytes: 4_096,
  offsetsRetentionMs: 7 * 24 * 60 * 60 * 1000,
  offsetsRetentionCheckIntervalMs: 600_000,
  offsetsTopicPartitions: 50,
  offsetsCommitTimeoutMs: 5_000,
  offsetsLoadBufferBytes: 5 * 1024 * 1024,
});

/** How long a member that joins for the first time may wait in a rebalance before it is given up. */
export const NEW_MEMBER_JOIN_TIMEOUT_MS = 5 * 60 * 1000;
