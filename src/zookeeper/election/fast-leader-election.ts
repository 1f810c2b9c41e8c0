import type { Log } from '../../env/log.ts';
import type { PeerRole } from './peer-spec.ts';
import { parseQuorumConfig } from './quorum-config.ts';
import { QuorumConfigError, type QuorumVerifier } from './quorum-verifier.ts';
import { SyncedLearnerTracker } from './synced-learner-tracker.ts';
import { type Candidate, isAhead, NOTHING, type Notification, sameVote, type Vote } from './vote.ts';

/** What the election wants to know of its server; read anew each time, for it changes. */
export interface ElectionPeer {
  readonly id: number;
  readonly role: PeerRole;
  readonly lastLoggedZxid: number;
  readonly currentEpoch: number;
  /** The last committed configuration. */
  readonly config: QuorumVerifier;
  /** The last proposed one, which is the committed one again once it has been decided. */
  readonly lastSeenConfig: QuorumVerifier;
}

/**
 * `notification`: nothing has been heard for a while, so speak again. `finalize`: nothing better has been heard
 * after a quorum agreed.
 */
export type ElectionTimer = 'notification' | 'finalize';

/** What the election does to the world around it. All calls return at once; none calls back. */
export interface ElectionPorts {
  /** Replaces what waits to be sent to that server, if anything does. Never called with the own id. */
  send(to: number, notification: Notification): void;
  /** Whether some server has taken all that was sent to it. */
  hasDelivered(): boolean;
  /** Tries again to reach every server that something waits for. */
  connectAll(): void;
  /** Replaces a timer of that name. */
  setTimer(name: ElectionTimer, delayMs: number): void;
  cancelTimer(name: ElectionTimer): void;
  /**
   * Takes a newer committed configuration heard of while looking (QuorumPeer.processReconfig). True when it has
   * been taken and its servers differ from those before: the round begins anew then.
   */
  adoptConfig(config: QuorumVerifier): boolean;
  /** The election is over. */
  decided(decision: Decision): void;
}

export interface Decision {
  readonly vote: Vote;
  /** What to do from now on. */
  readonly state: 'FOLLOWING' | 'LEADING' | 'OBSERVING';
  /** Who agreed. */
  readonly voters: SyncedLearnerTracker;
}

export interface ElectionOptions {
  readonly peer: ElectionPeer;
  readonly ports: ElectionPorts;
  readonly log: Log;
  /** fastleader.minNotificationInterval */
  readonly minNotificationMs?: number;
  /** fastleader.maxNotificationInterval */
  readonly maxNotificationMs?: number;
}

/** How long to listen on after a quorum agreed (FastLeaderElection.finalizeWait). */
export const FINALIZE_WAIT_MS = 200;
const MAX_NOTIFICATION_MS = 60_000;
const CURRENT_VERSION = 2;
/** How often a server without a vote gives a voter the same answer to the same question. */
const MOST_EQUAL_ANSWERS = 3;
/** The zxid of a server that has no data it could vouch for. */
const NO_ZXID = -1;

type Phase = 'stopped' | 'gathering' | 'finalizing' | 'settled';

/**
 * Fast leader election (FastLeaderElection of 3.9.5) without sockets, clocks or threads: every server proposes
 * itself, takes over the proposal that is ahead by (epoch, zxid, id), and ends when a quorum proposes the same.
 *
 *     stopped    --startLooking--> gathering      round + 1, propose itself, tell the voters
 *     gathering  --LOOKING, later round--> gathering     join that round, forget votes, tell the voters
 *     gathering  --LOOKING, same round, ahead--> gathering     take over the proposal, tell the voters
 *     gathering  --LOOKING, earlier round--> gathering   answer with the own proposal
 *     gathering  --own or other's vote makes a quorum--> finalizing
 *     gathering  --FOLLOWING or LEADING, quorum behind a leader that says it leads--> settled
 *     gathering  --nothing heard--> gathering     tell the voters again, or connect; wait twice as long
 *     finalizing --as while gathering--> gathering, finalizing or settled; wait again
 *     finalizing --nothing heard--> settled       LEADING, FOLLOWING or OBSERVING
 *     settled    --LOOKING from a voter--> settled     answer with the vote
 *     any        --LOOKING from a server that does not vote--> same    answer, and again with the outcome
 *     gathering, finalizing --newer configuration with other servers--> gathering, in a new round
 *     settled    --startLooking--> gathering
 *     any        --stop--> stopped
 *
 * Departures from 3.9.5 that no peer can tell from messages coming sooner or later: the own vote counts at once
 * instead of passing through the queue of received ones; while it waits after a quorum, Apache passes over all that
 * is not ahead, later rounds and working leaders included; who asks a looking server without having a vote is
 * answered with the present proposal, not with the outcome of the election before, and again at the end; and a
 * server without a vote does not answer voters for ever, which would answer it, and so on as fast as the net can.
 */
export class FastLeaderElection {
  private readonly peer: ElectionPeer;
  private readonly ports: ElectionPorts;
  private readonly log: Log;
  private readonly minNotificationMs: number;
  private readonly maxNotificationMs: number;
  private phase: Phase = 'stopped';
  private round = 0;
  /** Votes of servers for themselves; see {@link takeCandidacy}. */
  private readonly candidacies = new Map<number, Candidate>();
  private proposal: Candidate = { leader: NOTHING, zxid: NOTHING, peerEpoch: NOTHING };
  private settledVote: Vote | undefined;
  /** Votes of this round, by voter. */
  private received = new Map<number, Vote>();
  /** Votes of servers that have a leader, of whichever round. */
  private outOfElection = new Map<number, Vote>();
  private voters: SyncedLearnerTracker | undefined;
  /** Servers without a vote that have asked while there was no leader. */
  private readonly askers = new Set<number>();
  private notificationMs: number;
  /** The last question of each voter with the answer to it, and how often they were exchanged. */
  private readonly exchanges = new Map<number, { readonly exchange: string; readonly times: number }>();

  constructor(options: ElectionOptions) {
    this.peer = options.peer;
    this.ports = options.ports;
    this.log = options.log;
    this.minNotificationMs = options.minNotificationMs ?? FINALIZE_WAIT_MS;
    this.maxNotificationMs = options.maxNotificationMs ?? MAX_NOTIFICATION_MS;
    this.notificationMs = this.minNotificationMs;
  }

  /** The round of elections that this server is, or was last, part of. */
  get logicalClock(): number {
    return this.round;
  }

  get isLooking(): boolean {
    return this.phase === 'gathering' || this.phase === 'finalizing';
  }

  /** What this server says when asked: its proposal while it looks, its leader afterwards. */
  get vote(): Vote {
    if (this.settledVote !== undefined) return this.settledVote;
    return { ...this.proposal, electionEpoch: this.round, state: 'LOOKING', version: CURRENT_VERSION };
  }

  /** Begins a round, whatever went before. */
  startLooking(): void {
    this.settledVote = undefined;
    this.received = new Map();
    this.outOfElection = new Map();
    this.notificationMs = this.minNotificationMs;
    this.round++;
    this.proposal = this.ownCandidate();
    this.log.info('new election', { round: this.round, zxid: this.proposal.zxid });
    this.tellVoters();
    this.considerRound();
  }

  /**
   * What a voter has, by its vote for itself when it began to look for a leader; undefined when it has not voted since
   * this was asked the last time.
   */
  takeCandidacy(id: number): Candidate | undefined {
    const candidacy = this.candidacies.get(id);
    this.candidacies.delete(id);
    return candidacy;
  }

  /** Ends whatever is under way; nothing is sent or decided any more until `startLooking`. */
  stop(): void {
    this.phase = 'stopped';
    this.ports.cancelTimer('notification');
    this.ports.cancelTimer('finalize');
  }

  /**
   * The leader works in this epoch now (QuorumPeer.updateElectionVote): later askers hear of it, so that all who
   * follow the leader name the same epoch.
   */
  confirmEpoch(peerEpoch: number): void {
    if (this.settledVote !== undefined) this.settledVote = { ...this.settledVote, peerEpoch };
  }

  /**
   * Takes a leader without an election: a reconfiguration has named one, or has changed only the role of this
   * server (QuorumPeer.updateVote and updateServerState).
   */
  settleOn(vote: Pick<Vote, 'leader' | 'zxid' | 'electionEpoch' | 'peerEpoch'>): Decision['state'] {
    const state = this.stateUnder(vote.leader);
    const { leader, zxid, electionEpoch, peerEpoch } = vote;
    this.settle({ leader, zxid, electionEpoch, peerEpoch, state, version: CURRENT_VERSION });
    return state;
  }

  timerFired(name: ElectionTimer): void {
    if (name === 'finalize' && this.phase === 'finalizing') this.decide(this.vote, this.voters);
    if (name === 'notification' && this.phase === 'gathering') this.speakAgain();
  }

  /** A notification has come from another server. */
  receive(from: number, notification: Notification): void {
    if (this.phase === 'stopped') return;
    if (notification.state === 'LOOKING' && notification.leader === from && this.isVoter(from)) {
      this.candidacies.set(from, notification);
    }
    if (this.isLooking && this.hearsOfNewServers(from, notification.config)) {
      this.startLooking();
    } else if (!this.isVoter(from)) {
      if (notification.state === 'LOOKING') this.answerStranger(from, notification);
    } else if (this.phase !== 'settled') {
      const isBehind = notification.state === 'LOOKING' && notification.electionEpoch < this.round;
      this.hear(from, notification);
      if (isBehind && this.isAnswerDue(from, notification)) this.reply(from, this.round);
    } else if (notification.state === 'LOOKING' && this.isAnswerDue(from, notification)) {
      this.reply(from, this.vote.electionEpoch);
    }
  }

  /**
   * Whether to answer a voter. One that does not count this server as a voter answers every word of it, and that
   * would go on for ever; one that does, by a configuration that this server does not have yet, needs the answer.
   */
  private isAnswerDue(from: number, question: Notification): boolean {
    if (this.isVoter(this.peer.id)) return true;
    const { state, leader, electionEpoch } = this.vote;
    const exchange = [
      question.leader,
      question.zxid,
      question.electionEpoch,
      state,
      leader,
      electionEpoch,
    ].join();
    const last = this.exchanges.get(from);
    const times = last?.exchange === exchange ? last.times + 1 : 1;
    this.exchanges.set(from, { exchange, times });
    return times <= MOST_EQUAL_ANSWERS;
  }

  /**
   * A server without a vote asks. One that looks in a later round would take an answer from this one for that of a
   * server that lags, answer it, be answered, and so on: it has to wait for the outcome.
   */
  private answerStranger(from: number, notification: Notification): void {
    if (this.isLooking) this.askers.add(from);
    if (!this.isLooking || notification.electionEpoch <= this.round) this.reply(from, this.round);
  }

  /** A configuration newer than the own one arrives with the votes of those who know it. */
  private hearsOfNewServers(from: number, text: string | undefined): boolean {
    if (text === undefined || text === this.peer.config.toText()) return false;
    try {
      const config = parseQuorumConfig(text, `notification of server ${from}`);
      return config.version > this.peer.config.version && this.ports.adoptConfig(config);
    } catch (error) {
      if (!(error instanceof QuorumConfigError)) throw error;
      this.log.error('a notification carries a configuration that cannot be read', {
        from,
        error: error.message,
      });
      return false;
    }
  }

  private hear(from: number, notification: Notification): void {
    if (!this.isVoter(notification.leader)) {
      this.log.warn('a vote for a server that has none is passed over', {
        from,
        leader: notification.leader,
      });
    } else if (notification.state === 'LOOKING') {
      this.hearLooking(from, notification);
    } else if (notification.state !== 'OBSERVING') {
      this.hearSettled(from, notification);
    }
    this.waitOn();
  }

  /** Something has been heard: what is waited for in silence is waited for anew. */
  private waitOn(): void {
    if (this.phase === 'gathering') this.ports.setTimer('notification', this.notificationMs);
    if (this.phase === 'finalizing') this.ports.setTimer('finalize', FINALIZE_WAIT_MS);
  }

  /** A vote of a server that looks as well. */
  private hearLooking(from: number, notification: Notification): void {
    const own = this.ownCandidate();
    if (own.zxid === NO_ZXID || notification.zxid === NO_ZXID) return;
    if (notification.electionEpoch < this.round) return;
    if (notification.electionEpoch > this.round) {
      this.round = notification.electionEpoch;
      this.received = new Map();
      this.proposal = this.isPreferred(notification, own) ? candidateOf(notification) : own;
      this.tellVoters();
    } else if (this.isPreferred(notification)) {
      this.proposal = candidateOf(notification);
      this.tellVoters();
    }
    this.received.set(from, { ...voteOf(notification), state: 'LOOKING', version: 0 });
    this.considerRound();
  }

  /** A vote of a server that follows or leads. */
  private hearSettled(from: number, notification: Notification): void {
    const vote = voteOf(notification);
    if (vote.electionEpoch === this.round) {
      this.received.set(from, { ...vote, version: 0 });
      if (this.decideIfLed(this.received, vote)) return;
    }
    // A majority behind the leader has to be seen before joining an ensemble that works already. The votes of this
    // round count there as well (ZOOKEEPER-1732).
    this.outOfElection.set(from, vote);
    if (this.decideIfLed(this.outOfElection, vote)) return;
    // The sender may have been one of those who made the quorum.
    if (this.phase === 'finalizing') this.considerRound();
  }

  private decideIfLed(votes: ReadonlyMap<number, Vote>, vote: Vote): boolean {
    const voters = this.votersFor(votes, vote);
    if (!voters.hasAllQuorums() || !this.leaderConfirms(votes, vote)) return false;
    this.round = vote.electionEpoch;
    this.decide(vote, voters);
    return true;
  }

  /** Ends the round when a quorum proposes what this server proposes, unless something better comes at once. */
  private considerRound(): void {
    const voters = this.votersFor(this.received, this.vote);
    if (voters.hasAllQuorums()) {
      this.phase = 'finalizing';
      this.voters = voters;
      this.ports.cancelTimer('notification');
    } else {
      this.phase = 'gathering';
      this.voters = undefined;
      this.ports.cancelTimer('finalize');
    }
    this.waitOn();
  }

  private votersFor(votes: ReadonlyMap<number, Vote>, vote: Vote): SyncedLearnerTracker {
    const { config, lastSeenConfig } = this.peer;
    const isChanging = lastSeenConfig.version > config.version;
    const voters = new SyncedLearnerTracker(isChanging ? [config, lastSeenConfig] : [config]);
    for (const [id, other] of votes) if (sameVote(vote, other)) voters.add(id);
    return voters;
  }

  /**
   * Keeps servers from electing one that has died again and again: a leader has to say itself that it leads. Who
   * is named the leader by the others leads, if they speak of this round.
   */
  private leaderConfirms(votes: ReadonlyMap<number, Vote>, vote: Vote): boolean {
    if (vote.leader === this.peer.id) return vote.electionEpoch === this.round;
    return votes.get(vote.leader)?.state === 'LEADING';
  }

  private decide(vote: Vote, voters: SyncedLearnerTracker | undefined): void {
    const state = this.stateUnder(vote.leader);
    const settled: Vote = { ...vote, state, version: CURRENT_VERSION };
    this.settle(settled);
    for (const id of this.askers) this.reply(id, this.round);
    this.askers.clear();
    this.log.info('election is over', { leader: vote.leader, round: this.round, state });
    this.ports.decided({
      vote: settled,
      state,
      voters: voters ?? this.votersFor(this.received, vote),
    });
  }

  private settle(vote: Vote): void {
    this.phase = 'settled';
    this.settledVote = vote;
    this.voters = undefined;
    this.ports.cancelTimer('notification');
    this.ports.cancelTimer('finalize');
  }

  private stateUnder(leader: number): Decision['state'] {
    if (leader === this.peer.id) return 'LEADING';
    return this.peer.role === 'observer' ? 'OBSERVING' : 'FOLLOWING';
  }

  private speakAgain(): void {
    if (this.ports.hasDelivered()) this.tellVoters();
    else this.ports.connectAll();
    this.notificationMs = Math.min(this.notificationMs * 2, this.maxNotificationMs);
    this.ports.setTimer('notification', this.notificationMs);
  }

  private tellVoters(): void {
    for (const id of this.voterIds()) {
      if (id === this.peer.id) this.received.set(id, { ...this.vote, version: 0 });
      else this.ports.send(id, { ...this.vote, config: this.peer.config.toText() });
    }
  }

  private reply(to: number, electionEpoch: number): void {
    this.ports.send(to, { ...this.vote, electionEpoch, config: this.peer.config.toText() });
  }

  private ownCandidate(): Candidate {
    const { id, role, lastLoggedZxid, currentEpoch, config } = this.peer;
    const leader = config.participants.has(id) ? id : NOTHING;
    if (role === 'observer') return { leader, zxid: NOTHING, peerEpoch: NOTHING };
    return { leader, zxid: lastLoggedZxid, peerEpoch: currentEpoch };
  }

  /** Whether to vote for the candidate instead (totalOrderPredicate). */
  private isPreferred(candidate: Candidate, instead: Candidate = this.proposal): boolean {
    return this.weightOf(candidate.leader) > 0 && isAhead(candidate, instead);
  }

  private weightOf(id: number): number {
    const { config, lastSeenConfig } = this.peer;
    const isCurrent = config.participants.has(id) || !lastSeenConfig.participants.has(id);
    return (isCurrent ? config : lastSeenConfig).weightOf(id);
  }

  private isVoter(id: number): boolean {
    const { config, lastSeenConfig } = this.peer;
    return config.participants.has(id) || lastSeenConfig.participants.has(id);
  }

  private voterIds(): Set<number> {
    const { config, lastSeenConfig } = this.peer;
    return new Set([...config.participants.keys(), ...lastSeenConfig.participants.keys()]);
  }
}

function candidateOf(notification: Notification): Candidate {
  const { leader, zxid, peerEpoch } = notification;
  return { leader, zxid, peerEpoch };
}

function voteOf(notification: Notification): Vote {
  const { leader, zxid, electionEpoch, peerEpoch, state, version } = notification;
  return { leader, zxid, electionEpoch, peerEpoch, state, version };
}
