import { assert } from '../../../src/base/assert.ts';
import type { Timers } from '../../../src/env/timers.ts';
import {
  type CreateMode,
  type SessionListener,
  type Watch,
  type Znode,
  type ZnodeStat,
  ZooKeeperError,
  type ZooKeeperOp,
  type ZooKeeperOpResult,
  type ZooKeeperSession,
} from '../../../src/kafka/zk/port.ts';

interface Node {
  data: Buffer | null;
  stat: ZnodeStat;
  nextSequence: number;
}

interface Pending {
  session: FakeSession;
  watch: Watch;
}

/** One write as the server saw it, for tests of what was written in which order. */
export interface RecordedWrite {
  op: string;
  path: string;
  data: string | null;
}

/**
 * ZooKeeper's data model in memory, for tests of one class: synchronous inside, every answer in a turn of its
 * own. Sessions expire when the test says so.
 */
export class FakeZooKeeper {
  readonly #nodes = new Map<string, Node>([['/', node(null, 0n, 0)]]);
  readonly #dataWatches = new Map<string, Pending[]>();
  readonly #childWatches = new Map<string, Pending[]>();
  readonly sessions: FakeSession[] = [];
  readonly writes: RecordedWrite[] = [];
  readonly #timers: Timers;
  /** False lets a multi go on although one of its checks fails: to show what the checks are for. */
  enforceChecks = true;
  #zxid = 0;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  open = async (listener: SessionListener): Promise<ZooKeeperSession> => {
    const session = new FakeSession(this, BigInt(this.sessions.length + 1), listener);
    this.sessions.push(session);
    return session;
  };

  /** Puts persistent nodes in place, as if they had been there before; parents before their children. */
  seed(nodes: Iterable<{ path: string; data: string | null }>): void {
    for (const { path, data } of nodes) {
      if (path !== '/')
        this.#nodes.set(path, node(data === null ? null : Buffer.from(data), 0n, ++this.#zxid));
    }
  }

  /** All nodes with their data as text, in order of path. */
  dump(): [string, string | null][] {
    return [...this.#nodes.entries()]
      .map(([path, { data }]): [string, string | null] => [path, data === null ? null : data.toString()])
      .sort(([left], [right]) => (left < right ? -1 : 1));
  }

  data(path: string): string | null | undefined {
    const found = this.#nodes.get(path);
    return found === undefined ? undefined : (found.data?.toString() ?? null);
  }

  apply(session: FakeSession, op: ZooKeeperOp): ZooKeeperOpResult {
    this.#zxid += 1;
    const undo = this.#applyOne(session, op);
    if (op.op !== 'check') this.#record(op, undo.result);
    for (const fire of undo.watches) fire();
    return undo.result;
  }

  multi(session: FakeSession, ops: readonly ZooKeeperOp[]): ZooKeeperOpResult[] {
    this.#zxid += 1;
    const done: { undo: () => void; result: ZooKeeperOpResult; watches: (() => void)[] }[] = [];
    for (const [index, op] of ops.entries()) {
      try {
        done.push(this.#applyOne(session, op));
      } catch (error) {
        for (const item of done.reverse()) item.undo();
        throw error instanceof ZooKeeperError
          ? new ZooKeeperError(error.code, error.path, { opIndex: index })
          : error;
      }
    }
    ops.forEach((op, index) => {
      if (op.op !== 'check') this.#record(op, done[index]?.result ?? {});
    });
    for (const item of done) for (const fire of item.watches) fire();
    return done.map((item) => item.result);
  }

  read(path: string): Znode | null {
    const found = this.#nodes.get(path);
    return found === undefined ? null : { data: found.data, stat: { ...found.stat } };
  }

  children(path: string): string[] | null {
    if (!this.#nodes.has(path)) return null;
    const prefix = path === '/' ? '/' : `${path}/`;
    return [...this.#nodes.keys()]
      .filter((key) => key !== '/' && key.startsWith(prefix) && !key.slice(prefix.length).includes('/'))
      .map((key) => key.slice(prefix.length));
  }

  watchData(session: FakeSession, path: string, watch: Watch): void {
    entry(this.#dataWatches, path).push({ session, watch });
  }

  watchChildren(session: FakeSession, path: string, watch: Watch): void {
    entry(this.#childWatches, path).push({ session, watch });
  }

  /** Ends a session: its ephemeral nodes go. */
  end(session: FakeSession): void {
    for (const [path, { stat }] of [...this.#nodes]) {
      if (stat.ephemeralOwner === session.sessionId) this.apply(session, { op: 'delete', path, version: -1 });
    }
  }

  #record(op: ZooKeeperOp & { path: string }, result: ZooKeeperOpResult): void {
    const data = 'data' in op ? (op.data?.toString() ?? null) : null;
    this.writes.push({ op: op.op, path: result.path ?? op.path, data });
  }

  #applyOne(
    session: FakeSession,
    op: ZooKeeperOp,
  ): { undo: () => void; result: ZooKeeperOpResult; watches: (() => void)[] } {
    if (op.op === 'create') return this.#create(session, op.path, op.data, op.mode);
    const found = this.#nodes.get(op.path);
    if (found === undefined) throw new ZooKeeperError('NONODE', op.path);
    const isEnforced = op.op !== 'check' || this.enforceChecks;
    if (isEnforced && op.version !== -1 && op.version !== found.stat.version)
      throw new ZooKeeperError('BADVERSION', op.path);
    if (op.op === 'check') return { undo: () => {}, result: {}, watches: [] };
    const fireData = () => this.#fire(this.#dataWatches, op.path);
    if (op.op === 'setData') {
      const before = { ...found, stat: { ...found.stat } };
      found.data = op.data;
      found.stat = { ...found.stat, version: found.stat.version + 1, mzxid: this.#zxid };
      return {
        undo: () => this.#nodes.set(op.path, before),
        result: { stat: { ...found.stat } },
        watches: [fireData],
      };
    }
    if (this.children(op.path)?.length !== 0) throw new ZooKeeperError('NOTEMPTY', op.path);
    this.#nodes.delete(op.path);
    return {
      undo: () => this.#nodes.set(op.path, found),
      result: {},
      watches: [fireData, () => this.#fire(this.#childWatches, parentOf(op.path))],
    };
  }

  #create(session: FakeSession, path: string, data: Buffer | null, mode: CreateMode) {
    const parent = this.#nodes.get(parentOf(path));
    if (parent === undefined) throw new ZooKeeperError('NONODE', path);
    const sequence = mode === 'persistentSequential' ? String(parent.nextSequence).padStart(10, '0') : '';
    const name = path + sequence;
    if (this.#nodes.has(name)) throw new ZooKeeperError('NODEEXISTS', path);
    parent.nextSequence += 1;
    const owner = mode === 'ephemeral' ? session.sessionId : 0n;
    const created = node(data, owner, this.#zxid);
    this.#nodes.set(name, created);
    return {
      undo: () => this.#nodes.delete(name),
      result: { path: name, stat: { ...created.stat } },
      watches: [
        () => this.#fire(this.#dataWatches, name),
        () => this.#fire(this.#childWatches, parentOf(name)),
      ],
    };
  }

  #fire(watches: Map<string, Pending[]>, path: string): void {
    const pending = watches.get(path) ?? [];
    watches.delete(path);
    for (const { session, watch } of pending) if (!session.ended) this.#timers.soon(watch);
  }
}

export class FakeSession implements ZooKeeperSession {
  readonly sessionId: bigint;
  readonly #server: FakeZooKeeper;
  readonly #listener: SessionListener;
  ended = false;
  #held: { path: string; released: Promise<void> } | null = null;

  constructor(server: FakeZooKeeper, sessionId: bigint, listener: SessionListener) {
    this.#server = server;
    this.sessionId = sessionId;
    this.#listener = listener;
  }

  /** Holds back this session's multis that delete below a path, until the returned function is called. */
  holdDeletions(path: string): () => void {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.#held = { path, released };
    return () => {
      this.#held = null;
      release();
    };
  }

  /** The server lets the session go, and the client hears of it. */
  expire(): void {
    assert(!this.ended, 'a session ends once');
    this.#server.end(this);
    this.ended = true;
    this.#listener.expired();
  }

  async create(path: string, data: Buffer | null, mode: CreateMode): Promise<string> {
    return this.#do((server) => server.apply(this, { op: 'create', path, data, mode }).path ?? path);
  }

  async delete(path: string, version: number): Promise<void> {
    await this.#do((server) => server.apply(this, { op: 'delete', path, version }));
  }

  async setData(path: string, data: Buffer | null, version: number): Promise<ZnodeStat> {
    return this.#do((server) => {
      const { stat } = server.apply(this, { op: 'setData', path, data, version });
      assert(stat !== undefined, 'setData answers a stat');
      return stat;
    });
  }

  async getData(path: string, watch?: Watch): Promise<Znode> {
    return this.#do((server) => {
      const found = server.read(path);
      if (found === null) throw new ZooKeeperError('NONODE', path);
      if (watch !== undefined) server.watchData(this, path, watch);
      return found;
    });
  }

  async exists(path: string, watch?: Watch): Promise<ZnodeStat | null> {
    return this.#do((server) => {
      if (watch !== undefined) server.watchData(this, path, watch);
      return server.read(path)?.stat ?? null;
    });
  }

  async getChildren(path: string, watch?: Watch): Promise<string[]> {
    return this.#do((server) => {
      const found = server.children(path);
      if (found === null) throw new ZooKeeperError('NONODE', path);
      if (watch !== undefined) server.watchChildren(this, path, watch);
      return found;
    });
  }

  async multi(ops: readonly ZooKeeperOp[]): Promise<ZooKeeperOpResult[]> {
    const held = this.#held;
    if (held !== null && ops.some((op) => op.op === 'delete' && op.path.startsWith(held.path))) {
      await held.released;
    }
    return this.#do((server) => server.multi(this, ops));
  }

  async connected(): Promise<void> {
    if (this.ended) throw new ZooKeeperError('SESSIONEXPIRED', '/');
  }

  async close(): Promise<void> {
    if (this.ended) return;
    this.#server.end(this);
    this.ended = true;
  }

  #do<T>(operation: (server: FakeZooKeeper) => T): T {
    if (this.ended) throw new ZooKeeperError('SESSIONEXPIRED', '/');
    return operation(this.#server);
  }
}

function node(data: Buffer | null, ephemeralOwner: bigint, czxid: number): Node {
  return { data, nextSequence: 0, stat: { czxid, mzxid: czxid, version: 0, ctimeMs: 0, ephemeralOwner } };
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

function entry(map: Map<string, Pending[]>, path: string): Pending[] {
  let found = map.get(path);
  if (found === undefined) {
    found = [];
    map.set(path, found);
  }
  return found;
}
