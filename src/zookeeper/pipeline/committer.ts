import { assert } from '../../base/assert.ts';
import { ErrorCode } from '../../wire/zookeeper/errors.ts';
import { OpCode } from '../../wire/zookeeper/op-codes.ts';
import type { TxnBody, TxnEntry } from '../../wire/zookeeper/txn-entry.ts';
import { applyTxn, type TxnResult } from '../tree/apply-txn.ts';
import type { PipelineMetrics } from './pipeline-metrics.ts';
import { executeRead, type ReadContext } from './read-operations.ts';
import { isWrite, type Request } from './request.ts';
import { replyToWrite } from './write-replies.ts';

export interface CommitterOptions extends ReadContext {
  readonly metrics: PipelineMetrics;
  monotonicMs(): number;
  /** A session's beginning (with its timeout) or end (undefined) has been applied. */
  sessionChanged(sessionId: bigint, timeoutMs: number | undefined): void;
  /** A transaction is in the tree: outstanding changes up to it may go. */
  applied(zxid: number): void;
  /** A request has been answered. */
  finished(request: Request): void;
}

/**
 * The last stage, on every server: applies committed transactions in order and answers the requests of the
 * server's own clients (CommitProcessor and FinalRequestProcessor of ZooKeeper 3.9).
 *
 * Order: the requests of one session are answered in the order in which they came. A read waits for the writes
 * that its session has under way and for nobody else's; it then sees the applied tree.
 */
export class Committer {
  private readonly options: CommitterOptions;
  /** Requests that wait, by session: the first of each list is pending, and only such sessions are here. */
  private readonly waiting = new Map<bigint, Request[]>();
  private waitingCount = 0;

  constructor(options: CommitterOptions) {
    this.options = options;
  }

  /** Requests that wait for a commit, including reads behind writes. */
  get waitingRequests(): number {
    return this.waitingCount;
  }

  /**
   * A request that has been sent on its way: a write is answered when it comes back by {@link commit}, a sync by
   * {@link synced}.
   */
  awaitCommit(request: Request): void {
    request.isPending = true;
    const queue = this.waiting.get(request.sessionId);
    if (queue === undefined) this.waiting.set(request.sessionId, [request]);
    else this.queueBehind(queue, request);
    this.waitingCount++;
  }

  /** A read, or a request that was refused before it was proposed: answered at once if it need not wait. */
  execute(request: Request): void {
    const queue = this.waiting.size === 0 ? undefined : this.waiting.get(request.sessionId);
    if (queue === undefined) {
      this.options.metrics.readCommitMs.add(0);
      this.answerRead(request);
    } else {
      this.queueBehind(queue, request);
      this.waitingCount++;
    }
  }

  private queueBehind(queue: Request[], request: Request): void {
    queue.push(request);
    this.options.metrics.sessionQueue.add(queue.length);
  }

  /** Applies the next committed transaction; answers its request, if it came from here, and the reads behind it. */
  commit(entry: TxnEntry): void {
    const { header, body } = entry;
    const { tree } = this.options;
    const result = applyTxn(tree, entry);
    this.options.applied(header.zxid);
    if (body.type === OpCode.createSession) {
      this.options.sessionChanged(header.clientId, body.txn.timeOut);
    } else if (body.type === OpCode.closeSession) {
      this.options.sessionChanged(header.clientId, undefined);
    }
    const queue = this.waiting.size === 0 ? undefined : this.waiting.get(header.clientId);
    const first = queue?.[0];
    if (queue === undefined || first === undefined || !isFor(first, entry)) return;
    const { metrics } = this.options;
    metrics.pendingSessions.add(this.waiting.size);
    metrics.writeCommitMs.add(Math.round(this.options.monotonicMs() - first.receivedMs));
    queue.shift();
    this.waitingCount--;
    this.answerWrite(first, body, result);
    this.answerReady(header.clientId, queue);
  }

  /** A sync may be answered: everything that was committed before it has been applied. */
  synced(request: Request): void {
    request.isPending = false;
    const queue = this.waiting.get(request.sessionId);
    if (queue !== undefined) this.answerReady(request.sessionId, queue);
  }

  private answerReady(sessionId: bigint, queue: Request[]): void {
    for (let next = queue[0]; next !== undefined && next.isPending !== true; next = queue[0]) {
      queue.shift();
      this.waitingCount--;
      const { metrics } = this.options;
      metrics.readCommitMs.add(Math.round(this.options.monotonicMs() - next.receivedMs));
      this.answerRead(next);
    }
    if (queue.length === 0) this.waiting.delete(sessionId);
  }

  private answerWrite(request: Request, body: TxnBody, result: TxnResult): void {
    const { client } = request;
    if (client !== undefined) {
      if (result.type === OpCode.createSession) client.sessionCreated(request);
      else client.respond(request, this.options.tree.lastProcessedZxid, replyToWrite(body, result));
      if (result.type === OpCode.closeSession || result.error === ErrorCode.SESSIONMOVED)
        client.closeAfterReplies();
    }
    this.options.finished(request);
  }

  private answerRead(request: Request): void {
    assert(request.entry === undefined, 'a write is answered by its commit');
    const { client, refusal } = request;
    if (client !== undefined) {
      if (refusal === ErrorCode.SESSIONMOVED) {
        client.closeAfterReplies();
      } else if (request.type === OpCode.closeSession && refusal === undefined) {
        // Of a session that this server alone knows: no transaction is needed.
        client.respond(request, this.options.tree.lastProcessedZxid, { error: ErrorCode.OK });
        client.closeAfterReplies();
      } else {
        const reply = refusal === undefined ? executeRead(this.options, request) : { error: refusal };
        client.respond(request, this.options.tree.lastProcessedZxid, reply);
      }
    }
    this.options.finished(request);
  }
}

/**
 * Whether a transaction is what a waiting request has become. Where another server prepared it, session and number
 * tell: a session's requests that went by way of other servers do not wait here.
 */
function isFor(request: Request, { header }: TxnEntry): boolean {
  if (request.entry !== undefined) return request.entry.header.zxid === header.zxid;
  // A session may be made known to the ensemble while a request of it waits.
  if (header.type === OpCode.createSession && request.type !== OpCode.createSession) return false;
  return request.isPending === true && isWrite(request.type) && request.cxid === header.cxid;
}
