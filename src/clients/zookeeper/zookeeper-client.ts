import type { ByteReader } from '../../base/byte-reader.ts';
import type { Env } from '../../env/env.ts';
import type { FieldType } from '../../wire/jute/types.ts';
import type { ACL, ClientInfo, Stat } from '../../wire/zookeeper/data.ts';
import { ErrorCode } from '../../wire/zookeeper/errors.ts';
import {
  type MultiOp,
  type MultiResult,
  readMultiResponse,
  writeMultiRequest,
} from '../../wire/zookeeper/multi.ts';
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
import { ZooKeeperError } from './zookeeper-error.ts';

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

/** A request with a codec for each direction, and what to do at the moment the answer is there. */
interface Call<Q, R> {
  type: number;
  path: string;
  request?: { codec: FieldType<Q>; value: Q };
  response?: FieldType<R>;
  /** Runs with the answer, before any event that follows it; `errorCode` 0 for success. */
  onReply?: (errorCode: number) => void;
}

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

  private constructor(env: Env, options: ZooKeeperClientOptions) {
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
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      this.connectedWaiters.add(waiter);
      if (this.session.state !== 'connecting') this.settleConnected(this.session.state);
    });
  }

  /** Ends the session, and with it its ephemeral nodes and watches. */
  close(): Promise<void> {
    return this.session.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Creates a node; resolves to its path, which a sequential mode has put a number behind. */
  async create(path: string, data: Buffer | null = null, options: CreateOptions = {}): Promise<string> {
    const { type, request } = createOp(this.chroot, path, data, { ...options, withStat: false });
    const response = type === OpCode.create ? protocol.CreateResponse : protocol.Create2Response;
    return (await this.callCreate(path, type, request, response)).path;
  }

  /** As {@link create}, with the node's stat. */
  async create2(
    path: string,
    data: Buffer | null = null,
    options: CreateOptions = {},
  ): Promise<{ path: string; stat: Stat }> {
    const { type, request } = createOp(this.chroot, path, data, { ...options, withStat: true });
    return this.callCreate(path, type, request, protocol.Create2Response);
  }

  async delete(path: string, version = -1): Promise<void> {
    checkPath(path);
    const value = { path: this.chroot.toServer(path), version };
    await this.call({ type: OpCode.delete, path, request: { codec: protocol.DeleteRequest, value } });
  }

  /** Null when there is no node; `watch` then waits for its creation. */
  async exists(path: string, watch?: Watch): Promise<Stat | null> {
    checkPath(path);
    const value = { path: this.chroot.toServer(path), watch: watch !== undefined };
    try {
      const { stat } = await this.call({
        type: OpCode.exists,
        path,
        request: { codec: protocol.ExistsRequest, value },
        response: protocol.ExistsResponse,
        onReply: (errorCode) => {
          if (watch === undefined) return;
          if (errorCode === ErrorCode.OK) this.session.watches.add('data', path, watch);
          if (errorCode === ErrorCode.NONODE) this.session.watches.add('exist', path, watch);
        },
      });
      return stat;
    } catch (error) {
      if (error instanceof ZooKeeperError && error.code === 'NONODE') return null;
      throw error;
    }
  }

  async getData(path: string, watch?: Watch): Promise<NodeData> {
    checkPath(path);
    const value = { path: this.chroot.toServer(path), watch: watch !== undefined };
    return this.call({
      type: OpCode.getData,
      path,
      request: { codec: protocol.GetDataRequest, value },
      response: protocol.GetDataResponse,
      onReply: this.watchOnSuccess('data', path, watch),
    });
  }

  async setData(path: string, data: Buffer | null, version = -1): Promise<Stat> {
    checkPath(path);
    const value = { path: this.chroot.toServer(path), data, version };
    const { stat } = await this.call({
      type: OpCode.setData,
      path,
      request: { codec: protocol.SetDataRequest, value },
      response: protocol.SetDataResponse,
    });
    return stat;
  }

  /** Names of the children, in no order. */
  async getChildren(path: string, watch?: Watch): Promise<string[]> {
    checkPath(path);
    const value = { path: this.chroot.toServer(path), watch: watch !== undefined };
    const { children } = await this.call({
      type: OpCode.getChildren,
      path,
      request: { codec: protocol.GetChildrenRequest, value },
      response: protocol.GetChildrenResponse,
      onReply: this.watchOnSuccess('child', path, watch),
    });
    return namesOf(children);
  }

  /** As {@link getChildren}, with the node's stat. */
  async getChildren2(path: string, watch?: Watch): Promise<{ children: string[]; stat: Stat }> {
    checkPath(path);
    const value = { path: this.chroot.toServer(path), watch: watch !== undefined };
    const { children, stat } = await this.call({
      type: OpCode.getChildren2,
      path,
      request: { codec: protocol.GetChildren2Request, value },
      response: protocol.GetChildren2Response,
      onReply: this.watchOnSuccess('child', path, watch),
    });
    return { children: namesOf(children), stat };
  }

  async getACL(path: string): Promise<{ acl: ACL[]; stat: Stat }> {
    checkPath(path);
    const value = { path: this.chroot.toServer(path) };
    const { acl, stat } = await this.call({
      type: OpCode.getACL,
      path,
      request: { codec: protocol.GetACLRequest, value },
      response: protocol.GetACLResponse,
    });
    return { acl: acl ?? [], stat };
  }

  /** `aclVersion` is compared with the stat's `aversion`. */
  async setACL(path: string, acl: readonly ACL[], aclVersion = -1): Promise<Stat> {
    checkPath(path);
    const value = { path: this.chroot.toServer(path), acl: [...acl], version: aclVersion };
    const { stat } = await this.call({
      type: OpCode.setACL,
      path,
      request: { codec: protocol.SetACLRequest, value },
      response: protocol.SetACLResponse,
    });
    return stat;
  }

  /** Resolves when the server has caught up with what the leader had committed at the time of the call. */
  async sync(path = '/'): Promise<void> {
    checkPath(path);
    const value = { path: this.chroot.toServer(path) };
    await this.call({
      type: OpCode.sync,
      path,
      request: { codec: protocol.SyncRequest, value },
      response: protocol.SyncResponse,
    });
  }

  /** All or nothing. Rejects with the error of the first operation that cannot be done, its `opIndex` set. */
  async multi(operations: readonly MultiOperation[]): Promise<MultiOperationResult[]> {
    const ops = operations.map((operation) => toMultiOp(this.chroot, operation));
    return fromMultiResults(this.chroot, operations, await this.callMulti(OpCode.multi, ops));
  }

  /** Several reads of one state of the tree; each may fail by itself. */
  async multiRead(operations: readonly MultiReadOperation[]): Promise<MultiReadResult[]> {
    const ops = operations.map((operation) => toMultiReadOp(this.chroot, operation));
    return fromMultiReadResults(operations, await this.callMulti(OpCode.multiRead, ops));
  }

  /** Paths of the session's ephemeral nodes that begin with `prefix`. */
  async getEphemerals(prefix = '/'): Promise<string[]> {
    checkPath(prefix);
    const value = { prefixPath: this.chroot.toServer(prefix) };
    const { ephemerals } = await this.call({
      type: OpCode.getEphemerals,
      path: prefix,
      request: { codec: protocol.GetEphemeralsRequest, value },
      response: protocol.GetEphemeralsResponse,
    });
    return namesOf(ephemerals).map((each) => this.chroot.toClient(each));
  }

  /** Number of nodes below a path, at any depth. */
  async getAllChildrenNumber(path: string): Promise<number> {
    checkPath(path);
    const value = { path: this.chroot.toServer(path) };
    const { totalNumber } = await this.call({
      type: OpCode.getAllChildrenNumber,
      path,
      request: { codec: protocol.GetAllChildrenNumberRequest, value },
      response: protocol.GetAllChildrenNumberResponse,
    });
    return totalNumber;
  }

  /** The identities that the server has for this session. */
  async whoAmI(): Promise<ClientInfo[]> {
    const { clientInfo } = await this.call({
      type: OpCode.whoAmI,
      path: '',
      response: protocol.WhoAmIResponse,
    });
    return clientInfo ?? [];
  }

  /** Adds an identity, here and on every server that the session moves to. AUTHFAILED ends the client. */
  addAuth(scheme: string, auth: Buffer | string): Promise<void> {
    return this.session.addAuth({ scheme, auth: Buffer.from(auth) });
  }

  /** Sets a watch that stays: on one node and its children, or on all below it. */
  async addWatch(path: string, mode: keyof typeof AddWatchMode, watch: Watch): Promise<void> {
    checkPath(path);
    const value = { path: this.chroot.toServer(path), mode: AddWatchMode[mode] };
    await this.call({
      type: OpCode.addWatch,
      path,
      request: { codec: protocol.AddWatchRequest, value },
      response: protocol.ErrorResponse,
      onReply: this.watchOnSuccess(mode === 'persistent' ? 'persistent' : 'recursive', path, watch),
    });
  }

  /**
   * Takes watches away: the given one, or all of that type on the node. They are called a last time, with an
   * event that says so. Rejects with NOWATCHER when there is none.
   */
  async removeWatches(path: string, type: WatcherTypeName, watch?: Watch): Promise<void> {
    checkPath(path);
    const { watches } = this.session;
    const kinds = KINDS_OF_TYPE[type];
    if (!watches.has(kinds, path, watch)) throw new ZooKeeperError('NOWATCHER', path);
    // The server knows one watch for all callbacks of a client: it goes with the last of them.
    const isShared = watch !== undefined && watches.hasOthers(kinds, path, watch);
    const value = { path: this.chroot.toServer(path), type: WatcherType[type] };
    await this.call({
      type: isShared ? OpCode.checkWatches : OpCode.removeWatches,
      path,
      request: { codec: protocol.RemoveWatchesRequest, value },
      onReply: (errorCode) => {
        if (errorCode !== ErrorCode.OK) return;
        for (const [kind, removed] of watches.remove(kinds, path, watch)) {
          removed({ type: EVENT_OF_KIND[kind], path });
        }
      },
    });
  }

  /** The ensemble's configuration, which lies outside of any chroot. */
  getConfig(): Promise<NodeData> {
    return this.call({
      type: OpCode.getData,
      path: CONFIG_PATH,
      request: { codec: protocol.GetDataRequest, value: { path: CONFIG_PATH, watch: false } },
      response: protocol.GetDataResponse,
    });
  }

  /** Changes the members of the ensemble; `fromVersion` -1 for any. Resolves to the new configuration. */
  reconfig(change: {
    joining?: string;
    leaving?: string;
    members?: string;
    fromVersion?: number;
  }): Promise<NodeData> {
    const value = {
      joiningServers: change.joining ?? null,
      leavingServers: change.leaving ?? null,
      newMembers: change.members ?? null,
      curConfigId: change.fromVersion ?? -1,
    };
    return this.call({
      type: OpCode.reconfig,
      path: CONFIG_PATH,
      request: { codec: protocol.ReconfigRequest, value },
      response: protocol.GetDataResponse,
    });
  }

  private async callCreate<R extends protocol.CreateResponse>(
    path: string,
    type: number,
    request: protocol.CreateRequest | protocol.CreateTTLRequest,
    response: FieldType<R>,
  ): Promise<R & { path: string }> {
    const codec = 'ttl' in request ? protocol.CreateTTLRequest : protocol.CreateRequest;
    const answer = await this.call({
      type,
      path,
      request: { codec: codec as FieldType<typeof request>, value: request },
      response,
    });
    return { ...answer, path: this.chroot.toClient(answer.path ?? '') };
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

  private callMulti(type: number, ops: readonly MultiOp[]): Promise<MultiResult[]> {
    return new Promise((resolve, reject) => {
      this.session.submit({
        type,
        path: '',
        write: (writer) => writeMultiRequest(writer, ops),
        reply: (header, body) => {
          if (header.err !== ErrorCode.OK && body.remaining === 0) reject(ZooKeeperError.of(header.err, ''));
          else resolve(readMultiResponse(body));
        },
        fail: reject,
      });
    });
  }

  private call<Q, R = undefined>(call: Call<Q, R>): Promise<R> {
    const { type, path, request, response, onReply } = call;
    return new Promise((resolve, reject) => {
      this.session.submit({
        type,
        path,
        ...(request && { write: (writer) => request.codec.write(writer, request.value) }),
        reply: (header, body: ByteReader) => {
          if (header.err === ErrorCode.OK) resolve(response?.read(body) as R);
          else reject(ZooKeeperError.of(header.err, path));
          onReply?.(header.err);
        },
        fail: reject,
      });
    });
  }

  private changed(event: SessionEvent): void {
    if (event !== 'disconnected') this.settleConnected(event);
    this.onEvent(event);
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
