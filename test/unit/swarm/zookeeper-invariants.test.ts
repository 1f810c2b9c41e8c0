import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ErrorCode } from '../../../src/wire/zookeeper/errors.ts';
import { EventType, OpCode } from '../../../src/wire/zookeeper/op-codes.ts';
import type { TxnBody } from '../../../src/wire/zookeeper/txn-entry.ts';
import { CommittedHistory } from '../../swarm/zookeeper/committed-history.ts';
import * as rules from '../../swarm/zookeeper/invariants.ts';
import type { Operation, OperationReply, ZkObservation } from '../../swarm/zookeeper/observation.ts';
import * as sessionRules from '../../swarm/zookeeper/session-invariants.ts';
import { watchRules } from '../../swarm/zookeeper/watch-invariants.ts';

const SESSION = 7n;

function delivered(
  zxid: number,
  body: TxnBody,
  more: Partial<Extract<ZkObservation, { kind: 'delivered' }>> & { cxid?: number } = {},
): ZkObservation {
  const header = { clientId: SESSION, cxid: more.cxid ?? zxid, zxid, time: 0, type: body.type };
  return {
    kind: 'delivered',
    peer: 'zk1',
    life: 1,
    isReplay: false,
    header,
    body,
    digest: undefined,
    ephemeralsLeft: 0,
    atMs: 1000,
    ...more,
  };
}

const create = (path: string, value: string): TxnBody => ({
  type: OpCode.create,
  txn: { path, data: Buffer.from(value), acl: [], ephemeral: false, parentCVersion: 1 },
});
const set = (path: string, value: string, version: number): TxnBody => ({
  type: OpCode.setData,
  txn: { path, data: Buffer.from(value), version },
});
const createSession: TxnBody = { type: OpCode.createSession, txn: { timeOut: 500 } };
const closeSession: TxnBody = { type: OpCode.closeSession, txn: null };

function answered(
  operation: Partial<Operation> & Pick<Operation, 'kind' | 'path'>,
  reply: OperationReply,
): ZkObservation {
  const whole: Operation = {
    client: 1,
    sessionId: SESSION,
    xid: 1,
    invokedAt: 0,
    endedAt: 1,
    sentMs: 0,
    reply,
    ...operation,
  };
  return { kind: 'answered', operation: whole, reply };
}

const ok = (zxid: number, more: Partial<OperationReply> = {}): OperationReply => ({
  err: ErrorCode.OK,
  zxid,
  ...more,
});
const serving = (zxid: number, digest: bigint, ephemeralOwners: bigint[] = []): ZkObservation => ({
  kind: 'serving',
  peer: 'zk1',
  life: 2,
  zxid,
  digest,
  isLeader: false,
  ephemeralOwners,
});
const event = (type: number, path: string): ZkObservation => ({
  kind: 'event',
  client: 1,
  sessionId: SESSION,
  type,
  path,
});

type Rule = (history: CommittedHistory) => rules.ZkInvariant;

interface Case {
  readonly rule: Rule;
  readonly broken: readonly ZkObservation[];
  readonly kept: readonly ZkObservation[];
}

const A = create('/r/0', 'a');
const B = set('/r/0', 'b', 1);
const watching = { kind: 'get', path: '/r/0', watch: true } as const;
const seenA = { value: 'a', version: 0, mzxid: 1 };
const fireOnce: Rule = (history) => watchRules(history)[1];
const order: Rule = (history) => watchRules(history)[0];

/** For each rule the shortest story that breaks it and one next to it that does not. */
const CASES: readonly Case[] = [
  {
    rule: rules.totalOrder,
    broken: [delivered(2, A), delivered(1, A)],
    kept: [delivered(1, A), delivered(2, B)],
  },
  {
    rule: rules.agreement,
    broken: [delivered(1, A), delivered(1, A, { peer: 'zk2', cxid: 9 })],
    kept: [delivered(1, A), delivered(1, A, { peer: 'zk2' })],
  },
  {
    rule: rules.equalDigestPerZxid,
    broken: [delivered(1, A, { digest: 5n }), serving(1, 6n)],
    kept: [delivered(1, A, { digest: 5n }), serving(1, 5n)],
  },
  {
    rule: rules.nothingAppliedIsLost,
    broken: [delivered(1, A), serving(0, 0n)],
    kept: [delivered(1, A), serving(1, 0n)],
  },
  {
    rule: rules.acknowledgedWriteIsCommitted,
    broken: [answered({ kind: 'create', path: '/r/0' }, ok(1))],
    kept: [delivered(1, A), answered({ kind: 'create', path: '/r/0' }, ok(1))],
  },
  {
    rule: rules.acknowledgedWriteIsCommitted,
    broken: [
      delivered(1, A),
      answered({ kind: 'create', path: '/r/0' }, { err: ErrorCode.NODEEXISTS, zxid: 1 }),
    ],
    kept: [
      delivered(1, { type: OpCode.error, txn: { err: ErrorCode.NODEEXISTS } }),
      answered({ kind: 'create', path: '/r/0' }, { err: ErrorCode.NODEEXISTS, zxid: 1 }),
    ],
  },
  {
    rule: rules.clientFifo,
    broken: [{ kind: 'out of order', client: 1, sessionId: SESSION, expectedXid: 1, xid: 2 }],
    kept: [
      answered({ kind: 'sync', path: '/' }, ok(1)),
      answered({ kind: 'sync', path: '/', xid: 2 }, ok(1)),
    ],
  },
  {
    rule: rules.clientFifo,
    broken: [
      answered({ kind: 'sync', path: '/' }, ok(2)),
      answered({ kind: 'sync', path: '/', xid: 2 }, ok(1)),
    ],
    kept: [delivered(1, A), delivered(2, B)],
  },
  { rule: rules.clientFifo, broken: [delivered(1, A, { cxid: 2 }), delivered(2, B, { cxid: 1 })], kept: [] },
  {
    rule: rules.readShowsItsZxid,
    broken: [delivered(1, A), delivered(2, B), answered({ kind: 'get', path: '/r/0' }, ok(2, seenA))],
    kept: [delivered(1, A), delivered(2, B), answered({ kind: 'get', path: '/r/0' }, ok(1, seenA))],
  },
  {
    rule: rules.readShowsItsZxid,
    broken: [delivered(1, A), answered({ kind: 'children', path: '/r' }, ok(1, { children: [] }))],
    kept: [delivered(1, A), answered({ kind: 'children', path: '/r' }, ok(1, { children: ['0'] }))],
  },
  {
    rule: rules.realTimeOrder,
    broken: [
      answered({ kind: 'set', path: '/r/0', endedAt: 1 }, ok(5)),
      answered({ kind: 'set', path: '/r/0', invokedAt: 2 }, ok(4)),
    ],
    kept: [
      answered({ kind: 'set', path: '/r/0', endedAt: 3 }, ok(5)),
      answered({ kind: 'set', path: '/r/0', invokedAt: 2 }, ok(4)),
    ],
  },
  {
    rule: sessionRules.sessionEndsOnce,
    broken: [delivered(1, createSession), delivered(2, closeSession), delivered(3, A)],
    kept: [
      delivered(1, createSession),
      delivered(2, closeSession),
      delivered(3, { type: OpCode.error, txn: { err: ErrorCode.SESSIONEXPIRED } }),
    ],
  },
  {
    rule: sessionRules.expiryIsTrue,
    broken: [delivered(1, createSession), { kind: 'expired', client: 1, sessionId: SESSION }],
    kept: [
      delivered(1, createSession),
      { kind: 'expired', client: 1, sessionId: SESSION },
      delivered(2, closeSession),
    ],
  },
  {
    rule: () => sessionRules.livingSessionIsKept(0),
    broken: [
      { kind: 'session', client: 1, sessionId: SESSION, timeoutMs: 500, isNew: true },
      answered({ kind: 'sync', path: '/', sentMs: 600 }, ok(1)),
      delivered(2, closeSession, { cxid: 0, atMs: 1000 }),
    ],
    kept: [
      { kind: 'session', client: 1, sessionId: SESSION, timeoutMs: 500, isNew: true },
      answered({ kind: 'sync', path: '/', sentMs: 400 }, ok(1)),
      delivered(2, closeSession, { cxid: 0, atMs: 1000 }),
    ],
  },
  {
    rule: sessionRules.ephemeralsGoWithTheirSession,
    broken: [delivered(1, createSession), delivered(2, closeSession), serving(2, 0n, [SESSION])],
    kept: [delivered(1, createSession), delivered(2, closeSession), serving(1, 0n, [SESSION])],
  },
  {
    rule: fireOnce,
    broken: [
      delivered(1, A),
      answered(watching, ok(1, seenA)),
      event(EventType.nodeDataChanged, '/r/0'),
      event(EventType.nodeDataChanged, '/r/0'),
    ],
    kept: [delivered(1, A), answered(watching, ok(1, seenA)), event(EventType.nodeDataChanged, '/r/0')],
  },
];

function judge(rule: Rule, story: readonly ZkObservation[]): string | undefined {
  const history = new CommittedHistory();
  const invariant = rule(history);
  for (const observation of story) {
    history.see(observation);
    const wrong = invariant.see(observation);
    if (wrong !== undefined) return wrong;
  }
  return invariant.end?.();
}

describe('the rules for ZooKeeper', () => {
  for (const { rule, broken, kept } of CASES) {
    it(`${rule(new CommittedHistory()).name}: broken and kept`, () => {
      assert.notEqual(judge(rule, broken), undefined);
      assert.equal(judge(rule, kept), undefined);
    });
  }

  it('watch event before the data it announces: broken and kept', () => {
    const history = new CommittedHistory();
    const [before, once] = watchRules(history);
    const see = (observation: ZkObservation): string | undefined => {
      history.see(observation);
      return before.see(observation) ?? once.see(observation);
    };
    assert.equal(order(history).name, before.name);
    for (const observation of [delivered(1, A), answered(watching, ok(1, seenA)), delivered(2, B)]) {
      assert.equal(see(observation), undefined);
    }
    const read = answered({ kind: 'sync', path: '/r' }, ok(2));
    assert.notEqual(see(read), undefined);
    assert.equal(see(event(EventType.nodeDataChanged, '/r/0')), undefined);
    assert.equal(see(read), undefined);
  });
});
