import type { Env } from '../../env/env.ts';
import type { Connection, Listener } from '../../env/net.ts';
import type { ProcessFacts } from '../../env/process-facts.ts';
import type { Timer } from '../../env/timers.ts';
import type { Id } from '../../wire/zookeeper/data.ts';
import { Perms } from '../../wire/zookeeper/op-codes.ts';
import type { ConnectRequest } from '../../wire/zookeeper/protocol.ts';
import type { TxnEntry } from '../../wire/zookeeper/txn-entry.ts';
import type { SnapshotInfo } from '../persistence/snapshot-writer.ts';
import { AccessControl } from '../pipeline/access-control.ts';
import { Committer } from '../pipeline/committer.ts';
import type { TxnLog } from '../pipeline/group-commit.ts';
import type { QuotaExcess } from '../pipeline/quota-check.ts';
import type { Request, RequestClient } from '../pipeline/request.ts';
import { sessionPassword } from '../session/session-password.ts';
import type { DataTree } from '../tree/data-tree.ts';
import { topNamespace } from '../tree/path.ts';
import { type WatchEvent, Watches } from '../watch/watches.ts';
import { ClientConnection, type ConnectionHost } from './client-connection.ts';
import type { ZooKeeperServerConfig } from './config.ts';
import { ConnectionThrottle } from './connection-throttle.ts';
import { type FourLetterAnswer, FourLetterWords } from './four-letter-words.ts';
import { LargeRequests } from './large-requests.ts';
import { QuotaLog } from './quota-log.ts';
import type { ServerRole } from './server-role.ts';
import { ServerStats } from './server-stats.ts';
import type { StorageMetrics } from './store-storage.ts';

/** What the server keeps its data on. */
export interface ServerStorage extends TxnLog {
  /** So many more transactions are durable and applied: the time to think of a snapshot. */
  transactionsApplied(count: number): void;
  /** Bytes on disk, for the commands `conf` and `dirs`. */
  dataDirBytes(): number;
  logDirBytes(): number;
  readonly metrics: StorageMetrics;
  /** The newest snapshot on disk. */
  lastSnapshot(): { zxid: number; takenAtMs: number } | undefined;
  /** Writes a snapshot at once. */
  snapshotNow(): Promise<SnapshotInfo>;
}

/** A connection that collects what is sent in a turn. */
export interface Flushable {
  flush(): void;
}

export interface ServerCoreOptions {
  env: Env;
  config: ZooKeeperServerConfig;
  tree: DataTree;
  /** Open sessions with their timeouts in milliseconds; kept up to date for snapshots. */
  sessionTimeouts: Map<bigint, number>;
  storage: ServerStorage;
}

/** DataTree.DIGEST_LOG_INTERVAL and DIGEST_LOG_LIMIT */
const DIGEST_LOG_INTERVAL = 128;
const DIGEST_LOG_SIZE = 1024;
/** ZooTrace: requests of clients, and what is on by default beside them (packets, sessions, warnings). */
const TRACE_CLIENT_REQUESTS = 2n;
const DEFAULT_TRACE_MASK = 306n;

/**
 * What all servers have in common: the client port and its connections, reads, replies, watches, four-letter
 * words. How writes are ordered and who keeps the sessions is the matter of its role:
 *
 *     not serving --serve(role)--> serving --retire--> not serving
 *
 * Without a role, only four-letter words are answered. Everything happens in turns: a turn begins with a
 * network event, a timer or a finished sync, and ends by sending what it has queued, one write a connection.
 */
export class ServerCore implements ConnectionHost {
  readonly env: Env;
  readonly stats: ServerStats;
  readonly connections = new Set<ClientConnection>();
  readonly watches = new Watches<RequestClient>();
  readonly tree: DataTree;
  readonly config: ZooKeeperServerConfig;
  readonly storage: ServerStorage;
  readonly sessionTimeouts: Map<bigint, number>;
  readonly access: AccessControl;
  /** The identity of this server among the owners of sessions. */
  readonly owner: unknown = this;
  readonly startedAtMs: number;
  /** The tree digest after every 128th transaction, for comparing servers by the command `hash`. */
  readonly digestLog: { zxid: number; digest: bigint }[] = [];
  private committer: Committer;
  private currentRole: ServerRole | undefined;
  private takesClients = true;
  readonly throttle: ConnectionThrottle;
  readonly largeRequests: LargeRequests;
  /** What `stmk` sets (ZooTrace): kinds of events that go to the log at its lowest level. */
  traceMask = DEFAULT_TRACE_MASK;
  /** What the system tells of the process, where somebody asked it. */
  process: ProcessFacts | undefined;
  private readonly fourLetterWords: FourLetterWords;
  private readonly quotaLog: QuotaLog;
  private readonly connectionsBySession = new Map<bigint, ClientConnection>();
  private readonly connectionsByAddress = new Map<string, number>();
  private readonly withOutput = new Set<Flushable>();
  private listener: Listener | undefined;
  /** The address that the listener is bound to; undefined for every interface. */
  private clientHost: string | undefined;
  private sessionlessTimer: Timer | undefined;
  private isInTurn = false;
  private inProcess = 0;
  private isStopped = false;

  constructor(options: ServerCoreOptions) {
    const { env, config, tree, sessionTimeouts, storage } = options;
    this.env = env;
    this.stats = new ServerStats(env.clock);
    this.config = config;
    this.tree = tree;
    this.sessionTimeouts = sessionTimeouts;
    this.storage = storage;
    this.startedAtMs = env.clock.monotonicMs();
    this.access = new AccessControl(config);
    this.committer = this.newCommitter();
    tree.listen(this.watches);
    this.watches.onFired = (type, watchers) => this.stats.watchesFired(type, watchers);
    this.fourLetterWords = new FourLetterWords(this, env);
    this.throttle = new ConnectionThrottle(config, env.clock, env.random);
    this.largeRequests = new LargeRequests(config);
    this.quotaLog = new QuotaLog(env);
  }

  private newCommitter(): Committer {
    return new Committer({
      tree: this.tree,
      watches: this.watches,
      access: this.access,
      metrics: this.stats.pipeline,
      monotonicMs: () => this.monotonicMs(),
      applied: (zxid) => this.currentRole?.applied(zxid),
      sessionChanged: (id, timeoutMs) => this.sessionChanged(id, timeoutMs),
      finished: (request) => this.finished(request),
    });
  }

  /** Listens for clients. Rejects when the port cannot be had. */
  async listen(): Promise<Listener> {
    const listener = await this.bind(this.config.clientPortAddress, this.config.clientPort);
    this.sessionlessTimer = this.env.timers.every(this.config.tickTimeMs, () => this.expireSessionless());
    return listener;
  }

  private async bind(host: string | undefined, port: number): Promise<Listener> {
    const { clientPortListenBacklog: backlog } = this.config;
    const listener = await this.env.net.listen(
      { port, ...(host === undefined ? {} : { host }), ...(backlog < 0 ? {} : { backlog }) },
      (connection) => this.accept(connection),
    );
    this.listener = listener;
    this.clientHost = host;
    if (this.isStopped) await listener.close();
    return listener;
  }

  /** Listens for clients at another address from now on; connections that are there live on. */
  async moveTo(address: { readonly host: string; readonly port: number }): Promise<void> {
    const old = this.listener;
    const isEverywhere = address.host === '0.0.0.0' || address.host === '::';
    const host = isEverywhere ? undefined : address.host;
    const isThere = old?.port === address.port && this.clientHost === host;
    if (old === undefined || isThere || this.isStopped) return;
    try {
      // One port on all interfaces and on one of them exclude each other.
      if (old.port === address.port) await old.close();
      await this.bind(host, address.port);
      await old.close();
    } catch (error) {
      this.env.log.error('cannot listen where the new configuration says: free the port, or reconfigure', {
        ...address,
        error: String(error),
      });
    }
  }

  get port(): number {
    return this.listener?.port ?? this.config.clientPort;
  }

  /** Whether it is one of an ensemble. */
  get isMember(): boolean {
    return this.config.ensemble !== undefined;
  }

  /** Undefined while the server does not serve. */
  get role(): ServerRole | undefined {
    return this.takesClients ? this.currentRole : undefined;
  }

  /** With `takesClients` false, a leader that only coordinates (zookeeper.leaderServes). */
  serve(role: ServerRole, takesClients = true): void {
    this.currentRole = role;
    this.takesClients = takesClients;
  }

  /** Ends all connections: their clients go to a server that serves. What they waited for stays open. */
  retire(): void {
    this.currentRole = undefined;
    for (const connection of [...this.connections]) connection.finish();
    this.committer = this.newCommitter();
    this.inProcess = 0;
    this.largeRequests.clear();
  }

  /** Stops serving: sessions live on in the data. */
  async close(): Promise<void> {
    this.isStopped = true;
    this.sessionlessTimer?.cancel();
    this.retire();
    await this.listener?.close();
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

  hasOutput(connection: Flushable): void {
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
    const { maxClientCnxns, maxCnxns } = this.config;
    if (maxCnxns > 0 && this.connections.size >= maxCnxns) {
      this.stats.connectionsRejected++;
      this.env.log.warn('too many connections: raise maxCnxns if they are meant', { address, maxCnxns });
      socket.destroy();
      return;
    }
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

  /** Clients are told when their session may not write. */
  get isReadOnly(): boolean {
    return this.currentRole?.mode === 'read-only';
  }

  fourLetterWord(word: number): FourLetterAnswer | undefined {
    return this.fourLetterWords.answer(word);
  }

  authenticate(scheme: string, auth: Buffer, remoteHost: string): Id[] | undefined {
    return this.access.authenticate(scheme, auth, remoteHost);
  }

  mayRead(event: WatchEvent, identities: readonly Id[]): boolean {
    return event.acl === undefined || this.access.permits(event.acl, Perms.READ, identities);
  }

  /** Connections that never got to a session go when their time is up. */
  private expireSessionless(): void {
    const nowMs = this.monotonicMs();
    for (const connection of [...this.connections]) {
      if (!connection.isSessionless || nowMs - connection.acceptedAtMs < this.config.sessionlessTimeoutMs)
        continue;
      this.stats.sessionlessExpired++;
      connection.destroy();
    }
  }

  // Sessions

  connect(connection: ClientConnection, request: ConnectRequest): void {
    const { role } = this;
    if (role === undefined) {
      this.stats.closedWithoutService++;
      connection.destroy();
      return;
    }
    if (this.isReadOnly && !request.readOnly) {
      this.env.log.debug('refusing a client that wants to write, for there is no leader', {
        remote: connection.remoteHost,
      });
      connection.destroy();
      return;
    }
    this.stats.connectionRequests++;
    if (!this.throttle.admit(request.sessionId === 0n ? 'global' : 'renew')) {
      this.stats.connectionsRejected++;
      connection.destroy();
      return;
    }
    this.stats.connectionTokenDeficit.add(this.throttle.deficit);
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
      const sessionId = role.newSession(timeoutMs);
      this.connectionsBySession.set(sessionId, connection);
      if (role.opensSessionsAlone) connection.establish(sessionId, timeoutMs);
      else connection.createSession(sessionId, timeoutMs);
    } else {
      this.reattach(role, connection, request, timeoutMs);
    }
  }

  /**
   * The client comes back, perhaps before this server has noticed that its old connection is gone. Departs from
   * 3.9 in looking at the password before it closes the old connection.
   */
  private reattach(
    role: ServerRole,
    connection: ClientConnection,
    request: ConnectRequest,
    timeoutMs: number,
  ): void {
    const { sessionId, passwd } = request;
    if (passwd?.equals(sessionPassword(sessionId)) !== true) {
      connection.refuse();
      return;
    }
    role.reattach(sessionId, timeoutMs, (lives) => {
      if (connection.isClosed) return;
      if (!lives) {
        connection.refuse();
        return;
      }
      this.stats.sessionsRevalidated++;
      this.connectionsBySession.get(sessionId)?.destroy();
      this.connectionsBySession.set(sessionId, connection);
      connection.establish(sessionId, timeoutMs);
    });
  }

  /** A session has ended that is known here alone. */
  dropSession(sessionId: bigint): void {
    this.connectionsBySession.get(sessionId)?.closeAfterReplies();
  }

  private sessionChanged(sessionId: bigint, timeoutMs: number | undefined): void {
    if (timeoutMs !== undefined) {
      this.sessionTimeouts.set(sessionId, timeoutMs);
      this.currentRole?.sessionBegan(sessionId, timeoutMs);
      return;
    }
    this.sessionTimeouts.delete(sessionId);
    this.currentRole?.sessionEnded(sessionId);
    this.connectionsBySession.get(sessionId)?.closeAfterReplies();
  }

  // Requests

  isOverloaded(): boolean {
    const { globalOutstandingLimit, requestThrottleMaxRequests } = this.config;
    const isThrottled = requestThrottleMaxRequests > 0 && this.inProcess >= requestThrottleMaxRequests;
    if (isThrottled) this.stats.throttleWaits++;
    return isThrottled || this.inProcess > globalOutstandingLimit;
  }

  get outstandingRequests(): number {
    return this.inProcess;
  }

  submit(request: Request): void {
    const { client } = request;
    this.largeRequests.began(request.body.length);
    if ((this.traceMask & TRACE_CLIENT_REQUESTS) !== 0n && this.env.log.isEnabled('trace')) {
      const { sessionId, cxid, type } = request;
      this.env.log.trace('request', {
        sessionId: `0x${BigInt.asUintN(64, sessionId).toString(16)}`,
        cxid,
        type,
      });
    }
    const sessionTimeoutMs = client instanceof ClientConnection ? client.sessionTimeoutMs : 0;
    this.currentRole?.submit(request, sessionTimeoutMs);
  }

  /** A request whose commit (or, for a sync, the leader's word) will come. */
  awaitCommit(request: Request): void {
    this.inProcess++;
    this.committer.awaitCommit(request);
  }

  /** A read, or a refused request: answered behind the session's writes. */
  execute(request: Request): void {
    this.inProcess++;
    this.committer.execute(request);
  }

  /** A sync that waited may be answered. */
  synced(request: Request): void {
    this.committer.synced(request);
  }

  /** Applies a committed transaction; answers whoever waited for it. */
  commit(entry: TxnEntry): void {
    this.committer.commit(entry);
    this.stats.commits++;
    if (this.currentRole !== undefined) this.seePropagation(entry.header.time);
    this.logDigest(entry.header.zxid);
  }

  private seePropagation(madeAtMs: number): void {
    const ageMs = this.wallMs() - madeAtMs;
    if (ageMs >= 0) this.stats.pipeline.propagationMs.add(ageMs);
  }

  private logDigest(zxid: number): void {
    if (zxid % DIGEST_LOG_INTERVAL !== 0 || !this.tree.hasDigest) return;
    this.digestLog.push({ zxid, digest: this.tree.digest });
    if (this.digestLog.length > DIGEST_LOG_SIZE) this.digestLog.shift();
  }

  quotaExceeded(excess: QuotaExcess): void {
    this.quotaLog.tell(excess);
    if (!excess.isHard) return;
    const namespace = topNamespace(excess.path) ?? '';
    this.stats.quotaExceeded.set(namespace, (this.stats.quotaExceeded.get(namespace) ?? 0) + 1);
  }

  /** Whether a client's request of so many bytes may be read now. */
  admitsRequest(bytes: number): boolean {
    if (this.largeRequests.admits(bytes)) return true;
    this.stats.largeRequestsRejected++;
    return false;
  }

  private finished(request: Request): void {
    this.inProcess--;
    this.largeRequests.finished(request.body.length);
    if (request.client instanceof ClientConnection) request.client.requestFinished();
  }
}
