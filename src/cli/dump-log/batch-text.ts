import type { RecordBatch } from '../../wire/kafka/records/batch.ts';
import { controlTypeOf, readEndTransactionMarker } from '../../wire/kafka/records/control.ts';
import { unwrap } from '../../wire/kafka/records/legacy.ts';
import type { LogRecord } from '../../wire/kafka/records/record.ts';
import { readBatch } from '../../wire/kafka/records/records.ts';
import { type Message, messageJsonText } from '../../wire/kafka/schema/index.ts';
import {
  KRaftVersionRecord,
  SnapshotFooterRecord,
  SnapshotHeaderRecord,
  VotersRecord,
} from '../../wire/kafka/stored/control-records.ts';

/** As Java prints an `OptionalLong`. */
export function optionalLong(value: number | undefined): string {
  return value === undefined ? 'OptionalLong.empty' : `OptionalLong[${value}]`;
}

/** The line of a batch. */
export function batchLine(batch: RecordBatch, position: number): string {
  const start =
    batch.magic >= 2
      ? [
          `baseOffset: ${batch.baseOffset} lastOffset: ${batch.lastOffset} count: ${batch.count}`,
          `baseSequence: ${batch.baseSequence} lastSequence: ${batch.lastSequence}`,
          `producerId: ${batch.producerId} producerEpoch: ${batch.producerEpoch}`,
          `partitionLeaderEpoch: ${batch.leaderEpoch} isTransactional: ${batch.isTransactional}`,
          `isControl: ${batch.isControl} deleteHorizonMs: ${optionalLong(batch.deleteHorizonMs)}`,
        ].join(' ')
      : `offset: ${batch.lastOffset}`;
  const size = `size: ${batch.sizeInBytes} magic: ${batch.magic} compresscodec: ${batch.compression}`;
  const checks = `crc: ${batch.crc} isvalid: ${batch.isValid()}`;
  return `${start} position: ${position} ${batch.timestampType}: ${batch.maxTimestamp} ${size} ${checks}`;
}

export interface DumpedRecord {
  readonly record: LogRecord;
  /** What the line says of it before its contents. */
  readonly text: string;
}

/** The records of a batch with what is said of each. Throws MalformedError and its kinds. */
export function* recordTexts(batch: RecordBatch): Generator<DumpedRecord, void> {
  const messages = batch.magic >= 2 ? [] : batch.isCompressed ? unwrap(batch) : [batch];
  let index = 0;
  for (const record of readBatch(batch)) {
    const sizes = `keySize: ${record.key?.length ?? -1} valueSize: ${record.value?.length ?? -1}`;
    let text = `offset: ${record.offset} ${batch.timestampType}: ${record.timestamp} ${sizes}`;
    if (batch.magic >= 2) {
      const keys = record.headers.map(({ key }) => key).join(',');
      text += ` sequence: ${record.sequence} headerKeys: [${keys}]`;
    }
    const message = messages[index];
    // The brace that nothing opens is Apache's.
    if (message !== undefined) text += ` isValid: ${message.isValid()} crc: ${message.crc}}`;
    if (batch.isControl) text += controlText(record);
    index += 1;
    yield { record, text };
  }
}

/** Control records of KRaft, which logs of a broker do not hold and snapshots do. */
const CONTROL_MESSAGES: Readonly<Record<string, readonly [name: string, message: Message]>> = {
  SNAPSHOT_HEADER: ['SnapshotHeader', SnapshotHeaderRecord],
  SNAPSHOT_FOOTER: ['SnapshotFooter', SnapshotFooterRecord],
  KRAFT_VERSION: ['KRaftVersion', KRaftVersionRecord],
  KRAFT_VOTERS: ['KRaftVoters', VotersRecord],
};

function controlText(record: LogRecord): string {
  const marker = readEndTransactionMarker(record);
  if (marker !== undefined) {
    return ` endTxnMarker: ${marker.type} coordinatorEpoch: ${marker.coordinatorEpoch}`;
  }
  const type = controlTypeOf(record);
  const [name, message] = CONTROL_MESSAGES[type ?? ''] ?? [];
  if (message === undefined || record.value === null) {
    return ` controlType: ${type ?? 'UNKNOWN'}(${record.key?.readInt16BE(2)})`;
  }
  const version = record.value.readInt16BE(0);
  return ` ${name} ${messageJsonText(message, version, message.wideAt(version).decode(record.value))}`;
}
