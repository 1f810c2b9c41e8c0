import { ErrorCode } from '../../wire/zookeeper/errors.ts';
import { OpCode } from '../../wire/zookeeper/op-codes.ts';
import { type EncodedTxn, encodedTxn } from '../../wire/zookeeper/txn-entry.ts';
import type { EnsembleView } from '../pipeline/check-reconfig.ts';
import { isWrite, type Request } from '../pipeline/request.ts';
import type { ZxidSource } from '../pipeline/zxid.ts';
import type { ServerCore } from './server-core.ts';
import type { ServerMode, ServerRole } from './server-role.ts';
import { WriteOrderer } from './write-orderer.ts';

export interface OrderingServerOptions {
  core: ServerCore;
  mode: ServerMode;
  zxids: ZxidSource;
  /** The top byte of session ids. */
  sessionServerId: number;
  /** Undefined on a standalone server. */
  ensemble?: EnsembleView;
  /** What requests of sessions that the ensemble does not know come to; by default they are refused. */
  unknownSession?: (sessionId: bigint) => ErrorCode;
  /** Has a transaction agreed on; it comes back by `core.commit`. */
  propose(txn: EncodedTxn): void;
  /** Calls `done` when everything proposed so far is applied. */
  sync(done: () => void): void;
  monitorValues(): [name: string, value: string | number][];
  statusLines(): string[];
}

/** The server that orders the writes of all: a standalone one, or the leader of an ensemble. */
export class OrderingServer implements ServerRole {
  readonly mode: ServerMode;
  readonly opensSessionsAlone = false;
  readonly localSessionCount = 0;
  readonly sessions: WriteOrderer;
  private readonly core: ServerCore;
  private readonly options: OrderingServerOptions;

  constructor(options: OrderingServerOptions) {
    const { core, zxids, sessionServerId, ensemble, unknownSession } = options;
    this.options = options;
    this.core = core;
    this.mode = options.mode;
    this.sessions = new WriteOrderer({
      host: core,
      zxids,
      sessionServerId,
      ensemble,
      unknownSession,
      submitOwn: (request) => this.submit(request),
    });
  }

  /** Serves as `role`, which stands in front of this one. */
  start(takesClients = true, role: ServerRole = this): void {
    this.core.serve(role, takesClients);
    this.sessions.start();
  }

  stop(): void {
    this.sessions.stop();
  }

  newSession(timeoutMs: number): bigint {
    return this.sessions.tracker.create(timeoutMs, this.core.monotonicMs());
  }

  reattach(sessionId: bigint, timeoutMs: number, answer: (lives: boolean) => void): void {
    answer(this.revalidate(this.core.owner, sessionId, timeoutMs));
  }

  /** Whether a session lives, which from now on is that owner's. */
  revalidate(owner: unknown, sessionId: bigint, timeoutMs: number): boolean {
    const { tracker } = this.sessions;
    if (!tracker.touch(sessionId, timeoutMs, this.core.monotonicMs())) return false;
    tracker.setOwner(sessionId, owner);
    return true;
  }

  touch(sessionId: bigint, timeoutMs: number): void {
    this.sessions.tracker.touch(sessionId, timeoutMs, this.core.monotonicMs());
  }

  submit(request: Request, sessionTimeoutMs = 0): void {
    const { tracker } = this.sessions;
    const { sessionId, receivedMs } = request;
    if (request.client !== undefined) tracker.touch(sessionId, sessionTimeoutMs, receivedMs);
    if (!isWrite(request.type)) {
      this.read(request);
      return;
    }
    this.sessions.prepare(request);
    if (request.entry === undefined) {
      this.core.execute(request);
    } else {
      this.core.awaitCommit(request);
      this.options.propose(encodedTxn(request.entry));
    }
  }

  private read(request: Request): void {
    const error = this.sessions.tracker.check(request.sessionId, request.owner);
    if (error !== ErrorCode.OK) request.refusal = error;
    if (request.type !== OpCode.sync || error !== ErrorCode.OK) {
      this.core.execute(request);
      return;
    }
    this.core.awaitCommit(request);
    this.options.sync(() => this.core.synced(request));
  }

  /** A write of another server's client. Its answer is the commit; even what cannot be read gets one. */
  submitForwarded(request: Request): void {
    this.sessions.prepare(request);
    const entry = request.entry ?? this.sessions.refuse(request, ErrorCode.MARSHALLINGERROR);
    this.options.propose(encodedTxn(entry));
  }

  applied(zxid: number): void {
    this.sessions.preparer.changes.applied(zxid);
  }

  sessionBegan(): void {
    // Tracked since it was prepared.
  }

  sessionEnded(sessionId: bigint): void {
    this.sessions.tracker.remove(sessionId);
  }

  monitorValues(): [name: string, value: string | number][] {
    return this.options.monitorValues();
  }

  statusLines(): string[] {
    return this.options.statusLines();
  }
}
