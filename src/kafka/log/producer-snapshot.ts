import { crc32c } from '@node-rs/crc32';
import { ByteReader } from '../../base/byte-reader.ts';
import { ByteWriter } from '../../base/byte-writer.ts';
import { MalformedError } from '../../base/malformed-error.ts';
import { ProducerStateEntry } from './producer-state-entry.ts';

const VERSION = 1;
const CRC_AT = 2;
const ENTRIES_AT = 6;
const ENTRY_BYTES = 46;

/**
 * The producers of a partition at one offset (`<offset>.snapshot`): int16 version 1, uint32 CRC-32C of the rest,
 * int32 count, then per producer int64 id, int16 epoch, int32 last sequence, int64 last offset, int32 offset
 * delta, int64 timestamp, int32 coordinator epoch, int64 first offset of its open transaction (-1 for none).
 */
export function encodeProducerSnapshot(entries: Iterable<ProducerStateEntry>): Buffer {
  const sorted = [...entries].sort((a, b) => (a.producerId < b.producerId ? -1 : 1));
  const writer = new ByteWriter(ENTRIES_AT + 4 + sorted.length * ENTRY_BYTES);
  writer.int16(VERSION);
  writer.uint32(0);
  writer.int32(sorted.length);
  for (const entry of sorted) {
    writer.bigint64(entry.producerId);
    writer.int16(entry.producerEpoch);
    writer.int32(entry.lastSequence);
    writer.int64(entry.lastOffset);
    writer.int32(entry.lastBatch?.offsetDelta ?? 0);
    writer.int64(entry.lastTimestamp);
    writer.int32(entry.coordinatorEpoch);
    writer.int64(entry.currentTransactionFirstOffset ?? -1);
  }
  const bytes = writer.toBuffer();
  bytes.writeUInt32BE(crc32c(bytes.subarray(ENTRIES_AT)), CRC_AT);
  return bytes;
}

/** Throws MalformedError for an unknown version, a wrong checksum or a cut file. */
export function decodeProducerSnapshot(bytes: Buffer): ProducerStateEntry[] {
  const reader = new ByteReader(bytes);
  const version = reader.int16();
  if (version !== VERSION) throw new MalformedError(`snapshot has version ${version}; ${VERSION} is known`);
  const stored = reader.uint32();
  const computed = crc32c(bytes.subarray(ENTRIES_AT));
  if (stored !== computed) {
    throw new MalformedError(`snapshot has checksum ${stored} where its bytes have ${computed}`);
  }
  const count = reader.checkCount(reader.int32(), ENTRY_BYTES);
  return Array.from({ length: count }, () => readEntry(reader));
}

function readEntry(reader: ByteReader): ProducerStateEntry {
  const entry = new ProducerStateEntry(reader.bigint64());
  const producerEpoch = reader.int16();
  const lastSequence = reader.int32();
  const lastOffset = reader.int64();
  const offsetDelta = reader.int32();
  const timestamp = reader.int64();
  entry.coordinatorEpoch = reader.int32();
  const transactionFirstOffset = reader.int64();
  entry.setEpoch(producerEpoch);
  if (lastOffset >= 0) {
    entry.addBatch(producerEpoch, { lastSequence, lastOffset, offsetDelta, timestamp });
  }
  entry.lastTimestamp = timestamp;
  entry.currentTransactionFirstOffset = transactionFirstOffset >= 0 ? transactionFirstOffset : undefined;
  return entry;
}
