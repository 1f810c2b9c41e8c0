import type { Env } from '../../env/env.ts';
import { storedLimitBytes } from '../../wire/jute/limits.ts';
import type { EncodedTxn, TxnEntry } from '../../wire/zookeeper/txn-entry.ts';
import { DigestCheck } from '../persistence/digest-check.ts';
import { CannotTruncateError } from '../persistence/persistence-error.ts';
import type { Recovered } from '../persistence/recovery.ts';
import { readTreeStream } from '../persistence/snapshot-reader.ts';
import { treeStream } from '../persistence/snapshot-writer.ts';
import type { Store } from '../persistence/store.ts';
import { DataTree, type TxnObserver } from '../tree/data-tree.ts';
import { CONFIG_PATH } from '../tree/path.ts';
import { CommittedLog, type HistoryTxn } from '../zab/committed-log.ts';
import type { ZabGuards } from '../zab/guards.ts';
import type { History } from '../zab/synchronisation.ts';
import type { ZooKeeperServerConfig } from './config.ts';
import { StoreStorage } from './store-storage.ts';

/** zookeeper.snapshotSizeFactor: a longer log than this share of a snapshot is not sent. */
const LOG_SIZE_FACTOR = 0.33;

const IN_ENSEMBLE =
  'the data of this server differs from that of the server that made the transaction; if it goes on, stop this ' +
  'server, empty its data directory and start it again: it gets the data from the others';

export interface PeerDatabaseOptions {
  env: Env;
  config: ZooKeeperServerConfig;
  store: Store;
  observer?: TxnObserver | undefined;
  guards: ZabGuards;
  /** What /zookeeper/config says. */
  configNode(): { text: string; version: number };
}

/**
 * Everything that one server of an ensemble knows: tree, sessions, log, the latest committed transactions. Loaded
 * once; it outlives elections.
 */
export class PeerDatabase implements History {
  readonly tree: DataTree;
  /** Open sessions with their timeouts in milliseconds. */
  readonly sessionTimeouts = new Map<bigint, number>();
  readonly store: Store;
  readonly storage: StoreStorage;
  private readonly options: PeerDatabaseOptions;
  private readonly committedLog: CommittedLog;
  private readonly digests: DigestCheck;
  private broken = false;
  private wantsTree = false;

  private constructor(options: PeerDatabaseOptions) {
    const { env, config, store, observer } = options;
    this.options = options;
    this.committedLog = new CommittedLog(undefined, options.guards);
    this.store = store;
    this.tree = new DataTree({
      observer,
      extendedTypes: config.extendedTypesEnabled,
      digest: config.digestEnabled,
    });
    const { tree, sessionTimeouts } = this;
    this.digests = new DigestCheck(tree, env.log, IN_ENSEMBLE);
    this.storage = new StoreStorage({ env, config, store, tree, sessionTimeouts });
  }

  static async load(options: PeerDatabaseOptions): Promise<PeerDatabase> {
    const database = new PeerDatabase(options);
    database.adopt(await options.store.recover(database.tree, database.onTxn));
    return database;
  }

  /** While the tree in memory is not what is on disk: it has to be loaded again before anything else. */
  get isBroken(): boolean {
    return this.broken;
  }

  /**
   * Whether a leader had this server cut off what nothing on disk goes back behind: then its whole tree is wanted. What
   * is on disk stays until that is here, for it counts in elections.
   */
  get needsTree(): boolean {
    return this.wantsTree;
  }

  get lastProcessedZxid(): number {
    return this.tree.lastProcessedZxid;
  }

  get guards(): ZabGuards {
    return this.options.guards;
  }

  committed(): readonly HistoryTxn[] {
    return this.committedLog.list();
  }

  *logged(zxid: number): Generator<HistoryTxn> {
    const maxBytes = this.store.newestSnapshotBytes() * LOG_SIZE_FACTOR;
    // Read to the end before the first is used: a part of them would not do.
    const txns: HistoryTxn[] = [];
    let bytes = 0;
    for (const { zxid: own, payload } of this.store.readTxnsFrom(zxid)) {
      bytes += payload.length;
      if (bytes > maxBytes) return;
      txns.push({ zxid: own, payload: Buffer.from(payload) });
    }
    yield* txns;
  }

  /** A committed transaction has been applied. */
  remember({ entry, payload }: EncodedTxn): void {
    this.committedLog.add({ zxid: entry.header.zxid, payload });
    this.storage.transactionsApplied(1);
  }

  /**
   * Tells of replicas that have come apart. To be called with a transaction that has just been applied, by a server
   * that has its leader's tree for sure: one that is sent while it changes is so only at UPTODATE, for what had been
   * committed before its end has all come by then.
   */
  checkDigest({ entry }: EncodedTxn): void {
    const { mismatches } = this.digests;
    this.digests.afterTxn(entry);
    this.storage.metrics.digestMismatches += this.digests.mismatches - mismatches;
  }

  /** The tree, as it is sent to a learner. */
  treeStream(): Generator<Buffer> {
    return treeStream(this.tree, this.sessionTimeouts);
  }

  /** Puts the configuration where clients read it. Apache's servers do so on their own as well. */
  writeConfigNode(): void {
    const { text, version } = this.options.configNode();
    const timeMs = this.options.env.clock.nowMs();
    this.tree.setData(CONFIG_PATH, Buffer.from(text), { version: -1, zxid: version, timeMs });
  }

  /** Takes back everything after `zxid`. Throws CannotTruncateError, with nothing changed; PersistenceError. */
  async truncate(zxid: number): Promise<void> {
    await this.storage.quiesce();
    this.broken = true;
    const kept = [...this.committedLog.list()];
    this.committedLog.clear();
    try {
      this.adopt(await this.store.truncateAfter(zxid, this.tree, this.onTxn));
    } catch (error) {
      if (!(error instanceof CannotTruncateError)) throw error;
      for (const txn of kept) this.committedLog.add(txn);
      this.broken = false;
      this.wantsTree = true;
      throw error;
    }
    this.tree.lastProcessedZxid = zxid;
    this.broken = false;
  }

  /** Loads what is on disk, after the tree has been broken. */
  async reload(): Promise<void> {
    await this.storage.quiesce();
    this.committedLog.clear();
    this.adopt(await this.store.reload(this.tree, this.onTxn));
    this.broken = false;
  }

  /** Takes a leader's tree, in memory and on disk. Resolves with the bytes that followed it. */
  async replace(zxid: number, chunks: AsyncIterable<Buffer>): Promise<Buffer> {
    await this.storage.quiesce();
    this.broken = true;
    this.committedLog.clear();
    const { maxBufferBytes, maxBufferExtraBytes } = this.options.config;
    const maxBytes = storedLimitBytes(maxBufferBytes, maxBufferExtraBytes);
    const { sessions, rest } = await readTreeStream(chunks, this.tree, maxBytes);
    this.tree.lastProcessedZxid = zxid;
    this.takeSessions(sessions);
    this.writeConfigNode();
    await this.store.replaceBy(this.tree, this.sessionTimeouts);
    this.broken = false;
    this.wantsTree = false;
    return rest;
  }

  private readonly onTxn = (entry: TxnEntry, payload: Buffer): void => {
    this.committedLog.add({ zxid: entry.header.zxid, payload: Buffer.from(payload) });
  };

  private adopt(recovered: Recovered): void {
    this.takeSessions(recovered.sessions);
    this.storage.recovered(recovered);
    this.writeConfigNode();
  }

  private takeSessions(sessions: ReadonlyMap<bigint, number>): void {
    this.sessionTimeouts.clear();
    for (const [id, timeoutMs] of sessions) this.sessionTimeouts.set(id, timeoutMs);
  }
}
