import type { Clock } from '../../env/clock.ts';
import type { Random } from '../../env/random.ts';
import { ErrorCode } from '../../wire/kafka/errors.ts';

/** Session id of a fetch without a session. */
export const NO_SESSION = 0;
/** Epoch that begins a session. */
const INITIAL_EPOCH = 0;
/** Epoch that asks for no session, and ends one. */
const FINAL_EPOCH = -1;
const MAX_SESSION_ID = 0x7fff_ffff;

/** A partition as a fetch request names it: by name, or from version 13 on by id. */
export interface SessionPartition {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly fetchOffset: number;
  readonly maxBytes: number;
  readonly currentLeaderEpoch: number;
  readonly lastFetchedEpoch: number;
  /** Of a follower's log; -1 for a consumer. */
  readonly logStartOffset: number;
}

/** What a session remembers to have told about a partition. */
interface Cached {
  request: SessionPartition;
  highWatermark: number;
  logStartOffset: number;
}

/** The part of a partition's answer that decides whether the client must hear of it. */
export interface SessionAnswer {
  readonly error: ErrorCode;
  readonly highWatermark: number;
  readonly logStartOffset: number;
  readonly bytes: number;
  readonly divergingEpoch: unknown;
  readonly preferredReadReplica: number;
}

interface Session {
  readonly id: number;
  readonly byTopicId: boolean;
  /** A follower's session: worth more than a consumer's. */
  readonly privileged: boolean;
  readonly createdMs: number;
  lastUsedMs: number;
  /** The epoch that the next request must have. */
  epoch: number;
  /** In the order in which they are read: those with data go to the end. */
  readonly partitions: Map<string, Cached>;
}

export interface SessionRequest {
  readonly sessionId: number;
  readonly sessionEpoch: number;
  readonly byTopicId: boolean;
  readonly privileged: boolean;
  readonly partitions: readonly SessionPartition[];
  readonly forgotten: readonly {
    readonly topic: string;
    readonly topicId: string;
    readonly partition: number;
  }[];
}

/** How one fetch is to be carried out and answered. */
export interface FetchContext {
  readonly partitions: readonly SessionPartition[];
  /**
   * Takes the answers, in the order of `partitions`, and says which of them go out, under which session id; or an
   * error for the whole fetch.
   */
  finish(answers: readonly SessionAnswer[]): {
    readonly sessionId: number;
    readonly included: (index: number) => boolean;
    readonly error: ErrorCode;
  };
}

function keyOf(
  byTopicId: boolean,
  { topic, topicId, partition }: { topic: string; topicId: string; partition: number },
): string {
  return `${byTopicId ? topicId : topic}:${partition}`;
}

function nextEpoch(epoch: number): number {
  return epoch === MAX_SESSION_ID ? 1 : epoch + 1;
}

/**
 * Fetch sessions (KIP-227): a client that fetches the same partitions again and again names only what changes, and
 * hears only of what has changed.
 *
 * States of a session: new (epoch 0 came) -> used (each request has the next epoch) -> gone (final epoch, a new full
 * fetch, no partitions left, or evicted for a newer one).
 */
export class FetchSessions {
  private readonly clock: Clock;
  private readonly random: Random;
  /** `max.incremental.fetch.session.cache.slots` */
  private readonly slots: number;
  private readonly evictionMs: number;
  /** In order of last use. */
  private readonly sessions = new Map<number, Session>();

  constructor(options: { clock: Clock; random: Random; slots: number; evictionMs: number }) {
    this.clock = options.clock;
    this.random = options.random;
    this.slots = options.slots;
    this.evictionMs = options.evictionMs;
  }

  get size(): number {
    return this.sessions.size;
  }

  /** What a request means for its session; an error code when the session is not there or out of step. */
  begin(request: SessionRequest): FetchContext | { readonly error: ErrorCode } {
    const { sessionId, sessionEpoch } = request;
    if (sessionEpoch === INITIAL_EPOCH || sessionEpoch === FINAL_EPOCH) {
      this.sessions.delete(sessionId);
      return sessionEpoch === FINAL_EPOCH ? sessionless(request) : this.full(request);
    }
    const session = this.sessions.get(sessionId);
    if (session === undefined) return { error: ErrorCode.FETCH_SESSION_ID_NOT_FOUND };
    if (session.epoch !== sessionEpoch) return { error: ErrorCode.INVALID_FETCH_SESSION_EPOCH };
    if (session.byTopicId !== request.byTopicId) return { error: ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR };
    return this.incremental(session, request);
  }

  private full(request: SessionRequest): FetchContext {
    return {
      partitions: request.partitions,
      finish: (answers) => ({
        sessionId: this.create(request, answers),
        included: () => true,
        error: ErrorCode.NONE,
      }),
    };
  }

  private incremental(session: Session, request: SessionRequest): FetchContext {
    for (const partition of request.partitions) {
      const key = keyOf(session.byTopicId, partition);
      const cached = session.partitions.get(key);
      if (cached !== undefined) cached.request = partition;
      else session.partitions.set(key, { request: partition, highWatermark: -1, logStartOffset: -1 });
    }
    for (const partition of request.forgotten) session.partitions.delete(keyOf(session.byTopicId, partition));
    if (session.partitions.size === 0) {
      this.sessions.delete(session.id);
      return sessionless({ ...request, partitions: [] });
    }
    session.lastUsedMs = this.clock.monotonicMs();
    this.sessions.delete(session.id);
    this.sessions.set(session.id, session);
    session.epoch = nextEpoch(session.epoch);
    const expectedEpoch = session.epoch;
    const cached = [...session.partitions.values()];
    return {
      partitions: cached.map((entry) => entry.request),
      finish: (answers) => {
        const sessionId = session.id;
        // The client did not wait and sent its next request already.
        if (session.epoch !== expectedEpoch) {
          return { sessionId, included: () => false, error: ErrorCode.INVALID_FETCH_SESSION_EPOCH };
        }
        const told = answers.map((answer, index) => tell(session, cached[index], answer));
        return { sessionId, included: (index) => told[index] === true, error: ErrorCode.NONE };
      },
    };
  }

  private create(request: SessionRequest, answers: readonly SessionAnswer[]): number {
    const nowMs = this.clock.monotonicMs();
    const { byTopicId, privileged } = request;
    if (this.sessions.size >= this.slots && !this.evictFor(request, nowMs)) return NO_SESSION;
    let id: number;
    do id = 1 + this.random.below(MAX_SESSION_ID);
    while (this.sessions.has(id));
    const partitions = new Map<string, Cached>();
    for (const [index, partition] of request.partitions.entries()) {
      const answer = answers[index];
      partitions.set(keyOf(byTopicId, partition), {
        request: partition,
        highWatermark: answer === undefined || answer.error !== ErrorCode.NONE ? -1 : answer.highWatermark,
        logStartOffset: answer?.logStartOffset ?? -1,
      });
    }
    const epoch = nextEpoch(INITIAL_EPOCH);
    this.sessions.set(id, {
      id,
      byTopicId,
      privileged,
      createdMs: nowMs,
      lastUsedMs: nowMs,
      epoch,
      partitions,
    });
    return id;
  }

  /** Makes room: a session long unused goes first, else the smallest old one that is worth less than the new. */
  private evictFor(request: SessionRequest, nowMs: number): boolean {
    const [oldest] = this.sessions.values();
    if (oldest === undefined) return false;
    if (nowMs - oldest.lastUsedMs > this.evictionMs) return this.sessions.delete(oldest.id);
    let least: Session | undefined;
    for (const session of this.sessions.values()) {
      if (nowMs - session.createdMs <= this.evictionMs) continue;
      if (session.privileged && !request.privileged) continue;
      if (least === undefined || compareWorth(worthOf(session), worthOf(least)) < 0) least = session;
    }
    if (least === undefined) return false;
    const worth = { privileged: request.privileged, size: request.partitions.length };
    if (compareWorth(worth, worthOf(least)) < 0) return false;
    return this.sessions.delete(least.id);
  }
}

interface Worth {
  readonly privileged: boolean;
  readonly size: number;
}

function worthOf(session: Session): Worth {
  return { privileged: session.privileged, size: session.partitions.size };
}

function compareWorth(left: Worth, right: Worth): number {
  return Number(left.privileged) - Number(right.privileged) || left.size - right.size;
}

function sessionless(request: SessionRequest): FetchContext {
  return {
    partitions: request.partitions,
    finish: () => ({ sessionId: NO_SESSION, included: () => true, error: ErrorCode.NONE }),
  };
}

/** Whether the client must hear of this answer; notes what it hears. */
function tell(session: Session, cached: Cached | undefined, answer: SessionAnswer): boolean {
  if (cached === undefined) return true;
  const failed = answer.error !== ErrorCode.NONE;
  const changed =
    failed ||
    answer.bytes > 0 ||
    answer.divergingEpoch !== undefined ||
    answer.preferredReadReplica >= 0 ||
    cached.highWatermark !== answer.highWatermark ||
    cached.logStartOffset !== answer.logStartOffset;
  // After an error the partition is told again as soon as it is well.
  cached.highWatermark = failed ? -1 : answer.highWatermark;
  cached.logStartOffset = answer.logStartOffset;
  if (answer.bytes > 0) {
    // Others are read before it next time, so that none starves.
    const key = keyOf(session.byTopicId, cached.request);
    if (session.partitions.delete(key)) session.partitions.set(key, cached);
  }
  return changed;
}
