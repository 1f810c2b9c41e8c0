import { MalformedError } from '../../../base/malformed-error.ts';
import { batchesIn, type RecordBatch } from '../../../wire/kafka/records/batch.ts';
import { readBatch } from '../../../wire/kafka/records/records.ts';
import type { ConsumerRecord, UnparsablePolicy, UnparsedRecord } from '../consumer/consumer-record.ts';
import { recordMaker } from '../consumer/fetch/make-record.ts';
import { KafkaError } from '../kafka-error.ts';
import type { Deserializer } from '../serde.ts';
import type { AcknowledgeType } from './acknowledge-type.ts';
import type { SharePartition } from './share-partition.ts';

export interface AcquiredRange {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly deliveryCount: number;
}

export interface ReadRules<K, V> {
  readonly keyDeserializer: Deserializer<K>;
  readonly valueDeserializer: Deserializer<V>;
  readonly onUnparsable: UnparsablePolicy;
  readonly checkCrcs: boolean;
}

/** What a partition's part of an answer holds for this member: records, and errors where records should be. */
export interface AcquiredRecords<K, V> {
  readonly items: (ConsumerRecord<K, V> | KafkaError)[];
  /** What is to be said at once: offsets without a record, and records that nobody is handed. */
  readonly verdicts: Map<number, AcknowledgeType | 'gap'>;
}

/**
 * Reads the records that were acquired out of the batches that hold them (`ShareCompletedFetch` of 4.3). Offsets
 * without a record (compacted, or control records) are gaps. A record that does not parse is released by policy `fail`
 * and rejected by `skip`; the records of a batch that is damaged are rejected.
 */
export function readAcquired<K, V>(
  partition: SharePartition,
  bytes: Buffer,
  ranges: readonly AcquiredRange[],
  rules: ReadRules<K, V>,
): AcquiredRecords<K, V> {
  const counts = deliveryCounts(ranges);
  const items: (ConsumerRecord<K, V> | KafkaError)[] = [];
  const verdicts = new Map<number, AcknowledgeType | 'gap'>();
  const onUnparsable = (record: UnparsedRecord) => fate(record, rules.onUnparsable);
  const make = recordMaker<K, V>(partition.topic, { ...rules, onUnparsable });
  const { batches, damage } = split(bytes);
  for (const batch of batches) {
    if (batch.isControl) continue;
    const { timestampType, leaderEpoch } = batch;
    try {
      if (rules.checkCrcs) batch.ensureValid();
      for (const record of readBatch(batch)) {
        const deliveryCount = counts.get(record.offset);
        if (deliveryCount === undefined) continue;
        counts.delete(record.offset);
        try {
          const made = make({ ...record, ...partition, timestampType, leaderEpoch });
          if (made === undefined) verdicts.set(record.offset, 'reject');
          else items.push({ ...made, deliveryCount });
        } catch (error) {
          items.push(
            error instanceof KafkaError
              ? error
              : new KafkaError('SERIALIZATION', 'onUnparsable has thrown, and the record has been released', {
                  cause: error,
                }),
          );
          verdicts.set(record.offset, 'release');
        }
      }
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      const where = `${partition.topic}-${partition.partition} from offset ${batch.baseOffset} on`;
      items.push(
        new KafkaError('CORRUPT_MESSAGE', `${where}: ${error.message}; the records have been rejected`, {
          cause: error,
        }),
      );
      for (const offset of counts.keys()) {
        if (offset >= batch.baseOffset && offset <= batch.lastOffset) verdicts.set(offset, 'reject');
      }
    }
  }
  if (damage !== undefined) {
    const text = `${partition.topic}-${partition.partition}: ${damage.message}; the records have been released`;
    items.push(new KafkaError('CORRUPT_MESSAGE', text, { cause: damage }));
  }
  const rest = damage === undefined ? 'gap' : 'release';
  for (const offset of counts.keys()) if (!verdicts.has(offset)) verdicts.set(offset, rest);
  return { items, verdicts };
}

/** The batches up to where the bytes are none. */
function split(bytes: Buffer): { batches: RecordBatch[]; damage: MalformedError | undefined } {
  const batches: RecordBatch[] = [];
  try {
    for (const batch of batchesIn(bytes)) batches.push(batch);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    return { batches, damage: error };
  }
  return { batches, damage: undefined };
}

/** By offset. */
function deliveryCounts(ranges: readonly AcquiredRange[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { firstOffset, lastOffset, deliveryCount } of ranges) {
    for (let offset = firstOffset; offset <= lastOffset; offset++) counts.set(offset, deliveryCount);
  }
  return counts;
}

/** Nobody stands still before a record that does not parse: the broker lends it to somebody else. */
function fate(record: UnparsedRecord, policy: UnparsablePolicy): 'skip' | 'raw' {
  const action = typeof policy === 'function' ? policy(record) : policy;
  if (action !== 'fail') return action;
  const { topic, partition, offset, part, error } = record;
  throw new KafkaError(
    'SERIALIZATION',
    `the ${part} of ${topic}-${partition} at offset ${offset} does not parse, and the record has been released; set onUnparsable`,
    { cause: error.cause },
  );
}
