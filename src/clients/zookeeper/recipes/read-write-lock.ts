import type { ZooKeeperClient } from '../zookeeper-client.ts';
import { type ContendOptions, contend, placeInFront } from './contender.ts';
import type { Holding } from './holding.ts';

const READ = 'read';
const WRITE = 'write';

/**
 * A lock that many readers share and one writer has for itself, fair: a reader waits for the writers that came
 * before it, a writer for everybody.
 */
export class ReadWriteLock {
  private readonly client: ZooKeeperClient;
  private readonly path: string;

  constructor(client: ZooKeeperClient, path: string) {
    this.client = client;
    this.path = path;
  }

  /** As {@link Lock.acquire}; other readers may have it as well. */
  acquireRead(options: ContendOptions = {}): Promise<Holding> {
    return contend(
      this.client,
      {
        container: this.path,
        label: READ,
        blockerOf: (places, mine) => places.slice(0, mine).findLast(({ label }) => label === WRITE),
      },
      options,
    );
  }

  /** As {@link Lock.acquire}. Its fencing number is greater than that of every reader before it. */
  acquireWrite(options: ContendOptions = {}): Promise<Holding> {
    return contend(this.client, { container: this.path, label: WRITE, blockerOf: placeInFront }, options);
  }
}
