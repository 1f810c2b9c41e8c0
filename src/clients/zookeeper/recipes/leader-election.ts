import { childOf, withRetries } from '../retry.ts';
import type { ZooKeeperClient } from '../zookeeper-client.ts';
import { isZooKeeperError } from '../zookeeper-error.ts';
import { contend, placeInFront, placesAmong } from './contender.ts';
import type { Holding } from './holding.ts';

export interface CandidateOptions {
  /** For others to see, such as the candidate's address. */
  data?: Buffer;
  signal?: AbortSignal;
}

/**
 * Election of one leader among candidates; each follows the one in front of it. Leadership is a {@link Holding}: it
 * ends with `release` or when it is lost, and the fencing number tells an old leader's orders from a new one's.
 */
export class LeaderElection {
  private readonly client: ZooKeeperClient;
  private readonly path: string;

  constructor(client: ZooKeeperClient, path: string) {
    this.client = client;
    this.path = path;
  }

  /** Stands for election; resolves when elected. */
  lead(options: CandidateOptions = {}): Promise<Holding> {
    const queue = { container: this.path, label: 'candidate', blockerOf: placeInFront };
    return contend(this.client, queue, options);
  }

  /** What the leader has put on its node, and its fencing number; null without a leader. */
  async leader(): Promise<{ data: Buffer | null; fencingNumber: number } | null> {
    for (;;) {
      try {
        const names = await withRetries(this.client, () => this.client.getChildren(this.path));
        const first = placesAmong(names)[0];
        if (first === undefined) return null;
        const { data, stat } = await withRetries(this.client, () =>
          this.client.getData(childOf(this.path, first.name)),
        );
        return { data, fencingNumber: stat.czxid };
      } catch (error) {
        if (!isZooKeeperError(error, 'NONODE')) throw error;
        // No election was ever held, or the leader has gone between the two reads.
        if (error.path === this.path) return null;
      }
    }
  }
}
