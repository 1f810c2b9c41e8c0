import { ErrorCode } from '../../wire/zookeeper/errors.ts';
import { OpCode } from '../../wire/zookeeper/op-codes.ts';
import { isWrite, type Request } from '../pipeline/request.ts';
import { firstSessionId } from '../session/session-tracker.ts';
import type { ServerCore } from './server-core.ts';
import type { ServerMode, ServerRole, SessionOverview } from './server-role.ts';

/**
 * A member of an ensemble that has found no leader: it answers reads of clients that allow it, from what it has,
 * which may be old or not committed (ReadOnlyZooKeeperServer). Sessions opened here are known here alone and end
 * with this mode; those of the ensemble may come by meanwhile.
 */
export class ReadOnlyServer implements ServerRole, SessionOverview {
  readonly mode: ServerMode = 'read-only';
  readonly sessions: SessionOverview = this;
  readonly opensSessionsAlone = true;
  private readonly core: ServerCore;
  private readonly opened = new Set<bigint>();
  private nextSessionId: bigint;

  constructor(core: ServerCore, serverId: number) {
    this.core = core;
    this.nextSessionId = firstSessionId(serverId, core.wallMs());
  }

  newSession(): bigint {
    while (this.core.sessionTimeouts.has(this.nextSessionId)) this.nextSessionId++;
    this.opened.add(this.nextSessionId);
    return this.nextSessionId++;
  }

  reattach(sessionId: bigint, _timeoutMs: number, answer: (lives: boolean) => void): void {
    answer(this.opened.has(sessionId) || this.core.sessionTimeouts.has(sessionId));
  }

  submit(request: Request): void {
    const { type, sessionId } = request;
    const isOwnClose = type === OpCode.closeSession && this.opened.delete(sessionId);
    if (!isOwnClose && (isWrite(type) || type === OpCode.sync)) request.refusal = ErrorCode.NOTREADONLY;
    this.core.execute(request);
  }

  applied(): void {
    // Nothing is committed without a leader.
  }

  sessionBegan(): void {
    // Only by transactions.
  }

  sessionEnded(): void {
    // Only by transactions.
  }

  get size(): number {
    return this.core.sessionTimeouts.size;
  }

  expiresAtMs(): undefined {
    return undefined;
  }

  dump(): string[] {
    return [`Global Sessions(${this.size}):`];
  }

  get localSessionCount(): number {
    return this.opened.size;
  }

  monitorValues(): [string, string | number][] {
    return [];
  }

  statusLines(): string[] {
    return [];
  }
}
