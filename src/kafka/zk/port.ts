/** What the broker needs of a ZooKeeper client. Paths are below the chroot. */

export interface Znode {
  data: Buffer | null;
  stat: ZnodeStat;
}

export interface ZnodeStat {
  /** The zxid that created the node. */
  czxid: number;
  mzxid: number;
  version: number;
  /** When the node was created. */
  ctimeMs: number;
  /** Session that owns an ephemeral node; 0 otherwise. */
  ephemeralOwner: bigint;
}

export type CreateMode = 'persistent' | 'persistentSequential' | 'ephemeral';

/** One operation of a multi. Version -1 matches any. */
export type ZooKeeperOp =
  | { op: 'create'; path: string; data: Buffer | null; mode: CreateMode }
  | { op: 'delete'; path: string; version: number }
  | { op: 'setData'; path: string; data: Buffer | null; version: number }
  | { op: 'check'; path: string; version: number };

/** Result of one operation: the created path or the new stat where there is one. */
export interface ZooKeeperOpResult {
  path?: string;
  stat?: ZnodeStat;
}

/** Called once, when the node (or the list of its children) has changed. Lost with the session. */
export type Watch = () => void;

/**
 * One session. Every call fails with a `ZooKeeperError`; CONNECTIONLOSS leaves open whether a write
 * happened. Calls are sent in order and without waiting for each other.
 */
export interface ZooKeeperSession {
  readonly sessionId: bigint;
  create(path: string, data: Buffer | null, mode: CreateMode): Promise<string>;
  delete(path: string, version: number): Promise<void>;
  setData(path: string, data: Buffer | null, version: number): Promise<ZnodeStat>;
  getData(path: string, watch?: Watch): Promise<Znode>;
  /** Null when there is no node; the watch then waits for its creation. */
  exists(path: string, watch?: Watch): Promise<ZnodeStat | null>;
  getChildren(path: string, watch?: Watch): Promise<string[]>;
  /** All or nothing. Fails with the error of the first operation that cannot be done. */
  multi(ops: readonly ZooKeeperOp[]): Promise<ZooKeeperOpResult[]>;
  /** Resolves when the session is attached to a server; rejects when it has expired or was closed. */
  connected(): Promise<void>;
  /** Ends the session, and with it its ephemeral nodes. */
  close(): Promise<void>;
}

/** Events of a session for its owner. `expired` is the last one. */
export interface SessionListener {
  disconnected(): void;
  reconnected(): void;
  expired(): void;
}

/** Opens a new session; resolves when it is established. */
export type OpenSession = (listener: SessionListener) => Promise<ZooKeeperSession>;

export { isZooKeeperError, ZooKeeperError } from '../../clients/zookeeper/zookeeper-error.ts';
