import type { Timer } from '../../../env/timers.ts';
import { deleteForSure, withRetries } from '../retry.ts';
import type { SessionEvent } from '../session.ts';
import type { ZooKeeperClient } from '../zookeeper-client.ts';
import { isZooKeeperError } from '../zookeeper-error.ts';
import { RecipeError } from './recipe-error.ts';

/** Share of the session timeout for which a holder without a connection goes on to count on its session. */
const TRUST_SHARE = 1 / 3;

/**
 * Something that a session holds by an ephemeral node: a lock, a place in a group, a partition.
 *
 *     held --session ended, node deleted by somebody--> lost
 *     held --no connection for a third of the session timeout--> lost: the server may give it to others soon
 *     held --release()--> released
 *     lost --release()--> released: the node is deleted if it is there after all
 *
 * The signal is a courtesy: a holder that is slow, or whose clock is, may hear of its loss after its successor has
 * begun. What must not be touched by two has to compare fencing numbers, and refuse one smaller than it has seen.
 */
export class Holding {
  readonly path: string;
  /** The transaction that made the node (`czxid`): a later holder's is greater. */
  readonly fencingNumber: number;
  private readonly client: ZooKeeperClient;
  private readonly abort = new AbortController();
  private readonly stopListening: () => void;
  private suspicion: Timer | undefined;
  private released: Promise<void> | undefined;

  constructor(client: ZooKeeperClient, node: { path: string; czxid: number }) {
    this.client = client;
    this.path = node.path;
    this.fencingNumber = node.czxid;
    this.stopListening = client.addSessionListener((event) => this.sessionChanged(event));
    void this.guard();
  }

  /** Aborted, with a {@link RecipeError} LOST as the reason, when it is lost before it is released. */
  get lost(): AbortSignal {
    return this.abort.signal;
  }

  /**
   * Gives it up. Resolves when the node is gone; after the session's end it is, or goes with the session. `by` is
   * an operation that deletes the node along with other things.
   */
  release(by: () => Promise<void> = () => this.deleteNode()): Promise<void> {
    if (this.released === undefined) {
      this.stopListening();
      this.suspicion?.cancel();
      this.released = by();
    }
    return this.released;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  private async deleteNode(): Promise<void> {
    try {
      await deleteForSure(this.client, this.path);
    } catch (error) {
      if (!isZooKeeperError(error, 'SESSIONEXPIRED')) throw error;
    }
  }

  private sessionChanged(event: SessionEvent): void {
    this.suspicion?.cancel();
    if (event === 'connected' || event === 'connectedReadOnly') return;
    if (event !== 'disconnected') {
      this.lose(`the session has ended: ${event}`);
      return;
    }
    const trustMs = this.client.sessionTimeoutMs * TRUST_SHARE;
    this.suspicion = this.client.env.timers.after(trustMs, () => {
      this.lose(`no connection for ${Math.round(trustMs)} ms: the session may have expired`);
    });
  }

  /** Watches the node, until it is gone. */
  private async guard(): Promise<void> {
    const watch = (): void => {
      if (!this.abort.signal.aborted && this.released === undefined) void this.guard();
    };
    try {
      const stat = await withRetries(this.client, () => this.client.exists(this.path, watch));
      if (stat === null) this.lose('its node was deleted');
    } catch (error) {
      this.lose(`its node cannot be watched: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  private lose(why: string): void {
    if (this.released !== undefined || this.abort.signal.aborted) return;
    this.stopListening();
    this.suspicion?.cancel();
    this.abort.abort(new RecipeError('LOST', this.path, why));
  }
}
