import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import type { Env } from '../../src/env/env.ts';
import type { ACL, StatPersisted } from '../../src/wire/zookeeper/data.ts';
import { listSnapshots } from '../../src/zookeeper/persistence/file-names.ts';
import { PersistenceError } from '../../src/zookeeper/persistence/persistence-error.ts';
import { readSnapshot } from '../../src/zookeeper/persistence/snapshot-reader.ts';
import { STORE_DEFAULTS, Store, type StoreOptions } from '../../src/zookeeper/persistence/store.ts';
import { TxnLogFile, writeRecord } from '../../src/zookeeper/persistence/txn-log-file.ts';
import { DataTree } from '../../src/zookeeper/tree/data-tree.ts';
import { type Json, toJson } from '../support/jute-json.ts';
import { memoryEnv } from '../support/memory-env.ts';
import { untar } from '../support/tar.ts';
import { byPath, describeTree } from '../support/tree-json.ts';
import { describeData, describeTxn, recodeTxn } from '../support/txn-json.ts';
import type { GoldenCheck, GoldenFile } from './check.ts';

const DIRECTORY = '/data/version-2';
const MAX_BYTES = STORE_DEFAULTS.maxStoredBytes;

/** A data directory that Apache wrote, in memory. */
function unpack(archive: GoldenFile): Env {
  const env = memoryEnv();
  env.disk.makeDirectory(DIRECTORY);
  for (const [path, content] of untar(archive.bytes())) {
    const file = env.disk.open(`/data/${path}`, 'create');
    file.write([content], 0);
    file.close();
  }
  return env;
}

function storeOptions(options: Partial<StoreOptions> = {}): StoreOptions {
  return { dataDir: '/data', ...STORE_DEFAULTS, ...options };
}

interface TxnLine {
  file: string;
  offset?: number;
  fileSize?: number;
  crc?: number;
  crcOk?: boolean;
  end?: string;
  txnHeader: Json;
  op: string;
  record: Json;
  digest: Json;
  hex: string;
}

interface SnapshotLine {
  file: string;
  uncompressedSize: number;
  unreadable?: string;
  sessions: { id: Json; timeout: number }[];
  aclCache: { id: number; acls: Json }[];
  nodes: Json[];
  tail: {
    section: string;
    equalsAdler32OfFileUpToHere: boolean;
    zxid?: number;
    digestVersion?: number;
    digest?: Json;
  }[];
}

/** Notes what a snapshot holds, in its order. */
class RecordingTarget {
  readonly acls: Json[] = [];
  readonly nodes: Json[] = [];

  beginRestore(): void {
    assert.equal(this.nodes.length, 0);
  }

  restoreAcl(id: number, acls: readonly ACL[]): void {
    this.acls.push({ id, acls: toJson(acls) });
  }

  restoreNode(path: string, data: Buffer | null, aclId: number, stat: StatPersisted): boolean {
    this.nodes.push({ path, ...describeData(data), aclId, stat: toJson(stat) });
    return true;
  }

  endRestore(): void {
    assert.ok(this.nodes.length > 0);
  }
}

/** The data directory that a file beside it is about. */
function archiveOf(file: GoldenFile): GoldenFile {
  return file.sibling(file.name.replace(/(-trust-empty)?\.(txns|snapshots|expected)\.json.*$/, '.tar.gz'));
}

function checkLog(archive: GoldenFile, file: string, lines: readonly TxnLine[]): void {
  const { disk } = unpack(archive);
  const content = disk.readFile(`${DIRECTORY}/${file}`);
  const log = new TxnLogFile(disk, `${DIRECTORY}/${file}`, MAX_BYTES);
  assert.equal(log.readHeader(), content.length > 0);
  for (const line of lines.filter(({ crc }) => crc !== undefined)) {
    if (line.crcOk === false) {
      assert.throws(() => log.next(), new RegExp(`byte ${line.offset} fails its checksum`));
      return;
    }
    const record = log.next();
    assert.ok(record, `no record at ${line.offset}`);
    assert.equal(record.offset, line.offset);
    assert.equal(record.payload.toString('hex'), line.hex);
    const { txnHeader, op, digest } = line;
    assert.deepEqual(describeTxn(record.payload), { txnHeader, op, record: line.record, digest });
    assert.equal(recodeTxn(record.payload).toString('hex'), line.hex);
    const written = Buffer.alloc(record.endOffset - record.offset);
    assert.equal(writeRecord(written, 0, record.payload), written.length);
    assert.deepEqual(written, content.subarray(record.offset, record.endOffset));
  }
  assert.equal(log.next(), undefined);
  const isTorn = lines.some((line) => line.end?.startsWith('unreadable'));
  assert.equal(log.end, isTorn ? 'torn' : 'clean');
  log.close();
}

const txnLogs: GoldenCheck = {
  name: 'ZooKeeper transaction logs',
  matches: (path) => /^zookeeper\/datadirs\/[^/]+\.txns\.jsonl\.gz$/.test(path),
  *cases(file) {
    const lines = file.lines<TxnLine>();
    for (const name of new Set(lines.map((line) => line.file))) {
      const own = lines.filter((line) => line.file === name);
      yield { label: name, run: () => checkLog(archiveOf(file), name, own) };
    }
  },
};

async function checkSnapshot(archive: GoldenFile, line: SnapshotLine): Promise<void> {
  const { disk } = unpack(archive);
  const file = listSnapshots(disk, DIRECTORY).find((file) => file.path.endsWith(`/${line.file}`));
  assert.ok(file);
  const target = new RecordingTarget();
  const reading = readSnapshot(disk, file, target, MAX_BYTES);
  const isDamaged =
    line.unreadable !== undefined || line.tail.some((seal) => !seal.equalsAdler32OfFileUpToHere);
  if (isDamaged) {
    await assert.rejects(reading, { name: 'MalformedError' });
    return;
  }
  const rest = await reading;
  assert.deepEqual(
    [...rest.sessions].map(([id, timeout]) => ({ id: toJson(id), timeout })),
    line.sessions,
  );
  assert.deepEqual(target.acls, line.aclCache);
  assert.deepEqual(target.nodes, line.nodes);
  const digest = line.tail.find((section) => section.section === 'digest');
  assert.deepEqual(
    toJson(rest.digest),
    digest && { zxid: digest.zxid, digestVersion: digest.digestVersion, digest: digest.digest },
  );
  const last = line.tail.find((section) => section.section === 'lastProcessedZxid');
  assert.equal(rest.lastProcessedZxid, last?.zxid);
}

const snapshots: GoldenCheck = {
  name: 'ZooKeeper snapshots',
  matches: (path) => /^zookeeper\/datadirs\/[^/]+\.snapshots\.jsonl\.gz$/.test(path),
  *cases(file) {
    const lines = file.lines<SnapshotLine>();
    // A directory without any snapshot has a list of none.
    if (lines.length === 0) {
      const none = () => assert.deepEqual(listSnapshots(unpack(archiveOf(file)).disk, DIRECTORY), []);
      yield { label: 'no snapshot', run: none };
    }
    for (const line of lines) {
      yield { label: line.file, run: () => checkSnapshot(archiveOf(file), line) };
    }
  },
};

interface Loading {
  readonly archive: GoldenFile;
  readonly trustEmptySnapshot: boolean;
}

async function checkRefused({ archive, trustEmptySnapshot }: Loading): Promise<void> {
  const store = Store.open(unpack(archive), storeOptions({ trustEmptySnapshot }));
  await assert.rejects(store.recover(new DataTree({ extendedTypes: true })), PersistenceError);
  await store.close();
}

async function checkLoaded({ archive, trustEmptySnapshot }: Loading, expected: Json[]): Promise<void> {
  const store = Store.open(unpack(archive), storeOptions({ trustEmptySnapshot }));
  const tree = new DataTree({ extendedTypes: true });
  const recovered = await store.recover(tree);
  await store.close();
  assert.equal(recovered.digestMismatches, 0);
  assert.deepEqual(describeTree(tree), byPath(expected));
}

async function checkRewritten(
  { archive, trustEmptySnapshot }: Loading,
  expected: Json[],
  snapshotCompression: 'none' | 'gz' | 'snappy',
): Promise<void> {
  const env = unpack(archive);
  const options = storeOptions({ trustEmptySnapshot, snapshotCompression });
  const store = Store.open(env, options);
  const tree = new DataTree({ extendedTypes: true });
  const { sessions } = await store.recover(tree);
  const info = await store.takeSnapshot(tree, sessions);
  await store.close();
  for (const name of env.disk.list(DIRECTORY)) {
    const path = `${DIRECTORY}/${name}`;
    if (path !== info.path && /^(log|snapshot)\./.test(name)) env.disk.remove(path);
  }
  if (snapshotCompression === 'gz') assert.ok(gunzipSync(env.disk.readFile(info.path)).length > 0);

  const again = new DataTree({ extendedTypes: true });
  const reopened = Store.open(env, options);
  const recovered = await reopened.recover(again);
  await reopened.close();
  assert.equal(recovered.snapshotZxid, tree.lastProcessedZxid);
  assert.equal(recovered.digestMismatches, 0);
  assert.deepEqual(recovered.sessions, sessions);
  assert.equal(again.digest, tree.digest);
  assert.deepEqual(describeTree(again), byPath(expected));
}

const dataDirectories: GoldenCheck = {
  name: 'ZooKeeper data directories',
  matches: (path) => /^zookeeper\/datadirs\/[^/]+\.expected\.json(\.gz)?$/.test(path),
  *cases(file) {
    const expected = file.json<Json[] | { started: false }>();
    const trustEmptySnapshot = file.name.includes('-trust-empty.');
    const loading = { archive: archiveOf(file), trustEmptySnapshot };
    if (!Array.isArray(expected)) {
      yield { label: 'is refused as by Apache', run: () => checkRefused(loading) };
      return;
    }
    yield { label: 'loads as in Apache', run: () => checkLoaded(loading, expected) };
    for (const compression of ['none', 'gz', 'snappy'] as const) {
      const run = () => checkRewritten(loading, expected, compression);
      yield { label: `survives a snapshot of ours (${compression})`, run };
    }
  },
};

/** Bare decimal numbers, which are written back as they were. */
function checkEpoch(archive: GoldenFile, name: 'acceptedEpoch' | 'currentEpoch'): void {
  const env = unpack(archive);
  const store = Store.open(env, storeOptions());
  const path = `${DIRECTORY}/${name}`;
  const content = env.disk.readFile(path).toString('utf8');
  assert.equal(String(store.readEpoch(name)), content);
  store.writeEpoch(name, Number(content));
  assert.equal(env.disk.readFile(path).toString('utf8'), content);
}

const epochFiles: GoldenCheck = {
  name: 'ZooKeeper epoch files',
  matches: (path) => /^zookeeper\/datadirs\/ensemble[^/]*\.tar\.gz$/.test(path),
  *cases(file) {
    for (const name of ['acceptedEpoch', 'currentEpoch'] as const) {
      yield { label: name, run: () => checkEpoch(file, name) };
    }
  },
};

/** Data directories that Apache's servers wrote, with what Apache reads in them. */
export const zookeeperDataDirectories: readonly GoldenCheck[] = [
  txnLogs,
  snapshots,
  dataDirectories,
  epochFiles,
];
