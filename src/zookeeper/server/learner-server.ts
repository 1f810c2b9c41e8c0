import { hex } from '../../base/hex.ts';
import { ErrorCode } from '../../wire/zookeeper/errors.ts';
import { OpCode } from '../../wire/zookeeper/op-codes.ts';
import { isReadableWrite } from '../pipeline/prepare.ts';
import { isWrite, type Request } from '../pipeline/request.ts';
import { firstSessionId } from '../session/session-tracker.ts';
import type { ForwardedRequest } from '../zab/packets.ts';
import type { ServerCore } from './server-core.ts';
import type { ServerMode, ServerRole, SessionOverview } from './server-role.ts';

export interface LearnerServerOptions {
  core: ServerCore;
  mode: ServerMode;
  serverId: number;
  /** Sends a write, or a sync, to the leader. */
  forward(request: ForwardedRequest): void;
  /** Asks the leader whether a session goes on here. */
  revalidate(sessionId: bigint, timeoutMs: number): void;
  monitorValues(): [name: string, value: string | number][];
}

/**
 * The server of a follower or an observer: it answers reads from its own tree and sends writes to the leader, which
 * also decides about sessions. Writes come back as commits, in the order in which this server's sessions sent them.
 */
export class LearnerServer implements ServerRole, SessionOverview {
  readonly mode: ServerMode;
  readonly opensSessionsAlone = false;
  readonly localSessionCount = 0;
  readonly sessions: SessionOverview = this;
  private readonly core: ServerCore;
  private readonly options: LearnerServerOptions;
  private nextSessionId: bigint;
  /** Sessions heard from since the leader asked last, with their timeouts in milliseconds. */
  private touched = new Map<bigint, number>();
  private readonly revalidations = new Map<bigint, ((lives: boolean) => void)[]>();
  private readonly syncs: Request[] = [];

  constructor(options: LearnerServerOptions) {
    this.options = options;
    this.core = options.core;
    this.mode = options.mode;
    this.nextSessionId = firstSessionId(options.serverId, options.core.wallMs());
  }

  newSession(): bigint {
    while (this.core.sessionTimeouts.has(this.nextSessionId)) this.nextSessionId++;
    return this.nextSessionId++;
  }

  reattach(sessionId: bigint, timeoutMs: number, answer: (lives: boolean) => void): void {
    const waiting = this.revalidations.get(sessionId);
    if (waiting === undefined) this.revalidations.set(sessionId, [answer]);
    else waiting.push(answer);
    this.options.revalidate(sessionId, timeoutMs);
  }

  /** The leader's answer, in the order of the questions. */
  revalidated(sessionId: bigint, lives: boolean): void {
    const waiting = this.revalidations.get(sessionId);
    const answer = waiting?.shift();
    if (waiting?.length === 0) this.revalidations.delete(sessionId);
    answer?.(lives);
  }

  submit(request: Request, sessionTimeoutMs: number): void {
    this.touched.set(request.sessionId, sessionTimeoutMs);
    const isSync = request.type === OpCode.sync;
    if (!isSync && !isWrite(request.type)) {
      this.core.execute(request);
    } else if (!isSync && !isReadableWrite(request)) {
      request.refusal = ErrorCode.MARSHALLINGERROR;
      this.core.execute(request);
    } else {
      this.core.awaitCommit(request);
      if (isSync) this.syncs.push(request);
      this.options.forward(request);
    }
  }

  /** Everything that was committed when the leader got the oldest sync under way has been applied. */
  synced(): void {
    const request = this.syncs.shift();
    if (request !== undefined) this.core.synced(request);
  }

  takeTouched(): ReadonlyMap<bigint, number> {
    const { touched } = this;
    this.touched = new Map();
    return touched;
  }

  applied(): void {
    // Nothing is checked here against changes that are under way.
  }

  sessionBegan(sessionId: bigint, timeoutMs: number): void {
    this.touched.set(sessionId, timeoutMs);
  }

  sessionEnded(sessionId: bigint): void {
    this.touched.delete(sessionId);
  }

  get size(): number {
    return this.core.sessionTimeouts.size;
  }

  expiresAtMs(): undefined {
    return undefined;
  }

  dump(): string[] {
    const sessions = [...this.core.sessionTimeouts].sort(([a], [b]) => (a < b ? -1 : 1));
    const lines = sessions.map(([id, timeoutMs]) => `${hex(id)}\t${timeoutMs}ms`);
    return [`Global Sessions(${sessions.length}):`, ...lines];
  }

  monitorValues(): [name: string, value: string | number][] {
    return this.options.monitorValues();
  }

  statusLines(): string[] {
    return [];
  }
}
