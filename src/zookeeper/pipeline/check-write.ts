import type { ACL, Id } from '../../wire/zookeeper/data.ts';
import { ErrorCode } from '../../wire/zookeeper/errors.ts';
import { CreateMode, OpCode, Perms } from '../../wire/zookeeper/op-codes.ts';
import type {
  CheckVersionRequest,
  CreateRequest,
  CreateTTLRequest,
  DeleteRequest,
  SetACLRequest,
  SetDataRequest,
} from '../../wire/zookeeper/protocol.ts';
import type { TxnBody } from '../../wire/zookeeper/txn-entry.ts';
import { newStat } from '../tree/data-node.ts';
import type { DataTree } from '../tree/data-tree.ts';
import { CONTAINER_OWNER, isValidTtl, ttlOwner } from '../tree/ephemeral-type.ts';
import { isSpecialPath, parentPath, pathProblem } from '../tree/path.ts';
import type { AccessControl } from './access-control.ts';
import type { NodeState, OutstandingChanges } from './outstanding-changes.ts';
import { type QuotaExcess, quotaExcesses } from './quota-check.ts';

/** What the checks of one write need to know. */
export interface WriteContext {
  readonly tree: DataTree;
  readonly changes: OutstandingChanges;
  readonly access: AccessControl;
  readonly enforceQuota: boolean;
  /** Hears of every limit that a write would go beyond. */
  readonly quotaExceeded: (excess: QuotaExcess) => void;
  readonly zxid: number;
  readonly timeMs: number;
  readonly sessionId: bigint;
  readonly identities: readonly Id[];
  /** Whether the session may write at all; `isEphemeral` writes need one that every server knows. */
  checkSession(isEphemeral: boolean): ErrorCode;
}

/**
 * A transaction that can be applied without any further check, or the error code that the client gets. Order
 * of checks as in PrepRequestProcessor of ZooKeeper 3.9, for clients see which one fails first.
 */
export type Checked = TxnBody | ErrorCode;

export type CreateOp =
  | { type: typeof OpCode.createTTL; request: CreateTTLRequest }
  | { type: CreateWithoutTtl; request: CreateRequest };
type CreateWithoutTtl = typeof OpCode.create | typeof OpCode.create2 | typeof OpCode.createContainer;

const SEQUENCE_DIGITS = 10;

interface Mode {
  isEphemeral: boolean;
  isSequential: boolean;
  isTtl: boolean;
}

const MODES: ReadonlyMap<number, Mode> = new Map([
  [CreateMode.persistent, { isEphemeral: false, isSequential: false, isTtl: false }],
  [CreateMode.ephemeral, { isEphemeral: true, isSequential: false, isTtl: false }],
  [CreateMode.persistentSequential, { isEphemeral: false, isSequential: true, isTtl: false }],
  [CreateMode.ephemeralSequential, { isEphemeral: true, isSequential: true, isTtl: false }],
  [CreateMode.container, { isEphemeral: false, isSequential: false, isTtl: false }],
  [CreateMode.persistentWithTTL, { isEphemeral: false, isSequential: false, isTtl: true }],
  [CreateMode.persistentSequentialWithTTL, { isEphemeral: false, isSequential: true, isTtl: true }],
]);

export function checkCreate(context: WriteContext, op: CreateOp): Checked {
  const { request } = op;
  if (request.path === null) return ErrorCode.MARSHALLINGERROR;
  const mode = MODES.get(request.flags);
  if (mode === undefined) return ErrorCode.BADARGUMENTS;
  if (mode.isTtl && !context.tree.extendedTypes) return ErrorCode.UNIMPLEMENTED;
  const ttl = op.type === OpCode.createTTL ? op.request.ttl : undefined;
  // A TTL comes with the modes and the operation that have one, and with no others.
  if (mode.isTtl !== (ttl !== undefined) || (ttl !== undefined && !isValidTtl(ttl)))
    return ErrorCode.BADARGUMENTS;
  const sessionError = context.checkSession(mode.isEphemeral);
  if (sessionError !== ErrorCode.OK) return sessionError;

  const parentKey = parentPath(request.path);
  if (parentKey === undefined || request.path.includes('\0')) return ErrorCode.BADARGUMENTS;
  const acl = context.access.resolve(request.acl, context.identities);
  if (acl === undefined) return ErrorCode.INVALIDACL;
  const parent = context.changes.get(parentKey);
  if (parent === undefined) return ErrorCode.NONODE;
  if (!context.access.permits(parent.acl, Perms.CREATE, context.identities)) return ErrorCode.NOAUTH;
  const path = mode.isSequential ? request.path + sequenceNumber(parent.stat.cversion) : request.path;
  if (pathProblem(path) !== undefined) return ErrorCode.BADARGUMENTS;
  if (context.changes.get(path) !== undefined) return ErrorCode.NODEEXISTS;
  if (context.tree.kindOf(parent.stat) === 'ephemeral') return ErrorCode.NOCHILDRENFOREPHEMERALS;
  const data = copyOf(request.data);
  if (!isWithinQuota(context, path, 1, data?.length ?? 0)) return ErrorCode.QUOTAEXCEEDED;
  return createTxn(context, parent, { op, path, data, acl, isEphemeral: mode.isEphemeral, ttl });
}

/**
 * A create within a multi, as MultiOperationRecord understands it: there the flags decide which operation it
 * is. Undefined for flags that the operation cannot have, which make the whole multi malformed.
 */
export function createOfMulti(op: CreateOp): CreateOp | undefined {
  const { request } = op;
  const mode = MODES.get(request.flags);
  if (op.type === OpCode.createTTL && mode?.isTtl) return op;
  if (op.type !== OpCode.createTTL && (mode === undefined || mode.isTtl)) return undefined;
  if (request.flags === CreateMode.container) return { type: OpCode.createContainer, request };
  return op.type === OpCode.createTTL ? { type: OpCode.create, request } : op;
}

interface NewNode {
  op: CreateOp;
  path: string;
  data: Buffer | null;
  acl: ACL[];
  isEphemeral: boolean;
  ttl: number | undefined;
}

function createTxn(context: WriteContext, parent: NodeState, node: NewNode): TxnBody {
  const { zxid, timeMs } = context;
  const { path, data, acl, ttl } = node;
  const parentCVersion = (parent.stat.cversion + 1) | 0;
  context.changes.update(zxid, parent, {
    stat: { ...parent.stat, cversion: parentCVersion, pzxid: zxid },
    childCount: parent.childCount + 1,
  });
  const { type } = node.op;
  // The owner as the tree will derive it from the transaction, whatever the flags said.
  const isOwned = node.isEphemeral && (type === OpCode.create || type === OpCode.create2);
  const ephemeralOwner =
    ttl !== undefined
      ? ttlOwner(ttl)
      : type === OpCode.createContainer
        ? CONTAINER_OWNER
        : isOwned
          ? context.sessionId
          : 0n;
  context.changes.create(zxid, {
    path,
    stat: newStat(zxid, timeMs, ephemeralOwner),
    childCount: 0,
    acl,
    data,
  });
  if (type === OpCode.createContainer) return { type, txn: { path, data, acl, parentCVersion } };
  if (type === OpCode.createTTL) return { type, txn: { path, data, acl, parentCVersion, ttl: ttl ?? 0 } };
  return { type, txn: { path, data, acl, ephemeral: isOwned, parentCVersion } };
}

/** As Java's `%010d`. */
function sequenceNumber(cversion: number): string {
  if (cversion >= 0) return String(cversion).padStart(SEQUENCE_DIGITS, '0');
  return `-${String(-cversion).padStart(SEQUENCE_DIGITS - 1, '0')}`;
}

export function checkDelete(context: WriteContext, request: DeleteRequest): Checked {
  const sessionError = context.checkSession(false);
  if (sessionError !== ErrorCode.OK) return sessionError;
  const { path } = request;
  if (path === null) return ErrorCode.MARSHALLINGERROR;
  const parentKey = parentPath(path);
  if (parentKey === undefined || path.includes('\0') || isSpecialPath(path)) return ErrorCode.BADARGUMENTS;
  const parent = context.changes.get(parentKey);
  if (parent === undefined) return ErrorCode.NONODE;
  if (!context.access.permits(parent.acl, Perms.DELETE, context.identities)) return ErrorCode.NOAUTH;
  const node = context.changes.get(path);
  if (node === undefined) return ErrorCode.NONODE;
  if (!versionFits(node.stat.version, request.version)) return ErrorCode.BADVERSION;
  if (node.childCount > 0) return ErrorCode.NOTEMPTY;
  removeNode(context, parent, node);
  return { type: OpCode.delete, txn: { path } };
}

/** The server's own deletion of an empty container or an old TTL node: no ACL is asked. */
export function checkDeleteContainer(context: WriteContext, path: string | null): Checked {
  if (path === null) return ErrorCode.MARSHALLINGERROR;
  const parentKey = parentPath(path);
  if (parentKey === undefined || path.includes('\0') || isSpecialPath(path)) return ErrorCode.BADARGUMENTS;
  const node = context.changes.get(path);
  if (node === undefined) return ErrorCode.NONODE;
  if (node.childCount > 0) return ErrorCode.NOTEMPTY;
  if (context.tree.kindOf(node.stat) === 'ephemeral') return ErrorCode.BADVERSION;
  const parent = context.changes.get(parentKey);
  if (parent === undefined) return ErrorCode.NONODE;
  removeNode(context, parent, node);
  return { type: OpCode.deleteContainer, txn: { path } };
}

/** The changes that the deletion of a node makes, to it and to its parent. */
export function removeNode(context: WriteContext, parent: NodeState, node: NodeState): void {
  const { zxid } = context;
  context.changes.update(zxid, parent, {
    stat: { ...parent.stat, pzxid: zxid },
    childCount: parent.childCount - 1,
  });
  context.changes.remove(zxid, node);
}

export function checkSetData(context: WriteContext, request: SetDataRequest): Checked {
  const sessionError = context.checkSession(false);
  if (sessionError !== ErrorCode.OK) return sessionError;
  const { path } = request;
  if (path === null || pathProblem(path) !== undefined) return ErrorCode.BADARGUMENTS;
  const node = context.changes.get(path);
  if (node === undefined) return ErrorCode.NONODE;
  if (!context.access.permits(node.acl, Perms.WRITE, context.identities)) return ErrorCode.NOAUTH;
  const data = copyOf(request.data);
  const growth = (data?.length ?? 0) - (node.data?.length ?? 0);
  if (!isWithinQuota(context, path, 0, growth)) return ErrorCode.QUOTAEXCEEDED;
  if (!versionFits(node.stat.version, request.version)) return ErrorCode.BADVERSION;
  const version = (node.stat.version + 1) | 0;
  const stat = { ...node.stat, version, mtime: context.timeMs, mzxid: context.zxid };
  context.changes.update(context.zxid, node, { stat, data });
  return { type: OpCode.setData, txn: { path, data, version } };
}

export function checkSetAcl(context: WriteContext, request: SetACLRequest): Checked {
  const sessionError = context.checkSession(false);
  if (sessionError !== ErrorCode.OK) return sessionError;
  const { path } = request;
  if (path === null || pathProblem(path) !== undefined) return ErrorCode.BADARGUMENTS;
  const acl = context.access.resolve(request.acl, context.identities);
  if (acl === undefined) return ErrorCode.INVALIDACL;
  const node = context.changes.get(path);
  if (node === undefined) return ErrorCode.NONODE;
  if (!context.access.permits(node.acl, Perms.ADMIN, context.identities)) return ErrorCode.NOAUTH;
  if (!versionFits(node.stat.aversion, request.version)) return ErrorCode.BADVERSION;
  const version = (node.stat.aversion + 1) | 0;
  context.changes.update(context.zxid, node, { stat: { ...node.stat, aversion: version }, acl });
  return { type: OpCode.setACL, txn: { path, acl, version } };
}

/** Changes nothing: the operation only makes its multi fail. */
export function checkVersion(context: WriteContext, request: CheckVersionRequest): Checked {
  const sessionError = context.checkSession(false);
  if (sessionError !== ErrorCode.OK) return sessionError;
  const { path } = request;
  if (path === null || pathProblem(path) !== undefined) return ErrorCode.BADARGUMENTS;
  const node = context.changes.get(path);
  if (node === undefined) return ErrorCode.NONODE;
  if (!context.access.permits(node.acl, Perms.READ, context.identities)) return ErrorCode.NOAUTH;
  if (!versionFits(node.stat.version, request.version)) return ErrorCode.BADVERSION;
  return { type: OpCode.check, txn: { path, version: (node.stat.version + 1) | 0 } };
}

/** Whether no hard limit refuses so many more nodes and bytes; soft ones are told only. */
function isWithinQuota(context: WriteContext, path: string, nodes: number, bytes: number): boolean {
  if (!context.enforceQuota) return true;
  const excesses = quotaExcesses(context.tree, path, nodes, bytes);
  for (const excess of excesses) context.quotaExceeded(excess);
  return !excesses.some(({ isHard }) => isHard);
}

/** -1 stands for any version. */
function versionFits(current: number, expected: number): boolean {
  return expected === -1 || expected === current;
}

/** The data of a request is a view of what the socket delivered: the tree keeps its own. */
function copyOf(data: Buffer | null): Buffer | null {
  return data === null ? null : Buffer.from(data);
}
