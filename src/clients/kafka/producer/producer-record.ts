import type { HeadersInput } from './prepared-record.ts';

/** A record to be sent. */
export interface ProducerRecord<K, V> {
  readonly topic: string;
  /** Default: the partitioner chooses. */
  readonly partition?: number | undefined;
  readonly key?: K | null | undefined;
  /** null (or none) is a tombstone. */
  readonly value?: V | null | undefined;
  readonly headers?: HeadersInput | undefined;
  /** Milliseconds since the epoch. Default: now. */
  readonly timestamp?: number | undefined;
}
