import type { Connection } from '../../env/net.ts';
import type { EncodedTxn } from '../../wire/zookeeper/txn-entry.ts';
import type { PeerAddress } from '../election/peer-spec.ts';
import { CannotTruncateError } from '../persistence/persistence-error.ts';
import { GroupCommit } from '../pipeline/group-commit.ts';
import { isProtocolError, Learner } from '../zab/learner.ts';
import { connectFirst } from './connect-first.ts';
import { LearnerServer } from './learner-server.ts';
import type { LocalSessionServer } from './local-session-server.ts';
import { localSessionsOf, type PeerTerm, type TermHost } from './peer-term.ts';
import { QuorumConnection } from './quorum-connection.ts';

export interface LearnerTermOptions {
  host: TermHost;
  leaderId: number;
  /** Where the leader listens, in the order of preference. */
  leaderAddresses: readonly PeerAddress[];
  isObserver: boolean;
}

/** As long as the five attempts of Learner.connectToLeader take. */
const CONNECT_ATTEMPTS = 8;
/** Who is elected hears of it at about the same time, and listens a moment later. */
const FIRST_RETRY_MS = 10;
/** zookeeper.leaderConnectDelayDuringRetryMs */
const LONGEST_RETRY_MS = 100;
const PACKET_EXTRA_BYTES = 64 * 1024;

/**
 * One time of following or observing a leader:
 *
 *     connecting --connected--> learning --connection lost, protocol broken, or stop--> stopped
 *     connecting --no attempt succeeds--> stopped
 */
export class LearnerTerm implements PeerTerm {
  /** Observers learn from the leader alone. */
  readonly observers: PeerTerm['observers'] = [];
  private readonly options: LearnerTermOptions;
  private readonly host: TermHost;
  private readonly learner: Learner;
  private readonly groupCommit: GroupCommit;
  private connection: QuorumConnection | undefined;
  private server: LearnerServer | undefined;
  private local: LocalSessionServer | undefined;
  private isStopped = false;
  /** A tree is being received, or the end of the history cut off. */
  private replacing: Promise<void> = Promise.resolve();

  constructor(options: LearnerTermOptions) {
    this.options = options;
    const { host, isObserver } = options;
    this.host = host;
    const { env, core, database, ensemble, epochs } = host;
    const { tickTimeMs } = core.config;
    this.groupCommit = new GroupCommit({
      log: database.storage,
      timers: env.timers,
      clock: env.clock,
      metrics: core.stats.pipeline,
      durable: (group) => core.turn(() => this.learner.logged(group)),
      failed: (error) => host.failed(error),
    });
    this.learner = new Learner({
      guards: database.guards,
      isObserver,
      log: env.log,
      metrics: core.stats.zab,
      initTimeoutMs: ensemble.initLimit * tickTimeMs,
      syncTimeoutMs: ensemble.syncLimit * tickTimeMs,
      peer: {
        id: ensemble.serverId,
        get acceptedEpoch() {
          return epochs.accepted;
        },
        get currentEpoch() {
          return epochs.current;
        },
        get configVersion() {
          return host.config.version;
        },
        get lastZxid() {
          return database.lastProcessedZxid;
        },
        get needsTree() {
          return database.needsTree;
        },
      },
      ports: {
        send: (bytes) => this.connection?.send(bytes),
        acceptEpoch: (epoch) => epochs.accept(epoch),
        enterEpoch: (epoch) => epochs.enter(epoch),
        truncate: (zxid, done) => this.replace(() => database.truncate(zxid), done),
        loadTree: (zxid, done) => this.replace(() => this.loadTree(zxid), done),
        append: (txn) => this.groupCommit.append(txn),
        whenDurable: (done) => this.whenDurable(done),
        commit: (txn) => this.commit(txn),
        proposeConfig: (config) => host.proposeConfig(config),
        activateConfig: (config, leader, zxid) => host.activateConfig(config, leader, zxid),
        serve: (epoch) => this.serve(epoch),
        takeTouched: () => this.server?.takeTouched() ?? [],
        revalidated: (sessionId, lives) => this.server?.revalidated(sessionId, lives),
        synced: () => this.server?.synced(),
      },
    });
  }

  get phase(): PeerTerm['phase'] {
    if (this.learner.isServing) return 'broadcast';
    return this.learner.isSynced ? 'synchronization' : 'discovery';
  }

  start(): void {
    void this.connect().then((socket) => {
      if (this.isStopped) socket?.destroy();
      else if (socket === undefined) this.host.over('the leader cannot be reached');
      else this.learn(socket);
    });
  }

  private async connect(): Promise<Connection | undefined> {
    const { env, ensemble, core } = this.host;
    const limit = ensemble.connectToLearnerMasterLimit || ensemble.initLimit;
    const untilMs = env.clock.monotonicMs() + limit * core.config.tickTimeMs;
    const addresses = this.options.leaderAddresses.map(({ host, quorumPort: port }) => ({ host, port }));
    for (let attempt = 1; attempt <= CONNECT_ATTEMPTS && !this.isStopped; attempt++) {
      const timeoutMs = untilMs - env.clock.monotonicMs();
      if (timeoutMs <= 0) return undefined;
      try {
        return await connectFirst(env.net, addresses, timeoutMs);
      } catch (error) {
        env.log.info('cannot reach the leader', {
          id: this.options.leaderId,
          attempt,
          error: String(error),
        });
      }
      const delayMs = Math.min(FIRST_RETRY_MS * 2 ** (attempt - 1), LONGEST_RETRY_MS);
      await new Promise<void>((resolve) => env.timers.after(delayMs, resolve));
    }
    return undefined;
  }

  private learn(socket: Connection): void {
    const { env, core } = this.host;
    const connection = new QuorumConnection(socket, {
      env,
      host: core,
      maxDataBytes: core.config.maxBufferBytes + PACKET_EXTRA_BYTES,
      packet: (packet) => this.learner.receive(packet),
      isReady: () => !this.learner.isBusy,
      readTimeoutMs: () => this.learner.readTimeoutMs,
      failed: (error) => this.host.failed(error),
      closed: (reason) => this.host.over(`the leader is gone: ${reason}`),
    });
    this.connection = connection;
    connection.start();
    core.turn(() => this.learner.start());
  }

  /** Runs what changes disk and tree as a whole; packets wait meanwhile. */
  private replace(action: () => Promise<void>, done: () => void): void {
    this.replacing = action().then(
      () => {
        if (this.isStopped) return;
        done();
        this.connection?.goOn();
      },
      (error: unknown) => {
        if (this.isStopped) return;
        if (error instanceof CannotTruncateError) this.host.rejoin(error.message);
        else if (isProtocolError(error))
          this.host.over(`the leader's tree did not come whole: ${error.message}`);
        else this.host.failed(error);
      },
    );
  }

  private async loadTree(zxid: number): Promise<void> {
    const { connection } = this;
    if (connection === undefined) return;
    const rest = await this.host.database.replace(zxid, connection.receiveTree());
    connection.endTree(rest);
  }

  private whenDurable(done: () => void): void {
    this.groupCommit.whenDurable(() => {
      if (this.isStopped) return;
      try {
        this.host.core.turn(done);
      } catch (error) {
        this.host.failed(error);
        return;
      }
      this.connection?.goOn();
    });
  }

  private commit(txn: EncodedTxn): void {
    this.host.core.commit(txn.entry);
    // Also what comes before this server serves, or the next would leave a hole behind it.
    const { database } = this.host;
    if (database.guards.noHoles || this.learner.isServing) database.remember(txn);
    if (this.learner.isServing && !this.isStopped) database.checkDigest(txn);
  }

  private serve(epoch: number): void {
    const { core, ensemble } = this.host;
    this.server = new LearnerServer({
      core,
      mode: this.options.isObserver ? 'observer' : 'follower',
      serverId: ensemble.serverId,
      forward: (request) => this.learner.forward(request),
      revalidate: (sessionId, timeoutMs) => this.learner.revalidate(sessionId, timeoutMs),
      monitorValues: () => [
        ['peer_state', `${this.options.isObserver ? 'observing' : 'following'} - ${this.phase}`],
        ['quorum_size', this.host.config.participants.size],
      ],
    });
    this.local = localSessionsOf(core, ensemble, this.server);
    this.local?.start();
    core.serve(this.local ?? this.server);
    this.host.serving(epoch);
  }

  async stop(): Promise<void> {
    if (this.isStopped) return;
    this.isStopped = true;
    const { core, database } = this.host;
    this.local?.stop();
    this.connection?.destroy();
    core.retire();
    const uncommitted = [...this.learner.uncommitted()];
    await this.replacing;
    await this.groupCommit.stop();
    await database.storage.quiesce();
    for (const txn of uncommitted) this.commit(txn);
  }
}
