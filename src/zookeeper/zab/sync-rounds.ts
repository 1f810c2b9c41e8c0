import type { SyncedLearnerTracker } from '../election/synced-learner-tracker.ts';
import type { LearnerHandler } from './learner-handler.ts';

interface PendingSync {
  /** Everything up to here has to be committed first. */
  readonly zxid: number;
  readonly done: () => void;
}

export interface SyncRoundsOptions {
  /** An empty count of votes, with the leader's own in it. */
  newTracker(): SyncedLearnerTracker;
  /** Learners that serve. */
  handlers(): Iterable<LearnerHandler>;
  /** Asks a learner for a sign of life. */
  ping(handler: LearnerHandler): void;
  /** The last proposal. */
  lastProposedZxid(): number;
  lastCommittedZxid(): number;
}

/**
 * Syncs wait until the server has proved that it still leads: a quorum has answered a ping that went out after them.
 * Departs from 3.9, whose leader answers at once when nothing is under way. Cut off from the others, it goes on so until
 * syncLimit is over, when the others may have elected a new leader and acknowledged writes: a read behind a sync would
 * then miss them.
 *
 *     waiting --no round is under way--> asked --a quorum has answered--> confirmed --all before is committed--> done
 *     waiting, asked --a quorum has acknowledged a later proposal--> confirmed
 */
export class SyncRounds {
  private readonly options: SyncRoundsOptions;
  private waiting: PendingSync[] = [];
  private asked: PendingSync[] = [];
  private confirmed: PendingSync[] = [];
  /** Answers that each learner will have given when it has answered the round's ping. */
  private readonly expected = new Map<LearnerHandler, number>();

  constructor(options: SyncRoundsOptions) {
    this.options = options;
  }

  get size(): number {
    return this.waiting.length + this.asked.length + this.confirmed.length;
  }

  add(done: () => void): void {
    this.waiting.push({ zxid: this.options.lastProposedZxid(), done });
    if (this.asked.length === 0) this.ask();
  }

  /** A learner has answered a ping. */
  answered(): void {
    if (this.asked.length > 0) this.look();
  }

  /** Pings have gone out for other reasons: who was not asked yet, for it has come only now, is asked with them. */
  pinged(): void {
    if (this.asked.length === 0) return;
    for (const handler of this.options.handlers()) {
      if (!this.expected.has(handler)) this.expected.set(handler, handler.pingsSent);
    }
  }

  /**
   * A quorum has acknowledged a proposal, and its commit is about to go out. That is as good as an answer to a ping for
   * every sync that came before the proposal; and the commit must not overtake them, for the session that asked may
   * be the one that wrote.
   */
  beforeCommit(zxid: number): void {
    const isBefore = (sync: PendingSync): boolean => sync.zxid < zxid;
    this.confirmed.push(...this.asked.filter(isBefore), ...this.waiting.filter(isBefore));
    this.asked = this.asked.filter((sync) => !isBefore(sync));
    this.waiting = this.waiting.filter((sync) => !isBefore(sync));
    this.finish();
    if (this.asked.length === 0 && this.waiting.length > 0) this.ask();
  }

  /** More has been committed. */
  finish(): void {
    const upTo = this.options.lastCommittedZxid();
    while (this.confirmed[0] !== undefined && this.confirmed[0].zxid <= upTo) this.confirmed.shift()?.done();
  }

  private ask(): void {
    this.asked = this.waiting;
    this.waiting = [];
    this.expected.clear();
    for (const handler of this.options.handlers()) {
      this.options.ping(handler);
      this.expected.set(handler, handler.pingsSent);
    }
    this.look();
  }

  private look(): void {
    const votes = this.options.newTracker();
    for (const [handler, count] of this.expected) {
      if (!handler.isClosed && handler.pingsAnswered >= count) votes.add(handler.id);
    }
    if (!votes.hasAllQuorums()) return;
    this.confirmed.push(...this.asked);
    this.asked = [];
    this.finish();
    if (this.waiting.length > 0) this.ask();
  }
}
