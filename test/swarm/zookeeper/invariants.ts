import { ErrorCode } from '../../../src/wire/zookeeper/errors.ts';
import { OpCode } from '../../../src/wire/zookeeper/op-codes.ts';
import type { TxnBody } from '../../../src/wire/zookeeper/txn-entry.ts';
import type { Invariant } from '../invariant.ts';
import type { CommittedHistory } from './committed-history.ts';
import type { Operation, ZkObservation } from './observation.ts';

export type ZkInvariant = Invariant<ZkObservation>;

/** Errors that a write gets from the transaction it became; others mean that it became none. */
const TXN_ERRORS: ReadonlySet<number> = new Set([
  ErrorCode.NONODE,
  ErrorCode.NODEEXISTS,
  ErrorCode.BADVERSION,
  ErrorCode.NOTEMPTY,
  ErrorCode.NOCHILDRENFOREPHEMERALS,
]);
const WRITES: ReadonlySet<string> = new Set(['create', 'set', 'delete', 'multi', 'closeSession']);

const hex = (zxid: number): string => `0x${zxid.toString(16)}`;

function show({ client, sessionId, xid, kind, path, value, version }: Operation): string {
  const what = [kind, path, value, version].filter((part) => part !== undefined).join(' ');
  return `client ${client}, session 0x${BigInt.asUintN(64, sessionId).toString(16)}, request ${xid} (${what})`;
}

/** Whether a transaction only says that a write was refused. */
export function isRefused(body: TxnBody): boolean {
  if (body.type === OpCode.multi) return body.txns.some(({ type }) => type === OpCode.error);
  return body.type === OpCode.error;
}

/** Every server applies transactions in the order of their zxids. */
export function totalOrder(): ZkInvariant {
  const last = new Map<string, { life: number; zxid: number }>();
  return {
    name: 'total order',
    see(observation) {
      if (observation.kind !== 'delivered') return undefined;
      const { peer, life, header } = observation;
      const before = last.get(peer);
      last.set(peer, { life, zxid: header.zxid });
      if (before === undefined || before.life !== life || header.zxid > before.zxid) return undefined;
      return `${peer} delivers ${hex(header.zxid)} after ${hex(before.zxid)}`;
    },
  };
}

/** Servers, and all lives of one, agree on what a zxid is. */
export function agreement(): ZkInvariant {
  const known = new Map<number, { peer: string; life: number; text: string }>();
  return {
    name: 'agreement',
    see(observation) {
      if (observation.kind !== 'delivered') return undefined;
      const { peer, life, header } = observation;
      const { zxid, clientId, cxid, time, type } = header;
      const text = `type ${type} of session ${clientId}, request ${cxid}, at ${time}`;
      const first = known.get(zxid);
      if (first === undefined) known.set(zxid, { peer, life, text });
      else if (first.text !== text) {
        return `${hex(zxid)} is ${text} at ${peer} (life ${life}) and ${first.text} at ${first.peer} (life ${first.life})`;
      }
      return undefined;
    },
  };
}

/** Trees are equal where zxids are, after a recovery too. */
export function equalDigestPerZxid(history: CommittedHistory): ZkInvariant {
  const known = new Map<number, { peer: string; life: number; digest: bigint }>();
  return {
    name: 'equal digest per zxid',
    see(observation) {
      if (observation.kind !== 'delivered' && observation.kind !== 'serving') return undefined;
      const { peer, life, digest } = observation;
      if (digest === undefined) return undefined;
      const zxid =
        observation.kind === 'delivered' ? observation.header.zxid : history.lastUpTo(observation.zxid);
      const first = known.get(zxid);
      if (first === undefined) known.set(zxid, { peer, life, digest });
      else if (first.digest !== digest) {
        return `${hex(zxid)} has tree digest ${digest} at ${peer} (life ${life}) and ${first.digest} at ${first.peer} (life ${first.life})`;
      }
      return undefined;
    },
  };
}

/** What a lone server has applied, and so may have shown to a client, is there after it went down. */
export function nothingAppliedIsLost(history: CommittedHistory): ZkInvariant {
  return {
    name: 'no acknowledged write lost',
    see(observation) {
      if (observation.kind !== 'serving' || observation.zxid >= history.lastZxid) return undefined;
      const { peer, life, zxid } = observation;
      return `${peer} (life ${life}) serves from ${hex(zxid)} on; ${hex(history.lastZxid)} had been applied`;
    },
  };
}

/** An answer to a write means that its very transaction was committed, with that result. */
export function acknowledgedWriteIsCommitted(history: CommittedHistory): ZkInvariant {
  return {
    name: 'acknowledged write is committed',
    see(observation) {
      if (observation.kind !== 'answered' || !WRITES.has(observation.operation.kind)) return undefined;
      const { operation, reply } = observation;
      if (reply.err !== ErrorCode.OK && !TXN_ERRORS.has(reply.err)) return undefined;
      const txn = history.at(reply.zxid);
      if (txn === undefined) return `${show(operation)} was answered with ${hex(reply.zxid)}, not delivered`;
      if (txn.clientId !== operation.sessionId || txn.cxid !== operation.xid) {
        return `${show(operation)} was answered with ${hex(reply.zxid)}, request ${txn.cxid} of session ${txn.clientId}`;
      }
      if (isRefused(txn.body) === (reply.err === ErrorCode.OK)) {
        return `${show(operation)} was answered with error ${reply.err}, but its transaction is of type ${txn.body.type}`;
      }
      return undefined;
    },
  };
}

/** A session's requests are answered, and its writes take effect, in the order in which they were sent. */
export function clientFifo(): ZkInvariant {
  const answeredZxid = new Map<bigint, number>();
  const lastCxid = new Map<bigint, { cxid: number; zxid: number }>();
  return {
    name: 'client FIFO',
    see(observation) {
      if (observation.kind === 'out of order') {
        const { client, expectedXid, xid } = observation;
        return `client ${client} got the reply to ${xid} where ${expectedXid ?? 'none'} was due`;
      }
      if (observation.kind === 'answered') {
        const { operation, reply } = observation;
        const before = answeredZxid.get(operation.sessionId) ?? 0;
        answeredZxid.set(operation.sessionId, reply.zxid);
        if (reply.zxid < before) {
          return `${show(operation)} was answered at ${hex(reply.zxid)}, after an answer at ${hex(before)}`;
        }
      }
      if (observation.kind === 'delivered' && observation.header.cxid > 0) {
        const { clientId, cxid, zxid } = observation.header;
        const before = lastCxid.get(clientId);
        // A request that comes by a server which the session has left is refused.
        if (!isRefused(observation.body) && (before === undefined || zxid > before.zxid)) {
          lastCxid.set(clientId, { cxid, zxid });
          if (before !== undefined && cxid <= before.cxid) {
            return `request ${cxid} of session ${clientId} took effect at ${hex(zxid)}, after request ${before.cxid}`;
          }
        }
      }
      return undefined;
    },
  };
}

/** A read shows exactly the state at the zxid that it is answered with. */
export function readShowsItsZxid(history: CommittedHistory): ZkInvariant {
  return {
    name: 'read shows its zxid',
    see(observation) {
      if (observation.kind !== 'answered') return undefined;
      const { operation, reply } = observation;
      const { kind, path } = operation;
      if (reply.err !== ErrorCode.OK && reply.err !== ErrorCode.NONODE) return undefined;
      if (kind === 'children') {
        if (reply.err !== ErrorCode.OK) return undefined;
        const expected = history.childrenAt(path, reply.zxid).join(' ');
        const seen = [...(reply.children ?? [])].sort().join(' ');
        if (seen !== expected)
          return `${show(operation)} at ${hex(reply.zxid)} saw [${seen}], not [${expected}]`;
      }
      if (kind !== 'get' && kind !== 'exists') return undefined;
      const state = history.stateAt(path, reply.zxid);
      const exists = reply.err === ErrorCode.OK;
      if (exists !== (state?.exists ?? false)) {
        return `${show(operation)} at ${hex(reply.zxid)} saw ${exists ? 'a node' : 'no node'}`;
      }
      if (!exists || state === undefined) return undefined;
      const sameValue = kind === 'exists' || state.value === reply.value;
      if (sameValue && state.version === reply.version && state.zxid === reply.mzxid) return undefined;
      return (
        `${show(operation)} at ${hex(reply.zxid)} saw ${reply.value} version ${reply.version} of ${hex(reply.mzxid ?? 0)}, ` +
        `not ${state.value} version ${state.version} of ${hex(state.zxid)}`
      );
    },
  };
}

/** Writes take effect in an order that real time allows, and a read behind a sync sees all that ended before. */
export function realTimeOrder(): ZkInvariant {
  /** Writes that have been acknowledged: the highest zxid before each position in the history. */
  const ends: { at: number; zxid: number }[] = [];
  const highestBefore = (position: number): number => {
    for (let index = ends.length - 1; index >= 0; index--) {
      const end = ends[index];
      if (end !== undefined && end.at < position) return end.zxid;
    }
    return 0;
  };
  return {
    name: 'real-time order',
    see(observation) {
      if (observation.kind !== 'answered') return undefined;
      const { operation, reply } = observation;
      const isWrite = WRITES.has(operation.kind);
      if (reply.err !== ErrorCode.OK && !TXN_ERRORS.has(reply.err)) return undefined;
      const began = isWrite ? operation : operation.afterSync;
      if (began === undefined) return undefined;
      const ended = highestBefore(began.invokedAt);
      if (isWrite ? reply.zxid <= ended : reply.zxid < ended) {
        return `${show(operation)} was answered at ${hex(reply.zxid)}; ${hex(ended)} had been answered before it was sent`;
      }
      const last = ends.at(-1);
      if (isWrite && reply.zxid > (last?.zxid ?? 0)) {
        ends.push({ at: operation.endedAt ?? 0, zxid: reply.zxid });
      }
      return undefined;
    },
  };
}
