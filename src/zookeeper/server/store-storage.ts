import type { Env } from '../../env/env.ts';
import type { EncodedTxn } from '../../wire/zookeeper/txn-entry.ts';
import type { Store } from '../persistence/store.ts';
import type { DataTree } from '../tree/data-tree.ts';
import type { ZooKeeperServerConfig } from './config.ts';
import type { ServerStorage } from './server-core.ts';

export interface StoreStorageOptions {
  env: Env;
  config: ZooKeeperServerConfig;
  store: Store;
  tree: DataTree;
  sessionTimeouts: ReadonlyMap<bigint, number>;
}

/** The store as a running server uses it: decides when a snapshot is due. */
export class StoreStorage implements ServerStorage {
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

  /** So many transactions were in the log behind the snapshot that was loaded. */
  recovered(txns: number): void {
    this.sinceSnapshot = txns;
  }

  append({ entry, payload }: EncodedTxn): void {
    this.bytesSinceSnapshot += payload.length;
    this.options.store.log.append(entry, payload);
  }

  sync(): Promise<void> {
    return this.options.store.log.sync();
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
    const { env, store, tree, sessionTimeouts } = this.options;
    this.sinceSnapshot = 0;
    this.bytesSinceSnapshot = 0;
    this.drawLimits();
    store.log.roll();
    this.snapshot = store.takeSnapshot(tree, sessionTimeouts).then(
      () => {
        this.snapshot = undefined;
      },
      (error: unknown) => {
        this.snapshot = undefined;
        // The log has everything still: the next snapshot may succeed.
        env.log.error('cannot write a snapshot: the log keeps growing until one succeeds', {
          error: String(error),
        });
      },
    );
  }

  private directoryBytes(dataDir: string): number {
    const { disk } = this.options.env;
    const directory = `${dataDir}/version-2`;
    return disk
      .list(directory)
      .reduce((sum, name) => sum + (disk.stat(`${directory}/${name}`)?.size ?? 0), 0);
  }
}
