import { javaDoubleText } from '../../base/java-double.ts';
import { JavaError } from '../java-error.ts';

/** Bytes to what Java's `toString` shows of the value that they are; throws {@link JavaError} when they are none. */
export type TextOfBytes = (bytes: Buffer) => string;

/** Makes a deserializer from its properties, `isKey` saying of what. */
type Factory = (properties: ReadonlyMap<string, string>, isKey: boolean) => TextOfBytes;

function serializationError(message: string): JavaError {
  return new JavaError('org.apache.kafka.common.errors.SerializationException', message);
}

function fixed(size: number, deserializer: string, text: TextOfBytes): Factory {
  return () => (bytes) => {
    if (bytes.length === size) return text(bytes);
    throw serializationError(`Size of data received by ${deserializer} is not ${size}`);
  };
}

/** The shortest decimal that is this float (Java's `Float.toString`). */
function floatText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  for (let digits = 1; digits < 9; digits++) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return javaDoubleText(shorter);
  }
  return javaDoubleText(Number(value.toPrecision(9)));
}

function booleanText(bytes: Buffer): string {
  const [byte] = bytes;
  if (byte === 1) return 'true';
  if (byte === 0) return 'false';
  throw serializationError(`Unexpected byte received by BooleanDeserializer: ${bytes.readInt8()}`);
}

/** As `Bytes.toString`: printable ASCII as it is, all else in hexadecimal. */
function escapedText(bytes: Buffer): string {
  const texts = Array.from(bytes, (byte) =>
    byte >= 0x20 && byte <= 0x7e && byte !== 0x5c
      ? String.fromCharCode(byte)
      : `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  );
  return texts.join('');
}

function uuidText(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  const parts = text.split('-');
  if (parts.length !== 5 || !parts.every((part) => /^[0-9a-fA-F]{1,16}$/.test(part))) {
    throw serializationError('Error parsing data into UUID');
  }
  // UUID.fromString takes the low digits of each part.
  return [8, 4, 4, 4, 12]
    .map((width, index) => (parts[index] ?? '').toLowerCase().padStart(width, '0').slice(-width))
    .join('-');
}

const stringDeserializer: Factory = (properties, isKey) => {
  const name =
    properties.get(`${isKey ? 'key' : 'value'}.deserializer.encoding`) ??
    properties.get('deserializer.encoding') ??
    'utf-8';
  const decoder = decoderOf(name);
  return (bytes) => decoder.decode(bytes);
};

function decoderOf(encoding: string) {
  try {
    return new TextDecoder(encoding, { ignoreBOM: true });
  } catch (error) {
    if (error instanceof RangeError) throw serializationError(`Unsupported encoding ${encoding}`);
    throw error;
  }
}

/** Apache's deserializers in `org.apache.kafka.common.serialization`, without the one of lists. */
const DESERIALIZERS: Readonly<Record<string, Factory>> = {
  BooleanDeserializer: fixed(1, 'BooleanDeserializer', booleanText),
  // Java shows the identity of the array, which helps nobody.
  ByteArrayDeserializer: () => (bytes) => bytes.toString('utf8'),
  ByteBufferDeserializer: () => (bytes) => {
    const size = bytes.length;
    return `java.nio.HeapByteBuffer[pos=0 lim=${size} cap=${size}]`;
  },
  BytesDeserializer: () => escapedText,
  DoubleDeserializer: fixed(8, 'Deserializer', (bytes) => javaDoubleText(bytes.readDoubleBE())),
  FloatDeserializer: fixed(4, 'Deserializer', (bytes) => floatText(bytes.readFloatBE())),
  IntegerDeserializer: fixed(4, 'IntegerDeserializer', (bytes) => String(bytes.readInt32BE())),
  LongDeserializer: fixed(8, 'LongDeserializer', (bytes) => String(bytes.readBigInt64BE())),
  ShortDeserializer: fixed(2, 'ShortDeserializer', (bytes) => String(bytes.readInt16BE())),
  StringDeserializer: stringDeserializer,
  UUIDDeserializer: () => uuidText,
  VoidDeserializer: () => () => {
    throw new JavaError('java.lang.IllegalArgumentException', 'Data should be null for a VoidDeserializer.');
  },
};

const PACKAGE = 'org.apache.kafka.common.serialization.';

/** The deserializer of a class of Java's. Throws {@link JavaError} for a class that is not there. */
export function javaDeserializer(
  className: string,
  properties: ReadonlyMap<string, string>,
  isKey: boolean,
): TextOfBytes {
  const name = className.startsWith(PACKAGE) ? className.slice(PACKAGE.length) : '';
  const factory = Object.hasOwn(DESERIALIZERS, name) ? DESERIALIZERS[name] : undefined;
  if (factory === undefined) throw new JavaError('java.lang.ClassNotFoundException', className);
  return factory(properties, isKey);
}
