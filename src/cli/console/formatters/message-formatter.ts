import type { OutputBuffer } from '../output-buffer.ts';

/** What formatters print of a record; that of a consumer without deserializers. */
export interface PrintableRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly timestampType: 'NoTimestampType' | 'CreateTime' | 'LogAppendTime';
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly { readonly key: string; readonly value: Buffer | null }[];
  readonly leaderEpoch: number;
  readonly deliveryCount: number | undefined;
}

/** Prints records (`org.apache.kafka.common.MessageFormatter`). */
export interface MessageFormatter {
  /** Throws {@link JavaError} for a record that cannot be shown. */
  write(record: PrintableRecord, output: OutputBuffer): void;
}

/** How a formatter tells of what it goes on without: an error with Java's class. */
export type Complain = (message: string, cause: Error) => void;

/** Properties of `--property` and `--formatter-config`. */
export type FormatterProperties = ReadonlyMap<string, string>;
