import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { crc32, crc32c } from '@node-rs/crc32';
import { ByteReader } from '../../src/base/byte-reader.ts';
import { ByteWriter } from '../../src/base/byte-writer.ts';
import { javaAbs, javaStringHash } from '../../src/base/java-string-hash.ts';
import { MalformedError } from '../../src/base/malformed-error.ts';
import { murmur2, positive } from '../../src/base/murmur2.ts';
import { batchesIn, type RecordBatch } from '../../src/wire/kafka/records/batch.ts';
import { RecordBatchBuilder } from '../../src/wire/kafka/records/builder.ts';
import { controlTypeOf, readEndTransactionMarker } from '../../src/wire/kafka/records/control.ts';
import { downConvert } from '../../src/wire/kafka/records/convert.ts';
import { buildLegacySet } from '../../src/wire/kafka/records/legacy.ts';
import type { LogRecord } from '../../src/wire/kafka/records/record.ts';
import { firstOffset, readBatch } from '../../src/wire/kafka/records/records.ts';
import type { GoldenCheck } from './check.ts';

/** What Apache's classes read from one record, in the words of the golden files. */
interface RecordText {
  offset: number;
  timestamp?: number;
  keyHex: string | null;
  valueHex: string | null;
  headers?: { key: string; valueHex: string | null }[];
  sequence?: number;
  controlType?: string;
  coordinatorEpoch?: number;
}

interface BatchText {
  magic: number;
  compression: string;
  baseOffset: number;
  lastOffset: number;
  sizeInBytes: number;
  timestampType: string;
  maxTimestamp: number;
  records: RecordText[];
  partitionLeaderEpoch?: number;
  producerId?: number | string;
  producerEpoch?: number;
  baseSequence?: number;
  isTransactional?: boolean;
  isControl?: boolean;
  deleteHorizonMs?: number | null;
}

interface BatchesLine {
  name: string;
  hex: string;
  batches: BatchText[];
}

function hex(bytes: Buffer | null): string | null {
  return bytes === null ? null : bytes.toString('hex');
}

function unhex(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text, 'hex');
}

/** An int64 as the golden files write it: text where a double is not exact. */
function int64(value: bigint): number | string {
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}

/** Deep equality with a short message: a full difference of large batches takes minutes to make. */
function same(actual: unknown, expected: unknown): void {
  if (isDeepStrictEqual(actual, expected)) return;
  const [got, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  let at = 0;
  while (at < got.length && got[at] === wanted[at]) at++;
  const around = (text: string) => text.slice(Math.max(0, at - 80), at + 120);
  assert.fail(`got ...${around(got)}... wanted ...${around(wanted)}...`);
}

function describeRecord(batch: RecordBatch, record: LogRecord): RecordText {
  const text: RecordText = {
    offset: record.offset,
    keyHex: hex(record.key),
    valueHex: hex(record.value),
  };
  if (batch.magic > 0) text.timestamp = record.timestamp;
  if (batch.magic === 2) {
    text.headers = record.headers.map(({ key, value }) => ({ key, valueHex: hex(value) }));
    if (record.sequence >= 0) text.sequence = record.sequence;
  }
  if (batch.isControl) {
    text.controlType = controlTypeOf(record) ?? 'UNKNOWN';
    const marker = readEndTransactionMarker(record);
    if (marker !== undefined) text.coordinatorEpoch = marker.coordinatorEpoch;
  }
  return text;
}

/** Describes a batch as the golden files do. */
function describeBatch(batch: RecordBatch): object {
  batch.ensureValid();
  const common = {
    magic: batch.magic,
    baseOffset: firstOffset(batch),
    lastOffset: batch.lastOffset,
    nextOffset: batch.nextOffset,
    sizeInBytes: batch.sizeInBytes,
    compression: batch.compression,
    timestampType: batch.timestampType,
    maxTimestamp: batch.maxTimestamp,
    records: Array.from(readBatch(batch), (record) => describeRecord(batch, record)),
  };
  if (batch.magic < 2) return common;
  const hasProducer = batch.producerId >= 0n;
  return {
    ...common,
    baseTimestamp: batch.baseTimestamp,
    crc: batch.crc,
    partitionLeaderEpoch: batch.leaderEpoch,
    producerId: int64(batch.producerId),
    producerEpoch: batch.producerEpoch,
    baseSequence: batch.baseSequence,
    lastSequence: hasProducer ? batch.lastSequence : -1,
    isTransactional: batch.isTransactional,
    isControl: batch.isControl,
    deleteHorizonMs: batch.deleteHorizonMs ?? null,
    count: batch.count,
  };
}

/** Writes a described batch again with our builders. */
function rebuild(text: BatchText, baseTimestamp: number | undefined): Buffer {
  const compression = text.compression as 'none';
  const records = text.records.map((record) => ({
    offset: record.offset,
    timestamp: record.timestamp ?? -1,
    key: unhex(record.keyHex),
    value: unhex(record.valueHex),
    headers: (record.headers ?? []).map(({ key, valueHex }) => ({ key, value: unhex(valueHex) })),
  }));
  const appendTime = text.timestampType === 'LogAppendTime';
  if (text.magic < 2) {
    return buildLegacySet(records, {
      magic: text.magic as 0,
      compression,
      baseOffset: text.baseOffset,
      timestampType: appendTime ? 'LogAppendTime' : 'CreateTime',
      logAppendTimeMs: text.maxTimestamp,
    });
  }
  assert.ok(baseTimestamp !== undefined);
  const builder = new RecordBatchBuilder({
    baseOffset: text.baseOffset,
    lastOffset: text.lastOffset,
    leaderEpoch: text.partitionLeaderEpoch ?? -1,
    compression,
    producerId: BigInt(text.producerId ?? -1),
    producerEpoch: text.producerEpoch ?? -1,
    baseSequence: text.baseSequence ?? -1,
    transactional: text.isTransactional === true,
    control: text.isControl === true,
    maxTimestamp: text.maxTimestamp,
    ...(appendTime ? { logAppendTimeMs: text.maxTimestamp } : {}),
    ...(typeof text.deleteHorizonMs === 'number' ? { deleteHorizonMs: text.deleteHorizonMs } : {}),
  });
  for (const record of records) builder.append(record, record.offset);
  return builder.build();
}

/** A line of `batches.jsonl.gz`: read, describe, and write again (same bytes where nothing is compressed). */
function checkBatches(line: BatchesLine): void {
  const buffer = Buffer.from(line.hex, 'hex');
  const batches = [...batchesIn(buffer)];
  same(batches.map(describeBatch), line.batches);
  batches.forEach((batch, index) => {
    const text = line.batches[index];
    assert.ok(text !== undefined);
    const again = rebuild(text, batch.magic === 2 ? batch.baseTimestamp : undefined);
    // Under append time the records' own timestamps cannot be told from the description.
    if (batch.compression === 'none' && (batch.magic < 2 || batch.timestampType === 'CreateTime')) {
      same(again.toString('hex'), batch.bytes().toString('hex'));
      return;
    }
    const unsteady = { sizeInBytes: 0, ...(batch.magic === 2 ? { crc: 0, baseTimestamp: 0 } : {}) };
    const [rebuilt] = [...batchesIn(again)].map(describeBatch) as object[];
    same({ ...rebuilt, ...unsteady }, { ...text, ...unsteady });
  });
}

interface DownConvertLine {
  toMagic: 0 | 1;
  firstOffset: number;
  inHex: string;
  outHex: string;
  out: BatchText[];
}

/** A line of `downconvert.jsonl.gz`. */
function checkDownConvert(line: DownConvertLine): void {
  const input = batchesIn(Buffer.from(line.inHex, 'hex'));
  const output = Buffer.concat(downConvert(input, line.toMagic, line.firstOffset));
  if (line.out.every(({ compression }) => compression === 'none')) {
    same(output.toString('hex'), line.outHex);
    return;
  }
  const described = [...batchesIn(output)].map(describeBatch) as { sizeInBytes: number }[];
  const sizeless = <T>(batches: T[]) => batches.map((batch) => ({ ...batch, sizeInBytes: 0 }));
  same(sizeless(described), sizeless(line.out));
}

interface InvalidLine {
  stage: 'batches' | 'ensureValid' | 'iterate' | 'none';
  batchesSeen: number;
  recordsSeen: number;
  hex: string;
}

/** A line of `invalid.jsonl`: the same batches and records come out before the same stage gives up. */
function checkInvalid(line: InvalidLine): void {
  let stage = 'batches';
  let batchesSeen = 0;
  let recordsSeen = 0;
  try {
    for (const batch of batchesIn(Buffer.from(line.hex, 'hex'))) {
      batchesSeen++;
      stage = 'ensureValid';
      batch.ensureValid();
      stage = 'iterate';
      for (const record of readBatch(batch)) {
        assert.ok(record.offset >= 0);
        recordsSeen++;
      }
      stage = 'batches';
    }
    stage = 'none';
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
  }
  const { stage: wantedStage, batchesSeen: wantedBatches, recordsSeen: wantedRecords } = line;
  same(
    { stage, batchesSeen, recordsSeen },
    { stage: wantedStage, batchesSeen: wantedBatches, recordsSeen: wantedRecords },
  );
}

interface Primitives {
  murmur2: { keyHex: string; hash: number; positive: number; partitionOf12: number }[];
  crc32c: { hex: string; crc: number }[];
  crc32: { hex: string; crc: number }[];
  varint: { value: number; hex: string }[];
  varlong: { value: string; hex: string }[];
  unsignedVarint: { value: number; hex: string }[];
  uuid: { text: string; hex: string }[];
  javaStringHashCodeMod50: { text: string; hashCode: number; partition: number }[];
}

function written(write: (writer: ByteWriter) => void): string {
  const writer = new ByteWriter();
  write(writer);
  return writer.toBuffer().toString('hex');
}

function reader(text: string): ByteReader {
  return new ByteReader(Buffer.from(text, 'hex'));
}

/** `primitives.json`, one check per entry. */
const primitiveChecks: { [K in keyof Primitives]: (entry: Primitives[K][number]) => void } = {
  murmur2({ keyHex, hash, positive: withoutSign, partitionOf12 }) {
    assert.equal(murmur2(Buffer.from(keyHex, 'hex')), hash);
    assert.equal(positive(hash), withoutSign);
    assert.equal(positive(hash) % 12, partitionOf12);
  },
  crc32c: ({ hex: bytes, crc }) => assert.equal(crc32c(Buffer.from(bytes, 'hex')), crc),
  crc32: ({ hex: bytes, crc }) => assert.equal(crc32(Buffer.from(bytes, 'hex')), crc),
  varint({ value, hex: bytes }) {
    assert.equal(reader(bytes).varint(), value);
    assert.equal(
      written((writer) => writer.varint(value)),
      bytes,
    );
  },
  varlong({ value, hex: bytes }) {
    if (!Number.isSafeInteger(Number(value))) {
      assert.throws(() => reader(bytes).varlong(), MalformedError);
      return;
    }
    assert.equal(reader(bytes).varlong(), Number(value));
    assert.equal(
      written((writer) => writer.varlong(Number(value))),
      bytes,
    );
  },
  unsignedVarint({ value, hex: bytes }) {
    assert.equal(reader(bytes).uvarint(), value);
    assert.equal(
      written((writer) => writer.uvarint(value)),
      bytes,
    );
  },
  uuid: ({ text, hex: bytes }) => assert.equal(Buffer.from(bytes, 'hex').toString('base64url'), text),
  javaStringHashCodeMod50({ text, hashCode, partition }) {
    assert.equal(javaStringHash(text), hashCode);
    assert.equal(javaAbs(hashCode) % 50, partition);
  },
};

function lineCheck<T>(name: string, file: string, check: (line: T) => void): GoldenCheck {
  return {
    name,
    matches: (path) => path === `kafka/records/${file}`,
    *cases(golden) {
      for (const line of golden.lines<T & { name: string }>()) {
        yield { label: line.name, run: () => check(line) };
      }
    },
  };
}

/** `primitives.json`: hashes, checksums, varints and ids. */
const primitives: GoldenCheck = {
  name: 'Kafka primitives',
  matches: (path) => path === 'kafka/records/primitives.json',
  *cases(golden) {
    const facts = golden.json<Record<string, unknown[]>>();
    for (const [name, check] of Object.entries(primitiveChecks)) {
      for (const [index, fact] of (facts[name] ?? []).entries()) {
        yield { label: `${name} ${index}`, run: () => (check as (fact: unknown) => void)(fact) };
      }
    }
  },
};

export const kafkaRecords: readonly GoldenCheck[] = [
  lineCheck('Kafka record batches', 'batches.jsonl.gz', checkBatches),
  lineCheck('Kafka down-conversion', 'downconvert.jsonl.gz', checkDownConvert),
  lineCheck('damaged Kafka batches', 'invalid.jsonl', checkInvalid),
  primitives,
];
