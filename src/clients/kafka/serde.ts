import { KafkaError } from './kafka-error.ts';

/** Where the bytes belong. */
export interface SerdeContext {
  readonly topic: string;
  readonly part: 'key' | 'value';
}

/** Values to bytes. Never called with null or undefined, which become a record's null. */
export interface Serializer<T> {
  /** Throws when it cannot; the send rejects with a {@link KafkaError} of code SERIALIZATION then. */
  serialize(value: T, context: SerdeContext): Uint8Array;
}

/** Bytes to values. Never called for a record's null, which stays null. */
export interface Deserializer<T> {
  /** Throws when it cannot; what happens then is the consumer's policy. `bytes` may be kept. */
  deserialize(bytes: Buffer, context: SerdeContext): T;
}

export interface Serde<T> extends Serializer<T>, Deserializer<T> {}

/** UTF-8. */
export const stringSerde: Serde<string> = {
  serialize: (value) => Buffer.from(value, 'utf8'),
  deserialize: (bytes) => bytes.toString('utf8'),
};

/** Bytes as they are. */
export const bytesSerde: Serde<Buffer> = {
  serialize: (value) => value,
  deserialize: (bytes) => bytes,
};

/** JSON in UTF-8. What is read is taken to be a `T`, unless `check` says otherwise by throwing. */
export function jsonSerde<T>(check?: (value: unknown) => T): Serde<T> {
  return {
    serialize(value) {
      const text: string | undefined = JSON.stringify(value);
      if (text === undefined) throw new KafkaError('SERIALIZATION', `${typeof value} cannot be said in JSON`);
      return Buffer.from(text, 'utf8');
    },
    deserialize(bytes) {
      const value: unknown = JSON.parse(bytes.toString('utf8'));
      return check === undefined ? (value as T) : check(value);
    },
  };
}

/** 4 bytes, big-endian (`IntegerSerializer`). */
export const int32Serde: Serde<number> = fixed(
  4,
  (bytes, value) => bytes.writeInt32BE(value),
  (bytes) => bytes.readInt32BE(),
);

/** 8 bytes, big-endian (`LongSerializer`). */
export const int64Serde: Serde<bigint> = fixed(
  8,
  (bytes, value) => bytes.writeBigInt64BE(value),
  (bytes) => bytes.readBigInt64BE(),
);

/** 8 bytes, big-endian (`DoubleSerializer`). */
export const float64Serde: Serde<number> = fixed(
  8,
  (bytes, value) => bytes.writeDoubleBE(value),
  (bytes) => bytes.readDoubleBE(),
);

function fixed<T>(
  size: number,
  write: (bytes: Buffer, value: T) => void,
  read: (bytes: Buffer) => T,
): Serde<T> {
  return {
    serialize(value) {
      const bytes = Buffer.alloc(size);
      write(bytes, value);
      return bytes;
    },
    deserialize(bytes) {
      if (bytes.length === size) return read(bytes);
      throw new KafkaError('SERIALIZATION', `${bytes.length} bytes where ${size} are expected`);
    },
  };
}
