import type { FieldType } from '../../wire/jute/types.ts';
import type { Id } from '../../wire/zookeeper/data.ts';
import { OpCode } from '../../wire/zookeeper/op-codes.ts';
import type { TxnEntry } from '../../wire/zookeeper/txn-entry.ts';
import type { Watcher } from '../watch/watches.ts';

/** The answer to one request: an error code and, where there is one, a record. */
export interface Reply {
  error: number;
  record?: { type: FieldType<unknown>; value: unknown };
}

/** The connection that a request came by, as the pipeline sees it. */
export interface RequestClient extends Watcher {
  /** Answers a request. Replies come in the order in which the session's requests came. */
  respond(request: Request, zxid: number, reply: Reply): void;
  /** The session is in the log: the client may know. */
  sessionCreated(request: Request): void;
  /** Nothing more will be answered: the session has moved or is closed. */
  closeAfterReplies(): void;
}

/**
 * One request on its way through the stages. `body` is the record behind the request header; what keeps a
 * part of it beyond the request's life copies it.
 */
export interface Request {
  readonly sessionId: bigint;
  readonly cxid: number;
  /** An operation code; see {@link isKnownOperation}. */
  readonly type: number;
  readonly body: Buffer;
  /** Absent for requests of the server itself (expired sessions, empty containers) and of other servers' clients. */
  readonly client: RequestClient | undefined;
  readonly identities: readonly Id[];
  /** The server that the client is connected to. */
  readonly owner: unknown;
  /** Monotonic, in milliseconds. */
  readonly receivedMs: number;
  /** What the request proposes, once prepared: a transaction, possibly one that only reports an error. */
  entry?: TxnEntry;
  /** While the ensemble has to agree before the request can be answered. */
  isPending?: boolean;
  /** Why the request was refused before anything was proposed. */
  refusal?: number;
}

const WRITES: ReadonlySet<number> = new Set<number>([
  OpCode.create,
  OpCode.create2,
  OpCode.createContainer,
  OpCode.createTTL,
  OpCode.delete,
  OpCode.deleteContainer,
  OpCode.setData,
  OpCode.setACL,
  OpCode.multi,
  OpCode.reconfig,
  OpCode.createSession,
  OpCode.closeSession,
]);

const READS: ReadonlySet<number> = new Set<number>([
  OpCode.exists,
  OpCode.getData,
  OpCode.getACL,
  OpCode.getChildren,
  OpCode.getChildren2,
  OpCode.getAllChildrenNumber,
  OpCode.getEphemerals,
  OpCode.multiRead,
  OpCode.ping,
  OpCode.sync,
  OpCode.setWatches,
  OpCode.setWatches2,
  OpCode.addWatch,
  OpCode.checkWatches,
  OpCode.removeWatches,
  OpCode.whoAmI,
]);

/** Whether the operation becomes a transaction. */
export function isWrite(type: number): boolean {
  return WRITES.has(type);
}

/** Whether a client may ask for the operation (Request.isValid); `check` exists within a multi only. */
export function isKnownOperation(type: number): boolean {
  return WRITES.has(type) || READS.has(type);
}
