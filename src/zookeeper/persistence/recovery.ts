import { hex } from '../../base/hex.ts';
import { MalformedError } from '../../base/malformed-error.ts';
import type { Env } from '../../env/env.ts';
import { OpCode } from '../../wire/zookeeper/op-codes.ts';
import { decodeTxnEntry, type TxnEntry } from '../../wire/zookeeper/txn-entry.ts';
import { applyTxn } from '../tree/apply-txn.ts';
import type { DataTree } from '../tree/data-tree.ts';
import { DigestCheck } from './digest-check.ts';
import { listLogs, listSnapshots, logsFrom, type SnapshotFile } from './file-names.ts';
import { PersistenceError } from './persistence-error.ts';
import { looksWhole, readSnapshot, type SnapshotRest } from './snapshot-reader.ts';
import { type LoggedTxn, removeEmptyLog, scanTxns } from './txn-log-scan.ts';

export interface RecoveryOptions {
  snapDirectory: string;
  logDirectory: string;
  /** zookeeper.snapshot.trust.empty: replay logs from the beginning when there is no snapshot at all. */
  trustEmptySnapshot: boolean;
  /** Bounds one string, buffer or transaction read from disk. */
  maxBytes: number;
  /** Sees every transaction replayed, in order: a leader keeps the latest for its learners. */
  onTxn?: ((entry: TxnEntry, payload: Buffer) => void) | undefined;
}

export interface Recovered {
  /** Open sessions: timeouts in milliseconds by id. */
  readonly sessions: Map<bigint, number>;
  /** The last transaction applied; 0 for an empty database. */
  readonly lastZxid: number;
  /** Zxid of the snapshot loaded; undefined when there was none. */
  readonly snapshotZxid: number | undefined;
  /** Transactions replayed. */
  readonly txns: number;
  /** Transactions after which the tree had an unexpected digest. */
  readonly digestMismatches: number;
  readonly tookMs: number;
  /** Shares of `tookMs`: reading the snapshot, and replaying the logs. */
  readonly snapshotMs: number;
  readonly replayMs: number;
}

/** Transactions replayed between two progress lines. */
const PROGRESS_TXNS = 100_000;

/**
 * Loads the newest whole snapshot into `tree` and replays the logs from there on. A damaged snapshot makes way
 * for an older one; a damaged log does not: throws PersistenceError.
 */
export async function recover(
  env: Pick<Env, 'disk' | 'log' | 'clock' | 'timers'>,
  options: RecoveryOptions,
  tree: DataTree,
): Promise<Recovered> {
  const startMs = env.clock.monotonicMs();
  const snapshot = await loadSnapshot(env, options, tree);
  const loadedMs = env.clock.monotonicMs();
  const sessions = snapshot?.rest.sessions ?? new Map<bigint, number>();
  const snapshotZxid = snapshot?.zxid;
  if (snapshotZxid === undefined) checkLogsWithoutSnapshot(env, options);
  tree.lastProcessedZxid = snapshotZxid ?? 0;
  const digests = new DigestCheck(tree, env.log);
  digests.afterSnapshot(snapshotZxid ?? 0, snapshot?.rest.digest);
  const replayedFrom = tree.lastProcessedZxid + 1;
  const txns = await replay(env, options, { tree, sessions, digests });
  const replayedMs = env.clock.monotonicMs();
  removeEmptyLog(env, options.logDirectory, options.maxBytes);
  await makeDurable(env, options, replayedFrom);
  digests.end(tree.lastProcessedZxid);
  dropDeadEphemerals(env, tree, sessions);
  const recovered: Recovered = {
    sessions,
    lastZxid: tree.lastProcessedZxid,
    snapshotZxid,
    txns,
    digestMismatches: digests.mismatches,
    tookMs: Math.round(env.clock.monotonicMs() - startMs),
    snapshotMs: Math.round(loadedMs - startMs),
    replayMs: Math.round(replayedMs - loadedMs),
  };
  env.log.info('data recovered', {
    snapshotZxid: hex(snapshotZxid ?? 0),
    lastZxid: hex(recovered.lastZxid),
    txns,
    nodes: tree.nodeCount,
    tookMs: recovered.tookMs,
  });
  return recovered;
}

async function loadSnapshot(
  env: Pick<Env, 'disk' | 'log'>,
  options: RecoveryOptions,
  tree: DataTree,
): Promise<{ zxid: number; rest: SnapshotRest } | undefined> {
  const snapshots = listSnapshots(env.disk, options.snapDirectory);
  for (const snapshot of snapshots) {
    if (!looksWhole(env.disk, snapshot)) {
      env.log.warn('skipping a snapshot that was not written to its end', { path: snapshot.path });
      continue;
    }
    try {
      const rest = await readSnapshot(env.disk, snapshot, tree, options.maxBytes);
      return { zxid: snapshot.zxid, rest };
    } catch (error) {
      if (!isDamage(error)) throw error;
      env.log.warn('skipping a damaged snapshot', { path: snapshot.path, error: (error as Error).message });
    }
  }
  checkNoneIsNeeded(snapshots, options);
  return undefined;
}

/** Bytes that make no snapshot, as opposed to a disk that fails: the codec's, or zlib's complaint. */
function isDamage(error: unknown): boolean {
  if (error instanceof MalformedError) return true;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return code.startsWith('Z_') || code === 'ERR_BUFFER_TOO_LARGE';
}

/** Only the snapshot of the empty tree may be lost without losing data. */
function checkNoneIsNeeded(snapshots: readonly SnapshotFile[], options: RecoveryOptions): void {
  const needed = snapshots.find((snapshot) => snapshot.zxid > 0);
  if (needed === undefined) return;
  throw new PersistenceError(
    `no snapshot in ${options.snapDirectory} is whole (${snapshots.length} tried, the newest is ${needed.path}). ` +
      'Restore one from a backup, or empty the data directory of this server if the other servers of its ' +
      'ensemble have the data',
  );
}

/** Without a snapshot nobody knows whether the first log is still there. */
function checkLogsWithoutSnapshot(env: Pick<Env, 'disk' | 'log'>, options: RecoveryOptions): void {
  if (listLogs(env.disk, options.logDirectory).length === 0) return;
  if (!options.trustEmptySnapshot) {
    throw new PersistenceError(
      `${options.logDirectory} has transaction logs but ${options.snapDirectory} has no snapshot. ` +
        'Restore the snapshots, or set snapshot.trust.empty=true to replay the logs alone if they are complete',
    );
  }
  env.log.warn('replaying logs without any snapshot: right only if no log has ever been purged', {
    directory: options.logDirectory,
  });
}

interface Replay {
  tree: DataTree;
  sessions: Map<bigint, number>;
  digests: DigestCheck;
}

async function replay(
  env: Pick<Env, 'disk' | 'log' | 'timers'>,
  options: RecoveryOptions,
  { tree, sessions, digests }: Replay,
): Promise<number> {
  let txns = 0;
  const first = tree.lastProcessedZxid + 1;
  for (const logged of scanTxns(env, options.logDirectory, first, options.maxBytes)) {
    const entry = decode(logged);
    if (logged.zxid < tree.lastProcessedZxid) {
      env.log.error('the log goes back', {
        path: logged.path,
        from: hex(tree.lastProcessedZxid),
        to: hex(logged.zxid),
      });
    }
    followSession(entry, sessions);
    applyTxn(tree, entry);
    digests.afterTxn(entry);
    options.onTxn?.(entry, logged.payload);
    txns++;
    if (txns % PROGRESS_TXNS === 0) {
      env.log.info('replaying transactions', { txns, zxid: hex(logged.zxid) });
      await new Promise<void>((resolve) => env.timers.soon(resolve));
    }
  }
  return txns;
}

function decode(logged: LoggedTxn): TxnEntry {
  try {
    return withOwnData(decodeTxnEntry(logged.payload));
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    throw new PersistenceError(
      `${logged.path} has a transaction at byte ${logged.offset} that cannot be decoded: ${error.message}. ` +
        'It was written by an unknown release; start that release, or restore the directory from a backup',
    );
  }
}

/** Copies node data, for a view would keep a whole window of the log in memory with it. */
function withOwnData(entry: TxnEntry): TxnEntry {
  const { body } = entry;
  for (const part of body.type === OpCode.multi ? body.txns : [body]) {
    const txn = part.txn;
    if (txn !== null && 'data' in txn && txn.data !== null) txn.data = Buffer.from(txn.data);
  }
  return entry;
}

function followSession({ header, body }: TxnEntry, sessions: Map<bigint, number>): void {
  if (body.type === OpCode.createSession) sessions.set(header.clientId, body.txn.timeOut);
  else if (body.type === OpCode.closeSession) sessions.delete(header.clientId);
}

/**
 * What a killed process has written and not synced may be in the page cache only. It counts as logged from here on,
 * so it must not be lost by a later power loss.
 */
async function makeDurable(
  env: Pick<Env, 'disk'>,
  { snapDirectory, logDirectory }: RecoveryOptions,
  replayedFrom: number,
): Promise<void> {
  for (const { path } of logsFrom(listLogs(env.disk, logDirectory), replayedFrom)) {
    const file = env.disk.open(path, 'write');
    try {
      await file.sync();
    } finally {
      file.close();
    }
  }
  for (const directory of new Set([snapDirectory, logDirectory])) env.disk.syncDirectory(directory);
}

/** Ephemerals whose session is gone can only come from a snapshot taken while the session was closed. */
function dropDeadEphemerals(
  env: Pick<Env, 'log'>,
  tree: DataTree,
  sessions: ReadonlyMap<bigint, number>,
): void {
  const dead = [...tree.sessionsWithEphemerals()].map(([id]) => id).filter((id) => !sessions.has(id));
  for (const id of dead) {
    env.log.warn('removing the ephemeral nodes of a session that is gone', {
      sessionId: hex(id),
    });
    tree.closeSession(id, tree.lastProcessedZxid, []);
  }
}
