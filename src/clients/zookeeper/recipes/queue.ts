import type { ZooKeeperClient } from '../zookeeper-client.ts';
import { type TakenItem, WorkItems } from './work-items.ts';

/**
 * A queue of work: first in, first taken. An item is taken by one at a time and stays until `complete`; when its
 * taker loses the session, it is taken anew. So each item is worked on at least once, and `complete` resolves for one
 * taker at most; a taker that is slow to hear of its loss may still be at work beside the next: see `fencingNumber`.
 */
export class Queue {
  private readonly items: WorkItems;

  constructor(client: ZooKeeperClient, path: string) {
    this.items = new WorkItems(client, path, (places) => places);
  }

  /** Puts an item, exactly once when it resolves; SESSIONEXPIRED leaves open whether it is in. */
  put(data: Buffer | null): Promise<void> {
    return this.items.put('item', data);
  }

  /** Waits for an item that nobody has taken. */
  take(options: { signal?: AbortSignal } = {}): Promise<TakenItem> {
    return this.items.take(options.signal);
  }

  /** How many items are in, taken or not. */
  count(): Promise<number> {
    return this.items.count();
  }
}
