import type { Env } from '../../env/env.ts';
import type { Timer } from '../../env/timers.ts';
import {
  type Decision,
  type ElectionPeer,
  type ElectionTimer,
  FastLeaderElection,
} from '../election/fast-leader-election.ts';
import {
  electionAddressesOf,
  formatHostAndPort,
  type PeerRole,
  type PeerSpec,
  quorumAddresses,
} from '../election/peer-spec.ts';
import { type QuorumVerifier, sameMembership } from '../election/quorum-verifier.ts';
import type { Vote } from '../election/vote.ts';
import type { Store } from '../persistence/store.ts';
import type { TxnObserver } from '../tree/data-tree.ts';
import { ZAB_GUARDS, type ZabGuards } from '../zab/guards.ts';
import type { ZooKeeperServerConfig } from './config.ts';
import { ElectionPort } from './election-port.ts';
import { type EnsembleConfig, roleOf } from './ensemble-config.ts';
import { LeaderTerm } from './leader-term.ts';
import { LearnerTerm } from './learner-term.ts';
import { Membership } from './membership.ts';
import { PeerDatabase } from './peer-database.ts';
import { PeerEpochs } from './peer-epochs.ts';
import type { ObserverView, PeerTerm, TermHost } from './peer-term.ts';
import { ReadOnlyServer } from './read-only-server.ts';
import { ServerCore } from './server-core.ts';

export interface QuorumPeerOptions {
  env: Env;
  config: ZooKeeperServerConfig;
  ensemble: EnsembleConfig;
  store: Store;
  observer?: TxnObserver | undefined;
  /** Taken out of those that always hold. */
  guards?: Partial<ZabGuards> | undefined;
  /** The server has stopped for good, for its data cannot be written. */
  failed(error: unknown): void;
}

/** The leader that a reconfiguration names. */
type Successor = Pick<Vote, 'leader' | 'zxid' | 'electionEpoch' | 'peerEpoch'>;

export type QuorumPeerState = 'LOOKING' | 'LEADING' | 'FOLLOWING' | 'OBSERVING' | 'STOPPED';

/** How long to look for a leader before reads are answered without one (QuorumPeer.run). */
const READ_ONLY_AFTER_MS = 2000;

/** Pauses between attempts to follow that come to nothing, from the second on. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1000;

/**
 * One server of an ensemble (QuorumPeer of 3.9): looks for a leader, leads, follows or observes, and looks again.
 *
 *     LOOKING --elected--> LEADING
 *     LOOKING --another elected--> FOLLOWING, or OBSERVING for an observer
 *     LEADING, FOLLOWING, OBSERVING --the term is over--> LOOKING, once everything logged is durable and applied;
 *                                     after a pause where it is not the first one that ends before it serves
 *     any     --the disk fails, or close--> STOPPED
 */
export class QuorumPeer implements ElectionPeer, TermHost {
  readonly env: Env;
  readonly core: ServerCore;
  readonly database: PeerDatabase;
  readonly epochs: PeerEpochs;
  readonly ensemble: EnsembleConfig;
  private readonly options: QuorumPeerOptions;
  private readonly election: FastLeaderElection;
  private electionPort: ElectionPort;
  private readonly membership: Membership;
  private readonly electionTimers = new Map<ElectionTimer, Timer>();
  /** Whom a reconfiguration makes this server go to, without an election. */
  private successor: Successor | undefined;
  private term: PeerTerm | undefined;
  private readOnlyTimer: Timer | undefined;
  private electedId: number | undefined;
  private lookingSinceMs = 0;
  /** Undefined while it serves. */
  private unavailableSinceMs: number | undefined;
  private peerState: QuorumPeerState = 'LOOKING';
  /** The end of a term under way. */
  private ending: Promise<void> = Promise.resolve();
  /** Attempts to follow that have ended since this server last served. */
  private fruitlessTerms = 0;
  private pause: Timer | undefined;

  private constructor(options: QuorumPeerOptions, database: PeerDatabase, membership: Membership) {
    const { env, config, ensemble, store } = options;
    this.options = options;
    this.env = env;
    this.ensemble = ensemble;
    this.database = database;
    this.membership = membership;
    this.epochs = new PeerEpochs(store, database.lastProcessedZxid, env.log);
    const { tree, sessionTimeouts, storage } = database;
    this.core = new ServerCore({ env, config, tree, sessionTimeouts, storage });
    this.electionPort = this.newElectionPort();
    this.election = new FastLeaderElection({
      peer: this,
      log: env.log,
      ...(ensemble.minNotificationMs === undefined ? {} : { minNotificationMs: ensemble.minNotificationMs }),
      ...(ensemble.maxNotificationMs === undefined ? {} : { maxNotificationMs: ensemble.maxNotificationMs }),
      ports: {
        send: (to, notification) => this.electionPort.send(to, notification),
        hasDelivered: () => this.electionPort.hasDelivered(),
        connectAll: () => this.electionPort.connectAll(),
        setTimer: (name, delayMs) => this.setElectionTimer(name, delayMs),
        cancelTimer: (name) => this.electionTimers.get(name)?.cancel(),
        adoptConfig: (config) => this.adoptConfig(config),
        decided: (decision) => this.decided(decision),
      },
    });
  }

  /** Recovers the data. Throws PersistenceError. */
  static async load(options: QuorumPeerOptions): Promise<QuorumPeer> {
    const { env, config, store, ensemble, observer } = options;
    const guards = { ...ZAB_GUARDS, ...options.guards };
    const membership = new Membership({ env, ensemble, reconfigEnabled: config.reconfigEnabled });
    const configNode = () => ({ text: membership.committed.toText(), version: membership.committed.version });
    const database = await PeerDatabase.load({ env, config, store, configNode, observer, guards });
    return new QuorumPeer(options, database, membership);
  }

  private newElectionPort(): ElectionPort {
    const { env, ensemble, options } = this;
    const own = this.config.members.get(ensemble.serverId);
    const announced = own === undefined ? [] : electionAddressesOf(own);
    return new ElectionPort({
      env,
      serverId: ensemble.serverId,
      announced,
      listenOn: announced.map(({ host, port }) => ({
        host: ensemble.quorumListenOnAllIPs ? undefined : host,
        port,
      })),
      addressesOf: (id) => {
        const member = this.config.members.get(id) ?? this.lastSeenConfig.members.get(id);
        return member === undefined ? [] : electionAddressesOf(member);
      },
      received: (from, notification) => this.core.turn(() => this.election.receive(from, notification)),
      identifyTimeoutMs: options.config.tickTimeMs * ensemble.syncLimit,
      multiAddressEnabled: ensemble.multiAddressEnabled ?? false,
      ...(ensemble.electionConnectTimeoutMs === undefined
        ? {}
        : { connectTimeoutMs: ensemble.electionConnectTimeoutMs }),
      ...(ensemble.electionBindAttempts === undefined ? {} : { bindAttempts: ensemble.electionBindAttempts }),
    });
  }

  private setElectionTimer(name: ElectionTimer, delayMs: number): void {
    this.electionTimers.get(name)?.cancel();
    const timer = this.env.timers.after(delayMs, () => this.core.turn(() => this.election.timerFired(name)));
    this.electionTimers.set(name, timer);
  }

  /** Opens the election port and looks for a leader. Rejects when the port cannot be had. */
  async start(): Promise<void> {
    this.unavailableSinceMs = this.core.monotonicMs();
    await this.electionPort.start();
    this.beginLooking();
  }

  private beginLooking(): void {
    this.core.stats.lookingCount++;
    this.lookingSinceMs = this.core.monotonicMs();
    this.election.startLooking();
    this.awaitReadOnly();
  }

  async close(): Promise<void> {
    if (this.peerState === 'STOPPED') return this.ending;
    this.peerState = 'STOPPED';
    this.stopElection();
    this.endTerm();
    await this.ending;
    await this.electionPort.close();
    await this.core.close();
  }

  private stopElection(): void {
    this.endReadOnly();
    this.pause?.cancel();
    this.election.stop();
  }

  get state(): QuorumPeerState {
    return this.peerState;
  }

  /** The leader that was elected; undefined while it looks for one. */
  get leaderId(): number | undefined {
    return this.electedId;
  }

  get members(): QuorumVerifier['members'] {
    return this.config.members;
  }

  get participants(): QuorumVerifier['participants'] {
    return this.config.participants;
  }

  /** Those that follow this leader. */
  get observers(): readonly ObserverView[] {
    return this.term?.observers ?? [];
  }

  /** Whether this server answers its clients. */
  get isServing(): boolean {
    return this.core.role !== undefined;
  }

  // As the election sees it

  get id(): number {
    return this.ensemble.serverId;
  }

  get role(): PeerRole {
    return roleOf(this.config, this.id);
  }

  get lastLoggedZxid(): number {
    return this.database.lastProcessedZxid;
  }

  get currentEpoch(): number {
    return this.epochs.current;
  }

  get config(): QuorumVerifier {
    return this.membership.committed;
  }

  get lastSeenConfig(): QuorumVerifier {
    return this.membership.lastSeen;
  }

  // Reconfiguration

  proposeConfig(config: QuorumVerifier): void {
    this.membership.propose(config);
    for (const id of this.lastSeenConfig.members.keys()) {
      if (id !== this.id && !this.config.members.has(id)) this.electionPort.connectTo(id);
    }
  }

  /** As QuorumPeer.processReconfig. */
  activateConfig(config: QuorumVerifier, leader: number | undefined, zxid: number): boolean {
    const { role } = this;
    const own = this.config.members.get(this.id);
    const before = this.membership.commit(config);
    // The first configuration has no transaction, and later ones may come with votes instead of one.
    if (this.membership.reconfigEnabled) this.database.writeConfigNode();
    if (before === undefined) return false;
    this.env.log.info('the ensemble has a new configuration', { version: config.version.toString(16) });
    this.moveTo(own, config.members.get(this.id));
    const hasNewRole = this.role !== role;
    const { vote } = this.election;
    if (leader === undefined) {
      this.successor = undefined;
      return hasNewRole || !keepsAddress(before, config, vote.leader);
    }
    const hasNewLeader = leader !== vote.leader;
    if (hasNewLeader) this.successor = { leader, zxid, electionEpoch: -1, peerEpoch: -1 };
    else if (hasNewRole) this.successor = vote;
    return hasNewRole || hasNewLeader;
  }

  /** A configuration that came with a vote. True when it changes the servers. */
  private adoptConfig(config: QuorumVerifier): boolean {
    const before = this.config;
    this.activateConfig(config, undefined, 0);
    return this.config !== before && !sameMembership(before, config);
  }

  /** Listens where the new configuration says. */
  private moveTo(before: PeerSpec | undefined, now: PeerSpec | undefined): void {
    if (now === undefined) return;
    if (before === undefined || electionAddresses(before) !== electionAddresses(now)) this.moveElectionPort();
    if (now.client !== undefined) void this.core.moveTo(now.client);
  }

  private moveElectionPort(): void {
    const old = this.electionPort;
    this.electionPort = this.newElectionPort();
    const { electionPort } = this;
    old
      .close()
      .then(() => electionPort.start())
      .catch((error: unknown) => this.failed(error));
  }

  // Terms

  private decided({ vote, state }: Decision): void {
    if (this.peerState === 'STOPPED') return;
    this.core.stats.electionMs.add(Math.round(this.core.monotonicMs() - this.lookingSinceMs));
    this.env.log.info('a leader has been elected', { leader: vote.leader, state });
    this.begin(state, vote.leader);
  }

  /** Serves reads when no leader is found for a while (readonlymode.enabled). */
  private awaitReadOnly(): void {
    const { ensemble, env, core } = this;
    if (ensemble.readOnlyMode !== true) return;
    const delayMs = Math.max(READ_ONLY_AFTER_MS, core.config.tickTimeMs);
    this.readOnlyTimer = env.timers.after(delayMs, () => {
      env.log.warn('no leader has been found: serving reads only');
      core.serve(new ReadOnlyServer(core, this.id));
    });
  }

  private endReadOnly(): void {
    this.readOnlyTimer?.cancel();
    if (this.core.isReadOnly) this.core.retire();
  }

  private begin(state: Decision['state'], leader: number): void {
    this.endReadOnly();
    this.peerState = state;
    this.electedId = leader;
    const term = state === 'LEADING' ? new LeaderTerm(this) : this.learnerTerm(leader);
    this.term = term;
    term.start();
  }

  private learnerTerm(leaderId: number): LearnerTerm {
    const leaderAddresses = this.config.members.get(leaderId)?.addresses ?? [];
    return new LearnerTerm({
      host: this,
      leaderId,
      leaderAddresses,
      isObserver: this.role === 'observer',
    });
  }

  takeVotedEpoch(id: number): number | undefined {
    return this.election.takeCandidacy(id)?.peerEpoch;
  }

  serving(epoch: number): void {
    this.fruitlessTerms = 0;
    this.countUnavailable();
    this.election.confirmEpoch(epoch);
    this.env.log.info('serving', { state: this.peerState, epoch });
  }

  private countUnavailable(): void {
    if (this.unavailableSinceMs === undefined) return;
    const { stats } = this.core;
    const tookMs = Math.round(this.core.monotonicMs() - this.unavailableSinceMs);
    stats.unavailableMs.add(tookMs);
    if (this.peerState === 'LEADING') stats.leaderUnavailableMs.add(tookMs);
    this.unavailableSinceMs = undefined;
  }

  over(reason: string): void {
    if (this.term === undefined) return;
    this.env.log.warn('looking for a leader again', { reason });
    this.endTerm();
  }

  rejoin(reason: string): void {
    if (this.term === undefined) return;
    this.env.log.warn('asking the leader for its whole tree', { reason });
    this.successor = this.election.vote;
    this.endTerm();
  }

  private endTerm(): void {
    const { term } = this;
    if (term === undefined) return;
    this.term = undefined;
    this.unavailableSinceMs ??= this.core.monotonicMs();
    this.ending = this.conclude(term);
  }

  private async conclude(term: PeerTerm): Promise<void> {
    try {
      await term.stop();
      if (this.peerState === 'STOPPED') return;
      if (this.database.isBroken) await this.database.reload();
      const pauseMs = this.pauseAfterTerm();
      if (pauseMs === 0) this.lookAgain();
      else this.pause = this.env.timers.after(pauseMs, () => this.lookAgain());
    } catch (error) {
      this.failed(error);
    }
  }

  /**
   * A server that cannot follow who leads the others, because of its data for example, would find the same leader
   * again within milliseconds, and so on.
   */
  private pauseAfterTerm(): number {
    if (this.successor !== undefined || this.peerState === 'LEADING') return 0;
    this.fruitlessTerms++;
    if (this.fruitlessTerms === 1) return 0;
    return Math.min(FIRST_PAUSE_MS * 2 ** (this.fruitlessTerms - 2), LONGEST_PAUSE_MS);
  }

  private lookAgain(): void {
    if (this.peerState === 'STOPPED') return;
    const { successor } = this;
    this.successor = undefined;
    this.core.turn(() => {
      if (successor === undefined) {
        this.peerState = 'LOOKING';
        this.electedId = undefined;
        this.beginLooking();
      } else {
        this.begin(this.election.settleOn(successor), successor.leader);
      }
    });
  }

  failed(error: unknown): void {
    if (this.peerState === 'STOPPED') return;
    this.peerState = 'STOPPED';
    this.stopElection();
    this.core.retire();
    this.endTerm();
    void this.electionPort.close();
    this.options.failed(error);
  }
}

/** Whether a server votes before and after a reconfiguration, at the same address. */
function keepsAddress(before: QuorumVerifier, now: QuorumVerifier, id: number): boolean {
  const [old, present] = [before.participants.get(id), now.participants.get(id)];
  return old !== undefined && present !== undefined && quorumAddresses(old) === quorumAddresses(present);
}

function electionAddresses(peer: PeerSpec): string {
  return electionAddressesOf(peer).map(formatHostAndPort).join('|');
}
