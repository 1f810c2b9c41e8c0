import { Summary } from '../../base/summary.ts';
import type { Env } from '../../env/env.ts';
import type { EncodedTxn } from '../../wire/zookeeper/txn-entry.ts';
import { listSnapshots } from '../persistence/file-names.ts';
import type { Recovered } from '../persistence/recovery.ts';
import type { SnapshotInfo } from '../persistence/snapshot-writer.ts';
import type { Store } from '../persistence/store.ts';
import type { DataTree } from '../tree/data-tree.ts';
import type { ZooKeeperServerConfig } from './config.ts';
import type { ServerStorage } from './server-core.ts';

/** What disk work has cost so far, in milliseconds. */
export interface StorageMetrics {
  readonly syncMs: Summary;
  /** Transactions that shared a sync. */
  readonly batchSize: Summary;
  readonly snapshotMs: Summary;
  snapshotErrors: number;
  /** Loading the data: how long it took, and how many transactions the logs had. */
  readonly startupMs: Summary;
  readonly startupTxns: Summary;
  readonly startupSnapshotMs: Summary;
  readonly startupReplayMs: Summary;
  digestMismatches: number;
  /** Syncs above the threshold that makes them be logged. */
  slowSyncs: number;
}

export interface StoreStorageOptions {
  env: Env;
  config: ZooKeeperServerConfig;
  store: Store;
  tree: DataTree;
  sessionTimeouts: ReadonlyMap<bigint, number>;
}

/** The store as a running server uses it: decides when a snapshot is due. */
export class StoreStorage implements ServerStorage {
  readonly metrics: StorageMetrics = {
    syncMs: new Summary(),
    batchSize: new Summary(),
    snapshotMs: new Summary(),
    snapshotErrors: 0,
    startupMs: new Summary(),
    startupTxns: new Summary(),
    startupSnapshotMs: new Summary(),
    startupReplayMs: new Summary(),
    digestMismatches: 0,
    slowSyncs: 0,
  };
  private waiting = 0;
  private readonly options: StoreStorageOptions;
  private sinceSnapshot = 0;
  private bytesSinceSnapshot = 0;
  private snapshotAfter = 0;
  private snapshotAfterBytes = 0;
  private snapshot: Promise<void> | undefined;

  constructor(options: StoreStorageOptions) {
    this.options = options;
    this.drawLimits();
  }

  /** The data has been loaded: the log goes on behind the snapshot that was found. */
  recovered({ txns, tookMs, snapshotMs, replayMs, digestMismatches }: Recovered): void {
    this.sinceSnapshot = txns;
    this.metrics.startupMs.add(tookMs);
    this.metrics.startupTxns.add(txns);
    this.metrics.startupSnapshotMs.add(snapshotMs);
    this.metrics.startupReplayMs.add(replayMs);
    this.metrics.digestMismatches += digestMismatches;
  }

  append({ entry, payload }: EncodedTxn): void {
    this.bytesSinceSnapshot += payload.length;
    this.waiting++;
    this.options.store.log.append(entry, payload);
  }

  async sync(): Promise<void> {
    const { log } = this.options.store;
    const { clock } = this.options.env;
    const startedMs = clock.monotonicMs();
    if (this.waiting > 0) this.metrics.batchSize.add(this.waiting);
    this.waiting = 0;
    await log.sync();
    const tookMs = Math.round(clock.monotonicMs() - startedMs);
    this.metrics.syncMs.add(tookMs);
    if (tookMs > this.options.config.syncWarningThresholdMs) this.metrics.slowSyncs++;
  }

  lastSnapshot(): { zxid: number; takenAtMs: number } | undefined {
    const { env, config } = this.options;
    const newest = listSnapshots(env.disk, `${config.dataDir}/version-2`)[0];
    const stat = newest === undefined ? undefined : env.disk.stat(newest.path);
    return newest === undefined || stat === undefined
      ? undefined
      : { zxid: newest.zxid, takenAtMs: stat.modifiedMs };
  }

  async snapshotNow(): Promise<SnapshotInfo> {
    // Who else waits may begin one first.
    while (this.snapshot !== undefined) await this.snapshot;
    const taken = this.writeSnapshot();
    this.snapshot = taken.then(
      () => this.forgetSnapshot(),
      () => this.forgetSnapshot(),
    );
    return taken;
  }

  transactionsApplied(count: number): void {
    this.sinceSnapshot += count;
    const isDue =
      this.sinceSnapshot > this.snapshotAfter || this.bytesSinceSnapshot > this.snapshotAfterBytes;
    if (isDue && this.snapshot === undefined) this.takeSnapshot();
  }

  dataDirBytes(): number {
    return this.directoryBytes(this.options.config.dataDir);
  }

  logDirBytes(): number {
    return this.directoryBytes(this.options.config.dataLogDir);
  }

  /** Resolves when no snapshot is being written: the tree may be replaced then. */
  async quiesce(): Promise<void> {
    await this.snapshot;
  }

  /** Waits for a snapshot under way, then closes the store. */
  async close(): Promise<void> {
    await this.snapshot;
    await this.options.store.close();
  }

  /** Somewhere between half the configured number and all of it, so that an ensemble does not pause as one. */
  private drawLimits(): void {
    const { env, config } = this.options;
    const between = (limit: number) => limit / 2 + env.random.float() * (limit / 2);
    this.snapshotAfter = between(config.snapCount);
    const { snapSizeLimitBytes } = config;
    this.snapshotAfterBytes = snapSizeLimitBytes > 0 ? between(snapSizeLimitBytes) : Number.POSITIVE_INFINITY;
  }

  private takeSnapshot(): void {
    this.sinceSnapshot = 0;
    this.bytesSinceSnapshot = 0;
    this.drawLimits();
    this.options.store.log.roll();
    this.snapshot = this.writeSnapshot().then(
      () => this.forgetSnapshot(),
      (error: unknown) => {
        this.forgetSnapshot();
        // The log has everything still: the next snapshot may succeed.
        this.options.env.log.error('cannot write a snapshot: the log keeps growing until one succeeds', {
          error: String(error),
        });
      },
    );
  }

  private forgetSnapshot(): void {
    this.snapshot = undefined;
  }

  private async writeSnapshot(): Promise<SnapshotInfo> {
    const { env, store, tree, sessionTimeouts } = this.options;
    const startedMs = env.clock.monotonicMs();
    try {
      const info = await store.takeSnapshot(tree, sessionTimeouts);
      this.metrics.snapshotMs.add(Math.round(env.clock.monotonicMs() - startedMs));
      return info;
    } catch (error) {
      this.metrics.snapshotErrors++;
      throw error;
    }
  }

  private directoryBytes(dataDir: string): number {
    const { disk } = this.options.env;
    const directory = `${dataDir}/version-2`;
    return disk
      .list(directory)
      .reduce((sum, name) => sum + (disk.stat(`${directory}/${name}`)?.size ?? 0), 0);
  }
}
