import type { TimestampType } from '../../../wire/kafka/records/batch.ts';
import type { KafkaError } from '../kafka-error.ts';

export interface ConsumerRecordHeader {
  readonly key: string;
  readonly value: Buffer | null;
}

/** One record of a topic, as a consumer hands it over. */
export interface ConsumerRecord<K = Buffer, V = Buffer> {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since the epoch; -1 where there is none. */
  readonly timestamp: number;
  readonly timestampType: TimestampType;
  /** Null when the record has none (and when it does not parse, see `unparsed`). */
  readonly key: K | null;
  /** Null is a tombstone in compacted topics (see `unparsed`, too). */
  readonly value: V | null;
  /** In order, repeated keys and all. */
  readonly headers: readonly ConsumerRecordHeader[];
  /** Of the leader that appended it; -1 where the log does not say. */
  readonly leaderEpoch: number;
  /** How often a share group has delivered it, this time included; undefined for other consumers. */
  readonly deliveryCount: number | undefined;
  /** What does not parse, where the policy is to hand it over raw. */
  readonly unparsed: UnparsedRecord | undefined;
}

/** Records of one partition that were fetched together. */
export interface ConsumerBatch<K = Buffer, V = Buffer> {
  readonly topic: string;
  readonly partition: number;
  /** At least one, by offset. */
  readonly records: readonly ConsumerRecord<K, V>[];
  readonly firstOffset: number;
  readonly lastOffset: number;
  /** Where the position is after the batch: what to commit once it has been dealt with. */
  readonly nextOffset: number;
  /** Offset behind the last record that all in-sync replicas have. */
  readonly highWatermark: number;
}

/** A record of which a deserializer has refused the key or the value. */
export interface UnparsedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** The part that was refused; the key first when it is both. */
  readonly part: 'key' | 'value';
  /** Of code SERIALIZATION; its `cause` is what the deserializer has thrown. */
  readonly error: KafkaError;
  /** The bytes as they are. */
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

/**
 * What becomes of a record that does not parse. `fail`: asking for it rejects, again and again, until the position is
 * moved past it by `seek`. `skip`: it is passed over. `raw`: it is handed over with `unparsed` set.
 */
export type UnparsableAction = 'fail' | 'skip' | 'raw';

/** One action for all, or a function that decides for each. */
export type UnparsablePolicy = UnparsableAction | ((record: UnparsedRecord) => UnparsableAction);
