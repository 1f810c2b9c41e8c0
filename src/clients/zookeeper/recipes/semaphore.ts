import type { ZooKeeperClient } from '../zookeeper-client.ts';
import { ZooKeeperError } from '../zookeeper-error.ts';
import { type ContendOptions, contend } from './contender.ts';
import type { Holding } from './holding.ts';

/** Up to `permits` holders at a time, fair. All that use one path have to agree on the number. */
export class Semaphore {
  private readonly client: ZooKeeperClient;
  private readonly path: string;
  private readonly permits: number;

  constructor(client: ZooKeeperClient, path: string, permits: number) {
    if (!Number.isSafeInteger(permits) || permits < 1) {
      const text = `${permits} permits: a semaphore has a whole number of them, from 1 on`;
      throw new ZooKeeperError('BADARGUMENTS', path, { text });
    }
    this.client = client;
    this.path = path;
    this.permits = permits;
  }

  /** Waits for a permit, as {@link Lock.acquire}. */
  acquire(options: ContendOptions = {}): Promise<Holding> {
    return contend(
      this.client,
      {
        container: this.path,
        label: 'permit',
        // Whichever holder goes first makes room: there is no single one to wait for.
        blockerOf: (_, mine) => (mine < this.permits ? undefined : 'any'),
      },
      options,
    );
  }
}
