import type { Connection, Listener } from '../../env/net.ts';
import type { Timer } from '../../env/timers.ts';
import { ErrorCode } from '../../wire/zookeeper/errors.ts';
import { OpCode } from '../../wire/zookeeper/op-codes.ts';
import { PacketType } from '../../wire/zookeeper/quorum.ts';
import type { EncodedTxn } from '../../wire/zookeeper/txn-entry.ts';
import type { EnsembleView } from '../pipeline/check-reconfig.ts';
import { GroupCommit } from '../pipeline/group-commit.ts';
import { isWrite } from '../pipeline/request.ts';
import { makeZxid, ZxidSource } from '../pipeline/zxid.ts';
import { Leader, type LeaderPeer } from '../zab/leader.ts';
import type { LearnerHandler, LearnerLink } from '../zab/learner-handler.ts';
import { type ForwardedRequest, plainPacket } from '../zab/packets.ts';
import type { LocalSessionServer } from './local-session-server.ts';
import { OrderingServer } from './ordering-server.ts';
import { localSessionsOf, type ObserverView, type PeerTerm, type TermHost } from './peer-term.ts';
import { QuorumConnection } from './quorum-connection.ts';

/** Room for a whole transaction with what is around it. */
const PACKET_EXTRA_BYTES = 64 * 1024;

/** The id of a learner that has not said who it is. */
const UNIDENTIFIED = -1;
/** More connections than this of that kind are no learners. They have initLimit ticks to say it. */
const MOST_STRANGERS = 64;

/**
 * One time of leading: listens on the quorum port, and once a quorum follows, orders the writes of the ensemble.
 *
 *     starting --port bound--> leading --the leader gives up, or stop--> stopped
 *     starting --port taken--> stopped
 */
export class LeaderTerm implements PeerTerm, LeaderPeer {
  private readonly host: TermHost;
  private readonly leader: Leader;
  private readonly groupCommit: GroupCommit;
  private readonly listeners: Listener[] = [];
  private readonly connections = new Set<QuorumConnection>();
  private readonly views = new Map<LearnerHandler, ObserverView>();
  private server: OrderingServer | undefined;
  private local: LocalSessionServer | undefined;
  private timer: Timer | undefined;
  private isStopped = false;
  private unappliedTxns: readonly EncodedTxn[] = [];

  constructor(host: TermHost) {
    this.host = host;
    const { env, core, database, ensemble } = host;
    this.groupCommit = new GroupCommit({
      log: database.storage,
      timers: env.timers,
      clock: env.clock,
      metrics: core.stats.pipeline,
      durable: (group) =>
        core.turn(() => {
          for (const { entry } of group) this.leader.logged(entry.header.zxid);
        }),
      failed: (error) => host.failed(error),
    });
    this.leader = new Leader({
      peer: this,
      log: env.log,
      metrics: core.stats.zab,
      tickMs: core.config.tickTimeMs,
      initLimit: ensemble.initLimit,
      syncLimit: ensemble.syncLimit,
      ports: {
        history: database,
        monotonicMs: () => env.clock.monotonicMs(),
        acceptEpoch: (epoch) => host.epochs.accept(epoch),
        enterEpoch: (epoch) => host.epochs.enter(epoch),
        serve: (epoch) => this.serve(epoch),
        append: (txn) => this.groupCommit.append(txn),
        proposeConfig: (config) => host.proposeConfig(config),
        activateConfig: (config, leader, zxid) => void host.activateConfig(config, leader, zxid),
        commit: (txn) => {
          core.commit(txn.entry);
          database.remember(txn);
          database.checkDigest(txn);
        },
        touch: (sessionId, timeoutMs) => this.server?.touch(sessionId, timeoutMs),
        revalidate: (learner, sessionId, timeoutMs) =>
          this.server?.revalidate(learner, sessionId, timeoutMs) ?? false,
        forwarded: (learner, request) => this.forwarded(learner, request),
        takeVotedEpoch: (id) => host.takeVotedEpoch(id),
        ended: (reason) => host.over(reason),
      },
    });
  }

  get id(): number {
    return this.host.ensemble.serverId;
  }

  get acceptedEpoch(): number {
    return this.host.epochs.accepted;
  }

  get currentEpoch(): number {
    return this.host.epochs.current;
  }

  get config(): LeaderPeer['config'] {
    return this.host.config;
  }

  get lastSeenConfig(): LeaderPeer['lastSeenConfig'] {
    return this.host.lastSeenConfig;
  }

  get phase(): PeerTerm['phase'] {
    if (this.leader.isServing) return 'broadcast';
    return this.leader.isElectionFinished ? 'synchronization' : 'discovery';
  }

  start(): void {
    const { env, core } = this.host;
    this.timer = env.timers.every(Math.ceil(core.config.tickTimeMs / 2), () =>
      core.turn(() => this.leader.halfTick()),
    );
    this.listen().then(
      () => {
        if (!this.isStopped) this.host.core.turn(() => this.guarded(() => this.leader.start()));
      },
      (error: unknown) => {
        env.log.error('cannot listen for learners: free the quorum port of this server, or give it another', {
          error: String(error),
        });
        this.leader.end('the quorum port cannot be bound');
      },
    );
  }

  private guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.host.failed(error);
    }
  }

  private async listen(): Promise<void> {
    const { env, ensemble, config } = this.host;
    const { serverId, quorumListenOnAllIPs } = ensemble;
    for (const { host, quorumPort: port } of config.members.get(serverId)?.addresses ?? []) {
      const listener = await env.net.listen(quorumListenOnAllIPs ? { port } : { host, port }, (connection) =>
        this.accept(connection),
      );
      if (this.isStopped) await listener.close();
      else this.listeners.push(listener);
    }
  }

  private accept(socket: Connection): void {
    const { env, core, database } = this.host;
    const strangers = this.leader.learners.filter((learner) => learner.id === UNIDENTIFIED).length;
    if (this.isStopped || strangers >= MOST_STRANGERS) {
      env.log.warn('refusing a connection to the quorum port', { remote: socket.remoteHost, strangers });
      socket.destroy();
      return;
    }
    let handler: LearnerHandler | undefined;
    const connection = new QuorumConnection(socket, {
      env,
      host: core,
      maxDataBytes: core.config.maxBufferBytes + PACKET_EXTRA_BYTES,
      packet: (packet) => handler?.receive(packet),
      isReady: () => true,
      // The handler counts itself.
      readTimeoutMs: () => undefined,
      failed: (error) => this.host.failed(error),
      closed: (reason) => {
        this.connections.delete(connection);
        env.log.info('a learner is gone', { id: handler?.id, remote: connection.remote, reason });
        if (handler !== undefined) this.views.delete(handler);
        handler?.disconnected();
      },
    });
    let packetsSent = 0;
    const link: LearnerLink = {
      remote: connection.remote,
      remoteHost: socket.remoteHost,
      send: (bytes) => {
        packetsSent++;
        connection.send(bytes);
      },
      sendTree: () => {
        connection.send(plainPacket(PacketType.SNAP, database.lastProcessedZxid));
        connection.sendTree(database.treeStream());
      },
      close: () => {
        this.connections.delete(connection);
        if (handler !== undefined) this.views.delete(handler);
        connection.destroy();
      },
    };
    this.connections.add(connection);
    const learner = this.leader.accept(link);
    handler = learner;
    this.views.set(learner, {
      get id() {
        return learner.id;
      },
      remote: connection.remote,
      establishedMs: env.clock.nowMs(),
      get queued() {
        return connection.queued;
      },
      get packetsSent() {
        return packetsSent;
      },
      received: learner.traffic,
      reset: () => {
        packetsSent = 0;
        Object.assign(learner.traffic, { packets: 0, requests: 0, lastZxid: -1 });
      },
    });
    connection.start();
  }

  get observers(): readonly ObserverView[] {
    return [...this.views]
      .filter(([learner]) => learner.isObserver && learner.isSynced)
      .map(([, view]) => view);
  }

  private serve(epoch: number): void {
    const { core, database, ensemble } = this.host;
    database.tree.lastProcessedZxid = makeZxid(epoch, 0);
    const server = new OrderingServer({
      core,
      mode: 'leader',
      zxids: new ZxidSource(makeZxid(epoch, 0)),
      sessionServerId: ensemble.serverId,
      ensemble: this.ensembleView(),
      ...(ensemble.localSessions === undefined ? {} : { unknownSession: (id) => this.unknownSession(id) }),
      propose: (txn) => this.leader.propose(txn),
      sync: (done) => this.leader.sync(done),
      monitorValues: () => this.monitorValues(),
      statusLines: () => this.statusLines(),
    });
    this.server = server;
    this.local = localSessionsOf(core, ensemble, server);
    this.local?.start();
    server.start(ensemble.leaderServes, this.local);
    this.host.serving(epoch);
  }

  private ensembleView(): EnsembleView {
    const { host, leader } = this;
    return {
      get config() {
        return host.config;
      },
      get lastSeenConfig() {
        return host.lastSeenConfig;
      },
      standaloneEnabled: host.ensemble.standaloneEnabled ?? true,
      isQuorumSynced: (config) => leader.isQuorumSynced(config),
    };
  }

  /** It may be a local one, here or at the server whose number is in its id. */
  private unknownSession(sessionId: bigint): ErrorCode {
    const isOwn = Number(BigInt.asUintN(64, sessionId) >> 56n) === this.id;
    return !isOwn || this.local?.has(sessionId) === true ? ErrorCode.OK : ErrorCode.SESSIONEXPIRED;
  }

  private forwarded(learner: LearnerHandler, request: ForwardedRequest): void {
    const { env } = this.host;
    const { sessionId, cxid, type, body, identities } = request;
    if (type === OpCode.sync) {
      this.leader.sync(() => learner.link.send(plainPacket(PacketType.SYNC, 0)));
    } else if (isWrite(type)) {
      const receivedMs = env.clock.monotonicMs();
      const own = { sessionId, cxid, type, body, identities, client: undefined, owner: learner, receivedMs };
      this.server?.submitForwarded(own);
    } else {
      env.log.warn('a learner forwarded what is no write', { id: learner.id, type });
    }
  }

  private monitorValues(): [string, string | number][] {
    const { learners, proposalBytes } = this.leader;
    const { config } = this.host;
    const synced = learners.filter((learner) => learner.isSynced);
    const followers = synced.filter((learner) => !learner.isObserver);
    const voting = followers.filter((learner) => config.participants.has(learner.id));
    return [
      ['peer_state', `leading - ${this.phase}`],
      ['quorum_size', config.participants.size],
      ['learners', learners.length],
      ['followers', voting.length],
      ['synced_followers', voting.length],
      ['synced_non_voting_followers', followers.length - voting.length],
      ['synced_observers', synced.length - followers.length],
      ['pending_syncs', this.leader.pendingSyncCount],
      ['leader_uptime', Math.floor(this.leader.uptimeMs)],
      ['last_proposal_size', proposalBytes.last],
      ['min_proposal_size', proposalBytes.min],
      ['max_proposal_size', proposalBytes.max],
    ];
  }

  private statusLines(): string[] {
    const { last, min, max } = this.leader.proposalBytes;
    return [`Proposal sizes last/min/max: ${last}/${min}/${max}`];
  }

  async stop(): Promise<void> {
    if (this.isStopped) return;
    this.isStopped = true;
    const { core, database } = this.host;
    this.timer?.cancel();
    this.local?.stop();
    this.server?.stop();
    core.retire();
    this.unappliedTxns = this.leader.outstandingTxns();
    this.leader.end('this server stops leading');
    for (const connection of [...this.connections]) connection.destroy();
    await Promise.all(this.listeners.map((listener) => listener.close()));
    await this.groupCommit.stop();
    // A snapshot under way must not get what is not committed.
    await database.storage.quiesce();
    for (const txn of this.unappliedTxns) {
      core.commit(txn.entry);
      database.remember(txn);
    }
  }
}
