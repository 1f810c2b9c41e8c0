import type { ZooKeeperClient } from '../zookeeper-client.ts';
import { type ContendOptions, contend, placeInFront } from './contender.ts';
import type { Holding } from './holding.ts';

/**
 * A mutual exclusion lock, fair: whoever asks first gets it first. Not reentrant: each `acquire` is a contender of
 * its own.
 *
 *     await using held = await new Lock(client, '/locks/orders').acquire();
 */
export class Lock {
  private readonly client: ZooKeeperClient;
  private readonly path: string;

  constructor(client: ZooKeeperClient, path: string) {
    this.client = client;
    this.path = path;
  }

  /** Waits for the lock. Rejects with SESSIONEXPIRED when the session ends first, LOST when its node is deleted. */
  acquire(options: ContendOptions = {}): Promise<Holding> {
    return contend(this.client, { container: this.path, label: 'lock', blockerOf: placeInFront }, options);
  }
}
