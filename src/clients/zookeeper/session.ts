import type { ByteReader } from '../../base/byte-reader.ts';
import type { ByteWriter } from '../../base/byte-writer.ts';
import { hex } from '../../base/hex.ts';
import { MalformedError } from '../../base/malformed-error.ts';
import type { Env } from '../../env/env.ts';
import type { Timer } from '../../env/timers.ts';
import { ErrorCode, type ErrorName } from '../../wire/zookeeper/errors.ts';
import { EventType, OpCode, SpecialXid } from '../../wire/zookeeper/op-codes.ts';
import {
  AuthPacket,
  type ConnectResponse,
  type ReplyHeader,
  SetWatches,
  SetWatches2,
  WatcherEvent,
} from '../../wire/zookeeper/protocol.ts';
import type { ServerAddress } from './connect-string.ts';
import { Fifo } from './fifo.ts';
import { findReadWriteServer } from './find-read-write-server.ts';
import type { Chroot } from './path.ts';
import { SessionConnection } from './session-connection.ts';
import { type WatchEventType, Watches } from './watches.ts';
import { ZooKeeperError } from './zookeeper-error.ts';

export type SessionState =
  | 'connecting'
  | 'connected'
  | 'connectedReadOnly'
  | 'expired'
  | 'authFailed'
  | 'closed';

/** A change of state, as the session's owner hears of it. */
export type SessionEvent =
  | 'connected'
  | 'connectedReadOnly'
  | 'disconnected'
  | 'expired'
  | 'authFailed'
  | 'closed';

/** One request on its way. */
export interface SessionRequest {
  type: number;
  /** For errors; below the chroot. */
  path: string;
  write?(writer: ByteWriter): void;
  /** The answer, in the order of requests; runs before any event that comes after it. */
  reply(header: ReplyHeader, body: ByteReader): void;
  fail(error: ZooKeeperError): void;
}

export interface Auth {
  scheme: string;
  auth: Buffer;
}

export interface SessionOptions {
  servers: readonly ServerAddress[];
  chroot: Chroot;
  /** Asked for; the server decides. */
  sessionTimeoutMs: number;
  readOnly: boolean;
  maxFrameBytes: number;
  auth: readonly Auth[];
  /** A session that exists already. */
  session?: { id: bigint; password: Buffer } | undefined;
  onEvent(event: SessionEvent): void;
}

const PASSWORD_BYTES = 16;
/** After a round through all servers without success, wait up to this long before the next one. */
const ROUND_PAUSE_MS = 1000;
const LAST_XID = 0x7fff_ffff;

const EVENT_TYPES: ReadonlyMap<number, WatchEventType> = new Map(
  Object.entries(EventType)
    .filter(([name]) => name !== 'none')
    .map(([name, type]) => [type, name as WatchEventType]),
);

/** An authentication, given to every server anew; `waiter` until a server has answered it. */
interface AuthEntry extends Auth {
  waiter?: { resolve(): void; reject(error: ZooKeeperError): void } | undefined;
}

/**
 * A client's session (org.apache.zookeeper.ClientCnxn).
 *
 *     connecting --server accepts--> connected or connectedReadOnly  (event connected, connectedReadOnly)
 *     connected  --connection lost--> connecting, at the next server  (event disconnected)
 *     connectedReadOnly --a server that takes writes is found--> connecting, there  (event disconnected)
 *     connecting --connection fails--> connecting, at the next server
 *     connecting --server does not know the session--> expired        (event expired)
 *     any but expired --authentication refused--> authFailed          (event authFailed)
 *     any        --close()--> closed                                  (event closed)
 *
 * Requests of the last three states fail. A lost or failed connection fails all requests that were sent or
 * waiting with CONNECTIONLOSS; those made while connecting wait for the outcome of the attempt.
 */
export class Session {
  readonly watches = new Watches();
  private readonly env: Env;
  private readonly options: SessionOptions;
  private current: SessionState = 'connecting';
  private connection: SessionConnection | undefined;
  private nextServer = 0;
  private readonly servers: readonly ServerAddress[];
  private sessionId: bigint;
  private password: Buffer;
  private timeoutMs: number;
  private lastZxid = 0;
  private xid = 0;
  /** Waiting for a connection. */
  private readonly waiting = new Fifo<SessionRequest>();
  /** Sent, and not answered yet. */
  private readonly sent = new Fifo<{ xid: number; request: SessionRequest }>();
  private readonly auth: AuthEntry[];
  /** Sent on this connection, and not answered yet. */
  private readonly sentAuth = new Fifo<AuthEntry>();
  /** The search for a server that takes writes, while the one connected to does not. */
  private search: Timer | undefined;
  /** Once a server that takes writes has accepted the session, its id is worth keeping. */
  private wasReadWrite: boolean;

  constructor(env: Env, options: SessionOptions) {
    this.env = env;
    this.options = options;
    this.servers = shuffled(options.servers, env);
    this.sessionId = options.session?.id ?? 0n;
    this.password = options.session?.password ?? Buffer.alloc(PASSWORD_BYTES);
    this.wasReadWrite = options.session !== undefined;
    this.timeoutMs = options.sessionTimeoutMs;
    this.auth = options.auth.map((auth) => ({ ...auth }));
    this.connect();
  }

  get state(): SessionState {
    return this.current;
  }

  get id(): bigint {
    return this.sessionId;
  }

  get passwordCopy(): Buffer {
    return Buffer.from(this.password);
  }

  /** Agreed with the server; before that, what was asked for. */
  get negotiatedTimeoutMs(): number {
    return this.timeoutMs;
  }

  /** The latest zxid seen. */
  get zxid(): number {
    return this.lastZxid;
  }

  get isConnected(): boolean {
    return this.current === 'connected' || this.current === 'connectedReadOnly';
  }

  submit(request: SessionRequest): void {
    if (this.isConnected) this.sendRequest(request);
    else if (this.current === 'connecting') this.waiting.push(request);
    else request.fail(new ZooKeeperError(this.lossCode(), request.path));
  }

  /** Authenticates on this and every later connection. */
  addAuth(auth: Auth): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.current !== 'connecting' && !this.isConnected) {
        reject(new ZooKeeperError(this.lossCode(), ''));
        return;
      }
      const entry = { ...auth, waiter: { resolve, reject } };
      this.auth.push(entry);
      if (this.isConnected) this.sendAuth(entry);
    });
  }

  /** Ends the session on the server when there is one, then the client. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      if (!this.isConnected) {
        this.finish('closed', 'closed');
        resolve();
        return;
      }
      const done = (): void => {
        timer.cancel();
        this.finish('closed', 'closed');
        resolve();
      };
      const timer = this.env.timers.after(this.timeoutMs, done);
      this.submit({ type: OpCode.closeSession, path: '', reply: done, fail: done });
    });
  }

  private connect(): void {
    const server = this.servers[this.nextServer % this.servers.length];
    if (server === undefined) return;
    this.nextServer += 1;
    const connection: SessionConnection = new SessionConnection(
      this.env,
      server,
      {
        established: (response) => this.established(connection, response),
        reply: (header, body) => this.receive(header, body),
        lost: (reason) => this.lost(connection, reason),
      },
      {
        greeting: {
          protocolVersion: 0,
          lastZxidSeen: this.lastZxid,
          timeOut: this.options.sessionTimeoutMs,
          sessionId: this.wasReadWrite ? this.sessionId : 0n,
          passwd: this.password,
          readOnly: this.options.readOnly,
        },
        timeoutMs: Math.max(1, Math.floor(this.timeoutMs / this.servers.length)),
        maxFrameBytes: this.options.maxFrameBytes,
      },
    );
    this.connection = connection;
  }

  private established(connection: SessionConnection, response: ConnectResponse): void {
    if (response.timeOut <= 0) {
      this.env.log.warn('ZooKeeper session has expired', { sessionId: hex(this.sessionId) });
      connection.drop();
      this.finish('expired', 'expired');
      return;
    }
    this.nextServer %= this.servers.length;
    this.timeoutMs = response.timeOut;
    this.sessionId = response.sessionId;
    this.password = response.passwd ?? Buffer.alloc(PASSWORD_BYTES);
    if (!response.readOnly) this.wasReadWrite = true;
    this.current = response.readOnly ? 'connectedReadOnly' : 'connected';
    connection.watchSilence({
      pingMs: this.timeoutMs / 3,
      silenceMs: (this.timeoutMs * 2) / 3,
    });
    this.env.log.debug('ZooKeeper session established', {
      server: connection.name,
      sessionId: hex(this.sessionId),
      timeoutMs: this.timeoutMs,
    });
    if (response.readOnly) this.searchReadWrite(connection);
    for (const auth of this.auth) this.sendAuth(auth);
    this.setWatchesAgain(connection);
    for (const request of this.waiting.drain()) this.sendRequest(request);
    this.options.onEvent(this.current);
  }

  private searchReadWrite(connection: SessionConnection): void {
    this.search = findReadWriteServer(this.env, this.servers, (server) => {
      connection.drop();
      this.nextServer = this.servers.indexOf(server);
      this.lost(connection, `${server.host}:${server.port} takes writes`);
    });
  }

  private sendAuth(auth: AuthEntry): void {
    this.sentAuth.push(auth);
    this.connection?.send({ xid: SpecialXid.auth, type: OpCode.auth }, (writer) =>
      AuthPacket.write(writer, { type: 0, scheme: auth.scheme, auth: auth.auth }),
    );
  }

  private setWatchesAgain(connection: SessionConnection): void {
    const { chroot } = this.options;
    for (const request of this.watches.resetRequests(this.lastZxid, (path) => chroot.toServer(path))) {
      const isOld = request.persistentWatches.length + request.persistentRecursiveWatches.length === 0;
      // Servers before 3.6 know the older operation alone.
      const type = isOld ? OpCode.setWatches : OpCode.setWatches2;
      connection.send({ xid: SpecialXid.setWatches, type }, (writer) =>
        isOld ? SetWatches.write(writer, request) : SetWatches2.write(writer, request),
      );
    }
  }

  private sendRequest(request: SessionRequest): void {
    this.xid = this.xid === LAST_XID ? 1 : this.xid + 1;
    this.sent.push({ xid: this.xid, request });
    this.connection?.send({ xid: this.xid, type: request.type }, request.write);
  }

  private receive(header: ReplyHeader, body: ByteReader): void {
    if (header.xid === SpecialXid.notification) {
      this.notify(WatcherEvent.read(body), header.zxid);
    } else if (header.xid === SpecialXid.auth) {
      this.receiveAuth(header.err);
    } else if (header.xid !== SpecialXid.setWatches) {
      const next = this.sent.peek();
      if (next === undefined || next.xid !== header.xid) {
        throw new MalformedError(`reply to request ${header.xid}, expected one to ${next?.xid ?? 'none'}`);
      }
      if (header.zxid > 0) this.lastZxid = header.zxid;
      next.request.reply(header, body);
      this.sent.shift();
    }
  }

  private receiveAuth(errorCode: number): void {
    const entry = this.sentAuth.shift();
    const waiter = entry?.waiter;
    if (entry !== undefined) entry.waiter = undefined;
    if (errorCode === ErrorCode.OK) {
      waiter?.resolve();
      return;
    }
    waiter?.reject(ZooKeeperError.of(errorCode, ''));
    if (errorCode === ErrorCode.AUTHFAILED) this.finish('authFailed', 'authFailed');
  }

  private notify(event: WatcherEvent, zxid: number): void {
    const type = EVENT_TYPES.get(event.type);
    // Anything else is about the state of the connection, which this end knows itself.
    if (type === undefined) return;
    const path = this.options.chroot.toClient(event.path ?? '');
    for (const watch of this.watches.fire({ type, path })) watch({ type, path, zxid });
  }

  private lost(connection: SessionConnection, reason: string): void {
    if (connection !== this.connection) return;
    this.env.log.debug('no connection to ZooKeeper', { server: connection.name, reason });
    const wasConnected = this.isConnected;
    this.current = 'connecting';
    this.search?.cancel();
    this.sentAuth.drain();
    this.failRequests();
    // A close under way ends with the connection.
    if (this.state !== 'connecting') return;
    if (wasConnected) this.options.onEvent('disconnected');
    if (this.state !== 'connecting') return;
    const roundIsOver = this.nextServer >= this.servers.length;
    if (roundIsOver) this.nextServer = 0;
    const pauseMs = roundIsOver ? this.env.random.below(ROUND_PAUSE_MS) : 0;
    this.env.timers.after(pauseMs, () => {
      if (this.current === 'connecting' && this.connection === connection) this.connect();
    });
  }

  private failRequests(): void {
    const code = this.lossCode();
    const requests = [...this.sent.drain().map((each) => each.request), ...this.waiting.drain()];
    for (const request of requests) request.fail(new ZooKeeperError(code, request.path));
  }

  /** Goes to a state without a way out. */
  private finish(state: 'expired' | 'authFailed' | 'closed', event: SessionEvent): void {
    if (this.current === 'closed' || this.current === state) return;
    this.current = state;
    this.search?.cancel();
    this.connection?.drop();
    this.failRequests();
    for (const { waiter } of this.auth.splice(0)) waiter?.reject(new ZooKeeperError(this.lossCode(), ''));
    for (const [path, watch] of this.watches.clear()) watch({ type: 'sessionEnded', path });
    this.options.onEvent(event);
  }

  /** How requests fail in the state at hand. */
  private lossCode(): ErrorName {
    if (this.current === 'authFailed') return 'AUTHFAILED';
    return this.current === 'expired' || this.current === 'closed' ? 'SESSIONEXPIRED' : 'CONNECTIONLOSS';
  }
}

/** So that the clients of an ensemble spread over its servers. */
function shuffled(servers: readonly ServerAddress[], env: Env): ServerAddress[] {
  const order = servers.map((server) => ({ server, rank: env.random.float() }));
  return order.sort((a, b) => a.rank - b.rank).map(({ server }) => server);
}
