import { ByteReader } from '../../base/byte-reader.ts';
import { MalformedError } from '../../base/malformed-error.ts';
import { ustring } from '../../wire/jute/types.ts';
import { ErrorCode } from '../../wire/zookeeper/errors.ts';
import { type MultiOp, readMultiRequest } from '../../wire/zookeeper/multi.ts';
import { CreateMode, OpCode } from '../../wire/zookeeper/op-codes.ts';
import {
  CreateRequest,
  CreateTTLRequest,
  DeleteRequest,
  ReconfigRequest,
  SetACLRequest,
  SetDataRequest,
} from '../../wire/zookeeper/protocol.ts';
import { CreateSessionTxn } from '../../wire/zookeeper/txn.ts';
import type { SubTxn, TxnBody, TxnEntry } from '../../wire/zookeeper/txn-entry.ts';
import type { SessionTracker } from '../session/session-tracker.ts';
import type { DataTree } from '../tree/data-tree.ts';
import { parentPath } from '../tree/path.ts';
import { DIGEST_VERSION } from '../tree/tree-digest.ts';
import type { AccessControl } from './access-control.ts';
import { checkReconfig, type EnsembleView } from './check-reconfig.ts';
import {
  type Checked,
  checkCreate,
  checkDelete,
  checkDeleteContainer,
  checkSetAcl,
  checkSetData,
  checkVersion,
  createOfMulti,
  removeNode,
  type WriteContext,
} from './check-write.ts';
import { OutstandingChanges } from './outstanding-changes.ts';
import type { QuotaExcess } from './quota-check.ts';
import { isWrite, type Request } from './request.ts';
import type { ZxidSource } from './zxid.ts';

export interface PreparerOptions {
  tree: DataTree;
  sessions: SessionTracker;
  access: AccessControl;
  zxids: ZxidSource;
  /** zookeeper.enforceQuota */
  enforceQuota: boolean;
  /** Hears of every limit that a write would go beyond. */
  quotaExceeded?: (excess: QuotaExcess) => void;
  /** reconfigEnabled */
  reconfigEnabled: boolean;
  /** Undefined on a standalone server, which has no ensemble to change. */
  ensemble: EnsembleView | undefined;
}

/** The moment of a request, in both clocks. */
export interface Now {
  wallMs: number;
  monotonicMs: number;
}

/**
 * The first stage, on the server that orders writes: turns a request into an idempotent transaction with a zxid,
 * checked against the tree and everything proposed before (PrepRequestProcessor of ZooKeeper 3.9). A write
 * that is refused becomes an error transaction, so that it has its place in the order as well.
 */
export class Preparer {
  readonly changes: OutstandingChanges;
  private readonly options: PreparerOptions;

  constructor(options: PreparerOptions) {
    this.options = options;
    this.changes = new OutstandingChanges(options.tree);
  }

  /** Sets `request.entry`, or `request.refusal` for a request that cannot even be read. */
  prepare(request: Request, now: Now): void {
    try {
      const op = readWrite(request);
      const context = this.contextOf(request, this.options.zxids.next(), now.wallMs);
      request.entry = this.entryOf(request, context, this.check(op, context, request, now.monotonicMs));
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      request.refusal = ErrorCode.MARSHALLINGERROR;
    }
  }

  /** A transaction that only reports an error: the answer to a request of another server that cannot be read. */
  refuse(request: Request, error: ErrorCode, wallMs: number): TxnEntry {
    return this.entryOf(request, this.contextOf(request, this.options.zxids.next(), wallMs), error);
  }

  private contextOf(request: Request, zxid: number, timeMs: number): WriteContext {
    const { tree, access, enforceQuota, quotaExceeded, sessions } = this.options;
    const { sessionId, identities, owner } = request;
    return {
      tree,
      changes: this.changes,
      access,
      enforceQuota,
      quotaExceeded: quotaExceeded ?? (() => undefined),
      zxid,
      timeMs,
      sessionId,
      identities,
      checkSession: (isEphemeral) =>
        isEphemeral ? sessions.checkGlobal(sessionId, owner) : sessions.check(sessionId, owner),
    };
  }

  private entryOf(request: Request, context: WriteContext, checked: Checked): TxnEntry {
    const body: TxnBody =
      typeof checked === 'number' ? { type: OpCode.error, txn: { err: checked } } : checked;
    const header = {
      clientId: request.sessionId,
      cxid: request.cxid,
      zxid: context.zxid,
      time: context.timeMs,
      type: body.type,
    };
    // As in 3.9, a failed write carries no digest (but a failed multi does).
    if (body.type === OpCode.error || !this.options.tree.hasDigest) return { header, body };
    return { header, body, digest: { version: DIGEST_VERSION, treeDigest: this.changes.digest } };
  }

  private check(op: WriteOp, context: WriteContext, request: Request, nowMs: number): Checked {
    switch (op.type) {
      case OpCode.create:
      case OpCode.create2:
      case OpCode.createContainer:
      case OpCode.createTTL:
        return checkCreate(context, op);
      case OpCode.delete:
        return checkDelete(context, op.request);
      case OpCode.deleteContainer:
        return checkDeleteContainer(context, op.path);
      case OpCode.setData:
        return checkSetData(context, op.request);
      case OpCode.setACL:
        return checkSetAcl(context, op.request);
      case OpCode.multi:
        return op.ops === undefined ? ErrorCode.MARSHALLINGERROR : this.checkMulti(op.ops, context);
      case OpCode.reconfig:
        if (!this.options.reconfigEnabled) return ErrorCode.RECONFIGDISABLED;
        return checkReconfig(context, op.request, this.options.ensemble);
      case OpCode.createSession:
        this.options.sessions.track(request.sessionId, op.timeoutMs, nowMs);
        this.options.sessions.setOwner(request.sessionId, request.owner);
        return { type: OpCode.createSession, txn: { timeOut: op.timeoutMs } };
      case OpCode.closeSession:
        return this.closeSession(context, request.owner);
    }
  }

  /** All operations or none: the first that fails takes back what those before it would have done. */
  private checkMulti(requested: readonly MultiOp[], context: WriteContext): Checked {
    const ops = requested.map(writeOfMulti);
    if (!ops.every((op) => op !== undefined)) return ErrorCode.MARSHALLINGERROR;
    const txns: SubTxn[] = [];
    let failed = false;
    this.changes.begin();
    for (const op of ops) {
      const checked = failed ? ErrorCode.RUNTIMEINCONSISTENCY : checkMultiOp(op, context);
      if (typeof checked !== 'number') {
        txns.push(checked as SubTxn);
        continue;
      }
      if (!failed) this.changes.rollback(context.zxid);
      failed = true;
      txns.push({ type: OpCode.error, txn: { err: checked } });
    }
    this.changes.keep();
    return { type: OpCode.multi, txns };
  }

  /**
   * Departs from 3.9, which asks for no owner here: a request to close that was on its way by way of a server that the
   * session has left would end the session in the middle of its work at another one.
   */
  private closeSession(context: WriteContext, owner: unknown): Checked {
    const { sessions } = this.options;
    if (sessions.check(context.sessionId, owner) === ErrorCode.SESSIONMOVED) return ErrorCode.SESSIONMOVED;
    const paths2Delete = [...this.changes.ephemeralsOf(context.sessionId)];
    for (const path of paths2Delete) {
      const parent = this.changes.get(parentPath(path) ?? '/');
      const node = this.changes.get(path);
      if (parent !== undefined && node !== undefined) removeNode(context, parent, node);
    }
    sessions.setClosing(context.sessionId);
    return { type: OpCode.closeSession, txn: { paths2Delete } };
  }
}

type MultiWrite = Exclude<MultiOp, { type: typeof OpCode.getChildren | typeof OpCode.getData }>;

/** Undefined for what makes a multi malformed as a whole: reads, null paths, impossible flags. */
function writeOfMulti(op: MultiOp): MultiWrite | undefined {
  if (op.request.path === null) return undefined;
  switch (op.type) {
    case OpCode.getChildren:
    case OpCode.getData:
      return undefined;
    case OpCode.delete:
    case OpCode.setData:
    case OpCode.check:
      return op;
    default:
      return createOfMulti(op);
  }
}

function checkMultiOp(op: MultiWrite, context: WriteContext): Checked {
  switch (op.type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
      return checkCreate(context, op);
    case OpCode.delete:
      return checkDelete(context, op.request);
    case OpCode.setData:
      return checkSetData(context, op.request);
    case OpCode.check:
      return checkVersion(context, op.request);
  }
}

/** Whether the body of a write is what its type asks for: whoever orders writes can prepare it. */
export function isReadableWrite(request: Request): boolean {
  if (!isWrite(request.type)) return false;
  try {
    readWrite(request);
    return true;
  } catch (error) {
    if (error instanceof MalformedError) return false;
    throw error;
  }
}

/** Whether a request, alone or within a multi, would make a node that ends with its session. */
export function createsEphemeral(request: Request): boolean {
  if (!isReadableWrite(request)) return false;
  const op = readWrite(request);
  if (op.type === OpCode.multi) {
    return (op.ops ?? []).some((part) => 'flags' in part.request && isEphemeralMode(part.request.flags));
  }
  return 'request' in op && 'flags' in op.request && isEphemeralMode(op.request.flags);
}

function isEphemeralMode(flags: number): boolean {
  return flags === CreateMode.ephemeral || flags === CreateMode.ephemeralSequential;
}

type WriteOp =
  | { type: 1 | 15 | 19; request: CreateRequest }
  | { type: typeof OpCode.createTTL; request: CreateTTLRequest }
  | { type: typeof OpCode.delete; request: DeleteRequest }
  | { type: typeof OpCode.deleteContainer; path: string | null }
  | { type: typeof OpCode.setData; request: SetDataRequest }
  | { type: typeof OpCode.setACL; request: SetACLRequest }
  /** Undefined when malformed, which still takes a zxid as in 3.9. */
  | { type: typeof OpCode.multi; ops: MultiOp[] | undefined }
  | { type: typeof OpCode.reconfig; request: ReconfigRequest }
  | { type: typeof OpCode.createSession; timeoutMs: number }
  | { type: typeof OpCode.closeSession };

/** Throws MalformedError. */
function readWrite(request: Request): WriteOp {
  const reader = new ByteReader(request.body);
  switch (request.type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
      return { type: request.type, request: CreateRequest.read(reader) };
    case OpCode.createTTL:
      return { type: request.type, request: CreateTTLRequest.read(reader) };
    case OpCode.delete:
      return { type: request.type, request: DeleteRequest.read(reader) };
    case OpCode.deleteContainer:
      return { type: request.type, path: ustring.read(reader) };
    case OpCode.setData:
      return { type: request.type, request: SetDataRequest.read(reader) };
    case OpCode.setACL:
      return { type: request.type, request: SetACLRequest.read(reader) };
    case OpCode.multi:
      return { type: request.type, ops: tryReadMulti(reader) };
    case OpCode.reconfig:
      return { type: request.type, request: ReconfigRequest.read(reader) };
    case OpCode.createSession:
      return { type: request.type, timeoutMs: CreateSessionTxn.read(reader).timeOut };
    case OpCode.closeSession:
      return { type: request.type };
    default:
      throw new MalformedError(`operation ${request.type} is not a write`);
  }
}

function tryReadMulti(reader: ByteReader): MultiOp[] | undefined {
  let ops: MultiOp[];
  try {
    ops = readMultiRequest(reader);
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
  // Apache's server fails on a create without an ACL before it takes a zxid, so refuse it as unreadable.
  if (ops.some((op) => op.type !== OpCode.createTTL && 'acl' in op.request && op.request.acl === null)) {
    throw new MalformedError('a create within a multi has no ACL');
  }
  return ops;
}
