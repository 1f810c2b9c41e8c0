import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Env } from '../../../src/env/env.ts';
import type { ACL, StatPersisted } from '../../../src/wire/zookeeper/data.ts';
import { listSnapshots } from '../../../src/zookeeper/persistence/file-names.ts';
import { PersistenceError } from '../../../src/zookeeper/persistence/persistence-error.ts';
import { readSnapshot } from '../../../src/zookeeper/persistence/snapshot-reader.ts';
import { STORE_DEFAULTS, Store, type StoreOptions } from '../../../src/zookeeper/persistence/store.ts';
import { TxnLogFile, writeRecord } from '../../../src/zookeeper/persistence/txn-log-file.ts';
import { DataTree } from '../../../src/zookeeper/tree/data-tree.ts';
import { goldenFile, goldenLines, goldenNames } from '../../support/golden.ts';
import { type Json, toJson } from '../../support/jute-json.ts';
import { memoryEnv } from '../../support/memory-env.ts';
import { untar } from '../../support/tar.ts';
import { byPath, describeTree } from '../../support/tree-json.ts';
import { describeData, describeTxn, recodeTxn } from '../../support/txn-json.ts';

const FOLDER = 'zookeeper/datadirs';
const DIRECTORY = '/data/version-2';
const MAX_BYTES = STORE_DEFAULTS.maxStoredBytes;

const names = goldenNames(FOLDER)
  .filter((name) => name.endsWith('.tar.gz'))
  .map((name) => name.slice(0, -'.tar.gz'.length));

/** A data directory that Apache wrote, in memory. */
function unpack(name: string): Env {
  const env = memoryEnv();
  env.disk.makeDirectory(DIRECTORY);
  for (const [path, content] of untar(goldenFile(`${FOLDER}/${name}.tar.gz`))) {
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

describe('transaction logs written by Apache', () => {
  for (const name of names) {
    const lines = goldenLines<TxnLine>(`${FOLDER}/${name}.txns.jsonl.gz`);
    for (const file of new Set(lines.map((line) => line.file))) {
      it(`${name}: ${file}`, () => {
        const { disk } = unpack(name);
        const content = disk.readFile(`${DIRECTORY}/${file}`);
        const records = lines.filter((line) => line.file === file && line.crc !== undefined);
        const log = new TxnLogFile(disk, `${DIRECTORY}/${file}`, MAX_BYTES);
        assert.equal(log.readHeader(), content.length > 0);
        for (const line of records) {
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
        const isTorn = lines.some((line) => line.file === file && line.end?.startsWith('unreadable'));
        assert.equal(log.end, isTorn ? 'torn' : 'clean');
        log.close();
      });
    }
  }
});

describe('snapshots written by Apache', () => {
  for (const name of names) {
    for (const line of goldenLines<SnapshotLine>(`${FOLDER}/${name}.snapshots.jsonl.gz`)) {
      it(`${name}: ${line.file}`, async () => {
        const { disk } = unpack(name);
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
      });
    }
  }
});

describe('data directories written by Apache', () => {
  const expectations = goldenNames(FOLDER).flatMap((file) => {
    const match = /^(.*)\.expected\.json(\.gz)?$/.exec(file);
    return match?.[1] === undefined ? [] : [{ name: match[1], file }];
  });
  assert.ok(expectations.length >= names.length);

  for (const { name, file } of expectations) {
    const expected = JSON.parse(goldenFile(`${FOLDER}/${file}`).toString('utf8')) as
      | Json[]
      | { started: false };
    const trustEmptySnapshot = name.endsWith('-trust-empty');
    const archive = trustEmptySnapshot ? name.slice(0, -'-trust-empty'.length) : name;

    it(`${name} ${Array.isArray(expected) ? 'loads as in Apache' : 'is refused as by Apache'}`, async () => {
      const env = unpack(archive);
      const store = Store.open(env, storeOptions({ trustEmptySnapshot }));
      const tree = new DataTree({ extendedTypes: true });
      if (!Array.isArray(expected)) {
        await assert.rejects(store.recover(tree), PersistenceError);
        await store.close();
        return;
      }
      const recovered = await store.recover(tree);
      await store.close();
      assert.equal(recovered.digestMismatches, 0);
      assert.deepEqual(describeTree(tree), byPath(expected));
    });

    if (!Array.isArray(expected)) continue;
    for (const snapshotCompression of ['none', 'gz', 'snappy'] as const) {
      it(`${name} survives a snapshot of ours (${snapshotCompression})`, async () => {
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
      });
    }
  }
});

describe('epoch files written by Apache', () => {
  for (const name of names.filter((name) => name.startsWith('ensemble'))) {
    it(`${name} holds bare decimal numbers, which are written back as they were`, () => {
      const env = unpack(name);
      const store = Store.open(env, storeOptions());
      for (const epochName of ['acceptedEpoch', 'currentEpoch'] as const) {
        const path = `${DIRECTORY}/${epochName}`;
        const content = env.disk.readFile(path).toString('utf8');
        const epoch = store.readEpoch(epochName);
        assert.equal(String(epoch), content);
        store.writeEpoch(epochName, Number(content));
        assert.equal(env.disk.readFile(path).toString('utf8'), content);
      }
    });
  }
});
