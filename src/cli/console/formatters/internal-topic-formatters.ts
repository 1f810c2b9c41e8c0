import { MalformedError } from '../../../base/malformed-error.ts';
import { type Message, messageJsonText } from '../../../wire/kafka/schema/index.ts';
import {
  GroupMetadataKey,
  GroupMetadataValue,
  OffsetCommitKey,
  OffsetCommitValue,
} from '../../../wire/kafka/stored/offsets.ts';
import { TransactionLogKey, TransactionLogValue } from '../../../wire/kafka/stored/transactions.ts';
import { JavaError } from '../../java-error.ts';
import type { OutputBuffer } from '../output-buffer.ts';
import type { MessageFormatter, PrintableRecord } from './message-formatter.ts';

/** What a formatter makes of the record types that keys begin with. */
interface JsonFormat {
  /** The keys that are shown, by their type. */
  readonly keys: ReadonlyMap<number, Message>;
  /** Types that are passed over without a word; others are shown as unknown. */
  readonly silent: ReadonlySet<number>;
  readonly value: Message;
}

/** `OffsetsMessageFormatter`: committed offsets. */
export const OFFSETS_FORMAT: JsonFormat = {
  keys: new Map<number, Message>([
    [0, OffsetCommitKey],
    [1, OffsetCommitKey],
  ]),
  silent: new Set([2]),
  value: OffsetCommitValue,
};

/** `GroupMetadataMessageFormatter`: classic groups and their members. */
export const GROUP_METADATA_FORMAT: JsonFormat = {
  keys: new Map<number, Message>([[2, GroupMetadataKey]]),
  silent: new Set([0, 1]),
  value: GroupMetadataValue,
};

/** `TransactionLogMessageFormatter`. */
export const TRANSACTION_LOG_FORMAT: JsonFormat = {
  keys: new Map<number, Message>([[0, TransactionLogKey]]),
  silent: new Set(),
  value: TransactionLogValue,
};

/** Records of internal topics as JSON, without line feeds between them, as `ApiMessageFormatter` of 3.9. */
export class InternalTopicFormatter implements MessageFormatter {
  private readonly format: JsonFormat;

  constructor(format: JsonFormat) {
    this.format = format;
  }

  write({ key, value }: PrintableRecord, output: OutputBuffer): void {
    const keyText = key === null ? 'null' : this.keyText(key);
    if (keyText === undefined) return;
    const valueText = value === null ? 'null' : this.valueText(value);
    output.text(`{"key":${keyText},"value":${valueText}}`);
  }

  /** Undefined for a record that this formatter does not show. */
  private keyText(key: Buffer): string | undefined {
    const version = versionOf(key);
    if (this.format.silent.has(version)) return undefined;
    const message = this.format.keys.get(version);
    // 3.9 calls the type of a record the version of its key, of which there is one layout each.
    const data = message === undefined ? '"unknown"' : dataText(message, 0, key);
    return `{"version":${version},"data":${data}}`;
  }

  private valueText(value: Buffer): string {
    const version = versionOf(value);
    const { min, max } = this.format.value.versions;
    const isKnown = version >= min && version <= max;
    const data = isKnown ? dataText(this.format.value, version, value) : '"unknown"';
    return `{"version":${version},"data":${data}}`;
  }
}

function versionOf(bytes: Buffer): number {
  if (bytes.length >= 2) return bytes.readInt16BE();
  throw new JavaError('java.nio.BufferUnderflowException', null);
}

function dataText(message: Message, version: number, bytes: Buffer): string {
  try {
    return messageJsonText(message, version, message.wideAt(version).decode(bytes.subarray(2)));
  } catch (error) {
    if (error instanceof MalformedError) throw new JavaError('java.lang.RuntimeException', error.message);
    throw error;
  }
}
