import { KafkaError } from '../../kafka-error.ts';
import type { Deserializer, SerdeContext } from '../../serde.ts';
import type { ConsumerRecord, UnparsablePolicy, UnparsedRecord } from '../consumer-record.ts';
import type { MakeRecord, RawRecord } from './record-decoder.ts';

export interface RecordRules<K, V> {
  readonly keyDeserializer: Deserializer<K>;
  readonly valueDeserializer: Deserializer<V>;
  readonly onUnparsable: UnparsablePolicy;
}

/** Makes records of a topic out of their bytes, by deserializers and the policy for what these refuse. */
export function recordMaker<K, V>(topic: string, rules: RecordRules<K, V>): MakeRecord<ConsumerRecord<K, V>> {
  const { keyDeserializer, valueDeserializer } = rules;
  const keyContext: SerdeContext = { topic, part: 'key' };
  const valueContext: SerdeContext = { topic, part: 'value' };
  return (raw) => {
    let key: K | null = null;
    let value: V | null = null;
    let unparsed: UnparsedRecord | undefined;
    try {
      if (raw.key !== null) key = keyDeserializer.deserialize(raw.key, keyContext);
    } catch (error) {
      unparsed = refused(raw, 'key', error);
    }
    try {
      if (raw.value !== null) value = valueDeserializer.deserialize(raw.value, valueContext);
    } catch (error) {
      unparsed ??= refused(raw, 'value', error);
    }
    if (unparsed !== undefined && isSkipped(unparsed, rules.onUnparsable)) return undefined;
    return {
      topic,
      partition: raw.partition,
      offset: raw.offset,
      timestamp: raw.timestamp,
      timestampType: raw.timestampType,
      key,
      value,
      headers: raw.headers,
      leaderEpoch: raw.leaderEpoch,
      deliveryCount: undefined,
      unparsed,
    };
  };
}

function refused(raw: RawRecord, part: 'key' | 'value', cause: unknown): UnparsedRecord {
  const { topic, partition, offset, key, value } = raw;
  const why = cause instanceof Error ? cause.message : String(cause);
  const error = new KafkaError(
    'SERIALIZATION',
    `the ${part} of ${topic}-${partition} at offset ${offset} does not parse: ${why}; seek past it to go on, or set onUnparsable`,
    { cause },
  );
  return { topic, partition, offset, part, error, key, value };
}

/** Throws the record's error where the policy is to fail. */
function isSkipped(record: UnparsedRecord, policy: UnparsablePolicy): boolean {
  const action = typeof policy === 'function' ? policy(record) : policy;
  if (action === 'fail') throw record.error;
  return action === 'skip';
}
