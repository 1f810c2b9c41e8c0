import { javaDeserializer, type TextOfBytes } from '../java-deserializers.ts';
import type { OutputBuffer } from '../output-buffer.ts';
import type {
  Complain,
  FormatterProperties,
  MessageFormatter,
  PrintableRecord,
} from './message-formatter.ts';

const FLAGS = {
  timestamp: false,
  partition: false,
  offset: false,
  delivery: false,
  epoch: false,
  headers: false,
  key: false,
  value: true,
};

type Column = keyof typeof FLAGS;

type ColumnWriter = (record: PrintableRecord, output: OutputBuffer) => void;

/** Columns in their order, as `DefaultMessageFormatter` of 3.9, with those that 4.x has added. */
export class DefaultFormatter implements MessageFormatter {
  private readonly columns: readonly ColumnWriter[];
  private readonly columnSeparator: Buffer;
  private readonly lineSeparator: Buffer;
  private readonly headersSeparator: Buffer;
  private readonly nullLiteral: Buffer;
  private readonly endsWithLine: boolean;

  constructor(properties: FormatterProperties, complain: Complain) {
    const shows = (column: Column) =>
      properties.get(`print.${column}`)?.trim().toLowerCase() === 'true' ||
      (FLAGS[column] && !properties.has(`print.${column}`));
    const bytes = (name: string, otherwise: string) => Buffer.from(properties.get(name) ?? otherwise);
    this.columnSeparator = bytes('key.separator', '\t');
    this.lineSeparator = bytes('line.separator', '\n');
    this.headersSeparator = bytes('headers.separator', ',');
    this.nullLiteral = bytes('null.literal', 'null');
    const deserializer = (name: string, isKey: boolean) => deserializerOf(properties, complain, name, isKey);
    const key = deserializer('key.deserializer', true);
    const value = deserializer('value.deserializer', false);
    const header = deserializer('headers.deserializer', false);
    const writers: Readonly<Record<Column, ColumnWriter>> = {
      timestamp: ({ timestampType, timestamp }, output) =>
        output.text(timestampType === 'NoTimestampType' ? 'NO_TIMESTAMP' : `${timestampType}:${timestamp}`),
      partition: ({ partition }, output) => output.text(`Partition:${partition}`),
      offset: ({ offset }, output) => output.text(`Offset:${offset}`),
      delivery: ({ deliveryCount }, output) => output.text(`Delivery:${deliveryCount ?? 'NOT_PRESENT'}`),
      epoch: ({ leaderEpoch }, output) =>
        output.text(`Epoch:${leaderEpoch < 0 ? 'NOT_PRESENT' : leaderEpoch}`),
      headers: (record, output) => this.writeHeaders(record, header, output),
      key: (record, output) => this.writeBytes(record.key, key, output),
      value: (record, output) => this.writeBytes(record.value, value, output),
    };
    const columns: readonly Column[] = [
      'timestamp',
      'partition',
      'offset',
      'delivery',
      'epoch',
      'headers',
      'key',
      'value',
    ];
    const shown = columns.filter(shows);
    this.columns = shown.map((column) => writers[column]);
    this.endsWithLine = shown.length > 0;
  }

  write(record: PrintableRecord, output: OutputBuffer): void {
    let isFirst = true;
    for (const column of this.columns) {
      if (!isFirst) output.bytes(this.columnSeparator);
      isFirst = false;
      column(record, output);
    }
    if (this.endsWithLine) output.bytes(this.lineSeparator);
  }

  private writeBytes(
    bytes: Buffer | null,
    deserializer: TextOfBytes | undefined,
    output: OutputBuffer,
  ): void {
    // Java deserializes the literal, too.
    const shown = bytes ?? this.nullLiteral;
    if (deserializer === undefined) output.bytes(shown);
    else output.text(deserializer(shown));
  }

  private writeHeaders(
    { headers }: PrintableRecord,
    deserializer: TextOfBytes | undefined,
    output: OutputBuffer,
  ): void {
    if (headers.length === 0) output.text('NO_HEADERS');
    for (const [index, { key, value }] of headers.entries()) {
      if (index > 0) output.bytes(this.headersSeparator);
      output.text(`${key}:`);
      this.writeBytes(value, deserializer, output);
    }
  }
}

/** A deserializer that cannot be made is complained of, and the bytes are shown as they are. */
function deserializerOf(
  properties: FormatterProperties,
  complain: Complain,
  name: string,
  isKey: boolean,
): TextOfBytes | undefined {
  const className = properties.get(name);
  if (className === undefined) return undefined;
  const prefix = `${name}.`;
  const own = [...properties].filter(([key]) => key.startsWith(prefix) && key.length > prefix.length);
  try {
    return javaDeserializer(
      className,
      new Map(own.map(([key, value]) => [key.slice(prefix.length), value])),
      isKey,
    );
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    complain(`Unable to instantiate a deserializer from ${className}`, error);
    return undefined;
  }
}
