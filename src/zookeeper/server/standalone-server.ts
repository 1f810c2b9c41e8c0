import { ErrorCode } from '../../wire/zookeeper/errors.ts';
import { type EncodedTxn, encodedTxn } from '../../wire/zookeeper/txn-entry.ts';
import { GroupCommit } from '../pipeline/group-commit.ts';
import { isWrite, type Request } from '../pipeline/request.ts';
import { ZxidSource } from '../pipeline/zxid.ts';
import type { ServerCore } from './server-core.ts';
import type { ServerMode, ServerRole } from './server-role.ts';
import { WriteOrderer } from './write-orderer.ts';

/** What a server without an id puts into the top byte of session ids (createSessionTrackerServerId). */
const STANDALONE_SESSION_SERVER_ID = 1;

/**
 * A server without an ensemble: prepare, log, commit behind each other.
 *
 *     serving --stop--> stopped
 *     serving --log fails--> stopped, and `failed` is told
 */
export class StandaloneServer implements ServerRole {
  readonly mode: ServerMode = 'standalone';
  readonly sessions: WriteOrderer;
  private readonly core: ServerCore;
  private readonly groupCommit: GroupCommit;

  constructor(core: ServerCore, failed: (error: unknown) => void) {
    this.core = core;
    const { config, tree, storage, env } = core;
    this.sessions = new WriteOrderer({
      host: core,
      zxids: new ZxidSource(tree.lastProcessedZxid),
      sessionServerId: config.serverId === 0 ? STANDALONE_SESSION_SERVER_ID : config.serverId,
      submitOwn: (request) => this.submit(request),
    });
    this.groupCommit = new GroupCommit({
      log: storage,
      timers: env.timers,
      durable: (group) => core.turn(() => this.commitGroup(group)),
      failed: (error) => {
        this.stop();
        core.retire();
        failed(error);
      },
    });
  }

  start(): void {
    this.core.serve(this);
    this.sessions.start();
  }

  stop(): void {
    this.sessions.stop();
  }

  newSession(timeoutMs: number): bigint {
    return this.sessions.tracker.create(timeoutMs, this.core.monotonicMs());
  }

  reattach(sessionId: bigint, timeoutMs: number, answer: (lives: boolean) => void): void {
    answer(this.sessions.tracker.touch(sessionId, timeoutMs, this.core.monotonicMs()));
  }

  submit(request: Request, sessionTimeoutMs = 0): void {
    const { tracker } = this.sessions;
    const { sessionId, receivedMs } = request;
    if (request.client !== undefined) tracker.touch(sessionId, sessionTimeoutMs, receivedMs);
    if (!isWrite(request.type)) {
      const error = tracker.check(sessionId, request.owner);
      if (error !== ErrorCode.OK) request.refusal = error;
      this.core.execute(request);
      return;
    }
    this.sessions.prepare(request);
    if (request.entry === undefined) {
      this.core.execute(request);
    } else {
      this.core.awaitCommit(request);
      this.groupCommit.append(encodedTxn(request.entry));
    }
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

  monitorValues(): [string, string | number][] {
    return [];
  }

  statusLines(): string[] {
    return [];
  }

  private commitGroup(group: readonly EncodedTxn[]): void {
    if (this.core.role !== this) return;
    for (const { entry } of group) this.core.commit(entry);
    this.core.storage.transactionsApplied(group.length);
  }
}
