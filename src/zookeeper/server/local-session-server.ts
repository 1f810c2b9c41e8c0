import type { Timer } from '../../env/timers.ts';
import { ErrorCode } from '../../wire/zookeeper/errors.ts';
import { OpCode } from '../../wire/zookeeper/op-codes.ts';
import { CreateSessionTxn } from '../../wire/zookeeper/txn.ts';
import { createsEphemeral } from '../pipeline/prepare.ts';
import type { Request } from '../pipeline/request.ts';
import { firstSessionId, SessionTracker } from '../session/session-tracker.ts';
import type { ServerCore } from './server-core.ts';
import type { ServerMode, ServerRole, SessionOverview } from './server-role.ts';

export interface LocalSessionServerOptions {
  core: ServerCore;
  serverId: number;
  /** Whether a local session that creates an ephemeral node becomes one of the ensemble. */
  isUpgrading: boolean;
  /** Whose requests they are once their session is seen to. */
  inner: ServerRole;
}

/**
 * Sessions that one server alone knows (localSessionsEnabled): they open and close without a transaction, and own no
 * ephemeral nodes. In front of the role of a leader or a learner, which has those of the ensemble:
 *
 *     new   --connect--> local
 *     local --ephemeral node to create, upgrading--> global, by a transaction ahead of the request
 *     local --closed, silent for its timeout, or the server's role ends--> gone
 */
export class LocalSessionServer implements ServerRole {
  readonly opensSessionsAlone = true;
  private readonly options: LocalSessionServerOptions;
  private readonly core: ServerCore;
  private readonly inner: ServerRole;
  private readonly local: SessionTracker;
  private timer: Timer | undefined;

  constructor(options: LocalSessionServerOptions) {
    const { core, serverId } = options;
    this.options = options;
    this.core = core;
    this.inner = options.inner;
    this.local = new SessionTracker({
      tickMs: core.config.tickTimeMs,
      nowMs: core.monotonicMs(),
      firstSessionId: firstSessionId(serverId, core.wallMs()),
    });
  }

  start(): void {
    const delayMs = Math.max(1, Math.ceil(this.local.msToNextExpiry(this.core.monotonicMs())));
    this.timer = this.core.env.timers.after(delayMs, () => {
      this.core.turn(() => this.expire());
      this.start();
    });
  }

  stop(): void {
    this.timer?.cancel();
  }

  private expire(): void {
    for (const sessionId of this.local.expire(this.core.monotonicMs())) {
      this.core.stats.staleSessionsExpired++;
      this.local.remove(sessionId);
      this.core.dropSession(sessionId);
    }
  }

  has(sessionId: bigint): boolean {
    return this.local.get(sessionId) !== undefined;
  }

  get mode(): ServerMode {
    return this.inner.mode;
  }

  get sessions(): SessionOverview {
    return this.inner.sessions;
  }

  get localSessionCount(): number {
    return this.local.size;
  }

  newSession(timeoutMs: number): bigint {
    return this.local.create(timeoutMs, this.core.monotonicMs());
  }

  reattach(sessionId: bigint, timeoutMs: number, answer: (lives: boolean) => void): void {
    if (this.has(sessionId)) answer(this.local.touch(sessionId, timeoutMs, this.core.monotonicMs()));
    else this.inner.reattach(sessionId, timeoutMs, answer);
  }

  submit(request: Request, sessionTimeoutMs: number): void {
    const { sessionId, type } = request;
    if (!this.local.touch(sessionId, sessionTimeoutMs, request.receivedMs)) {
      this.inner.submit(request, sessionTimeoutMs);
    } else if (type === OpCode.closeSession) {
      this.local.remove(sessionId);
      this.core.execute(request);
    } else if (!createsEphemeral(request)) {
      this.inner.submit(request, sessionTimeoutMs);
    } else if (this.options.isUpgrading) {
      this.upgrade(request, sessionTimeoutMs);
      this.inner.submit(request, sessionTimeoutMs);
    } else {
      request.refusal = ErrorCode.EPHEMERALONLOCALSESSION;
      this.core.execute(request);
    }
  }

  private upgrade({ sessionId, identities, receivedMs }: Request, timeOut: number): void {
    this.local.remove(sessionId);
    const createSession: Request = {
      sessionId,
      cxid: 0,
      type: OpCode.createSession,
      body: CreateSessionTxn.encode({ timeOut }),
      client: undefined,
      identities,
      owner: this.core.owner,
      receivedMs,
    };
    this.inner.submit(createSession, timeOut);
  }

  applied(zxid: number): void {
    this.inner.applied(zxid);
  }

  sessionBegan(sessionId: bigint, timeoutMs: number): void {
    this.local.remove(sessionId);
    this.inner.sessionBegan(sessionId, timeoutMs);
  }

  sessionEnded(sessionId: bigint): void {
    this.inner.sessionEnded(sessionId);
  }

  monitorValues(): [name: string, value: string | number][] {
    return this.inner.monitorValues();
  }

  statusLines(): string[] {
    return this.inner.statusLines();
  }
}
