import { ByteReader } from '../../base/byte-reader.ts';
import { MalformedError } from '../../base/malformed-error.ts';
import { partitionKey } from '../../clients/kafka/admin/item-results.ts';
import type { LogRecord } from '../../wire/kafka/records/record.ts';
import { type Message, messageJsonText } from '../../wire/kafka/schema/index.ts';
import * as consumerGroups from '../../wire/kafka/stored/consumer-groups.ts';
import {
  ConsumerProtocolAssignment,
  ConsumerProtocolSubscription,
} from '../../wire/kafka/stored/consumer-protocol.ts';
import * as metadataRecords from '../../wire/kafka/stored/metadata-records.ts';
import * as offsets from '../../wire/kafka/stored/offsets.ts';
import { TransactionLogKey, TransactionLogValue } from '../../wire/kafka/stored/transactions.ts';
import { CliError } from '../failure.ts';
import { JavaError } from '../java-error.ts';
import { hashOrder, partitionHash } from '../java-hash-order.ts';
import type { DumpLogOptions } from '../kafka-dump-log.ts';

/** Key and payload of a record as text; undefined for what it does not have. */
export type ContentsOf = (record: LogRecord) => {
  readonly key: string | undefined;
  readonly payload: string | undefined;
};

/** How the contents of records are to be shown. Throws {@link JavaError} for a decoder that there is not. */
export function contentsReader(options: DumpLogOptions): ContentsOf {
  if (options.has('offsets-decoder')) return offsetsContents;
  if (options.has('transaction-log-decoder')) return transactionContents;
  if (options.has('cluster-metadata-decoder')) return metadataContents;
  if (options.has('remote-log-metadata-decoder')) {
    throw new CliError('--remote-log-metadata-decoder: tiered storage is not supported: leave the flag out');
  }
  const key = decoderOf(options.required('key-decoder-class'));
  const value = decoderOf(options.required('value-decoder-class'));
  return (record) => ({
    key: record.key === null ? undefined : key(record.key),
    payload: record.value === null ? undefined : value(record.value),
  });
}

const API = 'org.apache.kafka.tools.api';

const DECODERS: Readonly<Record<string, (bytes: Buffer) => string>> = {
  StringDecoder: (bytes) => bytes.toString(),
  IntegerDecoder: (bytes) => String(bytes.length === 4 ? bytes.readInt32BE() : undefined),
  LongDecoder: (bytes) => String(bytes.length === 8 ? bytes.readBigInt64BE() : undefined),
};

function decoderOf(className: string): (bytes: Buffer) => string {
  const name = className.replace(/^(?:kafka\.serializer|org\.apache\.kafka\.tools\.api)\./, '');
  if (className.startsWith('kafka.serializer.') && Object.hasOwn(DECODERS, name)) {
    console.log(`${className} is deprecated. Please use ${API}.${name} instead`);
  }
  const decoder = Object.hasOwn(DECODERS, name) && name !== className ? DECODERS[name] : undefined;
  if (decoder === undefined) throw new JavaError('java.lang.ClassNotFoundException', className);
  return decoder;
}

/** Messages of a module by the number that their records begin with. */
function byKey(
  module: Readonly<Record<string, unknown>>,
  kind: Message['kind'],
): ReadonlyMap<number, Message> {
  const messages = Object.values(module).filter(
    (value): value is Message => typeof value === 'object' && value !== null && 'kind' in value,
  );
  return new Map(
    messages.flatMap((message) =>
      message.kind === kind && message.key !== undefined ? [[message.key, message] as const] : [],
    ),
  );
}

const GROUP_KEYS = new Map([
  [0, offsets.OffsetCommitKey as Message],
  [1, offsets.OffsetCommitKey as Message],
  [2, offsets.GroupMetadataKey as Message],
  ...byKey(consumerGroups, 'coordinator-key'),
]);
const GROUP_VALUES = new Map([
  [0, offsets.OffsetCommitValue as Message],
  [1, offsets.OffsetCommitValue as Message],
  [2, offsets.GroupMetadataValue as Message],
  ...byKey(consumerGroups, 'coordinator-value'),
]);

function decoded(message: Message, bytes: Buffer): { version: number; value: Record<string, unknown> } {
  const version = bytes.readInt16BE();
  const value = message.wideAt(version).decode(bytes.subarray(2)) as Record<string, unknown>;
  return { version, value };
}

/** What members of the consumer protocol told and got, in the place of their bytes. */
function memberJson(message: Message, bytes: unknown): string | undefined {
  if (!Buffer.isBuffer(bytes)) return undefined;
  try {
    const { version, value } = decoded(message, bytes);
    return messageJsonText(message, version, value);
  } catch {
    // Bytes of another protocol stay bytes, as in Apache's tool.
    return undefined;
  }
}

function groupMetadataJson(version: number, value: Record<string, unknown>): string {
  const text = messageJsonText(offsets.GroupMetadataValue, version, value);
  const members = value['members'];
  if (value['protocolType'] !== 'consumer' || !Array.isArray(members)) return text;
  const json = members as Record<string, unknown>[];
  return json.reduce((shown: string, member) => {
    const subscription = memberJson(ConsumerProtocolSubscription, member['subscription']);
    const assignment = memberJson(ConsumerProtocolAssignment, member['assignment']);
    const replaced = (before: string, field: string, bytes: unknown, by: string | undefined) =>
      by === undefined || !Buffer.isBuffer(bytes)
        ? before
        : before.replace(`"${field}":"${bytes.toString('base64')}"`, () => `"${field}":${by}`);
    const once = replaced(shown, 'subscription', member['subscription'], subscription);
    return replaced(once, 'assignment', member['assignment'], assignment);
  }, text);
}

function offsetsContents({ key, value, offset }: LogRecord): ReturnType<ContentsOf> {
  if (key === null) {
    throw new JavaError(
      'java.lang.RuntimeException',
      `Failed to decode message at offset ${offset} using offset topic decoder (message had a missing key)`,
    );
  }
  try {
    const type = key.readInt16BE();
    const keyMessage = GROUP_KEYS.get(type);
    const valueMessage = GROUP_VALUES.get(type);
    if (keyMessage === undefined || valueMessage === undefined) {
      return { key: `Unknown record type ${type} at offset ${offset}, skipping.`, payload: undefined };
    }
    const keyJson = messageJsonText(keyMessage, 0, keyMessage.wideAt(0).decode(key.subarray(2)));
    const keyText = `{"type":"${type}","data":${keyJson}}`;
    if (value === null) return { key: keyText, payload: '<DELETE>' };
    const { version, value: data } = decoded(valueMessage, value);
    const json = type === 2 ? groupMetadataJson(version, data) : messageJsonText(valueMessage, version, data);
    return { key: keyText, payload: `{"version":"${version}","data":${json}}` };
  } catch (error) {
    if (!(error instanceof MalformedError || error instanceof RangeError)) throw error;
    return { key: `Error at offset ${offset}, skipping. ${error.message}`, payload: undefined };
  }
}

const TRANSACTION_STATES = [
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
  'Dead',
  'PrepareEpochFence',
];

function transactionContents({ key, value }: LogRecord): ReturnType<ContentsOf> {
  const type = key !== null && key.length >= 2 ? key.readInt16BE() : -1;
  if (key === null || type !== 0) return { key: `unknown::version=${type}`, payload: undefined };
  const { transactionalId } = TransactionLogKey.at(0).decode(key.subarray(2));
  const keyText = `transaction_metadata::transactionalId=${transactionalId}`;
  if (value === null) return { key: keyText, payload: '<DELETE>' };
  const entry = TransactionLogValue.at(value.readInt16BE()).decode(value.subarray(2));
  const partitions = (entry.transactionPartitions ?? []).flatMap(({ topic, partitionIds }) =>
    partitionIds.map((partition) => ({ topic, partition })),
  );
  const names = hashOrder(partitions, partitionHash).map(partitionKey);
  const fields = [
    `producerId:${entry.producerId}`,
    `producerEpoch:${entry.producerEpoch}`,
    `state=${TRANSACTION_STATES[entry.transactionStatus] ?? entry.transactionStatus}`,
    `partitions=[${names.join(',')}]`,
    `txnLastUpdateTimestamp=${entry.transactionLastUpdateTimestampMs}`,
    `txnTimeoutMs=${entry.transactionTimeoutMs}`,
  ];
  return { key: keyText, payload: fields.join(',') };
}

const METADATA_RECORDS = byKey(metadataRecords, 'metadata');

/** A record of KRaft's metadata log: a frame version, then type and version of the record. */
function metadataContents({ value, offset }: LogRecord): ReturnType<ContentsOf> {
  try {
    const reader = new ByteReader(value ?? Buffer.alloc(0));
    const frame = reader.uvarint();
    const type = reader.uvarint();
    const version = reader.uvarint();
    const message = METADATA_RECORDS.get(type);
    if (frame > 1 || message === undefined || value === null) {
      throw new MalformedError(`frame version ${frame}, record type ${type}`);
    }
    const data = message.wideAt(version).decode(value.subarray(reader.offset));
    const name = message.name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toUpperCase();
    const json = messageJsonText(message, version, data);
    return { key: undefined, payload: `{"type":"${name}","version":${version},"data":${json}}` };
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    return { key: undefined, payload: `Error at ${offset}, skipping. ${error.message}` };
  }
}
