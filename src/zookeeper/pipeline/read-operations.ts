import { ByteReader } from '../../base/byte-reader.ts';
import { MalformedError } from '../../base/malformed-error.ts';
import type { FieldType } from '../../wire/jute/types.ts';
import { ErrorCode } from '../../wire/zookeeper/errors.ts';
import { type MultiResult, readMultiRequest, writeMultiResponse } from '../../wire/zookeeper/multi.ts';
import { AddWatchMode, OpCode, Perms, WatcherType } from '../../wire/zookeeper/op-codes.ts';
import * as protocol from '../../wire/zookeeper/protocol.ts';
import type { DataNode } from '../tree/data-node.ts';
import type { DataTree } from '../tree/data-tree.ts';
import type { Watches } from '../watch/watches.ts';
import { type AccessControl, clientInfos, maskedAcl } from './access-control.ts';
import type { Reply, Request, RequestClient } from './request.ts';

/** What reads need: the applied tree, its watches, and who may read. */
export interface ReadContext {
  readonly tree: DataTree;
  readonly watches: Watches<RequestClient>;
  readonly access: AccessControl;
}

/** The body of a multi's answer, as a record. */
export const MultiResponse: Pick<FieldType<readonly MultiResult[]>, 'write'> & FieldType<unknown> = {
  name: 'MultiResponse',
  minBytes: 0,
  read() {
    throw new MalformedError('a server does not read the answer to a multi');
  },
  write: (writer, value) => writeMultiResponse(writer, value as readonly MultiResult[]),
};

const OK: Reply = { error: ErrorCode.OK };
const NONODE: Reply = { error: ErrorCode.NONODE };
const NOAUTH: Reply = { error: ErrorCode.NOAUTH };
const BAD_ARGUMENTS: Reply = { error: ErrorCode.BADARGUMENTS };
const MALFORMED: Reply = { error: ErrorCode.MARSHALLINGERROR };
const NO_WATCHER: Reply = { error: ErrorCode.NOWATCHER };

/** Answers a read from the applied tree and sets the watch it asks for (FinalRequestProcessor of 3.9). */
export function executeRead(context: ReadContext, request: Request): Reply {
  try {
    return dispatch(context, request, new ByteReader(request.body));
  } catch (error) {
    if (error instanceof MalformedError) return MALFORMED;
    throw error;
  }
}

/** What the paths of a malformed request come to: Apache's server fails on them in the same way. */
function required(path: string | null): string {
  if (path === null) throw new MalformedError('a path is null');
  return path;
}

function reply<T>(type: FieldType<T>, value: T): Reply {
  return { error: ErrorCode.OK, record: { type: type as FieldType<unknown>, value } };
}

function dispatch(context: ReadContext, request: Request, reader: ByteReader): Reply {
  switch (request.type) {
    case OpCode.ping:
      return OK;
    case OpCode.getData:
      return getData(context, request, protocol.GetDataRequest.read(reader));
    case OpCode.exists:
      return exists(context, request, protocol.ExistsRequest.read(reader));
    case OpCode.getChildren:
      return getChildren(context, request, protocol.GetChildrenRequest.read(reader));
    case OpCode.getChildren2:
      return getChildren2(context, request, protocol.GetChildren2Request.read(reader));
    case OpCode.getACL:
      return getAcl(context, request, protocol.GetACLRequest.read(reader));
    case OpCode.getAllChildrenNumber:
      return getAllChildrenNumber(context, request, protocol.GetAllChildrenNumberRequest.read(reader));
    case OpCode.getEphemerals:
      return getEphemerals(context, request, protocol.GetEphemeralsRequest.read(reader));
    case OpCode.sync:
      return reply(protocol.SyncResponse, { path: protocol.SyncRequest.read(reader).path });
    case OpCode.multiRead:
      return multiRead(context, request, reader);
    case OpCode.whoAmI:
      return reply(protocol.WhoAmIResponse, { clientInfo: clientInfos(request.identities) });
    default:
      return watchOperation(context, request, reader);
  }
}

function watchOperation(context: ReadContext, request: Request, reader: ByteReader): Reply {
  const { client } = request;
  // Nobody to tell: watches belong to connections.
  if (client === undefined) return OK;
  const { watches, tree } = context;
  switch (request.type) {
    case OpCode.setWatches: {
      const lists = protocol.SetWatches.read(reader);
      watches.restore(tree, client, lists.relativeZxid, lists);
      return OK;
    }
    case OpCode.setWatches2: {
      const lists = protocol.SetWatches2.read(reader);
      watches.restore(tree, client, lists.relativeZxid, lists);
      return OK;
    }
    case OpCode.addWatch: {
      const { path, mode } = protocol.AddWatchRequest.read(reader);
      if (mode !== AddWatchMode.persistent && mode !== AddWatchMode.persistentRecursive) return MALFORMED;
      watches.add(required(path), client, mode);
      return reply(protocol.ErrorResponse, { err: 0 });
    }
    case OpCode.checkWatches: {
      const { path, type } = protocol.CheckWatchesRequest.read(reader);
      if (!isWatcherType(type)) return MALFORMED;
      return watches.has(required(path), client, type) ? OK : NO_WATCHER;
    }
    case OpCode.removeWatches: {
      const { path, type } = protocol.RemoveWatchesRequest.read(reader);
      if (!isWatcherType(type)) return MALFORMED;
      return watches.remove(required(path), client, type) ? OK : NO_WATCHER;
    }
    default:
      return { error: ErrorCode.UNIMPLEMENTED };
  }
}

function isWatcherType(type: number): boolean {
  return type >= WatcherType.children && type <= WatcherType.persistentRecursive;
}

/** The node, or why the client does not get it. */
function readable(context: ReadContext, request: Request, path: string): DataNode | Reply {
  const node = context.tree.get(path);
  if (node === undefined) return NONODE;
  return mayDo(context, request, node, Perms.READ) ? node : NOAUTH;
}

function isReply(value: DataNode | Reply): value is Reply {
  return 'error' in value;
}

function mayDo(context: ReadContext, request: Request, node: DataNode, perms: number): boolean {
  return context.access.permits(context.tree.aclOf(node), perms, request.identities);
}

function getData(context: ReadContext, request: Request, body: protocol.GetDataRequest): Reply {
  const path = required(body.path);
  const node = readable(context, request, path);
  if (isReply(node)) return node;
  if (body.watch && request.client !== undefined) context.watches.addData(path, request.client);
  return reply(protocol.GetDataResponse, { data: node.data, stat: context.tree.statOf(node) });
}

/** Sets the watch whether or not the node exists, but not on one that the client may not read. */
function exists(context: ReadContext, request: Request, body: protocol.ExistsRequest): Reply {
  const path = required(body.path);
  if (path.includes('\0')) return BAD_ARGUMENTS;
  const node = context.tree.get(path);
  if (node !== undefined && !mayDo(context, request, node, Perms.READ)) return NOAUTH;
  if (body.watch && request.client !== undefined) context.watches.addData(path, request.client);
  if (node === undefined) return NONODE;
  return reply(protocol.ExistsResponse, { stat: context.tree.statOf(node) });
}

function childNames(node: DataNode): string[] {
  return node.children === undefined ? [] : [...node.children];
}

function getChildren(context: ReadContext, request: Request, body: protocol.GetChildrenRequest): Reply {
  const path = required(body.path);
  const node = readable(context, request, path);
  if (isReply(node)) return node;
  if (body.watch && request.client !== undefined) context.watches.addChildren(path, request.client);
  return reply(protocol.GetChildrenResponse, { children: childNames(node) });
}

function getChildren2(context: ReadContext, request: Request, body: protocol.GetChildren2Request): Reply {
  const path = required(body.path);
  const node = readable(context, request, path);
  if (isReply(node)) return node;
  if (body.watch && request.client !== undefined) context.watches.addChildren(path, request.client);
  const stat = context.tree.statOf(node);
  return reply(protocol.GetChildren2Response, { children: childNames(node), stat });
}

/** For READ or ADMIN; the hashes in digest entries only for ADMIN. */
function getAcl(context: ReadContext, request: Request, body: protocol.GetACLRequest): Reply {
  const node = context.tree.get(required(body.path));
  if (node === undefined) return NONODE;
  if (!mayDo(context, request, node, Perms.READ | Perms.ADMIN)) return NOAUTH;
  const acl = context.tree.aclOf(node);
  const visible = mayDo(context, request, node, Perms.ADMIN) ? [...acl] : maskedAcl(acl);
  return reply(protocol.GetACLResponse, { acl: visible, stat: context.tree.statOf(node) });
}

function getAllChildrenNumber(
  context: ReadContext,
  request: Request,
  body: protocol.GetAllChildrenNumberRequest,
): Reply {
  const path = required(body.path);
  const node = readable(context, request, path);
  if (isReply(node)) return node;
  return reply(protocol.GetAllChildrenNumberResponse, { totalNumber: context.tree.descendantCount(path) });
}

function getEphemerals(context: ReadContext, request: Request, body: protocol.GetEphemeralsRequest): Reply {
  const prefix = body.prefixPath?.trim() ?? '';
  const all = [...context.tree.ephemeralsOf(request.sessionId)];
  const matchesAll = prefix === '' || prefix === '/';
  const ephemerals = matchesAll ? all : all.filter((path) => path.startsWith(body.prefixPath ?? ''));
  return reply(protocol.GetEphemeralsResponse, { ephemerals });
}

/** Every part has its own result: one that fails does not hinder the others. */
function multiRead(context: ReadContext, request: Request, reader: ByteReader): Reply {
  const results = readMultiRequest(reader).map((op): MultiResult => {
    let answer: Reply;
    if (op.type === OpCode.getData) answer = getData(context, request, op.request);
    else if (op.type === OpCode.getChildren) answer = getChildren(context, request, op.request);
    else throw new MalformedError(`operation ${op.type} in a multiRead`);
    if (answer.record === undefined) return { type: OpCode.error, response: { err: answer.error } };
    return { type: op.type, response: answer.record.value } as MultiResult;
  });
  return reply(MultiResponse, results);
}
