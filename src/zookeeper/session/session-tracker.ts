import { ErrorCode } from '../../wire/zookeeper/errors.ts';

/** A session in the eyes of the server that decides about it. */
export interface Session {
  readonly id: bigint;
  readonly timeoutMs: number;
  /** Set once the closing transaction is on its way: from then on the session can do nothing any more. */
  isClosing: boolean;
  /** The server that the session's client is connected to; undefined until it is known. */
  owner: unknown;
  /** The bucket that the session expires with: a multiple of the tick, in the clock of `nowMs`. */
  expiresAtMs: number;
}

export interface SessionTrackerOptions {
  tickMs: number;
  /** Monotonic, in milliseconds. */
  nowMs: number;
  /** The first session id to give out. */
  firstSessionId: bigint;
  /** What {@link SessionTracker.check} says of sessions that are not here; UNKNOWNSESSION by default. */
  unknownSession?: ((id: bigint) => ErrorCode) | undefined;
}

/**
 * The first session id of a server (SessionTrackerImpl.initializeNextSessionId): the server id in the top byte,
 * then 40 bits of a clock, then a counter. Departs from 3.9 in using the wall clock instead of the machine's
 * up-time, so that ids do not come back after a reboot.
 */
export function firstSessionId(serverId: number, wallClockMs: number): bigint {
  const clock = BigInt.asUintN(40, BigInt(Math.floor(wallClockMs))) << 16n;
  const id = BigInt.asIntN(64, (BigInt(serverId) << 56n) | clock);
  // Long.MIN_VALUE marks containers.
  return id === -(1n << 63n) ? id + 1n : id;
}

/**
 * The sessions of a server and when they expire (SessionTrackerImpl, ExpiryQueue). Time is cut into ticks:
 * a session expires with its bucket, at most one tick late and never early. Transitions of a session:
 * tracked -> (touched)* -> closing -> removed.
 */
export class SessionTracker {
  private readonly sessions = new Map<bigint, Session>();
  private readonly buckets = new Map<number, Set<Session>>();
  private readonly tickMs: number;
  private nextExpiryMs: number;
  private nextId: bigint;
  private readonly unknownSession: ((id: bigint) => ErrorCode) | undefined;

  constructor(options: SessionTrackerOptions) {
    this.tickMs = options.tickMs;
    this.nextExpiryMs = this.bucketOf(options.nowMs);
    this.nextId = options.firstSessionId;
    this.unknownSession = options.unknownSession;
  }

  get size(): number {
    return this.sessions.size;
  }

  all(): Iterable<Session> {
    return this.sessions.values();
  }

  get(id: bigint): Session | undefined {
    return this.sessions.get(id);
  }

  /** Buckets in order of time, for the `dump` command. */
  expiryBuckets(): [expiresAtMs: number, sessions: ReadonlySet<Session>][] {
    return [...this.buckets].sort(([a], [b]) => a - b);
  }

  /** A new session under an id that no session has. */
  create(timeoutMs: number, nowMs: number): bigint {
    while (this.sessions.has(this.nextId)) this.nextId++;
    const id = this.nextId++;
    this.track(id, timeoutMs, nowMs);
    return id;
  }

  /** Begins to watch over a session, or touches it when it is known. */
  track(id: bigint, timeoutMs: number, nowMs: number): void {
    const known = this.sessions.get(id);
    const session = known ?? { id, timeoutMs, isClosing: false, owner: undefined, expiresAtMs: Number.NaN };
    if (known === undefined) this.sessions.set(id, session);
    this.schedule(session, nowMs + timeoutMs);
  }

  /** A sign of life: the session lives for `timeoutMs` from now. False when it is unknown or closing. */
  touch(id: bigint, timeoutMs: number, nowMs: number): boolean {
    const session = this.sessions.get(id);
    if (session === undefined || session.isClosing) return false;
    this.schedule(session, nowMs + timeoutMs);
    return true;
  }

  /** Whether requests of the session that come by way of `owner` may go ahead. The first owner is believed. */
  check(id: bigint, owner: unknown): ErrorCode {
    const session = this.sessions.get(id);
    if (session === undefined) return this.unknownSession?.(id) ?? ErrorCode.UNKNOWNSESSION;
    if (session.isClosing) return ErrorCode.SESSIONEXPIRED;
    session.owner ??= owner;
    return session.owner === owner ? ErrorCode.OK : ErrorCode.SESSIONMOVED;
  }

  /** As {@link check}, where an unknown session is an expired one. */
  checkGlobal(id: bigint, owner: unknown): ErrorCode {
    return this.sessions.has(id) ? this.check(id, owner) : ErrorCode.SESSIONEXPIRED;
  }

  setOwner(id: bigint, owner: unknown): void {
    const session = this.sessions.get(id);
    if (session !== undefined && !session.isClosing) session.owner = owner;
  }

  setClosing(id: bigint): void {
    const session = this.sessions.get(id);
    if (session !== undefined) session.isClosing = true;
  }

  remove(id: bigint): void {
    const session = this.sessions.get(id);
    if (session === undefined) return;
    this.sessions.delete(id);
    this.unschedule(session);
  }

  /** Milliseconds until {@link expire} may have something to do. */
  msToNextExpiry(nowMs: number): number {
    return Math.max(0, this.nextExpiryMs - nowMs);
  }

  /** The sessions whose time is up, now marked as closing: each is reported once. */
  expire(nowMs: number): bigint[] {
    const expired: bigint[] = [];
    while (this.nextExpiryMs <= nowMs) {
      const bucket = this.buckets.get(this.nextExpiryMs);
      this.buckets.delete(this.nextExpiryMs);
      this.nextExpiryMs += this.tickMs;
      for (const session of bucket ?? []) {
        // Its end is under way, and may take its time without a quorum: another one would change nothing.
        if (session.isClosing) continue;
        session.isClosing = true;
        expired.push(session.id);
      }
    }
    return expired;
  }

  private bucketOf(timeMs: number): number {
    return (Math.floor(timeMs / this.tickMs) + 1) * this.tickMs;
  }

  private schedule(session: Session, expiryMs: number): void {
    const bucketMs = this.bucketOf(expiryMs);
    if (bucketMs === session.expiresAtMs) return;
    this.unschedule(session);
    session.expiresAtMs = bucketMs;
    const bucket = this.buckets.get(bucketMs);
    if (bucket === undefined) this.buckets.set(bucketMs, new Set([session]));
    else bucket.add(session);
  }

  private unschedule(session: Session): void {
    const bucket = this.buckets.get(session.expiresAtMs);
    if (bucket?.delete(session) && bucket.size === 0) this.buckets.delete(session.expiresAtMs);
  }
}
