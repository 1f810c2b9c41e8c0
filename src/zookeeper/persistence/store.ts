import { dirname } from 'node:path';
import { assert } from '../../base/assert.ts';
import type { DiskLock } from '../../env/disk.ts';
import type { Env } from '../../env/env.ts';
import type { TxnEntry } from '../../wire/zookeeper/txn-entry.ts';
import type { DataTree } from '../tree/data-tree.ts';
import { type EpochName, readEpoch, writeEpoch } from './epoch-files.ts';
import { listLogs, listSnapshots, listUnfinished, logsFrom, type SnapshotCompression } from './file-names.ts';
import { CannotTruncateError, PersistenceError } from './persistence-error.ts';
import { purge } from './purge.ts';
import { type Recovered, recover } from './recovery.ts';
import { looksWhole } from './snapshot-reader.ts';
import { type SnapshotInfo, type SnapshotSource, writeSnapshot } from './snapshot-writer.ts';
import { checkReachesBack, truncateLog } from './truncate-log.ts';
import { TxnLog } from './txn-log.ts';
import { type LoggedTxn, lastLoggedZxid, scanTxns } from './txn-log-scan.ts';

export interface StoreOptions {
  /** Snapshots and epoch files are in `version-2` below it. */
  dataDir: string;
  /** Logs are in `version-2` below it; the data directory when undefined. */
  dataLogDir?: string | undefined;
  preAllocSizeBytes: number;
  forceSync: boolean;
  txnLogSizeLimitBytes?: number | undefined;
  syncWarningThresholdMs: number;
  snapshotCompression: SnapshotCompression;
  trustEmptySnapshot: boolean;
  /** zookeeper.datadir.autocreate: makes missing directories. */
  autoCreateDirectories: boolean;
  /** zookeeper.db.autocreate: takes an empty directory for an empty database. */
  autoCreateDatabase: boolean;
  /** Bounds one string, buffer or transaction read from disk (`storedLimitBytes`). */
  maxStoredBytes: number;
}

/** ZooKeeper 3.9's defaults; sizes in bytes. */
export const STORE_DEFAULTS = {
  preAllocSizeBytes: 64 * 1024 * 1024,
  forceSync: true,
  syncWarningThresholdMs: 1000,
  snapshotCompression: 'none',
  trustEmptySnapshot: false,
  autoCreateDirectories: true,
  autoCreateDatabase: true,
  maxStoredBytes: 2 * 0xfffff,
} as const satisfies Partial<StoreOptions>;

type StoreEnv = Pick<Env, 'disk' | 'log' | 'clock' | 'timers'>;

/**
 * The data directory of one server (FileTxnSnapLog): open, then recover once, then log and take snapshots.
 * The directory is locked for this process until `close`.
 */
export class Store {
  private readonly env: StoreEnv;
  private readonly options: StoreOptions;
  private readonly snapDirectory: string;
  private readonly logDirectory: string;
  private readonly locks: DiskLock[] = [];
  private openLog: TxnLog | undefined;
  private snapshotUnderWay = false;

  private constructor(env: StoreEnv, options: StoreOptions) {
    this.env = env;
    this.options = options;
    this.snapDirectory = `${options.dataDir}/version-2`;
    this.logDirectory = `${options.dataLogDir ?? options.dataDir}/version-2`;
  }

  /** Makes and locks the directories. Throws PersistenceError. */
  static open(env: StoreEnv, options: StoreOptions): Store {
    const store = new Store(env, options);
    try {
      store.prepareDirectories();
    } catch (error) {
      store.unlock();
      throw error;
    }
    return store;
  }

  /** Fills `tree` with what is on disk. An empty directory becomes an empty database, with a first snapshot. */
  async recover(tree: DataTree, onTxn?: (entry: TxnEntry, payload: Buffer) => void): Promise<Recovered> {
    assert(this.openLog === undefined, 'a store is recovered once');
    const { snapDirectory, logDirectory } = this;
    const { trustEmptySnapshot, maxStoredBytes: maxBytes } = this.options;
    const recovered = await recover(
      this.env,
      { snapDirectory, logDirectory, trustEmptySnapshot, maxBytes, onTxn },
      tree,
    );
    const isEmpty = recovered.snapshotZxid === undefined && recovered.txns === 0;
    if (isEmpty) await this.beginDatabase(tree);
    this.openLog = this.newLog(recovered.lastZxid);
    return recovered;
  }

  private newLog(lastZxid: number): TxnLog {
    return new TxnLog(
      this.env,
      {
        directory: this.logDirectory,
        preAllocSizeBytes: this.options.preAllocSizeBytes,
        forceSync: this.options.forceSync,
        sizeLimitBytes: this.options.txnLogSizeLimitBytes,
        syncWarningThresholdMs: this.options.syncWarningThresholdMs,
      },
      lastZxid,
    );
  }

  /** The log, to be appended to once `recover` is done. */
  get log(): TxnLog {
    assert(this.openLog !== undefined, 'recover comes before logging');
    return this.openLog;
  }

  /** Whether a snapshot is being written: only one is at a time. */
  get isSnapshotting(): boolean {
    return this.snapshotUnderWay;
  }

  /**
   * Writes a fuzzy snapshot of a tree that goes on changing. Roll the log in the same turn, so that old logs can
   * be purged. Rejects with PersistenceError; the server can go on.
   */
  async takeSnapshot(
    tree: SnapshotSource,
    sessions: Iterable<readonly [id: bigint, timeoutMs: number]>,
  ): Promise<SnapshotInfo> {
    assert(!this.snapshotUnderWay, 'a snapshot is under way');
    this.snapshotUnderWay = true;
    try {
      const options = { directory: this.snapDirectory, compression: this.options.snapshotCompression };
      const info = await writeSnapshot(this.env, options, tree, sessions);
      this.env.log.info('snapshot written', { ...info });
      return info;
    } finally {
      this.snapshotUnderWay = false;
    }
  }

  /** Logged transactions from `zxid` on, for learners that lag. */
  readTxns(zxid: number): Iterable<LoggedTxn> {
    return scanTxns(this.env, this.logDirectory, zxid, this.options.maxStoredBytes);
  }

  /** Logged transactions from one at or before `zxid` on; nothing when no log reaches back that far. */
  *readTxnsFrom(zxid: number): Generator<LoggedTxn> {
    const first = logsFrom(listLogs(this.env.disk, this.logDirectory), zxid)[0];
    if (first !== undefined && first.zxid <= zxid) yield* this.readTxns(first.zxid);
  }

  /** Bytes of the newest snapshot file; 0 without one. */
  newestSnapshotBytes(): number {
    const newest = listSnapshots(this.env.disk, this.snapDirectory)[0];
    return newest === undefined ? 0 : (this.env.disk.stat(newest.path)?.size ?? 0);
  }

  /** Loads anew what is on disk, after `tree` has been damaged in memory. */
  async reload(tree: DataTree, onTxn?: (entry: TxnEntry, payload: Buffer) => void): Promise<Recovered> {
    await this.openLog?.close();
    this.openLog = undefined;
    tree.reset();
    return this.recover(tree, onTxn);
  }

  /**
   * Removes everything after `zxid`, also snapshots that contain more, and loads what is left. Throws
   * PersistenceError when nothing on disk goes back that far; then nothing has been changed.
   */
  async truncateAfter(
    zxid: number,
    tree: DataTree,
    onTxn?: (entry: TxnEntry, payload: Buffer) => void,
  ): Promise<Recovered> {
    const { disk } = this.env;
    assert(!this.snapshotUnderWay, 'a snapshot is under way');
    const snapshots = listSnapshots(disk, this.snapDirectory);
    const kept = snapshots.find((snapshot) => snapshot.zxid <= zxid && looksWhole(disk, snapshot));
    if (kept === undefined) {
      throw new CannotTruncateError(
        `${this.snapDirectory} has no snapshot that goes back to 0x${zxid.toString(16)}: what is later cannot be ` +
          'taken back. Empty the data directory of this server; it gets the data from its leader',
      );
    }
    if (kept.zxid !== zxid) checkReachesBack(disk, this.logDirectory, zxid);
    await this.openLog?.close();
    this.openLog = undefined;
    // The snapshots first: a log that was cut off must not be replayed over what it had led to.
    for (const { path, zxid: own } of snapshots) if (own > zxid) disk.remove(path);
    disk.syncDirectory(this.snapDirectory);
    const maxRecordBytes = this.options.maxStoredBytes;
    truncateLog(this.env, this.logDirectory, zxid, { maxRecordBytes, isComplete: kept.zxid === zxid });
    return this.recover(tree, onTxn);
  }

  /**
   * Saves a tree that came from elsewhere in place of everything on disk. The older files would leave a hole before
   * what is logged from now on, so a later recovery must not fall back to them.
   */
  async replaceBy(
    tree: SnapshotSource,
    sessions: Iterable<readonly [id: bigint, timeoutMs: number]>,
  ): Promise<void> {
    const { disk } = this.env;
    const zxid = tree.lastProcessedZxid;
    await this.openLog?.close();
    this.openLog = undefined;
    const logs = listLogs(disk, this.logDirectory);
    // What was logged beyond the new tree would be replayed over it.
    const { maxStoredBytes: maxRecordBytes } = this.options;
    const isAhead = lastLoggedZxid(this.env, this.logDirectory, maxRecordBytes) > zxid;
    if (isAhead) truncateLog(this.env, this.logDirectory, zxid, { maxRecordBytes, isComplete: true });
    const { path } = await this.takeSnapshot(tree, sessions);
    for (const log of logs) disk.remove(log.path);
    for (const snapshot of listSnapshots(disk, this.snapDirectory)) {
      if (snapshot.path !== path) disk.remove(snapshot.path);
    }
    for (const directory of new Set([this.logDirectory, this.snapDirectory])) disk.syncDirectory(directory);
    this.openLog = this.newLog(zxid);
  }

  /** Removes old snapshots and logs, keeping `retainCount` snapshots (at least 3). Returns the paths. */
  purge(retainCount: number): string[] {
    return purge(
      this.env,
      { snapDirectory: this.snapDirectory, logDirectory: this.logDirectory },
      retainCount,
    );
  }

  readEpoch(name: EpochName): number | undefined {
    return readEpoch(this.env.disk, this.snapDirectory, name);
  }

  writeEpoch(name: EpochName, epoch: number): void {
    writeEpoch(this.env.disk, this.snapDirectory, name, epoch);
  }

  /** Makes what was appended durable and lets go of the directory. */
  async close(): Promise<void> {
    try {
      await this.openLog?.close();
    } finally {
      this.unlock();
    }
  }

  private prepareDirectories(): void {
    const { disk } = this.env;
    for (const directory of new Set([this.snapDirectory, this.logDirectory])) {
      this.prepareDirectory(directory);
      const lock = disk.lock(directory);
      if (lock === undefined) {
        throw new PersistenceError(
          `${directory} is in use by another server process. Stop that one, or give this one another dataDir`,
        );
      }
      this.locks.push(lock);
      for (const path of listUnfinished(disk, directory)) disk.remove(path);
    }
    if (this.snapDirectory !== this.logDirectory) this.checkNotMixedUp();
  }

  private prepareDirectory(directory: string): void {
    const { disk } = this.env;
    const kind = disk.stat(directory)?.kind;
    if (kind === 'directory') return;
    if (kind !== undefined) {
      throw new PersistenceError(
        `${directory} is not a directory. Move the file away, or set another dataDir`,
      );
    }
    if (!this.options.autoCreateDirectories) {
      throw new PersistenceError(
        `${directory} does not exist, and zookeeper.datadir.autocreate=false forbids to make it. Create it by hand`,
      );
    }
    try {
      disk.makeDirectory(directory);
      disk.syncDirectory(dirname(directory));
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new PersistenceError(
        `cannot create ${directory}: ${reason}. Make its parent writable for this user, or set another dataDir`,
        { cause },
      );
    }
  }

  /** ZOOKEEPER-2967: dataDir and dataLogDir exchanged would look like an empty database. */
  private checkNotMixedUp(): void {
    const { disk } = this.env;
    if (listSnapshots(disk, this.logDirectory).length > 0) {
      throw new PersistenceError(
        `${this.logDirectory} has snapshots. Check that dataDir and dataLogDir are not swapped`,
      );
    }
    if (listLogs(disk, this.snapDirectory).length > 0) {
      throw new PersistenceError(
        `${this.snapDirectory} has transaction logs. Check that dataLogDir is set as when they were written`,
      );
    }
  }

  /** The first snapshot tells later starts that no snapshot is missing. */
  private async beginDatabase(tree: DataTree): Promise<void> {
    const { disk } = this.env;
    const marker = `${this.options.dataLogDir ?? this.options.dataDir}/initialize`;
    const isMarked = disk.stat(marker) !== undefined;
    if (!isMarked && !this.options.autoCreateDatabase) {
      throw new PersistenceError(
        `${this.snapDirectory} is empty, and zookeeper.db.autocreate=false forbids to begin a new database. ` +
          `Restore the data, or create the file ${marker} if this server is to begin empty`,
      );
    }
    await this.takeSnapshot(tree, []);
    if (isMarked) disk.remove(marker);
  }

  private unlock(): void {
    for (const lock of this.locks.splice(0)) lock.release();
  }
}
