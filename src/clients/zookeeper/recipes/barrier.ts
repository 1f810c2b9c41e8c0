import { createIfAbsent, deleteForSure, inContainer, parentOf, withRetries } from '../retry.ts';
import type { ZooKeeperClient } from '../zookeeper-client.ts';
import { untilChanged } from './contender.ts';

/** A barrier that somebody sets and removes; it outlives sessions. Who waits goes on when it is not there. */
export class Barrier {
  private readonly client: ZooKeeperClient;
  private readonly path: string;

  constructor(client: ZooKeeperClient, path: string) {
    this.client = client;
    this.path = path;
  }

  /** Sets it, unless it is set. */
  set(): Promise<void> {
    const { client, path } = this;
    return inContainer(client, parentOf(path), () => createIfAbsent(client, path, 'persistent'));
  }

  /** Removes it, if it is set. */
  remove(): Promise<void> {
    return deleteForSure(this.client, this.path);
  }

  /** Resolves when it is not set; one that was set before the call is seen, whatever server one is connected to. */
  async wait({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    const { client, path } = this;
    await withRetries(client, () => client.sync(path), signal);
    while ((await withRetries(client, () => client.exists(path), signal)) !== null) {
      await untilChanged(client, path, signal);
    }
  }
}
