import { basename, dirname, join, resolve } from 'node:path';
import { MalformedError } from '../../base/malformed-error.ts';
import type { Disk } from '../../env/disk.ts';
import { createNodeEnv } from '../../env/node/create-node-env.ts';
import { OffsetIndex } from '../../kafka/log/offset-index.ts';
import { decodeProducerSnapshot } from '../../kafka/log/producer-snapshot.ts';
import { firstSequenceOf } from '../../kafka/log/producer-state-entry.ts';
import { TimeIndex } from '../../kafka/log/time-index.ts';
import { TransactionIndex } from '../../kafka/log/transaction-index.ts';
import { readBatch } from '../../wire/kafka/records/records.ts';
import { JavaError } from '../java-error.ts';
import type { DumpLogOptions } from '../kafka-dump-log.ts';
import { batchLine, optionalLong, recordTexts } from './batch-text.ts';
import { type ContentsOf, contentsReader } from './contents.ts';
import { Findings } from './findings.ts';
import { SegmentFile } from './segment-file.ts';

const MAX_INTEGER = 2 ** 31 - 1;
/** Indexes are only read here, whatever their size. */
const ANY_SIZE = Number.MAX_SAFE_INTEGER;

/** Prints the files of `--files`, then what does not fit together in them. Throws {@link JavaError}. */
export function dumpFiles(options: DumpLogOptions): void {
  const { disk } = createNodeEnv({ logLevel: 'silent' });
  const dump = new LogDump(disk, options);
  for (const file of options.required('files').split(',')) dump.dump(file);
  dump.findings.print();
}

class LogDump {
  readonly findings = new Findings();
  private readonly disk: Disk;
  private readonly options: DumpLogOptions;
  private readonly contentsOf: ContentsOf;
  private readonly showsContents: boolean;

  constructor(disk: Disk, options: DumpLogOptions) {
    this.disk = disk;
    this.options = options;
    this.contentsOf = contentsReader(options);
    const decoders = [
      'print-data-log',
      'offsets-decoder',
      'transaction-log-decoder',
      'cluster-metadata-decoder',
      'value-decoder-class',
      'key-decoder-class',
    ] as const;
    this.showsContents = decoders.some((name) => options.has(name));
  }

  dump(file: string): void {
    console.log(`Dumping ${file}`);
    const suffix = /\.[^.]*$/.exec(basename(file))?.[0];
    if (suffix === '.log' || suffix === '.checkpoint') this.dumpLog(file);
    else if (suffix === '.index') this.dumpIndex(file);
    else if (suffix === '.timeindex') this.dumpTimeIndex(file);
    else if (suffix === '.snapshot') this.dumpProducers(file);
    else if (suffix === '.txnindex') this.dumpTransactions(file);
    else console.error(`Ignoring unknown file ${file}`);
  }

  private dumpLog(file: string): void {
    const name = basename(file);
    if (name.endsWith('.log')) console.log(`Log starting offset: ${startOffset(file)}`);
    else if (name === 'bootstrap.checkpoint') console.log('KRaft bootstrap snapshot');
    else {
      const [, offset, epoch] = /^(\d+)-(\d+)\./.exec(name) ?? [];
      console.log(`Snapshot end offset: ${Number(offset)}, epoch: ${Number(epoch)}`);
    }
    const maxBytes = this.options.number('max-bytes') ?? MAX_INTEGER;
    const deep = this.options.has('deep-iteration') || this.showsContents;
    const log = new SegmentFile(this.disk, file);
    try {
      const end = Math.min(log.sizeBytes, maxBytes);
      let valid = 0;
      let last = -1;
      for (const { batch, position } of log.batches(0, end)) {
        const lines = [batchLine(batch, position)];
        if (deep) {
          for (const { record, text } of recordTexts(batch)) {
            if (last !== -1 && record.offset !== last + 1) {
              this.findings.notConsecutive(resolve(file), last, record.offset);
            }
            last = record.offset;
            lines.push(this.recordLine(text, batch.isControl ? undefined : this.contents(record)));
          }
        }
        process.stdout.write(`${lines.join('\n')}\n`);
        valid = position + batch.sizeInBytes;
      }
      if (end > valid && maxBytes === MAX_INTEGER) {
        console.log(`Found ${end - valid} invalid bytes at the end of ${name}`);
      }
    } finally {
      log.close();
    }
  }

  private contents(record: Parameters<ContentsOf>[0]): ReturnType<ContentsOf> | undefined {
    return this.showsContents ? this.contentsOf(record) : undefined;
  }

  private recordLine(text: string, contents: ReturnType<ContentsOf> | undefined): string {
    const shown = this.options.has('skip-record-metadata') ? '' : `| ${text}`;
    const key = contents?.key === undefined ? '' : `${shown === '' ? '| ' : ' '}key: ${contents.key}`;
    const payload = contents?.payload === undefined ? '' : ` payload: ${contents.payload}`;
    return shown + key + payload;
  }

  private dumpIndex(file: string): void {
    const log = new SegmentFile(this.disk, logOf(file));
    try {
      const base = startOffset(file);
      const index = new OffsetIndex(this.disk, this.existing(file), base, ANY_SIZE);
      if (index.entries === 0) {
        console.log(`${file} is empty.`);
        return;
      }
      if (this.options.has('index-sanity-check')) {
        if (index.lastOffset < base) throw corruptIndex(file, index.sizeBytes, index.lastOffset, base);
        console.log(`${file} passed sanity check.`);
        return;
      }
      const slice = this.options.number('max-message-size') ?? MAX_INTEGER;
      for (let slot = 0; slot < index.entries; slot += 1) {
        const { offset, position } = index.entry(slot);
        // Zeros at the end of an index that a crash left behind.
        if (offset === base && slot > 0) return;
        const [first] = log.batches(position, Math.min(log.sizeBytes, position + slice));
        if (first === undefined) throw new JavaError('java.util.NoSuchElementException', null);
        const { lastOffset } = first.batch;
        if (lastOffset !== offset) this.findings.indexMismatch(resolve(file), offset, lastOffset);
        if (!this.options.has('verify-index-only')) console.log(`offset: ${offset} position: ${position}`);
      }
    } finally {
      log.close();
    }
  }

  private dumpTimeIndex(file: string): void {
    const log = new SegmentFile(this.disk, logOf(file));
    try {
      const base = startOffset(file);
      const offsets = new OffsetIndex(
        this.disk,
        this.existing(file.replace(/timeindex$/, 'index')),
        base,
        ANY_SIZE,
      );
      const index = new TimeIndex(this.disk, this.existing(file), base, ANY_SIZE);
      if (this.options.has('index-sanity-check')) {
        const { offset } = index.lastEntry;
        if (index.entries > 0 && offset < base) throw corruptIndex(file, index.sizeBytes, offset, base);
        console.log(`${file} passed sanity check.`);
        return;
      }
      let previous = -1;
      for (let slot = 0; slot < index.entries; slot += 1) {
        const { timestamp, offset } = index.entry(slot);
        if (offset === base && slot > 0) return;
        const { position } = offsets.lookup(offset);
        this.checkTimestamp(file, log, { timestamp, offset, position, previous });
        if (!this.options.has('verify-index-only')) {
          console.log(`timestamp: ${timestamp} offset: ${offset}`);
        }
        previous = timestamp;
      }
    } finally {
      log.close();
    }
  }

  private checkTimestamp(
    file: string,
    log: SegmentFile,
    entry: { timestamp: number; offset: number; position: number; previous: number },
  ): void {
    const { timestamp, offset, position, previous } = entry;
    let found: number | undefined;
    for (const { batch } of log.batches(position, log.sizeBytes)) {
      if (batch.lastOffset < offset) continue;
      found = batch.lastOffset;
      if (found !== offset) break;
      const latest = Math.max(-1, ...[...readBatch(batch)].map((record) => record.timestamp));
      if (latest !== timestamp) this.findings.timeMismatch(resolve(file), timestamp, latest);
      if (previous >= timestamp) this.findings.timeDisorder(resolve(file), timestamp, previous);
      return;
    }
    this.findings.timeOffsetMissing(resolve(file), offset, found ?? -1);
  }

  private dumpTransactions(file: string): void {
    const index = new TransactionIndex(this.disk, file, startOffset(file));
    for (const { producerId, firstOffset, lastOffset, lastStableOffset } of index.all()) {
      const offsets = `firstOffset: ${firstOffset} lastOffset: ${lastOffset}`;
      console.log(`version: 0 producerId: ${producerId} ${offsets} lastStableOffset: ${lastStableOffset}`);
    }
  }

  private dumpProducers(file: string): void {
    if (this.disk.stat(file)?.kind !== 'file') {
      throw new JavaError('java.nio.file.NoSuchFileException', file);
    }
    try {
      for (const entry of decodeProducerSnapshot(this.disk.readFile(file))) {
        const batch = entry.lastBatch;
        const first = optionalLong(entry.currentTransactionFirstOffset);
        const epochs = `producerEpoch: ${entry.producerEpoch} coordinatorEpoch: ${entry.coordinatorEpoch}`;
        const state = `currentTxnFirstOffset: ${first} lastTimestamp: ${entry.lastTimestamp} `;
        const sequences =
          batch === undefined
            ? ''
            : `firstSequence: ${firstSequenceOf(batch)} lastSequence: ${batch.lastSequence} lastOffset: ${batch.lastOffset} offsetDelta: ${batch.offsetDelta} timestamp: ${batch.timestamp}`;
        console.log(`producerId: ${entry.producerId} ${epochs} ${state}${sequences}`);
      }
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      console.error(error.message);
    }
  }

  /** An index that is there: to open one that is not would make it. */
  private existing(path: string): string {
    if (this.disk.stat(path)?.kind === 'file') return path;
    throw new JavaError('java.io.FileNotFoundException', `${path} (No such file or directory)`);
  }
}

function startOffset(file: string): number {
  const [digits = ''] = basename(file).split('.');
  if (/^\d+$/.test(digits)) return Number(digits);
  throw new JavaError('java.lang.NumberFormatException', `For input string: "${digits}"`);
}

/** The segment that an index belongs to. */
function logOf(file: string): string {
  const [digits] = basename(file).split('.');
  return join(dirname(resolve(file)), `${digits}.log`);
}

function corruptIndex(file: string, sizeBytes: number, lastOffset: number, baseOffset: number): JavaError {
  return new JavaError(
    'org.apache.kafka.storage.internals.log.CorruptIndexException',
    `Corrupt index found, index file ${resolve(file)} has non-zero size ${sizeBytes} but the last offset is ${lastOffset} which is less than the base offset ${baseOffset}`,
  );
}
