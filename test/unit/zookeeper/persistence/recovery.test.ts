import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Env } from '../../../../src/env/env.ts';
import { OpCode } from '../../../../src/wire/zookeeper/op-codes.ts';
import type { TxnBody } from '../../../../src/wire/zookeeper/txn-entry.ts';
import { encodeTxnEntry } from '../../../../src/wire/zookeeper/txn-entry.ts';
import type { Recovered } from '../../../../src/zookeeper/persistence/recovery.ts';
import { STORE_DEFAULTS, Store, type StoreOptions } from '../../../../src/zookeeper/persistence/store.ts';
import { logHeader, writeRecord } from '../../../../src/zookeeper/persistence/txn-log-file.ts';
import { applyTxn } from '../../../../src/zookeeper/tree/apply-txn.ts';
import { DataTree } from '../../../../src/zookeeper/tree/data-tree.ts';
import { memoryEnv } from '../../../support/memory-env.ts';

const DIRECTORY = '/data/version-2';

function options(more: Partial<StoreOptions> = {}): StoreOptions {
  return { dataDir: '/data', ...STORE_DEFAULTS, preAllocSizeBytes: 0, ...more };
}

/** A server that creates /n1, /n2, ... with one transaction each. */
class Server {
  readonly env: Env;
  readonly tree = new DataTree();
  readonly store: Store;
  private readonly options: StoreOptions;

  constructor(env: Env = memoryEnv(), more: Partial<StoreOptions> = {}) {
    this.env = env;
    this.options = options(more);
    this.store = Store.open(env, this.options);
  }

  recover(): Promise<Recovered> {
    return this.store.recover(this.tree);
  }

  async create(count: number, dataBytes = 10): Promise<void> {
    for (let i = 0; i < count; i++)
      this.log(createTxn((this.tree.lastProcessedZxid + 1) % 0x1000_0000, dataBytes));
    await this.store.log.sync();
  }

  log(body: TxnBody): void {
    const zxid = this.tree.lastProcessedZxid + 1;
    const header = { clientId: 7n, cxid: 1, zxid, time: 5, type: body.type };
    applyTxn(this.tree, { header, body });
    this.store.log.append({ header, body, digest: { version: 2, treeDigest: this.tree.digest } });
  }

  async snapshot(): Promise<void> {
    this.store.log.roll();
    await this.store.takeSnapshot(this.tree, []);
  }

  /** Ends this server and starts another one on its disk. */
  async restart(): Promise<Server> {
    await this.store.close();
    return new Server(this.env, this.options);
  }

  files(): string[] {
    return this.env.disk.list(DIRECTORY).filter((name) => /^(log|snapshot)\./.test(name));
  }

  /** Changes one byte of a file; a negative position counts from its end. */
  damage(name: string, position: number): void {
    const file = this.env.disk.open(`${DIRECTORY}/${name}`, 'write');
    const at = position < 0 ? file.size() + position : position;
    const byte = Buffer.alloc(1);
    file.read(byte, at);
    file.write([Buffer.from([(byte[0] ?? 0) ^ 0x10])], at);
    file.close();
  }

  overwrite(name: string, content: Uint8Array): void {
    this.env.disk.remove(`${DIRECTORY}/${name}`);
    const file = this.env.disk.open(`${DIRECTORY}/${name}`, 'create');
    file.write([content], 0);
    file.close();
  }
}

function createTxn(zxid: number, dataBytes: number): TxnBody {
  const acl = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }];
  const data = Buffer.alloc(dataBytes, 0x61);
  return {
    type: OpCode.create,
    txn: { path: `/n${zxid}`, data, acl, ephemeral: false, parentCVersion: zxid },
  };
}

/** A server with these numbers of transactions, a snapshot after each. */
async function serverWith(...counts: number[]): Promise<Server> {
  const server = new Server();
  await server.recover();
  for (const count of counts) {
    await server.create(count);
    await server.snapshot();
  }
  return server;
}

describe('recovery', () => {
  it('of an empty directory begins a database whose first snapshot is on disk', async () => {
    const server = new Server();
    const { tookMs, snapshotMs, replayMs, ...recovered } = await server.recover();
    assert.ok(tookMs >= snapshotMs + replayMs - 1);
    assert.deepEqual(recovered, {
      sessions: new Map(),
      lastZxid: 0,
      snapshotZxid: undefined,
      txns: 0,
      digestMismatches: 0,
    });
    assert.deepEqual(server.files(), ['snapshot.0']);
    const again = await server.restart();
    assert.equal((await again.recover()).snapshotZxid, 0);
  });

  it('replays what came after the snapshot, and counts the digests that differ', async () => {
    const server = await serverWith(3);
    await server.create(2);
    const again = await server.restart();
    const recovered = await again.recover();
    assert.equal(recovered.snapshotZxid, 3);
    assert.equal(recovered.txns, 2);
    assert.equal(recovered.lastZxid, 5);
    assert.equal(again.tree.digest, server.tree.digest);

    const header = { clientId: 7n, cxid: 6, zxid: 6, time: 5, type: OpCode.create };
    again.store.log.append({ header, body: createTxn(6, 1), digest: { version: 2, treeDigest: 42n } });
    const third = await again.restart();
    assert.equal((await third.recover()).digestMismatches, 1);
  });

  it('falls back to an older snapshot when the newest is damaged', async () => {
    const server = await serverWith(3, 3);
    server.damage('snapshot.6', 200);
    const again = await server.restart();
    const recovered = await again.recover();
    assert.equal(recovered.snapshotZxid, 3);
    assert.equal(recovered.lastZxid, 6);
    assert.equal(again.tree.digest, server.tree.digest);
  });

  it('refuses when every snapshot is damaged, rather than to begin anew', async () => {
    const server = await serverWith(3);
    for (const name of ['snapshot.0', 'snapshot.3']) server.damage(name, 30);
    const again = await server.restart();
    await assert.rejects(again.recover(), {
      name: 'PersistenceError',
      message: /no snapshot in .* is whole/,
    });
  });

  it('refuses logs without a snapshot, unless told to trust them', async () => {
    const server = await serverWith();
    await server.create(4);
    server.env.disk.remove(`${DIRECTORY}/snapshot.0`);
    const again = await server.restart();
    await assert.rejects(again.recover(), {
      name: 'PersistenceError',
      message: /snapshot\.trust\.empty=true/,
    });
    await again.store.close();
    const trusting = new Server(server.env, { trustEmptySnapshot: true });
    assert.equal((await trusting.recover()).lastZxid, 4);
  });

  it('refuses an empty directory when databases may not be begun, unless it is marked', async () => {
    const env = memoryEnv();
    const server = new Server(env, { autoCreateDatabase: false });
    await assert.rejects(server.recover(), {
      name: 'PersistenceError',
      message: /create the file \/data\/initialize/,
    });
    await server.store.close();
    env.disk.open('/data/initialize', 'create').close();
    const marked = new Server(env, { autoCreateDatabase: false });
    await marked.recover();
    assert.equal(env.disk.stat('/data/initialize'), undefined);
    assert.deepEqual(marked.files(), ['snapshot.0']);
  });

  it('drops ephemerals whose session is not open', async () => {
    const server = await serverWith();
    const txn = { path: '/e', data: null, acl: [], ephemeral: true, parentCVersion: 1 };
    server.log({ type: OpCode.create, txn });
    await server.snapshot();
    const again = await server.restart();
    await again.recover();
    assert.equal(again.tree.get('/e'), undefined);
  });
});

describe('a log that a crash has cut', () => {
  /** Two whole records and a third one, which ends as given. */
  async function recoverWith(third: (record: Buffer, offset: number) => Buffer): Promise<Recovered> {
    const server = await serverWith();
    const records = [1, 2, 3].map((zxid) => {
      const payload = encodeTxnEntry({
        header: { clientId: 7n, cxid: zxid, zxid, time: 5, type: OpCode.create },
        body: createTxn(zxid, 20_000),
      });
      const record = Buffer.alloc(payload.length + 13);
      writeRecord(record, 0, payload);
      return record;
    });
    const whole = Buffer.concat([logHeader(), ...records.slice(0, 2)]);
    server.overwrite('log.1', Buffer.concat([whole, third(records[2] ?? Buffer.alloc(0), whole.length)]));
    const again = await server.restart();
    return again.recover();
  }

  const cuts: [name: string, cut: (record: Buffer, offset: number) => Buffer][] = [
    ['the file ends in its header', (record) => record.subarray(0, 7)],
    ['the file ends in its body', (record) => record.subarray(0, 5000)],
    ['the end mark is missing', (record) => Buffer.concat([record.subarray(0, -1), Buffer.alloc(100)])],
    ['only zeros were written', (record) => Buffer.alloc(record.length)],
    [
      'a page in its middle never reached the disk',
      (record, offset) => {
        const copy = Buffer.from(record);
        const page = 4096 - (offset % 4096) + 4096;
        return copy.fill(0, page, page + 4096);
      },
    ],
  ];
  for (const [name, cut] of cuts) {
    it(`loses only its last record when ${name}`, async () => {
      assert.equal((await recoverWith(cut)).lastZxid, 2);
    });
  }

  it('is whole when it is not cut', async () => {
    assert.equal((await recoverWith((record) => record)).lastZxid, 3);
  });

  const damages: [name: string, damage: (record: Buffer) => Buffer, message: RegExp][] = [
    [
      'a flipped bit',
      (record) => Buffer.from(record).fill(0x62, 100, 101),
      /log\.1 is damaged: the record at byte \d+ fails its checksum\. Restore/,
    ],
    [
      'an absurd length',
      (record) => Buffer.from(record).fill(0x7f, 8, 9),
      /log\.1 is damaged: the record at byte \d+ claims \d+ bytes, the limit is/,
    ],
    ['a negative length', (record) => Buffer.from(record).fill(0xfe, 8, 9), /claims -\d+ bytes/],
  ];
  for (const [name, damage, message] of damages) {
    it(`refuses ${name}`, async () => {
      await assert.rejects(recoverWith(damage), { name: 'PersistenceError', message });
    });
  }

  it('goes unnoticed when it is the newest and has no header yet', async () => {
    for (const content of [Buffer.alloc(0), Buffer.alloc(5), Buffer.alloc(70_000)]) {
      const server = await serverWith(2);
      server.overwrite('log.3', content);
      const again = await server.restart();
      assert.equal((await again.recover()).lastZxid, 2);
      await again.create(1);
      const third = await again.restart();
      assert.equal((await third.recover()).lastZxid, 3);
    }
  });

  it('does not stand in the way later when it was left without a header', async () => {
    const server = await serverWith(2);
    server.overwrite('log.3', Buffer.alloc(0));
    const again = await server.restart();
    await again.recover();
    // The next transaction comes from another leader, whose epoch begins elsewhere.
    again.tree.lastProcessedZxid = 0x1_0000_0000;
    await again.create(1);
    const third = await again.restart();
    assert.equal((await third.recover()).lastZxid, 0x1_0000_0001);
  });

  it('is refused without a header when newer logs exist, or with that of another file', async () => {
    const server = await serverWith();
    await server.create(2);
    server.store.log.roll();
    await server.create(2);
    server.overwrite('log.1', Buffer.alloc(0));
    const again = await server.restart();
    await assert.rejects(again.recover(), {
      name: 'PersistenceError',
      message: /log\.1 has no header, though/,
    });
    await again.store.close();
    server.overwrite('log.1', Buffer.from('not a log at all'));
    const third = new Server(server.env);
    await assert.rejects(third.recover(), {
      name: 'PersistenceError',
      message: /log\.1 is not a transaction log/,
    });
  });
});

describe('a damaged snapshot', () => {
  it('is never loaded, wherever a bit flips or the file ends', async () => {
    const server = await serverWith(2);
    const content = server.env.disk.readFile(`${DIRECTORY}/snapshot.2`);
    for (let at = 0; at < content.length; at++) {
      // The text of a seal is not part of any checksum but the next one's; the last seal has no next.
      if (at >= content.length - 5) continue;
      const flipped = Buffer.from(content);
      flipped[at] = (flipped[at] ?? 0) ^ 0x40;
      server.overwrite('snapshot.2', flipped);
      const probe = new Server(await copyOf(server.env));
      assert.equal((await probe.recover()).snapshotZxid, 0, `flipped at ${at}`);
      await probe.store.close();
    }
    for (let length = 0; length < content.length; length++) {
      server.overwrite('snapshot.2', content.subarray(0, length));
      const probe = new Server(await copyOf(server.env));
      const { snapshotZxid, lastZxid } = await probe.recover();
      assert.equal(lastZxid, 2);
      // Up to the seals of sections that older releases did not write, it is a whole snapshot.
      const isOlderForm = [content.length - 21, content.length - 54].includes(length);
      assert.equal(snapshotZxid, isOlderForm ? 2 : 0, `cut at ${length}`);
      await probe.store.close();
    }
    await server.store.close();
  });

  async function copyOf(env: Env): Promise<Env> {
    const copy = memoryEnv();
    copy.disk.makeDirectory(DIRECTORY);
    for (const name of env.disk.list(DIRECTORY)) {
      if (!/^(log|snapshot)\./.test(name)) continue;
      const file = copy.disk.open(`${DIRECTORY}/${name}`, 'create');
      file.write([env.disk.readFile(`${DIRECTORY}/${name}`)], 0);
      file.close();
    }
    return copy;
  }
});

describe('the data directory', () => {
  it('serves one process at a time', async () => {
    const server = new Server();
    assert.throws(() => new Server(server.env), {
      name: 'PersistenceError',
      message: /in use by another server process/,
    });
    await server.store.close();
    await new Server(server.env).store.close();
  });

  it('is not made when that is forbidden', () => {
    assert.throws(() => new Server(memoryEnv(), { autoCreateDirectories: false }), {
      name: 'PersistenceError',
      message: /\/data\/version-2 does not exist, and zookeeper\.datadir\.autocreate=false/,
    });
  });

  it('is refused when dataDir and dataLogDir are swapped or merged', async () => {
    const env = memoryEnv();
    const server = new Server(env, { dataLogDir: '/log' });
    await server.recover();
    await server.create(1);
    await server.store.close();
    assert.throws(() => new Server(env, { dataDir: '/log', dataLogDir: '/data' }), {
      name: 'PersistenceError',
    });
  });

  it('keeps its newest snapshots and the logs they need when it is purged', async () => {
    const server = await serverWith(2, 2, 2, 2, 2);
    await server.create(1);
    server.damage('snapshot.a', -3);
    assert.deepEqual(server.store.purge(1), [
      '/data/version-2/snapshot.2',
      '/data/version-2/snapshot.0',
      '/data/version-2/log.1',
    ]);
    // Three whole ones are kept; the log before the oldest of them may go on beyond it.
    assert.deepEqual(server.files(), [
      'log.3',
      'log.5',
      'log.7',
      'log.9',
      'log.b',
      'snapshot.4',
      'snapshot.6',
      'snapshot.8',
      'snapshot.a',
    ]);
    const again = await server.restart();
    const recovered = await again.recover();
    assert.equal(recovered.snapshotZxid, 8);
    assert.equal(recovered.lastZxid, 11);
  });

  it('can have its log cut off after a transaction, which a leader may ask for', async () => {
    const server = await serverWith(3);
    await server.create(3);
    server.store.log.roll();
    await server.create(2);
    await server.store.close();
    const cutting = new Server(server.env);
    await cutting.recover();
    assert.equal((await cutting.store.truncateAfter(5, cutting.tree)).lastZxid, 5);
    await cutting.create(1);
    const again = await cutting.restart();
    assert.equal((await again.recover()).lastZxid, 6);
    assert.equal(again.tree.lastProcessedZxid, 6);
  });

  it('goes back behind a snapshot when its end is cut off, if an older one is there', async () => {
    const server = await serverWith(3);
    await server.snapshot();
    await server.create(3);
    await server.snapshot();
    await server.create(1);
    assert.equal((await server.store.truncateAfter(4, server.tree)).lastZxid, 4);
    assert.ok(!server.files().includes('snapshot.6'), 'a snapshot of what was cut off');
    await server.store.close();
  });

  it('cuts nothing off when no snapshot goes back that far', async () => {
    const server = await serverWith(3);
    await server.snapshot();
    for (const name of ['snapshot.0']) server.env.disk.remove(`${DIRECTORY}/${name}`);
    await assert.rejects(server.store.truncateAfter(2, server.tree), {
      name: 'CannotTruncateError',
      message: /has no snapshot that goes back to 0x2/,
    });
    const again = await server.restart();
    assert.equal((await again.recover()).lastZxid, 3);
  });

  it('leaves no hole behind when a tree from elsewhere takes its place', async () => {
    const server = await serverWith(5);
    server.tree.lastProcessedZxid = 100;
    await server.store.replaceBy(server.tree, [[9n, 4000]]);
    assert.deepEqual(server.files(), ['snapshot.64']);
    await server.create(1);
    const again = await server.restart();
    const recovered = await again.recover();
    assert.equal(recovered.lastZxid, 101);
    assert.deepEqual([...recovered.sessions], [[9n, 4000]]);
    await again.store.close();
  });

  it('holds epochs, and says so when a file holds something else', async () => {
    const server = new Server();
    assert.equal(server.store.readEpoch('acceptedEpoch'), undefined);
    server.store.writeEpoch('acceptedEpoch', 17);
    assert.equal(server.store.readEpoch('acceptedEpoch'), 17);
    server.overwrite('currentEpoch', Buffer.from('xyz'));
    assert.throws(() => server.store.readEpoch('currentEpoch'), {
      name: 'PersistenceError',
      message: /currentEpoch holds "xyz" instead of an epoch/,
    });
    await server.store.close();
  });
});
