import type { ByteReader } from '../../base/byte-reader.ts';
import type { ByteWriter } from '../../base/byte-writer.ts';
import { unlessAborted } from '../../base/unless-aborted.ts';
import type { Env } from '../../env/env.ts';
import type { ACL, ClientInfo, Stat } from '../../wire/zookeeper/data.ts';
import { ErrorCode } from '../../wire/zookeeper/errors.ts';
import { readMultiResponse, writeMultiRequest } from '../../wire/zookeeper/multi.ts';
import { AddWatchMode, OpCode, WatcherType } from '../../wire/zookeeper/op-codes.ts';
import * as protocol from '../../wire/zookeeper/protocol.ts';
import { parseConnectString } from './connect-string.ts';
import {
  type CreateOptions,
  createOp,
  fromMultiReadResults,
  fromMultiResults,
  type MultiOperation,
  type MultiOperationResult,
  type MultiReadOperation,
  type MultiReadResult,
  namesOf,
  toMultiOp,
  toMultiReadOp,
} from './multi-operations.ts';
import { Chroot, checkPath } from './path.ts';
import { type Auth, Session, type SessionEvent, type SessionState } from './session.ts';
import type { Watch, WatchKind } from './watches.ts';
import { isZooKeeperError, ZooKeeperError } from './zookeeper-error.ts';

const DEFAULT_SESSION_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_FRAME_BYTES = 64 * 1024 * 1024;
const CONFIG_PATH = '/zookeeper/config';

export interface ZooKeeperClientOptions {
  /** `host:port,host:port/chroot`. */
  connectString: string;
  /** Asked of the server, which may change it. Default 30 s. */
  sessionTimeoutMs?: number;
  /** How long `connect` tries before it gives up. Default: the session timeout. */
  connectTimeoutMs?: number;
  /** Whether a server without a quorum, which only reads, will do. Default false. */
  readOnly?: boolean;
  /** Identities to begin with. */
  auth?: readonly Auth[];
  /** Attaches to a session that exists already. */
  session?: { id: bigint; password: Buffer };
  /** The largest answer that is accepted. Default 64 MiB. */
  maxFrameBytes?: number;
  /** Hears of every change of the session's state, the first `connected` included. */
  onEvent?: (event: SessionEvent) => void;
}

export interface NodeData {
  data: Buffer | null;
  stat: Stat;
}

export type WatcherTypeName = keyof typeof WatcherType;

const KINDS_OF_TYPE: Readonly<Record<WatcherTypeName, readonly WatchKind[]>> = {
  children: ['child'],
  data: ['data', 'exist'],
  any: ['data', 'exist', 'child', 'persistent', 'recursive'],
  persistent: ['persistent'],
  persistentRecursive: ['recursive'],
};

const EVENT_OF_KIND = {
  data: 'dataWatchRemoved',
  exist: 'dataWatchRemoved',
  child: 'childWatchRemoved',
  persistent: 'persistentWatchRemoved',
  recursive: 'persistentWatchRemoved',
} as const;

/** One operation: what is sent, and what its answer means. */
interface Operation<T> {
  type: number;
  write?: (writer: ByteWriter) => void;
  /** Reads the answer; a ZooKeeperError that it throws is the outcome. */
  read: (body: ByteReader) => T;
  /** The outcome when there is no such node, where that is no failure. */
  absent?: { value: T };
  /** Runs with the answer, before any event that follows it; `errorCode` 0 for success. */
  onReply?: (errorCode: number) => void;
}

const nothing = (): void => undefined;

/** The operations of a client, without what begins and ends its session. */
export type ZooKeeperOperations = Omit<
  ZooKeeperClient,
  'close' | 'addSessionListener' | 'withSignal' | typeof Symbol.asyncDispose
>;

/**
 * A client of a ZooKeeper ensemble: one session over one connection at a time.
 *
 * Requests leave in the order they are made, without waiting for each other, and are answered in that order.
 * They fail with a {@link ZooKeeperError}. A lost connection fails the requests under way with CONNECTIONLOSS;
 * the client then looks for another server and takes its session and watches there. Once the session has
 * expired, every request fails with SESSIONEXPIRED: make a new client.
 *
 * Watches are callbacks, called in the order of changes: before the answer to any request that shows the change.
 * One-shot watches (of `exists`, `getData`, `getChildren`) are called once.
 */
export class ZooKeeperClient {
  private readonly session: Session;
  private readonly chroot: Chroot;
  private readonly connectedWaiters = new Set<{ resolve(): void; reject(error: Error): void }>();
  private readonly onEvent: (event: SessionEvent) => void;
  private readonly sessionListeners = new Set<(event: SessionEvent) => void>();
  /** Ends the operations of a view, see {@link withSignal}. */
  private readonly signal: AbortSignal | undefined = undefined;
  /** The environment that the client runs in: clock, timers and randomness of what is built upon it. */
  readonly env: Env;

  private constructor(env: Env, options: ZooKeeperClientOptions) {
    this.env = env;
    const { servers, chroot } = parseConnectString(options.connectString);
    this.chroot = new Chroot(chroot);
    this.onEvent = options.onEvent ?? (() => undefined);
    this.session = new Session(env, {
      servers,
      chroot: this.chroot,
      sessionTimeoutMs: options.sessionTimeoutMs ?? DEFAULT_SESSION_TIMEOUT_MS,
      readOnly: options.readOnly ?? false,
      maxFrameBytes: options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES,
      auth: options.auth ?? [],
      session: options.session,
      onEvent: (event) => this.changed(event),
    });
  }

  /**
   * A client that is on its way to a session: its requests wait for the first attempt to connect and fail with it,
   * later ones with the next. Throws {@link ConnectStringError}.
   */
  static open(env: Env, options: ZooKeeperClientOptions): ZooKeeperClient {
    return new ZooKeeperClient(env, options);
  }

  /**
   * Opens a session. Rejects with CONNECTIONLOSS when no server accepts it in time, SESSIONEXPIRED when the
   * session to attach to is gone, {@link ConnectStringError} for a bad connect string.
   */
  static async connect(env: Env, options: ZooKeeperClientOptions): Promise<ZooKeeperClient> {
    const client = new ZooKeeperClient(env, options);
    const timeoutMs = options.connectTimeoutMs ?? options.sessionTimeoutMs ?? DEFAULT_SESSION_TIMEOUT_MS;
    const timer = env.timers.after(timeoutMs, () => {
      const text = `no server of ${options.connectString} accepted a session within ${timeoutMs} ms`;
      for (const waiter of client.connectedWaiters)
        waiter.reject(new ZooKeeperError('CONNECTIONLOSS', '', { text }));
    });
    try {
      await client.connected();
    } catch (error) {
      await client.close();
      throw error;
    } finally {
      timer.cancel();
    }
    return client;
  }

  get state(): SessionState {
    return this.session.state;
  }

  get sessionId(): bigint {
    return this.session.id;
  }

  get sessionPassword(): Buffer {
    return this.session.passwordCopy;
  }

  /** The session timeout that the server agreed to. */
  get sessionTimeoutMs(): number {
    return this.session.negotiatedTimeoutMs;
  }

  /** The latest zxid that an answer carried. */
  get lastZxid(): number {
    return this.session.zxid;
  }

  /** Resolves when the session is attached to a server; rejects when it has ended. */
  connected(): Promise<void> {
    if (this.session.isConnected) return Promise.resolve();
    const attached = new Promise<void>((resolve, reject) => {
      const waiter = { resolve, reject };
      this.connectedWaiters.add(waiter);
      if (this.session.state !== 'connecting') this.settleConnected(this.session.state);
    });
    return unlessAborted(attached, this.signal);
  }

  /**
   * The same client, whose operations reject with the signal's reason once it is aborted. One that was sent by then
   * may happen all the same, as after a lost connection; one that is made later is not sent.
   */
  withSignal(signal: AbortSignal): ZooKeeperOperations {
    return Object.create(this, { signal: { value: signal } }) as ZooKeeperClient;
  }

  /** Calls `listener` on every change of the session's state, after `onEvent`; returns what ends that. */
  addSessionListener(listener: (event: SessionEvent) => void): () => void {
    this.sessionListeners.add(listener);
    return () => {
      this.sessionListeners.delete(listener);
    };
  }

  /** Ends the session, and with it its ephemeral nodes and watches. */
  close(): Promise<void> {
    return this.session.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Creates a node; resolves to its path, which a sequential mode has put a number behind. */
  create(path: string, data: Buffer | null = null, options: CreateOptions = {}): Promise<string> {
    return this.call(path, () => {
      const op = createOp(this.chroot, path, data, { ...options, withStat: false });
      const response = op.type === OpCode.create ? protocol.CreateResponse : protocol.Create2Response;
      const read = (body: ByteReader): string => this.chroot.toClient(response.read(body).path ?? '');
      return { type: op.type, write: writerOf(op), read };
    });
  }

  /** As {@link create}, with the node's stat. */
  create2(
    path: string,
    data: Buffer | null = null,
    options: CreateOptions = {},
  ): Promise<{ path: string; stat: Stat }> {
    return this.call(path, () => {
      const op = createOp(this.chroot, path, data, { ...options, withStat: true });
      const read = (body: ByteReader): { path: string; stat: Stat } => {
        const { path: created, stat } = protocol.Create2Response.read(body);
        return { path: this.chroot.toClient(created ?? ''), stat };
      };
      return { type: op.type, write: writerOf(op), read };
    });
  }

  delete(path: string, version = -1): Promise<void> {
    return this.call(path, () => {
      const request = { path: this.serverPath(path), version };
      return {
        type: OpCode.delete,
        write: (writer) => protocol.DeleteRequest.write(writer, request),
        read: nothing,
      };
    });
  }

  /** Null when there is no node; `watch` then waits for its creation. */
  exists(path: string, watch?: Watch): Promise<Stat | null> {
    return this.call<Stat | null>(path, () => {
      const request = { path: this.serverPath(path), watch: watch !== undefined };
      return {
        type: OpCode.exists,
        write: (writer) => protocol.ExistsRequest.write(writer, request),
        read: (body) => protocol.ExistsResponse.read(body).stat,
        absent: { value: null },
        onReply: (errorCode) => {
          if (watch === undefined) return;
          if (errorCode === ErrorCode.OK) this.session.watches.add('data', path, watch);
          if (errorCode === ErrorCode.NONODE) this.session.watches.add('exist', path, watch);
        },
      };
    });
  }

  getData(path: string, watch?: Watch): Promise<NodeData> {
    return this.call(path, () => {
      const request = { path: this.serverPath(path), watch: watch !== undefined };
      return {
        type: OpCode.getData,
        write: (writer) => protocol.GetDataRequest.write(writer, request),
        read: (body) => protocol.GetDataResponse.read(body),
        onReply: this.watchOnSuccess('data', path, watch),
      };
    });
  }

  setData(path: string, data: Buffer | null, version = -1): Promise<Stat> {
    return this.call(path, () => {
      const request = { path: this.serverPath(path), data, version };
      return {
        type: OpCode.setData,
        write: (writer) => protocol.SetDataRequest.write(writer, request),
        read: (body) => protocol.SetDataResponse.read(body).stat,
      };
    });
  }

  /** Names of the children, in no order. */
  getChildren(path: string, watch?: Watch): Promise<string[]> {
    return this.call(path, () => {
      const request = { path: this.serverPath(path), watch: watch !== undefined };
      return {
        type: OpCode.getChildren,
        write: (writer) => protocol.GetChildrenRequest.write(writer, request),
        read: (body) => namesOf(protocol.GetChildrenResponse.read(body).children),
        onReply: this.watchOnSuccess('child', path, watch),
      };
    });
  }

  /** As {@link getChildren}, with the node's stat. */
  getChildren2(path: string, watch?: Watch): Promise<{ children: string[]; stat: Stat }> {
    return this.call(path, () => {
      const request = { path: this.serverPath(path), watch: watch !== undefined };
      return {
        type: OpCode.getChildren2,
        write: (writer) => protocol.GetChildren2Request.write(writer, request),
        read: (body) => {
          const { children, stat } = protocol.GetChildren2Response.read(body);
          return { children: namesOf(children), stat };
        },
        onReply: this.watchOnSuccess('child', path, watch),
      };
    });
  }

  getACL(path: string): Promise<{ acl: ACL[]; stat: Stat }> {
    return this.call(path, () => {
      const request = { path: this.serverPath(path) };
      return {
        type: OpCode.getACL,
        write: (writer) => protocol.GetACLRequest.write(writer, request),
        read: (body) => {
          const { acl, stat } = protocol.GetACLResponse.read(body);
          return { acl: acl ?? [], stat };
        },
      };
    });
  }

  /** `aclVersion` is compared with the stat's `aversion`. */
  setACL(path: string, acl: readonly ACL[], aclVersion = -1): Promise<Stat> {
    return this.call(path, () => {
      const request = { path: this.serverPath(path), acl: [...acl], version: aclVersion };
      return {
        type: OpCode.setACL,
        write: (writer) => protocol.SetACLRequest.write(writer, request),
        read: (body) => protocol.SetACLResponse.read(body).stat,
      };
    });
  }

  /** Resolves when the server has caught up with what the leader had committed at the time of the call. */
  sync(path = '/'): Promise<void> {
    return this.call(path, () => {
      const request = { path: this.serverPath(path) };
      return {
        type: OpCode.sync,
        write: (writer) => protocol.SyncRequest.write(writer, request),
        read: nothing,
      };
    });
  }

  /** All or nothing. Rejects with the error of the first operation that cannot be done, its `opIndex` set. */
  multi(operations: readonly MultiOperation[]): Promise<MultiOperationResult[]> {
    return this.call('', () => {
      const ops = operations.map((operation) => toMultiOp(this.chroot, operation));
      return {
        type: OpCode.multi,
        write: (writer) => writeMultiRequest(writer, ops),
        read: (body) => fromMultiResults(this.chroot, operations, readMultiResponse(body)),
      };
    });
  }

  /** Several reads of one state of the tree; each may fail by itself. */
  multiRead(operations: readonly MultiReadOperation[]): Promise<MultiReadResult[]> {
    return this.call('', () => {
      const ops = operations.map((operation) => toMultiReadOp(this.chroot, operation));
      return {
        type: OpCode.multiRead,
        write: (writer) => writeMultiRequest(writer, ops),
        read: (body) => fromMultiReadResults(operations, readMultiResponse(body)),
      };
    });
  }

  /** Paths of the session's ephemeral nodes that begin with `prefix`. */
  getEphemerals(prefix = '/'): Promise<string[]> {
    return this.call(prefix, () => {
      const request = { prefixPath: this.serverPath(prefix) };
      return {
        type: OpCode.getEphemerals,
        write: (writer) => protocol.GetEphemeralsRequest.write(writer, request),
        read: (body) => {
          const { ephemerals } = protocol.GetEphemeralsResponse.read(body);
          return namesOf(ephemerals).map((path) => this.chroot.toClient(path));
        },
      };
    });
  }

  /** Number of nodes below a path, at any depth. */
  getAllChildrenNumber(path: string): Promise<number> {
    return this.call(path, () => {
      const request = { path: this.serverPath(path) };
      return {
        type: OpCode.getAllChildrenNumber,
        write: (writer) => protocol.GetAllChildrenNumberRequest.write(writer, request),
        read: (body) => protocol.GetAllChildrenNumberResponse.read(body).totalNumber,
      };
    });
  }

  /** The identities that the server has for this session. */
  whoAmI(): Promise<ClientInfo[]> {
    return this.call('', () => ({
      type: OpCode.whoAmI,
      read: (body) => protocol.WhoAmIResponse.read(body).clientInfo ?? [],
    }));
  }

  /** Adds an identity, here and on every server that the session moves to. AUTHFAILED ends the client. */
  addAuth(scheme: string, auth: Buffer | string): Promise<void> {
    return this.session.addAuth({ scheme, auth: Buffer.from(auth) });
  }

  /** Sets a watch that stays: on one node and its children, or on all below it. */
  addWatch(path: string, mode: keyof typeof AddWatchMode, watch: Watch): Promise<void> {
    return this.call(path, () => {
      const request = { path: this.serverPath(path), mode: AddWatchMode[mode] };
      return {
        type: OpCode.addWatch,
        write: (writer) => protocol.AddWatchRequest.write(writer, request),
        read: nothing,
        onReply: this.watchOnSuccess(mode === 'persistent' ? 'persistent' : 'recursive', path, watch),
      };
    });
  }

  /**
   * Takes watches away: the given one, or all of that type on the node. They are called a last time, with an
   * event that says so. Rejects with NOWATCHER when there is none. `local` gives them up also when there is no
   * connection to tell a server by.
   */
  removeWatches(
    path: string,
    type: WatcherTypeName,
    watch?: Watch,
    options: { local?: boolean } = {},
  ): Promise<void> {
    const { watches } = this.session;
    const kinds = KINDS_OF_TYPE[type];
    const forget = (): void => {
      for (const [kind, removed] of watches.remove(kinds, path, watch)) {
        removed({ type: EVENT_OF_KIND[kind], path });
      }
    };
    const operation = this.call(path, () => {
      const request = { path: this.serverPath(path), type: WatcherType[type] };
      if (!watches.has(kinds, path, watch)) throw new ZooKeeperError('NOWATCHER', path);
      // The server knows one watch for all callbacks of a client: it goes with the last of them.
      const isShared = watch !== undefined && watches.hasOthers(kinds, path, watch);
      return {
        type: isShared ? OpCode.checkWatches : OpCode.removeWatches,
        write: (writer) => protocol.RemoveWatchesRequest.write(writer, request),
        read: nothing,
        onReply: (errorCode) => {
          if (errorCode === ErrorCode.OK) forget();
        },
      };
    });
    if (options.local !== true) return operation;
    return operation.catch((error: unknown) => {
      if (!isZooKeeperError(error, 'CONNECTIONLOSS')) throw error;
      forget();
    });
  }

  /** The ensemble's configuration, which lies outside of any chroot. */
  getConfig(watch?: Watch): Promise<NodeData> {
    const request = { path: CONFIG_PATH, watch: watch !== undefined };
    return this.call(CONFIG_PATH, () => ({
      type: OpCode.getData,
      write: (writer) => protocol.GetDataRequest.write(writer, request),
      read: (body) => protocol.GetDataResponse.read(body),
      onReply: this.watchOnSuccess('data', CONFIG_PATH, watch),
    }));
  }

  /** Changes the members of the ensemble; `fromVersion` -1 for any. Resolves to the new configuration. */
  reconfig(change: {
    joining?: string;
    leaving?: string;
    members?: string;
    fromVersion?: number;
  }): Promise<NodeData> {
    const request = {
      joiningServers: change.joining ?? null,
      leavingServers: change.leaving ?? null,
      newMembers: change.members ?? null,
      curConfigId: change.fromVersion ?? -1,
    };
    return this.call(CONFIG_PATH, () => ({
      type: OpCode.reconfig,
      write: (writer) => protocol.ReconfigRequest.write(writer, request),
      read: (body) => protocol.GetDataResponse.read(body),
    }));
  }

  private serverPath(path: string): string {
    checkPath(path);
    return this.chroot.toServer(path);
  }

  private watchOnSuccess(
    kind: WatchKind,
    path: string,
    watch: Watch | undefined,
  ): (errorCode: number) => void {
    return (errorCode) => {
      if (watch !== undefined && errorCode === ErrorCode.OK) this.session.watches.add(kind, path, watch);
    };
  }

  /**
   * Sends what `make` gives; what it throws is the outcome. All operations settle by this one promise, so that
   * those who await them go on in the order of the answers.
   */
  private call<T>(path: string, make: () => Operation<T>): Promise<T> {
    if (this.signal === undefined) return this.send(path, make);
    if (this.signal.aborted) return Promise.reject(this.signal.reason);
    return unlessAborted(this.send(path, make), this.signal);
  }

  private send<T>(path: string, make: () => Operation<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const { type, write, read, absent, onReply } = make();
      this.session.submit({
        type,
        path,
        ...(write && { write }),
        reply: ({ err }, body) => {
          if (err === ErrorCode.OK) settle(() => read(body), resolve, reject);
          else if (err === ErrorCode.NONODE && absent !== undefined) resolve(absent.value);
          else reject(ZooKeeperError.of(err, path));
          onReply?.(err);
        },
        fail: reject,
      });
    });
  }

  private changed(event: SessionEvent): void {
    if (event !== 'disconnected') this.settleConnected(event);
    this.onEvent(event);
    for (const listener of [...this.sessionListeners]) listener(event);
  }

  /** Tells those who wait for a connection what came of it. */
  private settleConnected(outcome: SessionState): void {
    const waiters = [...this.connectedWaiters];
    this.connectedWaiters.clear();
    for (const waiter of waiters) {
      if (outcome === 'connected' || outcome === 'connectedReadOnly') waiter.resolve();
      else waiter.reject(new ZooKeeperError(outcome === 'authFailed' ? 'AUTHFAILED' : 'SESSIONEXPIRED', ''));
    }
  }
}

/** Writes the request of a create operation. */
function writerOf(op: ReturnType<typeof createOp>): (writer: ByteWriter) => void {
  if (op.type === OpCode.createTTL) return (writer) => protocol.CreateTTLRequest.write(writer, op.request);
  return (writer) => protocol.CreateRequest.write(writer, op.request);
}

/** Settles with a value or a ZooKeeperError; anything else that is thrown goes on. */
function settle<T>(
  read: () => T,
  resolve: (value: T) => void,
  reject: (error: ZooKeeperError) => void,
): void {
  try {
    resolve(read());
  } catch (error) {
    if (!(error instanceof ZooKeeperError)) throw error;
    reject(error);
  }
}
