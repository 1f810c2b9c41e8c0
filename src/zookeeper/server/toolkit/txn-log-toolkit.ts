import { MalformedError } from '../../../base/malformed-error.ts';
import type { Disk, DiskFile } from '../../../env/disk.ts';
import { FileHeader, FileMagic } from '../../../wire/zookeeper/snapshot.ts';
import { decodeTxnEntry, type TxnEntry } from '../../../wire/zookeeper/txn-entry.ts';
import { adler32 } from '../../persistence/adler32.ts';
import { PersistenceError } from '../../persistence/persistence-error.ts';
import { LOG_HEADER_BYTES, RECORD_OVERHEAD_BYTES, writeRecord } from '../../persistence/txn-log-file.ts';

const RECORD_HEADER_BYTES = 12;
const END_MARK = 0x42;

/** A record as it is in the file, whether or not its checksum fits. */
export interface RawRecord {
  readonly payload: Buffer;
  readonly isIntact: boolean;
  /** The stored checksum and all, as read. */
  readonly bytes: Buffer;
  decode(): TxnEntry;
}

export interface LogFileHeader {
  readonly dbid: bigint;
  readonly version: number;
}

/** Reads a transaction log without judging it, for tools that look at damaged ones. */
export class RawLog {
  readonly header: LogFileHeader;
  private readonly path: string;
  private readonly file: DiskFile;
  private readonly size: number;
  private position = LOG_HEADER_BYTES;

  /** Throws PersistenceError for a file that is no transaction log. */
  constructor(disk: Disk, path: string) {
    this.path = path;
    this.file = disk.open(path, 'read');
    this.size = this.file.size();
    const bytes = this.read(0, LOG_HEADER_BYTES);
    const header = bytes.length < LOG_HEADER_BYTES ? undefined : FileHeader.decode(bytes);
    if (header === undefined || header.magic !== FileMagic.log) {
      this.file.close();
      throw new PersistenceError(`Invalid magic number for ${path.slice(path.lastIndexOf('/') + 1)}`);
    }
    this.header = header;
  }

  /** The next record; undefined at the end. Throws PersistenceError where the last one was written in part. */
  next(): RawRecord | undefined {
    const start = this.read(this.position, RECORD_HEADER_BYTES);
    if (start.length < RECORD_HEADER_BYTES) return undefined;
    const length = start.readInt32BE(8);
    if (length === 0 || length === -1) return undefined;
    const bytes = this.read(this.position, length + RECORD_OVERHEAD_BYTES);
    const isWhole = length > 0 && bytes.length === length + RECORD_OVERHEAD_BYTES;
    if (!isWhole || bytes[bytes.length - 1] !== END_MARK) {
      throw new PersistenceError(`${this.path}: Last transaction was partial.`);
    }
    this.position += bytes.length;
    const payload = bytes.subarray(RECORD_HEADER_BYTES, bytes.length - 1);
    const isIntact = bytes.readUInt32BE(0) === 0 && bytes.readUInt32BE(4) === adler32(payload);
    return { payload, isIntact, bytes, decode: () => this.decode(payload) };
  }

  close(): void {
    this.file.close();
  }

  private decode(payload: Buffer): TxnEntry {
    try {
      return decodeTxnEntry(payload);
    } catch (cause) {
      if (!(cause instanceof MalformedError)) throw cause;
      throw new PersistenceError(`${this.path}: a transaction cannot be decoded: ${cause.message}`, {
        cause,
      });
    }
  }

  /** As much as there is: a length that damage made absurd allocates no more than the file has. */
  private read(position: number, bytes: number): Buffer {
    const target = Buffer.alloc(Math.max(0, Math.min(bytes, this.size - position)));
    return target.subarray(0, this.file.read(target, position));
  }
}

/** Writes a transaction log record by record; made durable by `close`. */
export class RawLogWriter {
  private readonly file: DiskFile;
  private position = LOG_HEADER_BYTES;

  /** Throws the disk's EEXIST when the file is there already. */
  constructor(disk: Disk, path: string, header: LogFileHeader) {
    this.file = disk.open(path, 'create');
    this.file.write([FileHeader.encode({ magic: FileMagic.log, ...header })], 0);
  }

  /** With the checksum that fits. */
  writeIntact(payload: Buffer): void {
    const record = Buffer.alloc(payload.length + RECORD_OVERHEAD_BYTES);
    writeRecord(record, 0, payload);
    this.writeAsIs(record);
  }

  writeAsIs(bytes: Buffer): void {
    this.file.write([bytes], this.position);
    this.position += bytes.length;
  }

  close(): void {
    this.file.syncNow();
    this.file.close();
  }
}

/** Copies a log as far as `zxid`, that one included (LogChopper). False when the log does not have it. */
export function chopLog(disk: Disk, path: string, target: string, zxid: number): boolean {
  const log = new RawLog(disk, path);
  const writer = new RawLogWriter(disk, target, log.header);
  let found = false;
  try {
    for (let record = log.next(); record !== undefined; record = log.next()) {
      const own = record.decode().header.zxid;
      if (own > zxid) break;
      writer.writeAsIs(record.bytes);
      found = own === zxid;
    }
  } finally {
    log.close();
    writer.close();
  }
  return found;
}
