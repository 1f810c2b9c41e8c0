import { assert } from '../../base/assert.ts';
import type { Log } from '../../env/log.ts';
import { OpCode } from '../../wire/zookeeper/op-codes.ts';
import { PacketType } from '../../wire/zookeeper/quorum.ts';
import type { EncodedTxn } from '../../wire/zookeeper/txn-entry.ts';
import { type PeerSpec, quorumAddresses } from '../election/peer-spec.ts';
import { parseQuorumConfig } from '../election/quorum-config.ts';
import type { QuorumVerifier } from '../election/quorum-verifier.ts';
import { SyncedLearnerTracker } from '../election/synced-learner-tracker.ts';
import { counterOf, makeZxid } from '../pipeline/zxid.ts';
import { LearnerHandler, type LearnerLink, type LearnerMaster, ProtocolError } from './learner-handler.ts';
import {
  commitAndActivatePacket,
  type ForwardedRequest,
  informAndActivatePacket,
  informPacket,
  plainPacket,
  proposalPacket,
} from './packets.ts';
import { SyncRounds } from './sync-rounds.ts';
import type { History } from './synchronisation.ts';
import type { ZabMetrics } from './zab-metrics.ts';

/** The peer that leads; read anew each time. */
export interface LeaderPeer {
  readonly id: number;
  readonly acceptedEpoch: number;
  readonly currentEpoch: number;
  /** The last committed configuration. */
  readonly config: QuorumVerifier;
  /** The last proposed one; that of `config` when none is under way. */
  readonly lastSeenConfig: QuorumVerifier;
}

/** What a leader does to its server. All calls return at once. */
export interface LeaderPorts {
  readonly history: History;
  monotonicMs(): number;
  /** Writes the epoch down for good: no leader of an earlier one, or of this one, will be followed. */
  acceptEpoch(epoch: number): void;
  /** Writes down that this server's history is that of the epoch. All of it is durable already. */
  enterEpoch(epoch: number): void;
  /** A quorum has the leader's history: the server may serve, with zxids of this epoch. */
  serve(epoch: number): void;
  /** Logs a proposal; {@link Leader.logged} tells when it is durable. */
  append(txn: EncodedTxn): void;
  /** A configuration is being proposed: it is `lastSeenConfig` from now on, if reconfiguration is on. */
  proposeConfig(config: QuorumVerifier): void;
  /** The last proposed configuration is committed, as of `zxid`, and `leader` leads from now on. */
  activateConfig(config: QuorumVerifier, leader: number, zxid: number): void;
  /** Applies a committed transaction and answers its request, if that came from here. */
  commit(txn: EncodedTxn): void;
  touch(sessionId: bigint, timeoutMs: number): void;
  /** Whether a session lives, which from now on belongs to that learner. */
  revalidate(learner: LearnerHandler, sessionId: bigint, timeoutMs: number): boolean;
  /** A learner's client wants a write or a sync. */
  forwarded(learner: LearnerHandler, request: ForwardedRequest): void;
  /** The epoch of a server's history, by its vote for itself before it came; undefined when that is not known. */
  takeVotedEpoch(id: number): number | undefined;
  /** The leader has given up: its server stops serving and elects anew. */
  ended(reason: string): void;
}

export interface LeaderOptions {
  peer: LeaderPeer;
  ports: LeaderPorts;
  log: Log;
  metrics: ZabMetrics;
  tickMs: number;
  /** Ticks that learners have to connect and to get the leader's history. */
  initLimit: number;
  /** Ticks that learners may be silent. */
  syncLimit: number;
}

interface Proposal {
  readonly txn: EncodedTxn;
  readonly zxid: number;
  readonly packet: Buffer;
  readonly acks: SyncedLearnerTracker;
}

/** A sync that waits for the leader's word. */
type LeaderPhase = 'discovery' | 'election' | 'synchronisation' | 'broadcast' | 'ended';

const LAST_COUNTER = 0xffff_ffff;
/** Zxids of later ones are no safe integers. */
const LAST_EPOCH = 0x1f_ffff;

/**
 * The leader of an epoch (Leader of 3.9, ZAB 1.0), without sockets or files:
 *
 *     discovery     --a quorum told its accepted epochs--> election: a later epoch is accepted and proposed
 *     election      --a quorum accepted it--> synchronisation: the epoch is entered, learners get the history
 *     synchronisation --a quorum has it (ACK of NEWLEADER)--> broadcast: the server serves
 *     discovery, election, synchronisation --initLimit ticks without the next--> ended
 *     election      --a learner has a later history--> election, without that learner
 *     broadcast     --a tick without a quorum of learners that answer--> ended
 *     broadcast     --a member has accepted a later epoch, without a later history--> ended, for an epoch behind that
 *     broadcast     --the epoch's last zxid is given out--> ended, for a new epoch
 */
export class Leader implements LearnerMaster {
  readonly log: Log;
  readonly history: History;
  readonly metrics: ZabMetrics;
  private readonly peer: LeaderPeer;
  private readonly ports: LeaderPorts;
  private readonly options: LeaderOptions;
  private phase: LeaderPhase = 'discovery';
  private phaseSinceMs: number;
  private readonly handlers = new Set<LearnerHandler>();
  private readonly startedMs: number;
  private chosenEpoch: number | undefined;
  private highestAcceptedEpoch: number;
  private readonly connected: SyncedLearnerTracker;
  private readonly epochAcks: SyncedLearnerTracker;
  private newLeaderAcks: SyncedLearnerTracker | undefined;
  /** What this server had when it began to lead. */
  private readonly summary: { readonly currentEpoch: number; readonly lastZxid: number };
  /** In order; from the head on not committed yet. */
  private readonly proposals = new Map<number, Proposal>();
  private lastProposedZxid = 0;
  private lastCommittedZxid = 0;
  private readonly syncs: SyncRounds;
  private halfTicks = 0;
  /** False once a reconfiguration has named another leader: it is that one's to commit what comes next. */
  private mayCommit = true;
  readonly proposalBytes = { last: -1, min: -1, max: -1 };

  constructor(options: LeaderOptions) {
    const { peer, ports } = options;
    this.options = options;
    this.peer = peer;
    this.ports = ports;
    this.log = options.log;
    this.metrics = options.metrics;
    this.history = ports.history;
    this.startedMs = ports.monotonicMs();
    this.phaseSinceMs = this.startedMs;
    this.highestAcceptedEpoch = peer.acceptedEpoch;
    this.connected = new SyncedLearnerTracker([peer.config]);
    this.epochAcks = new SyncedLearnerTracker([peer.config]);
    this.summary = { currentEpoch: peer.currentEpoch, lastZxid: ports.history.lastProcessedZxid };
    this.syncs = new SyncRounds({
      newTracker: () => {
        const votes = this.newTracker();
        votes.add(peer.id);
        return votes;
      },
      handlers: () => this.learners.filter((handler) => handler.isServing),
      ping: (handler) => handler.ping(this.lastProposedZxid),
      lastProposedZxid: () => this.lastProposedZxid,
      lastCommittedZxid: () => this.lastCommittedZxid,
    });
  }

  /** Begins to lead: this server itself is the first to be heard of. */
  start(): void {
    this.connected.add(this.peer.id);
    this.considerEpoch();
  }

  /** Gives up, for a reason from outside or because of {@link LeaderPorts.ended}. */
  end(reason: string): void {
    if (this.phase === 'ended') return;
    this.phase = 'ended';
    for (const handler of [...this.handlers]) handler.close(reason);
    this.ports.ended(reason);
  }

  private enter(phase: LeaderPhase): void {
    this.phase = phase;
    this.phaseSinceMs = this.monotonicMs();
  }

  accept(link: LearnerLink): LearnerHandler {
    const handler = new LearnerHandler(this, link);
    this.handlers.add(handler);
    return handler;
  }

  // As its learners see it

  get configVersion(): number {
    return this.peer.config.version;
  }

  get newestConfig(): string {
    return this.peer.lastSeenConfig.toText();
  }

  get epoch(): number | undefined {
    return this.chosenEpoch;
  }

  get isElectionFinished(): boolean {
    return this.phase === 'synchronisation' || this.phase === 'broadcast';
  }

  get isServing(): boolean {
    return this.phase === 'broadcast';
  }

  get initTimeoutMs(): number {
    return this.options.initLimit * this.options.tickMs;
  }

  get syncTimeoutMs(): number {
    return this.options.syncLimit * this.options.tickMs;
  }

  monotonicMs(): number {
    return this.ports.monotonicMs();
  }

  get learners(): readonly LearnerHandler[] {
    return [...this.handlers];
  }

  get pendingSyncCount(): number {
    return this.syncs.size;
  }

  get uptimeMs(): number {
    return this.monotonicMs() - this.startedMs;
  }

  // Discovery and election

  learnerJoined(handler: LearnerHandler, acceptedEpoch: number): void {
    if (handler.id === this.peer.id) throw this.duplicate(handler, 'this server, which leads');
    for (const other of [...this.handlers]) {
      if (other !== handler && other.id === handler.id) this.replace(other, handler);
    }
    if (this.phase === 'discovery') {
      this.highestAcceptedEpoch = Math.max(this.highestAcceptedEpoch, acceptedEpoch);
      this.connected.add(handler.id);
      this.considerEpoch();
    }
    const historyEpoch = this.ports.takeVotedEpoch(handler.id);
    if (this.phase === 'broadcast' && this.shutsOut(handler, acceptedEpoch, historyEpoch)) {
      // Whoever leads next, this server for example, hears of that epoch from a quorum and goes beyond it.
      this.ports.acceptEpoch(acceptedEpoch);
      this.end(
        `server ${handler.id} has accepted epoch ${acceptedEpoch}, and can follow in later ones alone`,
      );
      return;
    }
    handler.proceed();
  }

  /**
   * Whether a member can never follow in this epoch, because it has accepted a later one whose leader came to nothing.
   * Apache's leader leaves it outside until there is an election for another reason. A server with a later history is
   * left outside here as well: it would win that election, and may have the data of another ensemble.
   */
  private shutsOut(
    { id, isObserver }: LearnerHandler,
    acceptedEpoch: number,
    historyEpoch: number | undefined,
  ): boolean {
    const { chosenEpoch, peer } = this;
    if (chosenEpoch === undefined || acceptedEpoch <= chosenEpoch || acceptedEpoch >= LAST_EPOCH)
      return false;
    if (!peer.config.members.has(id)) return false;
    return isObserver || (historyEpoch !== undefined && historyEpoch <= chosenEpoch);
  }

  /**
   * A learner that has come back ends its old connection, which may look open still. Two servers with one id would
   * be counted as one and have different histories: what a quorum with the one has acknowledged would be lost with
   * the other. Throws ProtocolError for the second of them.
   */
  private replace(old: LearnerHandler, handler: LearnerHandler): void {
    const isSame = old.link.remoteHost === handler.link.remoteHost;
    if (isSame || old.silentMs > 2 * this.options.tickMs) {
      old.close('it has connected anew');
      return;
    }
    throw this.duplicate(handler, old.link.remote);
  }

  private duplicate({ id, link }: LearnerHandler, other: string): ProtocolError {
    const { remote } = link;
    this.log.error('a second server follows with the id of another: give each server a myid of its own', {
      id,
      remote,
      other,
    });
    return new ProtocolError(`the id ${id} is that of ${other}`);
  }

  private considerEpoch(): void {
    if (this.phase !== 'discovery' || !this.connected.hasAllQuorums()) return;
    const epoch = this.highestAcceptedEpoch + 1;
    this.ports.acceptEpoch(epoch);
    this.chosenEpoch = epoch;
    this.enter('election');
    this.log.info('proposing an epoch', { epoch });
    this.epochAcks.add(this.peer.id);
    this.proceedAll();
    this.considerElection();
  }

  epochAcked(handler: LearnerHandler, currentEpoch: number | undefined, lastZxid: number): void {
    if (this.phase === 'election' && currentEpoch !== undefined) {
      const { summary } = this;
      const isLater =
        currentEpoch > summary.currentEpoch ||
        (currentEpoch === summary.currentEpoch && lastZxid > summary.lastZxid);
      if (isLater) {
        throw new ProtocolError(
          `it is ahead of its leader: epoch ${currentEpoch} and zxid 0x${lastZxid.toString(16)} against ` +
            `epoch ${summary.currentEpoch} and zxid 0x${summary.lastZxid.toString(16)}`,
        );
      }
      this.epochAcks.add(handler.id);
      this.considerElection();
    }
    handler.proceed();
  }

  private considerElection(): void {
    const { chosenEpoch } = this;
    if (this.phase !== 'election' || !this.epochAcks.hasAllQuorums()) return;
    assert(chosenEpoch !== undefined, 'an epoch has been chosen');
    this.ports.enterEpoch(chosenEpoch);
    this.nameFirstConfig(makeZxid(chosenEpoch, 0));
    this.enter('synchronisation');
    this.newLeaderAcks = this.newTracker();
    this.newLeaderAcks.add(this.peer.id);
    this.proceedAll();
    this.considerServing();
  }

  /**
   * The configuration of zoo.cfg has version 0 on every server, also on one that is yet to join and knows a part of
   * it. The established one goes before those: it gets the zxid of NEWLEADER as its version (ZOOKEEPER-1783).
   */
  private nameFirstConfig(zxid: number): void {
    const { config, lastSeenConfig } = this.peer;
    if (config.version === 0 && lastSeenConfig.version === 0)
      this.ports.proposeConfig(config.withVersion(zxid));
  }

  /** Votes are counted in the committed configuration and in one that is being proposed. */
  private newTracker(): SyncedLearnerTracker {
    const { config, lastSeenConfig } = this.peer;
    return new SyncedLearnerTracker(
      lastSeenConfig.version > config.version ? [config, lastSeenConfig] : [config],
    );
  }

  newLeaderAcked(handler: LearnerHandler): void {
    if (this.phase === 'synchronisation') {
      this.newLeaderAcks?.add(handler.id);
      this.considerServing();
    }
    handler.proceed();
  }

  private considerServing(): void {
    const { chosenEpoch, newLeaderAcks } = this;
    if (this.phase !== 'synchronisation' || newLeaderAcks === undefined || !newLeaderAcks.hasAllQuorums())
      return;
    assert(chosenEpoch !== undefined, 'an epoch has been chosen');
    this.enter('broadcast');
    this.lastProposedZxid = makeZxid(chosenEpoch, 0);
    this.lastCommittedZxid = this.lastProposedZxid;
    // Completes a reconfiguration that an earlier leader had begun (ZOOKEEPER-1324).
    this.activate(newLeaderAcks, this.lastProposedZxid);
    this.log.info('leading with a quorum', { epoch: chosenEpoch, servers: String(newLeaderAcks) });
    this.ports.serve(chosenEpoch);
    this.proceedAll();
  }

  private proceedAll(): void {
    for (const handler of [...this.handlers]) handler.proceed();
  }

  // Broadcast

  /** Sends a transaction to all followers and the own log. It is committed when a quorum has it on disk. */
  propose(txn: EncodedTxn): void {
    if (this.phase !== 'broadcast') return;
    const { zxid } = txn.entry.header;
    assert(zxid === this.lastProposedZxid + 1, () => `zxid ${zxid} does not follow ${this.lastProposedZxid}`);
    if (counterOf(zxid) === LAST_COUNTER) {
      this.end('the zxids of this epoch are used up');
      return;
    }
    const packet = proposalPacket(txn, zxid);
    const config = proposedConfig(txn);
    if (config !== undefined) this.ports.proposeConfig(config);
    this.proposals.set(zxid, { txn, zxid, packet, acks: this.newTracker() });
    this.lastProposedZxid = zxid;
    this.metrics.proposals++;
    this.countBytes(txn.payload.length);
    this.ports.append(txn);
    for (const handler of this.handlers) {
      if (handler.isForwarding && !handler.isObserver) handler.propose(zxid, packet);
    }
  }

  private countBytes(bytes: number): void {
    const { proposalBytes } = this;
    proposalBytes.last = bytes;
    proposalBytes.min = proposalBytes.min === -1 ? bytes : Math.min(proposalBytes.min, bytes);
    proposalBytes.max = Math.max(proposalBytes.max, bytes);
  }

  /** A proposal is on this server's disk. */
  logged(zxid: number): void {
    const proposal = this.proposals.get(zxid);
    if (proposal !== undefined) this.metrics.age(this.metrics.ackCreationMs, proposal.txn.entry.header);
    this.acked(this.peer.id, zxid);
  }

  acked(id: number, zxid: number): void {
    if (this.phase !== 'broadcast') return;
    const proposal = this.proposals.get(zxid);
    // Learners also acknowledge UPTODATE, with the epoch's first zxid, and proposals that are committed already.
    if (proposal === undefined) return;
    proposal.acks.add(id);
    this.metrics.age(this.metrics.ackMs.of(String(id)), proposal.txn.entry.header);
    this.commitReady();
  }

  /** In order, whatever the order of acknowledgements. */
  private commitReady(): void {
    for (const [zxid, proposal] of this.proposals) {
      if (this.phase !== 'broadcast' || !this.mayCommit || !proposal.acks.hasAllQuorums()) return;
      this.metrics.age(this.metrics.quorumAckMs, proposal.txn.entry.header);
      this.syncs.beforeCommit(zxid);
      this.proposals.delete(zxid);
      this.lastCommittedZxid = zxid;
      this.sendCommit(proposal);
      this.ports.commit(proposal.txn);
      this.syncs.finish();
    }
  }

  private sendCommit({ zxid, txn, acks }: Proposal): void {
    const isReconfig = txn.entry.body.type === OpCode.reconfig;
    const leader = isReconfig ? this.activate(acks, zxid) : this.peer.id;
    const commit = isReconfig ? commitAndActivatePacket(zxid, leader) : plainPacket(PacketType.COMMIT, zxid);
    let inform: Buffer | undefined;
    for (const handler of this.handlers) {
      if (!handler.isForwarding) continue;
      if (handler.isObserver) {
        inform ??= isReconfig ? informAndActivatePacket(txn, leader) : informPacket(txn);
        handler.link.send(inform);
      } else {
        handler.link.send(commit);
      }
    }
  }

  /** A quorum of the old and of the new configuration agreed: the new one takes effect. Gives who leads in it. */
  private activate(agreed: SyncedLearnerTracker, zxid: number): number {
    const config = agreed.newestConfig;
    assert(config !== undefined, 'votes are counted in a configuration');
    const leader = this.designatedLeader(config, agreed, zxid);
    if (config.version > this.peer.config.version) {
      this.ports.activateConfig(config, leader, this.lastProposedZxid);
      this.mayCommit = leader === this.peer.id;
    }
    return leader;
  }

  /**
   * This server, if it votes in the new configuration at the same address; else a voter of it that agreed and that
   * has acknowledged as many of the later proposals as possible (Leader.getDesignatedLeader).
   */
  private designatedLeader(config: QuorumVerifier, agreed: SyncedLearnerTracker, zxid: number): number {
    const { id, config: before } = this.peer;
    if (keepsQuorumAddress(config.participants.get(id), before.members.get(id))) return id;
    let candidates = agreed.newestAgreed.filter((other) => other !== id);
    for (const proposal of this.proposals.values()) {
      if (proposal.zxid <= zxid) continue;
      const further = candidates.filter((other) => proposal.acks.has(other));
      if (further.length === 0) break;
      candidates = further;
    }
    return candidates[0] ?? id;
  }

  /**
   * Whether the servers that follow and have the history, this one included, are a quorum of a configuration. Observers
   * are none: they are not asked about proposals, so that one which depends on them would never be committed.
   */
  isQuorumSynced(config: QuorumVerifier): boolean {
    const synced = this.learners.filter((each) => each.isSynced && !each.isObserver).map(({ id }) => id);
    return config.containsQuorum(new Set([this.peer.id, ...synced]));
  }

  outstanding(): Iterable<{ readonly zxid: number; readonly packet: Buffer }> {
    return this.proposals.values();
  }

  /** Logged and not committed: part of this server's history, whoever leads next will decide. */
  outstandingTxns(): EncodedTxn[] {
    return [...this.proposals.values()].map(({ txn }) => txn);
  }

  /** Calls `done` when everything proposed so far is committed, and this server certainly led when it was asked. */
  sync(done: () => void): void {
    this.syncs.add(done);
  }

  pingAnswered(): void {
    if (this.phase === 'broadcast') this.syncs.answered();
  }

  // Learners

  touch(sessionId: bigint, timeoutMs: number): void {
    if (this.phase === 'broadcast') this.ports.touch(sessionId, timeoutMs);
  }

  revalidate(handler: LearnerHandler, sessionId: bigint, timeoutMs: number): boolean {
    return this.phase === 'broadcast' && this.ports.revalidate(handler, sessionId, timeoutMs);
  }

  forwarded(handler: LearnerHandler, request: ForwardedRequest): void {
    if (this.phase === 'broadcast') this.ports.forwarded(handler, request);
  }

  left(handler: LearnerHandler): void {
    this.handlers.delete(handler);
  }

  /** To be called twice a tick. */
  halfTick(): void {
    if (this.phase === 'ended') return;
    for (const handler of [...this.handlers]) handler.checkTimeout();
    if (this.phase !== 'broadcast') {
      if (this.monotonicMs() - this.phaseSinceMs > this.initTimeoutMs) {
        this.end(
          `no quorum of servers has come and been brought up to date within initLimit (${this.phase})`,
        );
      }
      return;
    }
    this.halfTicks++;
    if (this.halfTicks % 2 === 0 && !this.hasQuorum()) {
      this.end('not enough followers answer');
      return;
    }
    for (const handler of this.handlers) handler.ping(this.lastProposedZxid);
    this.syncs.pinged();
  }

  private hasQuorum(): boolean {
    const synced = this.newTracker();
    synced.add(this.peer.id);
    for (const handler of this.handlers) if (handler.isSynced) synced.add(handler.id);
    return synced.hasAllQuorums();
  }
}

/** The configuration that a reconfiguration proposes. */
function proposedConfig({ entry }: EncodedTxn): QuorumVerifier | undefined {
  const { body } = entry;
  if (body.type !== OpCode.reconfig) return undefined;
  return parseQuorumConfig((body.txn.data ?? '').toString(), 'a reconfiguration');
}

function keepsQuorumAddress(now: PeerSpec | undefined, before: PeerSpec | undefined): boolean {
  if (now === undefined || before === undefined) return false;
  return quorumAddresses(now) === quorumAddresses(before);
}
