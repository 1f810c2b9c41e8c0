import { OpCode } from '../../../src/wire/zookeeper/op-codes.ts';
import type { SubTxn, TxnBody } from '../../../src/wire/zookeeper/txn-entry.ts';
import type { Operation, ZkObservation } from './observation.ts';

/** A node as transactions left it; `value` undefined when it is gone. */
export interface NodeState {
  readonly zxid: number;
  readonly exists: boolean;
  readonly value: string | null;
  readonly version: number;
}

export interface CommittedTxn {
  readonly zxid: number;
  readonly clientId: bigint;
  readonly cxid: number;
  readonly body: TxnBody;
}

export interface CommittedSession {
  readonly timeoutMs: number;
  closedZxid: number | undefined;
}

interface PathHistory {
  states: NodeState[];
  /** Zxids of creations, changes and deletions of the node. */
  dataChanges: number[];
  /** Zxids at which it got or lost a child, or went away. */
  childChanges: number[];
}

/**
 * The one history that all servers have to agree on, as their deliveries tell it, with every state that a path
 * went through: what a read at a zxid has to see follows from it.
 */
export class CommittedHistory {
  lastZxid = 0;
  readonly sessions = new Map<bigint, CommittedSession>();
  private readonly txns = new Map<number, CommittedTxn>();
  /** In order. */
  private readonly zxids: number[] = [];
  private readonly positions = new Map<number, number>();
  private readonly byRequest = new Map<string, number>();
  private readonly paths = new Map<string, PathHistory>();
  private readonly ephemerals = new Map<bigint, Set<string>>();

  see(observation: ZkObservation): void {
    if (observation.kind !== 'delivered' || observation.header.zxid <= this.lastZxid) return;
    const { header, body } = observation;
    this.lastZxid = header.zxid;
    this.positions.set(header.zxid, this.zxids.length);
    this.zxids.push(header.zxid);
    this.txns.set(header.zxid, { zxid: header.zxid, clientId: header.clientId, cxid: header.cxid, body });
    this.byRequest.set(`${header.clientId} ${header.cxid}`, header.zxid);
    this.apply(header.zxid, header.clientId, body);
  }

  at(zxid: number): CommittedTxn | undefined {
    return this.txns.get(zxid);
  }

  /** The number of a transaction in the history, from 0 on. */
  positionOf(zxid: number): number | undefined {
    return this.positions.get(zxid);
  }

  /** The last transaction at or before a zxid that may be none; 0 when there is none. */
  lastUpTo(zxid: number): number {
    return this.zxids.findLast((each) => each <= zxid) ?? 0;
  }

  /** The transaction that a write became, if that changed something. */
  effectOf({ sessionId, xid }: Operation): number | undefined {
    const zxid = this.byRequest.get(`${sessionId} ${xid}`);
    const body = zxid === undefined ? undefined : this.txns.get(zxid)?.body;
    if (body === undefined || body.type === OpCode.error) return undefined;
    const isRefused = body.type === OpCode.multi && body.txns.some(({ type }) => type === OpCode.error);
    return isRefused ? undefined : zxid;
  }

  get size(): number {
    return this.txns.size;
  }

  /** The state of a path once `zxid` is in; undefined when there was never anything. */
  stateAt(path: string, zxid: number): NodeState | undefined {
    const states = this.paths.get(path)?.states ?? [];
    for (let index = states.length - 1; index >= 0; index--) {
      const state = states[index];
      if (state !== undefined && state.zxid <= zxid) return state;
    }
    return undefined;
  }

  /** Names of the children of a path once `zxid` is in, sorted. */
  childrenAt(path: string, zxid: number): string[] {
    const prefix = path === '/' ? '/' : `${path}/`;
    return [...this.paths.keys()]
      .filter((key) => key.startsWith(prefix) && !key.slice(prefix.length).includes('/'))
      .filter((key) => this.stateAt(key, zxid)?.exists)
      .map((key) => key.slice(prefix.length))
      .sort();
  }

  /** The first change after `from`; `children` says whether of the children or of the node itself. */
  firstChangeAfter(path: string, from: number, children: boolean): number | undefined {
    const history = this.paths.get(path);
    const changes = (children ? history?.childChanges : history?.dataChanges) ?? [];
    let first: number | undefined;
    for (let index = changes.length - 1; index >= 0; index--) {
      const change = changes[index] ?? 0;
      if (change <= from) break;
      first = change;
    }
    return first;
  }

  private apply(zxid: number, clientId: bigint, body: TxnBody): void {
    switch (body.type) {
      case OpCode.createSession:
        this.sessions.set(clientId, { timeoutMs: body.txn.timeOut, closedZxid: undefined });
        break;
      case OpCode.closeSession:
        this.closeSession(zxid, clientId);
        break;
      case OpCode.multi:
        if (!body.txns.some(({ type }) => type === OpCode.error)) {
          for (const txn of body.txns) this.applyOne(zxid, clientId, txn);
        }
        break;
      case OpCode.reconfig:
      case OpCode.setACL:
        break;
      default:
        this.applyOne(zxid, clientId, body);
    }
  }

  private applyOne(zxid: number, clientId: bigint, txn: SubTxn): void {
    switch (txn.type) {
      case OpCode.create:
      case OpCode.create2: {
        const path = txn.txn.path ?? '';
        this.put(path, { zxid, exists: true, value: text(txn.txn.data), version: 0 });
        this.childChanged(path, zxid);
        if (txn.txn.ephemeral) {
          const owned = this.ephemerals.get(clientId) ?? new Set();
          this.ephemerals.set(clientId, owned.add(path));
        }
        break;
      }
      case OpCode.setData: {
        const { path, data, version } = txn.txn;
        this.put(path ?? '', { zxid, exists: true, value: text(data), version });
        break;
      }
      case OpCode.delete:
        this.remove(txn.txn.path ?? '', zxid);
        break;
      default:
        break;
    }
  }

  private closeSession(zxid: number, id: bigint): void {
    const session = this.sessions.get(id);
    if (session !== undefined) session.closedZxid ??= zxid;
    for (const path of this.ephemerals.get(id) ?? []) {
      if (this.stateAt(path, zxid)?.exists) this.remove(path, zxid);
    }
    this.ephemerals.delete(id);
  }

  private remove(path: string, zxid: number): void {
    const history = this.put(path, { zxid, exists: false, value: null, version: -1 });
    history.childChanges.push(zxid);
    this.childChanged(path, zxid);
    for (const owned of this.ephemerals.values()) owned.delete(path);
  }

  private put(path: string, state: NodeState): PathHistory {
    const history = this.historyOf(path);
    history.states.push(state);
    history.dataChanges.push(state.zxid);
    return history;
  }

  private childChanged(path: string, zxid: number): void {
    const parent = path.slice(0, path.lastIndexOf('/')) || '/';
    this.historyOf(parent).childChanges.push(zxid);
  }

  private historyOf(path: string): PathHistory {
    let history = this.paths.get(path);
    if (history === undefined) {
      history = { states: [], dataChanges: [], childChanges: [] };
      this.paths.set(path, history);
    }
    return history;
  }
}

function text(data: Buffer | null): string | null {
  return data === null ? null : data.toString();
}
