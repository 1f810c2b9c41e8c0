import { ByteWriter } from '../../base/byte-writer.ts';
import type { Env } from '../../env/env.ts';
import type { Connection, Listener } from '../../env/net.ts';
import type { Timer } from '../../env/timers.ts';
import { ustring } from '../../wire/jute/types.ts';
import type { Id } from '../../wire/zookeeper/data.ts';
import { ErrorCode } from '../../wire/zookeeper/errors.ts';
import { OpCode, Perms } from '../../wire/zookeeper/op-codes.ts';
import type { ConnectRequest } from '../../wire/zookeeper/protocol.ts';
import type { TxnEntry } from '../../wire/zookeeper/txn-entry.ts';
import { AccessControl } from '../pipeline/access-control.ts';
import { Committer } from '../pipeline/committer.ts';
import { GroupCommit, type TxnLog } from '../pipeline/group-commit.ts';
import { Preparer } from '../pipeline/prepare.ts';
import { isWrite, type Request, type RequestClient } from '../pipeline/request.ts';
import { ZxidSource } from '../pipeline/zxid.ts';
import { sessionPassword } from '../session/session-password.ts';
import { firstSessionId, SessionTracker } from '../session/session-tracker.ts';
import type { DataTree } from '../tree/data-tree.ts';
import { type WatchEvent, Watches } from '../watch/watches.ts';
import { ClientConnection, type ConnectionHost } from './client-connection.ts';
import type { ZooKeeperServerConfig } from './config.ts';
import { ContainerReaper } from './container-reaper.ts';
import { FourLetterWords } from './four-letter-words.ts';
import { ServerStats } from './server-stats.ts';

/** What the server keeps its data on. */
export interface ServerStorage extends TxnLog {
  /** So many more transactions are durable and applied: the time to think of a snapshot. */
  transactionsApplied(count: number): void;
  /** Bytes on disk, for the commands `conf` and `dirs`. */
  dataDirBytes(): number;
  logDirBytes(): number;
}

export interface StandaloneServerOptions {
  env: Env;
  config: ZooKeeperServerConfig;
  tree: DataTree;
  /** Open sessions with their timeouts in milliseconds; kept up to date for snapshots. */
  sessionTimeouts: Map<bigint, number>;
  storage: ServerStorage;
  /** The log can no longer be written: the server has stopped serving. */
  failed(error: unknown): void;
}

/** What a server without an id puts into the top byte of session ids (createSessionTrackerServerId). */
const STANDALONE_SESSION_SERVER_ID = 1;
/** DataTree.DIGEST_LOG_INTERVAL and DIGEST_LOG_LIMIT */
const DIGEST_LOG_INTERVAL = 128;
const DIGEST_LOG_SIZE = 1024;
const NO_IDENTITIES: readonly Id[] = [];

/**
 * A server without an ensemble: connections in front, and the stages prepare, log, commit behind each other.
 * Everything happens in turns: a turn begins with a network event, a timer or a finished sync, and ends by
 * sending what it has queued, one write a connection.
 */
export class StandaloneServer implements ConnectionHost {
  readonly stats = new ServerStats();
  readonly connections = new Set<ClientConnection>();
  readonly watches = new Watches<RequestClient>();
  readonly sessions: SessionTracker;
  readonly tree: DataTree;
  readonly config: ZooKeeperServerConfig;
  readonly storage: ServerStorage;
  /** The identity of this server among the owners of sessions. */
  readonly owner: unknown = this;
  readonly startedAtMs: number;
  /** The tree digest after every 128th transaction, for comparing servers by the command `hash`. */
  readonly digestLog: { zxid: number; digest: bigint }[] = [];
  private readonly env: Env;
  private readonly sessionTimeouts: Map<bigint, number>;
  private readonly access: AccessControl;
  private readonly preparer: Preparer;
  private readonly committer: Committer;
  private readonly groupCommit: GroupCommit;
  private readonly fourLetterWords: FourLetterWords;
  private readonly reaper: ContainerReaper;
  private readonly connectionsBySession = new Map<bigint, ClientConnection>();
  private readonly connectionsByAddress = new Map<string, number>();
  private readonly withOutput = new Set<ClientConnection>();
  private listener: Listener | undefined;
  private expiryTimer: Timer | undefined;
  private isInTurn = false;
  private inProcess = 0;
  private isStopped = false;

  constructor(options: StandaloneServerOptions) {
    const { env, config, tree, sessionTimeouts, storage } = options;
    this.env = env;
    this.config = config;
    this.tree = tree;
    this.sessionTimeouts = sessionTimeouts;
    this.storage = storage;
    const nowMs = env.clock.monotonicMs();
    this.startedAtMs = nowMs;
    this.access = new AccessControl(config);
    this.sessions = new SessionTracker({
      tickMs: config.tickTimeMs,
      nowMs,
      firstSessionId: firstSessionId(
        config.serverId === 0 ? STANDALONE_SESSION_SERVER_ID : config.serverId,
        env.clock.nowMs(),
      ),
    });
    for (const [id, timeoutMs] of sessionTimeouts) this.sessions.track(id, timeoutMs, nowMs);
    const { enforceQuota, reconfigEnabled } = config;
    const zxids = new ZxidSource(tree.lastProcessedZxid);
    this.preparer = new Preparer({
      tree,
      sessions: this.sessions,
      access: this.access,
      zxids,
      enforceQuota,
      reconfigEnabled,
    });
    this.committer = new Committer({
      tree,
      watches: this.watches,
      access: this.access,
      applied: (zxid) => this.preparer.changes.applied(zxid),
      sessionChanged: (id, timeoutMs) => this.sessionChanged(id, timeoutMs),
      finished: (request) => this.finished(request),
    });
    this.groupCommit = new GroupCommit({
      log: storage,
      timers: env.timers,
      commit: (group) => this.turn(() => this.commitGroup(group)),
      failed: (error) => {
        this.stop();
        options.failed(error);
      },
    });
    tree.listen(this.watches);
    this.fourLetterWords = new FourLetterWords(this, env);
    this.reaper = new ContainerReaper({
      tree,
      timers: env.timers,
      wallMs: () => env.clock.nowMs(),
      intervalMs: config.containerCheckIntervalMs,
      maxPerMinute: config.containerMaxPerMinute,
      maxNeverUsedMs: config.containerMaxNeverUsedMs,
      remove: (path) => this.turn(() => this.removeContainer(path)),
    });
  }

  /** Begins to serve. Rejects when the port cannot be had. */
  async start(): Promise<Listener> {
    const { clientPort, clientPortAddress, clientPortListenBacklog } = this.config;
    const listener = await this.env.net.listen(
      {
        port: clientPort,
        ...(clientPortAddress === undefined ? {} : { host: clientPortAddress }),
        ...(clientPortListenBacklog < 0 ? {} : { backlog: clientPortListenBacklog }),
      },
      (connection) => this.accept(connection),
    );
    this.listener = listener;
    this.scheduleExpiry();
    this.reaper.start();
    return listener;
  }

  get port(): number {
    return this.listener?.port ?? this.config.clientPort;
  }

  /** Stops serving: sessions live on in the data. */
  async close(): Promise<void> {
    this.stop();
    await this.listener?.close();
  }

  private stop(): void {
    this.isStopped = true;
    this.expiryTimer?.cancel();
    this.reaper.stop();
    for (const connection of [...this.connections]) connection.destroy();
  }

  // Turns

  turn(action: () => void): void {
    if (this.isInTurn) {
      action();
      return;
    }
    this.isInTurn = true;
    try {
      action();
    } finally {
      this.isInTurn = false;
      // Flushing can end connections, which can queue nothing new.
      for (const connection of this.withOutput) connection.flush();
      this.withOutput.clear();
    }
  }

  hasOutput(connection: ClientConnection): void {
    this.withOutput.add(connection);
    if (!this.isInTurn) this.turn(() => {});
  }

  monotonicMs(): number {
    return this.env.clock.monotonicMs();
  }

  wallMs(): number {
    return this.env.clock.nowMs();
  }

  debug(text: string, fields: Record<string, unknown>): void {
    this.env.log.debug(text, fields);
  }

  // Connections

  get maxBufferBytes(): number {
    return this.config.maxBufferBytes;
  }

  private accept(socket: Connection): void {
    const address = socket.remoteHost;
    const count = this.connectionsByAddress.get(address) ?? 0;
    const { maxClientCnxns } = this.config;
    if (this.isStopped || (maxClientCnxns > 0 && count >= maxClientCnxns)) {
      this.stats.connectionsRejected++;
      this.env.log.warn('too many connections from one address: raise maxClientCnxns if they are meant', {
        address,
        maxClientCnxns,
      });
      socket.destroy();
      return;
    }
    this.connectionsByAddress.set(address, count + 1);
    const connection = new ClientConnection(this, socket);
    this.connections.add(connection);
    connection.start();
  }

  closed(connection: ClientConnection): void {
    this.connections.delete(connection);
    this.withOutput.delete(connection);
    this.watches.removeWatcher(connection);
    if (this.connectionsBySession.get(connection.sessionId) === connection) {
      this.connectionsBySession.delete(connection.sessionId);
    }
    const count = this.connectionsByAddress.get(connection.remoteHost) ?? 0;
    if (count > 1) this.connectionsByAddress.set(connection.remoteHost, count - 1);
    else this.connectionsByAddress.delete(connection.remoteHost);
  }

  fourLetterWord(word: number): string | undefined {
    return this.fourLetterWords.answer(word);
  }

  authenticate(scheme: string, auth: Buffer, remoteHost: string): Id[] | undefined {
    return this.access.authenticate(scheme, auth, remoteHost);
  }

  mayRead(event: WatchEvent, identities: readonly Id[]): boolean {
    return event.acl === undefined || this.access.permits(event.acl, Perms.READ, identities);
  }

  // Sessions

  connect(connection: ClientConnection, request: ConnectRequest): void {
    const { lastProcessedZxid } = this.tree;
    if (request.lastZxidSeen > lastProcessedZxid) {
      this.env.log.info('refusing a client that has seen more than this server', {
        seenZxid: `0x${request.lastZxidSeen.toString(16)}`,
        lastZxid: `0x${lastProcessedZxid.toString(16)}`,
      });
      connection.destroy();
      return;
    }
    const { minSessionTimeoutMs, maxSessionTimeoutMs } = this.config;
    const timeoutMs = Math.min(Math.max(request.timeOut, minSessionTimeoutMs), maxSessionTimeoutMs);
    if (request.sessionId === 0n) {
      const sessionId = this.sessions.create(timeoutMs, this.monotonicMs());
      this.connectionsBySession.set(sessionId, connection);
      connection.createSession(sessionId, timeoutMs);
    } else {
      this.reattach(connection, request, timeoutMs);
    }
  }

  /**
   * The client comes back, perhaps before this server has noticed that its old connection is gone. Departs from
   * 3.9 in looking at the password before it closes the old connection.
   */
  private reattach(connection: ClientConnection, request: ConnectRequest, timeoutMs: number): void {
    const { sessionId, passwd } = request;
    const isOwn = passwd?.equals(sessionPassword(sessionId)) === true;
    if (!isOwn || !this.sessions.touch(sessionId, timeoutMs, this.monotonicMs())) {
      connection.refuse();
      return;
    }
    this.stats.sessionsRevalidated++;
    this.connectionsBySession.get(sessionId)?.destroy();
    this.connectionsBySession.set(sessionId, connection);
    connection.establish(sessionId, timeoutMs);
  }

  private sessionChanged(sessionId: bigint, timeoutMs: number | undefined): void {
    if (timeoutMs !== undefined) {
      this.sessionTimeouts.set(sessionId, timeoutMs);
      return;
    }
    this.sessionTimeouts.delete(sessionId);
    this.sessions.remove(sessionId);
    this.connectionsBySession.get(sessionId)?.closeAfterReplies();
  }

  /** Connections that never got to a session go when their time is up, with the tick that sessions go by. */
  private expireSessionless(nowMs: number): void {
    for (const connection of [...this.connections]) {
      if (!connection.isSessionless || nowMs - connection.acceptedAtMs < this.config.sessionlessTimeoutMs)
        continue;
      this.stats.sessionlessExpired++;
      connection.destroy();
    }
  }

  private scheduleExpiry(): void {
    const delayMs = Math.max(1, Math.ceil(this.sessions.msToNextExpiry(this.monotonicMs())));
    this.expiryTimer = this.env.timers.after(delayMs, () => {
      // When the process was held up, the pings that kept sessions alive wait in the sockets: read them first.
      this.env.timers.soon(() => {
        if (this.isStopped) return;
        this.turn(() => this.expireSessions());
        this.scheduleExpiry();
      });
    });
  }

  private expireSessions(): void {
    const nowMs = this.monotonicMs();
    for (const sessionId of this.sessions.expire(nowMs)) {
      this.stats.staleSessionsExpired++;
      this.env.log.info('session expired', { sessionId: `0x${BigInt.asUintN(64, sessionId).toString(16)}` });
      this.submitOwn(sessionId, OpCode.closeSession, Buffer.alloc(0));
    }
    this.expireSessionless(nowMs);
  }

  // Requests

  isOverloaded(): boolean {
    return this.inProcess > this.config.globalOutstandingLimit;
  }

  get outstandingRequests(): number {
    return this.inProcess;
  }

  submit(request: Request): void {
    this.inProcess++;
    const { client, sessionId } = request;
    if (client instanceof ClientConnection)
      this.sessions.touch(sessionId, client.sessionTimeoutMs, request.receivedMs);
    if (!isWrite(request.type)) {
      const error = this.sessions.check(sessionId, request.owner);
      if (error !== ErrorCode.OK) request.refusal = error;
      this.committer.execute(request);
      return;
    }
    this.preparer.prepare(request, { wallMs: this.wallMs(), monotonicMs: request.receivedMs });
    if (request.entry === undefined) {
      this.committer.execute(request);
    } else {
      this.committer.awaitCommit(request);
      this.groupCommit.propose(request.entry);
    }
  }

  /** A request of the server's own. */
  private submitOwn(sessionId: bigint, type: number, body: Buffer): void {
    const receivedMs = this.monotonicMs();
    this.submit({
      sessionId,
      cxid: 0,
      type,
      body,
      client: undefined,
      identities: NO_IDENTITIES,
      owner: this.owner,
      receivedMs,
    });
  }

  private removeContainer(path: string): void {
    this.stats.containersDeleted++;
    const writer = new ByteWriter();
    ustring.write(writer, path);
    this.submitOwn(0n, OpCode.deleteContainer, writer.toBuffer());
  }

  private commitGroup(group: readonly TxnEntry[]): void {
    if (this.isStopped) return;
    for (const entry of group) {
      this.committer.commit(entry);
      this.logDigest(entry.header.zxid);
    }
    this.stats.commits += group.length;
    this.storage.transactionsApplied(group.length);
  }

  private logDigest(zxid: number): void {
    if (zxid % DIGEST_LOG_INTERVAL !== 0 || !this.tree.hasDigest) return;
    this.digestLog.push({ zxid, digest: this.tree.digest });
    if (this.digestLog.length > DIGEST_LOG_SIZE) this.digestLog.shift();
  }

  private finished(request: Request): void {
    this.inProcess--;
    if (request.client instanceof ClientConnection) request.client.requestFinished();
  }
}
