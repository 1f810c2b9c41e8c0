import { unlessAborted } from '../../../base/unless-aborted.ts';
import { childOf, childrenIn } from '../retry.ts';
import type { ZooKeeperClient } from '../zookeeper-client.ts';
import { watchOnce } from './contender.ts';
import type { Holding } from './holding.ts';
import { Membership } from './membership.ts';
import { RecipeError } from './recipe-error.ts';

export interface SetPartitionerOptions {
  /** What is divided: the same for all members. Each is a name of a node. */
  items: readonly string[];
  /** This member's own id. */
  member: string;
  /** An item is this member's; nobody else has it until it is revoked or lost (`holding.lost`). */
  assigned(item: string, holding: Holding): void;
  /** An item is to be given up: it goes to others when the promise has resolved. Called after a loss as well. */
  revoked(item: string): void | Promise<void>;
}

/**
 * Divides a set of items among members, evenly, anew whenever members come and go. Two nodes tell whose an item is:
 * who is a member says whose it ought to be, an ephemeral node of the item whose it is. A member gives up first what
 * ought to be another's, and takes what ought to be its own once the former owner's node is gone.
 */
export class SetPartitioner {
  private readonly client: ZooKeeperClient;
  private readonly options: SetPartitionerOptions;
  private readonly members: string;
  private readonly owners: string;
  private readonly held = new Map<string, Holding>();
  /** Has it look anew. */
  private wake: () => void = () => undefined;

  constructor(client: ZooKeeperClient, path: string, options: SetPartitionerOptions) {
    this.client = client;
    this.options = options;
    this.members = childOf(path, 'members');
    this.owners = childOf(path, 'owners');
  }

  /**
   * Takes part until the signal is aborted; then gives all up and resolves. Rejects with SESSIONEXPIRED or LOST when
   * the session ends, LOST when the member's own node is deleted, TAKEN when its id is another's; all is given up
   * by then, too.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { client, members, options } = this;
    const membership = await new Membership(client, members).join(options.member);
    const either = AbortSignal.any([signal, membership.lost]);
    try {
      while (!either.aborted) await this.settleOnce(either);
    } catch (error) {
      if (error !== either.reason) throw error;
    } finally {
      for (const item of [...this.held.keys()]) await this.giveUp(item);
      await membership.release();
    }
    if (membership.lost.aborted && !signal.aborted) throw membership.lost.reason;
  }

  /** Brings what it has in line with what it ought to have; resolves when that may have changed. */
  private async settleOnce(signal: AbortSignal): Promise<void> {
    const { fired, watch } = watchOnce();
    this.wake = watch;
    const members = (await childrenIn(this.client, this.members, watch, signal)).sort();
    const wanted = this.shareAmong(members);
    for (const [item, holding] of [...this.held]) {
      if (!wanted.has(item) || holding.lost.aborted) await this.giveUp(item);
    }
    const owned = await childrenIn(this.client, this.owners, watch, signal);
    for (const item of wanted) {
      if (this.held.has(item) || owned.includes(item)) continue;
      await this.take(item);
    }
    await unlessAborted(fired, signal);
  }

  private shareAmong(members: readonly string[]): Set<string> {
    const place = members.indexOf(this.options.member);
    const items = [...this.options.items].sort();
    return new Set(items.filter((_, index) => place >= 0 && index % members.length === place));
  }

  private async take(item: string): Promise<void> {
    try {
      const holding = await new Membership(this.client, this.owners).join(item);
      holding.lost.addEventListener('abort', () => this.wake(), { once: true });
      this.held.set(item, holding);
      this.options.assigned(item, holding);
    } catch (error) {
      // Its owner's going will be seen: the watch was set before.
      if (!(error instanceof RecipeError) || error.code !== 'TAKEN') throw error;
    }
  }

  private async giveUp(item: string): Promise<void> {
    const holding = this.held.get(item);
    this.held.delete(item);
    await this.options.revoked(item);
    await holding?.release();
  }
}
