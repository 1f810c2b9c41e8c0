import type { Request } from '../pipeline/request.ts';

/** What a server is to its clients, as the command `srvr` calls it. */
export type ServerMode = 'standalone' | 'leader' | 'follower' | 'observer' | 'read-only';

/** The sessions that a server knows, for the four-letter words. */
export interface SessionOverview {
  readonly size: number;
  /** Monotonic, in milliseconds; undefined where another server decides, or for an unknown session. */
  expiresAtMs(sessionId: bigint): number | undefined;
  /** The lines of `dump` about sessions; `date` writes a monotonic time. */
  dump(date: (monotonicMs: number) => string): string[];
}

/**
 * How a server orders writes and keeps sessions, which is what differs between standalone servers, leaders,
 * followers and observers. Everything else is in ServerCore, which calls this within its turns.
 */
export interface ServerRole {
  readonly mode: ServerMode;
  readonly sessions: SessionOverview;
  /** Sessions that this server alone knows. */
  readonly localSessionCount: number;
  /** Whether new sessions are this server's matter alone, and open without a transaction. */
  readonly opensSessionsAlone: boolean;
  /** An id for the session of a client that has none. Its creation comes as a request, if it needs one. */
  newSession(timeoutMs: number): bigint;
  /** Whether a session, whose password was right, goes on at this server; answers now or in a later turn. */
  reattach(sessionId: bigint, timeoutMs: number, answer: (lives: boolean) => void): void;
  /** A request of one of this server's clients, which is a sign of life of its session. */
  submit(request: Request, sessionTimeoutMs: number): void;
  /** A transaction has been applied to the tree. */
  applied(zxid: number): void;
  /** The end of a session has been applied. */
  sessionEnded(sessionId: bigint): void;
  /** A session has begun, here or elsewhere. */
  sessionBegan(sessionId: bigint, timeoutMs: number): void;
  /** Values for the command `mntr`, without the prefix. */
  monitorValues(): [name: string, value: string | number][];
  /** Further lines for `srvr` and `stat`. */
  statusLines(): string[];
}
