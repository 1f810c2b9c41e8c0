import { assert } from '../../base/assert.ts';
import type { DiskFile } from '../../env/disk.ts';
import type { Env } from '../../env/env.ts';
import { encodeTxnEntry, type TxnEntry } from '../../wire/zookeeper/txn-entry.ts';
import { logName } from './file-names.ts';
import { PersistenceError } from './persistence-error.ts';
import { LOG_HEADER_BYTES, logHeader, RECORD_OVERHEAD_BYTES, writeRecord } from './txn-log-file.ts';

export interface TxnLogOptions {
  /** Where the log files are. */
  directory: string;
  /** zookeeper.preAllocSize: log files grow by this much at a time; 0 for as they are written. */
  preAllocSizeBytes: number;
  /** zookeeper.forceSync: without it, `sync` does not wait for the disk. */
  forceSync: boolean;
  /** zookeeper.txnLogSizeLimitInKb: a log file that has grown beyond is rolled. Undefined for no limit. */
  sizeLimitBytes?: number | undefined;
  /** fsync.warningthresholdms: slower syncs are logged. */
  syncWarningThresholdMs: number;
}

/** Files are extended when less than this is left in them (FilePadding). */
const PADDING_MARGIN_BYTES = 4096;

/**
 * Within the allocated size, so many bytes behind the last record are written as zeros, where Apache leaves a hole. A
 * sync of records in a hole has the file system commit their new blocks as well, which takes several times as long
 * as the data alone, and all files of the disk wait for each other in that.
 */
const ZEROS_AHEAD_BYTES = 1024 * 1024;

/**
 * Where a sync takes less than this, a lone transaction is synced in place: handing it to another thread and back
 * would take as long, and the event loop is held up no longer than by any other request.
 */
const QUICK_SYNC_MS = 1;
/** How much the latest sync weighs in the mean. */
const LATEST_SYNC_SHARE = 0.1;

/** One log file: the records that wait for being written, and the file once it exists. */
interface OpenLog {
  readonly path: string;
  file: DiskFile | undefined;
  /** Bytes of records written, with the header. */
  position: number;
  /** Bytes of the file, allocated ahead. */
  fileBytes: number;
  /** Up to here the file has blocks. */
  blockBytes: number;
  waiting: Buffer[];
  waitingBytes: number;
}

interface Waiter {
  resolve(): void;
  reject(error: Error): void;
}

/**
 * Appends transactions to log files, with group commit: everything appended before a sync is written by one call
 * and shares that sync.
 *
 *     idle --append--> idle (records wait) --sync--> flushing
 *     flushing --synced, nobody waits--> idle
 *     flushing --synced, someone waits--> flushing (the next batch)
 *     flushing --write or sync fails--> failed, for good: what a failed sync left on disk is unknown
 */
export class TxnLog {
  private readonly env: Pick<Env, 'disk' | 'clock' | 'log'>;
  private readonly options: TxnLogOptions;
  private current: OpenLog | undefined;
  /** Rolled logs that still have records to write, or a file to sync and close. */
  private rolled: OpenLog[] = [];
  private waiters: Waiter[] = [];
  private flushing = false;
  private failure: PersistenceError | undefined;
  private lastAppended: number;
  private syncMs = 0;
  /** Of the latest syncs; a disk has to prove that it is quick. */
  private meanSyncMs = 10 * QUICK_SYNC_MS;

  /** `lastZxid` is the last transaction that is in the log already. */
  constructor(env: Pick<Env, 'disk' | 'clock' | 'log'>, options: TxnLogOptions, lastZxid: number) {
    this.env = env;
    this.options = options;
    this.lastAppended = lastZxid;
  }

  /** Zxid of the last transaction appended. */
  get lastZxid(): number {
    return this.lastAppended;
  }

  /** How long the last sync took. */
  get lastSyncMs(): number {
    return this.syncMs;
  }

  /** Bytes of the current log file, as allocated. */
  get fileBytes(): number {
    return this.current === undefined ? 0 : this.current.fileBytes;
  }

  /**
   * Queues a transaction; zxids must rise. `payload` is its encoding (`encodeTxnEntry`) where the caller has it;
   * that memory must not change until the transaction is durable.
   */
  append(entry: TxnEntry, payload: Buffer = encodeTxnEntry(entry)): void {
    if (this.failure !== undefined) throw this.failure;
    const { zxid } = entry.header;
    assert(zxid > this.lastAppended, () => `zxid ${zxid} is not above ${this.lastAppended}`);
    this.lastAppended = zxid;
    this.current ??= {
      path: `${this.options.directory}/${logName(zxid)}`,
      file: undefined,
      position: 0,
      fileBytes: 0,
      blockBytes: 0,
      waiting: [],
      waitingBytes: 0,
    };
    this.current.waiting.push(payload);
    this.current.waitingBytes += payload.length + RECORD_OVERHEAD_BYTES;
  }

  /**
   * Writes what waits and resolves when everything appended so far is durable; calls during a sync share the next
   * one. Rejects with a PersistenceError, and from then on always.
   */
  sync(): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      this.waiters.push({ resolve, reject });
      if (!this.flushing) void this.flush();
    });
  }

  /** Lets the next transaction begin a new file. */
  roll(): void {
    if (this.current === undefined) return;
    this.rolled.push(this.current);
    this.current = undefined;
  }

  /** Commits what is left and closes the files. */
  async close(): Promise<void> {
    try {
      await this.sync();
    } finally {
      this.roll();
      for (const log of this.rolled) log.file?.close();
      this.rolled = [];
    }
  }

  private async flush(): Promise<void> {
    this.flushing = true;
    while (this.waiters.length > 0) {
      const waiters = this.waiters;
      this.waiters = [];
      try {
        await this.flushOnce();
      } catch (error) {
        this.fail(error, waiters);
        return;
      }
      for (const waiter of waiters) waiter.resolve();
    }
    this.flushing = false;
  }

  /** One log after the other: a later transaction must never be on disk without the earlier ones. */
  private async flushOnce(): Promise<void> {
    const logs = this.current === undefined ? [...this.rolled] : [...this.rolled, this.current];
    for (const log of logs) {
      if (log.waitingBytes === 0) continue;
      const inPlace = log.waiting.length === 1 && this.meanSyncMs < QUICK_SYNC_MS;
      const file = this.write(log);
      if (this.options.forceSync) await this.syncFile(file, inPlace);
    }
    this.closeRolled();
    const limit = this.options.sizeLimitBytes;
    if (limit !== undefined && this.fileBytes > limit) this.roll();
  }

  private write(log: OpenLog): DiskFile {
    const isNew = log.file === undefined;
    const file = log.file ?? this.createFile(log.path);
    log.file = file;
    const batch = Buffer.allocUnsafe(log.waitingBytes + (isNew ? LOG_HEADER_BYTES : 0));
    let at = 0;
    if (isNew) {
      batch.set(logHeader());
      at = LOG_HEADER_BYTES;
      log.fileBytes = LOG_HEADER_BYTES;
    }
    for (const payload of log.waiting) at = writeRecord(batch, at, payload);
    log.waiting = [];
    log.waitingBytes = 0;
    const first = Math.max(log.position, LOG_HEADER_BYTES);
    const end = log.position + batch.length;
    const padded = paddedSize(first, log.fileBytes, this.options.preAllocSizeBytes);
    if (padded > Math.max(end, log.fileBytes)) file.write([Buffer.alloc(1)], padded - 1);
    if (end > log.blockBytes) {
      log.blockBytes = Math.max(end, Math.min(end + ZEROS_AHEAD_BYTES, padded));
      if (log.blockBytes > end) file.write([Buffer.alloc(log.blockBytes - end)], end);
    }
    // One chunk, so that a crash can only tear it where pages end.
    file.write([batch], log.position);
    log.position = end;
    log.fileBytes = Math.max(padded, end);
    return file;
  }

  /** A file of that name can only be a log that a crash left without any whole record. */
  private createFile(path: string): DiskFile {
    this.env.log.info('creating a transaction log', { path });
    const file = this.env.disk.open(path, 'write');
    if (file.size() > 0) file.truncate(0);
    this.env.disk.syncDirectory(this.options.directory);
    return file;
  }

  private async syncFile(file: DiskFile, inPlace: boolean): Promise<void> {
    const startMs = this.env.clock.monotonicMs();
    if (inPlace) file.syncNow();
    else await file.sync();
    this.syncMs = this.env.clock.monotonicMs() - startMs;
    this.meanSyncMs += (this.syncMs - this.meanSyncMs) * LATEST_SYNC_SHARE;
    if (this.syncMs > this.options.syncWarningThresholdMs) {
      this.env.log.warn('syncing the transaction log is slow, which delays every write', {
        path: file.path,
        syncMs: Math.round(this.syncMs),
      });
    }
  }

  private closeRolled(): void {
    const open = this.rolled.filter((log) => log.waitingBytes > 0);
    for (const log of this.rolled) if (log.waitingBytes === 0) log.file?.close();
    this.rolled = open;
  }

  private fail(cause: unknown, waiters: readonly Waiter[]): void {
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.failure = new PersistenceError(
      `cannot write the transaction log in ${this.options.directory}: ${reason}. ` +
        'Free or repair the disk, then restart the server',
      { cause },
    );
    const all = [...waiters, ...this.waiters];
    this.waiters = [];
    for (const waiter of all) waiter.reject(this.failure);
  }
}

/**
 * The size to allocate for a log whose next record goes to `position` and that is `fileBytes` long: the rule of
 * FilePadding, so that files have the sizes that Apache gives them.
 */
export function paddedSize(position: number, fileBytes: number, preAllocSizeBytes: number): number {
  if (preAllocSizeBytes <= 0 || position + PADDING_MARGIN_BYTES < fileBytes) return fileBytes;
  if (position <= fileBytes) return fileBytes + preAllocSizeBytes;
  const wanted = position + preAllocSizeBytes;
  return wanted - (wanted % preAllocSizeBytes);
}
