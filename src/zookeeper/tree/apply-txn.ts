import type { Stat } from '../../wire/zookeeper/data.ts';
import { ErrorCode } from '../../wire/zookeeper/errors.ts';
import { OpCode } from '../../wire/zookeeper/op-codes.ts';
import type { CreateTTLTxn, CreateTxn, TxnHeader } from '../../wire/zookeeper/txn.ts';
import type { SubTxn, TxnBody, TxnEntry } from '../../wire/zookeeper/txn-entry.ts';
import type { DataNode } from './data-node.ts';
import type { DataTree } from './data-tree.ts';
import { CONTAINER_OWNER, ttlOwner } from './ephemeral-type.ts';

/** What a transaction did: the material of the response. */
export interface TxnResult {
  type: TxnBody['type'];
  /** An {@link ErrorCode}, or what an error transaction carries. */
  error: number;
  path?: string;
  /** After the transaction, as the client that asked for it sees it. */
  stat?: Stat;
  /** One result per operation of a multi. */
  results?: TxnResult[];
}

/**
 * Applies a committed transaction to the tree and moves its lastProcessedZxid on. Applying one a second time
 * changes nothing that matters: it is how the log is replayed over a fuzzy snapshot.
 */
export function applyTxn(tree: DataTree, entry: TxnEntry): TxnResult {
  const { header, body } = entry;
  const result =
    body.type === OpCode.multi ? applyMulti(tree, header, body.txns) : applyOne(tree, header, body);
  if (header.zxid > tree.lastProcessedZxid) tree.lastProcessedZxid = header.zxid;
  tree.observer?.(tree, entry);
  return result;
}

/** A multi with an error inside was refused as a whole: it changes nothing and only reports. */
function applyMulti(tree: DataTree, header: TxnHeader, txns: readonly SubTxn[]): TxnResult {
  const failedAt = txns.findIndex((txn) => txn.type === OpCode.error);
  const results = txns.map((txn, i): TxnResult => {
    if (failedAt === -1) return applyOne(tree, header, txn);
    if (txn.type === OpCode.error) return { type: OpCode.error, error: txn.txn.err };
    const error = i < failedAt ? ErrorCode.OK : ErrorCode.RUNTIMEINCONSISTENCY;
    return { type: OpCode.error, error };
  });
  const failed = results.find((result) => result.error !== ErrorCode.OK);
  return { type: OpCode.multi, error: failed?.error ?? ErrorCode.OK, results };
}

function applyOne(tree: DataTree, header: TxnHeader, body: Exclude<TxnBody, { txns: unknown }>): TxnResult {
  const { type } = body;
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
      return applyCreate(tree, header, type, body.txn, body.txn.ephemeral ? header.clientId : 0n);
    case OpCode.createContainer:
      return applyCreate(tree, header, type, body.txn, CONTAINER_OWNER);
    case OpCode.createTTL:
      return applyCreate(tree, header, type, body.txn, ttlOwner(body.txn.ttl));
    case OpCode.delete:
    case OpCode.deleteContainer:
      return withPath(type, tree.deleteNode(body.txn.path ?? '', header.zxid), body.txn.path);
    case OpCode.setData:
    case OpCode.reconfig: {
      const { path, data, version } = body.txn;
      const error = tree.setData(path ?? '', data, { version, zxid: header.zxid, timeMs: header.time });
      return withStat(tree, withPath(type, error, path));
    }
    case OpCode.setACL:
      return withStat(
        tree,
        withPath(type, tree.setAcl(body.txn.path ?? '', body.txn.acl, body.txn.version), body.txn.path),
      );
    case OpCode.closeSession:
      tree.closeSession(header.clientId, header.zxid, body.txn?.paths2Delete ?? []);
      return { type, error: ErrorCode.OK };
    case OpCode.check:
      return withPath(type, ErrorCode.OK, body.txn.path);
    case OpCode.error:
      return { type, error: body.txn.err };
    case OpCode.createSession:
      return { type, error: ErrorCode.OK };
  }
}

type CreateType = 1 | 15 | 19 | 21;
type CreateFields = Pick<CreateTxn | CreateTTLTxn, 'path' | 'data' | 'acl' | 'parentCVersion'>;

function applyCreate(
  tree: DataTree,
  header: TxnHeader,
  type: CreateType,
  txn: CreateFields,
  ephemeralOwner: bigint,
): TxnResult {
  const { data, acl, parentCVersion } = txn;
  const path = txn.path ?? '';
  const { zxid, time: timeMs } = header;
  const created = tree.createNode({ path, data, acl, ephemeralOwner, parentCVersion, zxid, timeMs });
  if (typeof created === 'number') return { type, error: created, path };
  const result: TxnResult = { type, error: ErrorCode.OK, path };
  // The answer to a plain create has no stat: leave out the work.
  if (type !== OpCode.create) result.stat = tree.statOf(created satisfies DataNode);
  return result;
}

function withPath(type: TxnBody['type'], error: number, path: string | null): TxnResult {
  return path === null ? { type, error } : { type, error, path };
}

function withStat(tree: DataTree, result: TxnResult): TxnResult {
  if (result.error !== ErrorCode.OK || result.path === undefined) return result;
  const node = tree.get(result.path);
  return node === undefined ? result : { ...result, stat: tree.statOf(node) };
}
