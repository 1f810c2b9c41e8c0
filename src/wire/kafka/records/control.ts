import { MalformedError } from '../../../base/malformed-error.ts';
import { buildBatch } from './builder.ts';
import { InvalidRecordError } from './errors.ts';
import type { LogRecord } from './record.ts';

/** Types of control records, as their key says them; others are to be skipped. */
export const ControlType = {
  ABORT: 0,
  COMMIT: 1,
  LEADER_CHANGE: 2,
  SNAPSHOT_HEADER: 3,
  SNAPSHOT_FOOTER: 4,
  KRAFT_VERSION: 5,
  KRAFT_VOTERS: 6,
} as const;
export type ControlTypeName = keyof typeof ControlType;

const NAMES = Object.keys(ControlType) as ControlTypeName[];

/** The end of a transaction in one partition. */
export interface EndTransactionMarker {
  type: 'COMMIT' | 'ABORT';
  /** Epoch of the transaction coordinator that wrote it, for fencing older ones. */
  coordinatorEpoch: number;
}

/** What kind of control record this is; undefined for a type of a later version, which readers skip. */
export function controlTypeOf(record: LogRecord): ControlTypeName | undefined {
  const key = record.key;
  if (key === null || key.length < 4) throw new InvalidRecordError('a control record has no key of 4 bytes');
  const version = key.readInt16BE(0);
  if (version < 0) throw new InvalidRecordError(`control record key of version ${version}`);
  const type = key.readInt16BE(2);
  return NAMES.find((name) => ControlType[name] === type);
}

/** Reads a COMMIT or ABORT marker; undefined for other control records. Throws {@link MalformedError}. */
export function readEndTransactionMarker(record: LogRecord): EndTransactionMarker | undefined {
  const type = controlTypeOf(record);
  if (type !== 'COMMIT' && type !== 'ABORT') return undefined;
  const value = record.value;
  if (value === null || value.length < 6)
    throw new MalformedError('an end-of-transaction marker is cut short');
  const version = value.readInt16BE(0);
  if (version < 0) throw new MalformedError(`end-of-transaction marker of version ${version}`);
  return { type, coordinatorEpoch: value.readInt32BE(2) };
}

export interface EndTransactionOptions {
  baseOffset?: number;
  timestampMs: number;
  leaderEpoch?: number;
  producerId: bigint;
  producerEpoch: number;
}

/** A control batch that ends a producer's transaction. */
export function buildEndTransactionMarker(
  marker: EndTransactionMarker,
  options: EndTransactionOptions,
): Buffer {
  const key = Buffer.alloc(4);
  key.writeInt16BE(ControlType[marker.type], 2);
  const value = Buffer.alloc(6);
  value.writeInt32BE(marker.coordinatorEpoch, 2);
  const { timestampMs, ...rest } = options;
  return buildBatch([{ timestamp: timestampMs, key, value }], {
    ...rest,
    transactional: true,
    control: true,
  });
}
