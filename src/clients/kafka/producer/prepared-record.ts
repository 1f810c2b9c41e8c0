import { KafkaError } from '../kafka-error.ts';

/** What a header's value may be given as. Text becomes UTF-8. */
export type HeaderValue = Uint8Array | string | null;

/** Headers in order, in which a key may come twice, or as an object. */
export type HeadersInput = readonly HeaderInput[] | Readonly<Record<string, HeaderValue>>;

export interface RecordHeaderBytes {
  readonly key: string;
  readonly value: Uint8Array | null;
}

/** Where a record went. */
export interface RecordMetadata {
  readonly topic: string;
  readonly partition: number;
  /** -1 where the broker does not tell: with acks 0, or of a record that had been written already. */
  readonly offset: number;
  /** Milliseconds: the broker's clock for a topic of `LogAppendTime`, else what the record was sent with. */
  readonly timestamp: number;
}

/** Who hears what became of a record. `slot` tells apart the records of one receiver. */
export interface Receipt {
  acknowledged(slot: number, metadata: RecordMetadata): void;
  failed(slot: number, error: Error): void;
}

const NO_HEADERS: readonly RecordHeaderBytes[] = [];
/** The most that length, attributes, timestamp, offset and the lengths within a record take. */
const RECORD_OVERHEAD_BYTES = 5 + 1 + 10 + 5 + 5 + 5 + 5;
const HEADER_OVERHEAD_BYTES = 10;

/** A record that is ready to be written into a batch: text is left as it is until then, so that it is copied once. */
export class PreparedRecord {
  readonly topic: string;
  /** -1 until one is chosen. */
  partition: number;
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | string | null;
  readonly valueBytes: number;
  readonly headers: readonly RecordHeaderBytes[];
  /** The most that it takes in a batch. */
  readonly maxBytes: number;
  readonly receipt: Receipt;
  readonly slot: number;

  constructor(
    where: { readonly topic: string; readonly partition: number; readonly timestamp: number },
    content: {
      readonly key: Uint8Array | null;
      readonly value: Uint8Array | string | null;
      readonly headers: HeadersInput | undefined;
    },
    receipt: Receipt,
    slot: number,
  ) {
    const { key, value } = content;
    this.topic = where.topic;
    this.partition = where.partition;
    this.timestamp = where.timestamp;
    this.key = key;
    this.value = value;
    this.valueBytes =
      value === null ? 0 : typeof value === 'string' ? Buffer.byteLength(value, 'utf8') : value.length;
    this.headers = content.headers === undefined ? NO_HEADERS : headerBytes(content.headers);
    this.maxBytes = RECORD_OVERHEAD_BYTES + (key?.length ?? 0) + this.valueBytes + sizeOf(this.headers);
    this.receipt = receipt;
    this.slot = slot;
  }
}

export interface HeaderInput {
  readonly key: string;
  readonly value: HeaderValue;
}

/** Headers in order, however they were given. */
export function headerList(headers: HeadersInput | undefined): readonly HeaderInput[] {
  if (headers === undefined) return [];
  if (Array.isArray(headers)) return headers as readonly HeaderInput[];
  return Object.entries(headers as Readonly<Record<string, HeaderValue>>).map(([key, value]) => ({
    key,
    value,
  }));
}

/** Throws a {@link KafkaError} of code SERIALIZATION. */
function headerBytes(headers: HeadersInput): readonly RecordHeaderBytes[] {
  const entries = Array.isArray(headers)
    ? (headers as readonly { readonly key: string; readonly value: HeaderValue }[])
    : Object.entries(headers as Readonly<Record<string, HeaderValue>>).map(([key, value]) => ({
        key,
        value,
      }));
  return entries.map(({ key, value }) => {
    if (typeof key !== 'string') {
      throw new KafkaError('SERIALIZATION', `a header's key is ${typeof key}: give a string`);
    }
    if (value === null || value instanceof Uint8Array) return { key, value };
    if (typeof value === 'string') return { key, value: Buffer.from(value, 'utf8') };
    throw new KafkaError('SERIALIZATION', `header ${key} is ${typeof value}: give a string, bytes or null`);
  });
}

function sizeOf(headers: readonly RecordHeaderBytes[]): number {
  let bytes = 0;
  for (const { key, value } of headers) {
    bytes += HEADER_OVERHEAD_BYTES + Buffer.byteLength(key, 'utf8') + (value?.length ?? 0);
  }
  return bytes;
}
