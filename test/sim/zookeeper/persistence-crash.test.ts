import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Env } from '../../../src/env/env.ts';
import type { Random } from '../../../src/env/random.ts';
import { ProcessGoneError } from '../../../src/env/sim/sim-process.ts';
import { Simulation } from '../../../src/env/sim/simulation.ts';
import { OpCode } from '../../../src/wire/zookeeper/op-codes.ts';
import type { SubTxn, TxnBody, TxnEntry } from '../../../src/wire/zookeeper/txn-entry.ts';
import type { Recovered } from '../../../src/zookeeper/persistence/recovery.ts';
import { STORE_DEFAULTS, Store, type StoreOptions } from '../../../src/zookeeper/persistence/store.ts';
import { applyTxn } from '../../../src/zookeeper/tree/apply-txn.ts';
import { DataTree } from '../../../src/zookeeper/tree/data-tree.ts';
import { describeTree } from '../../support/tree-json.ts';

const SEEDS = 25;
const ROUNDS = 6;

function storeOptions(random: Random): StoreOptions {
  return {
    ...STORE_DEFAULTS,
    dataDir: '/zk/data',
    dataLogDir: random.below(2) === 0 ? '/zk/log' : undefined,
    // Small, so that files are padded, outgrow their padding, and are rolled by size.
    preAllocSizeBytes: [0, 4096, 64 * 1024][random.below(3)] ?? 0,
    txnLogSizeLimitBytes: random.below(2) === 0 ? 200_000 : undefined,
  };
}

function followSession({ header, body }: TxnEntry, sessions: Map<bigint, number>): void {
  if (body.type === OpCode.createSession) sessions.set(header.clientId, body.txn.timeOut);
  if (body.type === OpCode.closeSession) sessions.delete(header.clientId);
}

/** What a server has logged, what of it is durable, and the tree that follows from it. */
class History {
  readonly entries: TxnEntry[] = [];
  /** Open sessions at the head: timeouts by id. */
  readonly sessions = new Map<bigint, number>();
  acknowledged = 0;
  head = new DataTree();
  private readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  /** Makes up the next transaction, as a leader would propose it. */
  next(timeMs: number): TxnEntry {
    const zxid = this.entries.length + 1;
    const body = this.body(zxid);
    const header = { clientId: 5n, cxid: zxid, zxid, time: timeMs, type: body.type };
    applyTxn(this.head, { header, body });
    followSession({ header, body }, this.sessions);
    const entry: TxnEntry = { header, body, digest: { version: 2, treeDigest: this.head.digest } };
    this.entries.push(entry);
    return entry;
  }

  /** Checks what a restart has found, and forgets what the crash has lost. */
  check(recovered: Recovered, tree: DataTree): void {
    assert.ok(
      recovered.lastZxid >= this.acknowledged,
      `${this.acknowledged} acknowledged, ${recovered.lastZxid} found`,
    );
    assert.ok(recovered.lastZxid <= this.entries.length, 'more found than logged');
    this.entries.length = recovered.lastZxid;
    this.head = new DataTree();
    this.sessions.clear();
    for (const entry of this.entries) {
      applyTxn(this.head, entry);
      followSession(entry, this.sessions);
    }
    assert.deepEqual(describeTree(tree), describeTree(this.head));
    assert.equal(tree.digest, this.head.digest);
    assert.equal(recovered.digestMismatches, 0);
    assert.deepEqual(recovered.sessions, this.sessions);
  }

  private body(zxid: number): TxnBody {
    const { random } = this;
    const data = Buffer.alloc(random.below(10) === 0 ? random.below(20_000) : random.below(100), zxid);
    const paths = [...this.head.snapshotNodes()]
      .map(([path]) => path)
      .filter((path) => path.startsWith('/n'));
    const path = paths[random.below(paths.length + 1)];
    const ephemeral = this.sessions.has(5n) && random.below(4) === 0;
    const parentCVersion = (this.head.get('/')?.stat.cversion ?? 0) + 1;
    const create: SubTxn = {
      type: OpCode.create,
      txn: { path: `/n${zxid}`, data, acl: [], ephemeral, parentCVersion },
    };
    if (path === undefined) return create;
    switch (random.below(8)) {
      case 0:
        return { type: OpCode.delete, txn: { path } };
      case 1:
      case 2: {
        const version = (this.head.get(path)?.stat.version ?? 0) + 1;
        return { type: OpCode.setData, txn: { path, data, version } };
      }
      case 3:
        return { type: OpCode.createSession, txn: { timeOut: 1000 + zxid } };
      case 4:
        return { type: OpCode.closeSession, txn: { paths2Delete: [...this.head.ephemeralsOf(5n)] } };
      case 5:
        return { type: OpCode.multi, txns: [create, { type: OpCode.delete, txn: { path } }] };
      default:
        return create;
    }
  }
}

/** Logs, applies what is durable, rolls, takes snapshots and purges, until its machine goes down. */
async function serve(env: Env, store: Store, tree: DataTree, history: History): Promise<void> {
  const { random } = env;
  const sessions = new Map(history.sessions);
  for (;;) {
    const group: TxnEntry[] = [];
    for (let count = 1 + random.below(5); count > 0; count--) {
      const entry = history.next(env.clock.nowMs());
      store.log.append(entry);
      group.push(entry);
    }
    await store.log.sync();
    history.acknowledged = group.at(-1)?.header.zxid ?? 0;
    for (const entry of group) {
      applyTxn(tree, entry);
      followSession(entry, sessions);
    }
    if (random.below(10) === 0) store.log.roll();
    if (random.below(20) === 0 && !store.isSnapshotting) {
      store.log.roll();
      store.takeSnapshot(tree, sessions).catch(ignoreDeath);
    }
    if (random.below(30) === 0) store.purge(3);
  }
}

function ignoreDeath(error: unknown): void {
  if (!hasDied(error)) throw error;
}

function hasDied(error: unknown): boolean {
  return (
    error instanceof ProcessGoneError || (error instanceof Error && error.cause instanceof ProcessGoneError)
  );
}

async function recovered(env: Env, options: StoreOptions, history: History): Promise<[Store, DataTree]> {
  const store = Store.open(env, options);
  const tree = new DataTree();
  history.check(await store.recover(tree), tree);
  return [store, tree];
}

async function scenario(seed: number): Promise<number> {
  const sim = new Simulation({ seed });
  const host = sim.host('server');
  const options = storeOptions(sim.random);
  const history = new History(sim.random);
  let env = host.env;
  await sim.run(async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const [store, tree] = await recovered(env, options, history);
      serve(env, store, tree, history).catch(ignoreDeath);
      await sim.advance(sim.random.below(120));
      if (sim.random.below(4) === 0) host.kill();
      else host.crash();
      env = host.restart();
    }
    const [store] = await recovered(env, options, history);
    await store.close();
  });
  return history.acknowledged;
}

describe('power loss at any moment', () => {
  it(`loses nothing that was acknowledged (${SEEDS} seeds)`, async () => {
    let acknowledged = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      try {
        acknowledged += await scenario(seed);
      } catch (error) {
        throw new Error(`seed ${seed}: ${error instanceof Error ? error.stack : error}`, { cause: error });
      }
    }
    assert.ok(acknowledged > SEEDS * 20, `only ${acknowledged} transactions: the scenario does nothing`);
  });
});
