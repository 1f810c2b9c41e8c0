import { unlessAborted } from '../../../base/unless-aborted.ts';
import { childOf, childrenIn, inContainer, isRetriable, withRetries } from '../retry.ts';
import type { ZooKeeperClient } from '../zookeeper-client.ts';
import { isZooKeeperError } from '../zookeeper-error.ts';
import { watchOnce } from './contender.ts';
import { Holding } from './holding.ts';
import { RecipeError } from './recipe-error.ts';

/** Who is there: members by id, for as long as their sessions live. */
export class Membership {
  private readonly client: ZooKeeperClient;
  private readonly path: string;

  constructor(client: ZooKeeperClient, path: string) {
    this.client = client;
    this.path = path;
  }

  /**
   * Joins under an id of one's own. Rejects with TAKEN while another has the id, which may be one's own former
   * session that has not expired yet.
   */
  async join(id: string, data: Buffer | null = null): Promise<Holding> {
    const { client } = this;
    const path = childOf(this.path, id);
    let mayBeDone = false;
    for (;;) {
      try {
        const create = () => client.create2(path, data, { mode: 'ephemeral' });
        const { stat } = await inContainer(client, this.path, create);
        return new Holding(client, { path, czxid: stat.czxid });
      } catch (error) {
        if (isRetriable(error)) {
          mayBeDone = true;
          await client.connected();
        } else if (isZooKeeperError(error, 'NODEEXISTS')) {
          const stat = await withRetries(client, () => client.exists(path));
          if (stat === null) continue;
          if (mayBeDone && stat.ephemeralOwner === client.sessionId) {
            return new Holding(client, { path, czxid: stat.czxid });
          }
          throw new RecipeError('TAKEN', path, `there is a member ${id} already`);
        } else throw error;
      }
    }
  }

  /** The ids of those who are there, sorted. */
  async members(): Promise<string[]> {
    return (await childrenIn(this.client, this.path)).sort();
  }

  /** The members, now and after every change, until the loop is left or the signal aborted. */
  async *changes({ signal }: { signal?: AbortSignal } = {}): AsyncGenerator<string[], void> {
    let last: string | undefined;
    for (;;) {
      const { fired: change, watch: changed } = watchOnce();
      const members = (await childrenIn(this.client, this.path, changed, signal)).sort();
      const joined = members.join('/');
      if (joined !== last) yield members;
      last = joined;
      await unlessAborted(change, signal);
    }
  }
}
