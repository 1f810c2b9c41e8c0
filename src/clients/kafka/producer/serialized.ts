import { KafkaError } from '../kafka-error.ts';
import { type SerdeContext, type Serializer, stringSerde } from '../serde.ts';

/** A key or value in bytes, or as the text that it is. Throws a {@link KafkaError} of code SERIALIZATION. */
export function serialized<T>(
  value: T | null | undefined,
  serializer: Serializer<T> | undefined,
  context: SerdeContext,
): Uint8Array | string | null {
  if (value === undefined || value === null) return null;
  if (serializer === undefined || (serializer as unknown) === stringSerde) {
    // Text is written into the batch directly, without a buffer of its own.
    if (typeof value === 'string' || (value instanceof Uint8Array && serializer === undefined)) return value;
    if (serializer !== undefined) throw wrong(context, `${typeof value} is no string`);
    throw wrong(context, `${typeof value} is neither string nor bytes: give a ${context.part}Serializer`);
  }
  let bytes: Uint8Array;
  try {
    bytes = serializer.serialize(value, context);
  } catch (cause) {
    if (cause instanceof KafkaError) throw cause;
    throw wrong(context, cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (bytes instanceof Uint8Array) return bytes;
  throw wrong(context, `the serializer gave ${typeof bytes} where bytes are expected`);
}

function wrong({ topic, part }: SerdeContext, why: string, cause?: unknown): KafkaError {
  return new KafkaError('SERIALIZATION', `the ${part} of a record for topic ${topic}: ${why}`, { cause });
}
