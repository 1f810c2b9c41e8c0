import assert from 'node:assert/strict';
import type { Disk } from '../../src/env/disk.ts';
import type { LogConfig } from '../../src/kafka/log/log-config.ts';
import { LogError } from '../../src/kafka/log/log-error.ts';
import type { LogManager } from '../../src/kafka/log/log-manager.ts';
import type { LogReadResult, ReadIsolation } from '../../src/kafka/log/log-types.ts';
import type { UnifiedLog } from '../../src/kafka/log/unified-log.ts';
import { batchesIn, type RecordBatch } from '../../src/wire/kafka/records/batch.ts';
import type { LogRecord } from '../../src/wire/kafka/records/record.ts';
import { readBatch } from '../../src/wire/kafka/records/records.ts';
import { loadedManager, logConfig, logEnv } from '../support/log-env.ts';
import { untar } from '../support/tar.ts';
import type { GoldenCheck, GoldenFile } from './check.ts';

const LOG_DIR = '/data';
/** Shortly after the archives were made, so that no producer has expired. */
const NOW_MS = 1_795_254_300_000;
const PRODUCER_EXPIRATION_MS = 24 * 60 * 60 * 1000;

interface ExpectedRecord {
  offset: number;
  timestamp: number;
  timestampType: string;
  leaderEpoch?: number;
  keyHex: string | null;
  valueHex: string | null;
  headers?: { key: string; valueHex: string | null }[];
}

interface ExpectedProducer {
  producerId: number;
  producerEpoch: number;
  lastSequence: number;
  lastTimestamp: number;
  coordinatorEpoch: number;
  currentTxnStartOffset: number;
}

interface ExpectedPartition {
  earliest: number;
  highWatermark: number;
  leaderEpochAtEnd: number;
  lastStableOffset: number;
  maxTimestamp?: { offset: number; timestamp: number };
  maxTimestampError?: string;
  records: ExpectedRecord[];
  fetchError_read_uncommitted?: string;
  endPosition: number;
  committedOffsets: number[];
  offsetsForTimes: { query: number; offset: number; timestamp: number }[];
  producers: ExpectedProducer[];
}

interface Expected {
  topics: Record<
    string,
    { topicId: string; configs: Record<string, string>; partitions: Record<string, ExpectedPartition> }
  >;
}

/** What `server.properties` says, and the topic over it. */
function configOf(overrides: Record<string, string> = {}): LogConfig {
  const number = (key: string, other: number) => Number(overrides[key] ?? other);
  const format = overrides['message.format.version'] ?? '3.0';
  const policy = overrides['cleanup.policy'] ?? 'delete';
  return logConfig({
    segmentBytes: number('segment.bytes', 1024 * 1024 * 1024),
    indexIntervalBytes: number('index.interval.bytes', 4096),
    segmentIndexBytes: 8192,
    retentionMs: -1,
    fileDeleteDelayMs: number('file.delete.delay.ms', 200),
    compact: policy.includes('compact'),
    delete: policy.includes('delete'),
    messageFormatMagic: format.startsWith('0.9') ? 0 : format.startsWith('0.10') ? 1 : 2,
  });
}

function unpack(disk: Disk, archive: GoldenFile): void {
  for (const [path, content] of filesOf(archive)) {
    const full = `${LOG_DIR}/${path}`;
    disk.makeDirectory(full.slice(0, full.lastIndexOf('/')));
    const file = disk.open(full, 'create');
    file.write([content], 0);
    file.close();
  }
}

function filesOf(archive: GoldenFile): Map<string, Buffer> {
  const files = untar(archive.bytes());
  return new Map([...files].map(([path, content]) => [path.replace(/^(\.\/)?(data\/)?/, ''), content]));
}

function loadArchive(archive: GoldenFile, expected: Expected) {
  const env = logEnv(NOW_MS);
  unpack(env.disk, archive);
  const configFor = (topic: string) => configOf(expected.topics[topic]?.configs);
  return { env, loading: loadedManager(env, { logDirs: [LOG_DIR], configFor }) };
}

interface ReadRecord {
  batch: RecordBatch;
  record: LogRecord;
}

type Reader = (startOffset: number, isolation: ReadIsolation) => LogReadResult | Promise<LogReadResult>;

/** Reads a log as a consumer does, skipping control batches and, if asked, aborted ones. */
async function readAll(log: UnifiedLog, isolation: ReadIsolation, read: Reader): Promise<ReadRecord[]> {
  const records: ReadRecord[] = [];
  let next = log.logStartOffset;
  for (;;) {
    const result = await read(next, isolation);
    if (result.bytes === 0) return records;
    const aborted = [...(result.abortedTransactions ?? [])];
    const open = new Set<bigint>();
    for (const batch of result.chunks.flatMap((chunk) => [...batchesIn(chunk)])) {
      for (const each of aborted.filter(({ firstOffset }) => firstOffset <= batch.lastOffset)) {
        open.add(each.producerId);
        aborted.splice(aborted.indexOf(each), 1);
      }
      const isAborted = batch.isTransactional && open.has(batch.producerId);
      if (batch.isControl) open.delete(batch.producerId);
      else if (!isAborted) {
        for (const record of readBatch(batch)) if (record.offset >= next) records.push({ batch, record });
      }
      next = batch.nextOffset;
    }
  }
}

function describeRecord({ batch, record }: ReadRecord): ExpectedRecord {
  const hex = (bytes: Buffer | null) => bytes?.toString('hex') ?? null;
  return {
    offset: record.offset,
    timestamp: record.timestamp,
    timestampType: batch.timestampType,
    ...(batch.leaderEpoch < 0 ? {} : { leaderEpoch: batch.leaderEpoch }),
    keyHex: hex(record.key),
    valueHex: hex(record.value),
    ...(record.headers.length === 0
      ? {}
      : { headers: record.headers.map(({ key, value }) => ({ key, valueHex: hex(value) })) }),
  };
}

/** As describeRecord gives it: without what is absent. */
function normalize(record: ExpectedRecord): ExpectedRecord {
  const { headers = [], leaderEpoch = -1, timestampType, ...rest } = record;
  return {
    ...rest,
    timestampType,
    ...(leaderEpoch < 0 ? {} : { leaderEpoch }),
    ...(headers.length === 0 ? {} : { headers }),
  };
}

async function checkTimes(log: UnifiedLog, expected: ExpectedPartition): Promise<void> {
  for (const { query, offset, timestamp } of expected.offsetsForTimes) {
    const found = await log.offsetForTimestamp(query);
    const plain = { query, offset: found?.offset ?? -1, timestamp: found?.timestamp ?? -1 };
    assert.deepEqual(plain, { query, offset, timestamp });
  }
  const MAX_TIMESTAMP = -3;
  if (expected.maxTimestampError !== undefined) {
    await assert.rejects(log.offsetForTimestamp(MAX_TIMESTAMP), (error) => {
      return error instanceof LogError && error.error === 'UNSUPPORTED_FOR_MESSAGE_FORMAT';
    });
    return;
  }
  const latest = await log.offsetForTimestamp(MAX_TIMESTAMP);
  const plain = { offset: latest?.offset ?? -1, timestamp: latest?.timestamp ?? -1 };
  assert.deepEqual(plain, expected.maxTimestamp);
}

function checkProducers(log: UnifiedLog, expected: ExpectedPartition): void {
  const found = log.activeProducers().map((producer) => ({
    ...producer,
    producerId: Number(producer.producerId),
  }));
  const byId = (a: { producerId: number }, b: { producerId: number }) => a.producerId - b.producerId;
  // Some answers were taken before the broker was restarted, when old producers were not yet expired.
  const live = expected.producers.filter(
    ({ lastTimestamp, currentTxnStartOffset }) =>
      currentTxnStartOffset >= 0 || NOW_MS - lastTimestamp < PRODUCER_EXPIRATION_MS,
  );
  assert.deepEqual(found.sort(byId), live.sort(byId));
}

async function checkPartition(log: UnifiedLog, expected: ExpectedPartition): Promise<void> {
  log.updateHighWatermark(log.logEnd);
  assert.equal(log.logStartOffset, expected.earliest, 'log start');
  assert.equal(log.logEndOffset, expected.endPosition, 'log end');
  assert.equal(log.highWatermark, expected.highWatermark, 'high watermark');
  assert.equal(log.lastStableOffset, expected.lastStableOffset, 'last stable offset');
  if (log.config.messageFormatMagic === 2) {
    assert.equal(log.latestEpoch ?? 0, expected.leaderEpochAtEnd, 'leader epoch');
  }
  const records = expected.records.map(normalize);
  for (const maxBytes of [1, 700, 1024 * 1024]) {
    const options = { maxBytes, minOneMessage: true };
    const blocking: Reader = (startOffset, isolation) => log.read({ ...options, startOffset, isolation });
    const waiting: Reader = (startOffset, isolation) => log.readAsync({ ...options, startOffset, isolation });
    for (const read of [blocking, waiting]) {
      const all = await readAll(log, 'high-watermark', read);
      assert.deepEqual(all.map(describeRecord), records, `records by ${maxBytes} bytes`);
      const committed = await readAll(log, 'last-stable-offset', read);
      assert.deepEqual(
        committed.map(({ record }) => record.offset),
        expected.committedOffsets,
        `committed by ${maxBytes} bytes`,
      );
    }
  }
  await checkTimes(log, expected);
  checkProducers(log, expected);
}

async function checkExpected(manager: LogManager, expected: Expected): Promise<void> {
  for (const [topic, { topicId, partitions }] of Object.entries(expected.topics)) {
    for (const [partition, expectedPartition] of Object.entries(partitions)) {
      const log = manager.get({ topic, partition: Number(partition) });
      assert.ok(log, `${topic}-${partition} is not there`);
      assert.equal(log.topicId, topicId);
      try {
        await checkPartition(log, expectedPartition);
      } catch (error) {
        assert.ok(error instanceof Error);
        error.message = `${topic}-${partition}: ${error.message}`;
        throw error;
      }
    }
  }
}

function filesUnder(disk: Disk, path: string, prefix = ''): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (const name of disk.list(path)) {
    const full = `${path}/${name}`;
    if (disk.stat(full)?.kind === 'directory') {
      for (const [each, content] of filesUnder(disk, full, `${prefix}${name}/`)) files.set(each, content);
    } else {
      files.set(prefix + name, disk.readFile(full));
    }
  }
  return files;
}

/** A file in a form in which it can be compared with the one that Apache's broker left. */
function comparable(path: string, content: Buffer): unknown {
  if (path.endsWith('-checkpoint')) return content.toString('utf8').split('\n').sort();
  return content.toString('hex');
}

/** What a lone broker does as leader of all its partitions. */
function leadAll(manager: LogManager): void {
  for (const log of manager.allLogs()) {
    if (log.config.messageFormatMagic === 2)
      log.assignEpochStartOffset(log.latestEpoch ?? 0, log.logEndOffset);
    log.updateHighWatermark(log.logEnd);
  }
}

/** Not the log's own, and what the cleaner of that broker has changed where it lost its checkpoint. */
const NOT_COMPARED: Record<string, RegExp> = {
  'missing-indexes': /(^|\/)(\.lock|meta\.properties|cleaner-offset-checkpoint)$|^kilo-compact/,
};
const NEVER_COMPARED = /(^|\/)(\.lock|meta\.properties)$/;

function compareDirectories(name: string, found: Map<string, Buffer>, expected: Map<string, Buffer>): void {
  const left = NOT_COMPARED[name] ?? NEVER_COMPARED;
  const paths = (files: Map<string, Buffer>) => [...files.keys()].filter((path) => !left.test(path)).sort();
  assert.deepEqual(paths(found), paths(expected));
  for (const path of paths(expected)) {
    const [a, b] = [found.get(path), expected.get(path)];
    assert.ok(a !== undefined && b !== undefined);
    assert.deepEqual(comparable(path, a), comparable(path, b), path);
  }
}

async function checkOldDamage(archive: GoldenFile, expected: Expected): Promise<void> {
  const manager = await loadArchive(archive, expected).loading;
  const damaged = expected.topics['kilo-plain']?.partitions['1'];
  const log = manager.get({ topic: 'kilo-plain', partition: 1 });
  assert.ok(damaged?.fetchError_read_uncommitted !== undefined && log !== undefined);
  log.updateHighWatermark(log.logEnd);
  const isolation = 'high-watermark';
  const result = log.read({ startOffset: 0, maxBytes: 1_000_000, isolation, minOneMessage: true });
  const next = log.read({ startOffset: 36, maxBytes: 1_000_000, isolation, minOneMessage: true });
  const batches = [...result.chunks, ...next.chunks].flatMap((chunk) => [...batchesIn(chunk)]);
  const bad = batches.find((batch) => !batch.isValid());
  assert.ok(bad, 'the damaged batch is served');
  assert.ok(bad.baseOffset <= damaged.endPosition && bad.lastOffset >= damaged.endPosition);
  const sound = batches
    .slice(0, batches.indexOf(bad))
    .flatMap((batch) => [...readBatch(batch)].map((record) => ({ batch, record })));
  assert.deepEqual(sound.map(describeRecord), damaged.records.map(normalize));
  await manager.shutdown();
}

async function checkReplica(archive: GoldenFile, expected: Expected): Promise<void> {
  const manager = await loadArchive(archive, expected).loading;
  for (const [partition, { records }] of Object.entries(expected.topics['uniform-rep']?.partitions ?? {})) {
    const log = manager.get({ topic: 'uniform-rep', partition: Number(partition) });
    assert.ok(log);
    const checkpointed = log.highWatermark;
    if (!archive.name.includes('killed')) assert.equal(log.logEndOffset, records.length);
    assert.ok(checkpointed > 0 && checkpointed <= log.logEndOffset);
    const found = await readAll(log, 'log-end', (startOffset, isolation) =>
      log.read({ startOffset, isolation, maxBytes: 5000, minOneMessage: true }),
    );
    assert.deepEqual(found.map(describeRecord), records.slice(0, log.logEndOffset).map(normalize));
    for (const epoch of new Set(found.map(({ batch }) => batch.leaderEpoch))) {
      const last = found.findLast(({ batch }) => batch.leaderEpoch === epoch)?.record.offset ?? -1;
      assert.deepEqual(log.endOffsetForEpoch(epoch), { leaderEpoch: epoch, endOffset: last + 1 });
    }
  }
  await manager.shutdown();
}

async function checkServed(archive: GoldenFile, expected: Expected): Promise<void> {
  const manager = await loadArchive(archive, expected).loading;
  await checkExpected(manager, expected);
  await manager.shutdown();
}

async function checkLeft(archive: GoldenFile, after: GoldenFile, expected: Expected): Promise<void> {
  const { env, loading } = loadArchive(archive, expected);
  const manager = await loading;
  leadAll(manager);
  await manager.shutdown();
  const name = archive.name.replace('.tar.gz', '');
  compareDirectories(name, filesUnder(env.disk, LOG_DIR), filesOf(after));
}

const hasDamage = (expected: Expected) =>
  Object.values(expected.topics).some(({ partitions }) =>
    Object.values(partitions).some((partition) => partition.fetchError_read_uncommitted !== undefined),
  );

/** Log directories of Apache's brokers, with what those served from them and what they left behind. */
export const kafkaLogDirectories: GoldenCheck = {
  name: 'Kafka log directories',
  matches: (path) => /^kafka\/logdirs\/[^/]+\.expected\.json\.gz$/.test(path),
  *cases(file) {
    const expected = file.json<Expected>();
    const name = file.name.replace('.expected.json.gz', '');
    if (name === 'replicated') {
      for (const replica of ['1', '2', '3', '3-killed']) {
        const archive = file.sibling(`replicated-${replica}.tar.gz`);
        const label = `replica ${replica} has the same records and epochs as its peers`;
        yield { label, run: () => checkReplica(archive, expected) };
      }
      return;
    }
    const archive = file.sibling(`${name}.tar.gz`);
    if (hasDamage(expected)) {
      const label = 'serves old damage as it is, and all before it';
      yield { label, run: () => checkOldDamage(archive, expected) };
    } else {
      yield { label: 'serves what Apache serves', run: () => checkServed(archive, expected) };
    }
    const after = file.sibling(`${name}.after.tar.gz`);
    if (after.exists()) {
      yield { label: 'is left as Apache leaves it', run: () => checkLeft(archive, after, expected) };
    }
  },
};
