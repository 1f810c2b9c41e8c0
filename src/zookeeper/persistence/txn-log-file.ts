import { assert } from '../../base/assert.ts';
import type { Disk, DiskFile } from '../../env/disk.ts';
import { FILE_VERSION, FileHeader, FileMagic } from '../../wire/zookeeper/snapshot.ts';
import { adler32 } from './adler32.ts';
import { PersistenceError } from './persistence-error.ts';

/**
 * A transaction log in Apache's format (FileTxnLog): a FileHeader, then records of int64 Adler-32, int32 length,
 * that many bytes and the byte 0x42. The file is allocated ahead, so a length of 0 ends the log.
 */

export const LOG_HEADER_BYTES = 16;
/** Bytes around the payload of a record. */
export const RECORD_OVERHEAD_BYTES = 13;
const RECORD_HEADER_BYTES = 12;
const END_MARK = 0x42;
const WINDOW_BYTES = 256 * 1024;
const PAGE_BYTES = 4096;

export function logHeader(): Buffer {
  return FileHeader.encode({ magic: FileMagic.log, version: FILE_VERSION, dbid: 0n });
}

/** Frames a transaction at `at` in `target`; returns where the next one goes. */
export function writeRecord(target: Buffer, at: number, payload: Uint8Array): number {
  target.writeUInt32BE(0, at);
  target.writeUInt32BE(adler32(payload), at + 4);
  target.writeInt32BE(payload.length, at + 8);
  target.set(payload, at + RECORD_HEADER_BYTES);
  target[at + RECORD_HEADER_BYTES + payload.length] = END_MARK;
  return at + payload.length + RECORD_OVERHEAD_BYTES;
}

export interface LogRecord {
  /** The transaction: header, record, digest. A view that stays valid. */
  readonly payload: Buffer;
  /** Where the record begins and ends in its file. */
  readonly offset: number;
  readonly endOffset: number;
}

/** Why a log has no further record: it was written no further, or its last record only in part. */
export type LogEnd = 'clean' | 'torn';

/** Reads one log file from front to back, a window at a time. */
export class TxnLogFile {
  readonly path: string;
  /** Set once `next` has returned undefined. */
  end: LogEnd | undefined;
  private readonly file: DiskFile;
  private readonly maxRecordBytes: number;
  private window: Buffer = Buffer.alloc(0);
  /** Position in the file of the window's first byte. */
  private windowOffset = 0;
  private at = 0;

  /** `maxRecordBytes` bounds what a damaged length can make us allocate. */
  constructor(disk: Disk, path: string, maxRecordBytes: number) {
    this.path = path;
    this.maxRecordBytes = maxRecordBytes;
    this.file = disk.open(path, 'read');
  }

  /**
   * Reads the file's header, which comes before the first `next`. False when there is none yet: the file is
   * shorter than a header, or starts with zeros where it should be.
   */
  readHeader(): boolean {
    assert(this.windowOffset + this.at === 0, 'the header comes first');
    if (!this.fill(LOG_HEADER_BYTES)) return false;
    const bytes = this.window.subarray(0, LOG_HEADER_BYTES);
    if (bytes.every((byte) => byte === 0)) return false;
    const { magic, version } = FileHeader.decode(bytes);
    if (magic !== FileMagic.log) {
      throw new PersistenceError(
        `${this.path} is not a transaction log: it begins with 0x${magic.toString(16)} instead of "ZKLG". ` +
          'Move the file away if it does not belong here, or restore it from a backup',
      );
    }
    if (version !== FILE_VERSION) {
      throw new PersistenceError(
        `${this.path} has log version ${version}, only ${FILE_VERSION} is supported`,
      );
    }
    this.at = LOG_HEADER_BYTES;
    return true;
  }

  /** The next record; undefined at the end of the log. Throws PersistenceError where the log is damaged. */
  next(): LogRecord | undefined {
    if (this.end !== undefined) return undefined;
    if (!this.fill(RECORD_HEADER_BYTES)) return this.stop(this.rest().every(isZero) ? 'clean' : 'torn');
    const offset = this.windowOffset + this.at;
    const length = this.window.readInt32BE(this.at + 8);
    if (length === 0 || length === -1) return this.stop('clean');
    if (length < 0 || length > this.maxRecordBytes) throw this.unreasonable(length, offset);
    if (!this.fill(length + RECORD_OVERHEAD_BYTES)) return this.stop('torn');
    const start = this.at + RECORD_HEADER_BYTES;
    const payload = this.window.subarray(start, start + length);
    if (this.window[start + length] !== END_MARK) return this.stop('torn');
    const isIntact =
      this.window.readUInt32BE(this.at) === 0 && this.window.readUInt32BE(this.at + 4) === adler32(payload);
    if (!isIntact) {
      if (hasUnwrittenPage(payload, offset + RECORD_HEADER_BYTES)) return this.stop('torn');
      throw this.damaged(offset);
    }
    this.at = start + length + 1;
    return { payload, offset, endOffset: this.windowOffset + this.at };
  }

  /** Position after the last record read. */
  get position(): number {
    return this.windowOffset + this.at;
  }

  get size(): number {
    return this.file.size();
  }

  close(): void {
    this.file.close();
  }

  private stop(end: LogEnd): undefined {
    this.end = end;
    return undefined;
  }

  private rest(): Buffer {
    return this.window.subarray(this.at);
  }

  /** Has `bytes` from the current position on in the window; false when the file ends before. */
  private fill(bytes: number): boolean {
    const rest = this.rest();
    if (rest.length >= bytes) return true;
    // A new window each time: records handed out keep views of the old one.
    const window = Buffer.allocUnsafe(Math.max(bytes, WINDOW_BYTES));
    window.set(rest);
    const read = this.file.read(window.subarray(rest.length), this.windowOffset + this.window.length);
    this.windowOffset += this.at;
    this.at = 0;
    this.window = window.subarray(0, rest.length + read);
    return this.window.length >= bytes;
  }

  private unreasonable(length: number, offset: number): PersistenceError {
    return new PersistenceError(
      `${this.path} is damaged: the record at byte ${offset} claims ${length} bytes, the limit is ` +
        `${this.maxRecordBytes}. Raise jute.maxbuffer if it was larger when this was written, ` +
        'otherwise restore the file from a backup or another server of the ensemble',
    );
  }

  private damaged(offset: number): PersistenceError {
    return new PersistenceError(
      `${this.path} is damaged: the record at byte ${offset} fails its checksum. ` +
        'Restore the file from a backup, or empty the data directory of this server if the other servers of ' +
        'its ensemble have the data',
    );
  }
}

function isZero(byte: number): boolean {
  return byte === 0;
}

/**
 * Whether a whole page of the record reads as zeros: its write did not reach the disk before the machine went
 * down, though that of a later page did. Such a record was never acknowledged, nor was anything after it.
 * Apache refuses to start here (FileTxnLog of 3.9.5: CRC check failed).
 */
function hasUnwrittenPage(payload: Buffer, offset: number): boolean {
  for (let page = (PAGE_BYTES - (offset % PAGE_BYTES)) % PAGE_BYTES; ; page += PAGE_BYTES) {
    if (page + PAGE_BYTES > payload.length) return false;
    if (payload.subarray(page, page + PAGE_BYTES).every(isZero)) return true;
  }
}
