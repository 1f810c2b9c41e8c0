import type { TxnHeader } from '../../../src/wire/zookeeper/txn.ts';
import type { TxnBody } from '../../../src/wire/zookeeper/txn-entry.ts';

export type WriteKind = 'create' | 'set' | 'delete' | 'multi' | 'closeSession';
export type ReadKind = 'get' | 'exists' | 'children' | 'sync';

/** One request of a client, and what came of it. */
export interface Operation {
  readonly client: number;
  readonly sessionId: bigint;
  readonly xid: number;
  readonly kind: WriteKind | ReadKind;
  readonly path: string;
  /** Data written; unique among all writes. */
  readonly value?: string;
  /** The version that a set or delete insists on; -1 for any. */
  readonly version?: number;
  /** Flags of a create. */
  readonly flags?: number;
  /** All paths that a multi sets to `value`. */
  readonly paths?: readonly string[];
  readonly watch?: boolean;
  /** The sync right before this read, on the same session: the read sees all writes that ended before it began. */
  readonly afterSync?: Operation;
  /** Positions in the history. */
  readonly invokedAt: number;
  endedAt?: number;
  readonly sentMs: number;
  reply?: OperationReply;
}

export interface OperationReply {
  readonly err: number;
  readonly zxid: number;
  /** The path made by a create. */
  readonly path?: string;
  readonly value?: string | null;
  readonly version?: number;
  readonly mzxid?: number;
  readonly children?: readonly string[];
}

/** What happened, as clients and servers saw it. */
export type ZkObservation =
  | { kind: 'invoked'; operation: Operation }
  | { kind: 'answered'; operation: Operation; reply: OperationReply }
  /** The connection went away first: whether it was done nobody knows. */
  | { kind: 'unanswered'; operation: Operation }
  | { kind: 'out of order'; client: number; sessionId: bigint; expectedXid: number | undefined; xid: number }
  | { kind: 'event'; client: number; sessionId: bigint; type: number; path: string }
  | { kind: 'session'; client: number; sessionId: bigint; timeoutMs: number; isNew: boolean }
  /** The client has asked for its watches on a new connection; what was missed has been told before. */
  | { kind: 'watches set again'; client: number; sessionId: bigint; zxid: number }
  | { kind: 'expired'; client: number; sessionId: bigint }
  /**
   * A transaction took effect at a server that serves; `isReplay` when it is in what the server had before it served.
   * `digest` is that of the tree behind it; undefined where nobody knows.
   */
  | {
      kind: 'delivered';
      peer: string;
      life: number;
      isReplay: boolean;
      header: TxnHeader;
      body: TxnBody;
      digest: bigint | undefined;
      ephemeralsLeft: number;
      atMs: number;
    }
  /**
   * A server begins to serve with everything up to `zxid`. A new leader's zxid is the first of its epoch, which is no
   * transaction. `ephemeralOwners` are the sessions that own ephemerals in its tree.
   */
  | {
      kind: 'serving';
      peer: string;
      life: number;
      zxid: number;
      digest: bigint | undefined;
      isLeader: boolean;
      ephemeralOwners: readonly bigint[];
    }
  | { kind: 'down'; peer: string; life: number };
